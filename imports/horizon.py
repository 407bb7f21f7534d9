"""What a whole log says of what it leaves open: where it begins and ends, and when Asterisk started anew. Pure."""

from __future__ import annotations

from bisect import bisect_right

import msgspec

STALE_US = 24 * 3600 * 1_000_000
"""A call that a log which goes on for a day has not mentioned again is over (µs)."""
SECOND_US = 1_000_000
"""queue_log writes its restarts in whole seconds; CEL shows them at the first call after."""


class Horizon(msgspec.Struct):
    """One Asterisk's log as far as it is known. Instants in µs since 1970; `restarts` sorted."""

    first: int = 0
    last: int = 0
    restarts: list[int] = []

    def widen(self, first: int, last: int, restarts: list[int]) -> None:
        """Take in what another stretch of the log says."""
        self.first = min(self.first or first, first)
        self.last = max(self.last, last)
        self.restarts = sorted({*self.restarts, *restarts})

    def over_at(self, last: int) -> int | None:
        """Return when what was last heard of at `last` was over: at the restart after it; None: it may go on."""
        place = bisect_right(self.restarts, last)
        if place < len(self.restarts):
            in_this_second = place > 0 and self.restarts[place - 1] > last - SECOND_US
            return last if in_this_second else self.restarts[place]
        return last if self.last - last > STALE_US else None
