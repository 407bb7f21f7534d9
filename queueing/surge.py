"""Bursts of calls from one area or to one number."""

from datetime import datetime, timedelta

import msgspec

from queueing.settings import Surge


class Burst(msgspec.Struct):
    """The newest arrivals of one key, as many as make a burst, and whether it is one now."""

    arrivals: list[datetime] = []
    active: bool = False
    over_at: datetime | None = None
    """When it is over unless it goes on."""
    deflected: int = 0

    def arrived(self, surge: Surge, at: datetime) -> None:
        """Count an arrival."""
        self.arrivals.append(at)
        del self.arrivals[: -surge.calls]
        if self.bursts(surge):
            self.over_at = at + timedelta(seconds=surge.calm_s)

    def bursts(self, surge: Surge) -> bool:
        """Tell whether the newest arrivals came within the surge's time."""
        if len(self.arrivals) < surge.calls:
            return False
        return (self.arrivals[-1] - self.arrivals[0]).total_seconds() <= surge.within_s

    def stale(self, surge: Surge, now: datetime) -> bool:
        """Tell whether it can be forgotten."""
        return not self.active and (now - self.arrivals[-1]).total_seconds() > surge.within_s


def key_of(surge: Surge, did: str, number: str) -> str | None:
    """Return what a call counts under, None where the surge does not look at it."""
    if not did.startswith(surge.did) or not number.startswith(surge.caller):
        return None
    return did if surge.by == "did" else number[: surge.digits]
