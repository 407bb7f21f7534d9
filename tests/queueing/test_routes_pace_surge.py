"""Routes by number, the pace of a queue, and bursts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from messages.ids import QueueId
from queueing.pace import HONEST_AFTER, Pace
from queueing.routes import route_for
from queueing.settings import Route, Surge
from queueing.surge import Burst, key_of

START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """Return an instant."""
    return START + timedelta(seconds=seconds)


def route(did: str, caller: str, queue: str) -> Route:
    """Return a route."""
    return Route(did=did, caller=caller, queue=QueueId(queue))


def test_the_most_exact_route_counts_the_did_before_the_caller() -> None:
    routes = (
        route("", "", "rest"),
        route("12345", "", "city"),
        route("12345", "0534", "dialect"),
        route("", "05", "far"),
    )
    assert [route_for(routes, did, number).queue for did, number in (  # type: ignore[union-attr]
        ("12345", "13800000000"),
        ("12345", "05341111111"),
        ("3612345", "0531"),
        ("3612345", "138"),
    )] == ["city", "dialect", "far", "rest"]  # fmt: skip
    assert route_for((), "12345", "1") is None


def test_an_estimate_is_given_once_it_is_honest() -> None:
    pace = Pace()
    for n in range(HONEST_AFTER + 1):
        assert pace.wait_s(1) is None
        pace.answered(at(10 * n), 1.0, still_waiting=True)
    assert pace.wait_s(1) == 10.0
    assert pace.wait_s(3) == 30.0


def test_intervals_in_which_nobody_waited_say_nothing() -> None:
    pace = Pace()
    for n in range(20):
        pace.answered(at(100 * n), 1.0, still_waiting=False)
    assert pace.wait_s(1) is None


def test_the_newest_intervals_count_most() -> None:
    pace = Pace()
    for n in range(10):
        pace.answered(at(10 * n), 1.0, still_waiting=True)
    for n in range(1, 150):
        pace.answered(at(90 + 2 * n), 1.0, still_waiting=True)
    assert 2.0 <= (pace.wait_s(1) or 0) < 2.1


SURGE = Surge(id="s", by="area", digits=4, caller="05", calls=3, within_s=10, calm_s=20)


def test_those_who_give_up_shorten_the_wait_of_those_behind() -> None:
    patient, hasty = Pace(), Pace()
    for n in range(20):
        patient.answered(at(10 * n), 60.0, still_waiting=True)
        hasty.answered(at(10 * n), 60.0, still_waiting=True)
        hasty.abandoned(60.0)
    assert patient.wait_s(20) == 200.0
    assert 100 < (hasty.wait_s(20) or 0) < 150
    assert abs((hasty.wait_s(1) or 0) - 10.0) < 1


def test_a_burst_is_so_many_calls_within_so_long() -> None:
    burst = Burst()
    for second in (0, 6, 11):
        burst.arrived(SURGE, at(second))
    assert not burst.bursts(SURGE)
    burst.arrived(SURGE, at(12))
    assert burst.bursts(SURGE), "6, 11, 12"
    assert burst.over_at == at(32)
    assert not burst.stale(SURGE, at(13))
    assert burst.stale(SURGE, at(23))


def test_calls_count_under_their_area_or_their_did() -> None:
    assert key_of(SURGE, "12345", "0534123") == "0534"
    assert key_of(SURGE, "12345", "1380000") is None
    by_did = Surge(id="d", by="did", calls=2)
    assert key_of(by_did, "3612345", "1380000") == "3612345"
