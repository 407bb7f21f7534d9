"""`evolve`: the only thing that changes the state, one entry at a time. A file a subject, one function an event."""

from center.evolving import agents, alerts, callbacks, calls, duties, labels, legs, listening, others
from center.state import State
from messages.errors import JournalError
from messages.events import Entry

_STEPS = {
    **calls.STEPS,
    **legs.STEPS,
    **agents.STEPS,
    **others.STEPS,
    **callbacks.STEPS,
    **labels.STEPS,
    **duties.STEPS,
    **listening.STEPS,
    **alerts.STEPS,
}


def evolve(state: State, entry: Entry) -> None:
    """Take one entry in. Raises JournalError if it is not the next, IllegalTransition if it cannot follow."""
    last = state.position
    if entry.epoch == last.epoch:
        if entry.seq != last.seq + 1:
            raise JournalError(f"entry {entry.epoch}-{entry.seq} does not follow {last.epoch}-{last.seq}")
    elif entry.epoch < last.epoch or entry.seq != 1:
        raise JournalError(f"entry {entry.epoch}-{entry.seq} cannot follow {last.epoch}-{last.seq}")
    state.position = entry.position
    if step := _STEPS.get(type(entry.event)):
        step(state, entry, entry.event)
