"""What the ledger keeps of leaders' duties, and of the contacts in their scope."""

from datetime import datetime

from center.ledger.book import Book, Steps
from center.records import DutyCallRecord, DutyRecord, Record
from messages import events
from messages.duty import AnsweredBy, DutyPlan
from messages.events import Entry
from messages.ids import DutyId, UserId
from messages.values import LegEnd, LegKind

_IN_VAIN = frozenset({LegEnd.NO_ANSWER, LegEnd.BUSY, LegEnd.UNAVAILABLE})
_JOINS = frozenset({LegKind.THREE_WAY})


def _planned(ledger: Book, entry: Entry, event: events.DutyPlanned) -> list[Record]:
    record = ledger.duties.get(event.duty)
    if record is None or not event.changed:
        record = ledger.duties[event.duty] = _record(event.duty, event.plan, event.by, entry.at)
        record.every = event.every
        return [record]
    new = _record(event.duty, event.plan, record.planned_by, record.planned_at)
    new.every, new.started_at = record.every, record.started_at
    new.changed_by, new.changed_at, new.reason = event.by, entry.at, event.reason
    ledger.duties[event.duty] = new
    return [new]


def _record(duty: DutyId, plan: DutyPlan, by: UserId, at: datetime) -> DutyRecord:
    return DutyRecord(
        duty=duty,
        leader=plan.leader,
        name=plan.name,
        title=plan.title,
        post=plan.post,
        unit=plan.unit,
        aide=plan.aide,
        begins_at=plan.begin,
        ends_at=plan.end,
        dids=" ".join(plan.scope.dids),
        areas=" ".join(plan.scope.areas),
        queues=" ".join(plan.scope.queues),
        topics=" ".join(plan.scope.topics),
        notice=plan.notice,
        ring_s=plan.ring_s,
        tenant=plan.tenant,
        planned_by=by,
        planned_at=at,
    )


def _started(ledger: Book, entry: Entry, event: events.DutyStarted) -> list[Record]:
    record = ledger.duties.get(event.duty)
    if record is None:
        return []
    record.started_at = entry.at
    return [record]


def _ended(ledger: Book, entry: Entry, event: events.DutyEnded) -> list[Record]:
    record = ledger.duties.pop(event.duty, None)
    if record is None:
        return []
    record.ended_at, record.end, record.ended_by = entry.at, event.end, event.by
    record.reason = event.reason or record.reason
    return [record]


def _called(ledger: Book, entry: Entry, event: events.DutyCalled) -> list[Record]:
    record = ledger.duty_calls[event.contact] = DutyCallRecord(
        duty=event.duty,
        contact=event.contact,
        call=event.call,
        queue=event.queue,
        leader=event.agent,
        aide=event.aide,
        called_at=event.occurred,
    )
    return [record]


def _offered(ledger: Book, entry: Entry, event: events.CallOffered) -> list[Record]:
    record = ledger.duty_calls.get(event.contact)
    if record is None or event.agent != record.leader or event.role is not LegKind.AGENT:
        return []
    record.offered += 1
    return [record]


def _answered(ledger: Book, entry: Entry, event: events.CallAnswered) -> list[Record]:
    record = ledger.duty_calls.get(event.contact)
    if record is None:
        return []
    if record.answered_at is None:
        record.answered_at, record.agent = event.occurred, event.agent
        by = {record.leader: AnsweredBy.LEADER, record.aide: AnsweredBy.AIDE}
        record.answered_by = by.get(event.agent, AnsweredBy.AGENT) if event.agent else AnsweredBy.AGENT
    elif event.agent and event.agent == record.aide and record.answered_by is AnsweredBy.LEADER:
        leg = ledger.legs.get(event.leg)
        joins = leg is not None and leg.role in _JOINS
        record.aide_joined, record.handed_over = record.aide_joined or joins, record.handed_over or not joins
    else:
        return []
    return [record]


def _leg_ended(ledger: Book, entry: Entry, event: events.LegEnded) -> list[Record]:
    record = ledger.duty_calls.get(event.contact)
    misses = event.role is LegKind.AGENT and not event.talked and event.why in _IN_VAIN
    if record is None or event.agent != record.leader or not misses:
        return []
    record.missed += 1
    return [record]


def _contact_ended(ledger: Book, entry: Entry, event: events.ContactEnded) -> list[Record]:
    record = ledger.duty_calls.pop(event.contact, None)
    if record is None:
        return []
    record.ended_at, record.outcome = event.occurred, event.outcome
    return [record]


STEPS: Steps = {
    events.DutyPlanned: _planned,
    events.DutyStarted: _started,
    events.DutyEnded: _ended,
    events.DutyCalled: _called,
    events.CallOffered: _offered,
    events.CallAnswered: _answered,
    events.LegEnded: _leg_ended,
    events.ContactEnded: _contact_ended,
}
