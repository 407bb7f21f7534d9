"""The centre, caller by caller, against Kiefer and Wolfowitz's recursion: the same waits to the microsecond."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from messages import events
from messages.events import Entry
from messages.ids import CallId, QueueId
from simulation.kiefer_wolfowitz import waits, waits_in_order
from simulation.virtual import (
    START,
    Caller,
    Draw,
    Stream,
    VirtualHotline,
    exponential,
    fixed,
    joins,
    lognormal,
    population,
)
from tests.center.world import QUEUE, settings

AHT_S = 180.0
CALLS = 100
TALKS: dict[str, Draw] = {
    "exponential": exponential(AHT_S),
    "lognormal": lognormal(AHT_S, 1.4),
    "fixed": fixed(AHT_S),
}


def told_by_the_centre(hotline: VirtualHotline, entries: list[Entry], calls: int) -> list[tuple[CallId, float, bool]]:
    """Return the first callers in order of coming, their wait, and whether they were answered."""
    found: dict[CallId, tuple[float, bool]] = {}
    wanted = {CallId(f"s-{n:09d}") for n in range(calls)}
    seen = 0
    for _ in range(100):  # far more hours than any of it takes: whoever is missing then was forgotten
        hotline.run(hotline.now + timedelta(hours=1))
        for entry in entries[seen:]:
            event = entry.event
            if isinstance(event, events.CallAnswered | events.CallAbandoned) and event.call in wanted:
                found[event.call] = (event.waited_s, isinstance(event, events.CallAnswered))
        seen = len(entries)
        if len(found) == calls:
            break
    return [(call, *found[call]) for call in sorted(found)]


@given(
    agents=st.integers(1, 8),
    occupancy=st.floats(0.3, 1.6),
    talk=st.sampled_from(sorted(TALKS)),
    patience_s=st.floats(5, 600) | st.none(),
    wrap_up_s=st.sampled_from([0.0, 15.0, 40.0]),
    presses_ready=st.booleans(),
    ring_s=st.sampled_from([0.0, 4.0]),
    seed=st.integers(0, 10**6),
)
def test_every_wait_is_that_of_the_recursion(
    agents: int,
    occupancy: float,
    talk: str,
    patience_s: float | None,
    wrap_up_s: float,
    presses_ready: bool,
    ring_s: float,
    seed: int,
) -> None:
    stream = Stream(
        name="s",
        rate=occupancy * agents / AHT_S,
        talk=TALKS[talk],
        patience=exponential(patience_s) if patience_s else None,
        wrap_up=exponential(30) if presses_ready else None,
        queued=joins(QUEUE),
    )
    entries: list[Entry] = []
    timer_s = 1e6 if presses_ready else wrap_up_s
    hotline = VirtualHotline(
        settings(agents, wrap_up_s=timer_s),
        [stream],
        seed=seed,
        ring=fixed(ring_s) if ring_s else None,
        watch=entries.append,
    )
    callers = islice(population(stream, seed), CALLS)
    expected = waits(callers, agents=agents, start=START, ring_s=ring_s, wrap_up_s=wrap_up_s)
    assert told_by_the_centre(hotline, entries, CALLS) == [(caller.call, wait, so) for caller, wait, so in expected]


def test_queues_that_share_their_agents_are_one_line() -> None:
    """Oldest caller first across queues: two half streams in two queues wait as one whole stream in one does."""
    base = settings(3, wrap_up_s=0)
    other = replace(base.queues[0], id="county")
    both = replace(
        base,
        queues=(base.queues[0], other),
        agents=tuple(replace(agent, queues=(QUEUE, other.id)) for agent in base.agents),
    )
    found = []
    for world, queues in ((base, (QUEUE, QUEUE)), (both, (QUEUE, other.id))):
        entries: list[Entry] = []
        streams = [
            Stream(name=name, rate=0.45 * 3 / AHT_S, talk=exponential(AHT_S), queued=joins(queue))
            for name, queue in zip(("one", "two"), queues, strict=True)
        ]
        VirtualHotline(world, streams, watch=entries.append).run(START + timedelta(days=2))
        found.append(
            [
                (entry.event.call, entry.event.waited_s)
                for entry in entries
                if isinstance(entry.event, events.CallAnswered)
            ]
        )
    assert found[0] == found[1]
    assert sum(wait > 0 for _, wait in found[0]) > 500


_KINDS: Any = type(getattr(settings(1).queues[0], "strategy", None))
STRATEGIES = [] if _KINDS is type(None) else list(_KINDS)
"""How a centre that knows several chooses among free agents. Ringing all of them is one."""


@pytest.mark.skipif(not STRATEGIES, reason="this centre knows one strategy only")
@pytest.mark.parametrize("strategy", STRATEGIES or [None])
def test_who_serves_does_not_change_who_waits(strategy: Any) -> None:
    stream = Stream(
        name="s", rate=0.95 * 6 / AHT_S, talk=exponential(AHT_S), patience=exponential(120), queued=joins(QUEUE)
    )
    base = settings(6, wrap_up_s=15)
    world = replace(base, queues=(replace(base.queues[0], strategy=strategy),))
    entries: list[Entry] = []
    told = told_by_the_centre(VirtualHotline(world, [stream], watch=entries.append), entries, 1000)
    expected = waits(islice(population(stream, 12345), 1000), agents=6, start=START, wrap_up_s=15)
    assert told == [(caller.call, wait, so) for caller, wait, so in expected]


def arrivals(streams: list[Stream], seed: int, calls: int) -> list[tuple[datetime, Caller]]:
    """Return the first callers of several streams together, by instant."""
    found = []
    for stream in streams:
        now = START
        for caller in islice(population(stream, seed), calls):
            now += timedelta(seconds=caller.gap_s)
            found.append((now, caller))
    return sorted(found, key=lambda one: one[0])[:calls]


@given(
    agents=st.integers(1, 6),
    occupancy=st.floats(0.5, 1.3),
    urgent=st.floats(0.1, 0.9),
    priority=st.integers(1, 3),
    head_start_s=st.sampled_from([0.0, 30.0, 200.0, 1e7]),
    seed=st.integers(0, 10**6),
)
def test_a_head_start_is_a_place_that_much_earlier(
    agents: int, occupancy: float, urgent: float, priority: int, head_start_s: float, seed: int
) -> None:
    """Caller by caller: place in line = instant of joining - priority × head start, across queues."""
    base = settings(agents, wrap_up_s=0)
    first, second = (replace(base.queues[0], id=QueueId(name)) for name in ("urgent", "county"))
    world = replace(
        base,
        queues=(replace(first, priority=priority), second),
        agents=tuple(replace(agent, queues=(first.id, second.id)) for agent in base.agents),
        head_start_s=head_start_s,
    )
    rate = occupancy * agents / AHT_S
    streams = [
        Stream(name=queue.id, rate=part * rate, talk=exponential(AHT_S), queued=joins(queue.id))
        for queue, part in ((first, urgent), (second, 1 - urgent))
    ]
    callers = arrivals(streams, seed, CALLS)
    # Whoever comes later may pass: only the waits of those served before anybody later came are settled.
    ends = callers[-1][0]
    entries: list[Entry] = []
    VirtualHotline(world, streams, seed=seed, watch=entries.append).run(ends)
    told = {entry.event.call: entry.event.waited_s for entry in entries if isinstance(entry.event, events.CallAnswered)}
    ahead = timedelta(seconds=priority * head_start_s)
    expected = waits_in_order(
        callers,
        agents=agents,
        start=START,
        place=lambda now, caller: now - ahead if caller.stream.name == first.id else now,
    )
    joined = {caller.call: now for now, caller in callers}
    settled = {call: wait for call, wait in expected.items() if joined[call] + timedelta(seconds=wait) <= ends}
    assert told == settled
    assert len(told) > CALLS / 3


def test_it_could_fail() -> None:
    """One agent more, and the recursion says something else."""
    stream = Stream(name="s", rate=0.9 * 4 / AHT_S, talk=exponential(AHT_S), queued=joins(QUEUE))
    entries: list[Entry] = []
    hotline = VirtualHotline(settings(5, wrap_up_s=0), [stream], watch=entries.append)
    told = told_by_the_centre(hotline, entries, CALLS)
    expected = waits(islice(population(stream, 12345), CALLS), agents=4, start=START)
    assert math.fsum(wait for _, wait, _ in told) < math.fsum(wait for _, wait, _ in expected)
