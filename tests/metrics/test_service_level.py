"""Service level in all its variants, and the ledgers."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.counts import ARRIVALS, OFFERED, Counts
from metrics.service_level import Variant, service_level

# Of 100 offered: 80 answered, 70 within T; 12 abandoned, 5 within T, 3 of them within S; 4 timed out, 2 went on to
# another queue, 2 wait still. So O = 96.
SOME = Counts(
    arrivals=110,
    blocked=4,
    closed=1,
    ended_in_ivr=5,
    offered=100,
    answered=80,
    answered_in=70,
    abandoned=12,
    abandoned_in=5,
    short_abandoned=3,
    timed_out=4,
    overflowed=2,
    still_waiting=2,
)


@pytest.mark.parametrize(
    ("variant", "expected"),
    [
        (Variant.OFFERED, Fraction(70, 96)),
        (Variant.ANSWERED_PLUS_ABANDONED, Fraction(70, 92)),
        (Variant.WITHOUT_ABANDONED_IN_THRESHOLD, Fraction(70, 87)),
        (Variant.ABANDONED_IN_THRESHOLD_COUNTS, Fraction(75, 92)),
        (Variant.ANSWERED_ONLY, Fraction(70, 80)),
        (Variant.SHORT_ABANDONS_COUNT, Fraction(73, 92)),
        (Variant.SHORT_ABANDONS_REMOVED, Fraction(70, 89)),
    ],
)
def test_each_variant_has_its_own_base(variant: Variant, expected: Fraction) -> None:
    assert SOME.balances
    assert service_level(SOME, variant) == float(expected)


def test_what_asterisk_prints_is_two_of_the_variants() -> None:
    """app_queue.c (22): ServicelevelPerf is callscompletedinsl / callscompleted; Perf2 counts the abandoned, too.

    For 10 completed, 7 of them within T, and 5 abandoned, 2 of them within T, it prints 70.0 and 60.0.
    """
    some = Counts(arrivals=15, offered=15, answered=10, answered_in=7, abandoned=5, abandoned_in=2)
    assert service_level(some, Variant.ANSWERED_ONLY) == 0.7
    assert service_level(some, Variant.ABANDONED_IN_THRESHOLD_COUNTS) == 0.6


def test_of_nothing_there_is_no_level() -> None:
    for variant in Variant:
        assert service_level(Counts(), variant) is None
    assert service_level(Counts(arrivals=1, offered=1, still_waiting=1)) is None, "who waits still is not judged yet"


parts = st.dictionaries(st.sampled_from([*OFFERED, *ARRIVALS[:-1]]), st.integers(0, 1000))


@given(parts, parts)
def test_ledgers_that_balance_add_up_to_one_that_does(one: dict[str, int], other: dict[str, int]) -> None:
    def ledger(of: dict[str, int]) -> Counts:
        offered = sum(of.get(name, 0) for name in OFFERED)
        return Counts(**of, offered=offered, arrivals=offered + sum(of.get(name, 0) for name in ARRIVALS[:-1]))

    both = ledger(one) + ledger(other)
    assert ledger(one).balances
    assert both.balances
    assert both.arrivals == ledger(one).arrivals + ledger(other).arrivals
    broken = Counts(
        **{name: getattr(both, name) for name in both.__struct_fields__ if name != "lost"}, lost=both.lost + 1
    )
    assert not broken.balances
