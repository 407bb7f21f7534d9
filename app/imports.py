"""`hotline import`: a file's lines, from where it was read to, into the database, batch by batch."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from app.log_file import digest, tail, texts
from imports.digest import Digest
from messages.errors import Invalid
from storage.database import Database
from storage.imports import Importer
from storage.places import Place

CHUNK = 1 << 20
HEAD = 1 << 16


class Imported(msgspec.Struct, kw_only=True):
    """What became of one file. `live`: contacts that the journal has itself; `skipped`: bytes read an earlier time."""

    lines: int = 0
    malformed: int = 0
    unknown: dict[str, int] = {}
    contacts: int = 0
    live: int = 0
    agents: int = 0
    skipped: int = 0
    unfinished: bool = False


async def import_file(
    database: Database,
    path: Path,
    digests: Callable[[], Sequence[Digest]],
    *,
    node: str = "",
    told: str = "",
    progress: Callable[[int, int], None] = lambda done, size: None,
) -> Imported:
    """Import a file: what is new since the last time. `digests`: makes the kinds of log, the file's own first.

    `told`: whatever else the result depends on; another text reads the file from its beginning. `progress` is told the
    bytes done and all. Raises Invalid for a file that is none of that kind, OSError.
    """
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        head = await asyncio.to_thread(_checked_head, file, path, digests()[0])
        kinds = digests()
        importer = Importer(database, kinds, node)
        place = await importer.place(digest(f"{node}\n{told}\n".encode() + head))
        offset = place.offset if _is_there(file, place) else 0
        found = Imported(skipped=offset)
        rest = b""
        file.seek(offset)
        while data := await asyncio.to_thread(file.read, CHUNK):
            whole, newline, rest = (rest + data).rpartition(b"\n")
            if not newline:
                if len(rest) > 8 * CHUNK:
                    raise Invalid(
                        f"{path}: no end of a line in {len(rest)} bytes: this is no log; nothing after is read"
                    )
                continue
            offset += len(whole) + 1
            batch = kinds[0].read(texts(whole))
            place = Place(place.head, status.st_ino, status.st_size, offset, tail(file, offset))
            await importer.take(batch, place)
            file.seek(offset + len(rest))
            progress(offset, status.st_size)
    found.agents = await importer.finish()
    counts = kinds[0].counts
    found.lines, found.malformed, found.unknown = counts.lines, counts.malformed, dict(counts.unknown)
    found.contacts, found.live, found.unfinished = len(importer.contacts), len(importer.live), bool(rest.strip())
    return found


def _checked_head(file: BinaryIO, path: Path, kind: Digest) -> bytes:
    """Return the first line. Raises Invalid where the first lines are not of this kind of log."""
    data = file.read(HEAD)
    name = kind.source
    if b"\0" in data:
        raise Invalid(f"{path}: is no text in UTF-8; convert it with iconv, or unpack it, then import it again")
    whole, newline, _ = data.rpartition(b"\n")
    if not newline:
        if len(data) == HEAD:
            raise Invalid(f"{path}: has no lines; is it Asterisk's {name}?")
        return b""
    odd = [line for line in whole.split(b"\n") if not line.isascii()]
    unreadable = sum(1 for line in odd if not _is_utf8(line))
    if unreadable > len(odd) / 2:
        raise Invalid(f"{path}: is not UTF-8; convert it first, such as by iconv -f GB18030 -t UTF-8")
    kind.read(texts(whole))
    counts = kind.counts
    if counts.malformed > counts.lines / 2:
        raise Invalid(
            f"{path}: is no {name}: {counts.malformed} of its first {counts.lines} lines are none of it;"
            " `hotline import --help` says which kinds there are"
        )
    return whole.partition(b"\n")[0]


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_there(file: BinaryIO, place: Place) -> bool:
    """Tell whether the file still has what was read of it; one that was cut or rewritten is read anew."""
    return bool(place.offset) and tail(file, place.offset) == place.tail
