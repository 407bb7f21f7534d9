"""Missed calls that the emergency script spooled, picked up when we are back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
import structlog

from messages.ids import ContactId

log = structlog.get_logger()

MAX_SIZE = 65536

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
Text = Annotated[str, msgspec.Meta(max_length=4096)]


class MissedCall(msgspec.Struct, frozen=True, kw_only=True):
    """A caller nobody took; `recording` is the message's file. Instants in UTC.

    `reason`: `message_left`, `no_message`, `hung_up` or `failed:` and what.
    """

    contact: ContactId
    number: Text = ""
    did: Text = ""
    arrived: Instant | None = None
    taken: Instant
    ended: Instant
    recording: Text | None = None
    reason: Text = ""


def read_spool(directory: Path) -> list[tuple[Path, MissedCall]]:
    """Return the spooled calls with their files, oldest first; one that is none is set aside as `.bad`."""
    found: list[tuple[Path, MissedCall]] = []
    bad = 0
    for path in sorted(directory.glob("*.json")):
        try:
            found.append((path, _read(path)))
        except OSError as error:  # gone meanwhile, or not ours to read: stays for the next time
            log.warning("a spooled missed call cannot be read", path=str(path), error=type(error).__name__)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            bad += 1
            log.error("not a spooled missed call; set aside", path=str(path), error=str(error), bad=bad)
            path.rename(path.with_suffix(".bad"))
    return sorted(found, key=lambda item: item[1].taken)


def _read(path: Path) -> MissedCall:
    with path.open("rb") as file:
        data = file.read(MAX_SIZE + 1)
    if len(data) > MAX_SIZE:
        raise msgspec.ValidationError(f"more than {MAX_SIZE} bytes")
    return msgspec.json.decode(data, type=MissedCall)
