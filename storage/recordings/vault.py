"""A recording into the store and out of it: sealed, read back, played, its key wrapped anew. All of it blocks.

Beside each object stands its wrapped key, so that the store and the master keys are enough to read every recording.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import secrets
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from messages.errors import Invalid, Unavailable
from recording.files import FileState, RecordingFile, key_of
from recording.settings import RecordingSettings
from storage.recordings import codec
from storage.recordings.sealing import (
    CHUNK,
    MAGIC,
    TAG,
    Broken,
    MasterKeys,
    WrappedKey,
    chunks_of,
    new_key,
    open_chunk,
    place_of,
    seal,
    sealed_size,
)
from storage.recordings.store import ObjectStore

BESIDE = ".key"
TOLERANCE_S = 0.1
"""By how much what was compressed may play longer or shorter."""
PIECE = 1 << 20
MIB = 1 << 20


class StoreFull(Unavailable):
    """Nothing more is written until there is room; what was to be moved stays where it is."""


class Vault:
    """The store, the keys, and a directory for what is being worked on."""

    def __init__(self, settings: RecordingSettings, store: ObjectStore, keys: MasterKeys, work: Path) -> None:
        self.settings = settings
        self.store = store
        self.keys = keys
        self._work = work

    def __repr__(self) -> str:
        return f"<Vault {self.store.url}>"

    def tidy(self) -> None:
        """Take away what a process that was killed had in the works."""
        if self._work.exists():
            for left in self._work.iterdir():
                left.unlink(missing_ok=True)

    def seal(self, file: RecordingFile, source: Path, clock: Callable[[], datetime]) -> RecordingFile:
        """Write a source into the store. Raises FileNotFoundError, Unreadable, StoreFull, OSError, SettingsError."""
        size = source.stat().st_size
        self._check_room(size)
        key, name = new_key(), key_of(file.recording, file.contact, file.ended_at)
        sealed, content = Hashing(self.settings.hash), Hashing(self.settings.hash)
        with self._scratch() as scratch, _full_is_said():
            made = codec.transcode(source, scratch, self.settings.codec)
            locked = self.keys.wrap(key, file.recording)
            self.store.write(name + BESIDE, [msgspec.json.encode(locked)])
            self.store.write(name, sealed.over(seal(key, file.recording, content.over(_pieces(scratch)))))
        return msgspec.structs.replace(
            file,
            state=FileState.STORED,
            store=self.store.url,
            key=name,
            codec=made.codec,
            duration_s=made.duration_s,
            hash=self.settings.hash,
            source_size=size,
            source_hash=hash_of(source, self.settings.hash),
            content_size=content.size,
            content_hash=content.hex(),
            object_size=sealed.size,
            object_hash=sealed.hex(),
            key_version=locked.version,
            sealed_at=clock(),
            error="",
        )

    def verify(self, file: RecordingFile) -> None:
        """Read back, open and decode all of an object. Raises Broken where anything differs, FileNotFoundError."""
        sealed, content = Hashing(file.hash), Hashing(file.hash)
        key = self.key(file)
        with self._scratch() as scratch:
            with scratch.open("wb") as out:
                for piece in content.over(_opened(key, file, sealed.over(self.store.pieces(file.key)))):
                    out.write(piece)
            if (sealed.size, sealed.hex()) != (file.object_size, file.object_hash):
                raise Broken(f"{file.recording}: the object is not the one that was written")
            if (content.size, content.hex()) != (file.content_size, file.content_hash):
                raise Broken(f"{file.recording}: what was sealed is not what the hash was taken of")
            if file.codec == codec.WAV and content.hex() != file.source_hash:
                raise Broken(f"{file.recording}: the copy is not the source")
            try:
                plays = codec.duration_s(scratch, file.codec)
            except codec.Unreadable as error:
                raise Broken(f"{file.recording}: {error}") from error
        if abs(plays - file.duration_s) > TOLERANCE_S:
            raise Broken(f"{file.recording}: plays {plays:.2f} s, the source {file.duration_s:.2f} s")

    @contextlib.contextmanager
    def opened(self, file: RecordingFile) -> Iterator[Path]:
        """Give a recording's content as a file, which is gone afterwards. Raises Broken, FileNotFoundError."""
        key = self.key(file)
        with self._scratch() as scratch:
            with scratch.open("xb") as out:
                for piece in self.read(file, key, 0, file.content_size):
                    out.write(piece)
            yield scratch

    def check(self, file: RecordingFile) -> None:
        """Read an object and its key as they lie there, and compare. Raises Broken, FileNotFoundError."""
        self.key(file)
        sealed = Hashing(file.hash)
        for _ in sealed.over(self.store.pieces(file.key)):
            pass
        if (sealed.size, sealed.hex()) != (file.object_size, file.object_hash):
            raise Broken(f"{file.recording}: its {file.hash} differs")

    def key(self, file: RecordingFile) -> bytes:
        """Return a recording's own key. Raises Broken, FileNotFoundError, SettingsError."""
        return self.keys.unwrap(self._locked(file), file.recording)

    def read(self, file: RecordingFile, key: bytes, start: int, stop: int) -> Iterator[bytes]:
        """Yield the bytes [start, stop) of what is played. Raises Broken, FileNotFoundError."""
        for number in range(start // CHUNK, -(-stop // CHUNK)):
            at = place_of(number)
            sealed = self.store.read(file.key, at, min(at + CHUNK + TAG, file.object_size))
            plain = open_chunk(key, file.recording, number, file.content_size, sealed)
            first = number * CHUNK
            yield plain[max(0, start - first) : stop - first]

    def rewrap(self, file: RecordingFile) -> int:
        """Lock a recording's key by the newest master key and return its version. Raises Broken, FileNotFoundError."""
        locked = self._locked(file)
        if locked.version != self.keys.newest():
            locked = self.keys.wrap(self.keys.unwrap(locked, file.recording), file.recording)
            self.store.write(file.key + BESIDE, [msgspec.json.encode(locked)])
        return locked.version

    def remove(self, file: RecordingFile) -> None:
        """Take a recording out of the store: its key first, shredded, without which the rest is noise."""
        self.store.shred(file.key + BESIDE)
        self.store.remove(file.key)

    def holds(self, file: RecordingFile) -> bool:
        """Tell whether anything of a recording is in the store."""
        return self.store.has(file.key) or self.store.has(file.key + BESIDE)

    def _locked(self, file: RecordingFile) -> WrappedKey:
        try:
            return msgspec.json.decode(b"".join(self.store.pieces(file.key + BESIDE)), type=WrappedKey)
        except msgspec.MsgspecError as error:
            raise Broken(f"{file.recording}: what should be its key is none") from error

    def _check_room(self, size: int) -> None:
        free = self.store.free()
        if free is not None and free - size < self.settings.low_water_mb * MIB:
            raise StoreFull(f"{free // MIB} MiB free in {self.store.url}: recordings stay on the Asterisk host")

    @contextlib.contextmanager
    def _scratch(self) -> Iterator[Path]:
        """Give a path for a file that is gone afterwards."""
        self._work.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._work / secrets.token_hex(8)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def _full_is_said() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreFull(f"no room is left: {error}") from error
        raise


class Hashing:
    """Counts and hashes what goes by."""

    def __init__(self, name: str) -> None:
        self.size = 0
        self._hash = digest(name)

    def over(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the pieces as they are."""
        for piece in pieces:
            self.size += len(piece)
            self._hash.update(piece)
            yield piece

    def hex(self) -> str:
        """Return the hash of what went by."""
        return self._hash.hexdigest()


def digest(name: str) -> hashlib._Hash:
    """Return a fresh hash. Raises Invalid where this machine has none of that name."""
    try:
        return hashlib.new(name)
    except ValueError as error:
        raise Invalid(f"hash {name}: not known to this machine's OpenSSL") from error


def hash_of(path: Path, name: str) -> str:
    """Return a file's hash."""
    hashing = Hashing(name)
    for _ in hashing.over(_pieces(path)):
        pass
    return hashing.hex()


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece


def _opened(key: bytes, file: RecordingFile, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the content of an object that is read from its beginning. Raises Broken."""
    waiting = bytearray()
    number, last = -1, chunks_of(file.content_size) - 1
    for piece in pieces:
        waiting += piece
        if number < 0 and len(waiting) >= len(MAGIC):
            if waiting[: len(MAGIC)] != MAGIC:
                raise Broken(f"{file.recording}: not a sealed recording")
            del waiting[: len(MAGIC)]
            number = 0
        while 0 <= number < last and len(waiting) >= CHUNK + TAG:
            yield open_chunk(key, file.recording, number, file.content_size, bytes(waiting[: CHUNK + TAG]))
            del waiting[: CHUNK + TAG]
            number += 1
    if number != last or file.object_size != sealed_size(file.content_size):
        raise Broken(f"{file.recording}: the object is cut off")
    yield open_chunk(key, file.recording, last, file.content_size, bytes(waiting))
