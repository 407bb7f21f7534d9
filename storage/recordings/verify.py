"""Whether everything that should be kept is there and whole, and nothing else; and master keys' rotation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec

from center.ports import Clock
from messages.errors import SettingsError
from recording.files import IN_STORE, OPEN, FileState, RecordingFile, key_of
from storage.recordings.files import RecordingFiles
from storage.recordings.sealing import Broken
from storage.recordings.store import PART
from storage.recordings.vault import BESIDE, Vault

SETTLED_S = 600.0


class Report(msgspec.Struct, kw_only=True):
    """What was found. `unfinished` is still on its way, which is no fault; everything else that is listed is one."""

    checked: int = 0
    bytes: int = 0
    orphans: list[str] = []
    """Objects of the store that belong to no recording."""
    missing: list[str] = []
    """Recordings whose object, key or source is not there."""
    broken: list[str] = []
    """Recordings whose object is not what was written, or does not open."""
    failed: list[str] = []
    """Recordings whose source cannot be read."""
    unfinished: list[str] = []
    left_on_host: list[str] = []
    """Files where Asterisk records that nobody knows of, or that are kept already."""

    @property
    def well(self) -> bool:
        """Tell whether nothing is wrong."""
        return not (self.orphans or self.missing or self.broken or self.failed or self.left_on_host)


async def verify(
    files: RecordingFiles, vault: Vault, host: Path, clock: Clock, progress: Callable[[int, int], None]
) -> Report:
    """Read every object and compare. Raises Unavailable, OSError where the database or the store is away.

    The keeper may be at work meanwhile: what is there is listed first, and the rows, which it writes first, after it.
    """
    report = Report()
    objects = await asyncio.to_thread(lambda: set(vault.store.names()))
    on_host = await asyncio.to_thread(_settled, host, clock().timestamp() - SETTLED_S)
    report.unfinished = [file.recording for file in await files.left_behind()]
    on_host -= set(report.unfinished)
    total = sum((await files.counts()).values())
    done = 0
    async for file in files.all():
        if file.state is not FileState.EXPIRED:
            name = key_of(file.recording, file.contact, file.ended_at)
            objects -= {name + ending + part for ending in ("", BESIDE) for part in ("", PART)}
        if file.state is not FileState.KEPT:
            on_host.discard(file.recording)
        await _one(files, file, vault, report)
        done += 1
        progress(done, total)
    report.orphans = await asyncio.to_thread(lambda: [name for name in sorted(objects) if vault.store.has(name)])
    report.left_on_host = sorted(on_host)
    return report


def _settled(host: Path, before: float) -> set[str]:
    """Return the recordings on the host that have lain there for a while: the newest may not be known yet."""
    return {path.stem for path in host.glob("*.wav") if path.stat().st_mtime < before}


async def _one(files: RecordingFiles, file: RecordingFile, vault: Vault, report: Report) -> None:
    match file.state:
        case FileState.MISSING:
            report.missing.append(file.recording)
        case FileState.FAILED:
            report.failed.append(file.recording)
        case FileState.KEPT:
            await _kept(files, file, vault, report)
        case state if state in OPEN or state is FileState.EXPIRING:
            report.unfinished.append(file.recording)


async def _kept(files: RecordingFiles, file: RecordingFile, vault: Vault, report: Report) -> None:
    try:
        await asyncio.to_thread(vault.check, file)
    except FileNotFoundError:
        still = await files.get(file.recording)
        if still is not None and still.state is FileState.KEPT:  # not removed just now by the rules on how long
            report.missing.append(file.recording)
    except (Broken, SettingsError) as error:
        report.broken.append(str(error))
    else:
        report.checked += 1
        report.bytes += file.object_size


async def rotate(files: RecordingFiles, vault: Vault, progress: Callable[[int, int], None]) -> int:
    """Make the next master key, wrap every recording's key by it, and return how many were. The old keys stay.

    Cut short, it goes on where it was: what is wrapped anew already is left as it is.
    """
    vault.keys.add()
    return await rewrap(files, vault, progress)


async def rewrap(files: RecordingFiles, vault: Vault, progress: Callable[[int, int], None]) -> int:
    """Wrap every recording's key by the newest master key and return how many were."""
    newest, count, done = vault.keys.newest(), 0, 0
    total = sum((await files.counts()).values())
    async for file in files.all():
        done += 1
        progress(done, total)
        if file.state in IN_STORE and file.key_version != newest:
            version = await asyncio.to_thread(vault.rewrap, file)
            count += await files.move(file, msgspec.structs.replace(file, key_version=version))
    return count
