"""Figures of periods that are closed: kept as they were printed, never changed, only restated."""

from __future__ import annotations

import hashlib
from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from messages.errors import Conflict, JournalError, NotFound
from messages.ids import UserId
from storage.columns import harmless
from storage.database import Database, asking
from storage.tables import closings


class Closing(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a period; `version` 1 as it was closed, further ones restate it, for a `reason`."""

    period: str
    version: int
    closed_at: datetime
    by: UserId
    reason: str
    changed: str
    content: str
    sha256: str


class Closings:
    """All closings. Every method raises Unavailable where the database is away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __repr__(self) -> str:
        return f"<Closings in {self._database.url}>"

    async def of(self, period: str = "") -> list[Closing]:
        """Return a period's closing and its restatements, of all periods where none is named, in order.

        Raises JournalError where one is not what was closed: somebody changed it in the database.
        """
        query = select(closings).order_by(closings.c.period, closings.c.version)
        if period:
            query = query.where(closings.c.period == harmless(period))
        async with asking(self._database.looking()) as connection:
            rows = (await connection.execute(query)).all()
        found = [Closing(**{str(name): value for name, value in row._mapping.items()}) for row in rows]
        for one in found:
            if digest(one.content) != one.sha256:
                raise JournalError(
                    f"the figures of {one.period}, version {one.version}, were changed after they closed"
                )
        return found

    async def get(self, period: str, version: int = 1) -> Closing:
        """Return one version of a closed period. Raises NotFound, JournalError."""
        for one in await self.of(period):
            if one.version == version:
                return one
        raise NotFound(f"{period}, version {version}, is not closed")

    async def add(self, closing: Closing) -> None:
        """Keep a closing. Raises Conflict if somebody else was first."""
        row = msgspec.structs.asdict(closing)
        try:
            async with self._database.writing() as connection:
                await connection.execute(closings.insert(), row)
        except IntegrityError as error:
            raise Conflict(f"{closing.period} was closed by somebody else meanwhile") from error


def digest(content: str) -> str:
    """Return the SHA-256 of figures, hex."""
    return hashlib.sha256(content.encode()).hexdigest()
