"""What the ledger keeps of surveys."""

from datetime import datetime

from center.ledger.book import Book, Steps
from center.records import Record, SurveyRecord
from messages import events
from messages.events import Entry


def _asked(ledger: Book, entry: Entry, event: events.SurveyAsked) -> list[Record]:
    return [] if event.revisit else [_record(event, asked_at=event.occurred)]


def _answered(ledger: Book, entry: Entry, event: events.SurveyAnswered) -> list[Record]:
    if event.revisit:  # another figure: RevisitAnswered tells it
        return []
    record = _record(event, asked_at=event.asked_at)
    record.answered_at, record.key, record.satisfied = event.occurred, event.key, event.satisfied
    return [record]


def _record(event: events.SurveyAsked | events.SurveyAnswered, asked_at: datetime) -> SurveyRecord:
    return SurveyRecord(
        contact=event.contact,
        question=event.question,
        call=event.call,
        queue=event.queue,
        agent=event.agent,
        asked_at=asked_at,
    )


STEPS: Steps = {events.SurveyAsked: _asked, events.SurveyAnswered: _answered}
