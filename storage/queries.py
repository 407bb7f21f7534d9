"""Questions about past contacts, answered as plain mappings ready for JSON. Numbers are whole: who asks masks them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Select, Table, literal, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from imports.merge import SOURCES
from messages.ids import ContactId, SessionId
from metrics.satisfaction import Satisfaction
from recording.gaps import parsed
from storage.columns import Instant, harmless
from storage.database import Database, asking
from storage.paging import decode, encode
from storage.past_sessions import past_sessions
from storage.satisfaction import By, satisfaction
from storage.tables import (
    case_events,
    case_links,
    contacts,
    duty_calls,
    hearings,
    legs,
    listening,
    messages,
    operations,
    recordings,
    surveys,
    three_way,
    visits,
    wrap_ups,
)

WITHHELD = frozenset({"", "anonymous", "asterisk", "private", "restricted", "s", "unavailable", "unknown", "withheld"})
"""What stands for a number where there is none, in lower case."""

MOST = 1000


class Queries:
    """The history of contacts. Every method raises Unavailable where the database is away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __repr__(self) -> str:
        return f"<Queries in {self._database.url}>"

    async def recent_contacts(self, number: str, limit: int = 5) -> Sequence[dict[str, Any]]:
        """Return a number's newest contacts, newest first, with their `cases`; none for a withheld number."""
        if number.strip().lower() in WITHHELD:
            return []
        query = _newest(select(*_plain(contacts)).where(contacts.c.number == harmless(number))).limit(_bounded(limit))
        async with asking(self._database.looking()) as connection:
            return await _with_cases(connection, _rows(await connection.execute(query)))

    async def ended(self, among: Sequence[ContactId]) -> set[ContactId]:
        """Return which contacts the journal has, and has ended; those of an import are not its own."""
        table = contacts
        query = select(table.c.contact).where(
            table.c.contact.in_([harmless(one) for one in among]),
            table.c.ended_at.is_not(None),
            table.c.source.not_in(SOURCES),
        )
        async with asking(self._database.reading()) as connection:
            return {ContactId(row.contact) for row in await connection.execute(query)}

    async def contact(self, contact: ContactId) -> dict[str, Any] | None:
        """Return a contact with its `visits` to queues, `legs`, `operations`, who was called in (`three_way`), `cases`,
        `surveys`, `recordings`, `listening`, `wrap_up`, the `message` left and the leader's `duty`; None if unknown."""
        async with asking(self._database.reading()) as connection:
            found = await _about(connection, contacts, contact, "arrived_at")
            if not found:
                return None
            left = await _about(connection, messages, contact, "left_at")
            notes = await _about(connection, wrap_ups, contact, "written_at")
            duty = await _about(connection, duty_calls, contact, "called_at")
            [contact_row] = await _in_confidence(connection, found)
            return contact_row | {
                "visits": await _about(connection, visits, contact, "n"),
                "legs": await _about(connection, legs, contact, "offered_at"),
                "operations": await _about(connection, operations, contact, "asked_at"),
                "three_way": await _about(connection, three_way, contact, "asked_at"),
                "cases": await _about(connection, case_links, contact, "linked_at"),
                "surveys": await _about(connection, surveys, contact, "asked_at"),
                "recordings": list(map(_with_gaps, await _about(connection, recordings, contact, "started_at"))),
                "listening": await _listened_to(connection, contact),
                "wrap_up": notes[0] if notes else None,
                "message": left[0] if left else None,
                "duty": duty[0] if duty else None,
            }

    async def contacts(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        queue: str | None = None,
        agent: str | None = None,
        outcome: str | None = None,
        tenant: str | None = None,
        case_no: str | None = None,
        cursor: str = "",
        limit: int = 100,
    ) -> tuple[Sequence[dict[str, Any]], str]:
        """Return a page of contacts, newest arrival first, and the cursor of the next page, empty at the end.

        `since` is inclusive, `until` exclusive. Raises Invalid for a cursor that is not one of ours.
        """
        column = contacts.c
        query = select(*_plain(contacts))
        if since is not None:
            query = query.where(column.arrived_at >= since)
        if until is not None:
            query = query.where(column.arrived_at < until)
        filters = (
            (column.queue, queue),
            (column.agent, agent),
            (column.outcome, outcome),
            (column.tenant, tenant),
        )
        for wanted, value in filters:
            if value is not None:
                query = query.where(wanted == harmless(value))
        if case_no is not None:
            its = select(case_links.c.contact).where(case_links.c.case_no == harmless(case_no))
            query = query.where(column.contact.in_(its))
        if cursor:
            at, contact = decode(cursor)
            query = query.where(
                tuple_(column.arrived_at, column.contact) < tuple_(literal(at, Instant), harmless(contact))
            )
        size = _bounded(limit)
        async with asking(self._database.reading()) as connection:
            found = _rows(await connection.execute(_newest(query).limit(size + 1)))
            page = await _with_cases(connection, found[:size])
        last = page[-1] if len(found) > size else None
        return page, encode(last["arrived_at"], last["contact"]) if last else ""

    async def listening(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        by: str | None = None,
        tenant: str | None = None,
        cursor: str = "",
        limit: int = 100,
    ) -> tuple[Sequence[dict[str, Any]], str]:
        """Return a page of listening sessions with what each `heard`, newest first, and the cursor of the next.

        Raises Invalid for a cursor that is not one of ours.
        """
        return await past_sessions(self._database, since, until, by, tenant, cursor, _bounded(limit))

    async def listening_session(self, session: SessionId) -> dict[str, Any] | None:
        """Return a listening session; None if it is unknown."""
        query = select(*_plain(listening)).where(listening.c.session == harmless(session))
        async with asking(self._database.reading()) as connection:
            return next(iter(_rows(await connection.execute(query))), None)

    async def case_events(self, case_no: str) -> Sequence[dict[str, Any]]:
        """Return what was reported of a case, in the order of the steps."""
        of = case_events.c
        query = select(case_events).where(of.case_no == harmless(case_no)).order_by(of.at, of.id)
        async with asking(self._database.looking()) as connection:
            return _rows(await connection.execute(query))

    async def satisfaction(
        self, by: str, since: datetime | None, until: datetime | None, tenant: str = ""
    ) -> Mapping[str, Satisfaction]:
        """Return how satisfied citizens said they were, by name. Raises Unavailable."""
        return await satisfaction(self._database, By(by), since, until, tenant)


def _with_gaps(recording: dict[str, Any]) -> dict[str, Any]:
    """Return a recording with its gaps as `from` and `to`, the last still open while it is paused."""
    return recording | {"gaps": [msgspec.to_builtins(gap) for gap in parsed(recording["gaps"])]}


def _bounded(limit: int) -> int:
    return max(1, min(limit, MOST))


def _plain(table: Table) -> list[Any]:
    return [column for column in table.columns if column.name != "open"]


def _rows(result: Iterable[Any]) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row._mapping.items()} for row in result]


def _newest(query: Select[Any]) -> Select[Any]:
    return query.order_by(contacts.c.arrived_at.desc(), contacts.c.contact.desc())


async def _about(connection: AsyncConnection, table: Table, contact: ContactId, order: str) -> list[dict[str, Any]]:
    query = select(*_plain(table)).where(table.c.contact == harmless(contact)).order_by(table.c[order])
    return _rows(await connection.execute(query))


async def _listened_to(connection: AsyncConnection, contact: ContactId) -> list[dict[str, Any]]:
    """Return the sessions that heard a contact, or were to, with what of it each heard."""
    heard = await _about(connection, hearings, contact, "started_at")
    of = {row["session"] for row in heard}
    query = select(*_plain(listening)).where(or_(listening.c.contact == harmless(contact), listening.c.session.in_(of)))
    sessions = _rows(await connection.execute(query.order_by(listening.c.session)))
    return [one | {"heard": [row for row in heard if row["session"] == one["session"]]} for one in sessions]


async def _with_cases(connection: AsyncConnection, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add to contacts the numbers of their cases, and the confidence of what they are about."""
    if not found:
        return []
    found = await _in_confidence(connection, found)
    cases: dict[str, list[str]] = {row["contact"]: [] for row in found}
    query = select(case_links.c.contact, case_links.c.case_no).where(case_links.c.contact.in_(cases))
    for contact, case_no in await connection.execute(query.order_by(case_links.c.linked_at, case_links.c.case_no)):
        cases[contact].append(case_no)
    return [row | {"cases": cases[row["contact"]]} for row in found]


_CONTACTS = ("contact", "about", "first_contact")


def contacts_of(row: dict[str, Any]) -> list[str]:
    """Return the contacts that a row is of or about: whose confidence its numbers are under."""
    return [row[name] for name in _CONTACTS if row.get(name)] + str(row.get("evidence", "")).split()


async def confidential_among(connection: AsyncConnection, rows: Iterable[dict[str, Any]]) -> frozenset[str]:
    """Return which of the contacts that rows are about are confidential."""
    named = {contact for row in rows for contact in contacts_of(row)}
    query = select(contacts.c.contact).where(contacts.c.contact.in_(named), contacts.c.confidential)
    return frozenset((await connection.execute(query)).scalars())


async def _in_confidence(connection: AsyncConnection, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Mark as confidential, too, the contacts that are about a confidential one: the number is the same."""
    about = [row for row in found if row["about"] and not row["confidential"]]
    hidden = await confidential_among(connection, about) if about else frozenset()
    return [row | {"confidential": row["confidential"] or row["about"] in hidden} for row in found]
