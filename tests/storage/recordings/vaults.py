"""Vaults in a directory, and WAVs as Asterisk's host has them."""

from __future__ import annotations

import array
import math
import wave
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from messages.ids import ContactId, RecordingId
from recording.files import FileState, RecordingFile
from recording.settings import RecordingSettings
from storage.recordings.sealing import MasterKeys
from storage.recordings.store import ObjectStore
from storage.recordings.vault import Vault

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
RATE = 8000
LEFT_HZ, RIGHT_HZ = 440, 1200
AT_ONCE = RecordingSettings(low_water_mb=0, host_low_water_mb=0, retry_s=0.01, retry_at_most_s=0.02)


def now() -> datetime:
    """Return an instant of this day."""
    return NOW


def file_of(name: str = "n1-1.1-1", contact: str = "n1-1.1") -> RecordingFile:
    """Return a recording that is complete on the host."""
    return RecordingFile(recording=RecordingId(name), contact=ContactId(contact), ended_at=NOW)


def write_wav(path: Path, seconds: float = 3.0) -> bytes:
    """Write a stereo recording, a tone each side, and return the file."""
    samples = array.array("h")
    for n in range(int(seconds * RATE)):
        for pitch in (LEFT_HZ, RIGHT_HZ):
            samples.append(int(8000 * math.sin(2 * math.pi * pitch * n / RATE)))
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return path.read_bytes()


def open_vault(directory: Path, settings: RecordingSettings = AT_ONCE, **changes: object) -> Vault:
    """Return a vault below a directory."""
    wanted = msgspec.structs.replace(settings, **changes)
    store = ObjectStore(wanted.store or (directory / "store").as_uri(), wanted.store_options)
    return Vault(wanted, store, MasterKeys(directory / "keys"), directory / "work")


def sealed(vault: Vault, source: Path, name: str = "n1-1.1-1") -> RecordingFile:
    """Seal a source and return what is known of it, as if verified."""
    return msgspec.structs.replace(vault.seal(file_of(name), source, now), state=FileState.VERIFIED)


def content(vault: Vault, file: RecordingFile, start: int = 0, stop: int | None = None) -> bytes:
    """Return what is played."""
    return b"".join(vault.read(file, vault.key(file), start, file.content_size if stop is None else stop))
