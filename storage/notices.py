"""Notices in the database, kept together with how far the log has been seen to."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Select, case, exists, func, literal, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from messages.errors import Fenced, Invalid, Unavailable
from messages.events import Position
from messages.notices import Known, Notice, NoticeKind, NoticeState
from storage.columns import Instant, harmless, to_row
from storage.database import Database, asking
from storage.tables import callbacks, contacts, cursors, notices, surveys

NAME = "notices"
COLUMN = notices.c


class Notices:
    """The notices. Every method raises Unavailable where the database is away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __repr__(self) -> str:
        return f"<Notices in {self._database.url}>"

    async def begin(self, last: Position) -> Position:
        """Return how far the log has been seen to, `last` the first time or where another log was followed."""
        first = self._insert(cursors).on_conflict_do_nothing()
        async with asking(self._database.writing()) as connection:
            await connection.execute(first, {"name": NAME, "epoch": last.epoch, "seq": last.seq})
            at = await _cursor(connection)
            if last < at:
                await _move(connection, last)
        return min(at, last)

    async def move(self, to: Position) -> None:
        """Take `to` for how far the log has been seen to."""
        async with asking(self._database.writing()) as connection:
            await _move(connection, to)

    async def known(self, contact: str, callback: str) -> Known | None:
        """Return what is kept of a call back and the contact it is for, or of a contact; None if nothing is."""
        async with asking(self._database.reading()) as connection:
            owed = None
            if callback:
                owed = await _one(connection, select(callbacks).where(callbacks.c.callback == harmless(callback)))
                if owed is None:
                    return None
                contact = contact or owed["first_contact"] or ""
            found = await _one(connection, select(contacts).where(contacts.c.contact == harmless(contact)))
            answered = exists().where(surveys.c.contact == harmless(contact), surveys.c.answered_at.is_not(None))
            surveyed = (await connection.execute(select(answered))).scalar_one()
        if owed is None and found is None:
            return None
        kept: dict[str, Any] = {"number": "", "tenant": ""} | (found or {}) | (owed or {})
        about: dict[str, Any] = {"surveyed": surveyed}
        if found:
            about["confidential"] = found["confidential"]
        if found and owed is None:  # whom we call back has called us, even where the contact is our own call
            about["direction"] = found["direction"]
        return msgspec.convert(
            {"number": kept["number"], "tenant": kept["tenant"], "contact": contact, **about}, Known, strict=False
        )

    async def take(self, new: Sequence[Notice], withdrawn: Sequence[str], after: Position, to: Position) -> None:
        """Keep new notices, drop the queued ones of some calls back, and how far that is, all or none.

        Raises Fenced where somebody else has moved on meanwhile.
        """
        async with asking(self._database.writing()) as connection:
            at = await _cursor(connection)
            if at == to:  # written, but the answer was lost
                return
            if at < after:  # such as a standby that took over with less
                raise Unavailable("the database went back; reading again from there")
            if at != after:
                raise Fenced(f"another outbox is at {at.epoch}-{at.seq}; this one must stop")
            drop = (
                notices.update()
                .where(COLUMN.state == NoticeState.QUEUED, COLUMN.kind != NoticeKind.GAVE_UP)
                .values(state=NoticeState.GIVEN_UP, answer="no longer needed")
            )
            gone = frozenset(withdrawn)
            for name in gone:
                await connection.execute(drop.where(COLUMN.callback == harmless(name)))
            rows = [to_row(_dropped(notice) if notice.callback in gone else notice) for notice in new]
            if rows:
                await connection.execute(self._insert(notices).on_conflict_do_nothing(), rows)
            await _move(connection, to)

    async def recover(self) -> int:
        """Queue what was being sent when we ended, and give up what was in doubt already; return how many."""
        again = case((COLUMN.maybe_sent, NoticeState.GIVEN_UP), else_=NoticeState.QUEUED)
        answer = case((COLUMN.maybe_sent, "cut off again, maybe sent"), else_="cut off")
        query = notices.update().where(COLUMN.state == NoticeState.SENDING)
        async with asking(self._database.writing()) as connection:
            changed = await connection.execute(query.values(state=again, answer=answer, maybe_sent=True))
        return changed.rowcount

    async def due(self, now: datetime, limit: int) -> Sequence[Notice]:
        """Return queued notices whose time has come, alerts first, then the oldest."""
        alerts_first = case((COLUMN.kind == NoticeKind.ALERT, 0), else_=1)
        query = (
            select(notices)
            .where(COLUMN.state == NoticeState.QUEUED, COLUMN.next_at <= now)
            .order_by(alerts_first, COLUMN.next_at, COLUMN.id)
            .limit(limit)
        )
        async with asking(self._database.looking()) as connection:
            return [_notice(row) for row in await connection.execute(query)]

    async def sent_to(self, number: str, since: datetime) -> int:
        """Return how many citizens' notices a number has been sent since an instant."""
        query = select(func.count()).where(
            COLUMN.number == harmless(number), COLUMN.sent_at >= since, COLUMN.kind != NoticeKind.ALERT
        )
        async with asking(self._database.looking()) as connection:
            return int((await connection.execute(query)).scalar_one())

    async def save(self, notice: Notice) -> None:
        """Keep what became of a notice."""
        async with asking(self._database.writing()) as connection:
            await connection.execute(notices.update().where(COLUMN.id == notice.id).values(to_row(notice)))

    async def page(
        self, *, state: str | None = None, tenant: str | None = None, cursor: str = "", limit: int = 100
    ) -> tuple[Sequence[Notice], str]:
        """Return a page, newest first, and the cursor of the next, empty at the end. Raises Invalid."""
        query = select(notices).order_by(COLUMN.created_at.desc(), COLUMN.id.desc())
        for column, value in ((COLUMN.state, state), (COLUMN.tenant, tenant)):
            if value is not None:
                query = query.where(column == harmless(value))
        if cursor:
            at, name = _decoded(cursor)
            query = query.where(tuple_(COLUMN.created_at, COLUMN.id) < tuple_(literal(at, Instant), harmless(name)))
        async with asking(self._database.looking()) as connection:
            found = [_notice(row) for row in await connection.execute(query.limit(limit + 1))]
        page = found[:limit]
        return page, _encoded(page[-1]) if len(found) > limit else ""

    def _insert(self, table: Any) -> Any:
        return (postgresql if self._database.kind == "postgresql" else sqlite).insert(table)


def _dropped(notice: Notice) -> Notice:
    """Return a new notice of a call back that the same batch has ended: only that we gave up is still true."""
    if notice.kind is NoticeKind.GAVE_UP:
        return notice
    return msgspec.structs.replace(notice, state=NoticeState.GIVEN_UP, answer="no longer needed")


async def _cursor(connection: AsyncConnection) -> Position:
    query = select(cursors.c.epoch, cursors.c.seq).where(cursors.c.name == NAME).with_for_update()
    row = (await connection.execute(query)).one()
    return Position(row.epoch, row.seq)


async def _move(connection: AsyncConnection, to: Position) -> None:
    await connection.execute(cursors.update().where(cursors.c.name == NAME).values(epoch=to.epoch, seq=to.seq))


async def _one(connection: AsyncConnection, query: Select[Any]) -> dict[str, Any] | None:
    row = (await connection.execute(query)).one_or_none()
    return {str(name): value for name, value in row._mapping.items()} if row else None


def _notice(row: Any) -> Notice:
    return msgspec.convert({str(name): value for name, value in row._mapping.items()}, Notice)


def _encoded(notice: Notice) -> str:
    return base64.urlsafe_b64encode(f"{notice.created_at.isoformat()} {notice.id}".encode()).decode()


def _decoded(cursor: str) -> tuple[datetime, str]:
    try:
        at, _, name = base64.urlsafe_b64decode(cursor.encode()).decode().partition(" ")
        instant = datetime.fromisoformat(at)
    except ValueError as error:
        raise Invalid("cursor: not one that a page gave") from error
    if instant.tzinfo is None:
        raise Invalid("cursor: not one that a page gave")
    return instant, name
