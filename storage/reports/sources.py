"""What is counted, from which rows: one condition a figure, so that a count and the contacts behind it cannot differ.

A source has the instant that puts a row into an interval, what its rows can be grouped by, the figures that are a
number of rows (`counts`) and those that are a sum (`sums`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    FromClause,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    true,
)

from messages.values import ContactOutcome, Direction, LegEnd, LegKind
from metrics.question import Attribution, By, Question
from storage.columns import Instant, harmless
from storage.queries import WITHHELD
from storage.reports.sql import count, first_of, micros, total
from storage.satisfaction import QUESTION
from storage.tables import case_links, contacts, legs, surveys, visits

Condition = ColumnElement[bool]
CALL = "call"
"""The channel of calls; other channels are counted beside them."""
NONE = ""
"""The outcome of what goes on."""

_OUTCOMES = {
    "timed_out": ContactOutcome.TIMED_OUT,
    "left_by_key": ContactOutcome.LEFT_BY_KEY,
    "no_agents": ContactOutcome.NO_AGENTS,
    "withdrawn": ContactOutcome.WITHDRAWN,
    "callback": ContactOutcome.CALLBACK,
    "overflowed": ContactOutcome.OVERFLOWED,
    "lost": ContactOutcome.LOST,
    "abandoned": ContactOutcome.ABANDONED,
    "blocked": ContactOutcome.BLOCKED,
    "closed": ContactOutcome.CLOSED,
    "ended_in_ivr": ContactOutcome.ENDED_IN_IVR,
}


class Source(NamedTuple):
    """Rows that figures are counted from. `contact`: whose they are; `where`: which of them count at all."""

    rows: FromClause
    contact: ColumnElement[Any]
    at: ColumnElement[Any]
    where: list[Condition]
    keys: Mapping[By, ColumnElement[Any]]
    counts: Mapping[str, Condition]
    sums: Mapping[str, ColumnElement[Any]]

    def measures(self) -> list[ColumnElement[Any]]:
        """Return what is selected: every count and every sum, named."""
        counted = [count(condition).label(name) for name, condition in self.counts.items()]
        return counted + [value.label(name) for name, value in self.sums.items()]


def sources(question: Question, now: datetime, agents: frozenset[str] | None) -> list[Source]:
    """Return what a question is answered from. `agents`: only theirs, where a team, tenant or agent is asked for."""
    if question.agents_only:
        return [_offers(question, agents), _surveys_of_agents(question, agents)]
    if question.visits:
        return [_visits(question, now), _legs_of_visits(question), _surveys_of_contacts(question, None)]
    return [
        _contacts(question, now, agents),
        _legs_of_contacts(question, agents),
        _surveys_of_contacts(question, agents),
    ]


def _within(at: ColumnElement[Any], question: Question) -> list[Condition]:
    return [at >= literal(question.since, Instant), at < literal(question.until, Instant)]


def _us(seconds: float) -> int:
    return round(seconds * 1e6)


def _ledger(
    question: Question,
    now: datetime,
    *,
    outcome: ColumnElement[Any],
    answered: Condition,
    in_ivr: Condition,
    waited_from: ColumnElement[Any],
    waited_until: ColumnElement[Any],
) -> tuple[dict[str, Condition], dict[str, ColumnElement[Any]]]:
    """Return the figures that contacts and visits share: each row is exactly one of the outcomes, none of them null."""
    of = {name: outcome == one for name, one in _OUTCOMES.items()}
    waiting = and_(outcome == NONE, not_(answered), not_(in_ivr))
    unserved = [ContactOutcome.BLOCKED, ContactOutcome.CLOSED, ContactOutcome.ENDED_IN_IVR]
    offered = and_(outcome.not_in(unserved), not_(in_ivr))
    wait = micros(waited_from, waited_until)
    waited = and_(offered, not_(waiting), wait.is_not(None))
    counts = {
        "arrivals": true(),
        **of,
        "still_in_ivr": in_ivr,
        "offered": offered,
        "answered": answered,
        "still_waiting": waiting,
        "answered_in": and_(answered, wait <= _us(question.threshold_s)),
        "abandoned_in": and_(of["abandoned"], wait <= _us(question.threshold_s)),
        "short_abandoned": and_(of["abandoned"], wait <= _us(question.short_s)),
    }
    so_far = micros(waited_from, literal(now, Instant))
    sums = {
        "waited": count(waited),
        "answer_wait_us": total(wait, answered),
        "wait_us": total(wait, waited),
        "longest_wait_us": func.coalesce(func.max(case((waited, wait))), 0, type_=BigInteger()),
        "longest_waiting_us": func.coalesce(func.max(case((waiting, so_far))), 0, type_=BigInteger()),
    }
    return counts, sums


def _contact_at(attribution: Attribution) -> ColumnElement[Any]:
    of = contacts.c
    return {
        Attribution.ARRIVAL: of.arrived_at,
        Attribution.ANSWER: first_of(of.answered_at, of.ended_at),
        Attribution.END: of.ended_at,
    }[attribution]


def _of_calls(question: Question, agents: frozenset[str] | None) -> list[Condition]:
    """Choose citizens' calls, those of the range and of what was asked for."""
    of = contacts.c
    where = [
        of.channel == CALL,
        of.direction == Direction.IN,
        # A contact is answered and ends after it arrives: so the index on the arrival serves all attributions.
        of.arrived_at < literal(question.until, Instant),
        *_within(_contact_at(question.attribution), question),
    ]
    if question.tenant:
        where.append(of.tenant == harmless(question.tenant))
    if question.did:
        where.append(of.did == harmless(question.did))
    if agents is not None:
        where.append(of.agent.in_(sorted(agents)))
    return where


def _contact_keys() -> dict[By, ColumnElement[Any]]:
    of = contacts.c
    newest = (
        select(case_links.c.case_no)
        .where(case_links.c.contact == of.contact)
        .order_by(case_links.c.linked_at.desc(), case_links.c.case_no.desc())
        .limit(1)
        .correlate(contacts)
        .scalar_subquery()
    )

    def of_case(column: ColumnElement[Any]) -> ColumnElement[Any]:
        its = select(column).where(case_links.c.contact == of.contact, case_links.c.case_no == newest)
        return func.coalesce(its.correlate(contacts).scalar_subquery(), "")

    return {
        By.TENANT: of.tenant,
        By.DID: of.did,
        By.AGENT: func.coalesce(of.agent, ""),
        By.TEAM: func.coalesce(of.agent, ""),
        By.CATEGORY: of_case(case_links.c.category),
        By.AREA: of_case(case_links.c.area),
    }


def _contacts(question: Question, now: datetime, agents: frozenset[str] | None) -> Source:
    of = contacts.c
    outcome = func.coalesce(of.outcome, NONE)
    answered = or_(outcome == ContactOutcome.ANSWERED, and_(outcome == NONE, of.answered_at.is_not(None)))
    in_ivr = and_(outcome == NONE, of.answered_at.is_(None), of.queued_at.is_(None), of.visits == 0)
    counts, sums = _ledger(
        question,
        now,
        outcome=outcome,
        answered=answered,
        in_ivr=in_ivr,
        waited_from=case((answered, first_of(of.queued_at, of.arrived_at)), else_=of.queued_at),
        waited_until=first_of(of.answered_at, of.ended_at),
    )
    counts["transferred"] = and_(answered, of.transferred)
    if question.repeat_s:
        counts["repeats"] = and_(answered, _again(question.repeat_s))
    sums["to_human_us"] = total(micros(of.arrived_at, of.answered_at), answered)
    where = _of_calls(question, agents)
    return Source(contacts, of.contact, _contact_at(question.attribution), where, _contact_keys(), counts, sums)


def _again(within_s: float) -> Condition:
    """The same number had reached us before, not longer ago than that; withheld numbers never repeat."""
    of, before = contacts.c, contacts.alias("before")
    earlier = exists().where(
        before.c.number == of.number,
        before.c.arrived_at < of.arrived_at,
        before.c.direction == Direction.IN,
        before.c.channel == CALL,
        micros(before.c.arrived_at, of.arrived_at) <= _us(within_s),
    )
    return and_(func.lower(of.number).not_in(sorted(WITHHELD)), earlier)


def _visits(question: Question, now: datetime) -> Source:
    of = visits.c
    outcome = func.coalesce(of.outcome, NONE)
    answered = outcome == ContactOutcome.ANSWERED
    counts, sums = _ledger(
        question,
        now,
        outcome=outcome,
        answered=answered,
        in_ivr=literal(False),
        waited_from=of.asked_at,
        waited_until=of.left_at,
    )
    counts["transferred"] = and_(answered, exists().where(_of_visit(), legs.c.transferred_to != ""))
    sums["to_human_us"] = total(micros(contacts.c.arrived_at, of.left_at), answered)
    rows = visits.join(contacts, contacts.c.contact == of.contact)
    return Source(rows, of.contact, _visit_at(question.attribution), _of_visits(question), _VISIT_KEYS, counts, sums)


_VISIT_KEYS = {By.QUEUE: visits.c.queue, By.TENANT: visits.c.tenant}


def _visit_at(attribution: Attribution) -> ColumnElement[Any]:
    return {
        Attribution.ARRIVAL: visits.c.asked_at,
        Attribution.ANSWER: visits.c.left_at,
        Attribution.END: contacts.c.ended_at,
    }[attribution]


def _of_visits(question: Question) -> list[Condition]:
    of = visits.c
    where = [
        contacts.c.direction == Direction.IN,
        of.asked_at < literal(question.until, Instant),
        *_within(_visit_at(question.attribution), question),
    ]
    if question.queue:
        where.append(of.queue == harmless(question.queue))
    if question.tenant:
        where.append(of.tenant == harmless(question.tenant))
    return where


def _talk() -> dict[str, ColumnElement[Any]]:
    """Return what talks sum to: hold is not talk, and what goes on is not counted yet."""
    of = legs.c
    over = and_(of.answered_at.is_not(None), of.ended_at.is_not(None), of.agent.is_not(None))
    hold = cast(func.round(of.hold_s * 1_000_000.0), BigInteger)
    talk = micros(of.answered_at, of.ended_at) - hold
    wrap_up = cast(func.round(func.coalesce(of.wrap_up_s, 0.0, type_=Double()) * 1_000_000.0), BigInteger)
    return {
        "talk_us": total(case((talk > 0, talk), else_=0), over),
        "hold_us": total(hold, over),
        "wrap_up_us": total(wrap_up, over),
    }


def _offered_counts() -> dict[str, Condition]:
    of = legs.c
    offer = and_(of.role == LegKind.AGENT, of.agent.is_not(None))
    return {"offers": offer, "rona": and_(offer, of.end == LegEnd.NO_ANSWER)}


def _legs_of_contacts(question: Question, agents: frozenset[str] | None) -> Source:
    rows = contacts.join(legs, legs.c.contact == contacts.c.contact)
    where = _of_calls(question, agents)
    at = _contact_at(question.attribution)
    return Source(rows, contacts.c.contact, at, where, _contact_keys(), _offered_counts(), _talk())


def _of_visit() -> Condition:
    """A leg is of the visit during which it was offered: the last one at its queue to have begun."""
    again = visits.alias("again")
    newest = (
        select(func.max(again.c.n))
        .where(again.c.contact == legs.c.contact, again.c.queue == legs.c.queue, again.c.asked_at <= legs.c.offered_at)
        .correlate(legs)
        .scalar_subquery()
    )
    return and_(legs.c.contact == visits.c.contact, legs.c.queue == visits.c.queue, visits.c.n == newest)


def _legs_of_visits(question: Question) -> Source:
    of = visits.c
    rows = visits.join(contacts, contacts.c.contact == of.contact).join(legs, _of_visit())
    at = _visit_at(question.attribution)
    return Source(rows, of.contact, at, _of_visits(question), _VISIT_KEYS, _offered_counts(), _talk())


def _offers(question: Question, agents: frozenset[str] | None) -> Source:
    """Offers made to agents, by the instant of each."""
    of = legs.c
    at = {
        Attribution.ARRIVAL: of.offered_at,
        Attribution.ANSWER: first_of(of.answered_at, of.ended_at),
        Attribution.END: of.ended_at,
    }[question.attribution]
    where = [of.agent.is_not(None), of.offered_at < literal(question.until, Instant), *_within(at, question)]
    if agents is not None:
        where.append(of.agent.in_(sorted(agents)))
    counts = _offered_counts() | {"talks": of.answered_at.is_not(None)}
    counts["transferred"] = and_(of.answered_at.is_not(None), of.transferred_to != "")
    return Source(legs, of.contact, at, where, {By.AGENT: of.agent, By.TEAM: of.agent}, counts, _talk())


_SURVEY_COUNTS: dict[str, Condition] = {
    "survey_asked": true(),
    "survey_answered": surveys.c.satisfied.is_not(None),
    "survey_satisfied": surveys.c.satisfied,
}


def _surveys_of_agents(question: Question, agents: frozenset[str] | None) -> Source:
    of = surveys.c
    where = [of.question == QUESTION, of.agent.is_not(None), *_within(of.asked_at, question)]
    if agents is not None:
        where.append(of.agent.in_(sorted(agents)))
    return Source(surveys, of.contact, of.asked_at, where, {By.AGENT: of.agent, By.TEAM: of.agent}, _SURVEY_COUNTS, {})


def _surveys_of_contacts(question: Question, agents: frozenset[str] | None) -> Source:
    """Questions put, by the instant of each; of a queue those about talks that came from it."""
    of = surveys.c
    where = [of.question == QUESTION, *_within(of.asked_at, question)]
    rows = surveys.join(contacts, contacts.c.contact == of.contact)
    keys = dict(_contact_keys())
    if question.visits:
        where.append(of.queue.is_not(None))
        keys[By.QUEUE] = of.queue
        if question.queue:
            where.append(of.queue == harmless(question.queue))
    if question.tenant:
        where.append(contacts.c.tenant == harmless(question.tenant))
    if question.did:
        where.append(contacts.c.did == harmless(question.did))
    if agents is not None:
        where.append(of.agent.in_(sorted(agents)))
    return Source(rows, of.contact, of.asked_at, where, keys, _SURVEY_COUNTS, {})
