"""Schedules and adherence: what agents are to do, and how well they keep to it."""

from __future__ import annotations

import datetime as dt
from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from agents.adherence import Adherence, Kind
from agents.schedule import Activity, DayPlan, Planned
from api.ports import Schedules
from api.rest.endpoint import Answer, Asked
from api.rights import WATCHERS
from messages.errors import Forbidden, Invalid, NotFound, Unavailable
from messages.ids import AgentId
from messages.localtime import SHANGHAI, day_of, span, zone

LONGEST = timedelta(days=62)
"""What may be asked for at once."""

Zone = Annotated[str, msgspec.Meta(max_length=64)]
End = Annotated[str, msgspec.Meta(max_length=40)]


class DayQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A local day; `tz` is an IANA name."""

    day: dt.date
    tz: Zone = SHANGHAI


class RangeQuery(msgspec.Struct, frozen=True, kw_only=True):
    """[from, to): each a local day (its begin), a local time, or an instant with its offset."""

    since: End = msgspec.field(name="from")
    until: End = msgspec.field(name="to")
    tz: Zone = SHANGHAI


class StretchBody(msgspec.Struct, frozen=True, kw_only=True):
    """What is planned from an instant to another one, both with their offset from UTC."""

    begin: datetime
    end: datetime
    activity: Activity


class ScheduleBody(msgspec.Struct, frozen=True, kw_only=True):
    """The whole plan of the day: each stretch begins in it, the last may end on the next; none empties it."""

    items: Annotated[list[StretchBody], msgspec.Meta(max_length=200)]


class StretchView(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a plan, who planned it and when."""

    begin: datetime
    end: datetime
    activity: Activity
    planned_by: str
    planned_at: datetime


class ScheduleAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What begins on a local day, which is [since, until)."""

    agent: str
    day: dt.date
    tz: str
    since: datetime
    until: datetime
    items: list[StretchView]


class AdherenceView(msgspec.Struct, frozen=True, kw_only=True):
    """How well a plan was kept. Seconds; `adherent_s` + `out_s` = `planned_s`.

    `rate`: adherent ÷ planned; `conformance`: worked ÷ working, planned as work; null where nothing was planned.
    `beyond_s`: logged in while off or without a plan.
    """

    agent: str
    planned_s: float
    adherent_s: float
    out_s: float
    out: dict[Kind, float]
    rate: float | None
    working_s: float
    worked_s: float
    conformance: float | None
    beyond_s: float


class AdherenceAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Adherence in [since, until), cut at the present."""

    tz: str
    since: datetime
    until: datetime
    items: list[AdherenceView]


def adherence_view(agent: str, found: Adherence) -> AdherenceView:
    """Return adherence as it is shown."""
    return AdherenceView(
        agent=agent,
        planned_s=found.planned.total_seconds(),
        adherent_s=found.adherent.total_seconds(),
        out_s=(found.planned - found.adherent).total_seconds(),
        out={kind: length.total_seconds() for kind, length in found.out.items()},
        rate=found.rate,
        working_s=found.working.total_seconds(),
        worked_s=found.worked.total_seconds(),
        conformance=found.conformance,
        beyond_s=found.beyond.total_seconds(),
    )


async def get_schedule(asked: Asked) -> Answer:
    """Return an agent's plan of a local day; one's own, or anybody's for those who watch."""
    return Answer(await _schedule(asked, _agent(asked)))


async def put_schedule(asked: Asked) -> Answer:
    """Replace an agent's plan of a local day; the same again changes nothing."""
    query: DayQuery = asked.query
    body: ScheduleBody = asked.body
    agent = _agent(asked)
    since, until = day_of(query.day, zone(query.tz))
    planned = tuple(Planned(one.begin, one.end, one.activity) for one in body.items)
    plan = DayPlan(agent=agent, since=since, until=until, planned=planned)
    await _schedules(asked).replace([plan], asked.principal.user)
    return Answer(await _schedule(asked, agent))


async def get_adherence(asked: Asked) -> Answer:
    """Return an agent's adherence in a range; one's own, or anybody's for those who watch."""
    query: RangeQuery = asked.query
    agent = _agent(asked)
    since, until = span(query.since, query.until, zone(query.tz))
    if until - since > LONGEST:
        raise Invalid(f"to: ask for at most {LONGEST.days} days")
    return Answer(await _adherence(asked, query.tz, since, until, [agent]))


async def list_adherence(asked: Asked) -> Answer:
    """Return the adherence of everybody there is, or who had a plan or was there, on a local day."""
    query: DayQuery = asked.query
    since, until = day_of(query.day, zone(query.tz))
    known, scope = asked.services.mirror.state.roster.by_id, asked.services.scope
    agents = {agent.id for agent in known.values() if scope.has_agent(asked.principal, agent)}
    if not asked.principal.tenant:  # whose those are who are no longer in the settings, nobody knows
        agents |= await _schedules(asked).agents(since, until)
    return Answer(await _adherence(asked, query.tz, since, until, sorted(agents)))


async def _adherence(asked: Asked, tz: str, since: datetime, until: datetime, agents: list[AgentId]) -> AdherenceAnswer:
    until = max(since, min(until, asked.services.clock()))
    schedules = _schedules(asked)
    items = [adherence_view(agent, await schedules.adherence(agent, since, until)) for agent in agents]
    return AdherenceAnswer(tz=tz, since=since, until=until, items=items)


async def _schedule(asked: Asked, agent: AgentId) -> ScheduleAnswer:
    query: DayQuery = asked.query
    since, until = day_of(query.day, zone(query.tz))
    items = [
        StretchView(
            begin=one.begin,
            end=one.end,
            activity=one.activity,
            planned_by=one.planned_by,
            planned_at=one.planned_at,
        )
        for one in await _schedules(asked).plan(agent, since, until)
    ]
    return ScheduleAnswer(agent=agent, day=query.day, tz=query.tz, since=since, until=until, items=items)


def _schedules(asked: Asked) -> Schedules:
    if asked.services.schedules is None:
        raise Unavailable("no schedules are kept here")
    return asked.services.schedules


def _agent(asked: Asked) -> AgentId:
    """Return the agent it is about. Raises NotFound, Forbidden for another one's where one may see only one's own."""
    named = asked.path["agent"]
    if named == "me" and asked.principal.agent is None:
        raise NotFound("you have no seat")
    name = asked.principal.agent if named == "me" and asked.principal.agent else AgentId(named)
    if asked.roles.isdisjoint(WATCHERS) and name != asked.principal.agent:
        raise Forbidden("agents see their own schedule and adherence only")
    agent = asked.services.mirror.state.roster.get(name)
    if not asked.services.scope.has_agent(asked.principal, agent):
        raise NotFound(f"no agent {name}")
    return agent.id
