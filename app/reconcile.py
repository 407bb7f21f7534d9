"""Our contacts of a period against Asterisk's CEL, CDR and queue_log."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from imports.asterisk_log import read
from imports.reconcile import Ledgers, Reconciled, reconcile
from messages.errors import SettingsError
from storage.database import Database
from storage.ours import ours

MARGIN = timedelta(minutes=1)
"""Our contacts that arrived so long before or after the period may be of calls in it."""


class Files(msgspec.Struct, frozen=True, kw_only=True):
    """What Asterisk wrote, rotated files included; no CDR or queue_log: they are not looked at."""

    cel: list[Path]
    cdr: list[Path] = []
    queue_log: list[Path] = []


async def reconciled(
    database: Database, files: Files, phones: dict[str, str], since: datetime, until: datetime
) -> Reconciled:
    """Compare every call of [since, until). `phones`: each agent's. Raises SettingsError where there is no CEL."""
    if not files.cel:
        raise SettingsError("there is no CEL to compare with; name one with --cel")
    ledgers = Ledgers(
        since=since,
        until=until,
        ours=await ours(database, since - MARGIN, until + MARGIN),
        calls=read(lines(files.cel), lines(files.cdr)),
        queue_log=[line for line in lines(files.queue_log) if "|CONNECT|" in line],
        phones=phones,
        has_cdr=bool(files.cdr),
    )
    return reconcile(ledgers)


def rotated(file: Path) -> list[Path]:
    """Return a log and what logrotate made of its past, the oldest first; nothing where there is none."""
    beside = file.parent.glob(f"{file.name}*") if file.parent.is_dir() else ()
    return sorted((one for one in beside if one.is_file()), key=lambda one: one.stat().st_mtime)


def lines(files: Iterable[Path]) -> Iterator[str]:
    """Yield the whole lines of files; one that is only half written is left for the next time."""
    for file in files:
        with gzip.open(file, "rt", errors="replace") if file.suffix == ".gz" else file.open(errors="replace") as text:
            for line in text:
                if line.endswith("\n"):
                    yield line.rstrip("\n")
