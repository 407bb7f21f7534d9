"""Reports: figures of a period with the definitions they were counted by."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from api.rest.bodies import check_offset
from api.rest.endpoint import Answer, Asked
from messages.errors import Forbidden, Unavailable
from messages.localtime import SHANGHAI, span, zone
from metrics.definitions import definitions
from metrics.question import Attribution, By, Question, duration_s
from metrics.service_level import Variant

DEFINITIONS = {
    "asked": "citizens who were asked after the talk how satisfied they were, by when they were asked",
    "answered": "those who pressed a key that means something; silence is none",
    "satisfied": "those whose key says satisfied",
    "service_satisfaction": "satisfied / answered; silence is never satisfied; not the revisit's satisfaction",
    "response_rate": "answered / asked",
}


class SatisfactionQuery(msgspec.Struct, frozen=True, kw_only=True):
    """[from, to): instants with their offset; everything where left out."""

    since: datetime | None = msgspec.field(name="from", default=None)
    until: datetime | None = msgspec.field(name="to", default=None)
    by: Literal["all", "queue", "agent"] = "all"


class SatisfactionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One queue's or agent's; `name` is empty for all together. Unknown is null."""

    name: str
    asked: int
    answered: int
    satisfied: int
    service_satisfaction: float | None
    response_rate: float | None


class SatisfactionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The rows and what each figure means."""

    definitions: Annotated[dict[str, str], msgspec.Meta(description="what each figure means")]
    rows: list[SatisfactionRow]


async def get_satisfaction(asked: Asked) -> Answer:
    """Return service satisfaction with its response rate, for all, by queue or by agent."""
    query: SatisfactionQuery = asked.query
    check_offset(since=query.since, until=query.until)
    found = await asked.services.history.satisfaction(query.by, query.since, query.until, asked.principal.tenant)
    rows = [
        SatisfactionRow(
            name=name,
            asked=one.asked,
            answered=one.answered,
            satisfied=one.satisfied,
            service_satisfaction=one.rate,
            response_rate=one.response_rate,
        )
        for name, one in found.items()
    ]
    return Answer(SatisfactionAnswer(definitions=DEFINITIONS, rows=rows))


class ReportQuery(msgspec.Struct, frozen=True, kw_only=True):
    """As `hotline report` is asked: [from, to) are days or times in `tz`, or instants with their offset.

    `threshold` and `short` in seconds, `repeat` such as 7d; `ids`: the contacts behind that figure instead of rows.
    """

    since: str = msgspec.field(name="from")
    until: str = msgspec.field(name="to")
    interval: str | None = None
    tz: str = SHANGHAI
    threshold: float = 15.0
    short: float = 5.0
    variant: Variant = Variant.OFFERED
    attribution: Attribution = Attribution.ARRIVAL
    by: By | None = None
    repeat: str = "0"
    queue: str = ""
    tenant: str = ""
    did: str = ""
    agent: str = ""
    team: str = ""
    ids: str = ""


class ReportAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What each figure means, and the rows; with `ids` the contacts behind one figure. Unknown is null."""

    definitions: Annotated[dict[str, str], msgspec.Meta(description="what each figure means, as counted here")]
    rows: list[dict[str, Any]] | msgspec.UnsetType = msgspec.UNSET
    figure: str | msgspec.UnsetType = msgspec.UNSET
    contacts: list[str] | msgspec.UnsetType = msgspec.UNSET


async def get_intervals(asked: Asked) -> Answer:
    """Return the hotline's figures by interval, half hours where none is named; each contact counts once."""
    return await _report(asked, "30m", By.ALL)


async def get_queues(asked: Asked) -> Answer:
    """Return each queue's figures: every stay of a call at it."""
    return await _report(asked, "", By.QUEUE)


async def get_agents(asked: Asked) -> Answer:
    """Return each agent's figures: offers made to them, and their time in each state, cut at the boundaries."""
    return await _report(asked, "", By.AGENT, agents_only=True)


async def _report(asked: Asked, interval: str, by: By, *, agents_only: bool = False) -> Answer:
    query: ReportQuery = asked.query
    reports, tenant = asked.services.reports, asked.principal.tenant
    if reports is None:
        raise Unavailable("there is no database to report from")
    if tenant and query.tenant not in ("", tenant):
        raise Forbidden("that line is another tenant's")
    since, until = span(query.since, query.until, zone(query.tz))
    question = Question(
        since=since,
        until=until,
        interval=interval if query.interval is None else query.interval,
        tz=query.tz,
        by=query.by or by,
        agents_only=agents_only,
        threshold_s=query.threshold,
        short_s=query.short,
        variant=query.variant,
        attribution=query.attribution,
        repeat_s=duration_s(query.repeat, "repeat"),
        queue=query.queue,
        tenant=tenant or query.tenant,
        did=query.did,
        agent=query.agent,
        team=query.team,
    )
    meaning = definitions(question)
    if query.ids:
        found = await reports.ids(question, query.ids)
        return Answer(ReportAnswer(definitions=meaning, figure=query.ids, contacts=found))
    return Answer(ReportAnswer(definitions=meaning, rows=await reports.rows(question)))
