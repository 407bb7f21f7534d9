"""A log that Asterisk writes and others rotate, read on from where it was read to. Blocks: for a thread."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import BinaryIO, NamedTuple

import structlog

from imports.backfill import Mark
from storage.places import Place

log = structlog.get_logger()

CHUNK = 1 << 16
_TAIL = 1024
_PACKED = (".gz", ".xz", ".bz2", ".zst")


class Chunk(NamedTuple):
    """Whole lines, and where the first of them stands."""

    lines: list[str]
    mark: Mark


class LogFile:
    """One log. `place`: how far it was read; None: what stands there now is of before our time."""

    def __init__(self, path: Path, head: str, place: Place | None = None) -> None:
        self.path = path
        self._head = head
        self._file: BinaryIO | None = None
        self._offset = 0
        self._tail = ""
        self._number = 0
        self._places: dict[Mark, Place] = {}
        try:
            self._open_at(place)
        except OSError as error:
            log.warning("a log of Asterisk cannot be read", path=str(path), error=str(error))

    def __repr__(self) -> str:
        return f"<LogFile {self.path} at {self._offset}>"

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def read(self) -> Chunk | None:
        """Return the next lines; None: there is nothing new. Raises OSError."""
        while self._file is not None or self._go_on(None):
            assert self._file is not None
            if self._offset and tail(self._file, self._offset) != self._tail:
                self._cut()
                continue
            mark = self.mark()
            self._file.seek(self._offset)
            data = self._file.read(CHUNK)
            whole, newline, _ = data.rpartition(b"\n")
            if newline or len(data) == CHUNK:  # no line is as long as a chunk: that is damage, and passed over
                self._offset += len(whole) + 1 if newline else len(data)
                self._tail = tail(self._file, self._offset)
                return Chunk(texts(whole), mark)
            if not self._go_on(self._file):
                return None
        return None

    def mark(self) -> Mark:
        """Return the present place, and remember how to find it again."""
        mark = Mark(self._number, self._offset)
        if mark not in self._places or not self._places[mark].tail:
            self._places[mark] = self._place()
        return mark

    def place(self, needed: Mark | None) -> Place:
        """Return how far the log is read when what stands from a mark on is still needed; None: nothing is."""
        mark = needed if needed is not None else self.mark()
        for old in [one for one in self._places if one < mark]:
            del self._places[old]
        return self._places[mark]

    def _place(self) -> Place:
        if self._file is None:
            return Place(self._head)
        status = os.fstat(self._file.fileno())
        return Place(self._head, status.st_ino, status.st_size, self._offset, self._tail or _first(self._file))

    def _siblings(self) -> list[Path]:
        """Return the log and what it was rotated to, the oldest first."""
        found = [one for one in self.path.parent.glob(f"{self.path.name}*") if one.suffix not in _PACKED]
        return sorted(found, key=lambda one: (one.stat().st_mtime_ns, one == self.path))

    def _open_at(self, place: Place | None) -> None:
        if place is None:
            if self._go_on(None) and self._file is not None:
                size = os.fstat(self._file.fileno()).st_size
                self._file.seek(begin := max(0, size - CHUNK))
                whole, newline, _ = self._file.read(size - begin).rpartition(b"\n")
                self._offset = begin + len(whole) + 1 if newline else size
                self._tail = tail(self._file, self._offset)
            return
        for path in reversed(self._siblings()):
            file = path.open("rb")
            if self._is_where(file, path, place):
                self._file, self._offset, self._tail = file, place.offset, place.tail
                return
            file.close()
        if place.offset:
            log.warning("the log that was read is gone; what it had more is not known", path=str(self.path))

    def _is_where(self, file: BinaryIO, path: Path, place: Place) -> bool:
        """Tell whether a file still has what was read of it, or is the one of which nothing was."""
        if place.offset:
            return tail(file, place.offset) == place.tail
        if place.tail:
            return _first(file) == place.tail
        return os.fstat(file.fileno()).st_ino == place.inode or (place.inode == 0 and path == self.path)

    def _cut(self) -> None:
        """Go on in the copy of a log that was copied and cut; where there is none, at the log's beginning."""
        place = Place(self._head, offset=self._offset, tail=self._tail)
        self.close()
        self._file, self._offset, self._tail, self._number = None, 0, "", self._number + 1
        self._open_at(place)

    def _go_on(self, file: BinaryIO | None) -> bool:
        """Open the log that follows a file which was rotated away; the present one where none is open."""
        try:
            if file is None:
                following = self.path
            else:
                inode = os.fstat(file.fileno()).st_ino
                siblings = self._siblings()
                inodes = [one.stat().st_ino for one in siblings]
                if self.path.stat().st_ino == inode:
                    return False
                following = siblings[inodes.index(inode) + 1] if inode in inodes else self.path
            opened = following.open("rb")
        except (FileNotFoundError, IndexError):  # not yet there, or just being rotated
            return False
        self.close()
        self._file, self._offset, self._tail, self._number = opened, 0, "", self._number + (file is not None)
        return True


def texts(whole: bytes) -> list[str]:
    """Return a text's lines."""
    text = whole.decode("utf-8", "replace")
    return text.replace("\r\n", "\n").removesuffix("\r").split("\n")


def tail(file: BinaryIO, offset: int) -> str:
    """Return a hash of what stands before an offset, by which it is known again."""
    begin = max(0, offset - _TAIL)
    file.seek(begin)
    return digest(file.read(offset - begin))


def _first(file: BinaryIO) -> str:
    """Return a hash of the first line, by which a log is known of which nothing was read; empty where none is whole."""
    file.seek(0)
    line, newline, _ = file.read(_TAIL).partition(b"\n")
    return digest(line) if newline else ""


def digest(data: bytes) -> str:
    """Return the SHA-256 of data, in hex."""
    return hashlib.sha256(data).hexdigest()
