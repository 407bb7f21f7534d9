"""Figures of a long run and how sure they are: batch means, with the time before the warm-up's end left out.

Counts what the centre recorded, by DOMAIN §5: service level by arrival, times in state sliced at the boundaries.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from msgspec import Struct

from center.settings import CenterSettings
from messages import events
from messages.events import Entry
from messages.ids import AgentId, CallId, QueueId
from messages.values import AgentState
from simulation.virtual import START, Draw, Stream, VirtualHotline, stream_of

BATCHES = 31
STUDENT_T = {0.95: 2.0423, 0.99: 2.7500, 0.999: 3.6460}
"""Two-sided quantiles of Student's t with BATCHES - 1 = 30 degrees of freedom."""
_BUSY = frozenset({AgentState.TALKING, AgentState.HOLDING, AgentState.WRAP_UP})


class Estimate(Struct, frozen=True):
    """A figure and its standard error."""

    value: float
    error: float

    def half(self, level: float = 0.99) -> float:
        """Return half the width of the confidence interval at one of STUDENT_T's levels."""
        return STUDENT_T[level] * self.error

    def agrees(self, with_value: float, level: float = 0.99) -> bool:
        """Say whether a value lies in the confidence interval."""
        return abs(self.value - with_value) <= self.half(level)


def ratio(above: list[float], below: list[float]) -> Estimate:
    """Return Σ above / Σ below over batches (Law & Kelton, Simulation Modeling and Analysis: ratio estimator)."""
    count, total = len(below), math.fsum(below)
    if not total:
        return Estimate(math.nan, math.inf)
    value = math.fsum(above) / total
    squares = math.fsum((x - value * y) ** 2 for x, y in zip(above, below, strict=True))
    return Estimate(value, math.sqrt(squares / (count * (count - 1))) * count / total)


class Tally(Struct):
    """What came of the calls of one batch, and the seconds of agents' work on them within it."""

    offered: float = 0
    answered: float = 0
    in_time: float = 0
    abandoned: float = 0
    delayed: float = 0
    answered_wait_s: float = 0
    wait_s: float = 0
    handling_s: float = 0


class Figures(Struct, frozen=True, kw_only=True):
    """Measured figures of some queues' and classes' calls, named as the forecast's are."""

    offered: int
    answered: int
    abandoned: int
    wait_probability: Estimate
    service_level: Estimate
    asa_s: Estimate
    awt_s: Estimate
    occupancy: Estimate
    abandonment: Estimate


Key = tuple[QueueId, str]


class _Waiting(Struct):
    tally: Tally
    delayed: bool = True


class Observer:
    """Watches entries from `begin` (the warm-up's end) through BATCHES batches of `batch_s` seconds.

    A call counts in the batch it arrived in, by its queue and its stream; `pending` is how many of those still wait.
    """

    def __init__(self, begin: datetime, batch_s: float, *, within_s: float = 15.0) -> None:
        self.begin, self.batch_s, self.within_s = begin, batch_s, within_s
        self.end = begin + timedelta(seconds=batch_s * BATCHES)
        self._tallies: dict[Key, list[Tally]] = {}
        self._staffed_s = [0.0] * BATCHES
        self._waiting: dict[CallId, _Waiting] = {}
        self._keys: dict[CallId, Key] = {}
        self._since: dict[AgentId, tuple[AgentState, datetime, CallId | None]] = {}

    def __repr__(self) -> str:
        return f"<Observer {self.begin} to {self.end}: {self.pending} pending>"

    @property
    def pending(self) -> int:
        """Return how many counted calls still wait."""
        return len(self._waiting)

    def watch(self, entry: Entry) -> None:
        """Take one entry in."""
        if step := _WATCHED.get(type(entry.event)):
            step(self, entry, entry.event)

    def figures(self, *, queue: QueueId | None = None, stream: str | None = None) -> Figures:
        """Return the figures of one queue, one class of callers, or all. Occupancy: their part in all agents' time."""
        chosen = [
            tallies for (its, name), tallies in self._tallies.items() if queue in (None, its) and stream in (None, name)
        ]

        def total(field: str) -> list[float]:
            return [math.fsum(getattr(tallies[batch], field) for tallies in chosen) for batch in range(BATCHES)]

        offered, answered = total("offered"), total("answered")
        return Figures(
            offered=round(sum(offered)),
            answered=round(sum(answered)),
            abandoned=round(sum(total("abandoned"))),
            wait_probability=ratio(total("delayed"), offered),
            service_level=ratio(total("in_time"), offered),
            asa_s=ratio(total("answered_wait_s"), answered),
            awt_s=ratio(total("wait_s"), offered),
            occupancy=ratio(total("handling_s"), self._staffed_s),
            abandonment=ratio(total("abandoned"), offered),
        )

    def close(self) -> None:
        """Count the agents' states that still last, up to the end of the last batch."""
        for state, since, call in self._since.values():
            self._worked(state, since, self.end, call)
        self._since.clear()

    def _batch(self, at: datetime) -> int:
        return math.floor((at - self.begin).total_seconds() / self.batch_s)

    def _of(self, key: Key) -> list[Tally]:
        if key not in self._tallies:
            self._tallies[key] = [Tally() for _ in range(BATCHES)]
        return self._tallies[key]

    def _queued(self, entry: Entry, event: events.CallQueued) -> None:
        if event.call in self._keys or event.queue is None:
            return
        key = self._keys[event.call] = (event.queue, stream_of(event.call))
        if self.begin <= event.occurred < self.end:
            tally = self._of(key)[min(self._batch(event.occurred), BATCHES - 1)]
            tally.offered += 1
            self._waiting[event.call] = _Waiting(tally)

    def _offered(self, entry: Entry, event: events.CallOffered) -> None:
        if event.waited_s == 0.0 and (waiting := self._waiting.get(event.call)):
            waiting.delayed = False

    def _settled(self, event: events.CallAnswered | events.CallAbandoned) -> Tally | None:
        waiting = self._waiting.pop(event.call, None)
        if waiting is None:
            return None
        waiting.tally.delayed += waiting.delayed
        waiting.tally.wait_s += event.waited_s
        return waiting.tally

    def _answered(self, entry: Entry, event: events.CallAnswered) -> None:
        if tally := self._settled(event):
            tally.answered += 1
            tally.answered_wait_s += event.waited_s
            tally.in_time += event.waited_s <= self.within_s

    def _abandoned(self, entry: Entry, event: events.CallAbandoned) -> None:
        if tally := self._settled(event):
            tally.abandoned += 1

    def _agent(self, entry: Entry, event: events.AgentStateChanged) -> None:
        if last := self._since.get(event.agent):
            self._worked(last[0], last[1], entry.at, last[2])
            if event.before is AgentState.WRAP_UP and last[2]:
                self._keys.pop(last[2], None)
        self._since[event.agent] = (event.after, entry.at, event.call)

    def _worked(self, state: AgentState, since: datetime, until: datetime, call: CallId | None) -> None:
        """Add an agent's time in a state to the batches it touches."""
        if state not in _BUSY and state is not AgentState.READY:
            return
        tallies = self._of(self._keys[call]) if state in _BUSY and call in self._keys else None
        for batch, seconds in self._slices(max(since, self.begin), min(until, self.end)):
            self._staffed_s[batch] += seconds
            if tallies:
                tallies[batch].handling_s += seconds

    def _slices(self, since: datetime, until: datetime) -> Iterable[tuple[int, float]]:
        if since >= until:
            return
        left, right = (since - self.begin).total_seconds(), (until - self.begin).total_seconds()
        first, last = (min(math.floor(at / self.batch_s), BATCHES - 1) for at in (left, right))
        cuts = [left, *(batch * self.batch_s for batch in range(first + 1, last + 1)), right]
        for batch, (low, high) in enumerate(pairwise(cuts), first):
            yield batch, high - low


_WATCHED: dict[type[events.Event], Callable[[Observer, Entry, Any], None]] = {
    events.CallQueued: Observer._queued,
    events.CallOffered: Observer._offered,
    events.CallAnswered: Observer._answered,
    events.CallAbandoned: Observer._abandoned,
    events.AgentStateChanged: Observer._agent,
}


def relaxing_calls(occupancy: float) -> float:
    """Return how many calls come while M/M/N forgets by a factor e: λ·AHT/(N(1 - √ρ)²) = ρ/(1 - √ρ)².

    (J. Abate & W. Whitt, Transient behavior of the M/M/1 queue, Queueing Systems 2, 1987; at heavy loads N only scales
    the time.) Batches should be several times as long, or the intervals come out too narrow.
    """
    return occupancy / (1 - math.sqrt(occupancy)) ** 2


def observe(
    settings: CenterSettings,
    streams: Sequence[Stream],
    *,
    calls: int,
    warm_up: float = 0.2,
    seed: int = 12345,
    ring: Draw | None = None,
    within_s: float = 15.0,
) -> tuple[Observer, VirtualHotline]:
    """Run about so many calls after a warm-up of a part of their time, until each of them is answered or gone."""
    seconds = calls / sum(stream.rate for stream in streams)
    observer = Observer(START + timedelta(seconds=warm_up * seconds), seconds / BATCHES, within_s=within_s)
    hotline = VirtualHotline(settings, streams, seed=seed, ring=ring, watch=observer.watch)
    hotline.run(observer.end)
    observer.close()
    while observer.pending:
        hotline.run(hotline.now + timedelta(seconds=60))
    return observer, hotline
