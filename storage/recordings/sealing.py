"""Encryption at rest: AES-256-GCM in chunks, each file under a key of its own, wrapped by a master key with a version.

An object is MAGIC and chunks of CHUNK bytes, each followed by its tag. A chunk's nonce is its number and whether it is
the last (STREAM, Hoang et al. 2015), and its associated data the recording's id: a chunk that was changed, moved, left
out or taken from another recording does not open. Any chunk opens without those before it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from messages.errors import HotlineError, SettingsError
from messages.ids import RecordingId

MAGIC = b"HLREC\x00\x00\x01"
CHUNK = 1 << 16
TAG = 16
KEY = 32
PRIVATE = 0o077


class Broken(HotlineError):
    """What was stored is not what was sealed, or not under this key."""


class WrappedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A file's key, locked by the master key of a version; it stands beside the object."""

    version: int
    nonce: bytes
    wrapped: bytes


class MasterKeys:
    """The master keys of a directory: 1.key, 2.key and on, each 64 hex digits and nobody else's to read."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._known: dict[int, bytes] = {}

    def __repr__(self) -> str:
        return f"<MasterKeys in {self.directory}>"

    def versions(self) -> list[int]:
        """Return the versions that are there."""
        return sorted(int(path.stem) for path in self.directory.glob("*.key") if path.stem.isdecimal())

    def newest(self) -> int:
        """Return the version that new files are locked by; the first is made where there is none."""
        if not self.versions():
            with contextlib.suppress(FileExistsError):  # somebody else was first
                self._make(1)
        return self.versions()[-1]

    def add(self) -> int:
        """Make the next key and return its version. Raises OSError."""
        return self._make(max(self.versions(), default=0) + 1)

    def _make(self, version: int) -> int:
        if not make_secret(self._path(version)):
            raise FileExistsError(f"{self._path(version)}: somebody else made it just now")
        return version

    def get(self, version: int) -> bytes:
        """Return a key. Raises SettingsError where it is not there, not a key, or others may read it."""
        if (known := self._known.get(version)) is not None:
            return known
        key = read_secret(self._path(version), "what was sealed or signed by it needs it")
        self._known[version] = key
        return key

    def wrap(self, key: bytes, name: str) -> WrappedKey:
        """Lock a file's key by the newest master key; it opens only for the same name."""
        version, nonce = self.newest(), os.urandom(12)
        wrapped = AESGCM(self.get(version)).encrypt(nonce, key, _bound(name))
        return WrappedKey(version=version, nonce=nonce, wrapped=wrapped)

    def unwrap(self, locked: WrappedKey, name: str) -> bytes:
        """Return a file's key. Raises Broken, SettingsError."""
        try:
            return AESGCM(self.get(locked.version)).decrypt(locked.nonce, locked.wrapped, _bound(name))
        except InvalidTag:
            raise Broken(f"{name}: its key does not open under master key {locked.version}") from None

    def _path(self, version: int) -> Path:
        return self.directory / f"{version}.key"


def make_secret(path: Path) -> bool:
    """Write a fresh secret of 32 bytes, whole or not at all; return False where there is one. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.parent / f".{path.stem}.{secrets.token_hex(4)}"
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        give_to_owner(file.fileno(), path.parent)
        file.write(f"{secrets.token_hex(KEY)}\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(part, path)  # unlike a rename, never over somebody else's
    except FileExistsError:
        return False
    finally:
        part.unlink()
    sync_directory(path.parent)
    return True


def read_secret(path: Path, why: str) -> bytes:
    """Return a secret of 32 bytes. Raises SettingsError where it is not there, is none, or others may read it."""
    try:
        if path.stat().st_mode & PRIVATE:
            raise SettingsError(f"{path}: others may read it; chmod 600 it")
        secret = bytes.fromhex(path.read_text().strip())
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}; {why}") from error
    except ValueError as error:
        raise SettingsError(f"{path}: not {2 * KEY} hex digits") from error
    if len(secret) != KEY:
        raise SettingsError(f"{path}: not {2 * KEY} hex digits")
    return secret


def new_key() -> bytes:
    """Return a file's key."""
    return AESGCM.generate_key(8 * KEY)


def seal(key: bytes, recording: RecordingId, plain: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the object for content that comes in pieces of any size. A key must never seal twice."""
    cipher, bound = AESGCM(key), _bound(recording)
    yield MAGIC
    number, waiting = 0, bytearray()
    for piece in plain:
        waiting += piece
        while len(waiting) > CHUNK:  # not >=: the last chunk must be known to be
            yield cipher.encrypt(_nonce(number, last=False), bytes(waiting[:CHUNK]), bound)
            del waiting[:CHUNK]
            number += 1
    yield cipher.encrypt(_nonce(number, last=True), bytes(waiting), bound)


def chunks_of(size: int) -> int:
    """Return how many chunks content of a size has."""
    return max(1, -(-size // CHUNK))


def sealed_size(size: int) -> int:
    """Return how large the object is for content of a size."""
    return len(MAGIC) + size + chunks_of(size) * TAG


def place_of(number: int) -> int:
    """Return where in an object a chunk begins."""
    return len(MAGIC) + number * (CHUNK + TAG)


def open_chunk(key: bytes, recording: RecordingId, number: int, size: int, sealed: bytes) -> bytes:
    """Return a chunk's content; `size`: of the whole content. Raises Broken."""
    try:
        return AESGCM(key).decrypt(_nonce(number, last=number == chunks_of(size) - 1), sealed, _bound(recording))
    except InvalidTag:
        raise Broken(f"{recording}: byte {number * CHUNK} and on is not what was sealed") from None


def give_to_owner(descriptor: int, directory: Path) -> None:
    """Have a file that root makes belong to whose directory it is in, so that the service can still use it."""
    if os.geteuid() == 0:
        owner = directory.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def sync_directory(directory: Path) -> None:
    """Have the disk know a directory's names. Raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _nonce(number: int, *, last: bool) -> bytes:
    return struct.pack(">QI", number, last)


def _bound(name: str) -> bytes:
    return MAGIC + name.encode()
