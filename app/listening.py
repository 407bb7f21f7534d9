"""Looks out for listening: counts it, and raises an alarm for a ChanSpy that nobody asked us for."""

from __future__ import annotations

import msgspec
import structlog

from messages import events
from messages.events import Entry

log = structlog.get_logger()


class ListeningCounts(msgspec.Struct):
    """What was listened to since the start: `heard` calls, `foreign` ones among them."""

    requested: int = 0
    refused: int = 0
    heard: int = 0
    foreign: int = 0
    ended_at_limit: int = 0


class ListeningWatch:
    """Follows the log; the mirror's listener."""

    def __init__(self) -> None:
        self.counts = ListeningCounts()

    def __repr__(self) -> str:
        return f"<ListeningWatch: {self.counts}>"

    def take(self, entries: list[Entry]) -> None:
        """Count what is listened to; a foreign ChanSpy is an alarm in the log."""
        counts = self.counts
        for entry in entries:
            match entry.event:
                case events.ListeningRequested():
                    counts.requested += 1
                case events.ListeningDecided(approved=False):
                    counts.refused += 1
                case events.ListeningStarted() as started:
                    counts.heard += 1
                    if started.foreign:
                        counts.foreign += 1
                        self._alarm(started)
                case events.ListeningEnded(end="limit"):
                    counts.ended_at_limit += 1

    def _alarm(self, started: events.ListeningStarted) -> None:
        log.error(
            "ALARM: somebody listens who did not ask us",
            session=started.session,
            node=started.node,
            spyer=started.spyer,
            call=started.call,
            agent=started.agent,
        )
