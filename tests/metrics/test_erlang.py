"""Erlang B, C and A against published tables, against each other in the limits, and at 100,000 Erlangs."""

from __future__ import annotations

import math
import time
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.erlang import Forecast, agents_needed, erlang_a, erlang_b, erlang_c
from metrics.quadrature import rule

LOADS = st.floats(0.01, 300)
AGENTS = st.integers(1, 300)


# The table printed in every teletraffic book, e.g. V. B. Iversen, Teletraffic Engineering Handbook (ITU-D SG 2), and
# the calculator at erlang.com, whose manual works 15 lines at 1 %: 8.108.
@pytest.mark.parametrize(
    ("lines", "blocked", "load"),
    [
        (1, 0.01, 0.0101),
        (2, 0.01, 0.153),
        (5, 0.01, 1.361),
        (15, 0.01, 8.108),
        (20, 0.01, 12.031),
        (50, 0.01, 37.901),
        (100, 0.01, 84.064),
        (5, 0.02, 1.657),
        (10, 0.02, 5.084),
        (20, 0.02, 13.182),
        (30, 0.02, 21.932),
        (50, 0.02, 40.255),
        (100, 0.02, 87.972),
    ],
)
def test_erlang_b_is_the_published_table(lines: int, blocked: float, load: float) -> None:
    digit = 0.5 * 10 ** -len(str(load).split(".")[1])
    assert erlang_b(lines, load - digit) < blocked < erlang_b(lines, load + digit)


def test_erlang_b_in_fractions() -> None:
    assert erlang_b(1, 1) == pytest.approx(1 / 2)
    assert erlang_b(2, 1) == pytest.approx(1 / 5)
    assert erlang_b(3, 1) == pytest.approx(1 / 16)
    assert erlang_b(0, 7) == 1.0
    assert erlang_b(0, 0) == 1.0
    assert erlang_b(3, 0) == 0.0


def rounded(value: float, digits: int) -> float:
    return round(value, digits)


def test_erlang_c_is_the_westbay_example() -> None:
    """The Erlang-C Formula (mitan.co.uk): 360 calls in half an hour of 4 minutes, 55 agents, 15 seconds."""
    found = erlang_c(55, rate=360 / 1800, aht_s=240, within_s=15)
    assert rounded(found.wait_probability, 3) == 0.239
    assert rounded(found.asa_s, 1) == 8.2
    assert rounded(found.service_level, 3) == 0.846
    assert rounded(found.occupancy, 3) == 0.873


def test_erlang_c_is_the_call_centre_helper_example() -> None:
    """Call Centre Helper, Erlang C formula made simple: 100 calls in half an hour of 3 minutes, 14 agents, 20 s."""
    found = erlang_c(14, rate=100 / 1800, aht_s=180, within_s=20)
    assert rounded(found.wait_probability, 3) == 0.174
    assert rounded(found.service_level, 3) == 0.888
    assert rounded(found.asa_s, 1) == 7.8
    assert rounded(found.occupancy, 3) == 0.714


def test_erlang_a_beside_erlang_c_is_the_published_example() -> None:
    """Mandelbaum & Zeltyn, The Palm/Erlang-A queue, 2005: 48 calls a minute of 1 minute, 50 agents, patience 2 min."""
    c = erlang_c(50, rate=48 / 60, aht_s=60)
    a = erlang_a(50, rate=48 / 60, aht_s=60, patience_s=120)
    assert (rounded(c.asa_s, 1), round(c.queue_length), rounded(c.occupancy, 2)) == (20.8, 17, 0.96)
    assert (rounded(a.awt_s, 1), round(a.queue_length), rounded(a.occupancy, 2)) == (3.7, 3, 0.93)
    assert rounded(a.abandonment, 3) == 0.031


@given(st.integers(1, 60), st.floats(0.1, 90), st.floats(0.01, 100))
def test_erlang_a_is_the_birth_and_death_chain(agents: int, load: float, patience: float) -> None:
    """Palm's chain, summed state by state: births λ, deaths min(k, N)μ + max(0, k - N)θ; the unit of time is 1/μ."""
    logs = [0.0]
    while logs[-1] > max(logs) - 50 or len(logs) < agents + 100:
        k = len(logs)
        logs.append(logs[-1] + math.log(load / (min(k, agents) + max(0, k - agents) / patience)))
    peak = max(logs)
    states = [math.exp(log - peak) for log in logs]
    total = math.fsum(states)
    queue = math.fsum((k - agents) * states[k] for k in range(agents + 1, len(states))) / total
    found = erlang_a(agents, rate=load, aht_s=1, patience_s=patience)
    assert found.wait_probability == pytest.approx(math.fsum(states[agents:]) / total, rel=1e-9)
    assert found.queue_length == pytest.approx(queue, rel=1e-9, abs=1e-300)
    assert found.abandonment == pytest.approx(queue / patience / load, rel=1e-9, abs=1e-300)


def figures(forecast: Forecast) -> dict[str, float]:
    return {key: float(value) for key, value in msgspec.structs.asdict(forecast).items()}


@given(AGENTS, st.floats(0.05, 0.97), st.floats(1, 600), st.floats(0, 120))
def test_endless_patience_is_erlang_c(agents: int, occupancy: float, aht_s: float, within_s: float) -> None:
    rate = agents * occupancy / aht_s
    c = erlang_c(agents, rate=rate, aht_s=aht_s, within_s=within_s)
    a = erlang_a(agents, rate=rate, aht_s=aht_s, patience_s=aht_s * 1e10, within_s=within_s)
    assert figures(a) == pytest.approx(figures(c), rel=1e-5, abs=1e-8)
    assert erlang_a(agents, rate=rate, aht_s=aht_s, within_s=within_s) == c


@given(AGENTS, LOADS)
def test_no_patience_is_erlang_b(agents: int, load: float) -> None:
    a = erlang_a(agents, rate=load, aht_s=1, patience_s=1e-9)
    assert a.abandonment == pytest.approx(erlang_b(agents, load), rel=1e-5, abs=1e-300)
    assert a.service_level == pytest.approx(1 - erlang_b(agents, load), rel=1e-5)


@given(st.integers(2, 80), st.floats(0.01, 0.99))
def test_patience_as_long_as_a_talk_is_endless_servers(agents: int, occupancy: float) -> None:
    """With θ = μ the number in the system is that of M/M/∞, Poisson(a) (Palm 1957)."""
    load = agents * occupancy
    below = math.fsum(math.exp(k * math.log(load) - load - math.lgamma(k + 1)) for k in range(agents))
    found = erlang_a(agents, rate=load, aht_s=1, patience_s=1)
    assert found.wait_probability == pytest.approx(1 - below, abs=1e-12)


@given(st.integers(0, 3000), st.floats(0.01, 3000))
def test_erlang_b_begun_late_is_the_whole_recurrence(agents: int, load: float) -> None:
    whole = 1.0
    for n in range(1, agents + 1):
        whole = load * whole / (n + load * whole)
    assert erlang_b(agents, load) == pytest.approx(whole, rel=1e-12, abs=1e-300)


@given(AGENTS, LOADS)
def test_every_agent_makes_everything_better(agents: int, load: float) -> None:
    assert erlang_b(agents + 1, load) <= erlang_b(agents, load)
    for patience in (0.3, 5.0, math.inf):
        less, more = (erlang_a(n, rate=load, aht_s=1, patience_s=patience, within_s=0.1) for n in (agents, agents + 1))
        assert more.wait_probability <= less.wait_probability + 1e-12
        assert more.service_level >= less.service_level - 1e-12
        assert more.awt_s <= less.awt_s + 1e-12
        assert more.abandonment <= less.abandonment + 1e-12
        assert more.occupancy <= less.occupancy + 1e-12


@given(AGENTS, LOADS, st.floats(0.01, 1000))
def test_more_load_makes_everything_worse(agents: int, load: float, patience: float) -> None:
    less, more = (
        erlang_a(agents, rate=rate, aht_s=1, patience_s=patience, within_s=0.1) for rate in (load, load * 1.1)
    )
    assert more.wait_probability >= less.wait_probability - 1e-12
    assert more.service_level <= less.service_level + 1e-12
    assert more.abandonment >= less.abandonment - 1e-12
    assert erlang_b(agents, load * 1.1) >= erlang_b(agents, load)


@given(AGENTS, LOADS, st.floats(0.01, 1000), st.floats(0, 10))
def test_shares_are_shares_and_what_comes_in_goes_out(agents: int, load: float, patience: float, within: float) -> None:
    found = erlang_a(agents, rate=load, aht_s=1, patience_s=patience, within_s=within)
    for share in (found.wait_probability, found.service_level, found.occupancy, found.abandonment):
        assert 0 <= share <= 1 + 1e-12
    assert 1 - found.wait_probability <= found.service_level + 1e-12 <= 1 - found.abandonment + 2e-12
    # Work conserved: who does not abandon is served.
    assert found.occupancy == pytest.approx(load * (1 - found.abandonment) / agents, rel=1e-9)
    assert found.queue_length == pytest.approx(load * found.awt_s, rel=1e-9)


@given(AGENTS, LOADS, st.floats(0.1, 20))
def test_longer_limits_catch_more_until_all_who_stay_are_served(agents: int, load: float, patience: float) -> None:
    limits = (0.0, 0.01, 0.1, 1.0, 10.0, 1e4)
    found = [erlang_a(agents, rate=load, aht_s=1, patience_s=patience, within_s=limit) for limit in limits]
    assert all(one.service_level <= two.service_level + 1e-12 for one, two in pairwise(found))
    assert found[0].service_level == pytest.approx(1 - found[0].wait_probability, abs=1e-12)
    assert found[-1].service_level == pytest.approx(1 - found[-1].abandonment, abs=1e-12)


@pytest.mark.parametrize("agents", [50_000, 99_000, 100_000, 100_100, 110_000, 1_000_000])
@pytest.mark.parametrize("patience_s", [1e-3, 1.0, 60.0, 3600.0, 1e9, math.inf])
def test_a_hundred_thousand_erlangs(agents: int, patience_s: float) -> None:
    began = time.process_time()
    found = erlang_a(agents, rate=500, aht_s=200, patience_s=patience_s)
    assert time.process_time() - began < 0.05
    if patience_s < math.inf or agents > 100_000:
        assert all(math.isfinite(value) for value in figures(found).values())
    else:
        assert (found.wait_probability, found.service_level, found.asa_s) == (1.0, 0.0, math.inf)


def test_the_square_root_law_at_a_hundred_thousand_erlangs() -> None:
    """Halfin & Whitt 1981: N = a + β√a gives P(wait) → 1/(1 + βΦ(β)/φ(β)); the relative error is O(1/√a)."""
    for beta in (0.1, 0.5, 1.0, 2.0):
        agents = 100_000 + round(beta * math.sqrt(100_000))
        exact = (agents - 100_000) / math.sqrt(100_000)
        density = math.exp(-exact * exact / 2) / math.sqrt(2 * math.pi)
        below = 0.5 * math.erfc(-exact / math.sqrt(2))
        found = erlang_c(agents, rate=500, aht_s=200)
        assert found.wait_probability == pytest.approx(1 / (1 + exact * below / density), rel=0.01)


@pytest.mark.parametrize(("load", "agents"), [(17, 24), (20, 28), (10_471, 10_507)])
def test_the_agents_that_the_domain_names(load: float, agents: int) -> None:
    """DOMAIN §6's table of sizes: 95 % within 15 s, talks of 209 s."""
    assert agents_needed(rate=load / 209.42, aht_s=209.42, service_level=0.95) == agents


@given(
    st.floats(0.001, 20),
    st.floats(1, 600),
    st.floats(0, 0.99),
    st.floats(0, 60),
    st.floats(1, 1000) | st.just(math.inf),
    st.floats(0.01, 1),
)
def test_agents_needed_are_enough_and_no_fewer_are(
    rate: float, aht_s: float, level: float, within_s: float, patience_s: float, abandonment: float
) -> None:
    needed = agents_needed(
        rate=rate,
        aht_s=aht_s,
        service_level=level,
        within_s=within_s,
        patience_s=patience_s,
        abandonment=abandonment,
    )

    def met(agents: int) -> bool:
        found = erlang_a(agents, rate=rate, aht_s=aht_s, patience_s=patience_s, within_s=within_s)
        return found.service_level >= level and found.abandonment <= abandonment

    assert met(needed)
    assert needed == 1 or (math.isinf(patience_s) and needed - 1 <= rate * aht_s) or not met(needed - 1)


def test_every_target_counts() -> None:
    busy = {"rate": 0.2, "aht_s": 240.0}
    assert agents_needed(**busy) == 55
    assert erlang_c(agents_needed(**busy, asa_s=1.0), **busy).asa_s <= 1.0
    assert agents_needed(**busy, occupancy=0.8) == 60
    assert agents_needed(rate=0, aht_s=240) == 0


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="never reached"):
        agents_needed(rate=1, aht_s=1, service_level=1.0)
    with pytest.raises(ValueError, match="handling time"):
        erlang_c(1, rate=1, aht_s=0)
    with pytest.raises(ValueError, match="patience"):
        erlang_a(1, rate=1, aht_s=1, patience_s=0)
    with pytest.raises(ValueError, match="0 or more"):
        erlang_b(-1, 1)


def test_gauss_legendre_is_exact_for_what_it_should_be() -> None:
    """2n points integrate polynomials of degree 4n - 1 exactly."""
    for power in range(0, 40, 2):
        assert math.fsum(w * x**power for x, w in rule()) == pytest.approx(2 / (power + 1), rel=1e-13)
