"""What events make of operations, outbound calls and nodes."""

from datetime import timedelta

from calls.transitions import LegState
from center.evolving.step import Steps
from center.state import State
from messages import events
from messages.events import Entry
from messages.values import Verb


def _operation_started(state: State, entry: Entry, event: events.OperationStarted) -> None:
    state.operations[event.operation] = event
    state.deadlines.set(("operation", event.operation), event.until)
    if event.verb is Verb.RESUME_RECORDING and event.call:  # tried again where it comes to nothing
        state.deadlines.set(("pause", event.call), event.until)


def _operation_over(state: State, entry: Entry, event: events.OperationDone | events.OperationFailed) -> None:
    state.operations.pop(event.operation, None)
    state.deadlines.clear(("operation", event.operation))


def _preview_shown(state: State, entry: Entry, event: events.PreviewShown) -> None:
    state.previews[event.agent] = event
    state.deadlines.set(("preview", event.agent), event.until)


def _preview_ended(state: State, entry: Entry, event: events.PreviewEnded) -> None:
    state.previews.pop(event.agent, None)
    state.deadlines.clear(("preview", event.agent))


def _dialled_out(state: State, entry: Entry, event: events.DialledOut) -> None:
    state.outbound[event.leg] = event
    guard = timedelta(seconds=state.settings.ring_guard_s)
    state.deadlines.set(("dial", event.leg), event.ring_until + guard)


def _dial_out_ended(state: State, entry: Entry, event: events.DialOutEnded) -> None:
    state.outbound.pop(event.leg, None)
    state.deadlines.clear(("dial", event.leg))


def _node_up(state: State, entry: Entry, event: events.NodeUp) -> None:
    """Arm again what was disarmed while nobody could say whether the phones ring."""
    state.nodes[event.node] = True
    state.unheard.pop(event.node, None)
    guard = timedelta(seconds=state.settings.ring_guard_s)
    for call in state.calls.values():
        for leg in call.legs.values():
            if call.node == event.node and leg.ring_until and leg.state in (LegState.OFFERED, LegState.RINGING):
                state.deadlines.set(("ring", call.id, leg.id), max(entry.at, leg.ring_until) + guard)


def _node_down(state: State, entry: Entry, event: events.NodeDown) -> None:
    """Disarm the rings: an unheard answer must not be taken for a missed call."""
    state.nodes[event.node] = False
    state.unheard[event.node] = entry.at
    for call in state.calls.values():
        if call.node == event.node:
            for leg in call.legs:
                state.deadlines.clear(("ring", call.id, leg))


STEPS: Steps = {
    events.OperationStarted: _operation_started,
    events.OperationDone: _operation_over,
    events.OperationFailed: _operation_over,
    events.PreviewShown: _preview_shown,
    events.PreviewEnded: _preview_ended,
    events.DialledOut: _dialled_out,
    events.DialOutEnded: _dial_out_ended,
    events.NodeUp: _node_up,
    events.NodeDown: _node_down,
}
