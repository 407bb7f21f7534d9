"""Leaders' duty sessions as they are kept: which there were, and what came of each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from messages.ids import DutyId
from messages.values import CaseStep, Role
from storage.columns import Instant, harmless
from storage.database import Database, asking
from storage.tables import case_events, case_links, contacts, duty_calls, duty_sessions, listening, revisits, users

MOST = 1000
SESSION = duty_sessions.c

CLOSES = frozenset({CaseStep.DIRECT_ANSWER, CaseStep.COMPLETED, CaseStep.WITHDRAWN})
"""Steps after which a case is dealt with."""


class Duties:
    """Duty sessions and their contacts; plain mappings. Every method raises Unavailable where the database is away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __repr__(self) -> str:
        return f"<Duties in {self._database.url}>"

    async def sessions(
        self, since: datetime | None = None, until: datetime | None = None, tenant: str | None = None
    ) -> Sequence[dict[str, Any]]:
        """Return the sessions whose window begins in [since, until), the latest first; at most `MOST`."""
        query = select(*_plain(duty_sessions)).order_by(SESSION.begins_at.desc(), SESSION.duty.desc()).limit(MOST)
        if since is not None:
            query = query.where(SESSION.begins_at >= since)
        if until is not None:
            query = query.where(SESSION.begins_at < until)
        if tenant is not None:
            query = query.where(SESSION.tenant == harmless(tenant))
        async with asking(self._database.reading()) as connection:
            return [_dict(row) for row in await connection.execute(query)]

    async def session(self, duty: DutyId) -> dict[str, Any] | None:
        """Return one session, None if it is unknown."""
        async with asking(self._database.reading()) as connection:
            return await _session(connection, duty)

    async def report(self, duty: DutyId) -> dict[str, Any] | None:
        """Return a session with its `calls`, each with its `cases`, and beside them what leaders `listened` to."""
        async with asking(self._database.reading()) as connection:
            if (found := await _session(connection, duty)) is None:
                return None
            return found | {"calls": await _calls(connection, duty), "listened": await _listened(connection, found)}


async def _session(connection: AsyncConnection, duty: DutyId) -> dict[str, Any] | None:
    query = select(*_plain(duty_sessions)).where(SESSION.duty == harmless(duty))
    row = (await connection.execute(query)).one_or_none()
    return _dict(row) if row else None


async def _calls(connection: AsyncConnection, duty: DutyId) -> list[dict[str, Any]]:
    column = duty_calls.c
    query = (
        select(*_plain(duty_calls), func.coalesce(contacts.c.confidential, False).label("confidential"))
        .join(contacts, contacts.c.contact == column.contact, isouter=True)
        .where(column.duty == harmless(duty))
        .order_by(column.called_at, column.contact)
    )
    found = [_dict(row) for row in await connection.execute(query)]
    cases: dict[str, list[dict[str, Any]]] = {row["contact"]: [] for row in found}
    for case in await _cases(connection, duty):
        cases[case.pop("contact")].append(case)
    return [row | {"cases": cases[row["contact"]]} for row in found]


async def _cases(connection: AsyncConnection, duty: DutyId) -> list[dict[str, Any]]:
    """Return the cases of a duty's contacts, with what the case system and the citizen have said of them since.

    `closed`: whether the case is dealt with, None while nobody has reported it.
    """
    column = case_links.c
    its = select(duty_calls.c.contact).where(duty_calls.c.duty == harmless(duty))
    links = select(column.contact, column.case_no, column.linked_at, column.valid, column.category, column.area)
    query = links.where(column.contact.in_(its)).order_by(column.linked_at, column.case_no)
    found = [_dict(row) for row in await connection.execute(query)]
    numbers = {case["case_no"] for case in found}
    asked = select(revisits.c.case_no, revisits.c.satisfied).where(revisits.c.case_no.in_(numbers))
    said = {row.case_no: row.satisfied for row in await connection.execute(asked.order_by(revisits.c.answered_at))}
    steps = select(case_events.c.case_no, case_events.c.step).where(case_events.c.case_no.in_(numbers))
    closed: dict[str, bool] = {}
    for case_no, step in await connection.execute(steps):
        closed[case_no] = closed.get(case_no, False) or step in CLOSES
    return [case | {"closed": closed.get(case["case_no"]), "satisfied": said.get(case["case_no"])} for case in found]


async def _listened(connection: AsyncConnection, session: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the listening sessions (领导旁听) of leaders while the duty went on: another thing than answering."""
    column = listening.c
    begin, end = session["started_at"], session["ended_at"] or session["ends_at"]
    if begin is None:
        return []
    at = func.coalesce(column.started_at, column.requested_at, type_=Instant())
    fields = (column.session, column.by, column.agent, column.contact, column.mode, column.purpose)
    query = (
        select(*fields, column.requested_at, column.started_at, column.ended_at, users.c.roles)
        .join(users, users.c.id == column.by)
        .where(at >= begin, at < end)
        .order_by(at, column.session)
    )
    if session["tenant"]:
        query = query.where(users.c.tenant == session["tenant"])
    found = [_dict(row) for row in await connection.execute(query)]
    return [row for row in found if Role.LEADER in row.pop("roles")]


def _plain(table: Table) -> list[Any]:
    return [column for column in table.columns if column.name != "open"]


def _dict(row: Any) -> dict[str, Any]:
    return {str(name): value for name, value in row._mapping.items()}
