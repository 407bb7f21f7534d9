"""Alerts: which stand now."""

from __future__ import annotations

import msgspec

from alerts.rule import Alert
from api.rest.endpoint import Answer, Asked


class AlertsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Those that stand, the oldest first."""

    items: list[Alert]


async def list_alerts(asked: Asked) -> Answer:
    """Return the alerts that stand: what has been cleared is on the stream and in the journal."""
    tenant = asked.principal.tenant
    ours = [one for one in asked.services.mirror.state.alerts.values() if tenant in ("", one.tenant)]
    return Answer(AlertsAnswer(items=sorted(ours, key=lambda one: (one.raised_at, one.rule, one.key))))
