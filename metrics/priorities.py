"""Waits of callers whom others may pass: M/M/N with priorities, no talk interrupted. Pure."""

from collections.abc import Sequence

from metrics.erlang import erlang_c


def waits_s(agents: int, *, rates: Sequence[float], aht_s: float) -> list[float]:
    """Return each class's mean wait in seconds, first served first; infinite from where the load is too much.

    W_k = W_0/((1 - σ_(k-1))(1 - σ_k)), W_0 = P·AHT/N, P: Erlang C's P(wait) at the whole load, σ_k: the occupancy by
    classes 1 to k (A. Cobham, Priority assignment in waiting line problems, Operations Research 2, 1954; for N > 1:
    O. Kella & U. Yechiali, Waiting times in the non-preemptive priority M/M/c queue, Stochastic Models 1, 1985).
    """
    first_s = erlang_c(agents, rate=sum(rates), aht_s=aht_s).wait_probability * aht_s / agents
    before, found = 0.0, []
    for rate in rates:
        upto = before + rate * aht_s / agents
        found.append(first_s / ((1 - before) * (1 - upto)) if upto < 1 else float("inf"))
        before = upto
    return found


def conserved_s(agents: int, *, rate: float, aht_s: float) -> float:
    """Return Σ ρ_k·W_k / Σ ρ_k in seconds, the mean wait of all, which no order of service changes.

    Kleinrock's conservation law (L. Kleinrock, A conservation law for a wide class of queueing disciplines, Naval
    Research Logistics Quarterly 12, 1965); with equal talks it is Erlang C's ASA.
    """
    return erlang_c(agents, rate=rate, aht_s=aht_s).asa_s
