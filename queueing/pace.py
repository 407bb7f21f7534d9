"""How fast a queue is served, and what a caller may expect."""

from datetime import datetime

import msgspec

SMOOTHING = 0.2
"""Weight of the newest interval: about the last ten count."""

HONEST_AFTER = 5
"""Intervals seen before an estimate is given."""


class Pace(msgspec.Struct):
    """The smoothed interval, in seconds, between two callers of a queue being answered while others wait."""

    interval_s: float = 0.0
    seen: int = 0
    last: datetime | None = None

    def answered(self, at: datetime, still_waiting: bool) -> None:
        """Count a caller answered; intervals in which nobody waited say nothing."""
        if self.last is not None and at >= self.last:
            interval = (at - self.last).total_seconds()
            weight = SMOOTHING if self.seen else 1.0
            self.interval_s += weight * (interval - self.interval_s)
            self.seen += 1
        self.last = at if still_waiting else None

    def wait_s(self, position: int) -> float | None:
        """Return the wait to be expected at a position, in seconds; None while too little is known."""
        return position * self.interval_s if self.seen >= HONEST_AFTER else None
