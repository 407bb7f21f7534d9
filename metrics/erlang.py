"""Erlang B, Erlang C and Erlang A: what N agents make of a load. Pure; sound from 0 to 100,000 Erlangs and beyond.

`rate` is in calls a second, `aht_s` in seconds (talk + hold + wrap-up), the load a = rate × aht_s in Erlangs.

Sources
    Erlang B, C  A. K. Erlang, Solution of some problems in the theory of probabilities of significance in automatic
                 telephone exchanges, 1917; in the forms of R. B. Cooper, Introduction to Queueing Theory, 2nd ed. 1981,
                 §3.3-3.4, which DOMAIN §5 prints.
    Erlang A     C. Palm, Research on telephone traffic carried by full availability groups, Tele 1957 (first 1946);
                 O. Garnett, A. Mandelbaum & M. Reiman, Designing a call center with impatient customers, M&SOM 4, 2002;
                 as integrals, which neither overflow nor cancel: S. Zeltyn & A. Mandelbaum, Call centers with
                 impatient customers: many-server asymptotics of the M/M/n+G queue, Queueing Systems 51, 2005.
"""

import math
from collections.abc import Callable

import msgspec

from metrics.quadrature import nodes, support


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """What callers and agents meet in the long run. Probabilities and shares from 0 to 1, times in seconds.

    `service_level`: answered within T ÷ offered (DOMAIN's `offered`). `asa_s`: mean wait of the answered;
    `awt_s`: of all; where no balance exists (Erlang C, load ≥ agents) both are infinite, as is the queue.
    """

    wait_probability: float
    service_level: float
    asa_s: float
    awt_s: float
    occupancy: float
    abandonment: float
    queue_length: float


def erlang_b(agents: int, load: float) -> float:
    """Return the share of calls that find all agents busy and are refused: B(N, a), load in Erlangs.

    1/B(n) = 1 + (n/a)/B(n-1), B(0) = 1 (Erlang 1917; the recurrence: Cooper 1981, §3.3), forward, where it is stable.
    It forgets where it began: an error at n shrinks by n/(n + aB) < n/a, by e^-72 over the last 12√a steps up to a. So
    it may begin there, with B = 1 - n/a, takes O(√a) steps to N = a, and ends where B underflows.
    """
    if agents < 0 or load < 0:
        raise ValueError("agents and load are 0 or more")
    if load == 0:
        return 1.0 if agents == 0 else 0.0
    first = max(0, math.floor(min(agents, load) - 12 * math.sqrt(load)))
    blocked = 1.0 - first / load if first else 1.0
    for n in range(first + 1, agents + 1):
        blocked = load * blocked / (n + load * blocked)
        if blocked == 0.0:
            break
    return blocked


def erlang_c(agents: int, *, rate: float, aht_s: float, within_s: float = 15.0) -> Forecast:
    """Forecast M/M/N: every caller waits for an agent, however long.

    P = N·B/(N - a(1 - B)); SL = 1 - P·e^(-(N - a)T/AHT); ASA = P·AHT/(N - a) (Erlang 1917; Cooper 1981, §3.4);
    queue = rate × ASA (Little 1961); occupancy = a/N.
    """
    load = _load(agents, rate, aht_s)
    if agents <= load:
        return Forecast(
            wait_probability=1.0,
            service_level=0.0,
            asa_s=math.inf,
            awt_s=math.inf,
            occupancy=1.0,
            abandonment=0.0,
            queue_length=math.inf,
        )
    blocked, spare = erlang_b(agents, load), agents - load
    waits = agents * blocked / (spare + load * blocked)
    wait_s = waits * aht_s / spare
    return Forecast(
        wait_probability=waits,
        service_level=1.0 - waits * math.exp(-spare * within_s / aht_s),
        asa_s=wait_s,
        awt_s=wait_s,
        occupancy=load / agents,
        abandonment=0.0,
        queue_length=rate * wait_s,
    )


def erlang_a(
    agents: int, *, rate: float, aht_s: float, patience_s: float = math.inf, within_s: float = 15.0
) -> Forecast:
    """Forecast M/M/N+M: callers wait as long as their patience, exponential with mean `patience_s`, lasts.

    With y = wait ÷ patience, the wait that an endlessly patient caller would meet has, beside an atom at 0, a density
    in proportion to g(y) = exp(η(1 - e^-y) - cy), η = rate·patience, c = N·patience/AHT. With J = ∫g (in seconds),
    P(wait) = rate·J/(1/B(N-1, a) + rate·J); who waits abandons by ∫g(1 - e^-y)/∫g (Zeltyn & Mandelbaum 2005, with
    exponential patience; Garnett, Mandelbaum & Reiman 2002 write ∫g as an incomplete gamma function).
    """
    load = _load(agents, rate, aht_s)
    if math.isinf(patience_s) or load == 0:
        return erlang_c(agents, rate=rate, aht_s=aht_s, within_s=within_s)
    if agents < 1 or patience_s <= 0:
        raise ValueError("agents are 1 or more and patience is above 0")
    mass = _Mass(eta=rate * patience_s, c=agents * patience_s / aht_s, limit=within_s / patience_s)
    before = load / agents * (1 / blocked - 1) if (blocked := erlang_b(agents, load)) > 0 else math.inf
    # before is 1/B(N-1, a); both terms of P(wait) are divided by the peak e^log_peak.
    waits = 1 / (1 + before * math.exp(-mass.log_peak) / (rate * patience_s * mass.all))
    served = waits * mass.served / mass.all
    abandonment = waits * mass.abandoned / mass.all
    answered = (1 - waits) + served
    return Forecast(
        wait_probability=waits,
        service_level=(1 - waits) + waits * mass.served_in_time / mass.all,
        asa_s=patience_s * waits * mass.waited / mass.all / answered if answered > 0 else math.inf,
        awt_s=patience_s * abandonment,  # rate·P(abandon) = queue/patience: what leaves per second
        occupancy=min(1.0, load * (1 - abandonment) / agents),
        abandonment=abandonment,
        queue_length=rate * patience_s * abandonment,
    )


class _Mass:
    """The integrals of g that Erlang A needs, all divided by g's peak; times in units of the patience."""

    __slots__ = ("abandoned", "all", "log_peak", "served", "served_in_time", "waited")

    def __init__(self, *, eta: float, c: float, limit: float) -> None:
        def log_density(y: float) -> float:
            return -eta * math.expm1(-y) - c * y

        peak = math.log(eta / c) if eta > c else 0.0
        self.log_peak = log_density(peak)
        self.all = self.served = self.served_in_time = self.abandoned = self.waited = 0.0
        low, high = support(log_density, peak, 1 / (c + eta))
        for y, weight in nodes(low, high, (limit, peak, 0.25, 1.0, 4.0, 12.0, 40.0)):
            density = weight * math.exp(log_density(y) - self.log_peak)
            stays = density * math.exp(-y)
            self.all += density
            self.served += stays
            self.abandoned -= density * math.expm1(-y)
            self.waited += stays * y
            if y <= limit:
                self.served_in_time += stays


def agents_needed(
    *,
    rate: float,
    aht_s: float,
    service_level: float = 0.8,
    within_s: float = 15.0,
    patience_s: float = math.inf,
    abandonment: float = 1.0,
    asa_s: float = math.inf,
    occupancy: float = 1.0,
) -> int:
    """Return the fewest agents with which every one of the targets is met.

    `service_level` is the least, `abandonment`, `asa_s` and `occupancy` are the most. Each figure improves with every
    agent, so doubling and halving finds it in O(log) forecasts. Without patience it is Erlang C, with it Erlang A.
    """
    if not 0 <= service_level < 1 or asa_s <= 0 or abandonment <= 0 or occupancy <= 0:
        raise ValueError("a service level of 1, or an abandonment, ASA or occupancy of 0, is never reached")
    if rate == 0:
        return 0

    def enough(agents: int) -> bool:
        found = erlang_a(agents, rate=rate, aht_s=aht_s, patience_s=patience_s, within_s=within_s)
        return (
            found.service_level >= service_level
            and found.abandonment <= abandonment
            and found.asa_s <= asa_s
            and found.occupancy <= occupancy
        )

    least = math.floor(rate * aht_s) + 1 if math.isinf(patience_s) else 1
    return _fewest(enough, least)


def _fewest(enough: Callable[[int], bool], least: int) -> int:
    """Return the smallest number from `least` on that is enough, given that all larger ones are."""
    step, low = 1, least - 1
    while not enough(low + step):
        low += step
        step *= 2
    high = low + step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _load(agents: int, rate: float, aht_s: float) -> float:
    if agents < 0 or rate < 0 or aht_s <= 0:
        raise ValueError("agents and rate are 0 or more, the handling time is above 0")
    return rate * aht_s
