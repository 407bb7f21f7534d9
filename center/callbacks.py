"""Calls back: noted, due, shown to an agent nobody live needs, tried again, and over once the citizen was served."""

from datetime import timedelta
from typing import Any

from calls.call import Call
from calls.callback import Callback, allowed_from, can_be_called
from center import outbound
from center.owed import note
from center.turn import Turn
from messages import events, requests
from messages.errors import Conflict, Invalid, NotFound
from messages.ids import CallbackId, ContactId, OperationId, UserId
from messages.values import CallbackEnd, CallbackKind, Direction
from queueing.router import agents_for

SYSTEM = UserId("callbacks")
"""Who asks for the calls that are dialled automatically."""

MAX_REASON = 500


def ask(turn: Turn, request: requests.AskCallback) -> None:
    """Note that a number is to be called back. Raises Invalid."""
    if not can_be_called(request.number):
        raise Invalid("number: 5 digits or more, a leading + allowed")
    if request.queue and request.queue not in turn.state.queues:
        raise NotFound(f"no queue {request.queue}")
    queue = request.queue or turn.state.settings.queues[0].id
    due_at = max(request.due_at or turn.now, turn.now)
    tenant = turn.state.tenant_of(queue)
    turn.id = note(
        turn, CallbackKind.REQUESTED, request.number, tenant, queue, due_at, contact=request.contact, by=request.by
    )


def follow_up(turn: Turn) -> None:
    """Close what this turn has served, and see to attempts that are over."""
    for entry in list(turn.entries):
        match entry.event:
            case events.CallAnswered(call=name):
                _served(turn, turn.state.calls.get(name))
            case events.OperationDone(operation=operation) if operation in turn.state.attempts:
                _end(turn, turn.state.callbacks[turn.state.attempts[operation]], CallbackEnd.SERVED, attempts=1)
            case events.OperationFailed(operation=operation, why=why):
                _not_reached(turn, operation, why)


def _served(turn: Turn, call: Call | None) -> None:
    if call is None:
        return
    owed = [callback for callback in turn.state.callbacks.values() if callback.number == call.number]
    for callback in owed:
        agent = next((leg.agent for leg in call.talking_legs() if leg.agent), None)
        own = callback.dialled and call.direction is Direction.OUT
        _end(turn, callback, CallbackEnd.SERVED, contact=call.contact, agent=agent, attempts=int(own))


def _end(turn: Turn, callback: Callback, end: CallbackEnd, attempts: int = 0, **more: Any) -> None:
    """Record the end; `attempts`: those that are not counted yet."""
    turn.record(events.CallbackDone(callback=callback.id, end=end, attempts=callback.attempts + attempts, **more))


def _not_reached(turn: Turn, operation: OperationId, why: str) -> None:
    """Try again later, if there is a later; what ended before the citizen was dialled is no attempt."""
    callback = turn.state.callbacks.get(turn.state.attempts.get(operation, CallbackId("")))
    if callback is None:
        return
    settings, counts = turn.state.settings.callbacks, callback.dialled
    delay_s = settings.retry_s if counts else settings.declined_s
    turn.record(
        events.CallbackAttempted(
            callback=callback.id,
            agent=callback.agent,
            why=why,
            attempts=callback.attempts + counts,
            due_at=allowed_from(turn.now + timedelta(seconds=delay_s), settings),
        )
    )
    if callback.attempts >= settings.attempts:
        _end(turn, callback, CallbackEnd.GAVE_UP)


def due(turn: Turn, name: str) -> None:
    """The time of a call back has come."""
    callback = turn.state.callbacks[CallbackId(name)]
    turn.record(events.CallbackDue(callback=callback.id, queue=callback.queue))


def match(turn: Turn) -> None:
    """Show the calls back that are due to agents of their queues whom no live caller needs."""
    settings = turn.state.settings.callbacks
    if not settings.automatic or not turn.state.waiting_callbacks:
        return
    for name in list(turn.state.waiting_callbacks):
        callback = turn.state.callbacks[name]
        line = turn.state.line_of(callback.queue)
        if line.count or len(line.free_agents()) <= settings.reserve or not outbound.can_dial(turn):
            continue
        agents = agents_for(line, (), ())
        agent = turn.state.roster.get(agents[0])
        request = requests.DialOut(
            by=SYSTEM,
            agent=agent.id,
            number=callback.number,
            purpose=f"callback {callback.kind}",
            contact=callback.contacts[-1] if callback.contacts else None,
            preview_s=settings.preview_s,
            confidential=callback.confidential,
        )
        operation = outbound.show(turn, request, agent)
        turn.record(events.CallbackOffered(callback=callback.id, agent=agent.id, operation=operation))


def dial(turn: Turn, request: requests.DialCallback) -> None:
    """Dial a call back for an agent who takes it. Raises NotFound, Conflict, Refused."""
    callback = _callback(turn, request.callback)
    if callback.operation is not None:
        raise Conflict(f"agent {callback.agent} calls back now")
    agent = turn.state.roster.get(request.agent)
    outbound.check_free(turn, agent, previewed=False)
    asked = requests.DialOut(
        by=request.by,
        agent=agent.id,
        number=callback.number,
        purpose=f"callback {callback.kind}",
        contact=callback.contacts[-1] if callback.contacts else None,
        confidential=callback.confidential,
    )
    operation = outbound.dial(turn, asked, agent)
    turn.record(events.CallbackOffered(callback=callback.id, agent=agent.id, operation=operation))


def keep_confidence(turn: Turn, contact: ContactId) -> None:
    """A contact has become confidential: so is the call that is owed for it."""
    for callback in list(turn.state.callbacks.values()):
        if contact in callback.contacts and not callback.confidential:
            turn.record(
                events.CallbackNoted(
                    callback=callback.id,
                    cause=callback.kind,
                    number=callback.number,
                    tenant=callback.tenant,
                    queue=callback.queue,
                    due_at=callback.due_at,
                    contacts=len(callback.contacts),
                    contact=contact,
                    confidential=True,
                )
            )


def close(turn: Turn, request: requests.CloseCallback) -> None:
    """Close a call back by hand. Raises NotFound, Conflict, Invalid."""
    callback = _callback(turn, request.callback)
    reason = request.reason.strip()
    if not reason or len(reason) > MAX_REASON:
        raise Invalid(f"reason: give one, of at most {MAX_REASON} characters")
    if callback.operation is not None:
        raise Conflict(f"agent {callback.agent} calls back now")
    _end(turn, callback, CallbackEnd.CLOSED, by=request.by, reason=reason)


def _callback(turn: Turn, name: CallbackId) -> Callback:
    callback = turn.state.callbacks.get(name)
    if callback is None:
        raise NotFound(f"no open call back {name}")
    return callback
