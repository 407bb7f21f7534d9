"""Records put straight into the database, as whoever folded them would have written them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from center.records import Record
from storage.columns import to_row
from storage.database import Database
from storage.tables import KEPT


async def keep(database: Database, records: Iterable[Record]) -> None:
    """Insert records, none of which may change any more."""
    rows: dict[type[Any], list[dict[str, Any]]] = defaultdict(list)
    for record in records:
        row = to_row(record)
        rows[type(record)].append(row | {"open": False} if "open" in KEPT[type(record)].table.c else row)
    async with database.writing() as connection:
        for kind, of_kind in rows.items():
            await connection.execute(KEPT[kind].table.insert(), of_kind)
