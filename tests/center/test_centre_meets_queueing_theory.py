"""The real centre in virtual time against Erlang C, Erlang A, Pollaczek-Khinchine and Cobham.

A figure agrees if the formula lies in its 99.9 % confidence interval; a long run's many intervals at 99 % are counted
besides. Seeds are fixed, so a failure is not bad luck of the day. `make proof` runs the whole grid for as many calls as
its slowest figure needs: batches of ten relaxation times each.
"""

from __future__ import annotations

import math
import os
import random
from typing import Any

import pytest
from msgspec.structs import replace

from messages.ids import QueueId
from metrics.erlang import Forecast, erlang_a, erlang_c
from metrics.priorities import conserved_s, waits_s
from simulation.batch_means import BATCHES, Estimate, Figures, observe, relaxing_calls
from simulation.virtual import Draw, Stream, exponential, fixed, joins
from tests.center.world import QUEUE, settings

PROOF = bool(os.environ.get("HOTLINE_PROOF"))
AHT_S, PATIENCE_S = 180.0, 90.0
GRID = [(agents, occupancy) for agents in (2, 5, 20, 50) for occupancy in (0.5, 0.8, 0.95)]
SAMPLE_C = [(2, 0.5), (5, 0.7)]
SAMPLE_A = [(5, 0.95), (20, 1.1)]
MORE = {(50, 0.8): 8, (50, 0.95): 2}
"""Where waits come in rare bursts: how many times as many calls intervals that mean something take."""
RARE = 1000
FIGURES = ("wait_probability", "service_level", "asa_s", "awt_s", "occupancy")


def calls_for(occupancy: float, *, patient: bool = True, agents: int = 1) -> int:
    """Return how many calls tell enough; impatience makes the past forgotten soon, at any load."""
    relaxing = relaxing_calls(occupancy) if patient else 0.0
    least, times = (60_000, 10) if PROOF else (7_500, 7)
    return max(least, round(BATCHES * times * relaxing)) * (MORE.get((agents, occupancy), 1) if patient else 1)


def measured(agents: int, occupancy: float, *, patience_s: float = math.inf, **stream: Any) -> Figures:
    """Return what the centre made of one queue's callers."""
    patient = math.isinf(patience_s)
    one = Stream(
        name="citizens",
        rate=agents * occupancy / AHT_S,
        patience=None if patient else exponential(patience_s),
        queued=joins(QUEUE),
        **{"talk": exponential(AHT_S), **stream},
    )
    world = settings(agents, wrap_up_s=1e6 if one.wrap_up else 0.0)
    calls = calls_for(occupancy, patient=patient, agents=agents)
    observer, _ = observe(world, [one], calls=calls, seed=agents * 1000 + round(occupancy * 100))
    return observer.figures()


def forecast(agents: int, occupancy: float, *, patience_s: float = math.inf, staffed: int | None = None) -> Forecast:
    """Return what the formula says of `agents` agents' load with `staffed` of them there."""
    rate = agents * occupancy / AHT_S
    return erlang_a(staffed or agents, rate=rate, aht_s=AHT_S, patience_s=patience_s)


def off(found: Figures, expected: Forecast, *more: str, level: float = 0.999) -> dict[str, tuple[Estimate, float]]:
    """Return the figures whose confidence interval does not hold the formula's value.

    Where fewer than RARE callers should wait, as good as none of them independent, no interval of their waits is to be
    trusted: only the occupancy is asked for, and that they are few indeed.
    """
    names = (*FIGURES, *more) if expected.wait_probability * found.offered >= RARE else ("occupancy",)
    if names == ("occupancy",) and found.wait_probability.value * found.offered > 2 * RARE:
        names = (*FIGURES, *more)
    pairs = {name: (getattr(found, name), getattr(expected, name)) for name in names}
    return {name: (one, value) for name, (one, value) in pairs.items() if not one.agrees(value, level)}


def sharp(found: Figures) -> bool:
    """Say whether the intervals are narrow enough to mean something: ± 6 points at most, and a part of the wait."""
    shares = (found.service_level, found.wait_probability, found.occupancy)
    part = 0.3 if PROOF else 0.4
    return all(one.half() < 0.06 for one in shares) and found.asa_s.half() < part * found.asa_s.value


@pytest.mark.parametrize(("agents", "occupancy"), GRID if PROOF else SAMPLE_C)
def test_who_waits_for_ever_meets_erlang_c(agents: int, occupancy: float) -> None:
    found = measured(agents, occupancy)
    expected = forecast(agents, occupancy)
    assert found.abandoned == 0
    assert found.occupancy.agrees(occupancy, 0.999)
    assert off(found, expected) == {}
    if expected.wait_probability * found.offered < RARE:
        return
    assert sharp(found)
    for wrong in (agents - 1, agents + 1):
        if agents * occupancy < wrong:
            assert {"occupancy"} < off(found, forecast(agents, occupancy, staffed=wrong)).keys(), f"{wrong} agents pass"


@pytest.mark.parametrize(("agents", "occupancy"), [*GRID, *SAMPLE_A, (50, 1.5)] if PROOF else SAMPLE_A)
def test_who_loses_patience_meets_erlang_a(agents: int, occupancy: float) -> None:
    found = measured(agents, occupancy, patience_s=PATIENCE_S)
    assert found.answered + found.abandoned == found.offered
    assert off(found, forecast(agents, occupancy, patience_s=PATIENCE_S), "abandonment") == {}
    assert found.abandonment.half() < 0.03
    if occupancy >= 0.8:
        assert off(found, forecast(agents, occupancy, patience_s=PATIENCE_S * 2), "abandonment")
        staffed = agents + math.ceil(agents / 10)
        assert off(found, forecast(agents, occupancy, patience_s=PATIENCE_S, staffed=staffed), "abandonment")


def split(mean_s: float, part: float) -> tuple[Draw, Draw]:
    """Return draws of a talk and of the wrap-up after it, whose sum is exponential."""
    rest_s = 0.0

    def talk(chance: random.Random) -> float:
        nonlocal rest_s
        whole_s = chance.expovariate(1 / mean_s)
        rest_s = whole_s * (1 - part)
        return whole_s * part

    return talk, lambda chance: rest_s


def test_wrap_up_is_part_of_the_holding_time() -> None:
    """An agent who still writes serves nobody: Erlang C with talk + wrap-up, and not with the talk alone."""
    talk, wrap_up = split(AHT_S, 0.7)
    found = measured(5, 0.7, talk=talk, wrap_up=wrap_up)
    assert off(found, forecast(5, 0.7)) == {}
    talks_alone = erlang_c(5, rate=5 * 0.7 / AHT_S, aht_s=AHT_S * 0.7)
    assert off(found, talks_alone).keys() == set(FIGURES)


def test_one_agent_whose_wrap_up_the_queue_times_meets_pollaczek_and_khinchine() -> None:
    """M/G/1: W = λ·E[S²]/(2(1 - ρ)) (Pollaczek 1930, Khinchine 1932), S = exponential talk + fixed wrap-up."""
    talk_s, wrap_up_s, occupancy = 120.0, 60.0, 0.6
    rate = occupancy / (talk_s + wrap_up_s)
    stream = Stream(name="citizens", rate=rate, talk=exponential(talk_s), queued=joins(QUEUE))
    observer, _ = observe(settings(1, wrap_up_s=wrap_up_s), [stream], calls=calls_for(0.6), seed=3)
    found = observer.figures()
    square = talk_s**2 + (talk_s + wrap_up_s) ** 2
    assert found.asa_s.agrees(rate * square / (2 * (1 - occupancy)), 0.999)
    assert found.asa_s.half() < found.asa_s.value / 5
    assert found.wait_probability.agrees(occupancy, 0.999)
    assert found.occupancy.agrees(occupancy, 0.999)
    assert not found.asa_s.agrees(rate * talk_s**2 / (1 - rate * talk_s), 0.999), "as if there were no wrap-up"


def test_ringing_is_part_of_the_wait_but_not_of_the_work() -> None:
    """A fixed ring of r seconds, one agent: M/G/1 with S = r + talk, and r more for everybody."""
    ring_s, talk_s, occupancy = 10.0, 110.0, 0.6
    rate = occupancy / (ring_s + talk_s)
    stream = Stream(name="citizens", rate=rate, talk=exponential(talk_s), queued=joins(QUEUE))
    observer, _ = observe(
        settings(1, wrap_up_s=0), [stream], calls=calls_for(0.6), ring=fixed(ring_s), within_s=ring_s, seed=4
    )
    found = observer.figures()
    square = talk_s**2 + (ring_s + talk_s) ** 2
    assert found.asa_s.agrees(ring_s + rate * square / (2 * (1 - occupancy)), 0.999)
    assert found.service_level.agrees(1 - occupancy, 0.999)  # only whom a free agent met
    # DOMAIN §5: handling ÷ (handling + ready); an agent who rings is neither.
    assert found.occupancy.agrees(rate * talk_s / (1 - rate * ring_s), 0.999)


def test_two_queues_with_the_same_agents_wait_alike() -> None:
    """Poisson callers of both find the same line (PASTA, Wolff 1982): each meets Erlang C of the whole load."""
    found, rates = two_queues(priority=0)
    whole = erlang_c(2, rate=sum(rates), aht_s=AHT_S)
    for queue in found:
        assert queue.asa_s.agrees(whole.asa_s, 0.999)
        assert queue.service_level.agrees(whole.service_level, 0.999)
    for queue, rate in zip(found, rates, strict=True):
        assert queue.occupancy.agrees(rate * AHT_S / 2, 0.999)


def two_queues(*, priority: int, head_start_s: float | None = None, **stream: Any) -> tuple[list[Figures], list[float]]:
    """Return two queues' figures, the first with a priority, at 80 % of two agents; and their rates."""
    base, rates = settings(2, wrap_up_s=0), [0.3 * 1.6 / AHT_S, 0.7 * 1.6 / AHT_S]
    urgent, county = QueueId("urgent"), QueueId("county")
    ranked: dict[str, Any] = {"priority": priority} if priority else {}
    world = replace(
        base,
        queues=(replace(base.queues[0], id=urgent, **ranked), replace(base.queues[0], id=county)),
        agents=tuple(replace(agent, queues=(urgent, county)) for agent in base.agents),
        **({} if head_start_s is None else {"head_start_s": head_start_s}),
    )
    streams = [
        Stream(name=queue, rate=rate, queued=joins(queue), **{"talk": exponential(AHT_S), **stream})
        for queue, rate in zip((urgent, county), rates, strict=True)
    ]
    observer, _ = observe(world, streams, calls=calls_for(0.8 if PROOF else 0.7), seed=7)
    return [observer.figures(queue=queue) for queue in (urgent, county)], rates


def test_an_endless_head_start_is_cobham_and_the_law_of_conservation_holds() -> None:
    found, rates = two_queues(priority=1, head_start_s=1e7)
    for queue, expected_s in zip(found, waits_s(2, rates=rates, aht_s=AHT_S), strict=True):
        assert queue.asa_s.agrees(expected_s, 0.999)
    assert not found[0].asa_s.agrees(conserved_s(2, rate=sum(rates), aht_s=AHT_S), 0.999)
    assert conserved(found, rates)


@pytest.mark.skipif(not PROOF, reason="three long runs: make proof")
@pytest.mark.parametrize("head_start_s", [0.0, 60.0, 240.0])
def test_a_head_start_shifts_waits_between_first_come_and_endless(head_start_s: float) -> None:
    """Jackson 1960: who waits less by it is paid for by the others, second for second (Kleinrock 1965)."""
    (urgent, county), rates = two_queues(priority=1, head_start_s=head_start_s)
    endless_s, patient_s = waits_s(2, rates=rates, aht_s=AHT_S)
    even_s = conserved_s(2, rate=sum(rates), aht_s=AHT_S)
    assert conserved([urgent, county], rates)
    if head_start_s == 0.0:
        assert urgent.asa_s.agrees(even_s, 0.999)
        assert county.asa_s.agrees(even_s, 0.999)
    else:
        assert endless_s < urgent.asa_s.value < county.asa_s.value < patient_s
        assert county.asa_s.value - urgent.asa_s.value < head_start_s


def conserved(found: list[Figures], rates: list[float]) -> bool:
    """Say whether Σ ρ_k·W_k / Σ ρ_k is Erlang C's, whatever order the callers were served in."""
    total = sum(rates)
    mean_s = sum(rate * queue.asa_s.value for rate, queue in zip(rates, found, strict=True)) / total
    error = sum(rate * queue.asa_s.error for rate, queue in zip(rates, found, strict=True)) / total
    return Estimate(mean_s, error).agrees(conserved_s(2, rate=total, aht_s=AHT_S), 0.999)


@pytest.mark.skipif(not PROOF, reason="counts the intervals of many runs: make proof")
def test_ninety_nine_intervals_in_a_hundred_hold_the_truth() -> None:
    """60 runs of Erlang A: were the intervals as sure as they say, 5 misses of a figure had a chance of 0.0003."""
    truth, misses = forecast(5, 0.95, patience_s=PATIENCE_S), dict.fromkeys((*FIGURES, "abandonment"), 0)
    stream = Stream(
        name="citizens",
        rate=5 * 0.95 / AHT_S,
        talk=exponential(AHT_S),
        patience=exponential(PATIENCE_S),
        queued=joins(QUEUE),
    )
    for seed in range(60):
        observer, _ = observe(settings(5, wrap_up_s=0), [stream], calls=10_000, seed=seed)
        for name in off(observer.figures(), truth, "abandonment", level=0.99):
            misses[name] += 1
    assert max(misses.values()) <= 4, misses
