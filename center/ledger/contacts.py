"""What the ledger keeps of contacts, and of their visits to queues."""

from datetime import datetime

from center.ledger.book import Book, Steps
from center.records import (
    CaseLinkRecord,
    ConfidentialRecord,
    ContactRecord,
    MessageRecord,
    Record,
    VisitRecord,
    WrapUpRecord,
)
from messages import events
from messages.events import Entry
from messages.ids import ContactId
from messages.masking import masked_path
from messages.values import ContactOutcome, Refusal, Source


def _contact_arrived(ledger: Book, entry: Entry, event: events.ContactArrived) -> list[Record]:
    record = ContactRecord(
        contact=event.contact,
        call=event.call,
        node=event.node,
        linkedid=event.linkedid or event.call,
        number=event.number,
        did=event.did,
        arrived_at=event.occurred,
        tenant=event.tenant,
        direction=event.direction,
        about=event.about,
        unit=event.unit,
        source=event.source,
        label=event.label,
        confidential=event.confidential,
        confidential_at=event.occurred if event.confidential else None,
    )
    ledger.contacts[event.contact] = record
    ledger.visits.pop(event.contact, None)  # of the same log, read a second time
    return [record]


def _call_queued(ledger: Book, entry: Entry, event: events.CallQueued) -> list[Record]:
    record = ledger.contacts.get(event.contact)
    if record is None:
        return []
    record.noticed = record.noticed or event.noticed
    record.by_asterisk = record.by_asterisk or event.by_asterisk
    _keep_flow(record, event)
    if record.queued_at is None:
        record.queue, record.queued_at = event.queue, event.occurred
    visit = ledger.visits.get(event.contact)
    same = visit is not None and (event.by_asterisk or visit.queue == event.queue) and not event.transferred
    if visit is not None and visit.left_at is None and same:
        return [record]
    touched: list[Record] = [record]
    if visit is not None and visit.left_at is None:
        touched.append(_close(visit, event.occurred, ContactOutcome.OVERFLOWED))
    new = _visit(ledger, record, event)
    new.transferred, new.position, new.estimated_s = event.transferred, event.position, event.estimated_s
    return [*touched, new]


def _keep_flow(record: ContactRecord, event: events.CallQueued | events.FlowEnded) -> None:
    if event.confidential and not record.confidential:
        record.confidential, record.confidential_at = True, event.occurred
    record.menu_s = max(record.menu_s, event.menu_s)
    record.path = " ".join(masked_path(event.path)) or record.path


def _flow_ended(ledger: Book, entry: Entry, event: events.FlowEnded) -> list[Record]:
    record = ledger.contacts.get(event.contact)
    if record is None:
        return []
    _keep_flow(record, event)
    return [record]


def _visit(ledger: Book, record: ContactRecord, event: events.CallQueued | events.ContactBlocked) -> VisitRecord:
    record.visits += 1
    queue = event.queue
    visit = VisitRecord(
        contact=record.contact,
        n=record.visits,
        call=event.call,
        queue=queue if queue is not None else record.queue or event.queue,  # type: ignore[arg-type]
        asked_at=event.occurred,
        tenant=record.tenant,
        source=record.source,
    )
    ledger.visits[record.contact] = visit
    return visit


def _close(visit: VisitRecord, at: datetime, outcome: ContactOutcome | None, why: Refusal | None = None) -> VisitRecord:
    visit.left_at, visit.outcome = max(at, visit.asked_at), outcome
    visit.refused = why or visit.refused
    return visit


def _contact_blocked(ledger: Book, entry: Entry, event: events.ContactBlocked) -> list[Record]:
    record = ledger.contacts.get(event.contact)
    if record is None:
        return []
    visit = _visit(ledger, record, event)
    visit.joined, record.refused = False, event.why
    return [record, _close(visit, event.occurred, event.outcome, event.why)]


def _call_left_queue(ledger: Book, entry: Entry, event: events.CallLeftQueue) -> list[Record]:
    visit, record = ledger.visits.get(event.contact), ledger.contacts.get(event.contact)
    if visit is None or record is None or visit.left_at is not None:
        return []
    visit.to, record.refused = event.to, event.why or record.refused
    return [record, _close(visit, event.occurred, event.outcome, event.why)]


def _call_deflected(ledger: Book, entry: Entry, event: events.CallDeflected) -> list[Record]:
    record = ledger.contacts.get(event.contact)
    if record is None:
        return []
    record.deflected = record.deflected or bool(event.surge)
    if event.why is not Refusal.NUISANCE:  # told, and taken
        record.refused = event.why
    return [record]


def _callback_requested(ledger: Book, entry: Entry, event: events.CallbackRequested) -> list[Record]:
    visit = ledger.visits.get(event.contact)
    if visit is None:
        return []
    visit.outcome = ContactOutcome.CALLBACK
    return [visit]


def _call_answered(ledger: Book, entry: Entry, event: events.CallAnswered) -> list[Record]:
    touched: list[Record] = []
    visit = ledger.visits.get(event.contact)
    if visit is not None and visit.left_at is None:
        visit.agent = event.agent
        touched.append(_close(visit, event.occurred, ContactOutcome.ANSWERED))
    contact = ledger.contacts.get(event.contact)
    if contact and contact.answered_at is None:
        contact.answered_at, contact.agent = event.occurred, event.agent
        contact.noticed = contact.noticed or event.noticed
        touched.append(contact)
    return touched


def _call_transferred(ledger: Book, entry: Entry, event: events.CallTransferred) -> list[Record]:
    contact = ledger.contacts.get(event.contact)
    if contact is None:
        return []
    contact.transferred = True
    return [contact]


def _contact_ended(ledger: Book, entry: Entry, event: events.ContactEnded) -> list[Record]:
    record = ledger.contacts.pop(event.contact, None)
    if record is None:
        return []
    record.ended_at, record.outcome, record.by_citizen = event.occurred, event.outcome, event.by_citizen
    if event.source is not Source.LIVE:
        record.source = event.source
    visit = ledger.visits.pop(ContactId(event.contact), None)
    if visit is None:
        return [record]
    if visit.left_at is None:
        gone = event.outcome is ContactOutcome.ANSWERED  # by an earlier agent; from this queue the citizen left
        _close(visit, event.occurred, ContactOutcome.ABANDONED if gone else event.outcome)
    return [record, visit]


def _contact_confidential(ledger: Book, entry: Entry, event: events.ContactConfidential) -> list[Record]:
    record = ledger.contacts.get(event.contact)
    if record is None:
        return [ConfidentialRecord(contact=event.contact, confidential_at=entry.at)]
    if not record.confidential:
        record.confidential, record.confidential_at = True, entry.at
    return [record]


def _contact_linked(ledger: Book, entry: Entry, event: events.ContactLinked) -> list[Record]:
    return [
        CaseLinkRecord(
            contact=event.contact,
            case_no=event.case_no,
            by=event.by,
            linked_at=entry.at,
            valid=event.valid,
            category=event.category,
            area=event.area,
            summary=event.summary,
        )
    ]


def _contact_wrapped_up(ledger: Book, entry: Entry, event: events.ContactWrappedUp) -> list[Record]:
    return [WrapUpRecord(contact=event.contact, by=event.by, code=event.code, note=event.note, written_at=entry.at)]


def _message_left(ledger: Book, entry: Entry, event: events.MessageLeft) -> list[Record]:
    return [
        MessageRecord(
            contact=event.contact,
            number=event.number,
            did=event.did,
            left_at=event.occurred,
            recording=event.recording,
            reason=event.reason,
            seconds=event.seconds,
        )
    ]


STEPS: Steps = {
    events.ContactArrived: _contact_arrived,
    events.ContactBlocked: _contact_blocked,
    events.CallQueued: _call_queued,
    events.FlowEnded: _flow_ended,
    events.CallLeftQueue: _call_left_queue,
    events.CallDeflected: _call_deflected,
    events.CallbackRequested: _callback_requested,
    events.CallAnswered: _call_answered,
    events.CallTransferred: _call_transferred,
    events.ContactEnded: _contact_ended,
    events.ContactConfidential: _contact_confidential,
    events.ContactLinked: _contact_linked,
    events.ContactWrappedUp: _contact_wrapped_up,
    events.MessageLeft: _message_left,
}
