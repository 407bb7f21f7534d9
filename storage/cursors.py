"""How far named readers of the log have acknowledged."""

from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from messages.events import Position
from storage.database import Database, asking
from storage.tables import cursors


class Cursors:
    """The named cursors in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __repr__(self) -> str:
        return f"<Cursors in {self._database.url}>"

    async def load(self, name: str) -> Position | None:
        """Return where a reader is, None if it never acknowledged anything. Raises Unavailable."""
        async with asking(self._database.reading()) as connection:
            query = select(cursors.c.epoch, cursors.c.seq).where(cursors.c.name == name)
            row = (await connection.execute(query)).one_or_none()
        return Position(row.epoch, row.seq) if row else None

    async def save(self, name: str, position: Position) -> None:
        """Keep where a reader is; never backwards. Raises Unavailable."""
        insert: Any = (postgresql if self._database.kind == "postgresql" else sqlite).insert(cursors)
        new = insert.excluded
        upsert = insert.on_conflict_do_update(
            index_elements=[cursors.c.name],
            set_={"epoch": new.epoch, "seq": new.seq},
            where=tuple_(cursors.c.epoch, cursors.c.seq) < tuple_(new.epoch, new.seq),
        )
        async with asking(self._database.writing()) as connection:
            await connection.execute(upsert, {"name": name, "epoch": position.epoch, "seq": position.seq})
