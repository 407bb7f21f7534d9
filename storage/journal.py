"""The journal on disk: an EventLog over segment files, written by group commit in a thread of its own."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import structlog

from center.memory_log import MemoryLog, admit
from center.ports import Clock
from messages.errors import JournalError, TooOld
from messages.events import Entry, Position
from storage.segments import Segments
from storage.snapshots import FileSnapshots

log = structlog.get_logger()


def _now() -> datetime:
    return datetime.now(UTC)


class _Pending(NamedTuple):
    entries: list[Entry]
    since: datetime
    done: asyncio.Future[None]


class FileJournal:
    """An EventLog and the Snapshots beside it in one directory; use it as `async with`.

    `tail`: entries kept in memory for readers; `segment_bytes`: when a new file begins; `snapshots`: how many are kept.
    """

    def __init__(
        self,
        directory: Path,
        clock: Clock = _now,
        *,
        tail: int = 10_000,
        segment_bytes: int = 64 << 20,
        snapshots: int = 3,
    ) -> None:
        self.directory = directory
        self._clock = clock
        self._tail = tail
        self._segment_bytes = segment_bytes
        self._snapshots = FileSnapshots(directory, snapshots)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._pending: list[_Pending] = []
        self._writing: list[_Pending] = []
        self._wake = asyncio.Event()
        self._failing = False
        self._closed = False

    def __repr__(self) -> str:
        return f"<FileJournal {self.directory}: {len(self._pending) + len(self._writing)} pending>"

    async def __aenter__(self) -> Self:
        """Open the files and cut off a torn end. Raises JournalError."""
        loop = asyncio.get_running_loop()
        try:
            self._files = await loop.run_in_executor(self._thread, Segments, self.directory, self._segment_bytes)
        except BaseException as error:
            self._thread.shutdown(wait=False)
            if isinstance(error, OSError):
                raise JournalError(f"cannot open the journal in {self.directory}: {error}") from error
            raise
        self._accepted = self._files.last
        self._recent = MemoryLog(self._tail, after=self._accepted)
        self._writer = asyncio.create_task(self._write(), name="journal")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what is pending, then close; whoever appends later is refused."""
        self._closed = True
        if pending := [waiting.done for waiting in (*self._writing, *self._pending)]:
            await asyncio.wait(pending)
        self._writer.cancel()
        await asyncio.gather(self._writer, return_exceptions=True)
        await asyncio.get_running_loop().run_in_executor(self._thread, self._files.close)
        self._thread.shutdown()

    @property
    def lag(self) -> float:
        """Seconds the oldest pending append has been waiting."""
        oldest = next(iter((*self._writing, *self._pending)), None)
        return (self._clock() - oldest.since).total_seconds() if oldest else 0.0

    @property
    def cut(self) -> int:
        """Bytes of a torn end that were cut off when the journal was opened."""
        return self._files.cut

    async def append(self, entries: Sequence[Entry]) -> None:
        """Make the entries durable, then visible, all or none. Raises Fenced, JournalError (may be tried again)."""
        if self._closed:
            raise JournalError("the journal is closed")
        new = admit(entries, self._accepted, self._recent.get)
        if not new and self._accepted == self._recent.position:
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if new:
            self._accepted = new[-1].position
        self._pending.append(_Pending(new, self._clock(), done))
        self._wake.set()
        await asyncio.shield(done)

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            self._take()
            entries = [entry for waiting in self._writing for entry in waiting.entries]
            try:
                if entries:
                    await loop.run_in_executor(self._thread, self._files.append, entries)
            except Exception as error:
                self._fail(error)
                continue
            self._failing = False
            self._recent.put(entries)
            for waiting in self._writing:
                _settle(waiting.done, None)
            self._writing = []
            if not self._pending:
                self._wake.clear()

    def _take(self) -> None:
        """Take what is pending, as far as it goes into one segment."""
        epochs = [waiting.entries[0].epoch if waiting.entries else None for waiting in self._pending]
        first = next((epoch for epoch in epochs if epoch), None)
        count = next((n for n, epoch in enumerate(epochs) if epoch not in (None, first)), len(epochs))
        self._writing, self._pending = self._pending[:count], self._pending[count:]

    def _fail(self, error: Exception) -> None:
        """Refuse everything pending: later entries cannot stand in the journal without the earlier ones."""
        if not self._failing:
            log.error("journal cannot be written", directory=str(self.directory), error=str(error))
        self._failing = True
        self._accepted = self._recent.position
        failed, self._writing, self._pending = [*self._writing, *self._pending], [], []
        self._wake.clear()
        for waiting in failed:
            _settle(waiting.done, JournalError(f"cannot write the journal: {error}"))

    async def read(self, after: Position, limit: int = 1000) -> list[Entry]:
        """Return up to `limit` entries after a position, from memory or else from the files. Raises TooOld."""
        try:
            return await self._recent.read(after, limit)
        except TooOld:
            return await asyncio.to_thread(self._files.read, after, limit)

    async def wait(self, after: Position) -> None:
        """Return once there is an entry after the position."""
        await self._recent.wait(after)

    async def last(self) -> Position:
        """Return the position of the newest durable entry."""
        return self._recent.position

    async def forget(self, before: Position) -> int:
        """Delete segments that nobody needs who has read up to `before`; return how many."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._files.forget, before)

    def save_snapshot(self, position: Position, data: bytes) -> None:
        """Keep a snapshot, whole or not at all, and begin a new segment. Blocks. Raises JournalError."""
        try:
            self._snapshots.save_snapshot(position, data)
        except OSError as error:
            raise JournalError(f"cannot keep the snapshot: {error}") from error
        self._files.rotate()

    def load_snapshot(self) -> tuple[Position, bytes] | None:
        """Return the newest whole snapshot. Blocks."""
        return self._snapshots.load_snapshot()


def _settle(done: asyncio.Future[None], error: JournalError | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
