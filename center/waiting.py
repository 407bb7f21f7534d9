"""Waiting: what those in line are told from time to time, and a call back instead of more waiting."""

from math import ceil

from calls.call import Call
from calls.transitions import CallState
from center import arrivals
from center.turn import Turn
from messages import commands, events, facts
from messages.ids import CallId
from messages.values import ContactOutcome
from queueing.settings import Announcements

_WAITS = (CallState.WAITING, CallState.OFFERED)
_NOT_SERVED = (CallState.LEFT, CallState.ARRIVED)
"""Turned away by a queue, or still in the flow."""


def announce(turn: Turn, call_id: str) -> None:
    """Tell a waiting call its place and time, as far as they are known, and a word of comfort."""
    call = turn.state.calls[CallId(call_id)]
    announcements = turn.state.line_of(call.queue).settings.announcements if call.queue else None
    if announcements is None:
        return
    position, estimated_s = _honestly(turn, call, announcements)
    comfort = announcements.comfort[call.announced % len(announcements.comfort)] if announcements.comfort else ""
    turn.record_call(
        events.CallAnnounced,
        call,
        turn.now,
        position=position,
        estimated_s=estimated_s,
        comfort=comfort,
        callback=announcements.callback,
    )
    turn.command(
        commands.Announce,
        call.node,
        call=call.id,
        position=position,
        minutes=None if estimated_s is None else ceil(estimated_s / 60),
        comfort=comfort,
        callback=announcements.callback,
    )


def _honestly(turn: Turn, call: Call, announcements: Announcements) -> tuple[int, float | None]:
    """Return the place and the seconds to be told: nothing of a place that has become worse than what was said."""
    if call.queue is None or call.place is None:
        return 0, None
    position = turn.state.line_of(call.queue).position(call.id, call.place)
    if call.told_position and position > call.told_position:
        return 0, None
    pace = turn.state.paces.get(call.queue)
    estimated_s = pace.wait_s(position) if pace and announcements.estimate else None
    return position if announcements.position else 0, estimated_s


def callback_wanted(turn: Turn, fact: facts.CallbackWanted) -> None:
    """The citizen asks to be called back: in the flow, when turned away, or instead of waiting on."""
    call = turn.call(fact.call)
    if call is None or call.left is ContactOutcome.CALLBACK:
        return
    if call.state in _WAITS:
        arrivals.leave(turn, call.id, ContactOutcome.CALLBACK)
    if call.state in _NOT_SERVED:
        turn.record_call(events.CallbackRequested, call, fact.occurred, number=call.number)
