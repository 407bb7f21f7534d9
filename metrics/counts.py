"""What is counted and summed of contacts, or of visits to a queue, and the rates that follow. Pure.

Counts add up: those of a day are the sum of those of its hours. Rates never do; they follow from the counts.
"""

from __future__ import annotations

import msgspec

OFFERED = (
    *("answered", "abandoned", "timed_out", "left_by_key", "no_agents", "withdrawn", "callback", "overflowed"),
    *("lost", "still_waiting"),
)
"""What `offered` is made of."""
ARRIVALS = ("blocked", "closed", "ended_in_ivr", "still_in_ivr", "offered")
"""What `arrivals` are made of."""


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Counts, and times in whole µs (so that sums are exact in whatever order).

    `answered_in`, `abandoned_in`: within the threshold; `waited`: those whose wait is known and over; `to_human_us`:
    of the answered, from arriving on; `finished`: answered contacts none of whose talk goes on.
    """

    arrivals: int = 0
    blocked: int = 0
    closed: int = 0
    ended_in_ivr: int = 0
    still_in_ivr: int = 0
    offered: int = 0
    answered: int = 0
    abandoned: int = 0
    short_abandoned: int = 0
    timed_out: int = 0
    left_by_key: int = 0
    no_agents: int = 0
    withdrawn: int = 0
    callback: int = 0
    overflowed: int = 0
    lost: int = 0
    still_waiting: int = 0
    answered_in: int = 0
    abandoned_in: int = 0
    transferred: int = 0
    repeats: int = 0
    waited: int = 0
    answer_wait_us: int = 0
    wait_us: int = 0
    to_human_us: int = 0
    longest_wait_us: int = 0
    longest_waiting_us: int = 0
    talk_us: int = 0
    hold_us: int = 0
    wrap_up_us: int = 0
    talks: int = 0
    offers: int = 0
    rona: int = 0
    survey_asked: int = 0
    survey_answered: int = 0
    survey_satisfied: int = 0

    def __add__(self, other: Counts) -> Counts:
        """Add up what is of different intervals or groups; the longest is the longer."""
        mine, its = msgspec.structs.astuple(self), msgspec.structs.astuple(other)
        both = zip(self.__struct_fields__, mine, its, strict=True)
        return Counts(**{name: max(a, b) if name.startswith("longest") else a + b for name, a, b in both})

    @property
    def outcomes(self) -> int:
        """Return O: offered, without those who wait still and those who went on to another queue."""
        return self.offered - self.still_waiting - self.overflowed

    @property
    def balances(self) -> bool:
        """Tell whether both ledgers of DOMAIN §5 do."""
        return self.arrivals == self.total(ARRIVALS) and self.offered == self.total(OFFERED)

    def total(self, names: tuple[str, ...]) -> int:
        """Return the sum of some of the counts."""
        return sum(getattr(self, name) for name in names)


class Rolling(msgspec.Struct, frozen=True, kw_only=True):
    """The last 24 hours of a queue, or of the whole hotline, by arrival; GB/T 33358 asks for a rate of 95 %."""

    offered: int
    answered: int
    connection_rate: float | None
    service_level: float | None


def share(part: float, whole: float) -> float | None:
    """Return a share, None of nothing."""
    return part / whole if whole > 0 else None


def mean_s(total_us: int, of: int) -> float | None:
    """Return a mean in seconds, None of nothing."""
    return total_us / of / 1e6 if of > 0 else None


def seconds(us: int) -> float:
    """Return µs as seconds."""
    return us / 1e6
