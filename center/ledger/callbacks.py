"""What the ledger keeps of calls back."""

from center.ledger.book import Book, Steps
from center.records import CallbackRecord, Record, RevisitRecord
from messages import events
from messages.events import Entry


def _noted(ledger: Book, entry: Entry, event: events.CallbackNoted) -> list[Record]:
    record = ledger.callbacks.get(event.callback)
    if record is None:
        record = ledger.callbacks[event.callback] = CallbackRecord(
            callback=event.callback,
            kind=event.cause,
            number=event.number,
            tenant=event.tenant,
            queue=event.queue,
            noted_at=entry.at,
            due_at=event.due_at,
            first_contact=event.contact,
            case_no=event.case_no,
        )
    record.due_at = event.due_at
    record.contacts, record.asker = event.contacts, event.asker
    record.confidential = record.confidential or event.confidential
    return [record]


def _attempted(ledger: Book, entry: Entry, event: events.CallbackAttempted) -> list[Record]:
    record = ledger.callbacks.get(event.callback)
    if record is None:
        return []
    record.attempts = event.attempts
    record.due_at, record.attempted_at = event.due_at, entry.at
    return [record]


def _done(ledger: Book, entry: Entry, event: events.CallbackDone) -> list[Record]:
    record = ledger.callbacks.pop(event.callback, None)
    if record is None:
        return []
    record.done_at, record.end, record.contact, record.agent = entry.at, event.end, event.contact, event.agent
    record.attempts = event.attempts
    record.closed_by, record.reason = event.by, event.reason
    return [record]


def _revisit_answered(ledger: Book, entry: Entry, event: events.RevisitAnswered) -> list[Record]:
    return [
        RevisitRecord(
            revisit=event.revisit,
            case_no=event.case_no,
            satisfied=event.satisfied,
            reason=event.reason,
            contact=event.contact,
            agent=event.agent,
            by=event.by,
            answered_at=entry.at,
            keyed=" ".join(event.keyed),
        )
    ]


STEPS: Steps = {
    events.CallbackNoted: _noted,
    events.CallbackAttempted: _attempted,
    events.CallbackDone: _done,
    events.RevisitAnswered: _revisit_answered,
}
