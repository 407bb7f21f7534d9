"""What agents are to do, and what they did: plans, states, and adherence over both."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

import msgspec
from sqlalchemy import Select, delete, func, insert, literal, or_, select, text, union
from sqlalchemy.ext.asyncio import AsyncConnection

from agents.adherence import Actual, Adherence, adherence
from agents.schedule import LONGEST, REASONS, Activity, DayPlan, Overlaps, Planned, PlanRecord, checked
from center.ports import Clock
from messages.errors import Invalid
from messages.ids import AgentId, UserId
from messages.values import AgentState
from storage.columns import Instant, harmless, to_row
from storage.database import Database, asking
from storage.tables import agent_states, schedules

plans = schedules.c
states = agent_states.c


class Schedules:
    """The plans of all agents. A stretch belongs to the day it begins in. Every method raises Unavailable.

    `reasons`: what a reason of not_ready stands for.
    """

    def __init__(self, database: Database, clock: Clock, reasons: Mapping[str, Activity] = REASONS) -> None:
        self._database = database
        self._clock = clock
        self._reasons = reasons

    def __repr__(self) -> str:
        return f"<Schedules in {self._database.url}>"

    async def plan(self, agent: AgentId, since: datetime, until: datetime) -> Sequence[PlanRecord]:
        """Return what begins in [since, until), in order."""
        async with asking(self._database.looking()) as connection:
            return await _kept(connection, agent, since, until)

    async def replace(self, days: Iterable[DayPlan], by: UserId) -> None:
        """Put plans in the place of what begins in their ranges, all of them or none; what stays as it was keeps who
        planned it. Raises Invalid for a plan that is wrong in itself, Overlaps for one that runs into another day's.
        """
        of_agent: dict[AgentId, list[DayPlan]] = defaultdict(list)
        for day in days:
            of_agent[AgentId(harmless(day.agent))].append(_checked(day))
        for its_days in of_agent.values():
            its_days.sort(key=lambda day: day.since)
            for day, following in pairwise(its_days):
                if following.since < day.until:
                    raise Invalid(f"agent {day.agent}: two plans for {following.since}")
        async with asking(self._database.writing()) as connection:
            if self._database.kind == "postgresql":
                # Two writers could each find room where together they overlap; readers go on.
                await connection.execute(text("LOCK TABLE schedules IN SHARE ROW EXCLUSIVE MODE"))
            for agent, its_days in of_agent.items():
                await self._replace(connection, agent, its_days, by)

    async def _replace(self, connection: AsyncConnection, agent: AgentId, days: list[DayPlan], by: UserId) -> None:
        kept = await _kept(connection, agent, days[0].since - LONGEST, days[-1].until + LONGEST)
        old = {Planned(one.begin, one.end, one.activity): one for one in kept}
        new = {one for day in days for one in day.planned}
        stays = {one for one in old if not any(day.since <= one.begin < day.until for day in days)}
        for one, following in pairwise(sorted(new | stays, key=lambda one: (one.begin, one in new))):
            if following.begin < one.end:
                raise Overlaps(agent, *((following, one) if following in new else (one, following)))
        gone = [one.begin for one in old if one not in new and one not in stays]
        if gone:
            await connection.execute(delete(schedules).where(plans.agent == agent, plans.begin.in_(gone)))
        at = self._clock()
        rows = [
            to_row(
                PlanRecord(
                    agent=agent, begin=one.begin, end=one.end, activity=one.activity, planned_by=by, planned_at=at
                )
            )
            for one in sorted(new - old.keys(), key=lambda one: one.begin)
        ]
        if rows:
            await connection.execute(insert(schedules), rows)

    async def agents(self, since: datetime, until: datetime) -> frozenset[AgentId]:
        """Return who has a plan or began a state in a range."""
        planned = select(plans.agent).where(plans.begin > since - LONGEST, plans.begin < until, plans.end > since)
        there = select(states.agent).where(states.started_at >= since, states.started_at < until)
        async with asking(self._database.looking()) as connection:
            return frozenset((await connection.execute(union(planned, there))).scalars())

    async def states(self, agent: AgentId, since: datetime, until: datetime) -> Sequence[Actual]:
        """Return the states that reach into a range, whole, the one begun before it included."""
        async with asking(self._database.looking()) as connection:
            return await _states(connection, agent, since, until)

    async def adherence(self, agent: AgentId, since: datetime, until: datetime) -> Adherence:
        """Return how well an agent kept to the plan in [since, until); `until` is not to be in the future.

        Raises Invalid where what is kept contradicts itself.
        """
        async with asking(self._database.reading()) as connection:
            planned = await _kept(connection, agent, since - 2 * LONGEST, until + LONGEST)
            actual = await _states(connection, agent, *_whole_shifts(planned, since, until))
        plan = [Planned(one.begin, one.end, one.activity) for one in planned]
        return adherence(plan, actual, since, until, self._reasons)


def _checked(day: DayPlan) -> DayPlan:
    """Return a plan in order. Raises Invalid where it is wrong in itself or begins outside of its range."""
    planned = checked(day.planned)
    for one in planned:
        if not day.since <= one.begin < day.until:
            raise Invalid(f"{one.activity} from {one.begin} does not begin between {day.since} and {day.until}")
    return msgspec.structs.replace(day, planned=planned)


def _whole_shifts(planned: Sequence[PlanRecord], since: datetime, until: datetime) -> tuple[datetime, datetime]:
    """Return a range widened by the shifts that reach over its ends: they are judged whole."""
    asked = [one for one in planned if one.activity is not Activity.OFF]
    for one in reversed(asked):
        if one.begin < since <= one.end:
            since = one.begin
    for one in asked:
        if one.begin <= until < one.end:
            until = one.end
    return since, until


async def _kept(connection: AsyncConnection, agent: AgentId, since: datetime, until: datetime) -> list[PlanRecord]:
    query = (
        select(schedules)
        .where(plans.agent == harmless(agent), plans.begin >= since, plans.begin < until)
        .order_by(plans.begin)
    )
    return [
        msgspec.convert({str(name): value for name, value in row._mapping.items()}, PlanRecord)
        for row in await connection.execute(query)
    ]


async def _states(connection: AsyncConnection, agent: AgentId, since: datetime, until: datetime) -> list[Actual]:
    found = await connection.execute(_overlapping(agent, since, until))
    return [Actual(begin, end, AgentState(state), reason) for begin, end, state, reason in found]


def _overlapping(agent: AgentId, since: datetime, until: datetime) -> Select[Any]:
    """Choose an agent's states in a range.

    Of those begun before it only the last can reach into it: a state ends where the next one begins, even if a crash
    left it open. So the index on the begin serves, however long the past.
    """
    its = states.agent == harmless(agent)
    lasts = or_(states.ended_at.is_(None), states.ended_at > states.started_at)
    before = select(func.max(states.started_at, type_=Instant())).where(its, states.started_at <= since, lasts)
    return (
        select(states.started_at, states.ended_at, states.state, states.reason)
        .where(its, states.started_at < until, lasts, or_(states.ended_at.is_(None), states.ended_at > since))
        .where(states.started_at >= func.coalesce(before.scalar_subquery(), literal(since, Instant), type_=Instant()))
        .order_by(states.started_at, states.epoch, states.seq)
    )
