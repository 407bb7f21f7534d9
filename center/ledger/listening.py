"""What the ledger keeps of listening sessions, and of each call that one heard."""

from center.ledger.book import Book, Steps
from center.records import HearingRecord, ListeningNoteRecord, ListeningRecord, Record
from messages import events
from messages.events import Entry


def _requested(ledger: Book, entry: Entry, event: events.ListeningRequested) -> list[Record]:
    record = ListeningRecord(
        session=event.session,
        by=event.by,
        phone=event.phone,
        contact=event.contact,
        call=event.call,
        agent=event.agent,
        queue=event.queue,
        mode=event.mode,
        purpose=event.purpose,
        scope=event.scope,
        followed=event.target,
        approval=event.approval,
        limit_s=event.limit_s,
        told=event.told,
        requested_at=entry.at,
    )
    ledger.listening[event.session] = record
    return [record]


def _decided(ledger: Book, entry: Entry, event: events.ListeningDecided) -> list[Record]:
    record = ledger.listening.get(event.session)
    if record is None:
        return []
    record.approver, record.approved, record.decided_at = event.approver, event.approved, entry.at
    return [record]


def _started(ledger: Book, entry: Entry, event: events.ListeningStarted) -> list[Record]:
    record = ledger.listening.get(event.session)
    if record is None:
        record = ListeningRecord(
            session=event.session,
            by=event.by,
            contact=event.contact,
            call=event.call,
            agent=event.agent,
            queue=event.queue,
            mode=event.mode,
            foreign=event.foreign,
        )
        ledger.listening[event.session] = record
    if record.started_at is None:
        record.started_at = event.occurred
        record.contact, record.call = event.contact, event.call
        record.agent, record.queue = event.agent, event.queue
    record.hearings = event.hearing
    record.foreign = record.foreign or event.foreign
    hearing = ledger.hearings[event.session] = HearingRecord(
        session=event.session,
        n=event.hearing,
        contact=event.contact,
        call=event.call,
        agent=event.agent,
        queue=event.queue,
        mode=event.mode,
        spyer=event.spyer,
        foreign=event.foreign,
        started_at=event.occurred,
    )
    return [record, hearing]


def _mode_changed(ledger: Book, entry: Entry, event: events.ListeningModeChanged) -> list[Record]:
    open_: list[ListeningRecord | HearingRecord | None] = [
        ledger.listening.get(event.session),
        ledger.hearings.get(event.session),
    ]
    found = [record for record in open_ if record is not None]
    for record in found:
        record.modes = f"{record.modes} {event.mode}".strip()
    return list(found)


def _waiting(ledger: Book, entry: Entry, event: events.ListeningWaiting) -> list[Record]:
    return _heard_until(ledger, event)


def _heard_until(ledger: Book, event: events.ListeningEvent) -> list[Record]:
    hearing = ledger.hearings.pop(event.session, None)
    if hearing is None:
        return []
    hearing.ended_at = event.occurred
    return [hearing]


def _ended(ledger: Book, entry: Entry, event: events.ListeningEnded) -> list[Record]:
    closed = _heard_until(ledger, event)
    record = ledger.listening.pop(event.session, None)
    if record is None:
        return closed
    record.ended_at, record.failed, record.end = event.occurred, event.failed, event.end
    return [record, *closed]


def _noted(ledger: Book, entry: Entry, event: events.ListeningNoted) -> list[Record]:
    record = ledger.listening.get(event.session)
    if record is None:
        return [ListeningNoteRecord(session=event.session, note=event.note, note_at=entry.at)]
    record.note, record.note_at = event.note, entry.at
    return [record]


STEPS: Steps = {
    events.ListeningRequested: _requested,
    events.ListeningDecided: _decided,
    events.ListeningStarted: _started,
    events.ListeningModeChanged: _mode_changed,
    events.ListeningWaiting: _waiting,
    events.ListeningEnded: _ended,
    events.ListeningNoted: _noted,
}
