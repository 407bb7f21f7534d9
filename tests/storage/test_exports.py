"""Exports: every row once, exact, harmless in a spreadsheet, and never half a file."""

from __future__ import annotations

import asyncio
import csv
import errno
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import insert

from center.records import (
    AgentStateRecord,
    CallbackRecord,
    ContactRecord,
    DutyCallRecord,
    DutyRecord,
    HearingRecord,
    LabelRecord,
    LegRecord,
    ListeningRecord,
    OperationRecord,
    RecordingRecord,
    RevisitRecord,
    SurgeRecord,
    SurveyRecord,
    ThreeWayRecord,
    VisitRecord,
)
from messages import requests
from messages.audit import AuditEntry
from messages.errors import Forbidden, Invalid, Unavailable
from messages.facts import LegHeld, LegResumed
from messages.ids import CallId, ContactId, LegId
from messages.masking import masked, masked_outside
from messages.values import LabelKind, Target, TargetKind, Verb
from storage import exports
from storage.columns import to_row
from storage.database import Database
from storage.export_schema import SCHEMA, What
from storage.exports import export_rows
from storage.tables import contacts, legs
from tests.center.world import BY, START, World
from tests.postgres_fixture import PostgresServer
from tests.storage.history import day, rows_of, write

TABLES = {
    What.CONTACTS: ("contacts", "arrived_at", ("contact",)),
    What.VISITS: ("visits", "asked_at", ("contact", "n")),
    What.LEGS: ("legs", "offered_at", ("leg",)),
    What.OPERATIONS: ("operations", "asked_at", ("operation",)),
    What.THREE_WAY: ("three_way", "asked_at", ("operation",)),
    What.CALLBACKS: ("callbacks", "noted_at", ("callback",)),
    What.REVISITS: ("revisits", "answered_at", ("revisit",)),
    What.SURVEYS: ("surveys", "asked_at", ("contact", "question")),
    What.LABELS: ("labels", "proposed_at", ("label",)),
    What.SURGES: ("surges", "started_at", ("surge", "key")),
    What.AGENT_STATES: ("agent_states", "started_at", ("epoch", "seq")),
    What.LISTENING: ("listening", "requested_at", ("session",)),
    What.DUTY: ("duty_sessions", "begins_at", ("duty",)),
    What.DUTY_CALLS: ("duty_calls", "called_at", ("contact",)),
    What.HEARINGS: ("hearings", "started_at", ("session", "n")),
    What.RECORDINGS: ("recordings", "started_at", ("recording",)),
}


def read_csv(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a file."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def files(directory: Path) -> list[str]:
    """Return the names of what is in a directory beside the database."""
    return sorted(path.name for path in directory.iterdir() if not path.name.startswith("hotline.db"))


def said(at: datetime | None) -> str | None:
    """Return an instant as an export says it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if at else None


def hidden(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as nobody may see more of it."""
    shows = {"number": masked} | dict.fromkeys(("transferred_to", "target", "called", "phone"), masked_outside)
    return {name: shows[name](value) if value and name in shows else value for name, value in row.items()}


RECORDS: dict[What, type[msgspec.Struct]] = {
    What.CONTACTS: ContactRecord,
    What.VISITS: VisitRecord,
    What.LEGS: LegRecord,
    What.OPERATIONS: OperationRecord,
    What.THREE_WAY: ThreeWayRecord,
    What.AGENT_STATES: AgentStateRecord,
    What.CALLBACKS: CallbackRecord,
    What.REVISITS: RevisitRecord,
    What.SURGES: SurgeRecord,
    What.SURVEYS: SurveyRecord,
    What.LABELS: LabelRecord,
    What.LISTENING: ListeningRecord,
    What.DUTY: DutyRecord,
    What.DUTY_CALLS: DutyCallRecord,
    What.HEARINGS: HearingRecord,
    What.AUDIT: AuditEntry,
    What.RECORDINGS: RecordingRecord,
}


@pytest.mark.parametrize("what", What)
def test_every_field_of_a_record_is_exported_and_explained(what: What) -> None:
    columns, kind = SCHEMA[what], RECORDS[what]
    assert [name for name in columns if name in kind.__struct_fields__] == list(kind.__struct_fields__)
    assert all(columns.values())


@pytest.mark.parametrize("full", [True, False])
async def test_a_number_quoted_in_a_reason_is_exported_like_numbers(
    database: Database, tmp_path: Path, full: bool
) -> None:
    said = "rings from 13987654321, GD20261125000123"
    world = World(agents=0)
    for call, number in (("c1", "13800001234"), ("c2", "13900005678")):
        world.come(call, number=number)
        world.hang_up(call)
        about: dict[str, Any] = {"evidence": (ContactId(call),), "number": number, "tenant": ""}
        world.do(requests.ProposeLabel(by=BY, reason=said, kind=LabelKind.MALICIOUS, **about))
        world.wait(1)
    world.do(requests.MarkConfidential(by=BY, contact=ContactId("c2")))
    await write(database, world.entries)
    await export_rows(database, What.LABELS, None, None, "jsonl", tmp_path / "out", full=full)
    scrubbed = said.replace("13987654321", "139****4321")
    assert [row["reason"] for row in read_jsonl(tmp_path / "out")] == [said if full else scrubbed, scrubbed]


@pytest.mark.parametrize("chunk", [1, 3, 500])
@pytest.mark.parametrize("what", TABLES)
async def test_each_row_is_there_once_in_order_whatever_the_chunks(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: What, chunk: int
) -> None:
    monkeypatch.setattr(exports, "CHUNK", chunk)
    entries = day(seed=2, steps=200)
    await write(database, entries)
    table, at, key = TABLES[what]
    expected = sorted(rows_of(entries)[table], key=lambda row: (row[at] or row["started_at"], *(row[k] for k in key)))
    told: list[int] = []
    done = await export_rows(
        database, what, None, None, "jsonl", tmp_path / "out", full=True, progress=lambda count: told.append(count)
    )
    found = read_jsonl(tmp_path / "out")
    assert done == len(expected) == told[-1]
    assert [list(row) for row in found] == [list(SCHEMA[what])] * len(expected)
    in_confidence = {row["contact"] for row in rows_of(entries)["contacts"] if row["confidential"]}
    assert in_confidence
    for row, one in zip(found, expected, strict=True):
        its = {one.get("contact"), one.get("about"), one.get("first_contact"), *one.get("evidence", "").split()}
        one = hidden(one) if one.get("confidential") or its & in_confidence else one
        assert {name: row[name] for name in one} == {
            name: said(value) if isinstance(value, datetime) else value for name, value in one.items()
        }
    await export_rows(database, what, None, None, "csv", tmp_path / "out.csv", full=True)
    in_csv = read_csv(tmp_path / "out.csv")
    assert list(in_csv[0]) == list(SCHEMA[what])
    for cells, row in zip(in_csv, found, strict=True):
        for name, value in row.items():
            assert cells[name] == {None: "", True: "true", False: "false"}.get(value, str(value)) or value in (0, 1)


async def test_a_period_begins_inclusive_and_ends_exclusive(database: Database, tmp_path: Path) -> None:
    entries = day(seed=2, steps=200)
    await write(database, entries)
    rows = sorted(rows_of(entries)["contacts"], key=lambda row: (row["arrived_at"], row["contact"]))
    first, last = rows[5]["arrived_at"], rows[-3]["arrived_at"]
    await export_rows(database, What.CONTACTS, first, last, "jsonl", tmp_path / "out")
    expected = [row["contact"] for row in rows if first <= row["arrived_at"] < last]
    assert [row["contact"] for row in read_jsonl(tmp_path / "out")] == expected


async def test_waiting_talk_hold_and_wrap_up_are_told_apart(database: Database, tmp_path: Path) -> None:
    world = World(agents=1, wrap_up_s=10)
    world.wait(0.5)
    world.arrive("c1")
    world.wait(2)
    world.queue("c1")
    world.wait(4)
    world.ready("a1")
    world.wait(3)
    world.ring("c1/1")
    world.answer("c1/1")
    world.wait(30)
    world.leg(LegHeld, "c1/1")
    world.wait(12.25)
    world.leg(LegResumed, "c1/1")
    world.wait(20)
    world.hang_up("c1")
    world.wait(60)
    world.arrive("c2", "13900005678")
    await write(database, world.entries)
    await export_rows(database, What.CONTACTS, None, None, "jsonl", tmp_path / "contacts")
    await export_rows(database, What.LEGS, None, None, "jsonl", tmp_path / "legs")
    await export_rows(database, What.AGENT_STATES, None, None, "jsonl", tmp_path / "states")
    answered, open_one = read_jsonl(tmp_path / "contacts")
    names = ("waited_s", "talk_s", "hold_s", "wrap_up_s", "legs", "number", "outcome")
    assert [answered[name] for name in names] == [7.0, 50.0, 12.25, 10.0, 1, "138****1234", "answered"]
    assert [open_one[name] for name in names] == [None, None, None, None, 0, "139****5678", None]
    [leg] = read_jsonl(tmp_path / "legs")
    assert [leg[name] for name in names[:4]] == [7.0, 50.0, 12.25, 10.0]
    states = {(row["state"], row["duration_s"]) for row in read_jsonl(tmp_path / "states")}
    assert {("wrap_up", 10.0), ("holding", 12.25), ("ready", None)} <= states


async def test_numbers_are_masked_unless_they_are_asked_for(database: Database, tmp_path: Path) -> None:
    contact = ContactRecord(contact=ContactId("c"), arrived_at=START, number="13800001234")
    leg = LegRecord(
        leg=LegId("l"), contact=ContactId("c"), call=CallId("c"), offered_at=START, transferred_to="13911112222"
    )
    inside = LegRecord(
        leg=LegId("m"), contact=ContactId("c"), call=CallId("c"), offered_at=START, transferred_to="1002"
    )
    async with database.writing() as connection:
        await connection.execute(insert(contacts), [to_row(contact) | {"open": False}])
        await connection.execute(insert(legs), [to_row(one) | {"open": False} for one in (leg, inside)])
    for full, number, others in (
        (False, "138****1234", ["139****2222", "1002"]),
        (True, "13800001234", ["13911112222", "1002"]),
    ):
        await export_rows(database, What.CONTACTS, None, None, "csv", tmp_path / "a", full=full)
        await export_rows(database, What.LEGS, None, None, "csv", tmp_path / "b", full=full)
        assert [row["number"] for row in read_csv(tmp_path / "a")] == [number]
        assert [row["transferred_to"] for row in read_csv(tmp_path / "b")] == others


async def test_operations_and_those_called_in_show_no_number(database: Database, tmp_path: Path) -> None:
    world = World(agents=1)
    world.ready("a1")
    world.arrive("c1")
    world.queue("c1")
    world.answer("c1/1")
    target = Target(TargetKind.NUMBER, "02000005678")
    world.do(requests.ControlCall(by=BY, call=CallId("c1"), verb=Verb.THREE_WAY, target=target, reason="water"))
    world.ring("c1/2")
    world.wait(7.5)
    world.answer("c1/2")
    world.wait(30)
    world.end_leg("c1/2")
    world.hang_up("c1")
    await write(database, world.entries)
    for full, number in ((False, "020****5678"), (True, "02000005678")):
        for what in (What.OPERATIONS, What.THREE_WAY, What.LEGS):
            await export_rows(database, what, None, None, "jsonl", tmp_path / what, full=full)
        [operation], [called] = read_jsonl(tmp_path / "operations"), read_jsonl(tmp_path / "three-way")
        assert (operation["target"], operation["done"], operation["reason"]) == (f"number:{number}", True, "water")
        assert (called["called"], called["response_s"], called["duration_s"]) == (f"number:{number}", 7.5, 30.0)
        assert [leg["phone"] for leg in read_jsonl(tmp_path / "legs")] == ["1001", number]


async def test_a_tenant_is_given_what_is_about_its_contacts(database: Database, tmp_path: Path) -> None:
    rows = [ContactRecord(contact=ContactId(name), arrived_at=START, tenant=name) for name in ("north", "south")]
    parts = [
        LegRecord(leg=LegId(f"{name}/1"), contact=ContactId(name), call=CallId(name), offered_at=START)
        for name in ("north", "south")
    ]
    async with database.writing() as connection:
        await connection.execute(insert(contacts), [to_row(row) | {"open": False} for row in rows])
        await connection.execute(insert(legs), [to_row(row) | {"open": False} for row in parts])
    for what in (What.CONTACTS, What.LEGS):
        assert await export_rows(database, what, None, None, "jsonl", tmp_path / "out", tenant="north") == 1
        assert [row["contact"] for row in read_jsonl(tmp_path / "out")] == ["north"]
    for what in (What.SURGES, What.AGENT_STATES):
        with pytest.raises(Forbidden, match="whole city"):
            await export_rows(database, what, None, None, "jsonl", tmp_path / "none", tenant="north")


async def test_a_spreadsheet_finds_no_formula_and_text_survives(database: Database, tmp_path: Path) -> None:
    numbers = ["=1+1", "+8613800001234", "-1", "@SUM(A1)", "\t=1", 'say "hi", twice\nhere', "城关镇"]
    rows = [
        to_row(ContactRecord(contact=ContactId(f"c{n}"), arrived_at=START, number=number)) | {"open": False}
        for n, number in enumerate(numbers)
    ]
    async with database.writing() as connection:
        await connection.execute(insert(contacts), rows)
    await export_rows(database, What.CONTACTS, None, None, "csv", tmp_path / "csv", full=True)
    assert [row["number"] for row in read_csv(tmp_path / "csv")] == [
        *(f"'{number}" for number in numbers[:5]),
        *numbers[5:],
    ]
    await export_rows(database, What.CONTACTS, None, None, "jsonl", tmp_path / "jsonl", full=True)
    assert [row["number"] for row in read_jsonl(tmp_path / "jsonl")] == numbers


async def test_an_empty_period_gives_a_header_and_no_rows(database: Database, tmp_path: Path) -> None:
    assert await export_rows(database, What.LEGS, START, START, "csv", tmp_path / "legs.csv") == 0
    assert (tmp_path / "legs.csv").read_text() == ",".join(SCHEMA[What.LEGS]) + "\n"


async def test_an_export_that_fails_or_is_stopped_leaves_nothing_and_spares_what_was_there(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "CHUNK", 3)
    await write(database, day(seed=2, steps=200))
    output = tmp_path / "contacts.csv"
    output.write_text("yesterday's")

    def stop(done: int) -> None:
        raise KeyError(done)

    with pytest.raises(KeyError):
        await export_rows(database, What.CONTACTS, None, None, "csv", output, progress=stop)

    started = asyncio.Event()
    task = asyncio.create_task(
        export_rows(database, What.CONTACTS, None, None, "csv", output, progress=lambda done: started.set())
    )
    await started.wait()
    task.cancel()
    assert isinstance((await asyncio.gather(task, return_exceptions=True))[0], asyncio.CancelledError)

    def full(fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("storage.sinks.os.fsync", full)
    with pytest.raises(Unavailable, match="No space left"):
        await export_rows(database, What.CONTACTS, None, None, "csv", output)
    assert output.read_text() == "yesterday's"
    assert files(tmp_path) == [output.name]


async def test_what_cannot_be_written_is_said(database: Database, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot write"):
        await export_rows(database, What.LEGS, None, None, "csv", tmp_path / "no" / "such" / "place")
    with pytest.raises(Invalid, match="csv, jsonl"):
        await export_rows(database, What.LEGS, None, None, "xml", tmp_path / "out")


async def test_a_lost_database_ends_an_export_without_a_file(tmp_path: Path, postgres_server: PostgresServer) -> None:
    async with Database(postgres_server.new_database()) as database:
        with pytest.raises(Unavailable, match="database is away"):
            await export_rows(database, What.LEGS, None, None, "csv", tmp_path / "out")
    assert files(tmp_path) == []
