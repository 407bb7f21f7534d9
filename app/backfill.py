"""The backfill: what Asterisk wrote down while we were away is told to the centre, which records what it missed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import structlog

from app.log_file import LogFile
from center.ports import Clock, Inbox
from imports.backfill import Backlog, Due, Since, us
from imports.digest import Cel, Digest, QueueLog
from imports.names import Names
from messages.errors import Conflict, Refused, Unavailable
from messages.facts import CallsLost, Fact, LogsRead, NodeUp
from messages.ids import ContactId, NodeId
from messages.values import Source
from storage.places import Place, Places

log = structlog.get_logger()

EVERY_S = 60.0
FLUSHED_S = 0.5
"""Asterisk has written down by then what it tells of over AMI."""
LOGS_S = 30.0
"""How long the centre waits for what the logs say of a call that is gone."""
SINCE_S = 2.0
"""How long a resync waits for the instants that the logs know."""
SAVE_EVERY = 64
"""Chunks read between places kept."""

Known = Callable[[Sequence[ContactId]], Awaitable[set[ContactId]]]
"""Returns which contacts the journal has and has ended."""


class Backfill:
    """Reads one node's logs on, for ever; `wake` it when Asterisk is heard again."""

    def __init__(
        self, node: NodeId, files: Mapping[Source, Path], places: Places, known: Known, inbox: Inbox, clock: Clock
    ) -> None:
        self.node = node
        self.taken = 0
        self.chunks = 0
        self.read_once = asyncio.Event()
        """Set when all that was written before Asterisk was first heard has been told."""
        names = Names()
        self._digests: dict[Source, Digest] = {Source.CEL: Cel(names), Source.QUEUE_LOG: QueueLog(names)}
        self._paths = files
        self._head = f"backfill of {node}"
        self._places = places
        self._known = known
        self._inbox = inbox
        self._clock = clock
        self._files: dict[Source, LogFile] = {}
        self._backlog = Backlog(node, self._digests)
        self._heard = 0
        self._wake = asyncio.Event()
        self._lock = asyncio.Lock()
        """Held by whoever reads: what is read is looked at in threads."""
        self._late: set[asyncio.Task[dict[str, Since]]] = set()

    def __repr__(self) -> str:
        return f"<Backfill of {self.node}: {self.taken} taken, {self._backlog!r}>"

    def seen(self, fact: Fact) -> None:
        """Look at a fact on its way to the centre: when Asterisk is heard again it is time to read."""
        if isinstance(fact, CallsLost):
            self._backlog.died(us(fact.occurred))
        if isinstance(fact, NodeUp):
            self._heard = us(fact.occurred)
            self._wake.set()

    async def begin(self) -> None:
        """Open the logs where they were read to; at the very first start, at their ends. Raises Unavailable."""
        new: dict[Source, Place] = {}
        for source, path in self._paths.items():
            place = await self._places.load(source, self._head)
            self._files[source] = file = await asyncio.to_thread(LogFile, path, self._head, place)
            if place is None:
                new[source] = file.place(None)
        if new:
            await self._places.save(new)

    async def run(self) -> None:
        """Read on when Asterisk is heard again, and every minute."""
        while True:
            woken = False
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVERY_S):
                    woken = await self._wake.wait()
            if woken:
                self._wake.clear()
                await asyncio.sleep(FLUSHED_S)
            began = self._clock()
            try:
                await self.look()
            except (Unavailable, OSError) as error:
                log.warning("the backfill could not go on; it tries again", error=str(error))
                if isinstance(error, OSError):  # a log that cannot be read has nothing to say
                    self._inbox.tell(LogsRead(occurred=began, node=self.node))

    async def look(self) -> None:
        """Tell the centre of every call that ended and is not told yet. Raises Unavailable, OSError."""
        async with self._lock:
            began, heard, before = self._clock(), self._heard, self.taken
            async for _ in self._read_on(us(began)):
                await self._tell(await asyncio.to_thread(lambda: list(self._backlog.due(heard))))
                self.chunks += 1
                if self.chunks % SAVE_EVERY == 0:
                    await self._save()
            await self._save()
        if self.taken > before:
            log.info("contacts were taken in from Asterisk's logs", contacts=self.taken - before)
        if heard:
            self._inbox.tell(LogsRead(occurred=began, node=self.node))
            self.read_once.set()

    async def since(self, at: datetime) -> dict[str, Since]:
        """Return since when Asterisk's channels are where they were at an instant, whatever became of them meanwhile;
        nothing where the logs cannot be read in time."""
        task = asyncio.create_task(self._look_back(us(at)), name="since")
        await asyncio.wait({task}, timeout=SINCE_S)
        if not task.done():  # it holds the lock till it has read all: the next look goes on from there
            self._late.add(task)
            task.add_done_callback(self._late.discard)
            log.warning("Asterisk's logs were not read in time; what goes on is taken to have begun now")
            return {}
        if error := task.exception():
            log.warning("Asterisk's logs cannot be read; what goes on is taken to have begun now", error=str(error))
            return {}
        return task.result()

    async def _look_back(self, at: int) -> dict[str, Since]:
        async with self._lock:
            async for _ in self._read_on(us(self._clock())):
                pass
            return await asyncio.to_thread(self._backlog.there, at)

    async def _read_on(self, now: int) -> AsyncIterator[None]:
        """Read to the end of both logs, chunk by chunk, always in the one that is behind."""
        unfinished = set(self._files)
        while unfinished:
            source = self._backlog.behind(unfinished)
            if await asyncio.to_thread(self._read, source, now):
                unfinished.discard(source)
            yield

    def _read(self, source: Source, now: int) -> bool:
        """Read a chunk; tell whether the log is at its end."""
        chunk = self._files[source].read()
        if chunk is None:
            self._backlog.reach(source, now)
            return True
        self._backlog.take(source, self._digests[source].read(chunk.lines), chunk.mark)
        return False

    async def _tell(self, found: list[Due]) -> None:
        accounts = [due.account for due in found if due.account is not None]
        known = await self._known([account.contact for account in accounts]) if accounts else set()
        for name, account in found:
            if account is not None and account.contact not in known:
                try:
                    reply = await self._inbox.ask(account)
                except Conflict:  # it is live: told when Asterisk says that it is gone
                    continue
                except Refused as refusal:
                    log.error("what Asterisk wrote of a contact was refused", contact=account.contact, why=str(refusal))
                else:
                    self.taken += bool(reply.id)
            self._backlog.told(name)

    async def _save(self) -> None:
        await self._places.save(
            {source: file.place(self._backlog.begin(source)) for source, file in self._files.items()}
        )

    def close(self) -> None:
        """Close the logs."""
        for file in self._files.values():
            file.close()
