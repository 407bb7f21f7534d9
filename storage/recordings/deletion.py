"""Proof of deletion: what the audit says of each recording that was removed, before and after, and a report of it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import msgspec

from messages.audit import AuditEntry
from messages.ids import ContactId, RecordingId
from recording.files import RecordingFile
from storage.audit.trail import RETENTION, AuditTrail
from storage.recordings.files import RecordingFiles
from storage.recordings.vault import Vault

BEFORE, AFTER = "recordings.expire", "recordings.expired"
_ABOUT = re.compile(r"recording (?P<recording>\S+), (?P<hash>\S+) (?P<source>\S*)(?: object (?P<object>\S+))?")


class Deleted(msgspec.Struct, kw_only=True):
    """One recording that was removed. `before`: when the audit said that it would be; `after`: that key and object are
    gone from the store, None where it does not; `still_there`: whether the store has anything of it now."""

    recording: RecordingId
    contact: ContactId
    ended_at: datetime | None = None
    before: datetime | None = None
    after: datetime | None = None
    hash: str = ""
    source_hash: str = ""
    content_hash: str = ""
    object_hash: str = ""
    same: bool = True
    """Whether the hashes in the audit are those in the row."""
    still_there: bool = False

    @property
    def proven(self) -> bool:
        """Tell whether both entries are there, in order, with the hashes of the row, and nothing is left."""
        in_order = self.before is not None and self.after is not None and self.before <= self.after
        return in_order and self.same and not self.still_there


def entry(action: str, file: RecordingFile, tenant: str, at: datetime) -> AuditEntry:
    """Return what is written down of a removal, before it (BEFORE) and after it (AFTER)."""
    return AuditEntry(
        at=at,
        by=RETENTION,
        action=action,
        contact=file.contact,
        about=f"recording {file.recording}, {file.hash} {file.source_hash} object {file.object_hash}",
        tenant=tenant,
        why="" if action == BEFORE else "its key and its object are gone",
        origin=str(RETENTION),
    )


async def deleted(
    audit: AuditTrail, files: RecordingFiles, vault: Vault, since: datetime | None, until: datetime | None
) -> list[Deleted]:
    """Return what the audit says was to be removed in [since, until), the oldest first. Raises Unavailable, OSError."""
    found: dict[str, Deleted] = {}
    async for one, named in _entries(audit, BEFORE, since, until):
        known = found.setdefault(named["recording"], _first(one, named))
        known.before = min(known.before or one["at"], one["at"])
    async for one, named in _entries(audit, AFTER, since, None):
        if (its := found.get(named["recording"])) is not None:
            its.after = one["at"]
            its.same = its.same and (its.source_hash, its.object_hash) == (named["source"], named["object"])
    for known in found.values():
        if file := await files.get(known.recording):
            known.ended_at, known.content_hash = file.ended_at, file.content_hash
            known.same = known.same and (known.source_hash, known.object_hash) == (file.source_hash, file.object_hash)
            known.still_there = await asyncio.to_thread(vault.holds, file)
    return sorted(found.values(), key=lambda one: (str(one.before), one.recording))


def _first(one: dict[str, Any], named: re.Match[str]) -> Deleted:
    return Deleted(
        recording=RecordingId(named["recording"]),
        contact=ContactId(one["contact"]),
        hash=named["hash"],
        source_hash=named["source"],
        object_hash=named["object"] or "",
    )


async def _entries(
    audit: AuditTrail, action: str, since: datetime | None, until: datetime | None
) -> AsyncIterator[tuple[dict[str, Any], re.Match[str]]]:
    """Yield the entries of an action, newest first, with what stands in them."""
    cursor = ""
    while True:
        page, cursor = await audit.entries(since=since, until=until, action=action, cursor=cursor, limit=1000)
        for one in page:
            if named := _ABOUT.fullmatch(str(one["about"])):
                yield one, named
        if not cursor:
            return
