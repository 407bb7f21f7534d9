"""Tables and migrations: one shape, exact values, on both databases."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import StatementError

from center.records import ContactRecord
from messages.errors import SettingsError
from messages.ids import ContactId
from storage.columns import to_row
from storage.database import Database
from storage.migrations import newest, revision, upgrade
from storage.tables import KEPT, contacts, metadata

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


async def shape(database: Database) -> list[Any]:
    """Return what the database says of its tables, columns and indices."""
    if database.kind == "sqlite":
        statements = [
            "SELECT name, sql FROM sqlite_master WHERE type != 'table' AND sql IS NOT NULL AND tbl_name != :not",
            'SELECT m.name, t.name, t.type, t."notnull", t.pk FROM sqlite_master m, pragma_table_info(m.name) t'
            " WHERE m.type = 'table' AND m.name != :not",
        ]
    else:
        statements = [
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename != :not",
            "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name != :not",
        ]
    found: list[Any] = []
    async with database.reading() as connection:
        for statement in statements:
            rows = await connection.execute(text(statement), {"not": "alembic_version"})
            found += [[" ".join(str(value).split()) for value in row] for row in rows]
    return sorted(found)


async def test_migrations_lead_to_the_tables_the_code_knows(
    database_url: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with Database(database_url) as migrated:
        assert await revision(migrated) is None
        await asyncio.gather(upgrade(migrated), upgrade(migrated))
        assert await revision(migrated) == newest()
        by_migration = await shape(migrated)
    if migrated.kind == "sqlite":
        other = f"sqlite:///{tmp_path_factory.mktemp('direct')}/direct.db"
    else:
        other = request.getfixturevalue("postgres_server").new_database()
    async with Database(other) as direct:
        async with direct.writing() as connection:
            await connection.run_sync(_create)
        assert by_migration == await shape(direct)
        assert len(by_migration) > 10


def _create(connection: Connection) -> None:
    metadata.create_all(connection)


@pytest.mark.parametrize("kind", KEPT)
def test_each_field_of_a_record_is_one_column(kind: type[msgspec.Struct]) -> None:
    columns = [column.name for column in KEPT[kind].table.columns if column.name != "open"]
    assert columns == [field.name for field in msgspec.structs.fields(kind)]


instants = st.integers(0, 2**55).map(lambda micros: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros))
printable = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@pytest.mark.parametrize("kind", KEPT)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
async def test_a_record_comes_back_from_its_row_as_it_was(
    database: Database, kind: type[msgspec.Struct], data: st.DataObject
) -> None:
    st.register_type_strategy(datetime, instants)
    st.register_type_strategy(str, printable)
    st.register_type_strategy(int, st.integers(0, 2**62))
    st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
    kept = KEPT[kind]
    record = data.draw(st.builds(kind))
    row = to_row(record) | ({"open": True} if "open" in kept.table.c else {})
    async with database.writing() as connection:
        await connection.execute(kept.table.delete())
        await connection.execute(insert(kept.table), [row])
    async with database.reading() as connection:
        assert [kept.of(found) for found in await connection.execute(select(kept.table))] == [record]


async def test_instants_are_exact_sort_as_text_and_come_back_in_utc(database: Database) -> None:
    shanghai = timezone(timedelta(hours=8))
    arrivals = {
        "a": NOW + timedelta(microseconds=1),
        "b": NOW.astimezone(shanghai),
        "c": NOW - timedelta(microseconds=1),
        "d": NOW + timedelta(seconds=1),
    }
    rows = [
        to_row(ContactRecord(contact=ContactId(name), arrived_at=at)) | {"open": False} for name, at in arrivals.items()
    ]
    async with database.writing() as connection:
        await connection.execute(insert(contacts), rows)
    async with database.reading() as connection:
        found = (
            await connection.execute(select(contacts.c.contact, contacts.c.arrived_at).order_by("arrived_at"))
        ).all()
        at_most = select(contacts.c.contact).where(contacts.c.arrived_at <= NOW)
        assert set((await connection.execute(at_most)).scalars()) == {"b", "c"}
    assert [name for name, _ in found] == ["c", "b", "a", "d"]
    assert [at for _, at in found] == sorted(arrivals.values())
    assert {at.tzinfo for _, at in found} == {UTC}


async def test_an_instant_without_a_zone_is_refused(database: Database) -> None:
    row = to_row(ContactRecord(contact=ContactId("a"), arrived_at=NOW.replace(tzinfo=None))) | {"open": False}
    with pytest.raises(StatementError, match="no time zone"):
        async with database.writing() as connection:
            await connection.execute(insert(contacts), [row])


async def test_text_that_no_database_can_hold_is_made_harmless(database: Database) -> None:
    row = to_row(ContactRecord(contact=ContactId("a"), arrived_at=NOW, number="138\x00\x07;DROP")) | {"open": False}
    async with database.writing() as connection:
        await connection.execute(insert(contacts), [row])
        assert (await connection.execute(select(contacts.c.number))).scalar_one() == "138\ufffd\x07;DROP"


@pytest.mark.parametrize("url", ["", "mysql://x/y", "hotline.db", "sqlite://", "sqlite:///:memory:"])
def test_an_unknown_kind_of_database_is_refused_in_words(url: str) -> None:
    with pytest.raises(SettingsError, match="sqlite:///"):
        Database(url)


def test_a_password_is_not_shown() -> None:
    assert "secret" not in repr(Database("postgresql://hotline:secret@localhost/hotline"))


async def test_a_task_cancelled_in_mid_transaction_leaves_no_lock(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with Database(f"sqlite:///{tmp_path_factory.mktemp('lock')}/db", busy_s=1.0) as database:
        await upgrade(database)
        cancelled: list[BaseException | None] = []
        for _ in range(3):
            written = asyncio.Event()
            task = asyncio.create_task(_write_and_think(database, written))
            await written.wait()
            await asyncio.sleep(0.01)
            task.cancel()
            cancelled += await asyncio.gather(task, return_exceptions=True)
            async with database.writing() as connection:
                assert (await connection.execute(text("SELECT count(*) FROM cursors"))).scalar_one() == 0
        assert [type(error) for error in cancelled] == [asyncio.CancelledError] * 3


SLOW = "SELECT (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 500000) SELECT count(*) FROM n)"


async def _write_and_think(database: Database, written: asyncio.Event) -> None:
    async with database.writing() as connection:
        await connection.execute(text("INSERT INTO cursors VALUES ('x', 1, 1)"))
        written.set()
        await connection.execute(text(f"{SLOW} FROM cursors"))
