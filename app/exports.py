"""The API's Exports over storage."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from messages.ids import ContactId
from storage.database import Database
from storage.export_schema import What
from storage.exports import export_rows


class FileExports:
    """Writes what the database keeps to files."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def write(
        self,
        what: str,
        since: datetime | None,
        until: datetime | None,
        form: str,
        output: Path,
        *,
        full: bool,
        tenant: str = "",
        hidden: frozenset[ContactId] = frozenset(),
        progress: Callable[[int], None],
    ) -> int:
        """Write records of a period and return how many. Raises Unavailable, Invalid."""
        return await export_rows(
            self._database,
            What(what),
            since,
            until,
            form,
            output,
            full=full,
            tenant=tenant,
            hidden=hidden,
            progress=progress,
        )
