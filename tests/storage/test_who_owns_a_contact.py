"""The journal owns the contacts it knows of: whoever writes first, journal or import, the tables come out the same."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.imports import import_file
from center.memory_log import MemoryLog
from imports.digest import Cel, Digest, QueueLog
from imports.names import Names
from messages.events import ContactArrived, Entry
from messages.values import Source
from storage.database import Database
from storage.rows import RowSettings, RowWriter
from tests.storage.history import day, running
from tests.storage.test_rows import empty, rows

T = 1_764_000_000
OF_CONTACTS = ("contacts", "visits", "legs")


def queue_log() -> Sequence[Digest]:
    """Return the kinds of log, a queue_log's own first."""
    return [QueueLog(Names()), Cel(Names())]


def logged(entries: list[Entry], random: Random) -> list[str]:
    """Return a queue_log of the journal's calls, of more queues and legs than it knows, and of some it never saw."""
    calls = [e.event.call for e in entries if isinstance(e.event, ContactArrived)] + ["u1", "u2", "u3"]
    lines = []
    for n, call in enumerate(calls):
        at = T + 60 * n
        lines.append(f"{at}|{call}|q|NONE|ENTERQUEUE||138|1\n")
        lines.append(f"{at + 4}|{call}|q|li|RINGNOANSWER|3000\n")
        stays = range(random.randint(0, 3))
        lines += [f"{at + 5 + stay}|{call}|q{stay}|NONE|ENTERQUEUE||138|1\n" for stay in stays]
        lines.append(f"{at + 9}|{call}|q|li|CONNECT|9|{call}-leg|1\n")
        lines.append(f"{at + 50}|{call}|q|li|COMPLETEAGENT|9|41|1\n")
    return lines


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(seed=st.integers(0, 10_000), data=st.data())
async def test_any_order_of_journal_and_imports_leads_to_the_same_tables(
    database: Database, tmp_path: Path, seed: int, data: st.DataObject
) -> None:
    entries = day(seed, steps=60)
    lines = logged(entries, Random(seed))

    async def follow(log: MemoryLog, count: int) -> None:
        log.put([entry for entry in entries[:count] if entry.position > log.position])
        async with running(RowWriter(log, database, settings=RowSettings(linger_s=0))) as writer:
            await writer.reached(log.position)

    async def bring_in(begin: int, end: int) -> None:
        file = tmp_path / "queue_log"
        file.write_text("".join(lines[begin:end]) or f"{T}|NONE|NONE|NONE|CONFIGRELOAD|\n")
        await import_file(database, file, queue_log, told=f"{begin} {end}")

    await empty(database)
    await follow(MemoryLog(), len(entries))
    await bring_in(0, len(lines))
    expected = await rows(database)
    assert {row["source"] for row in expected["contacts"]} >= {Source.LIVE, Source.QUEUE_LOG}

    await empty(database)
    log = MemoryLog()
    for _ in range(data.draw(st.integers(1, 5), label="steps")):
        if data.draw(st.booleans(), label="journal"):
            await follow(log, data.draw(st.integers(0, len(entries)), label="entries"))
        else:
            begin, end = sorted(data.draw(st.tuples(st.integers(0, len(lines)), st.integers(0, len(lines)))))
            await bring_in(begin, end)
    both = [follow(log, len(entries)), bring_in(0, len(lines))]
    await asyncio.gather(*(reversed(both) if data.draw(st.booleans(), label="import first") else both))
    found = await rows(database)
    for table in OF_CONTACTS:
        assert found[table] == expected[table], table


@pytest.mark.parametrize("import_first", [False, True])
async def test_a_contact_that_both_write_at_once_is_the_journals(
    database: Database, tmp_path: Path, import_first: bool
) -> None:
    """Both transactions are open together: on PostgreSQL each may begin before the other is committed."""
    entries = day(3, steps=80)
    lines = logged(entries, Random(3))
    file = tmp_path / "queue_log"
    file.write_text("".join(lines))
    log = MemoryLog()
    log.put(entries)

    async def follow() -> None:
        async with running(RowWriter(log, database, settings=RowSettings(linger_s=0, batch=7))) as writer:
            await writer.reached(log.position)

    works: list[Any] = [import_file(database, file, queue_log), follow()]
    await asyncio.gather(*(works if import_first else reversed(works)))
    found = await rows(database)
    owner = {row["contact"]: row["source"] for row in found["contacts"]}
    assert {name for name, source in owner.items() if source is not Source.LIVE and source != "live"} == {
        "u1",
        "u2",
        "u3",
    }
    for table in ("visits", "legs"):
        assert {row["source"] for row in found[table] if owner[row["contact"]] == "live"} == {"live"}
