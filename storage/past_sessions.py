"""Listening sessions that were, a page at a time, with each call that they heard."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, literal, select, tuple_

from storage.columns import Instant, harmless
from storage.database import Database, asking
from storage.paging import decode, encode
from storage.tables import contacts, hearings, listening

_AT = func.coalesce(listening.c.requested_at, listening.c.started_at, type_=Instant())


async def past_sessions(
    database: Database,
    since: datetime | None,
    until: datetime | None,
    by: str | None,
    tenant: str | None,
    cursor: str,
    limit: int,
) -> tuple[Sequence[dict[str, Any]], str]:
    """Return a page, newest first, and the next one's cursor, empty at the end; [since, until). Raises Invalid."""
    columns = [column for column in listening.columns if column.name != "open"]
    query = select(*columns, _AT.label("_at")).order_by(_AT.desc(), listening.c.session.desc()).limit(limit + 1)
    if since is not None:
        query = query.where(since <= _AT)
    if until is not None:
        query = query.where(until > _AT)
    if by is not None:
        query = query.where(listening.c.by == harmless(by))
    if tenant is not None:
        its = select(contacts.c.contact).where(contacts.c.tenant == harmless(tenant))
        query = query.where(listening.c.contact.in_(its))
    if cursor:
        at, name = decode(cursor)
        query = query.where(tuple_(_AT, listening.c.session) < tuple_(literal(at, Instant), harmless(name)))
    async with asking(database.reading()) as connection:
        found = [{str(name): value for name, value in row._mapping.items()} for row in await connection.execute(query)]
        page = found[:limit]
        heard = await connection.execute(
            select(hearings).where(hearings.c.session.in_([row["session"] for row in page])).order_by(hearings.c.n)
        )
        of: dict[str, list[dict[str, Any]]] = {row["session"]: [] for row in page}
        for row in heard:
            of[row.session].append({str(name): value for name, value in row._mapping.items() if name != "open"})
    after = encode(page[-1]["_at"], page[-1]["session"]) if len(found) > limit else ""
    for one in page:
        del one["_at"]
    return [one | {"heard": of[one["session"]]} for one in page], after
