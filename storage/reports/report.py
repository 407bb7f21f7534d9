"""Reports over REST and in the command: one question, one consistent reading of the database, rows of figures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from messages.errors import Invalid, NotFound
from metrics.counts import Counts
from metrics.figures import InState, agent_figures, contact_figures
from metrics.intervals import Slices
from metrics.question import By, Directory, Question
from storage.columns import harmless
from storage.database import Database, asking
from storage.reports.sources import Source, sources
from storage.reports.sql import cell
from storage.reports.states import in_state
from storage.tables import contacts, legs, visits

MOST_IDS = 1_000_000
NOBODY = Directory()
_Key = tuple[int, str]


class Reports:
    """Figures of what is kept. Every method raises Unavailable where the database is away."""

    def __init__(self, database: Database, clock: Callable[[], datetime], directory: Directory = NOBODY) -> None:
        self._database = database
        self._clock = clock
        self._directory = directory

    def __repr__(self) -> str:
        return f"<Reports of {self._database.url}>"

    async def rows(self, question: Question) -> list[dict[str, Any]]:
        """Return a report's rows. Raises Invalid, and NotFound for a queue, tenant, team or agent there never was."""
        slices, now = question.slices, self._clock()
        async with asking(self._database.reading()) as connection:
            await self._check(connection, question)
            agents = self._agents(question)
            counted: dict[_Key, dict[str, int]] = defaultdict(lambda: defaultdict(int))
            for source in sources(question, now, agents):
                for key, row in await _counted(connection, source, question, slices, self._directory):
                    _add(counted[key], row)
            states = await self._states(connection, question, slices, now, agents)
        keys = set(counted) | (set(states) if question.agents_only else set())
        if question.by is By.ALL:
            keys |= {(n, "") for n in range(len(slices))}
        return [self._row(question, slices, key, Counts(**counted.get(key, {})), states) for key in sorted(keys)]

    async def ids(self, question: Question, figure: str) -> list[str]:
        """Return the contacts that a figure counts, in order. Raises Invalid for what is no count, NotFound."""
        async with asking(self._database.reading()) as connection:
            await self._check(connection, question)
            known: set[str] = set()
            for source in sources(question, self._clock(), self._agents(question)):
                known |= set(source.counts)
                if (condition := source.counts.get(figure)) is not None:
                    query = select(source.contact).select_from(source.rows).where(*source.where, condition.self_group())
                    found = await connection.execute(query.distinct().order_by(source.contact).limit(MOST_IDS))
                    return [str(contact) for contact in found.scalars()]
        raise Invalid(f"ids: {figure!r} is no count of contacts; give one of {', '.join(sorted(known))}")

    async def _check(self, connection: AsyncConnection, question: Question) -> None:
        """Raise NotFound for what neither the settings nor the past know."""
        known: Mapping[str, Any]
        for name, value, known, past in (
            ("queue", question.queue, dict.fromkeys(self._directory.queues), visits.c.queue),
            ("tenant", question.tenant, dict.fromkeys(self._directory.tenants), contacts.c.tenant),
            ("agent", question.agent, self._directory.agents, legs.c.agent),
        ):
            if value and value not in known:
                there = select(literal(1)).where(past == harmless(value)).limit(1)
                if (await connection.execute(there)).first() is None:
                    raise NotFound(f"no {name} {value!r}, neither in the settings nor in what is kept")

    def _agents(self, question: Question) -> frozenset[str] | None:
        """Return whose figures are asked for, None for everybody's."""
        found: frozenset[str] | None = None
        if question.agents_only and question.tenant:
            found = self._directory.of_tenant(question.tenant)
        for name, its in ((question.team, self._directory.of_team), (question.agent, lambda one: frozenset({one}))):
            if name:
                found = its(name) if found is None else found & its(name)
        return found

    async def _states(
        self,
        connection: AsyncConnection,
        question: Question,
        slices: Slices,
        now: datetime,
        agents: frozenset[str] | None,
    ) -> dict[_Key, InState]:
        """Return agents' time, by key of the rows that can have it: agents', and the whole hotline's."""
        of_hotline = question.by is By.ALL and not (
            question.visits or question.tenant or question.did or agents is not None
        )
        if not (question.agents_only or of_hotline):
            return {}
        summed: dict[_Key, InState] = {}
        for (n, agent), one in (await in_state(connection, slices, now, agents)).items():
            key = n, _team_or_agent(question.by, agent, self._directory)
            summed[key] = summed[key] + one if key in summed else one
        return summed

    def _row(
        self, question: Question, slices: Slices, key: _Key, counts: Counts, states: dict[_Key, InState]
    ) -> dict[str, Any]:
        n, name = key
        since, until = slices.interval(n)
        head: dict[str, Any] = {"from": since, "to": until}
        if question.by is not By.ALL:
            head[question.by] = name
        elif question.queue:
            head["queue"] = question.queue
        elif question.agent:
            head["agent"] = question.agent
        if question.agents_only:
            return head | agent_figures(counts, states.get(key, InState()))
        return head | contact_figures(counts, question.variant, states.get(key), repeats=question.counts_repeats)


def _team_or_agent(by: By, name: str, directory: Directory) -> str:
    if by is By.TEAM:
        return directory.agents.get(name, ("", ""))[0]
    return name if by is By.AGENT else ""


async def _counted(
    connection: AsyncConnection, source: Source, question: Question, slices: Slices, directory: Directory
) -> list[tuple[_Key, dict[str, int]]]:
    mesh = cell(source.at, slices.base, slices.mesh).label("cell")
    name = source.keys[question.by].label("name") if question.by is not By.ALL else literal("").label("name")
    query = select(mesh, name, *source.measures()).select_from(source.rows).where(*source.where)
    found: list[tuple[_Key, dict[str, int]]] = []
    for row in await connection.execute(query.group_by("cell", "name")):
        values = dict(row._mapping)
        n, group = slices.of_cell(values.pop("cell")), values.pop("name") or ""
        if question.by is By.TEAM:
            group = _team_or_agent(By.TEAM, group, directory)
        found.append(((n, group), {str(one): int(value or 0) for one, value in values.items()}))
    return found


def _add(to: dict[str, int], row: dict[str, int]) -> None:
    for name, value in row.items():
        to[name] = max(to[name], value) if name.startswith("longest") else to[name] + value
