"""Who is offered to whom: against the plain reading of the rules, over random halls."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from messages.ids import AgentId, CallId, QueueId
from messages.values import Need
from queueing.line import Free, Line
from queueing.router import agents_for, call_for, insisted, next_relaxing, place_in_line, preferred
from queueing.settings import QueueSettings, Strategy

START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
SKILLS = ["lu", "tax", "en"]

levels = st.dictionaries(st.sampled_from(SKILLS), st.integers(1, 5), max_size=3)
needs = st.lists(
    st.builds(
        Need, skill=st.sampled_from(SKILLS), level=st.integers(1, 5), wait_s=st.sampled_from([None, 0.0, 10.0, 20.0])
    ),
    max_size=3,
).map(tuple)


def at(seconds: float) -> datetime:
    """Return an instant."""
    return START + timedelta(seconds=seconds)


def hall(agents: list[tuple[dict[str, int], int]], strategy: Strategy = Strategy.LONGEST_IDLE) -> Line:
    """Return a line with agents a0… of these skills and ranks, a0 the longest idle."""
    line = Line(QueueSettings(id=QueueId("q"), strategy=strategy, ring_all_at_most=3))
    for n, (skills, rank) in enumerate(agents):
        line.add_free(Free(agent=AgentId(f"a{n}"), rank=rank, skills=skills, idle_since=at(n)))
    return line


@given(st.lists(st.tuples(levels, st.integers(1, 3)), max_size=8), needs, st.sampled_from([0.0, 5.0, 15.0, 30.0]))
def test_a_call_gets_the_best_of_those_who_have_what_it_insists_on(
    agents: list[tuple[dict[str, int], int]], asked: tuple[Need, ...], waited_s: float
) -> None:
    asks = insisted(asked, waited_s)
    liked = preferred(asked, asks)
    able = [
        (n, skills, rank)
        for n, (skills, rank) in enumerate(agents)
        if all(skills.get(skill, 0) >= level for skill, level in asks)
    ]
    found = agents_for(hall(agents), asked, asks)
    if not able:
        assert found == []
        return

    def likes(skills: dict[str, int]) -> int:
        """How many of the preferences, from the first on, are met."""
        met = 0
        for skill, level in liked:
            if skills.get(skill, 0) < level:
                break
            met += 1
        return met

    best = min(able, key=lambda one: (-likes(one[1]), one[2], one[0]))
    assert found == [f"a{best[0]}"]


@given(st.lists(st.tuples(levels, st.integers(1, 3)), max_size=8), needs)
def test_ring_all_offers_to_everybody_eligible_up_to_its_bound(
    agents: list[tuple[dict[str, int], int]], asked: tuple[Need, ...]
) -> None:
    asks = insisted(asked, 0.0)
    able = [
        (rank, n)
        for n, (skills, rank) in enumerate(agents)
        if all(skills.get(skill, 0) >= level for skill, level in asks)
    ]
    found = agents_for(hall(agents, Strategy.RING_ALL), asked, asks)
    assert found == [f"a{n}" for _, n in sorted(able)][:3]


waiting = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9), needs), max_size=12)


@given(waiting, levels)
def test_a_freed_agent_takes_the_first_in_place_across_the_queues_whom_they_can_serve(
    calls: list[tuple[int, int, tuple[Need, ...]]], skills: dict[str, int]
) -> None:
    lines = [Line(QueueSettings(id=QueueId(f"q{n}"))) for n in range(3)]
    able = []
    for n, (queue, second, asked) in enumerate(calls):
        asks = insisted(asked, 0.0)
        lines[queue].join(CallId(f"c{n}"), at(second), asks)
        if all(skills.get(skill, 0) >= level for skill, level in asks):
            able.append((at(second), f"c{n}"))
    expected = min(able)[1] if able else None
    assert call_for(lines, AgentId("a"), skills) == expected


def test_needs_relax_in_steps_and_are_then_preferred() -> None:
    asked = (Need("lu", 5, 10.0), Need("lu", 3, 30.0), Need("tax"), Need("en", 1, 0.0))
    assert insisted(asked, 0.0) == (("lu", 5), ("lu", 3), ("tax", 1))
    assert insisted(asked, 10.0) == (("lu", 3), ("tax", 1))
    assert insisted(asked, 31.0) == (("tax", 1),)
    assert preferred(asked, insisted(asked, 31.0)) == (("lu", 5), ("lu", 3), ("en", 1))
    assert [next_relaxing(asked, waited) for waited in (0.0, 10.0, 30.0)] == [10.0, 30.0, None]


@given(
    st.lists(st.tuples(st.floats(0, 1000), st.integers(0, 5)), min_size=2, max_size=20),
    st.sampled_from([0.0, 10.0, 60.0]),
)
def test_nobody_is_overtaken_for_longer_than_the_head_start_of_the_difference(
    calls: list[tuple[float, int]], head_start_s: float
) -> None:
    places = [(place_in_line(at(came), priority, head_start_s), came, priority) for came, priority in calls]
    for place, came, priority in places:
        overtakers = [(other, higher) for where, other, higher in places if where < place and other > came]
        for other, higher in overtakers:
            assert higher > priority
            assert other - came <= (higher - priority) * head_start_s + 1e-5, "nobody starves"
