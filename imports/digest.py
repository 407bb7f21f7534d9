"""What an import asks of a kind of log: to read its lines, to sort them by call and agent, and to fold them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, tzinfo
from typing import Any, NamedTuple, Protocol

import msgspec

from center.records import AgentStateRecord
from imports import agent_states, cel, cel_calls, queue_calls
from imports.cel import Row
from imports.horizon import Horizon
from imports.merge import CEL
from imports.names import Names
from imports.queue_calls import Folded
from imports.queue_log import CALL, NOBODY, RESTART, Line, Parser
from messages.values import Source

DAY_US = 24 * 3600 * 1_000_000


class Batch(msgspec.Struct):
    """Some lines, by what they are of: a call's name, and an agent's with a day (since 1970, UTC)."""

    calls: dict[str, list[Any]] = {}
    agents: dict[tuple[str, int], list[Any]] = {}
    first: int = 0
    last: int = 0
    restarts: list[int] = []


class Counts(NamedTuple):
    """What became of a file's lines."""

    lines: int
    malformed: int
    unknown: Counter[str]


class Digest(Protocol):
    """A kind of log."""

    source: Source

    @property
    def counts(self) -> Counts:
        """What was read so far."""

    def read(self, texts: Iterable[str]) -> Batch:
        """Take new lines in."""

    def again(self, raws: Iterable[str]) -> list[Any]:
        """Return lines that were kept."""

    def fold(self, lines: Sequence[Any], horizon: Horizon) -> Folded | None:
        """Return one call's records."""

    def fold_agent(self, lines: Sequence[Any], horizon: Horizon) -> list[AgentStateRecord]:
        """Return one agent's stretches."""


class QueueLog:
    """The queue_log. `mirrored`: queues whose members are a mirror of our own agents and so tell nothing of them."""

    source = queue_calls.SOURCE

    def __init__(self, names: Names, zone: tzinfo = UTC, mirrored: frozenset[str] = frozenset()) -> None:
        self.names = names
        self._parser = Parser(zone)
        self._kept = Parser()
        self._mirrored = mirrored

    @property
    def counts(self) -> Counts:
        """Return what was read so far."""
        return Counts(self._parser.lines, self._parser.malformed, self._parser.unknown)

    def read(self, texts: Iterable[str]) -> Batch:
        """Take new lines in."""
        batch = Batch()
        calls, agents = batch.calls, batch.agents
        of_calls, of_agents, agent_of = CALL, agent_states.TELLING, self.names.agent
        lines = self._parser.read(texts)
        for line in lines:
            event = line.event
            if event in of_calls and line.call not in NOBODY:
                if (its := calls.get(line.call)) is None:
                    calls[line.call] = [line]
                else:
                    its.append(line)
            if event in of_agents and line.agent not in NOBODY and line.queue not in self._mirrored:
                key = (agent_of(line.agent), line.at // DAY_US)
                if (seat := agents.get(key)) is None:
                    agents[key] = [line]
                else:
                    seat.append(line)
            elif event == RESTART:
                batch.restarts.append(line.at)
        if lines:
            batch.first, batch.last = min(line.at for line in lines), max(line.at for line in lines)
        return batch

    def again(self, raws: Iterable[str]) -> list[Line]:
        """Return lines that were kept."""
        return self._kept.read(raws)

    def fold(self, lines: Sequence[Line], horizon: Horizon) -> Folded | None:
        """Return one call's records."""
        return queue_calls.fold(list(lines), horizon, self.names)

    def fold_agent(self, lines: Sequence[Line], horizon: Horizon) -> list[AgentStateRecord]:
        """Return one agent's stretches."""
        return agent_states.fold(list(lines), horizon, self.names)


class Cel:
    """CEL in CSV."""

    source = CEL

    def __init__(self, names: Names, zone: tzinfo = UTC) -> None:
        self.names = names
        self._parser = cel.Parser(zone)

    @property
    def counts(self) -> Counts:
        """Return what was read so far."""
        return Counts(self._parser.lines, self._parser.malformed, self._parser.unknown)

    def read(self, texts: Iterable[str]) -> Batch:
        """Take new rows in."""
        batch = Batch()
        calls = batch.calls
        rows = self._parser.read(texts)
        for row in rows:
            if (its := calls.get(row.linkedid)) is None:
                calls[row.linkedid] = [row]
            else:
                its.append(row)
        if rows:
            batch.first, batch.last = min(row.at for row in rows), max(row.at for row in rows)
        return batch

    def again(self, raws: Iterable[str]) -> list[Row]:
        """Return rows that were kept."""
        return cel.again(raws)

    def fold(self, lines: Sequence[Row], horizon: Horizon) -> Folded | None:
        """Return one linked call's records."""
        return cel_calls.fold(list(lines), horizon, self.names)

    def fold_agent(self, lines: Sequence[Any], horizon: Horizon) -> list[AgentStateRecord]:
        """CEL has no agents."""
        return []
