"""Faults during a run: our process killed, Asterisk killed, our filesystem full, the database gone."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from time import monotonic
from typing import Protocol

from msgspec import Struct

from messages.errors import SettingsError

CHUNK = 64 * 1024
AT_EASE_S = 45.0
"""How long after a fault everything may take to be served by us again."""


class FaultKind(StrEnum):
    """What befalls us."""

    KILL = "kill"
    """SIGKILL to our process; it is started again at once, as a service manager would."""
    ASTERISK = "asterisk"
    """SIGKILL to Asterisk, which is started again by its supervisor."""
    DISK = "disk"
    """No byte is left on the filesystem of our data directory."""
    DATABASE = "database"
    """The database's server is stopped; an SQLite file is locked by somebody else."""


class Fault(Struct, frozen=True, kw_only=True):
    """What happens `at_s` seconds after the first call, and for how long."""

    kind: FaultKind
    at_s: float
    seconds: float = 0.0

    @classmethod
    def read(cls, text: str) -> Fault:
        """Return the fault that `kill@4.5` or `disk@6+10` names: kind, moment, duration. Raises SettingsError."""
        kind, _, when = text.partition("@")
        at, _, lasts = when.partition("+")
        try:
            return cls(kind=FaultKind(kind), at_s=float(at), seconds=float(lasts or 0))
        except ValueError:
            raise SettingsError(
                f"{text!r} is no fault; such are kill@4.5, asterisk@8, disk@6+10, database@6+60"
            ) from None


class Felt(Struct, kw_only=True):
    """A fault that happened; `recovered_s`: seconds from its beginning until we said to be ready, None if never."""

    kind: FaultKind
    at: datetime
    until: datetime
    recovered_s: float | None


class Outage(Protocol):
    """A database's server that can be stopped and started again."""

    def stop(self) -> None:
        """Be gone at once."""

    def start(self) -> None:
        """Be there again."""


class Stage(Protocol):
    """What faults befall."""

    data: Path
    database: Outage

    async def kill(self) -> None:
        """Kill our process and start it again; returns as soon as that has begun."""

    async def kill_asterisk(self) -> None:
        """Kill Asterisk, which is started again by itself."""

    async def until_ready(self, seconds: float) -> bool:
        """Wait until we say to be ready; False if that took too long."""


def kills(count: int, until_s: float, seed: int) -> tuple[Fault, ...]:
    """Return kills of our process at `count` random moments before `until_s`; one seed gives the same moments."""
    chance = random.Random(seed)
    return tuple(
        Fault(kind=FaultKind.KILL, at_s=at) for at in sorted(round(chance.uniform(0, until_s), 3) for _ in range(count))
    )


async def befall(stage: Stage, faults: Sequence[Fault]) -> list[Felt]:
    """Let the faults happen, each at its moment, and say when each was over."""
    begun = monotonic()

    async def one(fault: Fault) -> Felt:
        await asyncio.sleep(max(0.0, begun + fault.at_s - monotonic()))
        at, since = datetime.now(UTC), monotonic()
        async with _happening(stage, fault):
            await asyncio.sleep(fault.seconds)
        until = datetime.now(UTC)
        recovered = await stage.until_ready(AT_EASE_S)
        return Felt(
            kind=fault.kind, at=at, until=until, recovered_s=round(monotonic() - since, 2) if recovered else None
        )

    return list(await asyncio.gather(*map(one, faults)))


@asynccontextmanager
async def _happening(stage: Stage, fault: Fault) -> AsyncIterator[None]:
    match fault.kind:
        case FaultKind.KILL:
            await stage.kill()
            yield
        case FaultKind.ASTERISK:
            await stage.kill_asterisk()
            yield
        case FaultKind.DISK:
            with full(stage.data):
                yield
        case FaultKind.DATABASE:
            # Not in a thread: the server asks to end with the thread that started it.
            stage.database.stop()
            try:
                yield
            finally:
                stage.database.start()


@contextmanager
def small_filesystem(directory: Path, megabytes: int) -> Iterator[None]:
    """Mount a filesystem of its own on `directory`. Needs root. Raises CalledProcessError."""
    directory.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "hotline", str(directory)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=True)


@contextmanager
def full(directory: Path) -> Iterator[None]:
    """Leave no byte on the filesystem of `directory`."""
    filler = directory / "filler"
    with filler.open("wb", buffering=0) as file:
        size = CHUNK
        while size:
            try:
                file.write(bytes(size))
            except OSError:
                size //= 2
    try:
        yield
    finally:
        filler.unlink()


class LockedSqlite:
    """Somebody else who holds an SQLite file to themselves."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def stop(self) -> None:
        """Lock everybody else out."""
        self._connection = sqlite3.connect(self._path, timeout=10, isolation_level=None)
        self._connection.execute("BEGIN EXCLUSIVE")

    def start(self) -> None:
        """Let everybody in again."""
        if self._connection is not None:
            with contextlib.closing(self._connection) as connection:
                connection.rollback()
