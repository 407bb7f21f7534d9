"""Playing recordings: who may, audited before a byte is sent, in ranges (RFC 9110, 14)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec

from api.ports import Recordings
from api.rest.contacts import had_part
from api.rest.endpoint import Answer, Asked, Stream
from api.rights import may_hear
from messages.errors import Forbidden, NotFound, Refused, Unavailable
from messages.ids import ContactId, RecordingId

RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
NOT_FOR = "recordings are for supervisors and auditors; agents hear their own where settings allow"


class PlayQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What it is heard for; it stands in the audit."""

    purpose: Annotated[str, msgspec.Meta(min_length=1, max_length=400)]


class NoSuchRange(Refused):
    """The recording ends before what was asked for."""

    type = "range-not-satisfiable"
    status = 416


class GapPart(msgspec.Struct, frozen=True, kw_only=True):
    """Silence because the recording was paused: from and to, in seconds from its begin; `to` null to its end."""

    since: float = msgspec.field(name="from")
    until: float | None = msgspec.field(name="to")


class WaveformAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """For each channel, the citizen first, the loudest of each of equal parts of the time, 0 to 100."""

    duration_s: float
    peaks: list[list[int]]
    gaps: list[GapPart]


async def get_waveform(asked: Asked) -> Answer:
    """Return a recording's waveform to whoever may play it; it tells when each side spoke, not what: not audited."""
    found, its = await _its(asked)
    if not await _may(asked, found):
        raise Forbidden(NOT_FOR)
    drawn = await _recordings(asked).waveform(RecordingId(its["recording"]))
    return Answer(WaveformAnswer(duration_s=drawn.duration_s, peaks=drawn.peaks, gaps=list(_gaps(its))))


def _gaps(its: Mapping[str, Any]) -> Iterator[GapPart]:
    began = its.get("started_at")
    if not isinstance(began, datetime):
        return
    for gap in its.get("gaps") or ():
        since, until = (_seconds_in(began, gap[name]) for name in ("from", "to"))
        yield GapPart(since=since or 0.0, until=until)


def _seconds_in(began: datetime, at: str | None) -> float | None:
    return max(0.0, (datetime.fromisoformat(at) - began).total_seconds()) if at else None


async def play_recording(asked: Asked) -> Answer:
    """Send a contact's recording, 1 being the first, whole or in a range; each time it is asked for is audited."""
    found, its = await _its(asked)
    recording = RecordingId(its["recording"])
    may = await _may(asked, found)
    wanted = asked.headers.get("Range", "")
    asked.note(about=f"recording {recording}, {wanted[:100] or 'whole'}", tenant=str(found.get("tenant") or ""))
    if not may:
        raise Forbidden(NOT_FOR)
    sound = await _recordings(asked).open(recording)
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


async def _its(asked: Asked) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the contact and the recording that the address names. Raises NotFound."""
    name = ContactId(asked.path["contact"])
    found = await asked.services.history.contact(name)
    if found is None or not asked.services.scope.has_kept(asked.principal, found):
        raise NotFound(f"no contact {name}")
    return dict(found), _recording(dict(found), asked.path["n"])


async def _may(asked: Asked, found: Mapping[str, Any]) -> bool:
    return may_hear(
        asked.principal,
        confidential=bool(found.get("confidential")),
        own=await had_part(asked, ContactId(found["contact"])),
        agents_hear_own=asked.services.settings.agents_hear_own,
    )


def _recording(found: dict[str, Any], n: str) -> dict[str, Any]:
    its = found.get("recordings") or []
    if not (n.isascii() and n.isdecimal() and len(n) < 6 and 1 <= int(n) <= len(its)):
        raise NotFound(f"the contact has {len(its)} recordings")
    return dict(its[int(n) - 1])


def _recordings(asked: Asked) -> Recordings:
    """Return the recordings. Raises Unavailable where none are kept."""
    if asked.services.recordings is None:
        raise Unavailable("no recordings are kept here")
    return asked.services.recordings
