"""The rows are a fold of the log, whatever happens to the writer and the database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from center.memory_log import MemoryLog
from messages.errors import Fenced, TooOld
from messages.events import CenterStarted, Entry, Position
from storage.database import Database
from storage.migrations import upgrade
from storage.rows import LogReplaced, RowSettings, RowWriter
from storage.tables import KEPT, audit, cursors, metadata
from tests.center.world import START
from tests.postgres_fixture import PostgresServer
from tests.storage.history import day, rows_of, running, write

QUICK = RowSettings(retry_s=0.01, retry_at_most_s=0.05)


async def until(condition: Callable[[], bool]) -> None:
    """Return once a condition holds."""
    while not condition():  # noqa: ASYNC110 — what is waited for tells nobody
        await asyncio.sleep(0.005)


async def rows(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Return all rows of records, sorted by key, without the mark of open ones."""
    found: dict[str, list[dict[str, Any]]] = {}
    async with database.reading() as connection:
        for kept in KEPT.values():
            columns = [column for column in kept.table.columns if column.name != "open"]
            result = await connection.execute(select(*columns))
            keys = [column.name for column in kept.table.primary_key]
            plain = [{str(name): value for name, value in row._mapping.items()} for row in result]
            found[kept.table.name] = sorted(plain, key=lambda row: tuple(row[key] for key in keys))
    return found


async def empty(database: Database) -> None:
    """Delete every row."""
    async with database.writing() as connection:
        for table in metadata.tables.values():
            if table is audit:  # of which nothing can be taken away
                continue
            await connection.execute(table.delete())


async def test_the_rows_hold_what_the_ledger_says(database: Database) -> None:
    entries = day(seed=1, steps=400)
    expected = rows_of(entries)
    assert all(expected.values()), "the day has every kind of record"
    writer = await write(database, entries)
    assert await rows(database) == expected
    assert writer.entries == len(entries)
    assert writer.rows == sum(map(len, expected.values()))


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(seed=st.integers(0, 10_000), batch=st.integers(1, 40), cuts=st.lists(st.integers(1, 400), max_size=12))
async def test_a_writer_killed_anywhere_leaves_the_same_rows(
    database: Database, seed: int, batch: int, cuts: list[int]
) -> None:
    await empty(database)
    entries = day(seed)
    log = MemoryLog()
    for cut in [*sorted(cuts), len(entries)]:
        log.put([entry for entry in entries[:cut] if entry.position > log.position])
        async with running(RowWriter(log, database, settings=RowSettings(batch=batch))) as writer:
            await writer.reached(log.position)
        assert await rows(database) == rows_of(entries[: log.position.seq])


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(seed=st.integers(0, 10_000), lives=st.lists(st.floats(0, 0.03), max_size=8))
async def test_a_writer_killed_at_any_instant_leaves_the_same_rows(
    database: Database, seed: int, lives: list[float]
) -> None:
    await empty(database)
    entries = day(seed)
    log = MemoryLog()
    log.put(entries)
    for life in lives:
        async with running(RowWriter(log, database, settings=RowSettings(batch=5))):
            await asyncio.sleep(life)
    async with running(RowWriter(log, database, settings=RowSettings(batch=5))) as writer:
        await writer.reached(entries[-1].position)
    assert await rows(database) == rows_of(entries)


async def test_the_same_log_again_changes_nothing(database: Database) -> None:
    entries = day(seed=2)
    await write(database, entries)
    before = await rows(database)
    again = await write(database, entries)
    assert again.entries == 0
    async with database.writing() as connection:
        await connection.execute(cursors.delete())
    await write(database, entries, batch=7)
    assert await rows(database) == before


async def test_rows_follow_a_log_that_grows_and_tell_how_far_behind_they_are(database: Database) -> None:
    entries = day(seed=3)
    log = MemoryLog()
    async with running(RowWriter(log, database)) as writer:
        for entry in entries:
            await log.append([entry])
            if entry.seq % 50 == 0:
                await writer.reached(entry.position)
        await writer.reached(entries[-1].position)
        assert await rows(database) == rows_of(entries)
        await until(lambda: writer.lag_s(START) == 0.0)
        assert writer.lag_s(START + timedelta(days=1)) == 0.0


async def test_a_lost_postgres_is_waited_for_without_reading_on(postgres_server: PostgresServer) -> None:
    entries = day(seed=4)
    log = MemoryLog()
    async with Database(postgres_server.new_database()) as database:
        await upgrade(database)
        writer = RowWriter(log, database, settings=RowSettings(batch=10, retry_s=0.01, retry_at_most_s=0.05))
        async with running(writer):
            log.put(entries[:40])
            await writer.reached(entries[39].position)
            postgres_server.stop()
            try:
                log.put(entries[40:])
                await until(lambda: writer.retries >= 3)
                assert writer.position == entries[39].position
                assert writer.lag_s(entries[40].at + timedelta(seconds=9)) == 9.0
            finally:
                postgres_server.start()
            await writer.reached(entries[-1].position)
            assert await rows(database) == rows_of(entries)


async def test_a_database_that_went_back_is_written_again_from_there(database: Database) -> None:
    entries = day(seed=8)
    log = MemoryLog()
    async with running(RowWriter(log, database, settings=RowSettings(batch=10))) as writer:
        log.put(entries[:100])
        await writer.reached(entries[99].position)
        await empty(database)
        async with database.writing() as connection:
            await connection.execute(cursors.insert(), {"name": "rows", "epoch": 0, "seq": 0})
        log.put(entries[100:])
        await until(lambda: writer.position < entries[99].position)
        await writer.reached(entries[-1].position)
    assert await rows(database) == rows_of(entries)


async def test_a_locked_sqlite_is_waited_for(tmp_path: Path) -> None:
    entries = day(seed=5)
    log = MemoryLog()
    log.put(entries)
    async with Database(f"sqlite:///{tmp_path / 'db'}", busy_s=0.01) as database:
        await upgrade(database)
        writer = RowWriter(log, database, settings=QUICK)
        async with database.writing(), running(writer):
            await until(lambda: writer.retries >= 3)
        async with running(writer):
            await writer.reached(entries[-1].position)
        assert await rows(database) == rows_of(entries)


async def test_a_database_without_tables_is_waited_for(database_url: str) -> None:
    entries = day(seed=6)
    log = MemoryLog()
    log.put(entries)
    async with Database(database_url) as database:
        writer = RowWriter(log, database, settings=QUICK)
        async with running(writer):
            await until(lambda: writer.retries >= 2)
            await upgrade(database)
            await writer.reached(entries[-1].position)
        assert await rows(database) == rows_of(entries)


async def test_two_writers_of_one_name_are_found_out(database: Database) -> None:
    entries = day(seed=7)
    log, other_log = MemoryLog(), MemoryLog()
    log.put(entries[:20])
    other_log.put(entries[:20])
    other = RowWriter(other_log, database)
    left_behind = asyncio.create_task(other.run())
    await other.reached(entries[19].position)
    async with running(RowWriter(log, database)) as writer:
        log.put(entries[20:30])
        await writer.reached(entries[29].position)
    other_log.put(entries[20:25])
    with pytest.raises(Fenced, match="1-30"):
        await left_behind
    assert await rows(database) == rows_of(entries[:30])


async def test_another_log_than_before_is_refused_in_words(database: Database) -> None:
    entries = [Entry(7, 1, START, CenterStarted())]
    log = MemoryLog(after=Position(7, 0))
    log.put(entries)
    async with database.writing() as connection:
        await connection.execute(cursors.insert(), {"name": "rows", "epoch": 7, "seq": 0})
    async with running(RowWriter(log, database)) as writer:
        await writer.reached(Position(7, 1))
    with pytest.raises(LogReplaced, match="empty database"):
        await RowWriter(MemoryLog(), database).run()


async def test_rows_that_are_too_far_behind_say_so(database: Database) -> None:
    log = MemoryLog(after=Position(3, 50))
    with pytest.raises(TooOld):
        await RowWriter(log, database).run()
