"""The heads: for each entry of the chain a signed line in a file outside the database, by month, only ever appended.

One directory serves all processes that write to one database: its lock gives them their turns.
"""

from __future__ import annotations

import asyncio
import fcntl
import functools
import os
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import msgspec
import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from messages.errors import SettingsError, Unavailable
from storage.audit.chain import canonical, instant
from storage.recordings.sealing import MasterKeys, give_to_owner, sync_directory

log = structlog.get_logger()

FORM = "hotline-audit-head-1"
TURN_S = 10.0
"""Seconds that one waits for one's turn before the audit counts as away."""
POLL_S = 0.002
TAIL = 1 << 13


class HeadKind(StrEnum):
    """`signed` with its entry; `adopted`: of an entry from before the chain; `pruned`: entries up to here are gone."""

    SIGNED = "signed"
    ADOPTED = "adopted"
    PRUNED = "pruned"


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """One line: the entry `seq` has this hash. `key`: the public key in hex, which `signature` is by."""

    seq: int
    hash: str
    at: str
    kind: HeadKind
    key: str
    signature: str

    def told(self) -> bytes:
        """Return what is signed."""
        return told(self.kind, self.seq, self.hash, self.at)

    def kept(self) -> str:
        """Return what the entry's own row keeps of it."""
        return f"{self.key}:{self.signature}"


def told(kind: HeadKind, seq: int, hash: str, at: str) -> bytes:
    """Return the bytes that are signed."""
    return canonical([FORM, str(kind), seq, hash, at])


_DECODER = msgspec.json.Decoder(Head)
_ENCODER = msgspec.json.Encoder()


def read(line: bytes) -> Head | None:
    """Return a line's head, None for what is none, or not as we write it; who signed it is yet to be seen."""
    try:
        head = _DECODER.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return head if _ENCODER.encode(head) == line.rstrip(b"\n") else None


def restored(seq: int, hash: str, at: datetime, kept: str) -> Head:
    """Return the head of an entry from what its row keeps; who signed it is yet to be seen."""
    key, _, signature = kept.partition(":")
    return Head(seq=seq, hash=hash, at=instant(at), kind=HeadKind.SIGNED, key=key, signature=signature)


def is_genuine(head: Head, trusted: Iterable[str]) -> bool:
    """Tell whether a head was signed by one of these public keys (hex)."""
    if head.key not in trusted:
        return False
    try:
        signature = bytes.fromhex(head.signature)
        _key(head.key).verify(signature, head.told())
    except (InvalidSignature, ValueError):
        return False
    return signature.hex() == head.signature


@functools.cache  # of few keys: only trusted ones are asked for
def _key(public: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))


class Signer:
    """Signs heads by the newest of the keys in a directory (1.key and on, 32 bytes in hex, mode 0600)."""

    def __init__(self, keys: MasterKeys) -> None:
        self.keys = keys

    def __repr__(self) -> str:
        return f"<Signer by {self.keys.directory}>"

    def public(self) -> list[str]:
        """Return the public keys in hex, oldest first. Raises SettingsError."""
        return [_public(Ed25519PrivateKey.from_private_bytes(self.keys.get(n))) for n in self.keys.versions()]

    def sign(self, rows: Iterable[tuple[int, str, datetime]], kind: HeadKind = HeadKind.SIGNED) -> list[Head]:
        """Return heads for entries' seq, hash and instant. Raises SettingsError, OSError."""
        private = Ed25519PrivateKey.from_private_bytes(self.keys.get(self.keys.newest()))
        key, made = _public(private), []
        for seq, hash_, at in rows:
            when = instant(at)
            signature = private.sign(told(kind, seq, hash_, when)).hex()
            made.append(Head(seq=seq, hash=hash_, at=when, kind=kind, key=key, signature=signature))
        return made


def _public(private: Ed25519PrivateKey) -> str:
    return private.public_key().public_bytes_raw().hex()


class Heads:
    """A directory of heads. Methods raise OSError where the disk fails."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def __repr__(self) -> str:
        return f"<Heads in {self.directory}>"

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Be the only one who writes, of all processes. Raises Unavailable."""
        try:
            lock = await asyncio.to_thread(self._lock)
        except OSError as error:
            raise Unavailable(f"the audit's heads in {self.directory} are away: {error.strerror}") from error
        try:
            yield
        finally:
            os.close(lock)

    def _lock(self) -> int:
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o750)
        try:
            lock = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except PermissionError:  # who verifies may only read
            lock = os.open(self.directory / "lock", os.O_RDONLY | os.O_CLOEXEC)
        give_to_owner(lock, self.directory)
        until = time.monotonic() + TURN_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > until:
                    os.close(lock)
                    raise
                time.sleep(POLL_S)
            else:
                return lock

    def files(self) -> list[Path]:
        """Return the files, oldest first."""
        return sorted(self.directory.glob("*.heads"))

    def last(self, trusted: Iterable[str]) -> Head | None:
        """Return the newest head of an entry that one of these keys signed."""
        for file in reversed(self.files()):
            with file.open("rb") as lines:
                size = lines.seek(0, os.SEEK_END)
                for start in (max(0, size - TAIL), 0):
                    lines.seek(start)
                    for line in reversed(lines.read().split(b"\n")):
                        head = read(line)
                        if head and head.kind is not HeadKind.PRUNED and is_genuine(head, trusted):
                            return head
        return None

    def append(self, heads: Iterable[Head]) -> None:
        """Write lines; they are on the disk once this returns."""
        lines = [_ENCODER.encode(head) + b"\n" for head in heads]
        month = f"{max(head.at for head in heads)[:7]}.heads"
        names = [file.name for file in self.files()]
        path = self.directory / max([month, *names])
        is_new = not path.exists()
        with os.fdopen(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640), "r+b", 0) as file:
            give_to_owner(file.fileno(), self.directory)
            size = file.seek(0, os.SEEK_END)
            if size and os.pread(file.fileno(), 1, size - 1) != b"\n":
                lines.insert(0, b"\n")  # somebody was killed in the midst of a line
            whole = memoryview(b"".join(lines))
            while whole:
                whole = whole[file.write(whole) or 0 :]
            os.fsync(file.fileno())
        if is_new:
            sync_directory(self.directory)

    def lines(self, upto: dict[Path, int] | None = None) -> Iterator[bytes]:
        """Yield all lines, oldest first; of each file no more than it had when `sizes` was asked."""
        for file in self.files() if upto is None else sorted(upto):
            with file.open("rb") as lines:
                left = None if upto is None else upto[file]
                for line in lines:
                    if left is not None and (left := left - len(line)) < 0:
                        break
                    yield line

    def sizes(self) -> dict[Path, int]:
        """Return how long each file is."""
        return {file: file.stat().st_size for file in self.files()}

    def forget(self, seq: int) -> None:
        """Take away the files that say nothing but of entries up to `seq`; never the newest."""
        for file in self.files()[:-1]:
            newest = max((head.seq for head in map(read, file.read_bytes().splitlines()) if head), default=0)
            if newest > seq:
                return
            file.unlink()


def public_key(text: str) -> str:
    """Return a public key as heads name it. Raises SettingsError."""
    try:
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(text)).public_bytes_raw().hex()
    except ValueError as error:
        raise SettingsError(f"{text!r} is no Ed25519 public key of 64 hex digits") from error
