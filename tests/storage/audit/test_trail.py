"""The audit keeps what it is told, and lets nobody change it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from messages.audit import AuditEntry, AuditResult
from messages.errors import Invalid
from messages.ids import ContactId, UserId
from storage.database import Database
from tests.center.world import START
from tests.storage.trails import trail_in


def entry(n: int, by: str = "li", tenant: str = "") -> AuditEntry:
    """Return the nth entry, at its second."""
    at = START + timedelta(seconds=n)
    contact, purpose = ContactId(f"c{n}"), "a fire\0"
    return AuditEntry(at=at, by=UserId(by), action="contacts.reveal", contact=contact, purpose=purpose, tenant=tenant)


async def test_entries_come_newest_first_in_pages_and_by_what_they_say(database: Database, tmp_path: Path) -> None:
    trail = trail_in(database, tmp_path)
    for n in range(5):
        await trail.append(entry(n, by="li" if n % 2 else "wang", tenant="qihe" if n == 4 else ""))
    page, cursor = await trail.entries(limit=2)
    assert [one["contact"] for one in page] == ["c4", "c3"]
    assert (page[1]["at"], page[1]["purpose"]) == (START + timedelta(seconds=3), "a fire\ufffd")
    assert page[1]["result"] == AuditResult.GRANTED
    rest, end = await trail.entries(limit=3, cursor=cursor)
    assert ([one["contact"] for one in rest], end) == (["c2", "c1", "c0"], "")
    assert [one["contact"] for one in (await trail.entries(by="li"))[0]] == ["c3", "c1"]
    assert [one["contact"] for one in (await trail.entries(tenant="qihe"))[0]] == ["c4"]
    assert [one["contact"] for one in (await trail.entries(contact="c2"))[0]] == ["c2"]
    since, until = START + timedelta(seconds=1), START + timedelta(seconds=3)
    assert [one["contact"] for one in (await trail.entries(since=since, until=until))[0]] == ["c2", "c1"]
    with pytest.raises(Invalid, match="cursor"):
        await trail.entries(cursor="-1")


@pytest.mark.parametrize("statement", ["UPDATE audit SET purpose = 'none'", "DELETE FROM audit"])
async def test_nobody_changes_or_removes_an_entry(database: Database, tmp_path: Path, statement: str) -> None:
    trail = trail_in(database, tmp_path)
    await trail.append(entry(1))
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.writing() as connection:
            await connection.execute(text(statement))
    assert [one["contact"] for one in (await trail.entries())[0]] == ["c1"]
