"""Imported logs into rows: each call's and agent's lines are kept, so that what is stored is a function of their set.

Therefore an import again, of files that overlap, or in another order leads to the same rows. Contacts that the live
journal has are left as they are.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Table, bindparam, delete, or_, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from imports.agent_states import EPOCH
from imports.digest import Batch, Digest
from imports.horizon import Horizon
from imports.merge import SOURCES, merged
from imports.queue_calls import Folded
from messages.ids import ContactId
from storage.columns import harmless, to_row
from storage.database import Database
from storage.places import Place, Places, upsert
from storage.tables import agent_states, contacts, import_lines, legs, visits

T = TypeVar("T")
_IN = 500
"""Names a query asks for at once."""
DEADLOCK, DEADLOCKS = "40P01", 5
"""PostgreSQL's code for it, and after how many we give up."""
_CALL, _AGENT, _LOG = "call", "agent", "log"
kept = import_lines.c


class Importer:
    """Takes one file's batches in, in order. `digests`: the kinds of log, the file's first; `node`: whose logs."""

    def __init__(self, database: Database, digests: Sequence[Digest], node: str = "") -> None:
        self.contacts: set[ContactId] = set()
        self.live: set[ContactId] = set()
        self._database = database
        self._digest = digests[0]
        self._digests = {digest.source: digest for digest in digests}
        self._node = node
        mine = (kept.source == bindparam("its_source"), kept.node == node, kept.kind == _CALL)
        self._mark = (
            update(import_lines).where(*mine, kept.name == bindparam("its_name")).values(open=bindparam("is_open"))
        )

    def __repr__(self) -> str:
        return f"<Importer of {self._digest.source}: {len(self.contacts)} contacts, {len(self.live)} left to the live>"

    async def place(self, head: str) -> Place:
        """Return how far a file was read."""
        return await Places(self._database).load(self._digest.source, head) or Place(head)

    async def take(self, batch: Batch, place: Place) -> None:
        """Keep a batch, and how far the file is read with it, in one transaction."""

        async def work(connection: AsyncConnection) -> None:
            await self._widen(connection, batch)
            await self._keep(connection, _CALL, {(name, 0): lines for name, lines in batch.calls.items()})
            await self._keep(connection, _AGENT, batch.agents)
            await self._refold(connection, sorted(harmless(name) for name in batch.calls))
            await Places(self._database).save_in(connection, self._digest.source, place)

        await self._write_all(work)

    async def _write_all(self, work: Callable[[AsyncConnection], Awaitable[None]]) -> None:
        """Do work in one transaction; again where the journal's writer and we had each other's rows (deadlock)."""
        for left in range(DEADLOCKS, -1, -1):
            try:
                async with self._database.writing() as connection:
                    await work(connection)
            except DBAPIError as error:
                if not left or getattr(error.orig, "sqlstate", "") != DEADLOCK:
                    raise
            else:
                return

    async def finish(self) -> int:
        """Fold again what the whole log has a say in; return how many agents' states were written."""
        after = ""
        while names := await self._open(_CALL, after):
            await self._write_all(partial(self._refold, names=names))
            after = names[-1]
        after, count = "", 0
        while names := await self._open(_AGENT, after):
            for name in names:
                await self._write_all(partial(self._fold_agent, name=name))
            after, count = names[-1], count + len(names)
        return count

    async def _horizon(self, connection: AsyncConnection, source: str = "") -> Horizon:
        """Return what is known of the node's logs, or of one: the kinds of log tell one another of restarts."""
        query = select(kept.lines).where(kept.node == self._node, kept.kind == _LOG)
        if source:
            query = query.where(kept.source == source)
        horizon = Horizon()
        for row in await connection.execute(query):
            one = msgspec.json.decode(row.lines, type=Horizon)
            horizon.widen(one.first, one.last, one.restarts)
        return horizon

    async def _widen(self, connection: AsyncConnection, batch: Batch) -> None:
        if not batch.last:
            return
        source = self._digest.source
        query = select(kept.lines).where(kept.source == source, kept.node == self._node, kept.kind == _LOG)
        row = (await connection.execute(query)).one_or_none()
        before = msgspec.json.decode(row.lines, type=Horizon) if row else Horizon()
        now = msgspec.structs.replace(before)
        now.widen(batch.first, batch.last, batch.restarts)
        if row and (now.first, now.restarts) != (before.first, before.restarts):
            theirs = (kept.source == source, kept.node == self._node, kept.kind == _AGENT)
            await connection.execute(update(import_lines).where(*theirs).values(open=True))
        await self._upsert(connection, import_lines, [self._row(_LOG, "", 0, msgspec.json.encode(now).decode(), False)])

    def _row(self, kind: str, name: str, day: int, lines: str, is_open: bool) -> dict[str, Any]:
        key = {"source": self._digest.source, "node": self._node, "kind": kind, "name": name, "day": day}
        return {**key, "lines": lines, "open": is_open}

    async def _keep(self, connection: AsyncConnection, kind: str, new: dict[tuple[str, int], list[Any]]) -> None:
        """Add lines to those of the same calls or agents; agents that changed are marked."""
        added = {(harmless(name), day): lines for (name, day), lines in new.items()}
        found: dict[tuple[str, int], str] = {}
        for some in _some({name for name, _ in added}):
            query = select(kept.name, kept.day, kept.lines).where(
                kept.source == self._digest.source, kept.node == self._node, kept.kind == kind, kept.name.in_(some)
            )
            if kind == _AGENT:
                query = query.where(kept.day.in_({day for _, day in added}))
            found |= {(row.name, row.day): row.lines for row in await connection.execute(query)}
        rows = []
        for (name, day), lines in added.items():
            texts = {harmless(line.raw) for line in lines}
            before = set(found[name, day].split("\n")) if (name, day) in found else set()
            if not texts <= before:
                rows.append(self._row(kind, name, day, "\n".join(sorted(texts | before)), True))
        await self._upsert(connection, import_lines, rows)

    async def _open(self, kind: str, after: str) -> list[str]:
        """Return some names, in order, of what is to be folded again."""
        query = select(kept.name).distinct().where(kept.open, kept.node == self._node, kept.kind == kind)
        if kind == _AGENT:
            query = query.where(kept.source == self._digest.source)
        async with self._database.reading() as connection:
            rows = await connection.execute(query.where(kept.name > after).order_by(kept.name).limit(_IN))
            return [row.name for row in rows]

    async def _refold(self, connection: AsyncConnection, names: list[str]) -> None:
        """Fold calls from all that is kept of them, and write what comes of it."""
        horizon = await self._horizon(connection)
        for some in _some(names):
            query = select(kept.source, kept.name, kept.lines, kept.open)
            query = query.where(kept.node == self._node, kept.kind == _CALL, kept.name.in_(some))
            of: dict[str, dict[str, Folded]] = {}
            marks: list[dict[str, Any]] = []
            for row in await connection.execute(query):
                digest = self._digests[row.source]
                folded = digest.fold(digest.again(row.lines.split("\n")), horizon)
                if folded is not None:
                    of.setdefault(folded.contact.contact, {})[row.source] = folded
                settled = folded is None or folded.settled
                if row.open == settled:
                    marks.append({"its_source": row.source, "its_name": row.name, "is_open": not settled})
            await self._write(connection, [merged(by_source) for by_source in of.values()])
            if marks:
                await connection.execute(self._mark, marks)

    async def _write(self, connection: AsyncConnection, found: list[Folded]) -> None:
        """Write contacts with their visits and legs, those of the live journal excepted.

        The contact's row is the lock: who writes it first, the journal or we, has the other wait, and then see it.
        """
        found.sort(key=lambda one: one.contact.contact)
        ids = [harmless(one.contact.contact) for one in found]
        if ids:
            ours = upsert(self._database, contacts, or_(*(contacts.c.source == source for source in SOURCES)))
            await connection.execute(ours, [_closed(one.contact) for one in found])
        query = select(contacts.c.contact).where(contacts.c.contact.in_(ids), contacts.c.source.in_(SOURCES))
        free = {row.contact for row in await connection.execute(query)}
        mine = [one for one in found if harmless(one.contact.contact) in free]
        self.live |= {ContactId(name) for name in ids if name not in free}
        self.contacts |= {one.contact.contact for one in mine}
        for table in (visits, legs):
            await connection.execute(delete(table).where(table.c.contact.in_(free)))
        await self._upsert(connection, visits, [_closed(visit) for one in mine for visit in one.visits])
        await self._upsert(connection, legs, [_closed(leg) for one in mine for leg in one.legs])

    async def _fold_agent(self, connection: AsyncConnection, name: str) -> None:
        source = self._digest.source
        mine = (kept.source == source, kept.node == self._node, kept.kind == _AGENT, kept.name == name)
        rows = await connection.execute(select(kept.lines).where(*mine).order_by(kept.day))
        lines = [line for row in rows for line in self._digest.again(row.lines.split("\n"))]
        records = self._digest.fold_agent(lines, await self._horizon(connection, source))
        states = agent_states
        await connection.execute(delete(states).where(states.c.agent == name, states.c.epoch == EPOCH))
        await self._upsert(connection, states, [_closed(record) for record in records])
        await connection.execute(update(import_lines).where(*mine).values(open=False))

    async def _upsert(self, connection: AsyncConnection, table: Table, rows: list[dict[str, Any]]) -> None:
        if rows:
            await connection.execute(upsert(self._database, table), rows)


def _closed(record: msgspec.Struct) -> dict[str, Any]:
    """Return a record's row. None is open to the ledger: no event will come for it."""
    return {**to_row(record), "open": False}


def _some(names: Iterable[T]) -> Iterator[list[T]]:
    each = iter(names)
    while some := list(islice(each, _IN)):
        yield some
