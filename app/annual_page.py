"""The annual report as one page in Chinese that needs nothing else: tables and charts drawn in it."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Any

from jinja2 import Environment, select_autoescape
from markupsafe import Markup, escape

from app.annual import TELEPHONE, Annual

NAMES = {
    "received": "受理诉求总量",
    "received_calls": "其中：电话",
    "valid": "有效诉求",
    "invalid": "无效诉求",
    "unclassified": "未分类",
    "valid_rate": "有效率",
    "growth": "有效诉求同比增长",
    "direct_answered": "直接答复",
    "direct_answer_rate": "直接答复率",
    "dispatched": "转办",
    "dispatch_rate": "转办率",
    "undecided": "尚未办理",
    "dispatched_cases": "转办工单",
    "dispatched_to_counties": "其中：县（市、区）",
    "county_share": "县（市、区）占比",
    "dispatched_to_departments": "其中：市直部门",
    "department_share": "市直部门占比",
    "misdirected": "错转工单",
    "dispatch_accuracy": "转办准确率",
    "due": "到期应回复",
    "replied_on_time": "按期回复",
    "on_time_rate": "按期回复率",
    "completed": "办结",
    "completion_rate": "办结率",
    "revisited": "回访答复",
    "revisit_satisfied": "回访满意",
    "revisit_satisfaction": "回访满意率",
    "service_satisfaction": "服务满意率",
    "survey_response_rate": "评价参与率",
    "repeats": "重复反映",
    "repeat_rate": "重复反映率",
    "leaders_answered": "领导接听",
    "arrivals": "呼入",
    "offered": "人工请求",
    "answered": "接通",
    "abandoned": "放弃",
    "connection_rate": "接通率",
    "service_level": "规定时限接通率",
    "asa_s": "平均应答速度（秒）",
    "time_to_human_s": "平均接到人工用时（秒）",
    "aht_s": "平均处理时长（秒）",
    "transfer_rate": "转接率",
    "survey_asked": "邀请评价",
    "survey_answered": "有效评价",
    "survey_satisfied": "满意",
    "score": "得分",
}
"""The figures' names on the page."""
_SHARES = ("_rate", "_share", "_level", "_satisfaction", "accuracy", "growth")

PAGE = """<!doctype html>
<html lang="zh-CN"><meta charset="utf-8"><title>{{ title }}</title>
<style>
body{font:16px/1.6 "Noto Sans SC","Microsoft YaHei",sans-serif;max-width:960px;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse;width:100%;margin:1em 0}th,td{border-bottom:1px solid #ddd;padding:.3em .6em;text-align:left}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}h2{margin-top:2em;border-left:6px solid #1677b8;padding-left:.5em}
small{color:#666}svg{width:100%;height:auto}svg text{font-size:11px;fill:#444}.bar{fill:#1677b8}.line{fill:none;stroke:#c0392b;stroke-width:2}
@media print{body{margin:0;max-width:none}h2{break-after:avoid}tr,svg{break-inside:avoid}}
</style>
<h1>{{ title }}</h1>
<p>{{ since }} 至 {{ until }}（不含）；时区 {{ tz }}</p>
{% for heading, names in tables %}
<h2>{{ heading }}</h2>
<table><tr><th>指标</th><th class="n">数值</th><th>口径 <small>definition</small></th></tr>
{% for name in names %}<tr><td>{{ label(name) }}</td><td class="n">{{ shown(name, value(name)) }}</td><td><small>{{ definitions[name] }}</small></td></tr>
{% endfor %}</table>
{% endfor %}
<h2>各月呼入与接通率</h2>
{{ chart(months) }}
<table><tr><th>月份</th><th class="n">呼入</th><th class="n">接通</th><th class="n">放弃</th><th class="n">接通率</th><th class="n">规定时限接通率</th><th class="n">服务满意率</th></tr>
{% for row in months %}<tr><td>{{ month(row) }}</td>{% for name in ("arrivals","answered","abandoned","connection_rate","service_level","service_satisfaction") %}<td class="n">{{ shown(name, row[name]) }}</td>{% endfor %}</tr>
{% endfor %}</table>
{% if channels %}<h2>其他渠道</h2><table><tr><th>渠道</th><th class="n">数量</th></tr>
{% for name, count in channels.items() %}<tr><td>{{ name }}</td><td class="n">{{ shown("", count) }}</td></tr>{% endfor %}</table>{% endif %}
{% if lines %}<h2>各热线呼入</h2><table><tr><th>热线</th><th>接入号码</th><th class="n">呼入</th></tr>
{% for row in lines %}<tr><td>{{ row.tenant or "市级" }}</td><td>{{ row.did }}</td><td class="n">{{ shown("", row.calls) }}</td></tr>{% endfor %}</table>{% endif %}
{% if units %}<h2>承办单位排名</h2>
<table><tr><th class="n">名次</th><th>承办单位</th><th class="n">转办</th><th class="n">转办准确率</th><th class="n">按期回复率</th><th class="n">办结率</th><th class="n">回访满意率</th><th class="n">得分</th></tr>
{% for row in units %}<tr><td class="n">{{ loop.index }}</td><td>{{ row.unit }}</td>{% for name in ("dispatched","dispatch_accuracy","on_time_rate","completion_rate","revisit_satisfaction","score") %}<td class="n">{{ shown(name, row[name]) }}</td>{% endfor %}</tr>
{% endfor %}</table><p><small>{{ definitions["score"] }}</small></p>{% endif %}
{% for heading, rows in tops %}{% if rows %}<h2>{{ heading }}</h2>{{ bars(rows) }}{% endif %}{% endfor %}
</html>
"""  # noqa: E501

_TABLES = (
    ("诉求受理", ("received", "received_calls", "valid", "invalid", "unclassified", "valid_rate", "growth")),
    (
        "办理",
        (
            *("direct_answered", "direct_answer_rate", "dispatched", "dispatch_rate", "undecided", "dispatched_cases"),
            *("dispatched_to_counties", "county_share", "dispatched_to_departments", "department_share"),
            *("misdirected", "dispatch_accuracy", "due", "replied_on_time", "on_time_rate"),
            *("completed", "completion_rate"),
        ),
    ),
    (
        "满意度",
        ("service_satisfaction", "survey_response_rate", "revisit_satisfaction", "revisited", "revisit_satisfied"),
    ),
    ("电话", tuple(name for name in TELEPHONE if not name.startswith(("survey", "service_sat")))),
    ("领导接听", ("leaders_answered",)),
)


def page(annual: Annual, since: datetime, until: datetime, zone: tzinfo, title: str = "") -> bytes:
    """Return the report as HTML."""
    [telephone] = annual.rows
    figures = telephone | annual.office
    environment = Environment(autoescape=select_autoescape(default_for_string=True, default=True))
    text = environment.from_string(PAGE).render(
        title=title or f"12345 政务服务便民热线运行报告（{since.astimezone(zone):%Y}）",
        since=f"{since.astimezone(zone):%F %H:%M}",
        until=f"{until.astimezone(zone):%F %H:%M}",
        tz=str(zone),
        tables=_TABLES,
        definitions=annual.definitions,
        label=lambda name: NAMES.get(name, name),
        value=figures.get,
        shown=shown,
        months=annual.months,
        month=lambda row: f"{row['from'].astimezone(zone):%Y-%m}",
        chart=lambda rows: _svg(_months(rows, zone)),
        channels=annual.office["received_otherwise"],
        lines=annual.office["lines"],
        units=annual.office["units"],
        bars=lambda rows: _svg(_bars(rows)),
        tops=(("热点问题", annual.office["categories"]), ("诉求区域", annual.office["areas"])),
    )
    return text.encode()


def shown(name: str, value: Any) -> str:
    """Return a figure as the page has it."""
    if value is None:
        return "—"
    if name.endswith(_SHARES):
        return f"{value:.2%}"
    return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"


def _months(rows: list[dict[str, Any]], zone: tzinfo) -> list[str]:
    """Draw calls by month as bars and the connection rate as a line, from 0 to 100 %."""
    width, height, most = 900.0, 220.0, max([1, *(row["arrivals"] for row in rows)])
    step = width / max(1, len(rows))
    parts, points = [], []
    for n, row in enumerate(rows):
        tall = height * row["arrivals"] / most
        x, middle = n * step + step * 0.15, n * step + step / 2
        parts.append(
            f'<rect class="bar" x="{x:.1f}" y="{height - tall:.1f}" width="{step * 0.7:.1f}" height="{tall:.1f}"/>'
        )
        parts.append(_text(middle, height + 16, f"{row['from'].astimezone(zone):%m}月"))
        parts.append(_text(middle, max(11.0, height - tall - 4), f"{row['arrivals']:,}"))
        if row["connection_rate"] is not None:
            points.append(f"{middle:.1f},{height * (1 - row['connection_rate']):.1f}")
    parts.append(f'<polyline class="line" points="{" ".join(points)}"/>')
    return [f"0 -14 {width:.0f} {height + 40:.0f}", *parts]


def _bars(rows: list[dict[str, Any]]) -> list[str]:
    """Draw names with their counts as bars, the longest first."""
    most = max(row["cases"] for row in rows)
    parts = []
    for n, row in enumerate(rows):
        y = n * 24
        parts.append(_text(4, y + 16, row["name"], "start"))
        parts.append(f'<rect class="bar" x="220" y="{y + 4}" width="{560 * row["cases"] / most:.1f}" height="16"/>')
        parts.append(_text(226 + 560 * row["cases"] / most, y + 16, f"{row['cases']:,}", "start"))
    return [f"0 0 900 {24 * len(rows) + 8}", *parts]


def _text(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(parts: list[str]) -> Markup:
    box, *drawn = parts
    return Markup(f'<svg role="img" viewBox="{box}" xmlns="http://www.w3.org/2000/svg">{"".join(drawn)}</svg>')
