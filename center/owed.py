"""Who is owed a call back: one task a number, however often they called in vain."""

from datetime import datetime, timedelta

from calls.call import Call
from calls.callback import MISSED, allowed_from, can_be_called, owed_for
from center.turn import Turn
from messages import events, facts, requests
from messages.ids import CallbackId, CallId, ContactId, QueueId, UserId
from messages.values import Asker, CallbackKind, ContactOutcome, Direction
from queueing.routes import route_for

SYSTEM = UserId("callbacks")
"""Who asks for the calls that are dialled automatically."""


def take_missed(turn: Turn, request: requests.TakeMissedCall) -> None:
    """Take in what the emergency script spooled: the message, and the contact where we had not heard of it."""
    call = CallId(request.contact)
    if call not in turn.state.calls and call not in turn.state.ended:
        _record_missed(turn, call, request)
    turn.record(
        events.MessageLeft(
            contact=request.contact,
            number=request.number,
            did=request.did,
            occurred=request.ended,
            recording=request.recording,
            reason=request.reason,
        )
    )


def message_left(turn: Turn, fact: facts.MessageLeft) -> None:
    """A flow took a message: kept, and answered by a call back when the contact ends; at once where it has."""
    call = turn.call(fact.call)
    turn.record(
        events.MessageLeft(
            contact=fact.contact,
            number=call.number if call else fact.number,
            did=call.did if call else fact.did,
            occurred=fact.occurred,
            recording=fact.recording,
            reason="message_left",
            call=fact.call,
            seconds=fact.seconds,
        )
    )
    if call is None and turn.state.settings.callbacks.messages and can_be_called(fact.number):
        route = route_for(turn.state.settings.routes, fact.did, fact.number)
        queue = route.queue if route and route.queue in turn.state.queues else turn.state.settings.queues[0].id
        tenant = (route.tenant if route else "") or turn.state.tenant_of(queue)
        note(turn, CallbackKind.REQUESTED, fact.number, tenant, queue, turn.now, contact=fact.contact)


def _record_missed(turn: Turn, call: CallId, request: requests.TakeMissedCall) -> None:
    route = route_for(turn.state.settings.routes, request.did, request.number)
    turn.record(
        events.ContactArrived(
            contact=request.contact,
            call=call,
            node=request.node,
            number=request.number,
            did=request.did,
            occurred=request.arrived,
            tenant=(route.tenant or turn.state.tenant_of(route.queue)) if route else "",
        )
    )
    arrived, outcome = turn.state.calls[call], ContactOutcome.NO_AGENTS
    turn.record(events.ContactEnded(contact=request.contact, call=call, outcome=outcome, occurred=request.ended))
    missed(turn, arrived, outcome)


def note(
    turn: Turn,
    kind: CallbackKind,
    number: str,
    tenant: str,
    queue: QueueId,
    due_at: datetime,
    *,
    contact: ContactId | None = None,
    by: UserId | None = None,
    place: datetime | None = None,
    case_no: str = "",
    asker: Asker = Asker.AGENT,
) -> CallbackId:
    """Record that a citizen is owed a call: one task a number, however often they called."""
    known = turn.state.owed.get((tenant, owed_for(number, case_no)))
    callback = known or CallbackId(turn.new_id("b"))
    was = turn.state.callbacks[known].confidential if known else False
    contacts = {*(turn.state.callbacks[known].contacts if known else ()), *((contact,) if contact else ())}
    if known and case_no and turn.state.callbacks[known].attempts:  # asked for again is not asked for sooner
        due_at = max(due_at, turn.state.callbacks[known].due_at)
    turn.record(
        events.CallbackNoted(
            callback=callback,
            cause=kind,
            number=number,
            tenant=tenant,
            queue=queue,
            due_at=allowed_from(due_at, turn.state.settings.callbacks),
            contacts=len(contacts),
            contact=contact,
            by=by,
            place=place,
            case_no=case_no,
            asker=asker,
            confidential=was or turn.state.is_confidential(contact),
        )
    )
    return callback


def missed(turn: Turn, call: Call, outcome: ContactOutcome) -> None:
    """A contact has ended: where nobody served it, its citizen is owed a call; its figures stay as they are."""
    settings = turn.state.settings.callbacks
    wanted = outcome is ContactOutcome.CALLBACK or (call.message and settings.messages)
    owed = call.direction is Direction.IN and (wanted or (settings.missed and outcome in MISSED))
    if not owed or not can_be_called(call.number):
        return
    kind = CallbackKind.REQUESTED if wanted else CallbackKind.MISSED
    queue = call.queue if call.queue in turn.state.queues else None
    due_at = turn.now if wanted else turn.now + timedelta(seconds=settings.after_s)
    first = turn.state.settings.queues[0].id
    place = call.place if wanted else None
    note(turn, kind, call.number, call.tenant, queue or first, due_at, contact=call.contact, place=place)
