"""Recordings, joined: the settings' store and keys, the keeper over the Asterisk host's files, and playback."""

from __future__ import annotations

from pathlib import Path

from app.settings import Settings
from center.ports import Clock, EventLog
from messages.ids import RecordingId
from storage.audit.trail import AuditTrail
from storage.cursors import Cursors
from storage.evidence.archive import Evidence
from storage.evidence.signing import SigningKey
from storage.queries import Queries
from storage.recordings import codec
from storage.recordings.files import RecordingFiles
from storage.recordings.keeper import Keeper
from storage.recordings.sealing import MasterKeys
from storage.recordings.store import ObjectStore
from storage.recordings.vault import MIB, Vault, digest
from telephony.recorder import FileRecorder


def vault_of(settings: Settings) -> Vault:
    """Return the store with its keys. Raises SettingsError, Invalid."""
    wanted = settings.recordings
    digest(wanted.hash)
    store = ObjectStore(wanted.store or (settings.data / "recordings").as_uri(), wanted.store_options)
    keys = MasterKeys(Path(wanted.keys_dir) if wanted.keys_dir else settings.data / "recording-keys")
    return Vault(wanted, store, keys, settings.data / "recordings-work")


def keeper_of(settings: Settings, entries: EventLog, audit: AuditTrail, vault: Vault, clock: Clock) -> Keeper:
    """Return the keeper of the Asterisk host's recordings."""

    def source(recording: RecordingId) -> Path:
        return FileRecorder(settings.asterisk.recordings).path(recording)

    files, cursors = RecordingFiles(audit.database), Cursors(audit.database)
    return Keeper(entries, files, cursors, vault, audit, source, clock)


def evidence_of(settings: Settings, audit: AuditTrail, vault: Vault, clock: Clock) -> Evidence:
    """Return what makes evidence; its key lies beside the recordings' keys."""
    key, work = SigningKey(vault.keys.directory), settings.data / "evidence-work"
    database = audit.database
    return Evidence(Queries(database), RecordingFiles(database), audit, vault, key, work, clock)


def told(settings: Settings) -> str:
    """Return in a line how recordings are kept. Raises HotlineError, OSError, ValueError where they cannot be."""
    vault, wanted = vault_of(settings), settings.recordings
    versions = vault.keys.versions()
    for version in versions:
        vault.keys.get(version)
    vault.store.has("check")
    free = vault.store.free()
    if free is not None and free < wanted.low_water_mb * MIB:
        raise ValueError(f"{free // MIB} MiB free in {vault.store.url}: recordings stay on the Asterisk host")
    kept = "by rules on their days" if wanted.retention else "kept for ever (no [[recordings.retention]])"
    as_wav = wanted.codec == codec.OPUS and codec.library() is None
    kind = "as WAV, for soundfile with Opus is not there" if as_wav else f"as {wanted.codec}"
    key = f"master key {versions[-1]}" if versions else "a master key is made at the first start"
    where = "" if wanted.keys_dir else "; keep a copy of it elsewhere"
    return f"{kept}, {kind}, {wanted.hash}, {key} in {vault.keys.directory}{where}"
