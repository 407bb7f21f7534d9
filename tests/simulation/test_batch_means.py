"""Batch means: what is counted, where it is cut, and how sure it is."""

from __future__ import annotations

import math
import random
from datetime import datetime, timedelta

import pytest

from messages import events
from messages.events import AnyEvent, Entry
from messages.ids import AgentId, CallId, ContactId, LegId, Phone, QueueId
from messages.values import AgentState
from simulation.batch_means import BATCHES, Estimate, Observer, observe, ratio, relaxing_calls
from simulation.virtual import START, Stream, exponential, fixed, joins, lognormal, population
from tests.center.world import QUEUE, settings

CALL = CallId("citizens-000000001")


def seen(observer: Observer, *happened: tuple[float, AnyEvent]) -> None:
    for seq, (at, event) in enumerate(happened, 1):
        observer.watch(Entry(1, seq, START + timedelta(seconds=at), event))


def agent(before: AgentState, after: AgentState, call: CallId | None = None) -> events.AgentStateChanged:
    return events.AgentStateChanged(agent=AgentId("a1"), before=before, after=after, phone=Phone("1001"), call=call)


def about(seconds: float) -> dict[str, datetime | CallId | ContactId | QueueId]:
    occurred = START + timedelta(seconds=seconds)
    return {"contact": ContactId(CALL), "call": CALL, "occurred": occurred, "queue": QUEUE}


def test_work_is_cut_at_the_batches_and_calls_count_where_they_came() -> None:
    observer = Observer(START + timedelta(seconds=100), 10.0)
    leg = {"leg": LegId(f"{CALL}/1"), "phone": Phone("1001"), "agent": AgentId("a1")}
    seen(
        observer,
        (0, agent(AgentState.NOT_READY, AgentState.READY)),
        (105, events.CallQueued(**about(105))),  # type: ignore[arg-type]
        (105, agent(AgentState.READY, AgentState.RESERVED, CALL)),
        (105, events.CallOffered(**about(105), **leg, waited_s=0.0)),  # type: ignore[arg-type]
        (109, agent(AgentState.RESERVED, AgentState.TALKING, CALL)),
        (109, events.CallAnswered(**about(109), **leg, waited_s=4.0)),  # type: ignore[arg-type]
        (125, agent(AgentState.TALKING, AgentState.WRAP_UP, CALL)),
        (133, agent(AgentState.WRAP_UP, AgentState.READY)),
    )
    observer.close()
    found = observer.figures()
    assert (found.offered, found.answered, found.abandoned, observer.pending) == (1, 1, 0, 0)
    assert (found.service_level.value, found.wait_probability.value, found.asa_s.value) == (1.0, 0.0, 4.0)
    # 24 s of talk and wrap-up; 310 s staffed but for 4 s of ringing.
    assert found.occupancy.value == pytest.approx(24 / 306)
    assert [tally.handling_s for tally in observer._tallies[QUEUE, "citizens"]][:5] == [1.0, 10.0, 10.0, 3.0, 0.0]
    assert [tally.offered for tally in observer._tallies[QUEUE, "citizens"]][:2] == [1, 0]
    assert observer._staffed_s == [6.0, *[10.0] * (BATCHES - 1)]


def test_who_came_before_the_warm_ups_end_counts_nowhere() -> None:
    observer = Observer(START + timedelta(seconds=100), 10.0)
    seen(observer, (99, events.CallQueued(**about(99))))  # type: ignore[arg-type]
    seen(observer, (103, events.CallAbandoned(**about(103), waited_s=4.0)))  # type: ignore[arg-type]
    assert observer.figures().offered == 0
    assert math.isnan(observer.figures().asa_s.value)
    assert not observer.figures().asa_s.agrees(0.0)


def test_ninety_nine_intervals_in_a_hundred_hold_the_mean() -> None:
    chance = random.Random(1)
    misses = {0.95: 0, 0.99: 0}
    for _ in range(2000):
        above = [chance.gauss(3.0, 1.0) for _ in range(BATCHES)]
        estimate = ratio(above, [1.0] * BATCHES)
        for level in misses:
            misses[level] += not estimate.agrees(3.0, level)
    assert 70 < misses[0.95] < 130
    assert 8 < misses[0.99] < 35


def test_a_ratio_weighs_its_batches() -> None:
    weights = [1.0, 3.0] * 15 + [2.0]
    assert ratio([weight / 2 for weight in weights], weights) == Estimate(0.5, 0.0)


def test_the_population_is_as_told() -> None:
    stream = Stream(
        name="s", rate=0.5, talk=lognormal(180, 1.4), patience=exponential(90), wrap_up=fixed(7), queued=joins(QUEUE)
    )
    callers = [caller for caller, _ in zip(population(stream, 5), range(40_000), strict=False)]
    again = [caller for caller, _ in zip(population(stream, 5), range(40_000), strict=False)]
    assert callers == again
    mean = {name: sum(getattr(one, name) for one in callers) / 40_000 for name in ("gap_s", "talk_s", "patience_s")}
    assert mean == {
        "gap_s": pytest.approx(2, rel=0.03),
        "talk_s": pytest.approx(180, rel=0.05),
        "patience_s": pytest.approx(90, rel=0.03),
    }
    assert {one.wrap_up_s for one in callers} == {7}


def test_the_same_seed_is_the_same_run() -> None:
    stream = Stream(name="s", rate=0.02, talk=exponential(180), queued=joins(QUEUE))
    one, two, other = (observe(settings(5), [stream], calls=500, seed=seed)[0].figures() for seed in (1, 1, 2))
    assert one == two
    assert one != other


def test_heavy_loads_forget_slowly() -> None:
    assert [round(relaxing_calls(occupancy)) for occupancy in (0.5, 0.8, 0.95)] == [6, 72, 1482]
