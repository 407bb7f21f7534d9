"""Reports over REST and in the command: one question, one consistent reading of the database, rows of figures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from messages.errors import Invalid, NotFound
from metrics import office
from metrics.counts import Counts, Rolling, share
from metrics.figures import InState, agent_figures, contact_figures
from metrics.intervals import Slices
from metrics.office import WEIGHTS
from metrics.question import By, Directory, Question
from metrics.service_level import service_level
from storage.columns import harmless
from storage.database import Database, asking
from storage.reports import office as reading
from storage.reports.sources import Frame, sources
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
            frame = Frame(question, slices, now, self._agents(question))
            counted: dict[_Key, dict[str, int]] = defaultdict(lambda: defaultdict(int))
            for source in sources(frame):
                for row in await connection.execute(source.counted()):
                    values = dict(row._mapping)
                    key = slices.of_cell(values.pop("cell")), self._group(question.by, values.pop("name") or "")
                    _add(counted[key], values)
            states = await self._states(connection, frame)
        keys = set(counted) | (set(states) if question.agents_only else set())
        if question.by is By.ALL:
            keys |= {(n, "") for n in range(len(slices))}
        return [self._row(question, slices, key, Counts(**counted.get(key, {})), states) for key in sorted(keys)]

    async def rolling(self, since: datetime, until: datetime) -> dict[str, Rolling]:
        """Return the rates of a window by queue, and of the whole hotline under the empty name."""
        found = {"": _rolling(Counts())}
        async with asking(self._database.reading()) as connection:
            for by in (By.ALL, By.QUEUE):
                question = Question(since=since, until=until, by=by)
                first = sources(Frame(question, question.slices, until, None))[0]
                for row in await connection.execute(first.counted()):
                    values = {name: value for name, value in row._mapping.items() if name not in ("cell", "name")}
                    counts = Counts(**{name: int(value or 0) for name, value in values.items()})
                    found[row._mapping["name"]] = _rolling(counts)
        return found

    async def ids(self, question: Question, figure: str) -> list[str]:
        """Return the contacts that a figure counts, in order. Raises Invalid for what is no count, NotFound."""
        async with asking(self._database.reading()) as connection:
            await self._check(connection, question)
            known: set[str] = set()
            for source in sources(Frame(question, question.slices, self._clock(), self._agents(question))):
                known |= set(source.counts)
                if figure in source.counts:
                    found = await connection.execute(source.behind(figure).limit(MOST_IDS))
                    return [str(contact) for contact in found.scalars()]
        raise Invalid(f"ids: {figure!r} is no count of contacts; give one of {', '.join(sorted(known))}")

    async def office(
        self,
        since: datetime,
        until: datetime,
        before: tuple[datetime, datetime],
        tenant: str = "",
        weights: Mapping[str, float] = WEIGHTS,
    ) -> dict[str, Any]:
        """Return the office's own figures of a period; growth is against `before`."""
        async with asking(self._database.reading()) as connection:
            figures = office.office(await reading.period(connection, since, until, tenant), weights)
            earlier = await reading.valid_contacts(connection, *before, tenant)
            figures["lines"] = await reading.lines(connection, since, until, tenant)
            figures["leaders_answered"] = await reading.leaders_answered(connection, since, until, tenant)
        figures["growth"] = office.growth(figures["valid"], earlier)
        return figures

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

    async def _states(self, connection: AsyncConnection, frame: Frame) -> dict[_Key, InState]:
        """Return agents' time, by key of the rows that can have it: agents', and the whole hotline's."""
        question = frame.question
        parts = (question.visits, question.tenant, question.did, frame.agents is not None)
        of_hotline = question.by is By.ALL and not any(parts)
        if not (question.agents_only or of_hotline):
            return {}
        summed: dict[_Key, InState] = {}
        for (n, agent), one in (await in_state(connection, frame.slices, frame.now, frame.agents)).items():
            key = n, self._group(question.by, agent) if question.by is not By.ALL else ""
            summed[key] = summed[key] + one if key in summed else one
        return summed

    def _group(self, by: By, name: str) -> str:
        """Return the row's name: agents are counted for their team."""
        return self._directory.agents.get(name, ("", ""))[0] if by is By.TEAM else name

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


def _rolling(counts: Counts) -> Rolling:
    return Rolling(
        offered=counts.offered,
        answered=counts.answered,
        connection_rate=share(counts.answered, counts.outcomes),
        service_level=service_level(counts),
    )


def _add(to: dict[str, int], row: Mapping[str, Any]) -> None:
    for name, counted in row.items():
        value = int(counted or 0)
        to[name] = max(to[name], value) if name.startswith("longest") else to[name] + value
