"""What is counted, from which rows: one condition a figure, so that a count and the contacts behind it cannot differ.

A source is read in two steps: its rows with what is reckoned of each (interval, group, wait), once; then the figures
that are a number of rows (`counts`) and those that are a sum (`sums`), which are plain comparisons.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
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
from metrics.intervals import Slices
from metrics.question import Attribution, By, Question
from storage.columns import Instant, harmless
from storage.queries import WITHHELD
from storage.reports.sql import cell, count, first_of, longest, micros, total
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
    """Rows that figures are counted from: their contact, their mesh of the grid, the name of their group."""

    rows: CTE
    counts: Mapping[str, Condition]
    sums: Mapping[str, ColumnElement[Any]]

    def counted(self) -> Select[Any]:
        """Return every count and every sum by mesh and name."""
        of = self.rows.c
        measures = [count(condition).label(name) for name, condition in self.counts.items()]
        measures += [value.label(name) for name, value in self.sums.items()]
        return select(of.cell, of.name, *measures).group_by(of.cell, of.name)

    def behind(self, figure: str) -> Select[Any]:
        """Return the contacts that a count is of."""
        of = self.rows.c
        return select(of.contact).where(self.counts[figure]).distinct().order_by(of.contact)


class Frame(NamedTuple):
    """What a report is asked, the grid it is counted on, now, and whose figures it is about (None: everybody's)."""

    question: Question
    slices: Slices
    now: datetime
    agents: frozenset[str] | None

    def rows(
        self,
        contact: ColumnElement[Any],
        at: ColumnElement[Any],
        keys: Mapping[By, ColumnElement[Any]],
        where: list[Condition],
        *values: ColumnElement[Any],
        of: FromClause,
    ) -> CTE:
        """Choose the rows of the range, with what is reckoned of each."""
        by = self.question.by
        name = keys[by] if by is not By.ALL else literal("")
        mesh = cell(at, self.slices.base, self.slices.mesh)
        query = select(contact.label("contact"), mesh.label("cell"), name.label("name"), *values).select_from(of)
        # Materialised: SQLite would otherwise reckon each value again wherever it is used.
        return query.where(*where, *_within(at, self.question)).cte().prefix_with("MATERIALIZED")

    def only(self, agent: ColumnElement[Any]) -> list[Condition]:
        """Choose those whose figures are asked for."""
        return [] if self.agents is None else [agent.in_(sorted(self.agents))]


def sources(frame: Frame) -> list[Source]:
    """Return what a question is answered from."""
    question = frame.question
    if question.agents_only:
        return [_offers(frame), _surveys_of_agents(frame)]
    if question.visits:
        return [_visits(frame), _legs_of_visits(frame), _surveys_of_contacts(frame)]
    return [_contacts(frame), _legs_of_contacts(frame), _surveys_of_contacts(frame)]


def _within(at: ColumnElement[Any], question: Question) -> list[Condition]:
    return [at >= literal(question.since, Instant), at < literal(question.until, Instant)]


def _us(seconds: float) -> int:
    return round(seconds * 1e6)


def _ledger(of: Any, question: Question) -> tuple[dict[str, Condition], dict[str, ColumnElement[Any]]]:
    """Return the figures that contacts and visits share: each row is exactly one of the outcomes.

    The rows have `outcome` (none: NONE), `answered`, `in_ivr`, `wait` and `so_far` (µs, null where there is none).
    """
    is_ = {name: of.outcome == one for name, one in _OUTCOMES.items()}
    waiting = and_(of.outcome == NONE, not_(of.answered), not_(of.in_ivr))
    unserved = [ContactOutcome.BLOCKED, ContactOutcome.CLOSED, ContactOutcome.ENDED_IN_IVR]
    offered = and_(of.outcome.not_in(unserved), not_(of.in_ivr))
    waited = and_(offered, not_(waiting), of.wait.is_not(None))
    in_threshold = of.wait <= _us(question.threshold_s)
    counts = {
        "arrivals": true(),
        **is_,
        "still_in_ivr": of.in_ivr,
        "offered": offered,
        "answered": of.answered,
        "still_waiting": waiting,
        "answered_in": and_(of.answered, in_threshold),
        "abandoned_in": and_(is_["abandoned"], in_threshold),
        "short_abandoned": and_(is_["abandoned"], of.wait <= _us(question.short_s)),
        "transferred": and_(of.answered, of.transferred),
    }
    sums = {
        "waited": count(waited),
        "answer_wait_us": total(of.wait, of.answered),
        "wait_us": total(of.wait, waited),
        "to_human_us": total(of.to_human, of.answered),
        "longest_wait_us": longest(of.wait, waited),
        "longest_waiting_us": longest(of.so_far, waiting),
    }
    return counts, sums


def _contact_at(attribution: Attribution) -> ColumnElement[Any]:
    of = contacts.c
    return {
        Attribution.ARRIVAL: of.arrived_at,
        Attribution.ANSWER: first_of(of.answered_at, of.ended_at),
        Attribution.END: of.ended_at,
    }[attribution]


def _of_calls(frame: Frame) -> list[Condition]:
    """Choose citizens' calls, those of what was asked for."""
    of, question = contacts.c, frame.question
    where = [
        of.channel == CALL,
        of.direction == Direction.IN,
        # A contact is answered and ends after it arrives: so the index on the arrival serves all attributions.
        of.arrived_at < literal(question.until, Instant),
        *frame.only(of.agent),
    ]
    if question.tenant:
        where.append(of.tenant == harmless(question.tenant))
    if question.did:
        where.append(of.did == harmless(question.did))
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


def _contacts(frame: Frame) -> Source:
    of, question = contacts.c, frame.question
    outcome = func.coalesce(of.outcome, NONE)
    answered = or_(outcome == ContactOutcome.ANSWERED, and_(outcome == NONE, of.answered_at.is_not(None)))
    in_ivr = and_(outcome == NONE, of.answered_at.is_(None), of.queued_at.is_(None), of.visits == 0)
    waited_from = case((answered, first_of(of.queued_at, of.arrived_at)), else_=of.queued_at)
    rows = frame.rows(
        of.contact,
        _contact_at(question.attribution),
        _contact_keys(),
        _of_calls(frame),
        outcome.label("outcome"),
        answered.label("answered"),
        in_ivr.label("in_ivr"),
        of.transferred,
        micros(waited_from, first_of(of.answered_at, of.ended_at)).label("wait"),
        case((outcome == NONE, micros(waited_from, literal(frame.now, Instant)))).label("so_far"),
        micros(of.arrived_at, of.answered_at).label("to_human"),
        (_again(question.repeat_s) if question.counts_repeats else literal(False)).label("again"),
        of=contacts,
    )
    counts, sums = _ledger(rows.c, question)
    return Source(rows, counts | {"repeats": and_(rows.c.answered, rows.c.again)}, sums)


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


_VISIT_KEYS = {By.QUEUE: visits.c.queue, By.TENANT: visits.c.tenant}
_VISITS = visits.join(contacts, contacts.c.contact == visits.c.contact)


def _visits(frame: Frame) -> Source:
    of, question = visits.c, frame.question
    outcome = func.coalesce(of.outcome, NONE)
    answered = outcome == ContactOutcome.ANSWERED
    rows = frame.rows(
        of.contact,
        _visit_at(question.attribution),
        _VISIT_KEYS,
        _of_visits(question),
        outcome.label("outcome"),
        answered.label("answered"),
        literal(False).label("in_ivr"),
        and_(contacts.c.transferred, exists().where(_of_visit(), legs.c.transferred_to != "")).label("transferred"),
        micros(of.asked_at, of.left_at).label("wait"),
        case((outcome == NONE, micros(of.asked_at, literal(frame.now, Instant)))).label("so_far"),
        case((answered, micros(contacts.c.arrived_at, of.left_at))).label("to_human"),
        of=_VISITS,
    )
    return Source(rows, *_ledger(rows.c, question))


def _visit_at(attribution: Attribution) -> ColumnElement[Any]:
    return {
        Attribution.ARRIVAL: visits.c.asked_at,
        Attribution.ANSWER: visits.c.left_at,
        Attribution.END: contacts.c.ended_at,
    }[attribution]


def _of_visits(question: Question) -> list[Condition]:
    of = visits.c
    where = [contacts.c.direction == Direction.IN, of.asked_at < literal(question.until, Instant)]
    if question.queue:
        where.append(of.queue == harmless(question.queue))
    if question.tenant:
        where.append(of.tenant == harmless(question.tenant))
    return where


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


def _of_legs() -> list[ColumnElement[Any]]:
    """Return what is reckoned of a leg: hold is not talk, and what goes on is not counted yet."""
    of = legs.c
    over = and_(of.answered_at.is_not(None), of.ended_at.is_not(None), of.agent.is_not(None))
    hold = cast(func.round(of.hold_s * 1_000_000.0), BigInteger)
    offer = and_(of.role == LegKind.AGENT, of.agent.is_not(None))
    return [
        offer.label("offer"),
        and_(offer, func.coalesce(of.end, "") == LegEnd.NO_ANSWER).label("rang_in_vain"),
        of.answered_at.is_not(None).label("talked"),
        and_(of.answered_at.is_not(None), of.transferred_to != "").label("passed_on"),
        case((over, micros(of.answered_at, of.ended_at))).label("together"),
        case((over, hold)).label("hold"),
        case((over, cast(func.round(of.wrap_up_s * 1_000_000.0), BigInteger))).label("wrap_up"),
    ]


def _legs(rows: CTE, *, agents: bool = False) -> Source:
    of = rows.c
    counts: dict[str, Condition] = {"offers": of.offer, "rona": of.rang_in_vain}
    if agents:
        counts |= {"talks": of.talked, "transferred": of.passed_on}
    sums = {
        "talk_us": total(of.together - of.hold, of.together > of.hold),
        "hold_us": total(of.hold),
        "wrap_up_us": total(of.wrap_up),
    }
    return Source(rows, counts, sums)


def _legs_of_contacts(frame: Frame) -> Source:
    joined = contacts.join(legs, legs.c.contact == contacts.c.contact)
    at = _contact_at(frame.question.attribution)
    return _legs(frame.rows(contacts.c.contact, at, _contact_keys(), _of_calls(frame), *_of_legs(), of=joined))


def _legs_of_visits(frame: Frame) -> Source:
    at, where = _visit_at(frame.question.attribution), _of_visits(frame.question)
    joined = _VISITS.join(legs, _of_visit())
    return _legs(frame.rows(visits.c.contact, at, _VISIT_KEYS, where, *_of_legs(), of=joined))


def _offers(frame: Frame) -> Source:
    """Offers made to agents, by the instant of each."""
    of, question = legs.c, frame.question
    at = {
        Attribution.ARRIVAL: of.offered_at,
        Attribution.ANSWER: first_of(of.answered_at, of.ended_at),
        Attribution.END: of.ended_at,
    }[question.attribution]
    where = [of.agent.is_not(None), of.offered_at < literal(question.until, Instant), *frame.only(of.agent)]
    keys = {By.AGENT: of.agent, By.TEAM: of.agent}
    return _legs(frame.rows(of.contact, at, keys, where, *_of_legs(), of=legs), agents=True)


def _surveyed(rows: CTE) -> Source:
    said = rows.c.satisfied
    counts = {"survey_asked": true(), "survey_answered": said.is_not(None), "survey_satisfied": said.is_(True)}
    return Source(rows, counts, {})


def _surveys_of_agents(frame: Frame) -> Source:
    of = surveys.c
    where = [of.question == QUESTION, of.agent.is_not(None), *frame.only(of.agent)]
    keys = {By.AGENT: of.agent, By.TEAM: of.agent}
    return _surveyed(frame.rows(of.contact, of.asked_at, keys, where, of.satisfied, of=surveys))


def _surveys_of_contacts(frame: Frame) -> Source:
    """Questions put, by the instant of each; of a queue those about talks that came from it."""
    of, question = surveys.c, frame.question
    where, keys = [of.question == QUESTION, *frame.only(of.agent)], _contact_keys()
    if question.visits:
        where.append(of.queue.is_not(None))
        keys[By.QUEUE] = of.queue
        if question.queue:
            where.append(of.queue == harmless(question.queue))
    if question.tenant:
        where.append(contacts.c.tenant == harmless(question.tenant))
    if question.did:
        where.append(contacts.c.did == harmless(question.did))
    joined = surveys.join(contacts, contacts.c.contact == of.contact)
    return _surveyed(frame.rows(of.contact, of.asked_at, keys, where, of.satisfied, of=joined))
