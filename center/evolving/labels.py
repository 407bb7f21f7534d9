"""What events make of labels."""

from calls.label import Label
from center.evolving.step import Steps
from center.state import State
from messages import events
from messages.events import Entry


def _proposed(state: State, entry: Entry, event: events.LabelProposed) -> None:
    state.labels[event.label] = Label(
        id=event.label,
        kind=event.what,
        number=event.number,
        tenant=event.tenant,
        reason=event.reason,
        evidence=event.evidence,
        proposed_by=event.by,
        proposed_at=entry.at,
        until=event.until,
        confidential=event.confidential,
    )
    state.labelled[event.tenant, event.number] = event.label
    state.deadlines.set(("label", event.label), event.until)


def _labelled(state: State, entry: Entry, event: events.CallerLabelled) -> None:
    label = state.labels[event.label]
    label.approved_by, label.approved_at, label.until = event.by, entry.at, event.until
    state.deadlines.set(("label", event.label), event.until)


def _ended(state: State, entry: Entry, event: events.LabelEnded) -> None:
    label = state.labels.pop(event.label)
    state.labelled.pop((label.tenant, label.number), None)
    state.deadlines.clear(("label", event.label))


def _call_urgent(state: State, entry: Entry, event: events.CallUrgent) -> None:
    state.calls[event.call].urgent = True


STEPS: Steps = {
    events.LabelProposed: _proposed,
    events.CallerLabelled: _labelled,
    events.LabelEnded: _ended,
    events.CallUrgent: _call_urgent,
}
