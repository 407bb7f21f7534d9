"""Recalls: whom of those we owe a call is called now, through an agent or, rung without one, to wait at a kept place.

No agent is held back for it while a citizen's phone rings, and whoever answers stands in line with live callers, by
place. No number is dialled by itself that is on the line with us, or at night.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from heapq import merge

from agents.agent import Agent
from calls.callback import Callback, allowed_from
from calls.callback_line import Alike
from center import offers, operations, outbound
from center.owed import SYSTEM
from center.turn import Turn
from messages import commands, events, requests
from messages.ids import CallbackId, OperationId, Phone, QueueId, UserId
from messages.values import AgentState, Asker, RingsFirst, Target, TargetKind, Verb
from queueing.router import agents_for

NIGHT = "quiet hours"
_AT_WORK = frozenset(AgentState) - {AgentState.LOGGED_OUT, AgentState.NOT_READY}
"""The pace of a queue is of the past: it says nothing where nobody works any more."""


def due(turn: Turn, name: str) -> None:
    """The time of a call back has come."""
    callback = turn.state.callbacks[CallbackId(name)]
    turn.record(events.CallbackDue(callback=callback.id, queue=callback.queue))


def match(turn: Turn) -> None:
    """Call those whose turn has come, kept places first."""
    due = turn.state.due_callbacks
    if not due or not outbound.can_dial(turn):
        return
    allowed = allowed_from(turn.now, turn.state.settings.callbacks)
    for alike in sorted(due.alike):
        may, call = _way_of(turn, alike[-1])
        if call is None or not (allowed > turn.now or may(turn, _first(turn, alike))):
            continue
        for _, name in list(due.alike[alike]):
            callback = turn.state.callbacks[name]
            if allowed > turn.now:
                _put_off(turn, callback, allowed)
            elif not may(turn, callback):
                break
            elif not turn.state.is_on_the_line(callback.number):
                call(turn, callback)


def _first(turn: Turn, alike: Alike) -> Callback:
    return turn.state.callbacks[turn.state.due_callbacks.alike[alike][0][1]]


_Way = tuple[Callable[[Turn, Callback], bool], Callable[[Turn, Callback], None] | None]


def _way_of(turn: Turn, asker: Asker) -> _Way:
    """Return what tells whether a call back may be made now and what makes it, None where that is left to agents."""
    settings = turn.state.settings.callbacks
    if asker is Asker.KEYPAD:
        return _a_line_is_left, ring
    if not settings.automatic:
        return _somebody_is_spare, None
    return (_turn_has_come, ring) if settings.first is RingsFirst.CITIZEN else (_somebody_is_spare, _show_best)


def _put_off(turn: Turn, callback: Callback, until: datetime) -> None:
    """What has waited until the evening is called in the morning."""
    turn.record(
        events.CallbackAttempted(callback=callback.id, agent=None, why=NIGHT, attempts=callback.attempts, due_at=until)
    )


def _somebody_is_spare(turn: Turn, callback: Callback) -> bool:
    """Tell whether an agent is free whom no live caller needs."""
    line = turn.state.line_of(callback.queue)
    left = 0 if callback.place else turn.state.settings.callbacks.reserve
    return (not line.count or callback.place is not None) and _spare(turn, callback.queue) > left


def _turn_has_come(turn: Turn, callback: Callback) -> bool:
    """Tell whether a citizen who is rung now will soon have an agent: whom we owe a place, also while others wait."""
    if callback.place is None:
        return _somebody_is_spare(turn, callback)
    state, roster = turn.state, turn.state.roster.by_id.values()
    line, pace = state.line_of(callback.queue), state.paces.get(callback.queue)
    ahead = line.position(callback.id, callback.place) - 1  # type: ignore[arg-type]  # where its call would be
    spare = _spare(turn, callback.queue) - ahead
    if spare > 0:
        return True
    wait_s = pace.wait_s(1 - spare) if pace else None
    soon = wait_s is not None and wait_s <= state.settings.callbacks.lead_s
    return soon and any(agent.state in _AT_WORK and callback.queue in agent.queues for agent in roster)


def _spare(turn: Turn, queue: QueueId) -> int:
    """Return how many agents of a queue are free beyond those whom citizens that are rung, or come, will take."""
    coming = sum(one.queue == queue and one.asker is Asker.AGENT and not _in_line(turn, one) for one in _rung(turn))
    return len(turn.state.line_of(queue).free_agents()) - coming


def _rung(turn: Turn) -> list[Callback]:
    """Return the call backs under way without an agent."""
    under_way = (turn.state.callbacks[name] for name in turn.state.attempts.values())
    return [callback for callback in under_way if callback.agent is None]


def _in_line(turn: Turn, callback: Callback) -> bool:
    operation = turn.state.operations.get(callback.operation) if callback.operation else None
    call = turn.state.calls.get(operation.call) if operation and operation.call else None
    return call is not None and call.joined_at is not None


def _a_line_is_left(turn: Turn, callback: Callback) -> bool:
    """Tell whether fewer are asked by keypad than may be: they take lines that live callers come by."""
    asked = sum(one.asker is Asker.KEYPAD for one in _rung(turn))
    return asked < turn.state.settings.callbacks.keypad


def takes(turn: Turn, agent: Agent, before: datetime | None) -> bool:
    """Show a freed agent the call back whose kept place is the first, if it is before that of who waits."""
    state, settings = turn.state, turn.state.settings.callbacks
    if not (settings.automatic and settings.first is RingsFirst.AGENT and state.due_callbacks):
        return False
    if not outbound.can_dial(turn) or allowed_from(turn.now, settings) > turn.now:
        return False
    kept = merge(*(state.due_callbacks.alike.get((queue, False, Asker.AGENT), ()) for queue in agent.queues))
    for place, name in kept:
        if before is not None and place >= before:
            break
        if not state.is_on_the_line(state.callbacks[name].number):
            _show(turn, state.callbacks[name], agent)
            return True
    return False


def _show_best(turn: Turn, callback: Callback) -> None:
    agents = agents_for(turn.state.line_of(callback.queue), (), ())
    _show(turn, callback, turn.state.roster.get(agents[0]))


def _show(turn: Turn, callback: Callback, agent: Agent) -> None:
    operation = outbound.show(turn, dialling(turn, callback, agent, SYSTEM), agent)
    turn.record(events.CallbackOffered(callback=callback.id, agent=agent.id, operation=operation))


def dialling(turn: Turn, callback: Callback, agent: Agent, by: UserId) -> requests.DialOut:
    """Return what is asked of outbound for a call back that an agent dials."""
    return requests.DialOut(
        by=by,
        agent=agent.id,
        number=callback.number,
        purpose=callback.purpose,
        contact=callback.contacts[-1] if callback.contacts else None,
        preview_s=turn.state.settings.callbacks.preview_s,
        case_no=callback.case_no,
        confidential=callback.confidential,
    )


def ring(turn: Turn, callback: Callback) -> None:
    """Ring a citizen without an agent; the operation is under way until somebody, or the keypad, has served them."""
    node, settings = outbound.node_of(turn), turn.state.settings
    if node is None:
        return
    until = turn.now + timedelta(seconds=settings.party_ring_s)
    about = callback.contacts[-1] if callback.contacts else None
    confidential = callback.confidential or turn.state.is_confidential(about)
    operation = turn.start(
        Verb.DIAL_OUT,
        SYSTEM,
        until=until + timedelta(seconds=settings.operation_s),
        contact=about,
        party=outbound.leg_of(OperationId(turn.new_id("o"))),
        queue=callback.queue,
        target=Target(TargetKind.NUMBER, callback.number),
        reason=callback.purpose,
        confidential=confidential,
    )
    asked, shown = callback.asker is Asker.KEYPAD, offers.caller_id(turn, callback.tenant)
    turn.record(
        events.DialledOut(
            operation=operation,
            leg=outbound.leg_of(operation),
            agent=None,
            by=SYSTEM,
            phone=Phone(""),
            node=node,
            number=callback.number,
            caller_id=shown,
            ring_until=until,
            purpose=callback.purpose,
            about=about,
            case_no=callback.case_no,
            confidential=confidential,
        )
    )
    turn.record(events.CallbackOffered(callback=callback.id, agent=None, operation=operation))
    turn.command(
        commands.CallCitizen,
        node,
        operation=operation,
        leg=outbound.leg_of(operation),
        number=callback.number,
        caller_id=shown,
        queue=QueueId("") if asked else callback.queue,
        ring_s=settings.party_ring_s,
    )


def is_rung(turn: Turn, callback: Callback) -> bool:
    """Tell whether a citizen's phone rings, or is about to, without an agent."""
    operation = turn.state.operations.get(callback.operation) if callback.operation else None
    if operation is None or callback.agent is not None:
        return False
    call = turn.state.calls.get(operation.call) if operation.call else None
    return call is None or not (call.reached or call.joined_at)


def call_off(turn: Turn, callback: Callback, why: str) -> None:
    """Stop ringing a citizen without an agent."""
    operation = turn.state.operations[callback.operation]  # type: ignore[index]
    if call := turn.state.calls.get(operation.call) if operation.call else None:
        turn.command(commands.HangUp, call.node, call=call.id)
        operations.fail(turn, operation, why)
    elif operation.party:
        operations.dial_over(turn, operation.party, why)
