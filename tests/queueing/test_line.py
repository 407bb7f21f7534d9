"""A line's order: callers by place, free agents by rank and strategy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.ids import AgentId, CallId, QueueId
from queueing.line import Free, Line
from queueing.settings import QueueSettings, Strategy

START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
QUEUE = QueueId("q")


def at(seconds: float) -> datetime:
    """Return an instant."""
    return START + timedelta(seconds=seconds)


def line(strategy: Strategy = Strategy.LONGEST_IDLE, *free: Free) -> Line:
    """Return a line with free agents."""
    made = Line(QueueSettings(id=QUEUE, strategy=strategy))
    for agent in free:
        made.add_free(agent)
    return made


def free(name: str, idle: float = 0, **more: object) -> Free:
    """Return a free agent."""
    values = {"rank": 1, "skills": {}, **more}
    return Free(agent=AgentId(name), idle_since=at(idle), **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        (Strategy.LONGEST_IDLE, ["b", "a", "c", "d"]),
        (Strategy.FEWEST_CALLS, ["c", "a", "b", "d"]),
        (Strategy.ROUND_ROBIN, ["b", "c", "a", "d"]),
        (Strategy.RING_ALL, ["b", "a", "c", "d"]),
    ],
)
def test_each_strategy_orders_the_free_after_their_rank(strategy: Strategy, expected: list[str]) -> None:
    made = line(
        strategy,
        free("a", 2, answered=5, offered_at=at(9)),
        free("b", 1, answered=7),
        free("c", 3, answered=1, offered_at=at(8)),
        free("d", 0, answered=0, rank=2),
    )
    assert made.free_agents() == expected


def test_the_most_skilled_in_what_is_asked_first_comes_first_then_the_longest_idle() -> None:
    made = line(
        Strategy.MOST_SKILLED,
        free("a", 1, skills={"lu": 3, "tax": 9}),
        free("b", 2, skills={"lu": 8, "tax": 1}),
        free("c", 0, skills={"lu": 3}),
    )
    assert list(made.eligible((("lu", 2),))) == ["b", "c", "a"]
    assert list(made.eligible((("tax", 1), ("lu", 1)))) == ["a", "b"]
    assert list(made.eligible((("lu", 1), ("tax", 1)))) == ["b", "a"]


def test_a_level_below_the_asked_one_does_not_count() -> None:
    made = line(Strategy.LONGEST_IDLE, free("a", skills={"lu": 3}), free("b", 1, skills={"lu": 5}))
    assert list(made.eligible((("lu", 4),))) == ["b"]
    assert list(made.eligible((("lu", 6),))) == []
    assert list(made.eligible((("no", 1),))) == []


def test_one_agent_can_be_asked_for() -> None:
    made = line(Strategy.LONGEST_IDLE, free("a"), free("b", 1, skills={"lu": 2}))
    assert list(made.eligible((("@b", 1),))) == ["b"]
    assert list(made.eligible((("@b", 1), ("lu", 3)))) == []
    assert list(made.eligible((("@z", 1),))) == []


def test_an_agent_counted_again_stands_once_at_the_new_place() -> None:
    made = line(Strategy.LONGEST_IDLE, free("a", 0, skills={"lu": 1}), free("b", 1))
    made.add_free(free("a", 5, skills={"lu": 1}))
    assert made.free_agents() == ["b", "a"]
    made.remove_free(AgentId("a"))
    made.remove_free(AgentId("a"))
    assert made.free_agents() == ["b"]
    assert list(made.eligible((("lu", 1),))) == []


calls = st.lists(st.tuples(st.integers(0, 20), st.sampled_from(["", "lu", "tax"])), max_size=30)


@given(calls, st.data())
def test_callers_stand_in_order_whatever_they_ask_and_whoever_leaves(
    joining: list[tuple[int, str]], data: st.DataObject
) -> None:
    made = line()
    there: list[tuple[datetime, CallId, tuple[tuple[str, int], ...]]] = []
    for n, (second, skill) in enumerate(joining):
        asks = ((skill, 1),) if skill else ()
        there.append((at(second), CallId(f"c{n}"), asks))
        made.join(CallId(f"c{n}"), at(second), asks)
        made.join(CallId(f"c{n}"), at(second), asks)
    for gone in data.draw(st.lists(st.sampled_from(there), unique=True)) if there else []:
        made.leave(gone[1], gone[0], gone[2])
        made.leave(gone[1], gone[0], gone[2])
        there.remove(gone)
    expected = sorted((place, call) for place, call, _ in there)
    assert made.everybody_waiting() == expected
    assert made.count == len(expected)
    assert [made.position(call, place) for place, call in expected] == list(range(1, len(expected) + 1))
    assert all(items for items in made.waiting.values()), "no empty list is kept"


def test_a_line_says_what_it_holds() -> None:
    made = line(Strategy.LONGEST_IDLE, free("a"))
    made.staff = 3
    made.join(CallId("c"), START, ())
    assert repr(made) == "<Line q: 1 waiting, 1 free of 3>"
