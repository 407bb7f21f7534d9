"""Calls back: noted, dialled or closed by hand, tried again, and over once the citizen was served."""

from datetime import timedelta
from typing import Any

from calls.call import Call
from calls.callback import Callback, allowed_from, can_be_called
from center import outbound, recalls
from center.notes import check_case_no
from center.owed import SYSTEM, note
from center.turn import Turn
from messages import events, requests
from messages.errors import Conflict, Invalid, NotFound
from messages.ids import CallbackId, ContactId, OperationId
from messages.values import Asker, CallbackEnd, CallbackKind, Direction, Source

MAX_REASON = 500
CALLED_US = "on the line with us"


def ask(turn: Turn, request: requests.AskCallback) -> None:
    """Note that a number is to be called back. Raises Invalid."""
    _ask(turn, request, CallbackKind.REQUESTED)


def ask_revisit(turn: Turn, request: requests.AskRevisit) -> None:
    """Note that a citizen is to be asked about a case. Raises Invalid, NotFound."""
    _ask(turn, request, CallbackKind.REVISIT, check_case_no(request.case_no), request.asker)


def _ask(
    turn: Turn,
    request: requests.AskCallback | requests.AskRevisit,
    kind: CallbackKind,
    case_no: str = "",
    asker: Asker = Asker.AGENT,
) -> None:
    if not can_be_called(request.number):
        raise Invalid("number: 5 digits or more, a leading + allowed")
    if request.queue and request.queue not in turn.state.queues:
        raise NotFound(f"no queue {request.queue}")
    queue = request.queue or turn.state.settings.queues[0].id
    due_at = max(request.due_at or turn.now, turn.now)
    tenant = turn.state.tenant_of(queue)
    turn.id = note(
        turn,
        kind,
        request.number,
        tenant,
        queue,
        due_at,
        contact=request.contact,
        by=request.by,
        case_no=case_no,
        asker=asker,
    )


def answer_revisit(turn: Turn, request: requests.AnswerRevisit) -> None:
    """Keep what a citizen said about a case. Raises Invalid."""
    if len(request.reason) > MAX_REASON:
        raise Invalid(f"reason: at most {MAX_REASON} characters")
    turn.record(
        events.RevisitAnswered(
            revisit=request.revisit,
            case_no=check_case_no(request.case_no),
            satisfied=request.satisfied,
            by=request.by,
            reason=request.reason,
            contact=request.contact,
            agent=request.agent,
        )
    )


def follow_up(turn: Turn) -> None:
    """Close what this turn has served, and see to attempts that are over."""
    for entry in list(turn.entries):
        match entry.event:
            case events.ContactArrived(direction=Direction.IN, number=number, source=Source.LIVE):
                _calls_us(turn, number)
            case events.CallAnswered(call=name):
                _served(turn, turn.state.calls.get(name))
            case events.RevisitAnswered(revisit=name, by=by, contact=contact) if by == SYSTEM:
                if callback := turn.state.callbacks.get(name):
                    _end(turn, callback, CallbackEnd.SERVED, contact=contact, attempts=1)
            case events.OperationDone(operation=operation) if operation in turn.state.attempts:
                _end(turn, turn.state.callbacks[turn.state.attempts[operation]], CallbackEnd.SERVED, attempts=1)
            case events.OperationFailed(operation=operation, why=why):
                _not_reached(turn, operation, why)


def _calls_us(turn: Turn, number: str) -> None:
    """Stop ringing a citizen without an agent who calls in meanwhile."""
    for callback in list(turn.state.callbacks.values()):
        if callback.number == number and (operation := callback.operation) and recalls.is_rung(turn, callback):
            recalls.call_off(turn, callback, CALLED_US)
            _not_reached(turn, operation, CALLED_US)


def _served(turn: Turn, call: Call | None) -> None:
    if call is None:
        return
    owed = [callback for callback in turn.state.callbacks.values() if callback.number == call.number]
    for callback in owed:
        if callback.kind is CallbackKind.REVISIT and turn.state.attempts.get(_operation_of(turn, call)) != callback.id:
            continue  # only a call about the case serves it
        if callback.operation != _operation_of(turn, call) and recalls.is_rung(turn, callback):
            recalls.call_off(turn, callback, CALLED_US)
        agent = next((leg.agent for leg in call.talking_legs() if leg.agent), None)
        own = callback.dialled and call.direction is Direction.OUT
        _end(turn, callback, CallbackEnd.SERVED, contact=call.contact, agent=agent, attempts=int(own))


def _operation_of(turn: Turn, call: Call) -> OperationId:
    """Return the operation that dialled an outbound call, empty for another call."""
    return call.operation or next((leg.operation for leg in call.legs.values() if leg.operation), OperationId(""))


def _end(turn: Turn, callback: Callback, end: CallbackEnd, attempts: int = 0, **more: Any) -> None:
    """Record the end; `attempts`: those that are not counted yet."""
    turn.record(events.CallbackDone(callback=callback.id, end=end, attempts=callback.attempts + attempts, **more))


def _not_reached(turn: Turn, operation: OperationId, why: str) -> None:
    """Try again later, if there is a later; what ended before the citizen was dialled is no attempt."""
    callback = turn.state.callbacks.get(turn.state.attempts.get(operation, CallbackId("")))
    if callback is None:
        return
    settings = turn.state.settings.callbacks
    # A number that cannot be rung at all counts too: without an agent nobody notices that it is tried for ever.
    counts = (callback.dialled or callback.agent is None) and why != CALLED_US
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


def dial(turn: Turn, request: requests.DialCallback) -> None:
    """Dial a call back for an agent who takes it. Raises NotFound, Conflict, Refused."""
    callback = _callback(turn, request.callback)
    if callback.operation is not None:
        raise Conflict(_busy(callback))
    agent = turn.state.roster.get(request.agent)
    outbound.check_free(turn, agent, previewed=False)
    operation = outbound.dial(turn, recalls.dialling(turn, callback, agent, request.by), agent)
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
                    asker=callback.asker,
                )
            )


def close(turn: Turn, request: requests.CloseCallback) -> None:
    """Close a call back by hand. Raises NotFound, Conflict, Invalid."""
    callback = _callback(turn, request.callback)
    reason = request.reason.strip()
    if not reason or len(reason) > MAX_REASON:
        raise Invalid(f"reason: give one, of at most {MAX_REASON} characters")
    if callback.operation is not None:
        raise Conflict(_busy(callback))
    _end(turn, callback, CallbackEnd.CLOSED, by=request.by, reason=reason)


def _busy(callback: Callback) -> str:
    return f"agent {callback.agent} calls back now" if callback.agent else "the citizen is called now"


def _callback(turn: Turn, name: CallbackId) -> Callback:
    callback = turn.state.callbacks.get(name)
    if callback is None:
        raise NotFound(f"no open call back {name}")
    return callback
