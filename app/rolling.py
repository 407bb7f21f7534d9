"""The last 24 hours of each queue, read again and again from what is kept, so that it is what a report would say."""

from __future__ import annotations

import asyncio

import structlog

from center.ports import Clock
from messages.errors import Unavailable
from metrics.counts import Rolling
from metrics.question import rolling_24h
from storage.reports import Reports

log = structlog.get_logger()
EVERY_S = 15.0


class RollingRates:
    """`by_queue` is always the newest; the whole hotline stands there without a name. Empty: not known."""

    def __init__(self, reports: Reports, clock: Clock, every_s: float = EVERY_S) -> None:
        self.by_queue: dict[str, Rolling] = {}
        self._reports = reports
        self._clock = clock
        self._every_s = every_s

    def __repr__(self) -> str:
        return f"<RollingRates of {len(self.by_queue)}>"

    async def run(self) -> None:
        """Read for ever; while the database is away, nothing is known."""
        while True:
            await self.read()
            await asyncio.sleep(self._every_s)

    async def read(self) -> None:
        """Read once."""
        try:
            found = await self._reports.rolling(*rolling_24h(self._clock()))
        except Unavailable as error:
            log.warning("the last 24 hours are not known", why=str(error))
            found = {}
        self.by_queue.clear()
        self.by_queue.update(found)
