"""Exports of what is kept, as CSV or JSON lines, in bounded memory."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Set
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Table, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from messages.errors import Forbidden
from messages.ids import ContactId
from messages.masking import FREE_TEXT, masked, masked_outside, scrubbed
from storage.columns import Instant, harmless
from storage.database import Database, asking
from storage.export_schema import SCHEMA, What
from storage.queries import confidential_among, contacts_of
from storage.sinks import Sink
from storage.tables import (
    agent_states,
    audit,
    callbacks,
    case_links,
    contacts,
    duty_calls,
    duty_sessions,
    hearings,
    labels,
    legs,
    listening,
    operations,
    recordings,
    revisits,
    surges,
    surveys,
    three_way,
    visits,
)

Row = dict[str, Any]
CHUNK = 500


class _Source(NamedTuple):
    table: Table
    at: ColumnElement[datetime]
    key: tuple[ColumnElement[Any], ...]


_SOURCES = {
    What.CONTACTS: _Source(contacts, contacts.c.arrived_at, (contacts.c.contact,)),
    What.VISITS: _Source(visits, visits.c.asked_at, (visits.c.contact, visits.c.n)),
    What.LEGS: _Source(legs, legs.c.offered_at, (legs.c.leg,)),
    What.OPERATIONS: _Source(operations, operations.c.asked_at, (operations.c.operation,)),
    What.THREE_WAY: _Source(three_way, three_way.c.asked_at, (three_way.c.operation,)),
    What.CALLBACKS: _Source(callbacks, callbacks.c.noted_at, (callbacks.c.callback,)),
    What.SURVEYS: _Source(surveys, surveys.c.asked_at, (surveys.c.contact, surveys.c.question)),
    What.REVISITS: _Source(revisits, revisits.c.answered_at, (revisits.c.revisit,)),
    What.SURGES: _Source(surges, surges.c.started_at, (surges.c.surge, surges.c.key)),
    What.DUTY: _Source(duty_sessions, duty_sessions.c.begins_at, (duty_sessions.c.duty,)),
    What.DUTY_CALLS: _Source(duty_calls, duty_calls.c.called_at, (duty_calls.c.contact,)),
    What.LABELS: _Source(labels, labels.c.proposed_at, (labels.c.label,)),
    What.AGENT_STATES: _Source(
        agent_states, agent_states.c.started_at, (agent_states.c.epoch, agent_states.c.seq, agent_states.c.agent)
    ),
    What.RECORDINGS: _Source(recordings, recordings.c.started_at, (recordings.c.recording,)),
    What.LISTENING: _Source(
        listening,
        func.coalesce(listening.c.requested_at, listening.c.started_at, type_=Instant()),
        (listening.c.session,),
    ),
    What.HEARINGS: _Source(hearings, hearings.c.started_at, (hearings.c.session, hearings.c.n)),
    What.AUDIT: _Source(audit, audit.c.at, (audit.c.seq,)),
}


async def export_rows(
    database: Database,
    what: What,
    since: datetime | None,
    until: datetime | None,
    form: str,
    output: Path,
    *,
    full: bool = False,
    tenant: str = "",
    hidden: frozenset[ContactId] = frozenset(),
    progress: Callable[[int], None] = lambda done: None,
) -> int:
    """Write the records of a period, one consistent state of them, to a file and return how many they are.

    `since` (inclusive) and `until` (exclusive) are of the arrival, the offer, the begin or the request. `form` is csv
    or jsonl; `full`: numbers whole, but for those of confidential contacts and of `hidden` ones; `tenant`: only what is
    about its contacts. `progress` is told after each chunk how many are done. The file appears when it is complete.
    Raises Unavailable if the database or the disk fails, Invalid for another form, Forbidden for what is about no
    contact if a tenant is named.
    """
    if tenant and not {"contact", "tenant"} & set(_SOURCES[what].table.c.keys()):
        raise Forbidden(f"{what} are of the whole city, not of one line")
    done = 0
    with Sink(output, form, list(SCHEMA[what])) as sink:
        async with asking(database.reading()) as connection:
            async for chunk in _chunks(connection, _SOURCES[what], since, until, tenant):
                rows = await _about_contacts(connection, chunk) if what is What.CONTACTS else map(_derived, chunk)
                kept = hidden | await confidential_among(connection, chunk) if full else hidden
                shown = [row if full and not _is_hidden(row, kept) else _masked(row) for row in rows]
                await asyncio.to_thread(sink.write, shown)
                done += len(chunk)
                progress(done)
        await asyncio.to_thread(sink.complete)
    return done


async def _chunks(
    connection: AsyncConnection, source: _Source, since: datetime | None, until: datetime | None, tenant: str
) -> AsyncIterator[list[Row]]:
    at, key = source.at, source.key
    query = select(source.table, at.label("_at")).order_by(at, *key).limit(CHUNK)
    if tenant and "tenant" in source.table.c:
        query = query.where(source.table.c.tenant == harmless(tenant))
    elif tenant:
        its = select(contacts.c.contact).where(contacts.c.tenant == harmless(tenant))
        query = query.where(source.table.c.contact.in_(its))
    if until is not None:
        query = query.where(at < until)
    page = query if since is None else query.where(at >= since)
    while found := (await connection.execute(page)).all():
        yield [{str(name): value for name, value in row._mapping.items()} for row in found]
        if len(found) < CHUNK:
            return
        last = found[-1]._mapping
        after = tuple_(literal(last["_at"], Instant), *(literal(last[column], column.type) for column in key))
        page = query.where(tuple_(at, *key) > after)


async def _about_contacts(connection: AsyncConnection, chunk: list[Row]) -> list[Row]:
    """Add to contacts what follows from their legs and cases."""
    of_contact: dict[str, list[Row]] = {row["contact"]: [] for row in chunk}
    cases: dict[str, list[str]] = {row["contact"]: [] for row in chunk}
    for found in await connection.execute(select(legs).where(legs.c.contact.in_(of_contact))):
        leg = _derived({str(name): value for name, value in found._mapping.items()})
        of_contact[leg["contact"]].append(leg)
    linked = select(case_links.c.contact, case_links.c.case_no).where(case_links.c.contact.in_(cases))
    for contact, case_no in await connection.execute(linked.order_by(case_links.c.linked_at, case_links.c.case_no)):
        cases[contact].append(case_no)
    return [_contact(row, of_contact[row["contact"]], cases[row["contact"]]) for row in chunk]


def _contact(row: Row, its_legs: list[Row], cases: list[str]) -> Row:
    answered = [leg for leg in its_legs if leg["answered_at"]]
    over = bool(answered) and all(leg["ended_at"] for leg in answered)
    wrap_ups = [leg["wrap_up_s"] for leg in its_legs if leg["wrap_up_s"] is not None]
    return row | {
        "flow_s": _seconds(row["arrived_at"], row["queued_at"] or row["ended_at"]),
        "to_human_s": _seconds(row["arrived_at"], row["answered_at"]),
        "waited_s": _seconds(row["queued_at"], row["answered_at"] or row["ended_at"]),
        "talk_s": _total(leg["talk_s"] for leg in answered) if over else None,
        "hold_s": _total(leg["hold_s"] for leg in answered) if over else None,
        "wrap_up_s": _total(wrap_ups) if wrap_ups else None,
        "legs": len(its_legs),
        "cases": " ".join(cases),
    }


def _derived(row: Row) -> Row:
    """Add to a record how long things took."""
    if "offered_at" in row:
        talk = _seconds(row["answered_at"], row["ended_at"])
        return row | {
            "waited_s": _seconds(row["queued_at"], row["answered_at"] or row["ended_at"]),
            "talk_s": None if talk is None else round(max(0.0, talk - row["hold_s"]), 6),
        }
    if "prev" in row or ("satisfied" in row and "question" not in row):
        return row
    if "question" in row:
        return row | {"duration_s": _seconds(row["asked_at"], row["answered_at"])}
    if "called_at" in row:
        return row | {"waited_s": _seconds(row["called_at"], row["answered_at"] or row["ended_at"])}
    if "left_at" in row:
        return row | {"waited_s": _seconds(row["asked_at"], row["left_at"])}
    if "noted_at" in row:
        return row | {"duration_s": _seconds(row["noted_at"], row["done_at"])}
    if "approved_at" in row:
        return row | {"duration_s": _seconds(row["approved_at"], row["ended_at"])}
    if "response_s" in row:
        return row | {"duration_s": _seconds(row["answered_at"], row["ended_at"])}
    return row | {"duration_s": _seconds(row.get("started_at", row.get("asked_at")), row["ended_at"])}


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return max(0.0, (end - start).total_seconds()) if start and end else None


def _total(seconds: Iterable[float]) -> float:
    return round(sum(seconds), 6)


def _is_hidden(row: Row, hidden: Set[str]) -> bool:
    """Tell whether a row's numbers go to nobody."""
    return bool(row.get("confidential")) or not hidden.isdisjoint(contacts_of(row))


_OUTSIDE = ("transferred_to", "target", "called", "phone")
"""Columns that may hold an outside number, or an extension of ours."""


def _masked(row: Mapping[str, Any]) -> Row:
    """Hide the middle of the citizen's number, and of every other one that is outside or quoted in a text."""
    hidden = dict(row)
    if "number" in hidden:
        hidden["number"] = masked(hidden["number"])
    for name in _OUTSIDE:
        if hidden.get(name):
            hidden[name] = masked_outside(hidden[name])
    for name in FREE_TEXT & hidden.keys():
        if type(hidden[name]) is str:
            hidden[name] = scrubbed(hidden[name])
    return hidden
