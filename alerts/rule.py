"""A rule on one live figure, with hysteresis: raised at one level, cleared at a lower one and not at once."""

from datetime import datetime, timedelta
from enum import Enum, auto

import msgspec

from messages.ids import AlertId, QueueId
from messages.values import AlertFigure, Severity


class AlertRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Raised where `figure` reaches `at`; cleared where it is below, or at `clear_at` or less, but not in `hold_s`.

    `queue` None: every queue, each by itself. Figures in seconds, `waiting` in calls.
    """

    id: str
    figure: AlertFigure
    at: float
    clear_at: float | None = None
    hold_s: float = 60.0
    """Seconds that an alert stands at least: what goes to and fro is one alert."""
    queue: QueueId | None = None
    severity: Severity = Severity.WARNING


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that stands. `key`: the queue or node; `value`: the figure when it was raised, `at` the rule's level."""

    id: AlertId
    rule: str
    figure: AlertFigure
    key: str
    tenant: str
    severity: Severity
    value: float
    at: float
    raised_at: datetime


class Verdict(Enum):
    """What a rule says of a figure."""

    RAISE = auto()
    CLEAR = auto()
    LEAVE = auto()


def judge(rule: AlertRule, value: float | None, standing: Alert | None, now: datetime) -> Verdict:
    """Say what becomes of a rule's alert; `value` None: there is nothing that could be bad."""
    if standing is None:
        return Verdict.RAISE if value is not None and value >= rule.at else Verdict.LEAVE
    if now < standing.raised_at + timedelta(seconds=rule.hold_s):
        return Verdict.LEAVE
    if value is None:
        return Verdict.CLEAR
    well = value < rule.at if rule.clear_at is None else value <= rule.clear_at
    return Verdict.CLEAR if well else Verdict.LEAVE
