"""A recording's way from the Asterisk host to where it is kept: its states, its name there, and how long it stays."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import msgspec

from messages.ids import ContactId, RecordingId
from recording.settings import Retention


class FileState(StrEnum):
    """How far a recording has come."""

    TAKEN = "taken"
    """Complete on the Asterisk host; nothing of it counts anywhere else yet."""
    STORED = "stored"
    """Sealed and written, not yet read back."""
    VERIFIED = "verified"
    """Read back and found whole; the source may go."""
    KEPT = "kept"
    """Only in the store."""
    MISSING = "missing"
    """The source was not there."""
    FAILED = "failed"
    """The source cannot be read as a recording; it stays where it is."""
    EXPIRING = "expiring"
    """Past its time and not held: being removed, once that is in the audit; else KEPT again."""
    EXPIRED = "expired"
    """Removed by the rules on how long it is kept; the row with its hashes stays."""


NEXT: dict[FileState, frozenset[FileState]] = {
    FileState.TAKEN: frozenset({FileState.STORED, FileState.MISSING, FileState.FAILED}),
    FileState.STORED: frozenset({FileState.VERIFIED, FileState.TAKEN}),
    FileState.VERIFIED: frozenset({FileState.KEPT}),
    FileState.KEPT: frozenset({FileState.EXPIRING}),
    FileState.EXPIRING: frozenset({FileState.EXPIRED, FileState.KEPT}),
    FileState.MISSING: frozenset({FileState.TAKEN}),
    FileState.FAILED: frozenset({FileState.TAKEN}),
    FileState.EXPIRED: frozenset(),
}
"""A copy that is found wrong is made again from the source, which is still there: STORED leads back to TAKEN."""

OPEN = (FileState.TAKEN, FileState.STORED, FileState.VERIFIED)
"""States in which there is still something to do."""
IN_STORE = (FileState.STORED, FileState.VERIFIED, FileState.KEPT)
PLAYABLE = (FileState.VERIFIED, FileState.KEPT)


class RecordingFile(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a recording's file. Sizes in bytes; hashes in hex, by `hash`; instants in UTC.

    `source_hash` is of the WAV as Asterisk's host had it, `content_hash` of what is played (the same WAV, or Opus),
    `object_hash` of the encrypted object.
    """

    recording: RecordingId
    contact: ContactId
    ended_at: datetime
    state: FileState = FileState.TAKEN
    store: str = ""
    key: str = ""
    codec: str = ""
    duration_s: float = 0.0
    hash: str = ""
    source_size: int = 0
    source_hash: str = ""
    content_size: int = 0
    content_hash: str = ""
    object_size: int = 0
    object_hash: str = ""
    key_version: int = 0
    sealed_at: datetime | None = None
    verified_at: datetime | None = None
    removed_at: datetime | None = None
    error: str = ""


def may_go(old: FileState, new: FileState) -> bool:
    """Tell whether a recording may come from one state to another."""
    return new in NEXT[old]


def key_of(recording: RecordingId, contact: ContactId, ended_at: datetime) -> str:
    """Return a sealed object's name: day, contact and recording, safe as a path anywhere; no number stands in it."""
    return f"{ended_at.astimezone(UTC):%Y/%m/%d}/{_safe(contact)}/{_safe(recording)}.sealed"


def _safe(name: str) -> str:
    """Return an id as a path's part, one to one: what is not plain becomes its code in hex."""
    return re.sub(r"[^A-Za-z0-9.-]|^\.+", lambda found: "".join(f"_{ord(one):x}_" for one in found[0]), name)


def deletable(until: datetime | None, now: datetime, *, held: bool) -> bool:
    """Tell whether a recording that is kept `until` (None: for ever) may be removed now: never while it is held."""
    return until is not None and until <= now and not held


def keep_until(rules: Iterable[Retention], queue: str, tenant: str, ended_at: datetime) -> datetime | None:
    """Return until when a recording is kept, None for ever.

    The most exact rule counts, a queue's before a tenant's before the one for all; of equals the longest.
    """
    fits = [rule for rule in rules if rule.queue in ("", queue) and rule.tenant in ("", tenant)]
    if not fits:
        return None
    best = max(fits, key=lambda rule: (bool(rule.queue), bool(rule.tenant), rule.days))
    return ended_at + timedelta(days=best.days)
