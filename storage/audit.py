"""The audit: entries are added, and read; nothing changes or removes one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from messages.audit import AuditEntry
from messages.errors import Invalid
from storage.columns import harmless, to_row
from storage.database import Database, asking
from storage.tables import audit

MOST = 1000


class AuditTrail:
    """Who did what with which number. Every method raises Unavailable where the database is away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __repr__(self) -> str:
        return f"<AuditTrail in {self._database.url}>"

    async def append(self, entry: AuditEntry) -> None:
        """Keep an entry; it is there for good once this returns."""
        async with asking(self._database.writing()) as connection:
            await connection.execute(insert(audit), [to_row(entry)])

    async def entries(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        by: str | None = None,
        action: str | None = None,
        contact: str | None = None,
        tenant: str | None = None,
        cursor: str = "",
        limit: int = 100,
    ) -> tuple[Sequence[dict[str, Any]], str]:
        """Return a page, newest first, of [since, until), and the cursor of the next, empty at the end.

        Raises Invalid for a cursor that is not one of ours.
        """
        query = select(audit).order_by(audit.c.id.desc())
        if since is not None:
            query = query.where(audit.c.at >= since)
        if until is not None:
            query = query.where(audit.c.at < until)
        wanted = ((audit.c.by, by), (audit.c.action, action), (audit.c.contact, contact), (audit.c.tenant, tenant))
        for column, value in wanted:
            if value is not None:
                query = query.where(column == harmless(value))
        if cursor:
            if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= 18):
                raise Invalid("cursor: not one that a page gave")
            query = query.where(audit.c.id < int(cursor))
        size = max(1, min(limit, MOST))
        async with asking(self._database.reading()) as connection:
            rows = await connection.execute(query.limit(size + 1))
            found = [{str(name): value for name, value in row._mapping.items()} for row in rows]
        page = found[:size]
        return page, str(page[-1]["id"]) if len(found) > size else ""
