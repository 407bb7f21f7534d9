"""How far each of Asterisk's logs is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from messages.values import Source
from storage.database import Database, asking
from storage.tables import import_files


class Place(msgspec.Struct, frozen=True):
    """How far a file was read. `head`: what it is known by; `tail`: a hash of what stands before `offset`."""

    head: str
    inode: int = 0
    size: int = 0
    offset: int = 0
    tail: str = ""


class Places:
    """The places in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __repr__(self) -> str:
        return f"<Places in {self._database.url}>"

    async def load(self, source: Source, head: str) -> Place | None:
        """Return how far a file was read; None: it never was. Raises Unavailable."""
        table = import_files
        query = select(table).where(table.c.source == source, table.c.head == head)
        async with asking(self._database.reading()) as connection:
            row = (await connection.execute(query)).one_or_none()
        return Place(head, row.inode, row.size, row.offset, row.tail) if row else None

    async def save(self, places: Mapping[Source, Place]) -> None:
        """Keep how far files are read. Raises Unavailable."""
        async with asking(self._database.writing()) as connection:
            for source, place in places.items():
                await self.save_in(connection, source, place)

    async def save_in(self, connection: AsyncConnection, source: Source, place: Place) -> None:
        """Keep how far a file is read within a transaction of other things."""
        row = {"source": source, **msgspec.structs.asdict(place)}
        await connection.execute(upsert(self._database, import_files), [row])


def upsert(database: Database, table: Table, where: ColumnElement[bool] | None = None) -> Any:
    """Return the statement that writes whole rows, new or not; of those that are there, only where that holds."""
    insert = (postgresql if database.kind == "postgresql" else sqlite).insert(table)
    new = {column.name: insert.excluded[column.name] for column in table.columns if not column.primary_key}
    return insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=new, where=where)
