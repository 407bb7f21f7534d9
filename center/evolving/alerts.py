"""What events make of alerts."""

from alerts.rule import Alert
from center.evolving.step import Steps
from center.state import State
from messages import events
from messages.events import Entry


def _raised(state: State, entry: Entry, event: events.AlertRaised) -> None:
    state.keep_alert(
        Alert(
            id=event.alert,
            rule=event.rule,
            figure=event.figure,
            key=event.key,
            tenant=event.tenant,
            severity=event.severity,
            value=event.value,
            at=event.at,
            raised_at=entry.at,
        )
    )


def _cleared(state: State, entry: Entry, event: events.AlertCleared) -> None:
    state.alerts.pop(event.alert, None)
    state.alerted.pop((event.rule, event.key), None)


STEPS: Steps = {events.AlertRaised: _raised, events.AlertCleared: _cleared}
