"""`hotline calendar`, flows that ask calendars, and what is said of holidays that nobody knows yet."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from app.__main__ import main
from app.check import findings
from app.flows import open_at
from app.settings import decode
from app.settings_check import warnings
from tests.calendars.test_hours import shanghai

Run = Callable[..., tuple[int, str, str]]
SETTINGS = """
data_dir = "data"
[asterisk]
systemname = "hl1"
directory = "/tmp/asterisk"
ami_secret = "a long secret"
[[center.queues]]
id = "12345"
[[center.calendars]]
id = "office"
holidays = "cn"
week = { mon = ["08:30-18:00"], thu = ["08:30-18:00"], fri = ["08:30-18:00"] }
days = [{ date = 2026-10-08, hours = ["10:00-12:00"], name = "消防演练" }]
"""
FLOW = """steps:
  - {do: notice}
  - {do: hours, calendar: office, closed: night}
  - {do: queue, queue: "12345"}
  - {do: hang_up, label: night}
"""


@pytest.fixture
def hotline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give a way to type a command beside a settings file: its exit code, output and errors come back."""
    monkeypatch.chdir(tmp_path)
    Path("hotline.toml").write_text(SETTINGS)
    Path("flow.yaml").write_text(FLOW)

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["hotline", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run


def test_days_are_shown_with_hours_holidays_and_days_worked_instead(hotline: Run) -> None:
    code, out, err = hotline("calendar", "show", "office", "--from", "2026-10-07", "--to", "2026-10-12")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "2026-10-07 周三  休 closed  国庆节",
        "2026-10-08 周四  10:00-12:00  消防演练",
        "2026-10-09 周五  08:30-18:00",
        "2026-10-10 周六  08:30-18:00  调休上班",
        "2026-10-11 周日  休 closed",
        "2026-10-12 周一  08:30-18:00",
    ]
    _, out, _ = hotline("calendar", "show", "office", "--from", "2026-10-10", "--to", "2026-10-10", "--json")
    [day] = json.loads(out)["days"]
    assert day == {"day": "2026-10-10", "weekday": "sat", "hours": ["08:30-18:00"], "name": "调休上班"}


def test_calendars_are_listed_and_always_is_one_of_them(hotline: Run) -> None:
    code, out, _ = hotline("calendar", "list")
    assert code == 0
    assert [line.split(":")[0] for line in out.splitlines()] == ["always", "office"]
    always, office = json.loads(hotline("calendar", "list", "--json")[1])["calendars"]
    assert always == {"id": "always", "open": True, "changes_at": None}
    assert office["changes_at"] is not None


def test_what_cannot_be_shown_is_said_in_one_line(hotline: Run) -> None:
    assert hotline("calendar", "show", "moon")[2] == "hotline: no calendar moon: [[center.calendars]] names office\n"
    assert "not a day" in hotline("calendar", "show", "office", "--from", "tomorrow")[2]
    code, _, err = hotline("calendar", "show", "office", "--from", "2026-10-02", "--to", "2026-10-01")
    assert (code, "before" in err) == (1, True)


def test_years_whose_holidays_nobody_knows_are_warned_of(hotline: Run) -> None:
    code, out, err = hotline("calendar", "show", "office", "--from", "2090-01-01", "--to", "2090-01-02")
    assert (code, len(out.splitlines())) == (0, 2)
    assert err == "the holidays of 2090 are not known, only weekends are free: update chinesecalendar\n"
    settings = decode(SETTINGS.encode())
    assert warnings(settings, date(2026, 6, 1)) == []
    [line] = warnings(settings, date(2090, 1, 1))
    assert line.startswith("calendar office: the holidays of 2090 are not known")


async def test_the_check_warns_but_is_not_wrong(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    settings = decode(SETTINGS.encode())
    [found] = [one for one in await findings(settings) if one.what == "calendars"]
    assert (found.ok, found.warns, found.says) == (True, False, "1 calendars")
    monkeypatch.setattr("calendars.china.known", lambda year: False)
    [found] = [one for one in await findings(settings) if one.what == "calendars"]
    assert (found.ok, found.warns) == (True, True)
    assert "update the package chinesecalendar" in found.says


@pytest.mark.parametrize(
    ("at", "queued"),
    [
        ("2026-10-01T10:00", False),
        ("2026-10-08T10:00", True),
        ("2026-10-08T14:00", False),
        ("2026-10-10T14:00", True),
        ("2026-10-10T10:00:00Z", False),  # 18:00 in Shanghai
    ],
)
def test_a_flow_is_tried_at_a_time(hotline: Run, at: str, queued: bool) -> None:
    code, out, _ = hotline("flow", "try", "flow.yaml", "--at", at)
    assert (code, "in queue 12345" in out) == (0, queued), out


def test_a_flow_that_names_no_calendar_of_the_settings_is_told_where(hotline: Run) -> None:
    Path("flow.yaml").write_text(FLOW.replace("calendar: office", "calendar: moon"))
    code, out, _ = hotline("flow", "check", "flow.yaml")
    assert (code, out) == (1, "flow.yaml:3: there is no calendar 'moon': add it to the settings\n")


def test_a_flow_asks_the_settings_calendars_and_always_is_open() -> None:
    center = decode(SETTINGS.encode()).center
    assert open_at(center, "always", shanghai("2026-10-01T03:00"))
    assert not open_at(center, "office", shanghai("2026-10-01T10:00"))
    assert open_at(center, "office", shanghai("2026-10-09T10:00"))
