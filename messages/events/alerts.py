"""Alerts on live figures."""

from datetime import datetime

from messages.events.event import Event
from messages.ids import AlertId
from messages.values import AlertFigure, Severity


class AlertEvent(Event, frozen=True, kw_only=True):
    """About an alert that a rule of the settings raised. `key`: the queue or node."""

    alert: AlertId
    rule: str
    figure: AlertFigure
    key: str
    tenant: str = ""
    severity: Severity = Severity.WARNING


class AlertRaised(AlertEvent, frozen=True, kw_only=True, tag="alert.raised"):
    """A live figure reached the rule's level `at`: it is `value`, in seconds or calls."""

    value: float
    at: float


class AlertCleared(AlertEvent, frozen=True, kw_only=True, tag="alert.cleared"):
    """The figure is well again; `value` None: there is nothing left to measure, or the rule is gone."""

    raised_at: datetime
    value: float | None = None
