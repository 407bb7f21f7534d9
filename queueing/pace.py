"""How fast a queue is served, and what a caller may expect."""

from datetime import datetime
from math import log1p

import msgspec

SMOOTHING = 0.05
"""Least weight of the newest observation: about the last forty count."""

HONEST_AFTER = 5
"""Intervals seen before an estimate is given."""


class Pace(msgspec.Struct):
    """The smoothed interval, in seconds, between two callers of a queue being answered while others wait; and how fast
    those who wait lose patience: the part who gave up ÷ the seconds that each waited."""

    interval_s: float = 0.0
    seen: int = 0
    last: datetime | None = None
    waited_s: float = 0.0
    gave_up: float = 0.0
    left: int = 0

    def answered(self, at: datetime, waited_s: float, still_waiting: bool) -> None:
        """Count a caller answered; intervals in which nobody waited say nothing."""
        self._leaves(waited_s, 0.0)
        if self.last is not None and at >= self.last:
            interval = (at - self.last).total_seconds()
            self.seen += 1
            self.interval_s += _weight(self.seen) * (interval - self.interval_s)
        self.last = at if still_waiting else None

    def abandoned(self, waited_s: float) -> None:
        """Count a caller who gave up."""
        self._leaves(waited_s, 1.0)

    def _leaves(self, waited_s: float, gave_up: float) -> None:
        self.left += 1
        self.waited_s += _weight(self.left) * (waited_s - self.waited_s)
        self.gave_up += _weight(self.left) * (gave_up - self.gave_up)

    def wait_s(self, position: int) -> float | None:
        """Return the wait to be expected at a position, in seconds; None while too little is known.

        Each place in front is served in turn or given up (QL_m of Ibrahim and Whitt 2009):
        the sum of 1/(r + iθ) over the places, r the rate of being answered and θ of giving up, as its integral.
        """
        if self.seen < HONEST_AFTER:
            return None
        impatience = self.gave_up / self.waited_s if self.waited_s > 0 else 0.0
        growth = impatience * self.interval_s
        if growth * position < 1e-6:
            return position * self.interval_s
        return log1p(position * growth) / impatience


def _weight(seen: int) -> float:
    return max(SMOOTHING, 1 / seen)
