"""What is known of past contacts, and how far named readers are."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from messages.errors import Invalid, Unavailable
from messages.events import Position
from messages.ids import ContactId
from storage.cursors import Cursors
from storage.database import Database
from storage.queries import Queries
from tests.postgres_fixture import PostgresServer
from tests.storage.history import day, rows_of, write

NUMBER = "13800001234"


def by_arrival(contacts: list[dict[str, Any]]) -> list[str]:
    """Return contacts' ids, newest first."""
    return [row["contact"] for row in sorted(contacts, key=lambda row: (row["arrived_at"], row["contact"]))][::-1]


@pytest.fixture
async def history(database: Database) -> tuple[Queries, dict[str, list[dict[str, Any]]]]:
    """Give queries over a long day, and the rows of that day."""
    entries = day(seed=1, steps=500)
    await write(database, entries)
    return Queries(database), rows_of(entries)


History = tuple[Queries, dict[str, list[dict[str, Any]]]]


async def test_a_number_has_its_newest_contacts_with_their_cases(history: History) -> None:
    queries, rows = history
    expected = by_arrival([row for row in rows["contacts"] if row["number"] == NUMBER])
    found = await queries.recent_contacts(NUMBER, 1000)
    assert [row["contact"] for row in found] == expected
    assert [row["contact"] for row in await queries.recent_contacts(NUMBER, 3)] == expected[:3]
    for row in found:
        assert sorted(row["cases"]) == sorted(
            case["case_no"] for case in rows["case_links"] if case["contact"] == row["contact"]
        )
    assert any(row["cases"] for row in found)


@pytest.mark.parametrize("number", ["", " ", "anonymous", "Anonymous", "unknown", "\0", "no such number"])
async def test_a_withheld_or_strange_number_has_no_history(history: History, number: str) -> None:
    assert list(await history[0].recent_contacts(number, 10)) == []


async def test_a_contact_is_told_whole(history: History) -> None:
    queries, rows = history

    def about(table: str, contact: str) -> list[dict[str, Any]]:
        return [row for row in rows[table] if row["contact"] == contact]

    for row in rows["contacts"]:
        found = await queries.contact(ContactId(row["contact"]))
        assert found is not None
        assert found == found | {name: value for name, value in row.items() if name != "visits"}
        assert len(found["visits"]) == row["visits"], "their number is that of the list"
        for table, name in (
            ("legs", "legs"),
            ("visits", "visits"),
            ("operations", "operations"),
            ("three_way", "three_way"),
            ("case_links", "cases"),
            ("recordings", "recordings"),
        ):
            assert len(found[name]) == len(about(table, row["contact"]))
            plain = [one | {"gaps": ""} if "gaps" in one else one for one in found[name]]
            assert all(one in plain for one in about(table, row["contact"]))
        heard = about("hearings", row["contact"])
        assert {one["session"] for one in found["listening"]} == {
            one["session"] for one in [*about("listening", row["contact"]), *heard]
        }
        assert sum(len(one["heard"]) for one in found["listening"]) == len(heard)
        assert found["wrap_up"] == next(iter(about("wrap_ups", row["contact"])), None)
    assert await queries.contact(ContactId("nobody")) is None
    assert await queries.contact(ContactId("no\0body")) is None


@pytest.mark.parametrize("limit", [1, 7, 1000])
async def test_pages_together_are_everything_newest_first(history: History, limit: int) -> None:
    queries, rows = history
    seen: list[str] = []
    cursor = ""
    while True:
        page, cursor = await queries.contacts(cursor=cursor, limit=limit)
        seen += [row["contact"] for row in page]
        if not cursor:
            break
    assert seen == by_arrival(rows["contacts"])


async def test_filters_choose(history: History) -> None:
    queries, rows = history
    contacts = sorted(rows["contacts"], key=lambda row: row["arrived_at"])
    middle, late = contacts[len(contacts) // 3]["arrived_at"], contacts[-2]["arrived_at"]

    async def ids(**filters: Any) -> list[str]:
        return [row["contact"] for row in (await queries.contacts(limit=1000, **filters))[0]]

    expected = [row for row in contacts if middle <= row["arrived_at"] < late]
    assert await ids(since=middle, until=late) == by_arrival(expected)
    for name, value in (("agent", "a1"), ("outcome", "abandoned"), ("queue", "12345"), ("queue", "no\0queue")):
        assert await ids(**{name: value}) == by_arrival([row for row in contacts if row[name] == value])


@pytest.mark.parametrize("cursor", ["x", "eA==", "MjAyNi0xMS0yNFQwODowMDowMCB4", "ü", "===="])
async def test_a_made_up_cursor_is_refused(history: History, cursor: str) -> None:
    with pytest.raises(Invalid, match="cursor"):
        await history[0].contacts(cursor=cursor)


async def test_a_cursor_goes_forward_only(database: Database) -> None:
    cursors = Cursors(database)
    assert await cursors.load("case system") is None
    await asyncio.gather(*(cursors.save("case system", Position(2, seq)) for seq in (3, 9, 4)))
    assert await cursors.load("case system") == Position(2, 9)
    await cursors.save("case system", Position(1, 100))
    assert await cursors.load("case system") == Position(2, 9)
    await cursors.save("case system", Position(3, 1))
    assert await cursors.load("case system") == Position(3, 1)
    assert await cursors.load("other") is None


async def test_a_database_that_is_away_is_said_to_be_unavailable(postgres_server: PostgresServer) -> None:
    async with Database(postgres_server.new_database()) as database:
        with pytest.raises(Unavailable, match="database is away"):
            await Queries(database).recent_contacts(NUMBER)
    async with Database("postgresql://nobody@127.0.0.1:1/x") as database:
        with pytest.raises(Unavailable, match="database is away"):
            await Cursors(database).save("x", Position(1, 1))


async def test_instants_come_back_in_utc(history: History) -> None:
    page, _ = await history[0].contacts(limit=1)
    assert page[0]["arrived_at"].utcoffset() == timedelta(0)
