"""The log in memory: bounded, for tests, for one process, and as the recent part of every other log."""

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Sequence

from messages.errors import Fenced, JournalError, TooOld
from messages.events import Entry, Position


def admit(entries: Sequence[Entry], last: Position, kept: Callable[[Position], Entry | None]) -> list[Entry]:
    """Return those of `entries` that come after `last`; `kept` looks an older one up, None if it cannot.

    Raises Fenced if a newer epoch has written or another centre wrote the same epoch, JournalError at a gap.
    """
    new: list[Entry] = []
    epoch, seq = last.epoch, last.seq
    for entry in entries:
        if entry.epoch < epoch:
            raise Fenced(f"epoch {epoch} has written; epoch {entry.epoch} must stop")
        if entry.epoch == epoch and entry.seq <= seq:
            if (there := kept(entry.position)) is not None and there != entry:
                raise Fenced(f"another centre wrote {epoch}-{entry.seq}; this one must stop")
            continue
        if entry.seq != (seq + 1 if entry.epoch == epoch else 1):
            raise JournalError(f"gap: {entry.epoch}-{entry.seq} after {epoch}-{seq}")
        if new and entry.epoch != epoch:
            raise JournalError(f"epochs {epoch} and {entry.epoch} in one append")
        epoch, seq = entry.epoch, entry.seq
        new.append(entry)
    return new


def floor_of(first: Position) -> Position:
    """Return the oldest position that can be read after in a log whose first entry is `first`."""
    return Position() if first == Position(1, 1) else Position(first.epoch, first.seq - 1)


class MemoryLog:
    """An EventLog of at least the newest `keep` entries (at most twice as many).

    `after`: the log is the continuation of another one up to that position.
    """

    def __init__(self, keep: int = 100_000, after: Position | None = None) -> None:
        self._keep = keep
        self._entries: list[Entry] = []
        self._floor = self._last = after or Position()
        self._moved = asyncio.Event()

    def __repr__(self) -> str:
        return f"<MemoryLog: {len(self._entries)} entries up to {self._last.epoch}-{self._last.seq}>"

    @property
    def position(self) -> Position:
        """The place of the newest entry."""
        return self._last

    def get(self, position: Position) -> Entry | None:
        """Return the entry at a position, None if it is not kept."""
        index = bisect_right(self._entries, position, key=_position) - 1
        entry = self._entries[index] if index >= 0 else None
        return entry if entry is not None and entry.position == position else None

    async def append(self, entries: Sequence[Entry]) -> None:
        """Take entries in. Raises Fenced, JournalError."""
        self.put(admit(entries, self._last, self.get))

    def put(self, admitted: Sequence[Entry]) -> None:
        """Take in entries that `admit` let pass."""
        if not admitted:
            return
        if self._last == Position():
            self._floor = floor_of(admitted[0].position)
        self._entries.extend(admitted)
        self._last = admitted[-1].position
        if len(self._entries) > 2 * self._keep:
            self._floor = self._entries[-self._keep - 1].position
            del self._entries[: -self._keep]
        self._moved.set()
        self._moved = asyncio.Event()

    async def read(self, after: Position, limit: int = 1000) -> list[Entry]:
        """Return up to `limit` entries after a position. Raises TooOld."""
        if after < self._floor:
            raise TooOld(f"entries after {after.epoch}-{after.seq} are no longer kept")
        start = bisect_right(self._entries, after, key=_position)
        return self._entries[start : start + limit]

    async def wait(self, after: Position) -> None:
        """Return once there is an entry after the position."""
        while self._last <= after:
            await self._moved.wait()

    async def last(self) -> Position:
        """Return the position of the newest entry."""
        return self._last


def _position(entry: Entry) -> Position:
    return entry.position
