"""What the ledger keeps of labels."""

from center.ledger.book import Book, Steps
from center.records import LabelRecord, Record
from messages import events
from messages.events import Entry


def _proposed(ledger: Book, entry: Entry, event: events.LabelProposed) -> list[Record]:
    record = ledger.labels[event.label] = LabelRecord(
        label=event.label,
        what=event.what,
        number=event.number,
        tenant=event.tenant,
        reason=event.reason,
        evidence=" ".join(event.evidence),
        proposed_by=event.by,
        proposed_at=entry.at,
        until=event.until,
        confidential=event.confidential,
    )
    return [record]


def _labelled(ledger: Book, entry: Entry, event: events.CallerLabelled) -> list[Record]:
    record = ledger.labels.get(event.label)
    if record is None:
        return []
    record.approved_by, record.approved_at, record.until = event.by, entry.at, event.until
    return [record]


def _ended(ledger: Book, entry: Entry, event: events.LabelEnded) -> list[Record]:
    record = ledger.labels.pop(event.label, None)
    if record is None:
        return []
    record.ended_at, record.end, record.ended_by, record.why = entry.at, event.end, event.by, event.reason
    return [record]


def _call_urgent(ledger: Book, entry: Entry, event: events.CallUrgent) -> list[Record]:
    record = ledger.contacts.get(event.contact)
    if record is None:
        return []
    record.urgent = True
    return [record]


STEPS: Steps = {
    events.LabelProposed: _proposed,
    events.CallerLabelled: _labelled,
    events.LabelEnded: _ended,
    events.CallUrgent: _call_urgent,
}
