"""The keeper: follows the log for recordings that are complete, and brings each, step by step, to where it is kept.

Each step ends in one write to the row; whatever is killed between two of them is done again and comes to the same.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec
import structlog

from center.ports import Clock, EventLog
from messages.errors import HotlineError, JournalError, TooOld, Unavailable
from messages.events import Entry, Position, RecordingStopped
from messages.ids import RecordingId
from recording.files import OPEN, FileState, RecordingFile, deletable, keep_until
from storage.audit.trail import AuditTrail
from storage.cursors import Cursors
from storage.recordings import deletion
from storage.recordings.codec import Unreadable
from storage.recordings.files import RecordingFiles
from storage.recordings.sealing import Broken
from storage.recordings.store import free_bytes
from storage.recordings.vault import MIB, StoreFull, Vault

log = structlog.get_logger()
T = TypeVar("T")

NAME = "recordings"
IDLE_S = 30.0
EXPIRE_S = 3600.0
GIVE_UP = 3
"""Failures in a row after which a round ends: then it is the store, not the recordings."""
TROUBLE = (OSError, HotlineError)


class KeeperCounts(msgspec.Struct):
    """What was done since the start."""

    sealed: int = 0
    verified: int = 0
    kept: int = 0
    expired: int = 0
    failures: int = 0
    broken: int = 0


class Keeper:
    """Keeps the recordings of one Asterisk host. `source`: where a complete recording is there."""

    def __init__(
        self,
        entries: EventLog,
        files: RecordingFiles,
        cursors: Cursors,
        vault: Vault,
        audit: AuditTrail,
        source: Callable[[RecordingId], Path],
        clock: Clock,
    ) -> None:
        self.position = Position()
        self.counts = KeeperCounts()
        self.states: Counter[FileState] = Counter()
        self.oldest: datetime | None = None
        """When the oldest recording ended that is not kept yet."""
        self.full = False
        self.host_free: int | None = None
        self._log = entries
        self._files = files
        self._cursors = cursors
        self._vault = vault
        self._audit = audit
        self._source = source
        self._clock = clock
        self._settings = vault.settings
        self._woken = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Keeper at {self.position.epoch}-{self.position.seq}: {self.counts.kept} kept>"

    @property
    def waiting(self) -> int:
        """Return how many recordings are not kept yet."""
        return sum(self.states[state] for state in OPEN)

    @property
    def host_low(self) -> bool:
        """Tell whether Asterisk soon has no room to record."""
        return self.host_free is not None and self.host_free < self._settings.host_low_water_mb * MIB

    async def run(self) -> None:
        """Keep recordings, for ever."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self.follow())
            both.create_task(self._work())
            both.create_task(self._expire())

    async def follow(self) -> None:
        """Take note of each recording that is complete, for ever."""
        known: Position | None = await self._patiently(lambda: self._cursors.load(NAME))
        self.position = known if known is not None else await self._patiently(self._begin)
        while True:
            try:
                entries = await self._patiently(lambda: self._log.read(self.position))
            except TooOld:
                self.position = await self._patiently(self._begin)
                continue
            if entries:
                await self._patiently(partial(self._take, entries))
            else:
                await self._log.wait(self.position)

    async def _begin(self) -> Position:
        """Take what the rows know, up to where they are: the log need not be kept from its beginning."""
        position = await self._cursors.load("rows") or Position()
        await self._files.take(await self._files.left_behind())
        await self._cursors.save(NAME, position)
        self._woken.set()
        return position

    async def _take(self, entries: list[Entry]) -> None:
        over = [entry.event for entry in entries if isinstance(entry.event, RecordingStopped)]
        found = [
            RecordingFile(recording=event.recording, contact=event.contact, ended_at=event.occurred)
            for event in over
            if not event.failed
        ]
        await self._files.take(found)
        await self._cursors.save(NAME, entries[-1].position)
        self.position = entries[-1].position
        if found:
            self._woken.set()

    async def _patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        delay = self._settings.retry_s
        while True:
            try:
                return await work()
            except TooOld:
                raise
            except (Unavailable, JournalError) as error:
                log.warning("recordings wait for the database or the log", error=str(error))
                await asyncio.sleep(delay)
                delay = min(2 * delay, self._settings.retry_at_most_s)

    async def _work(self) -> None:
        await asyncio.to_thread(self._vault.tidy)
        await self._patiently(self._files.again)
        delay = self._settings.retry_s
        while True:
            self._woken.clear()
            try:
                well = await self.round()
            except TROUBLE as error:
                log.error("recordings are not being kept", error=str(error))
                well = False
            if well:
                delay = self._settings.retry_s
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), IDLE_S)
            else:
                await asyncio.sleep(delay)
                delay = min(2 * delay, self._settings.retry_at_most_s)

    async def round(self) -> bool:
        """Do what there is to do; return False where some of it must be tried again later. Raises Unavailable."""
        failed: set[RecordingId] = set()
        in_a_row = 0
        while in_a_row < GIVE_UP:
            todo = [file for file in await self._files.open() if file.recording not in failed]
            await self._look(todo)
            if not todo:
                break
            for at in range(0, len(todo), self._settings.jobs):
                some = todo[at : at + self._settings.jobs]
                for file, kept in zip(some, await self._keep_some(some), strict=True):
                    in_a_row = 0 if kept else in_a_row + 1
                    if not kept:
                        failed.add(file.recording)
                if in_a_row >= GIVE_UP or self.full:
                    return False
        return not failed

    async def _keep_some(self, some: list[RecordingFile]) -> list[bool]:
        """Bring several as far as they go, all to their end even if one of them cannot say how it went."""
        kept: list[bool] = []
        for result in await asyncio.gather(*map(self.keep, some), return_exceptions=True):
            if isinstance(result, BaseException):
                raise result
            kept.append(result)
        return kept

    async def _look(self, todo: list[RecordingFile]) -> None:
        self.states = await self._files.counts((*OPEN, FileState.MISSING, FileState.FAILED))
        self.oldest = min((file.ended_at for file in todo), default=None)
        was_low = self.host_low
        self.host_free = await asyncio.to_thread(free_bytes, self._source(RecordingId("any")).parent)
        if self.host_low and not was_low:
            log.error("ALARM: little room where Asterisk records", free_mb=self.host_free // MIB)

    async def keep(self, file: RecordingFile) -> bool:
        """Bring one recording as far as it goes; return False where it must be tried again."""
        try:
            while file.state in OPEN:
                new = await self._step(file)
                if not await self._files.move(file, new):
                    return True  # somebody else has it
                went_on = new.state is not FileState.TAKEN
                file = new
                if not went_on:
                    return False
        except StoreFull as error:
            if not self.full:
                log.error("ALARM: the recordings' store is full", error=str(error))
            self.full = True
            return False
        except TROUBLE as error:
            self.counts.failures += 1
            log.warning("a recording is not kept yet", recording=file.recording, state=file.state, error=str(error))
            await self._files.move(file, msgspec.structs.replace(file, error=str(error)))
            return False
        self.full = False
        return True

    async def _step(self, file: RecordingFile) -> RecordingFile:
        match file.state:
            case FileState.TAKEN:
                return await self._seal(file)
            case FileState.STORED:
                return await self._verify(file)
            case _:
                await self._files.settle()
                await asyncio.to_thread(self._source(file.recording).unlink, missing_ok=True)
                self.counts.kept += 1
                return msgspec.structs.replace(file, state=FileState.KEPT)

    async def _seal(self, file: RecordingFile) -> RecordingFile:
        source = self._source(file.recording)
        if not await asyncio.to_thread(source.parent.is_dir):  # not mounted, perhaps: then none of them is missing
            raise FileNotFoundError(f"{source.parent} is not there")
        if not await asyncio.to_thread(source.exists):
            log.error("a recording is missing", recording=file.recording, contact=file.contact)
            return msgspec.structs.replace(file, state=FileState.MISSING, error="not where Asterisk had written it")
        try:
            sealed = await asyncio.to_thread(self._vault.seal, file, source, self._clock)
        except Unreadable as error:
            log.error("a recording cannot be read", recording=file.recording, error=str(error))
            return msgspec.structs.replace(file, state=FileState.FAILED, error=str(error))
        self.counts.sealed += 1
        return sealed

    async def _verify(self, file: RecordingFile) -> RecordingFile:
        try:
            await asyncio.to_thread(self._vault.verify, file)
        except (Broken, FileNotFoundError) as error:
            self.counts.broken += 1
            log.error("a stored copy is not whole; it is made again", recording=file.recording, error=str(error))
            return msgspec.structs.replace(file, state=FileState.TAKEN, error=str(error))
        self.counts.verified += 1
        return msgspec.structs.replace(file, state=FileState.VERIFIED, verified_at=self._clock(), error="")

    async def _expire(self) -> None:
        while self._settings.retention:
            try:
                await self.expire()
            except TROUBLE as error:
                log.warning("recordings past their time stay for now", error=str(error))
            await asyncio.sleep(EXPIRE_S)

    async def expire(self) -> int:
        """Remove what the rules no longer keep and nobody holds, and return how much; each is audited first."""
        rules, at = self._settings.retention, self._clock()
        if not rules:
            return 0
        shortest = at - timedelta(days=min(rule.days for rule in rules))
        removed = 0
        async for file, queue, tenant in self._files.kept_before(shortest):
            if deletable(keep_until(rules, queue, tenant, file.ended_at), at, held=False):
                removed += await self._remove(file, tenant, at)
        self.counts.expired += removed
        return removed

    async def _remove(self, file: RecordingFile, tenant: str, at: datetime) -> bool:
        """Remove a recording that nobody holds, and prove it: the audit says so before, and once nothing is left."""
        claimed = await self._files.claim_expired(file)
        if claimed is None:
            return False
        try:
            await self._audit.append(deletion.entry(deletion.BEFORE, file, tenant, at))
        except Unavailable:
            with contextlib.suppress(Unavailable):  # else it is gone on with next time, audited then
                await self._files.move(claimed, msgspec.structs.replace(file, state=FileState.KEPT))
            raise
        await asyncio.to_thread(self._vault.remove, file)
        if await asyncio.to_thread(self._vault.holds, file):
            raise Unavailable(f"{file.recording} was removed from {file.store} and is still there")
        await self._audit.append(deletion.entry(deletion.AFTER, file, tenant, self._clock()))
        return await self._files.move(
            claimed, msgspec.structs.replace(file, state=FileState.EXPIRED, removed_at=self._clock())
        )
