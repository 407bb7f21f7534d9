"""An outbox with a real log, database and rows, a clock that moves when told, and a sender that answers as told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from center.memory_log import MemoryLog
from messages.notices import Notice
from notify.errors import NotSent
from notify.outbox import Outbox
from notify.senders import Sms
from notify.settings import AlertSettings, NotifySettings
from storage.database import Database
from storage.notices import Notices
from storage.rows import RowSettings, RowWriter

NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai
QUICK = RowSettings(linger_s=0, retry_s=0.01)
EVERYTHING: dict[str, Any] = {
    "sender": "file",
    "missed": True,
    "requested": True,
    "gave_up": True,
    "survey": True,
    "survey_link": "https://survey.example/{contact}",
    "alerts": (AlertSettings(on="surge.started", numbers=("13700000001", "13700000002")),),
    "per_second": 1000.0,
}


class Clock:
    """Says what it is told to say."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        """Let time pass."""
        self.now += timedelta(**by)


class ToldSender:
    """Takes what it is sent, and then does what it is told: raise, or hang."""

    def __init__(self) -> None:
        self.tried: list[Sms] = []
        self.error: NotSent | None = None
        self.hangs = False
        self.closed = False
        self.arrived = asyncio.Event()

    async def send(self, message: Sms) -> str:
        """Take a message."""
        self.tried.append(message)
        self.arrived.set()
        if self.hangs:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error
        return "200"

    async def close(self) -> None:
        """Note that we were closed."""
        self.closed = True


class Office:
    """Everything that a start of the outbox needs; it may be started many times."""

    def __init__(self, database: Database, **more: Any) -> None:
        self.log = MemoryLog()
        self.database = database
        self.store = Notices(database)
        self.sender = ToldSender()
        self.clock = Clock()
        self.settings = NotifySettings(**(EVERYTHING | more))
        self.rows = RowWriter(self.log, database, settings=QUICK)
        self.outbox = self.new_outbox()

    def new_outbox(self) -> Outbox:
        """Return an outbox that knows nothing yet."""
        return Outbox(
            self.log, self.store, self.sender, self.settings, self.clock, lambda to: self.rows.reached(to), Random(1)
        )

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Outbox]:
        """Run rows and a new outbox; kill both at the end."""
        self.rows = RowWriter(self.log, self.database, settings=QUICK)
        self.outbox = self.new_outbox()
        async with self.running(self.rows.run(), self.outbox.run()):
            yield self.outbox

    @asynccontextmanager
    async def running(self, *works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
        """Run work beside; none of it may fail before it is killed."""
        tasks = [asyncio.create_task(work) for work in works]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(one, asyncio.CancelledError) for one in ended), ended

    async def keep(self, *notices: Notice) -> None:
        """Keep notices as if they had been derived."""
        at = await self.store.begin(await self.log.last())
        await self.store.take(notices, (), at, type(at)(at.epoch, at.seq + 1))

    async def round(self) -> int:
        """Send what is due now; return how many messages were tried."""
        return sum([await self.outbox.send(notice) for notice in await self.store.due(self.clock(), 1000)])

    async def all(self) -> list[Notice]:
        """Return every notice, in the order of ids."""
        page, _ = await self.store.page(limit=1000)
        return sorted(page, key=lambda one: one.id)


async def until(condition: Callable[[], Awaitable[object]], within_s: float = 20) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(within_s):
        while not await condition():  # noqa: ASYNC110 - the database cannot set an event
            await asyncio.sleep(0.01)
