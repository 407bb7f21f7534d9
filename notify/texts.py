"""What notices say, in Chinese and English; a single pass fills them in, so that no value is taken for a field."""

import re
from collections.abc import Mapping

from messages.values import AlertFigure

TEXTS: dict[str, dict[str, str]] = {
    "zh": {
        "missed": "【12345热线】您的来电我们未能接听，将尽快回电，请保持电话畅通。",
        "requested": "【12345热线】您预约的回电已登记，我们将尽快回电，请保持电话畅通。",
        "gave_up": "【12345热线】我们多次回电未能联系到您。如仍有诉求，请再次拨打12345。",
        "survey": "【12345热线】感谢您的来电，请评价本次服务：{link}",
        "surge.started": "【12345热线预警】{surge}（{key}）短时间内来电{calls}个，请关注。",
        "surge.ended": "【12345热线预警】{surge}（{key}）来电高峰已结束。",
        "node.down": "【12345热线告警】节点{node}失去联系：{reason}",
        "node.up": "【12345热线告警】节点{node}已恢复。",
        "alert.raised": "【12345热线告警】{key}：{what}{value}，达到阈值{at}。",
        "alert.cleared": "【12345热线告警】{key}：{what}已恢复正常。",
    },
    "en": {
        "missed": "12345: we could not answer your call and will call you back soon. Please keep your phone on.",
        "requested": "12345: your request for a call back is noted. We will call you soon.",
        "gave_up": "12345: we called you back several times in vain. If you still need us, please call 12345 again.",
        "survey": "12345: thank you for your call. How was our service? {link}",
        "surge.started": "12345 warning: burst {surge} ({key}), {calls} calls within a short time.",
        "surge.ended": "12345 warning: burst {surge} ({key}) is over.",
        "node.down": "12345 alert: node {node} is not heard: {reason}",
        "node.up": "12345 alert: node {node} is back.",
        "alert.raised": "12345 alert: {key}: {what} {value}, the limit is {at}.",
        "alert.cleared": "12345 alert: {key}: {what} is well again.",
    },
}
FIGURES: dict[str, dict[AlertFigure, str]] = {
    "zh": {
        AlertFigure.LONGEST_WAIT: "最长等待（秒）",
        AlertFigure.WAITING: "排队人数",
        AlertFigure.NOBODY_READY: "无人就绪且有人等待（秒）",
        AlertFigure.NODE_DOWN: "节点失去联系（秒）",
    },
    "en": {
        AlertFigure.LONGEST_WAIT: "longest wait (s)",
        AlertFigure.WAITING: "calls waiting",
        AlertFigure.NOBODY_READY: "calls waiting and nobody ready (s)",
        AlertFigure.NODE_DOWN: "node not heard (s)",
    },
}
"""What {what} says in an alert's text."""
LANGUAGES = tuple(TEXTS)
_FIELD = re.compile(r"\{(\w+)\}")


def filled(template: str, values: Mapping[str, object]) -> str:
    """Return a template with {name} replaced; a name without a value stays as it is."""
    return _FIELD.sub(lambda found: str(values.get(found[1], found[0])), template)
