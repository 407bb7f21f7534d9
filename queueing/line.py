"""One queue's line: who waits, by what they ask for, and who is free to serve them, in the strategy's order."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from messages.ids import AgentId, CallId
from queueing.settings import QueueSettings, Strategy

Asks = tuple[tuple[str, int], ...]
"""Skills and levels that a call insists on now."""

PERSONAL = "@"
"""Begins the skill that one agent alone has: how a call waits for somebody in particular."""

EVERYBODY = ""
_NEVER = datetime.min.replace(tzinfo=UTC)


class Free(msgspec.Struct, frozen=True):
    """What a line must know of a free agent; `answered`: calls since logging in, `offered_at`: the last offer."""

    agent: AgentId
    rank: int
    skills: Mapping[str, int]
    idle_since: datetime
    answered: int = 0
    offered_at: datetime | None = None
    reserved: bool = False
    """Takes only calls that ask for, or would rather have, this agent in particular."""


class Line:
    """Sorted lists throughout: a place is found in O(log n) and taken by moving pointers, 40 kB at 5,000 waiting.

    Callers who insist on the same wait in one list, so that a freed agent looks at its head alone. Free agents stand in
    one list a skill beside the one of all, so that a call looks only at those who have what it asks for.
    """

    __slots__ = ("_places", "_reserved", "_skills", "count", "free", "settings", "staff", "waiting")

    def __init__(self, settings: QueueSettings) -> None:
        self.settings = settings
        self.waiting: dict[Asks, list[tuple[datetime, CallId]]] = {}
        self.free: dict[str, list[tuple[Any, ...]]] = {EVERYBODY: []}
        self.count = 0
        """How many wait."""
        self.staff = 0
        """How many agents of it are logged in."""
        self._places: dict[AgentId, tuple[tuple[str, tuple[Any, ...]], ...]] = {}
        self._skills: dict[AgentId, Mapping[str, int]] = {}
        self._reserved: set[AgentId] = set()

    def __repr__(self) -> str:
        return f"<Line {self.settings.id}: {self.count} waiting, {len(self._places)} free of {self.staff}>"

    def join(self, call: CallId, place: datetime, asks: Asks) -> None:
        """Give a call its place."""
        items = self.waiting.setdefault(asks, [])
        at = bisect_left(items, (place, call))
        if at == len(items) or items[at] != (place, call):
            items.insert(at, (place, call))
            self.count += 1

    def leave(self, call: CallId, place: datetime, asks: Asks) -> None:
        """Take a call out, if it is there."""
        items = self.waiting.get(asks, [])
        at = bisect_left(items, (place, call))
        if at < len(items) and items[at] == (place, call):
            del items[at]
            self.count -= 1
            if not items:
                del self.waiting[asks]

    def position(self, call: CallId, place: datetime) -> int:
        """Return the place of a call that waits or would: 1 for the next."""
        return 1 + sum(bisect_left(items, (place, call)) for items in self.waiting.values())

    def everybody_waiting(self) -> list[tuple[datetime, CallId]]:
        """Return all who wait, in order."""
        return sorted(item for items in self.waiting.values() for item in items)

    def add_free(self, free: Free) -> None:
        """Count an agent among the free."""
        self.remove_free(free.agent)
        lists = () if free.reserved else (EVERYBODY, *free.skills)
        places = tuple((skill, self._item(free, skill)) for skill in lists)
        for skill, item in places:
            items = self.free.setdefault(skill, [])
            items.insert(bisect_left(items, item), item)
        self._places[free.agent] = places
        self._skills[free.agent] = free.skills
        if free.reserved:
            self._reserved.add(free.agent)

    def remove_free(self, agent: AgentId) -> None:
        """Count an agent among the free no longer."""
        for skill, item in self._places.pop(agent, ()):
            items = self.free[skill]
            del items[bisect_left(items, item)]
        self._skills.pop(agent, None)
        self._reserved.discard(agent)

    def free_agents(self) -> list[AgentId]:
        """Return the free agents in order, those who are reserved not among them."""
        return [item[-1] for item in self.free[EVERYBODY]]

    def reserved_agents(self) -> list[AgentId]:
        """Return the free agents who take only calls that name them."""
        return sorted(self._reserved)

    def takes(self, agent: AgentId, skills: Mapping[str, int], asks: Asks) -> bool:
        """Tell whether a freed agent takes the calls that wait by `asks`."""
        named = agent not in self._reserved or any(skill == f"{PERSONAL}{agent}" for skill, _ in asks)
        return named and meets(skills, agent, asks)

    def eligible(self, asks: Asks) -> Iterator[AgentId]:
        """Yield the free agents who have all that is asked for, in order."""
        if not asks:
            yield from (item[-1] for item in self.free[EVERYBODY])
            return
        for agent in self._candidates(asks):
            if meets(self._skills[agent], agent, asks):
                yield agent

    def _candidates(self, asks: Asks) -> Iterator[AgentId]:
        named = next((AgentId(skill[1:]) for skill, _ in asks if skill.startswith(PERSONAL)), None)
        if named is not None:
            return iter((named,) if named in self._places else ())
        lists = [self.free.get(skill, []) for skill, _ in asks]
        shortest = lists[0] if self.settings.strategy is Strategy.MOST_SKILLED else min(lists, key=len)
        return (item[-1] for item in shortest)

    def _item(self, free: Free, skill: str) -> tuple[Any, ...]:
        """Return an agent's place in a skill's list: the least is served first."""
        match self.settings.strategy:
            case Strategy.FEWEST_CALLS:
                return free.rank, free.answered, free.idle_since, free.agent
            case Strategy.ROUND_ROBIN:
                return free.rank, free.offered_at or _NEVER, free.idle_since, free.agent
            case Strategy.MOST_SKILLED:
                return free.rank, -free.skills.get(skill, 0), free.idle_since, free.agent
            case _:
                return free.rank, free.idle_since, free.agent


def meets(skills: Mapping[str, int], agent: AgentId, asks: Asks) -> bool:
    """Tell whether an agent has all that is asked for."""
    return all(skills.get(skill, 0) >= level or skill == f"{PERSONAL}{agent}" for skill, level in asks)
