"""Integrals of a density given by its logarithm: Gauss-Legendre, in panels, scaled by the peak. Pure."""

import math
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import pairwise

NODES = 20
PANELS = 12
NEGLIGIBLE = 42.0
"""How far below its peak a log density is counted as 0: e^-42 is 6e-19, below the last bit of a double."""


@cache
def rule(count: int = NODES) -> tuple[tuple[float, float], ...]:
    """Return Gauss-Legendre's nodes on (-1, 1) and their weights.

    Newton's method on Legendre's polynomial, from Tricomi's estimate (Abramowitz & Stegun 1964, 25.4.29 and 22.16.6).
    """
    return tuple(_node(k, count) for k in range(count))


def _node(k: int, count: int) -> tuple[float, float]:
    x = math.cos(math.pi * (k + 0.75) / (count + 0.5))
    slope = step = 1.0
    while abs(step) > 1e-15:
        last, value = 1.0, x
        for n in range(2, count + 1):
            last, value = value, ((2 * n - 1) * x * value - (n - 1) * last) / n
        slope = count * (x * value - last) / (x * x - 1)
        step = value / slope
        x -= step
    return x, 2 / ((1 - x * x) * slope * slope)


def support(log_density: Callable[[float], float], peak: float, scale: float) -> tuple[float, float]:
    """Return the part of [0, ∞) where a log-concave density is not negligible beside its value at `peak`.

    `scale`: a first guess of the width, of any size above 0.
    """
    floor = log_density(peak) - NEGLIGIBLE
    step = scale
    while log_density(peak + step) > floor:
        step *= 2
    high = _crossing(log_density, floor, peak, peak + step)
    low = 0.0 if log_density(0.0) >= floor else _crossing(log_density, floor, peak, 0.0)
    return low, high


def _crossing(log_density: Callable[[float], float], floor: float, inside: float, outside: float) -> float:
    for _ in range(30):
        middle = (inside + outside) / 2
        if log_density(middle) > floor:
            inside = middle
        else:
            outside = middle
    return outside


def nodes(low: float, high: float, breaks: Iterable[float]) -> Iterator[tuple[float, float]]:
    """Yield points of [low, high] and their weights, with panels that end at every break inside."""
    edges = sorted({low, high, *(edge for edge in breaks if low < edge < high)})
    for left, right in pairwise(edges):
        half = (right - left) / (2 * PANELS)
        for panel in range(PANELS):
            centre = left + (2 * panel + 1) * half
            for x, weight in rule():
                yield centre + half * x, half * weight
