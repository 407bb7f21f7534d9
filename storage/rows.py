"""The rows: follow the log, fold it, and write the records it touched, together with how far one has read."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import msgspec
import structlog
from sqlalchemy import Table, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from center.ledger import Ledger
from center.ports import EventLog
from center.records import ContactRecord, LegRecord, Record, VisitRecord
from imports.merge import SOURCES
from messages.errors import Fenced, JournalError, TooOld
from messages.events import Entry, Position
from storage.columns import to_row
from storage.database import AWAY, Database
from storage.tables import AMENDS, KEPT, cursors

log = structlog.get_logger()
T = TypeVar("T")


class LogReplaced(JournalError):
    """The log that is followed is another one than before."""


class RowSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Entries a transaction; seconds between tries while the database or the log is away (doubled up to the last)."""

    batch: int = 500
    linger_s: float = 1.0
    """How long new entries are let gather before they are written: a transaction each costs more than their rows."""
    retry_s: float = 0.1
    retry_at_most_s: float = 5.0


class RowWriter:
    """Keeps the rows in step with the log. `name`: whose cursor it is; two writers of one name are found out.

    While the database is away it holds one batch and reads no further.
    """

    def __init__(
        self, entries: EventLog, database: Database, name: str = "rows", settings: RowSettings | None = None
    ) -> None:
        self.name = name
        self.settings = settings or RowSettings()
        self.position = Position()
        self.entries = 0
        self.rows = 0
        self.retries = 0
        self._log = entries
        self._database = database
        self._ledger = Ledger()
        self._upserts: dict[str, Any] = {}
        self._oldest: datetime | None = None
        self._moved = asyncio.Event()

    def __repr__(self) -> str:
        return f"<RowWriter {self.name} at {self.position.epoch}-{self.position.seq}: {self.rows} rows written>"

    def lag_s(self, now: datetime) -> float:
        """Return how long ago the oldest entry that is read but not yet in the database was decided, in seconds."""
        return (now - self._oldest).total_seconds() if self._oldest else 0.0

    async def reached(self, position: Position) -> None:
        """Return once the rows are at least as new as a position."""
        while self.position < position:
            await self._moved.wait()

    async def run(self) -> None:
        """Follow for ever. Raises Fenced (another writer of this name), TooOld, LogReplaced."""
        await self._patiently(self._load)
        await self._patiently(self._check_log)
        while True:
            if entries := await self._patiently(self._read):
                self._oldest = entries[0].at
                to = entries[-1].position
                if await self._patiently(partial(self._write, self._fold(entries), to)):
                    self.entries += len(entries)
                    self._move(to)
                else:
                    await self._patiently(self._load)
            else:
                self._oldest = None
                await self._patiently(lambda: self._log.wait(self.position))
                await asyncio.sleep(self.settings.linger_s)

    def _move(self, position: Position) -> None:
        self.position = position
        self._moved.set()
        self._moved = asyncio.Event()

    async def _patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do work until it succeeds. Raises what waiting does not mend."""
        delay = self.settings.retry_s
        while True:
            try:
                return await work()
            except (TooOld, LogReplaced):
                raise
            except (*AWAY, JournalError) as error:
                if delay == self.settings.retry_s:
                    log.warning("rows wait for the database or the log", writer=self.name, error=str(error))
                self.retries += 1
                await asyncio.sleep(delay)
                delay = min(2 * delay, self.settings.retry_at_most_s)

    async def _load(self) -> None:
        """Read back how far the rows are, and the records that are still open."""
        records: list[Record] = []
        async with self._database.writing() as connection:
            first = self._insert(cursors).on_conflict_do_nothing()
            await connection.execute(first, {"name": self.name, "epoch": 0, "seq": 0})
            position = await self._cursor(connection)
            for kept in KEPT.values():
                if "open" in kept.table.c:
                    found = await connection.execute(
                        select(kept.table).where(kept.table.c.open).order_by(kept.table.c[kept.order])
                    )
                    records += map(kept.of, found)
        self._ledger = Ledger(records)
        self._move(position)

    async def _cursor(self, connection: AsyncConnection) -> Position:
        query = select(cursors.c.epoch, cursors.c.seq).where(cursors.c.name == self.name).with_for_update()
        row = (await connection.execute(query)).one()
        return Position(row.epoch, row.seq)

    async def _check_log(self) -> None:
        if (last := await self._log.last()) < self.position:
            raise LogReplaced(
                f"the rows follow a log up to {self.position.epoch}-{self.position.seq}, this one ends at "
                f"{last.epoch}-{last.seq}: put the right journal in its place, or begin with an empty database"
            )

    async def _read(self) -> list[Entry]:
        return await self._log.read(self.position, self.settings.batch)

    def _fold(self, entries: Iterable[Entry]) -> dict[type[Record], list[dict[str, Any]]]:
        """Return the rows of the records that the entries touched, by kind."""
        touched: dict[int, Record] = {}
        for entry in entries:
            for record in self._ledger.fold(entry):
                touched[id(record)] = record
        rows: dict[type[Record], dict[Any, dict[str, Any]]] = {}
        for record in touched.values():
            kind = type(record)
            table = AMENDS[kind] if kind in AMENDS else KEPT[kind].table
            row = to_row(record)
            if kind in KEPT and "open" in table.c:
                row["open"] = self._ledger.is_open(record)
            rows.setdefault(kind, {})[tuple(row[key.name] for key in table.primary_key)] = row
        return {kind: list(of_kind.values()) for kind, of_kind in rows.items()}

    async def _write(self, dirty: dict[type[Record], list[dict[str, Any]]], to: Position) -> bool:
        """Write rows and cursor in one transaction; return False if the database has lost what it had.

        Raises Fenced if somebody else has moved the cursor on.
        """
        async with self._database.writing() as connection:
            at = await self._cursor(connection)
            if at == to:  # written, but the answer was lost
                return True
            if at < self.position:  # such as a standby that took over with less
                log.warning("the database went back; writing again from there", writer=self.name, at=at)
                return False
            if at != self.position:
                raise Fenced(f"another writer named {self.name} is at {at.epoch}-{at.seq}; this one must stop")
            if contacts := dirty.get(ContactRecord):
                await self._claim(connection, contacts)
            for kind in sorted(dirty, key=AMENDS.__contains__):  # amended is what is there
                if kind in AMENDS:
                    named = [{f"new_{name}": value for name, value in row.items()} for row in dirty[kind]]
                    await connection.execute(self._amendment(kind), named)
                elif kind is not ContactRecord:
                    await connection.execute(self._upsert(KEPT[kind].table), dirty[kind])
            moved = cursors.update().where(cursors.c.name == self.name).values(epoch=to.epoch, seq=to.seq)
            await connection.execute(moved)
        self.rows += sum(len(rows) for kind, rows in dirty.items() if kind in KEPT)
        return True

    async def _claim(self, connection: AsyncConnection, contacts: list[dict[str, Any]]) -> None:
        """Write contacts; the visits and legs that an import wrote of them go: the journal has its own.

        In order, as imports do: each contact's row is the lock between the two.
        """
        contacts.sort(key=lambda row: str(row["contact"]))
        await connection.execute(self._upsert(KEPT[ContactRecord].table), contacts)
        names = [row["contact"] for row in contacts]
        for kind in (VisitRecord, LegRecord):
            of = KEPT[kind].table.c
            await connection.execute(KEPT[kind].table.delete().where(of.contact.in_(names), of.source.in_(SOURCES)))

    def _upsert(self, table: Table) -> Any:
        """Return the table's upsert; made once, for making it costs more than running it."""
        if (made := self._upserts.get(table.name)) is not None:
            return made
        insert = self._insert(table)
        new = {column.name: insert.excluded[column.name] for column in table.columns if not column.primary_key}
        made = insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=new)
        self._upserts[table.name] = made
        return made

    def _amendment(self, kind: type[Record]) -> Any:
        """Return what sets the columns that a record names, by its table's key."""
        table, fields = AMENDS[kind], kind.__struct_fields__
        key = [column.name for column in table.primary_key]
        # A bound name may not be a column's own.
        query = table.update().values({name: bindparam(f"new_{name}") for name in fields if name not in key})
        return query.where(*(table.c[name] == bindparam(f"new_{name}") for name in key))

    def _insert(self, table: Table) -> Any:
        return (postgresql if self._database.kind == "postgresql" else sqlite).insert(table)
