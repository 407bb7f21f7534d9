"""The office's figures from what is kept: contacts, their cases, and what was reported of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from messages.duty import AnsweredBy
from messages.values import CaseStep, Direction, UnitKind
from metrics.office import CaseEvent, Link, Period, Story, stories
from storage.columns import harmless
from storage.tables import case_events, case_links, contacts, duty_calls, duty_sessions, revisits

_OF = contacts.c


async def leaders_answered(
    connection: AsyncConnection, since: datetime, until: datetime, tenant: str = ""
) -> int | None:
    """Return the calls that leaders answered in person on duty days; None where no duty session was ever kept."""
    if not await connection.scalar(select(func.count()).select_from(duty_sessions)):
        return None
    column = duty_calls.c
    query = select(func.count()).where(
        column.answered_by == AnsweredBy.LEADER, *_between(column.called_at, since, until)
    )
    if tenant:
        query = query.join(duty_sessions, duty_sessions.c.duty == column.duty).where(
            duty_sessions.c.tenant == harmless(tenant)
        )
    return int(await connection.scalar(query) or 0)


async def period(connection: AsyncConnection, since: datetime, until: datetime, tenant: str = "") -> Period:
    """Return what is counted of a period, in one consistent reading."""
    arrived = [_OF.direction == Direction.IN, *_between(_OF.arrived_at, since, until)]
    if tenant:
        arrived.append(_OF.tenant == harmless(tenant))
    channels = await connection.execute(select(_OF.channel, func.count()).where(*arrived).group_by(_OF.channel))
    link = case_links.c
    linked = select(link.contact, link.case_no, link.valid, link.category, link.area).join(
        contacts, _OF.contact == link.contact
    )
    links = [Link(*row) for row in await connection.execute(linked.where(*arrived).order_by(link.linked_at))]
    said = select(revisits.c.case_no, revisits.c.answered_at, revisits.c.satisfied)
    answered = said.where(*_between(revisits.c.answered_at, since, until), *_of_line(revisits.c.case_no, tenant))
    return Period(
        since=since,
        until=until,
        channels={str(channel): int(count) for channel, count in channels},
        links=links,
        stories=await _stories(connection, since, until, arrived, tenant),
        revisits={
            case_no: (at, satisfied)
            for case_no, at, satisfied in await connection.execute(answered.order_by(revisits.c.answered_at))
        },
    )


async def valid_contacts(connection: AsyncConnection, since: datetime, until: datetime, tenant: str = "") -> int:
    """Return how many contacts of a period are valid."""
    where = [_OF.direction == Direction.IN, case_links.c.valid, *_between(_OF.arrived_at, since, until)]
    if tenant:
        where.append(_OF.tenant == harmless(tenant))
    joined = contacts.join(case_links, case_links.c.contact == _OF.contact)
    query = select(func.count(_OF.contact.distinct())).select_from(joined).where(*where)
    return int((await connection.execute(query)).scalar_one())


async def lines(
    connection: AsyncConnection, since: datetime, until: datetime, tenant: str = ""
) -> list[dict[str, Any]]:
    """Return calls in by tenant and number dialled."""
    where = [_OF.direction == Direction.IN, _OF.channel == "call", *_between(_OF.arrived_at, since, until)]
    if tenant:
        where.append(_OF.tenant == harmless(tenant))
    query = select(_OF.tenant, _OF.did, func.count()).where(*where).group_by(_OF.tenant, _OF.did)
    found = await connection.execute(query.order_by(_OF.tenant, _OF.did))
    return [{"tenant": line, "did": did, "calls": count} for line, did, count in found]


def _between(at: ColumnElement[Any], since: datetime, until: datetime) -> list[ColumnElement[bool]]:
    return [at >= since, at < until]


def _of_line(case_no: ColumnElement[Any], tenant: str) -> list[ColumnElement[bool]]:
    """Choose the cases of a line's contacts, all where no line is named."""
    if not tenant:
        return []
    its = select(case_links.c.case_no).join(contacts, _OF.contact == case_links.c.contact)
    return [case_no.in_(its.where(_OF.tenant == harmless(tenant)))]


async def _stories(
    connection: AsyncConnection, since: datetime, until: datetime, arrived: list[ColumnElement[bool]], tenant: str
) -> dict[str, Story]:
    """Return the stories of the cases of the period's contacts, and of what is due or was said in it."""
    of, touched = case_events.c, case_events.alias("touched").c
    linked = select(case_links.c.case_no).join(contacts, _OF.contact == case_links.c.contact).where(*arrived)
    due = select(touched.case_no).where(
        or_(*(and_(*_between(at, since, until)) for at in (touched.due_at, touched.at)))
    )
    query = select(case_events).where(or_(of.case_no.in_(linked), of.case_no.in_(due)), *_of_line(of.case_no, tenant))
    found = await connection.execute(query)
    return stories(
        CaseEvent(
            case_no=row.case_no,
            id=row.id,
            step=CaseStep(row.step),
            at=row.at,
            due_at=row.due_at,
            unit=row.unit,
            unit_kind=UnitKind(row.unit_kind) if row.unit_kind else None,
            misdirected=row.misdirected,
            satisfied=row.satisfied,
        )
        for row in found
    )
