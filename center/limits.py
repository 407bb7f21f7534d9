"""What a queue takes and keeps: its limits, where what it does not take goes, and bursts that are told something."""

from datetime import datetime

import msgspec

from calls.call import Call
from calls.transitions import CallState
from center import duties, labels
from center.turn import Turn
from messages import commands, events
from messages.ids import CallId, QueueId
from messages.values import ContactOutcome, Need, Refusal, Then
from queueing.line import PERSONAL
from queueing.router import agents_for, insisted, place_in_line
from queueing.settings import Overflow
from queueing.surge import key_of

_AT_THE_DOOR = {
    Refusal.FULL: ContactOutcome.BLOCKED,
    Refusal.CLOSED: ContactOutcome.CLOSED,
    Refusal.SURGE: ContactOutcome.BLOCKED,
}
_IN_LINE = {Refusal.TOO_LONG: ContactOutcome.TIMED_OUT, Refusal.NOBODY: ContactOutcome.NO_AGENTS}
_SLACK_S = 1e-6
"""Instants are whole microseconds, settings are not."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """How a call asks for a queue. `transferred`: somebody has served it before, no limit turns it away."""

    occurred: datetime
    needs: tuple[Need, ...] = ()
    priority: int = 0
    noticed: bool = False
    transferred: bool = False
    by_asterisk: bool = False
    confidential: bool = False
    path: tuple[str, ...] = ()
    menu_s: float = 0.0
    place: datetime | None = None
    """Kept from an earlier call."""


def admit(turn: Turn, call: Call, queue: QueueId, asked: Asked, tried: tuple[QueueId, ...] = ()) -> None:
    """Let a call join a queue, unless a limit of it or a burst says otherwise."""
    if not asked.transferred and not tried:
        if _told_of_label(turn, call):
            return
        queue, asked = _restrained(turn, call, queue, asked)
    settings = turn.state.queues[queue]
    leader = () if asked.transferred else duties.needs_for(turn, call, queue, asked.path)
    asked = msgspec.structs.replace(
        asked,
        needs=(*leader, *asked.needs, *(need for need in settings.needs if need not in asked.needs)),
        priority=settings.priority + asked.priority,
    )
    if not asked.transferred and not tried and _surges(turn, call, queue, asked):
        return
    why = _refuses(turn, queue, asked.needs)
    overflow = _overflow(turn, queue, why) if why else None
    # Round in a circle, told already, or served before: nobody is turned away for want of a way out.
    if why is None or overflow is None or overflow.to in (queue, *tried):
        join(turn, call, queue, asked)
    elif overflow.to is not None:
        join(turn, call, queue, asked)
        _move_on(turn, call, why, overflow.to, asked, (*tried, queue))
    elif asked.transferred or (overflow.then is Then.WAIT and why in call.deflected):
        join(turn, call, queue, asked)
    else:
        _turn_away(turn, call, queue, asked, why, overflow)


def join(turn: Turn, call: Call, queue: QueueId, asked: Asked) -> None:
    """Record that a call waits, with its place and what wait is to be expected."""
    state, position, estimated_s = turn.state, 0, None
    if not asked.by_asterisk:
        line, pace = state.line_of(queue), state.paces.get(queue)
        own = place_in_line(call.queued_at or asked.occurred, asked.priority, state.settings.head_start_s)
        place = asked.place or call.kept or own
        position = line.position(call.id, place)
        free = agents_for(line, asked.needs, insisted(asked.needs, 0.0))
        estimated_s = 0.0 if free else (pace.wait_s(position) if pace else None)
    turn.record(
        events.CallQueued(
            contact=call.contact,
            call=call.id,
            queue=queue,
            occurred=asked.occurred,
            noticed=asked.noticed,
            by_asterisk=asked.by_asterisk,
            needs=asked.needs,
            priority=asked.priority,
            position=position,
            estimated_s=estimated_s,
            transferred=asked.transferred,
            confidential=asked.confidential,
            path=asked.path,
            menu_s=asked.menu_s,
            place=asked.place,
        )
    )


def again(turn: Turn, call: Call, occurred: datetime, *, noticed: bool = False) -> None:
    """Queue a call again that nobody else takes: the citizen is never lost."""
    queue = call.queue if call.queue in turn.state.queues else None
    needs = tuple(need for need in call.needs if not need.skill.startswith(PERSONAL))
    asked = Asked(occurred=occurred, noticed=noticed, needs=needs, priority=call.priority, transferred=True)
    join(turn, call, queue or turn.state.settings.queues[0].id, asked)


def _refuses(turn: Turn, queue: QueueId, needs: tuple[Need, ...]) -> Refusal | None:
    line, settings = turn.state.line_of(queue), turn.state.queues[queue]
    if queue in turn.state.closed:
        return Refusal.CLOSED
    if settings.overflow.nobody and line.staff == 0:
        return Refusal.NOBODY
    if settings.max_waiting is not None and line.count >= settings.max_waiting:
        return None if agents_for(line, needs, insisted(needs, 0.0)) else Refusal.FULL
    return None


def _overflow(turn: Turn, queue: QueueId, why: Refusal) -> Overflow | None:
    """Return what becomes of a refused call; a queue that is no longer there takes nobody."""
    overflow: Overflow | None = getattr(turn.state.queues[queue].overflow, why)
    if overflow and overflow.to is not None and overflow.to not in turn.state.queues:
        return None
    return overflow


def _told_of_label(turn: Turn, call: Call) -> bool:
    """Tell a labelled caller, once, what becomes of the call, and the key for emergencies; they ask again after it."""
    if not call.restrained or Refusal.NUISANCE in call.deflected:
        return False
    _tell(turn, call, Refusal.NUISANCE, Overflow(announce=turn.state.settings.nuisance.announce, then=Then.WAIT))
    return True


def _restrained(turn: Turn, call: Call, queue: QueueId, asked: Asked) -> tuple[QueueId, Asked]:
    """Return where a call goes, and how, once its caller's label is reckoned with."""
    if not call.restrained:
        return queue, asked
    nuisance = turn.state.settings.nuisance
    own = nuisance.queue if nuisance.queue in turn.state.queues else None
    return own or queue, msgspec.structs.replace(asked, priority=asked.priority + nuisance.priority)


def _surges(turn: Turn, call: Call, queue: QueueId, asked: Asked) -> bool:
    """Treat a call that is part of a burst as its surge says; tells whether it went elsewhere."""
    for surge in turn.state.settings.surges:
        key = key_of(surge, call.did, call.number)
        burst = turn.state.bursts.get((surge.id, key)) if key is not None else None
        if burst is None or not burst.active or surge.id in call.deflected:
            continue
        overflow = surge.overflow
        if overflow.to is None:
            _turn_away(turn, call, queue, asked, Refusal.SURGE, overflow, surge.id)
            return True
        if overflow.to in turn.state.queues and overflow.to != queue:
            join(turn, call, queue, asked)
            _move_on(turn, call, Refusal.SURGE, overflow.to, asked, (queue,), surge.id)
            return True
    return False


def _move_on(
    turn: Turn, call: Call, why: Refusal, to: QueueId, asked: Asked, tried: tuple[QueueId, ...], surge: str = ""
) -> None:
    """Take a call from the queue it has joined to another one."""
    if surge:
        turn.record_call(events.CallDeflected, call, turn.now, why=why, announce="", then=Then.WAIT, surge=surge)
    turn.record_call(events.CallLeftQueue, call, turn.now, outcome=ContactOutcome.OVERFLOWED, why=why, to=to)
    admit(turn, call, to, msgspec.structs.replace(asked, needs=(), priority=0), tried)


def _turn_away(
    turn: Turn, call: Call, queue: QueueId, asked: Asked, why: Refusal, overflow: Overflow, surge: str = ""
) -> None:
    """Tell a call that has not joined something; unless it waits all the same, it is refused."""
    if overflow.then is not Then.WAIT and why in _AT_THE_DOOR:
        turn.record(
            events.ContactBlocked(
                contact=call.contact,
                call=call.id,
                queue=queue,
                occurred=asked.occurred,
                why=why,
                outcome=_AT_THE_DOOR[why],
            )
        )
    elif overflow.then is not Then.WAIT:
        join(turn, call, queue, asked)
        turn.record_call(events.CallLeftQueue, call, turn.now, outcome=_IN_LINE[why], why=why)
    _tell(turn, call, why, overflow, surge)


def _tell(turn: Turn, call: Call, why: Refusal, overflow: Overflow, surge: str = "") -> None:
    turn.record_call(
        events.CallDeflected,
        call,
        turn.now,
        why=why,
        announce=overflow.announce,
        then=overflow.then,
        surge=surge,
    )
    turn.command(
        commands.LeaveQueue,
        call.node,
        call=call.id,
        announce=overflow.announce,
        then=overflow.then,
        key=labels.key_for(call),
    )


def waited_too_long(turn: Turn, call_id: str) -> None:
    """The call has waited as long as its queue lets it."""
    put_out(turn, turn.state.calls[CallId(call_id)], Refusal.TOO_LONG)


def emptied(turn: Turn, queue: QueueId) -> None:
    """The last agent of a queue has left: those who wait there are told, or go elsewhere."""
    line = turn.state.lines.get(queue)
    if line is None or line.staff or not line.count or line.settings.overflow.nobody is None:
        return
    for _, call in line.everybody_waiting():
        put_out(turn, turn.state.calls[call], Refusal.NOBODY)


def put_out(turn: Turn, call: Call, why: Refusal) -> None:
    """Take a waiting call out of its queue for a reason, and send it on."""
    queue = call.queue
    if queue is None or call.state is not CallState.WAITING:
        return
    overflow = (_overflow(turn, queue, why) if queue in turn.state.queues else None) or Overflow()
    if overflow.to is not None:
        asked = Asked(occurred=turn.now, noticed=call.noticed)
        _move_on(turn, call, why, overflow.to, asked, (queue,))
        return
    turn.record_call(events.CallLeftQueue, call, turn.now, outcome=_IN_LINE[why], why=why)
    _tell(turn, call, why, overflow)


def relax(turn: Turn, call_id: str) -> None:
    """The call has waited long enough to take agents without some of what it asked for."""
    call = turn.state.calls[CallId(call_id)]
    waited_s = call.waited_s(turn.now) + _SLACK_S
    kept = tuple(
        need
        for need in call.needs
        if (need.skill, need.level) in call.asks and (need.wait_s is None or need.wait_s > waited_s)
    )
    turn.record_call(events.CallRelaxed, call, turn.now, needs=kept)
