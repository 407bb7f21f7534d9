"""The journal's files: append-only segments of JSON lines, each of one epoch and named by its first entry's place."""

import contextlib
import fcntl
import os
import re
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import structlog

from center.memory_log import floor_of
from messages.codec import decode, encode
from messages.errors import JournalError, TooOld
from messages.events import Entry, Position

log = structlog.get_logger()

_NAME = re.compile(r"(\d{10})-(\d{15})\.jsonl")
_MARK_EVERY = 512


class Segment:
    """One file: line n holds the entry `first + n`. Only its first `count` lines are durable."""

    def __init__(self, path: Path, first: Position) -> None:
        self.path = path
        self.first = first
        self.count = 0
        self.size = 0
        self._marks: list[int] = []
        self._known = False
        self._indexing = threading.Lock()

    def __repr__(self) -> str:
        return f"<Segment {self.path.name}: {self.count} entries, {self.size} B>"

    @classmethod
    def named(cls, path: Path) -> Self | None:
        """Return the segment of a file by its name, None for another file."""
        match = _NAME.fullmatch(path.name)
        return cls(path, Position(int(match[1]), int(match[2]))) if match else None

    @classmethod
    def begun(cls, path: Path, first: Position) -> Self:
        """Return the segment of a file that is being written: only `grown` says what it holds."""
        segment = cls(path, first)
        segment._known = True
        return segment

    @property
    def last(self) -> Position:
        """The place of the last durable entry."""
        self.index()
        return Position(self.first.epoch, self.first.seq + self.count - 1)

    def grown(self, sizes: Sequence[int]) -> None:
        """Note that lines of these sizes (bytes) have become durable."""
        for size in sizes:
            if self.count % _MARK_EVERY == 0:
                self._marks.append(self.size)
            self.size += size
            self.count += 1
        self._known = True

    def index(self) -> None:
        """Learn where lines are in a file that was finished earlier."""
        with self._indexing:
            if not self._known:
                with self.path.open("rb") as file:
                    self.grown([len(line) for line in file])

    def recover(self) -> int:
        """Learn the lines that are whole and cut the rest off; return how many bytes were cut.

        After a crash the end of the file may be torn, or hold pages that never reached the medium.
        """
        total = self.path.stat().st_size
        with self.path.open("r+b") as file:
            sizes: list[int] = []
            for line in file:
                # `}`: white space before the end of a line is not ours, though JSON may have it
                if not line.endswith(b"}\n") or not self._fits(line, len(sizes)):
                    break
                sizes.append(len(line))
            self.grown(sizes)
            if self.size < total:
                file.seek(self.size)
                with contextlib.suppress(OSError):
                    self.path.with_suffix(".cut").write_bytes(file.read())
                file.truncate(self.size)
                os.fdatasync(file.fileno())
        return total - self.size

    def _fits(self, line: bytes, index: int) -> bool:
        try:
            return decode(line).position == Position(self.first.epoch, self.first.seq + index)
        except JournalError:
            return False

    def read(self, seq: int, limit: int) -> list[Entry]:
        """Return up to `limit` durable entries from `seq` on. Raises JournalError, OSError."""
        self.index()
        line = max(0, seq - self.first.seq)
        end = min(self.count, line + limit)
        if line >= end:
            return []
        with self.path.open("rb") as file:
            file.seek(self._marks[line // _MARK_EVERY])
            for _ in range(line % _MARK_EVERY):
                file.readline()
            return [decode(file.readline()) for _ in range(line, end)]


class Segments:
    """All segments of a directory. One thread at a time may write; reading goes on beside it."""

    def __init__(self, directory: Path, segment_bytes: int) -> None:
        """Open the directory, alone. Raises JournalError if another process has it, OSError."""
        self.directory = directory
        self.cut = 0
        self._segment_bytes = segment_bytes
        self._rotate = True
        self._dirty = False
        self._fd = -1
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise JournalError(f"{directory}: another process writes this journal") from error
        try:
            found = (Segment.named(path) for path in directory.iterdir())
            self._segments = sorted((segment for segment in found if segment), key=lambda segment: segment.first)
            self._recover()
        except BaseException:
            os.close(self._lock)
            raise

    def __repr__(self) -> str:
        return f"<Segments {self.directory}: {len(self._segments)}, up to {self.last}>"

    def _recover(self) -> None:
        while self._segments:
            segment = self._segments[-1]
            if cut := segment.recover():
                self.cut += cut
                log.warning("journal's torn end cut off and kept beside it", segment=segment.path.name, bytes=cut)
            if segment.count:
                return
            segment.path.unlink()
            self._segments.pop()

    @property
    def last(self) -> Position:
        """The place of the newest durable entry."""
        return self._segments[-1].last if self._segments else Position()

    def append(self, entries: Sequence[Entry]) -> None:
        """Have entries of one epoch on the medium, or leave everything as it was. Raises OSError."""
        lines = [encode(entry) + b"\n" for entry in entries]
        try:
            segment = self._open_for(entries[0].position)
            self._dirty = True
            _write(self._fd, b"".join(lines))
            os.fdatasync(self._fd)
        except OSError:
            self._mend()
            raise
        self._dirty = False
        segment.grown([len(line) for line in lines])

    def _open_for(self, first: Position) -> Segment:
        self._mend()
        current = self._segments[-1] if self._segments else None
        if current and not self._rotate and current.first.epoch == first.epoch and current.size < self._segment_bytes:
            return current
        self._finish()
        segment = Segment.begun(self.directory / f"{first.epoch:010d}-{first.seq:015d}.jsonl", first)
        self._fd = os.open(segment.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._rotate = False
        self._segments.append(segment)
        self._dirty = True
        sync_directory(self.directory)
        return segment

    def _mend(self) -> None:
        """Take back what a failed append left behind. Raises OSError, and is then tried again before the next."""
        if not self._dirty:
            return
        segment = self._segments[-1]
        os.ftruncate(self._fd, segment.size)
        if segment.count == 0:
            self._finish()
            segment.path.unlink()
            self._segments.pop()
        self._dirty = False

    def _finish(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
        self._fd, self._rotate = -1, True

    def rotate(self) -> None:
        """Let the next append begin a new segment."""
        self._rotate = True

    def read(self, after: Position, limit: int) -> list[Entry]:
        """Return up to `limit` durable entries after a position. Raises TooOld, JournalError."""
        segments = list(self._segments)
        if segments and after < floor_of(segments[0].first):
            raise TooOld(f"entries after {after.epoch}-{after.seq} are no longer kept")
        found: list[Entry] = []
        for segment, following in zip(segments, [*segments[1:], None], strict=True):
            if (following and floor_of(following.first) <= after) or len(found) >= limit:
                continue
            seq = after.seq + 1 if after.epoch == segment.first.epoch else 0
            if after.epoch > segment.first.epoch:
                continue
            try:
                found += segment.read(seq, limit - len(found))
            except FileNotFoundError as error:
                raise TooOld(f"{segment.path.name} has been deleted") from error
            except OSError as error:
                raise JournalError(f"cannot read {segment.path.name}: {error}") from error
        return found

    def forget(self, before: Position) -> int:
        """Delete the segments that end before the one `before` is in; return how many."""
        gone = 0
        while len(self._segments) > 1 and self._segments[1].first <= before:
            self._segments.pop(0).path.unlink(missing_ok=True)
            gone += 1
        return gone

    def close(self) -> None:
        """Let go of the files."""
        self._finish()
        os.close(self._lock)


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def sync_directory(directory: Path) -> None:
    """Make new and renamed names in a directory durable."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
