"""What the ledger keeps of cases, and of contacts that were no call."""

from center.ledger.book import Book, Steps
from center.records import CaseEventRecord, ContactRecord, Record
from messages import events
from messages.events import Entry


def _noted(ledger: Book, entry: Entry, event: events.ContactNoted) -> list[Record]:
    return [
        ContactRecord(
            contact=event.contact,
            channel=event.channel,
            number=event.number,
            arrived_at=event.occurred,
            ended_at=event.occurred,
            tenant=event.tenant,
        )
    ]


def _reported(ledger: Book, entry: Entry, event: events.CaseReported) -> list[Record]:
    return [
        CaseEventRecord(
            case_no=event.case_no,
            id=event.id,
            step=event.step,
            at=event.occurred,
            by=event.by,
            noted_at=entry.at,
            tenant=event.tenant,
            due_at=event.due_at,
            unit=event.unit,
            unit_kind=event.unit_kind,
            misdirected=event.misdirected,
            satisfied=event.satisfied,
        )
    ]


STEPS: Steps = {events.ContactNoted: _noted, events.CaseReported: _reported}
