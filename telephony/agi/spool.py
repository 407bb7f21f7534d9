"""Missed calls that the emergency script spooled, picked up when we are back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec
import structlog

from messages.ids import ContactId

log = structlog.get_logger()


class MissedCall(msgspec.Struct, frozen=True, kw_only=True):
    """A caller nobody took; `recording` is the message's file. Instants in UTC."""

    contact: ContactId
    number: str = ""
    did: str = ""
    arrived: str = ""
    taken: datetime
    ended: datetime
    recording: str | None = None
    reason: str = ""


def read_spool(directory: Path) -> list[tuple[Path, MissedCall]]:
    """Return the spooled calls with their files, oldest first; one that is none is set aside as `.bad`."""
    found: list[tuple[Path, MissedCall]] = []
    for path in sorted(directory.glob("*.json")):
        try:
            found.append((path, msgspec.json.decode(path.read_bytes(), type=MissedCall)))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            log.error("not a spooled missed call; set aside", path=str(path), error=str(error))
            path.rename(path.with_suffix(".bad"))
    return sorted(found, key=lambda item: item[1].taken)
