"""What the ledger keeps of legs, and of those who were called into a contact."""

from center.ledger.book import Book, Steps
from center.records import LegRecord, Record, ThreeWayRecord
from messages import events
from messages.events import Entry
from messages.values import LegKind

_CALLED_IN = frozenset({LegKind.CONSULT, LegKind.THREE_WAY, LegKind.EMERGENCY, LegKind.TAKE_OVER})


def _call_offered(ledger: Book, entry: Entry, event: events.CallOffered) -> list[Record]:
    visit = ledger.visits.get(event.contact)
    leg = LegRecord(
        leg=event.leg,
        contact=event.contact,
        call=event.call,
        queue=event.queue,
        agent=event.agent,
        phone=event.phone,
        queued_at=visit.asked_at if visit else None,
        offered_at=event.occurred,
        role=event.role,
        operation=event.operation,
        source=event.source,
    )
    ledger.legs[event.leg] = leg
    return [leg, *_called_in(ledger, entry, event)]


def _called_in(ledger: Book, entry: Entry, event: events.CallOffered) -> list[Record]:
    operation = ledger.operations.get(event.operation) if event.operation else None
    if event.role not in _CALLED_IN or operation is None:
        return []
    record = ThreeWayRecord(
        operation=operation.operation,
        contact=event.contact,
        call=event.call,
        leg=event.leg,
        kind=event.role,
        by=operation.by,
        agent=operation.agent,
        called=operation.target or event.phone,
        asked_at=operation.asked_at,
    )
    ledger.three_way[event.leg] = record
    return [record]


def _call_ringing(ledger: Book, entry: Entry, event: events.CallRinging) -> list[Record]:
    touched: list[Record] = []
    for record in (ledger.legs.get(event.leg), ledger.three_way.get(event.leg)):
        if record is not None:
            record.ringing_at = event.occurred
            touched.append(record)
    return touched


def _call_consulted(ledger: Book, entry: Entry, event: events.CallConsulted) -> list[Record]:
    touched: list[Record] = []
    if leg := ledger.legs.get(event.leg):
        leg.consulted_at = event.occurred
        touched.append(leg)
    return [*touched, *_responded(ledger, event)]


def _responded(ledger: Book, event: events.CallConsulted | events.CallAnswered) -> list[Record]:
    record = ledger.three_way.get(event.leg)
    if record is None or record.answered_at is not None:
        return []
    record.answered_at = event.occurred
    record.response_s = max(0.0, (event.occurred - record.asked_at).total_seconds())
    return [record]


def _call_answered(ledger: Book, entry: Entry, event: events.CallAnswered) -> list[Record]:
    touched: list[Record] = []
    if leg := ledger.legs.get(event.leg):
        leg.answered_at = event.occurred
        touched.append(leg)
    return [*touched, *_responded(ledger, event)]


def _call_held(ledger: Book, entry: Entry, event: events.CallHeld) -> list[Record]:
    leg = ledger.legs.get(event.leg)
    if leg is None:
        return []
    leg.held_since, leg.holds = event.occurred, leg.holds + 1
    return [leg]


def _end_hold(leg: LegRecord, event: events.CallLegEvent) -> None:
    if leg.held_since is not None:
        leg.hold_s += max(0.0, (event.occurred - leg.held_since).total_seconds())
        leg.held_since = None


def _call_resumed(ledger: Book, entry: Entry, event: events.CallResumed) -> list[Record]:
    leg = ledger.legs.get(event.leg)
    if leg is None:
        return []
    _end_hold(leg, event)
    return [leg]


def _call_transferred(ledger: Book, entry: Entry, event: events.CallTransferred) -> list[Record]:
    leg = ledger.legs.get(event.leg)
    if leg is None:
        return []
    leg.transferred_to = event.to
    return [leg]


def _leg_ended(ledger: Book, entry: Entry, event: events.LegEnded) -> list[Record]:
    touched: list[Record] = []
    if called := ledger.three_way.pop(event.leg, None):
        called.ended_at, called.end = event.occurred, event.why
        touched.append(called)
    leg = ledger.legs.get(event.leg)
    if leg is None:
        return touched
    _end_hold(leg, event)
    leg.ended_at, leg.end = event.occurred, event.why
    if not event.wraps_up:
        del ledger.legs[leg.leg]
    return [*touched, leg]


STEPS: Steps = {
    events.CallOffered: _call_offered,
    events.CallRinging: _call_ringing,
    events.CallConsulted: _call_consulted,
    events.CallAnswered: _call_answered,
    events.CallHeld: _call_held,
    events.CallResumed: _call_resumed,
    events.CallTransferred: _call_transferred,
    events.LegEnded: _leg_ended,
}
