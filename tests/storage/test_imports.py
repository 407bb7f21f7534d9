"""Imported logs in the database: again, in parts that overlap, or in another order, the rows are the same."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from app.imports import Imported, import_file
from center.records import ContactRecord
from imports.digest import Cel, Digest, QueueLog
from imports.names import Names
from messages.errors import Invalid
from messages.ids import ContactId
from storage.columns import to_row
from storage.database import Database
from storage.migrations import upgrade
from storage.tables import agent_states, contacts, import_files, legs, visits

T = 1_700_000_000
CELS = Path(__file__).parents[1] / "recordings" / "cel"
EVENTS = (
    *("ENTERQUEUE||138|1", "CONNECT|1|x|1", "COMPLETECALLER|1|2|1", "COMPLETEAGENT|1|2|1", "RINGNOANSWER|1500"),
    *("ABANDON|1|1|3", "EXITWITHTIMEOUT|1|1|3", "BLINDTRANSFER|110|out|1|2|1", "RINGCANCELED|700"),
    *("ADDMEMBER|", "REMOVEMEMBER|", "PAUSE|tea", "UNPAUSE|", "PAUSEALL|lunch", "UNPAUSEALL|", "QUEUESTART|", "NEWS|1"),
)


def queue_log() -> Sequence[Digest]:
    return [QueueLog(Names()), Cel(Names())]


def cel() -> Sequence[Digest]:
    return [Cel(Names()), QueueLog(Names())]


async def rows(database: Database) -> list[list[Any]]:
    """Return everything that reports are made of."""
    async with database.reading() as connection:
        return [
            sorted(map(repr, await connection.execute(select(table))))
            for table in (contacts, visits, legs, agent_states)
        ]


@st.composite
def logs(draw: st.DrawFn) -> list[str]:
    """Return a log's lines; its clock may stand still or go back."""
    drawn = draw(
        st.lists(
            st.tuples(
                st.integers(-1, 4), st.integers(0, 2), st.integers(0, 1), st.integers(0, 1), st.sampled_from(EVENTS)
            ),
            max_size=40,
        )
    )
    lines, at = [], T
    for step, call, queue, agent, event in drawn:
        at += step
        nobody = event.startswith(("ENTER", "ABANDON", "EXIT", "QUEUESTART"))
        of_agent = event.startswith(("ADD", "REMOVE", "PAUSE", "UNPAUSE", "QUEUESTART"))
        its_queue = "NONE" if event.partition("|")[0] in ("PAUSEALL", "UNPAUSEALL", "QUEUESTART") else f"q{queue}"
        name = "NONE" if nobody else f"SIP/100{agent}"
        lines.append(f"{at}|{'NONE' if of_agent else f'c{call}'}|{its_queue}|{name}|{event}\n")
    return lines


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a migrated database to copy."""
    path = tmp_path_factory.mktemp("imports") / "empty.db"

    async def make() -> None:
        async with Database(f"sqlite:///{path}") as database:
            await upgrade(database)

    asyncio.run(make())
    return path


async def rows_after(empty: Path, name: str, *parts: list[str]) -> list[list[Any]]:
    place = empty.parent / f"{name}.db"
    for old in empty.parent.glob(f"{name}.db*"):
        old.unlink()
    shutil.copy(empty, place)
    async with Database(f"sqlite:///{place}") as database:
        for number, part in enumerate(parts):
            file = empty.parent / f"{name}-{number}"
            file.write_text("".join(part))
            await import_file(database, file, queue_log)
        return await rows(database)


@settings(max_examples=25, deadline=None)
@given(logs(), st.integers(0, 40), st.integers(0, 40))
def test_parts_that_overlap_in_either_order_lead_to_what_the_whole_does(
    empty: Path, lines: list[str], one: int, other: int
) -> None:
    begin, end = sorted((min(one, len(lines)), min(other, len(lines))))

    async def work() -> None:
        whole = await rows_after(empty, "whole", lines)
        first, second = lines[:end], lines[begin:]
        assert await rows_after(empty, "forth", first, second) == whole
        assert await rows_after(empty, "back", second, first, second) == whole

    asyncio.run(work())


@settings(max_examples=25, deadline=None)
@given(logs(), st.data())
def test_every_contact_has_one_outcome_and_damage_is_counted(
    empty: Path, lines: list[str], data: st.DataObject
) -> None:
    damaged = []
    for line in lines:
        if data.draw(st.integers(0, 5)) == 0:
            line = line[: data.draw(st.integers(0, len(line)))].rstrip("\n") + "\n"
        damaged.append(line)

    async def work() -> None:
        found = await rows_after(empty, "damaged", [f"{T}|NONE|NONE|NONE|CONFIGRELOAD|\n"] * 50, damaged)
        assert len(found[0]) <= 3
        async with Database(f"sqlite:///{empty.parent / 'damaged.db'}") as database, database.reading() as connection:
            for row in await connection.execute(select(contacts)):
                assert (row.ended_at is None) == (row.outcome is None)
            for row in await connection.execute(select(visits)):
                assert (row.left_at is None) == (row.outcome is None)
            last: dict[str, datetime | None] = {}
            for row in await connection.execute(select(agent_states).order_by(agent_states.c.started_at)):
                before = last.get(row.agent, row.started_at)
                assert before is not None and before <= row.started_at
                assert row.ended_at is None or row.ended_at > row.started_at
                last[row.agent] = row.ended_at

    try:
        asyncio.run(work())
    except Invalid as refused:  # most of the lines are damaged: then it is no log
        assert "is no queue_log" in str(refused)


CALL = [
    f"{T}|c1|q|NONE|ENTERQUEUE||13800000001|1\n",
    f"{T + 5}|c1|q|李 明|CONNECT|5|c1b|2\n",
    f"{T + 65}|c1|q|李 明|COMPLETEAGENT|5|60|1\n",
]


async def test_a_growing_log_is_followed_and_a_half_written_line_waits(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "queue_log"
    file.write_text(CALL[0] + CALL[1][:20])
    found = await import_file(database, file, queue_log)
    assert (found.lines, found.contacts, found.unfinished) == (1, 1, True)
    file.write_text("".join(CALL))
    found = await import_file(database, file, queue_log)
    assert (found.lines, found.skipped, found.unfinished) == (2, len(CALL[0]), False)
    kept = await rows(database)
    assert [len(each) for each in kept] == [1, 1, 1, 3]
    again = await import_file(database, file, queue_log)
    assert (again.lines, again.contacts) == (0, 0)
    assert await rows(database) == kept
    other = tmp_path / "copy"
    other.write_text(f"{T - 9}|NONE|NONE|NONE|CONFIGRELOAD|\n" + "".join(CALL))
    assert (await import_file(database, other, queue_log)).lines == 4
    assert (await rows(database))[:3] == kept[:3]


async def test_a_contact_of_the_live_journal_is_left_as_it_is(database: Database, tmp_path: Path) -> None:
    live = ContactRecord(contact=ContactId("c1"), arrived_at=datetime(2026, 1, 1, tzinfo=UTC), number="110")
    async with database.writing() as connection:
        await connection.execute(insert(contacts).values(**to_row(live), open=True))
    before = (await rows(database))[:3]
    file = tmp_path / "queue_log"
    file.write_text("".join(CALL))
    found = await import_file(database, file, queue_log)
    assert (found.contacts, found.live) == (0, 1)
    assert (await rows(database))[:3] == before


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"hello\nworld\n", "is no queue_log"),
        ("".join(CALL).encode("utf-16"), "no text in UTF-8"),
        ("".join(CALL).encode("gb18030"), "is not UTF-8"),
        (b"x" * 70_000, "has no lines"),
    ],
)
async def test_what_is_no_log_is_refused_and_leaves_nothing(
    database: Database, tmp_path: Path, content: bytes, why: str
) -> None:
    file = tmp_path / "wrong"
    file.write_bytes(content)
    with pytest.raises(Invalid, match=why):
        await import_file(database, file, queue_log)
    assert await rows(database) == [[], [], [], []]
    async with database.reading() as connection:
        assert not (await connection.execute(select(import_files))).all()
    file.write_bytes(b"")
    assert await import_file(database, file, queue_log) == Imported()
