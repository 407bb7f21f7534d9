"""Priorities: the published forms against each other, and the law that they only shift waits."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.erlang import erlang_c
from metrics.priorities import conserved_s, waits_s


def test_one_agent_and_two_classes_is_cobham() -> None:
    """M/M/1, λ = 0.25 and 0.25, µ = 1: W_0 = 0.5, W_1 = 0.5/0.75, W_2 = 0.5/(0.75·0.5) (Cobham 1954)."""
    assert waits_s(1, rates=[0.25, 0.25], aht_s=1) == pytest.approx([2 / 3, 4 / 3])


@given(st.integers(1, 50), st.lists(st.floats(0.001, 1), min_size=1, max_size=5), st.floats(0.1, 0.98))
def test_the_mean_over_all_is_conserved(agents: int, shares: list[float], occupancy: float) -> None:
    rates = [agents * occupancy * share / sum(shares) for share in shares]
    found = waits_s(agents, rates=rates, aht_s=1)
    mean = math.fsum(rate * wait for rate, wait in zip(rates, found, strict=True)) / sum(rates)
    assert mean == pytest.approx(conserved_s(agents, rate=sum(rates), aht_s=1), rel=1e-9)
    assert found == sorted(found)


def test_one_class_is_erlang_c_and_too_much_waits_for_ever() -> None:
    assert waits_s(5, rates=[0.8 * 5], aht_s=1) == pytest.approx([erlang_c(5, rate=4, aht_s=1).asa_s])
    assert waits_s(2, rates=[1, 2], aht_s=1)[1] == math.inf
