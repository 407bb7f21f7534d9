"""Playing recordings: who may, audited before a byte is sent, in ranges (RFC 9110, 14)."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec

from api.rest.contacts import had_part
from api.rest.endpoint import Answer, Asked, Stream
from api.rights import may_hear
from messages.errors import Forbidden, NotFound, Refused, Unavailable
from messages.ids import ContactId, RecordingId

RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


class PlayQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What it is heard for; it stands in the audit."""

    purpose: Annotated[str, msgspec.Meta(min_length=1, max_length=400)]


class NoSuchRange(Refused):
    """The recording ends before what was asked for."""

    type = "range-not-satisfiable"
    status = 416


async def play_recording(asked: Asked) -> Answer:
    """Send a contact's recording, 1 being the first, whole or in a range; each time it is asked for is audited."""
    name = ContactId(asked.path["contact"])
    found = await asked.services.history.contact(name)
    if found is None or not asked.services.scope.has_kept(asked.principal, found):
        raise NotFound(f"no contact {name}")
    recording = _recording(found, asked.path["n"])
    may = may_hear(
        asked.principal,
        confidential=bool(found.get("confidential")),
        own=await had_part(asked, name),
        agents_hear_own=asked.services.settings.agents_hear_own,
    )
    wanted = asked.headers.get("Range", "")
    asked.note(about=f"recording {recording}, {wanted[:100] or 'whole'}", tenant=str(found.get("tenant") or ""))
    if not may:
        raise Forbidden("recordings are for supervisors and auditors; agents hear their own where settings allow")
    if asked.services.recordings is None:
        raise Unavailable("no recordings are kept here")
    sound = await asked.services.recordings.open(recording)
    headers = {"Content-Type": sound.content_type, "Accept-Ranges": "bytes", "ETag": f'"{sound.etag}"'}
    part = None if asked.headers.get("If-Range", headers["ETag"]) != headers["ETag"] else part_of(wanted, sound.size)
    if part is None:
        return Answer(Stream(sound.pieces(0, sound.size), sound.size), headers=headers)
    start, stop = part
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{sound.size}"
    return Answer(Stream(sound.pieces(start, stop), stop - start), 206, headers)


def part_of(header: str, size: int) -> tuple[int, int] | None:
    """Return the bytes [start, stop) that a Range header asks for, None where all are sent. Raises NoSuchRange.

    Several ranges, other units and what cannot be read are answered with the whole, as the RFC lets one.
    """
    found = RANGE.fullmatch(header.strip())
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        start, stop = max(0, size - int(found[2])), size
    else:
        start, stop = int(found[1]), min(size, int(found[2]) + 1) if found[2] else size
        if found[2] and int(found[2]) < start:
            return None
    if start >= size or start >= stop:
        raise NoSuchRange(f"the recording has {size} bytes")
    return start, stop


def _recording(found: dict[str, Any], n: str) -> RecordingId:
    its = found.get("recordings") or []
    if not (n.isascii() and n.isdecimal() and len(n) < 6 and 1 <= int(n) <= len(its)):
        raise NotFound(f"the contact has {len(its)} recordings")
    return RecordingId(its[int(n) - 1]["recording"])
