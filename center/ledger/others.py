"""What the ledger keeps of operations, surges and recordings."""

from center.ledger.book import Book, Steps
from center.records import OperationRecord, Record, RecordingRecord, SurgeRecord
from messages import events
from messages.events import Entry
from recording.gaps import closed, opened


def _operation_started(ledger: Book, entry: Entry, event: events.OperationStarted) -> list[Record]:
    record = OperationRecord(
        operation=event.operation,
        verb=event.verb,
        by=event.by,
        contact=event.contact,
        call=event.call,
        leg=event.leg,
        party=event.party,
        agent=event.agent,
        target=str(event.target) if event.target else "",
        reason=event.reason,
        confidential=event.confidential,
        asked_at=entry.at,
    )
    ledger.operations[event.operation] = record
    return [record]


def _operation_over(ledger: Book, entry: Entry, event: events.OperationDone | events.OperationFailed) -> list[Record]:
    record = ledger.operations.pop(event.operation, None)
    if record is None:
        return []
    record.ended_at, record.done = entry.at, isinstance(event, events.OperationDone)
    record.failed = event.why if isinstance(event, events.OperationFailed) else ""
    return [record]


def _surge_started(ledger: Book, entry: Entry, event: events.SurgeStarted) -> list[Record]:
    record = SurgeRecord(surge=event.surge, key=event.key, started_at=entry.at)
    ledger.surges[event.surge, event.key] = record
    return [record]


def _surge_ended(ledger: Book, entry: Entry, event: events.SurgeEnded) -> list[Record]:
    record = ledger.surges.pop((event.surge, event.key), None)
    if record is None:
        return []
    record.ended_at, record.deflected = entry.at, event.deflected
    return [record]


def _recording_started(ledger: Book, entry: Entry, event: events.RecordingStarted) -> list[Record]:
    record = RecordingRecord(
        recording=event.recording,
        contact=event.contact,
        call=event.call,
        leg=event.leg,
        started_at=event.occurred,
    )
    ledger.recordings[event.recording] = record
    return [record]


def _recording_stopped(ledger: Book, entry: Entry, event: events.RecordingStopped) -> list[Record]:
    record = ledger.recordings.pop(event.recording, None)
    if record is None:
        record = RecordingRecord(
            recording=event.recording,
            contact=event.contact,
            call=event.call,
            leg=event.leg,
            started_at=event.occurred,
        )
    record.ended_at, record.failed = event.occurred, event.failed
    record.gaps = closed(record.gaps, event.occurred)
    return [record]


def _recording_paused(ledger: Book, entry: Entry, event: events.RecordingPaused) -> list[Record]:
    record = ledger.recordings.get(event.recording)
    if record is None:
        return []
    record.gaps = opened(record.gaps, event.occurred)
    return [record]


def _recording_resumed(ledger: Book, entry: Entry, event: events.RecordingResumed) -> list[Record]:
    record = ledger.recordings.get(event.recording)
    if record is None:
        return []
    record.gaps = closed(record.gaps, event.occurred)
    return [record]


STEPS: Steps = {
    events.OperationStarted: _operation_started,
    events.OperationDone: _operation_over,
    events.OperationFailed: _operation_over,
    events.SurgeStarted: _surge_started,
    events.SurgeEnded: _surge_ended,
    events.RecordingStarted: _recording_started,
    events.RecordingStopped: _recording_stopped,
    events.RecordingPaused: _recording_paused,
    events.RecordingResumed: _recording_resumed,
}
