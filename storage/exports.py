"""Exports: contacts, legs, agent states and listening sessions as CSV or JSON lines, in bounded memory."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Table, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from messages.masking import masked
from storage.columns import Instant
from storage.database import Database, asking
from storage.sinks import Sink
from storage.tables import agent_states, case_links, contacts, legs, listening

Row = dict[str, Any]
CHUNK = 500


class What(StrEnum):
    """What can be exported."""

    CONTACTS = "contacts"
    LEGS = "legs"
    AGENT_STATES = "agent-states"
    LISTENING = "listening"


SCHEMA: dict[What, dict[str, str]] = {
    What.CONTACTS: {
        "contact": "the contact's id",
        "call": "the id of the citizen's call; empty where it was none",
        "channel": "how the citizen came: call, wechat, …",
        "source": "where the record is from: live, or the kind of import",
        "node": "the Asterisk that carried the call",
        "linkedid": "Asterisk's linkedid, for CDR and CEL",
        "number": "the citizen's number, 138****1234 unless exported in full",
        "did": "the number that was dialled",
        "arrived_at": "when the call arrived (UTC, µs)",
        "noticed": "whether the recording notice was played",
        "queue": "the first queue",
        "queued_at": "when it joined that queue (UTC, µs)",
        "answered_at": "when the first agent answered (UTC, µs)",
        "ended_at": "when the call ended (UTC, µs); empty while it goes on",
        "outcome": "how it ended: answered, abandoned, …",
        "by_citizen": "whether the citizen ended it",
        "agent": "the first agent who answered",
        "transferred": "whether it was transferred",
        "by_asterisk": "whether Asterisk's fallback queue held it",
        "waited_s": "from joining the queue to the answer, or to the end where nobody answered (s)",
        "talk_s": "talk of all its legs, hold not included (s); empty where nobody answered or somebody still talks",
        "hold_s": "hold of all its legs (s); empty as talk_s",
        "wrap_up_s": "wrap-up of all its legs (s); empty where there was none",
        "legs": "how many offers to agents were made",
        "cases": "the numbers of its cases, separated by spaces",
    },
    What.LEGS: {
        "leg": "the leg's id",
        "contact": "the contact's id",
        "call": "the id of the citizen's call",
        "queue": "the queue it was offered from",
        "agent": "the agent",
        "phone": "the agent's phone",
        "queued_at": "when the contact joined the queue (UTC, µs)",
        "offered_at": "when the agent was reserved (UTC, µs)",
        "ringing_at": "when the phone rang (UTC, µs)",
        "answered_at": "when the agent answered (UTC, µs)",
        "ended_at": "when the leg ended (UTC, µs)",
        "end": "why it ended",
        "held_since": "since when the citizen is on hold now (UTC, µs)",
        "hold_s": "time on hold (s)",
        "holds": "how often the citizen was put on hold",
        "transferred_to": "where the agent transferred to; a number is masked unless exported in full",
        "wrap_up_until": "when wrap-up would end at the latest (UTC, µs)",
        "wrap_up_s": "wrap-up (s)",
        "waited_s": "from joining the queue to the answer, or to the leg's end where nobody answered (s)",
        "talk_s": "talk, hold not included (s); empty where nobody answered or it goes on",
    },
    What.AGENT_STATES: {
        "agent": "the agent",
        "state": "the state: ready, talking, wrap_up, …",
        "reason": "the reason of not_ready",
        "phone": "the agent's phone",
        "call": "the call it was about",
        "started_at": "when the state began (UTC, µs)",
        "ended_at": "when it ended (UTC, µs); empty while it lasts",
        "epoch": "place in the journal",
        "seq": "place in the journal",
        "duration_s": "how long it lasted (s); empty while it lasts",
    },
    What.LISTENING: {
        "session": "the listening session's id",
        "by": "who listened; empty where Asterisk could not tell",
        "phone": "the listener's phone",
        "contact": "the contact's id",
        "call": "the id of the citizen's call",
        "agent": "the agent listened to",
        "queue": "the call's queue",
        "mode": "listen, whisper or barge",
        "purpose": "what it was for",
        "foreign": "whether it was started outside of this software",
        "requested_at": "when it was asked for (UTC, µs)",
        "started_at": "when the listener heard the call (UTC, µs)",
        "ended_at": "when it ended (UTC, µs)",
        "failed": "why nothing was heard",
        "duration_s": "how long the listener heard the call (s)",
    },
}
"""Each export's columns in order, with what they mean and their units. Unknown is empty in CSV and null in JSON."""


class _Source(NamedTuple):
    table: Table
    at: ColumnElement[datetime]
    key: tuple[ColumnElement[Any], ...]


_SOURCES = {
    What.CONTACTS: _Source(contacts, contacts.c.arrived_at, (contacts.c.contact,)),
    What.LEGS: _Source(legs, legs.c.offered_at, (legs.c.leg,)),
    What.AGENT_STATES: _Source(
        agent_states, agent_states.c.started_at, (agent_states.c.epoch, agent_states.c.seq, agent_states.c.agent)
    ),
    What.LISTENING: _Source(
        listening,
        func.coalesce(listening.c.requested_at, listening.c.started_at, type_=Instant()),
        (listening.c.session,),
    ),
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
    progress: Callable[[int], None] = lambda done: None,
) -> int:
    """Write the records of a period, one consistent state of them, to a file and return how many they are.

    `since` (inclusive) and `until` (exclusive) are of the arrival, the offer, the state's begin or the request.
    `form` is csv or jsonl. `progress` is told after each chunk how many are done. The file appears when it is
    complete. Raises Unavailable if the database or the disk fails, Invalid for another form.
    """
    done = 0
    with Sink(output, form, list(SCHEMA[what])) as sink:
        async with asking(database.reading()) as connection:
            async for chunk in _chunks(connection, _SOURCES[what], since, until):
                rows = await _about_contacts(connection, chunk) if what is What.CONTACTS else map(_derived, chunk)
                await asyncio.to_thread(sink.write, rows if full else map(_masked, rows))
                done += len(chunk)
                progress(done)
        await asyncio.to_thread(sink.complete)
    return done


async def _chunks(
    connection: AsyncConnection, source: _Source, since: datetime | None, until: datetime | None
) -> AsyncIterator[list[Row]]:
    at, key = source.at, source.key
    query = select(source.table, at.label("_at")).order_by(at, *key).limit(CHUNK)
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
        "waited_s": _seconds(row["queued_at"], row["answered_at"] or row["ended_at"]),
        "talk_s": _total(leg["talk_s"] for leg in answered) if over else None,
        "hold_s": _total(leg["hold_s"] for leg in answered) if over else None,
        "wrap_up_s": _total(wrap_ups) if wrap_ups else None,
        "legs": len(its_legs),
        "cases": " ".join(cases),
    }


def _derived(row: Row) -> Row:
    """Add to a leg, an agent state or a listening session how long things took."""
    if "offered_at" not in row:
        return row | {"duration_s": _seconds(row["started_at"], row["ended_at"])}
    talk = _seconds(row["answered_at"], row["ended_at"])
    return row | {
        "waited_s": _seconds(row["queued_at"], row["answered_at"] or row["ended_at"]),
        "talk_s": None if talk is None else round(max(0.0, talk - row["hold_s"]), 6),
    }


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return max(0.0, (end - start).total_seconds()) if start and end else None


def _total(seconds: Iterable[float]) -> float:
    return round(sum(seconds), 6)


def _masked(row: Mapping[str, Any]) -> Row:
    """Hide the middle of the citizen's number, and of one transferred to unless it is an extension."""
    hidden = dict(row)
    if "number" in hidden:
        hidden["number"] = masked(hidden["number"])
    if len(hidden.get("transferred_to", "")) >= 7:
        hidden["transferred_to"] = masked(hidden["transferred_to"])
    return hidden
