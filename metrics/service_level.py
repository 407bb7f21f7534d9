"""Service level within T seconds, in the variants that are in use (DOMAIN §5). Pure.

A answered, B abandoned; with suffix T within T, with S within S (short abandons). O = offered - still waiting -
overflowed out. The boundary belongs to it: `≤ T`.
"""

from collections.abc import Callable
from enum import StrEnum

from metrics.counts import Counts, share


class Variant(StrEnum):
    """Which formula."""

    OFFERED = "offered"
    ANSWERED_PLUS_ABANDONED = "answered_plus_abandoned"
    WITHOUT_ABANDONED_IN_THRESHOLD = "without_abandoned_in_threshold"
    ABANDONED_IN_THRESHOLD_COUNTS = "abandoned_in_threshold_counts"
    ANSWERED_ONLY = "answered_only"
    SHORT_ABANDONS_COUNT = "short_abandons_count"
    SHORT_ABANDONS_REMOVED = "short_abandons_removed"


FORMULAS: dict[Variant, tuple[str, Callable[[Counts], tuple[int, int]]]] = {
    Variant.OFFERED: ("A_T / O", lambda n: (n.answered_in, n.outcomes)),
    Variant.ANSWERED_PLUS_ABANDONED: ("A_T / (A + B)", lambda n: (n.answered_in, n.answered + n.abandoned)),
    Variant.WITHOUT_ABANDONED_IN_THRESHOLD: (
        "A_T / (A + B - B_T)",
        lambda n: (n.answered_in, n.answered + n.abandoned - n.abandoned_in),
    ),
    Variant.ABANDONED_IN_THRESHOLD_COUNTS: (
        "(A_T + B_T) / (A + B)",
        lambda n: (n.answered_in + n.abandoned_in, n.answered + n.abandoned),
    ),
    Variant.ANSWERED_ONLY: ("A_T / A", lambda n: (n.answered_in, n.answered)),
    Variant.SHORT_ABANDONS_COUNT: (
        "(A_T + B_S) / (A + B)",
        lambda n: (n.answered_in + n.short_abandoned, n.answered + n.abandoned),
    ),
    Variant.SHORT_ABANDONS_REMOVED: (
        "A_T / (A + B - B_S)",
        lambda n: (n.answered_in, n.answered + n.abandoned - n.short_abandoned),
    ),
}
"""Each variant's formula in words of DOMAIN §5, and its numerator and denominator."""


def service_level(counts: Counts, variant: Variant = Variant.OFFERED) -> float | None:
    """Return the share, None where there was nothing to serve."""
    _, parts = FORMULAS[variant]
    return share(*parts(counts))
