"""Asterisk's logs are read on through rotations, restarts and damage, and each contact is told of once."""

from __future__ import annotations

import asyncio
import csv
import os
import time
import tracemalloc
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.backfill import Backfill
from app.log_file import CHUNK, LogFile
from center.ports import Reply
from center.records import ContactRecord, LegRecord, VisitRecord
from imports.backfill import Mark
from messages import facts
from messages.events import Position
from messages.ids import ContactId
from messages.requests import Request
from messages.values import ContactOutcome, LegEnd, Source
from storage.database import Database
from storage.migrations import upgrade
from storage.places import Place, Places
from tests.center.world import NODE, World, settings

RECORDED = Path(__file__).parents[1] / "recordings" / "cel"
CEL = (RECORDED / "away.csv").read_text()
QUEUE_LOG = (RECORDED / "away.queue_log").read_text()


class Desk:
    """An inbox that asks a real centre."""

    def __init__(self) -> None:
        self.world = World(whole=msgspec.structs.replace(settings(2), logs_s=20.0))
        self.facts: list[Any] = []

    def tell(self, fact: Any) -> None:
        """Hand a fact over."""
        self.facts.append(fact)
        self.world.do(fact)

    async def ask(self, request: Request) -> Reply:
        """Hand a request over."""
        return Reply(Position(), self.world.do(request).id)

    def numbers(self) -> list[str]:
        """Return the numbers of the contacts, sorted."""
        return sorted(one.number for one in self.world.records(ContactRecord))


class Node:
    """An Asterisk's logs, and readers of them that come and go."""

    def __init__(self, directory: Path, database: Database) -> None:
        self.cel, self.queue_log = directory / "cel.csv", directory / "queue_log"
        self.database = database
        self.desk = Desk()
        self.readers: list[Backfill] = []
        self.now = datetime(2026, 11, 25, 12, tzinfo=UTC)

    async def reader(self) -> Backfill:
        """Return one that goes on where the last one was, whenever that ended."""

        async def known(among: Sequence[ContactId]) -> set[ContactId]:
            return set()

        files = {Source.CEL: self.cel, Source.QUEUE_LOG: self.queue_log}
        backfill = Backfill(NODE, files, Places(self.database), known, self.desk, lambda: self.now)
        await backfill.begin()
        self.readers.append(backfill)
        return backfill


@pytest.fixture
async def node(tmp_path: Path) -> Any:
    """Give an Asterisk that has not written anything yet, and was heard of."""
    async with Database(f"sqlite:///{tmp_path / 'kept.db'}") as database:
        await upgrade(database)
        node = Node(tmp_path, database)
        yield node
        for reader in node.readers:
            reader.close()


async def test_what_the_logs_of_an_outage_say_becomes_contacts_visits_and_legs(node: Node) -> None:
    backfill = await node.reader()
    node.cel.write_text(CEL)
    node.queue_log.write_text(QUEUE_LOG)
    await backfill.look()
    await backfill.look()
    again = await node.reader()
    await again.look()
    assert (backfill.taken, again.taken) == (4, 0)
    world = node.desk.world
    assert {one.number[-1]: (one.outcome, one.agent, one.source) for one in world.records(ContactRecord)} == {
        "1": (ContactOutcome.ANSWERED, "a1", Source.BACKFILL),
        "2": (ContactOutcome.ANSWERED, "a2", Source.BACKFILL),
        "3": (ContactOutcome.ABANDONED, None, Source.BACKFILL),
        "4": (ContactOutcome.ANSWERED, "a2", Source.BACKFILL),
    }
    legs = world.records(LegRecord)
    assert [(leg.agent, leg.end) for leg in sorted(legs, key=lambda leg: leg.offered_at)] == [
        ("a1", LegEnd.CITIZEN_HUNG_UP),
        ("a2", LegEnd.AGENT_HUNG_UP),
        ("a2", LegEnd.CITIZEN_GONE),
        ("a2", LegEnd.CITIZEN_HUNG_UP),
    ]
    stays = world.records(VisitRecord)
    assert [(stay.outcome, stay.agent) for stay in sorted(stays, key=lambda stay: stay.asked_at)] == [
        (ContactOutcome.ANSWERED, "a2"),
        (ContactOutcome.ABANDONED, None),
        (ContactOutcome.ANSWERED, "a2"),
    ]
    assert all(stay.asked_at.microsecond for stay in stays), "the instants are CEL's"


async def test_calls_that_go_on_are_told_when_they_end_whoever_reads_then(node: Node) -> None:
    lines = CEL.splitlines(keepends=True)
    (await node.reader()).close()
    for upto in range(0, len(lines) + 1, 7):
        node.cel.write_text("".join(lines[:upto]) + (lines[upto][:40] if upto < len(lines) else ""))
        backfill = await node.reader()
        await backfill.look()
        backfill.close()
    node.cel.write_text(CEL)
    await (await node.reader()).look()
    assert node.desk.numbers() == [f"1380000000{n}" for n in (1, 2, 3, 4)]
    assert sum(leg.answered_at is not None for leg in node.desk.world.records(LegRecord)) == 3


@pytest.mark.parametrize("how", ["renamed", "renamed twice", "copied and cut", "deleted"])
@pytest.mark.parametrize("away", [False, True])
async def test_rotated_logs_are_read_to_their_ends(node: Node, how: str, away: bool) -> None:
    """`away`: nobody reads while it happens; the call that is cut in two by it is whole again."""
    lines = CEL.splitlines(keepends=True)
    middle = next(n for n, line in enumerate(lines) if "PJSIP/1002-00000003" in line) + 2
    backfill = await node.reader()
    node.cel.write_text("".join(lines[:middle]))
    await backfill.look()
    seen = middle if how == "deleted" else middle + 3
    with node.cel.open("a") as file:
        file.write("".join(lines[middle:seen]))
    if away:
        backfill.close()
    if how.startswith("renamed"):
        node.cel.rename(node.cel.with_name("cel.csv.1"))
        if how == "renamed twice":
            node.cel.with_name("cel.csv.1").rename(node.cel.with_name("cel.csv.2"))
            node.cel.with_name("cel.csv.1").write_text("".join(lines[seen : seen + 2]))
            seen += 2
        node.cel.with_name("cel.csv.0.gz").write_bytes(b"\x1f\x8bpacked")
    elif how == "copied and cut":
        node.cel.with_name("cel.csv.1").write_text(node.cel.read_text())
        os.truncate(node.cel, 0)
    else:
        node.cel.unlink()
    if how == "copied and cut":
        with node.cel.open("a") as file:
            file.write("".join(lines[seen:]))
    else:
        node.cel.write_text("".join(lines[seen:]))
    if away:
        backfill = await node.reader()
    await backfill.look()
    assert node.desk.numbers() == [f"1380000000{n}" for n in (1, 2, 3, 4)]
    answered = {one.number[-1] for one in node.desk.world.records(ContactRecord) if one.outcome == "answered"}
    lost = {"1"} if how == "deleted" and away else set()  # its answer stood in what was deleted
    assert answered == {"1", "2", "4"} - lost


async def test_a_call_that_died_with_asterisk_ended_when_it_did_and_not_when_it_was_there_again(node: Node) -> None:
    backfill = await node.reader()
    rows = [line for line in CEL.splitlines(keepends=True) if "13800000002" in line][:3]
    last = datetime.fromtimestamp(float(rows[-1].split(",")[1].strip('"')), UTC)
    died, back = last + timedelta(seconds=0.1), last + timedelta(seconds=4)
    node.cel.write_text("".join(rows))
    node.queue_log.write_text(f"{int(back.timestamp())}|NONE|NONE|NONE|QUEUESTART|\n")
    node.now = back + timedelta(seconds=2)
    for fact in (facts.CallsLost(occurred=died, node=NODE), facts.NodeUp(occurred=back, node=NODE)):
        backfill.seen(fact)
    await backfill.look()
    [contact] = node.desk.world.records(ContactRecord)
    assert (contact.outcome, contact.ended_at) == (ContactOutcome.LOST, died)


async def test_since_when_a_talk_goes_on_is_known_although_it_ends_while_the_logs_are_read(node: Node) -> None:
    backfill = await node.reader()
    node.cel.write_text(CEL)
    rows = [row for row in csv.reader(CEL.splitlines()) if row[3] == "13800000001"]
    times = {kind: datetime.fromtimestamp(float(row[1]), UTC) for row in rows for kind in [row[0]] if "BRIDGE" in kind}
    uid, between = rows[0][14], times["BRIDGE_ENTER"] + timedelta(milliseconds=1)
    assert between < times["BRIDGE_EXIT"]
    assert (await backfill.since(between))[uid].bridged == times["BRIDGE_ENTER"]
    assert (await backfill.since(times["BRIDGE_EXIT"]))[uid].bridged is None


async def test_the_first_start_leaves_what_is_of_before_it_to_imports(node: Node) -> None:
    half = CEL.splitlines(keepends=True)
    cut = next(n for n, line in enumerate(half) if "13800000003" in line)
    node.cel.write_text("".join(half[:cut]))
    await (await node.reader()).look()
    assert node.desk.numbers() == []
    node.cel.write_text(CEL)
    await (await node.reader()).look()
    assert node.desk.numbers() == ["13800000003", "13800000004"]


async def test_a_live_call_is_told_again_once_it_is_known_to_be_gone(node: Node) -> None:
    world = node.desk.world
    backfill = await node.reader()
    call = next(csv.reader(CEL.splitlines()))[14]
    world.come(call, number="13800000001")
    node.cel.write_text(CEL)
    await backfill.look()
    assert backfill.taken == 3
    world.do(facts.NodeUp(occurred=world.now, node=NODE), 5)
    backfill.seen(facts.NodeUp(occurred=node.now, node=NODE))
    again = await node.reader()
    again.seen(facts.NodeUp(occurred=node.now, node=NODE))
    await again.look()
    assert again.taken == 1
    assert again.read_once.is_set()
    assert isinstance(node.desk.facts[-1], facts.LogsRead)
    assert len(world.records(ContactRecord)) == 4
    assert {one.outcome for one in world.records(ContactRecord)} == {"answered", "abandoned"}


def backlog(calls: int) -> tuple[str, str]:
    """Return a day's logs: so many calls, one every two seconds, as the recorded one in the fallback queue."""
    began = 1795595315
    cel = [line for line in CEL.splitlines(keepends=True) if "t2324cd-1795595315.2" in line]
    queue = [line for line in QUEUE_LOG.splitlines(keepends=True) if "t2324cd-1795595315.2" in line]
    texts = []
    for lines in (cel, queue):
        one = "".join(lines)
        many = []
        for n in range(calls):
            at = began - 2 * (calls - n)
            moved = one.replace("1795595315", f"{at}").replace("1795595316", f"{at + 1}")
            many.append(moved.replace("1795595317", f"{at + 2}").replace(".2", f".{n}2").replace(".3", f".{n}3"))
        texts.append("".join(many))
    return texts[0], texts[1]


async def test_a_big_backlog_is_read_in_bounded_memory_and_does_not_hold_up_the_loop(node: Node) -> None:
    backfill = await node.reader()
    cel, queue_log = backlog(3000)
    node.cel.write_text(cel)
    node.queue_log.write_text(queue_log)
    assert len(cel) > 100 * CHUNK
    del cel, queue_log
    lags: list[float] = []
    most = 0

    async def watch() -> None:
        nonlocal most
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.005)
            lags.append(time.perf_counter() - before - 0.005)
            most = max(most, len(backfill._backlog))

    watcher = asyncio.create_task(watch())
    tracemalloc.start()
    try:
        await backfill.look()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        watcher.cancel()
    assert backfill.taken == 3000
    assert most < 600, "calls are let go of as the reading goes on"
    assert peak < 30 << 20
    assert sorted(lags)[len(lags) * 99 // 100] < 0.5


def test_a_log_file_keeps_where_what_is_needed_stands(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("one\ntwo\n")
    with closing(LogFile(path, "head", Place("head"))) as log:
        chunk = log.read()
        assert chunk is not None
        assert (chunk.lines, chunk.mark) == (["one", "two"], Mark(0, 0))
        with path.open("a") as file:
            file.write("three\nfo")
        second = log.read()
        assert second is not None
        assert (second.lines, log.read()) == (["three"], None)
        needed, read = log.place(second.mark), log.place(None)
    with closing(LogFile(path, "head", read)) as log:
        assert log.read() is None
    with closing(LogFile(path, "head", needed)) as log:
        again = log.read()
        assert again is not None and again.lines == ["three"]
    path.write_bytes(b"x" * CHUNK + b"\nfour\n")
    with closing(LogFile(path, "head", Place("head"))) as log:
        found = [log.read(), log.read(), log.read()]
    assert [one.lines if one else None for one in found] == [[""], ["", "four"], None]


async def test_a_log_that_may_not_be_read_stops_nothing(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    backfill = await node.reader()
    node.cel.mkdir()
    backfill.seen(facts.NodeUp(occurred=node.now, node=NODE))
    task = asyncio.create_task(backfill.run())
    async with asyncio.timeout(5):
        while not node.desk.facts:  # noqa: ASYNC110 — what is waited for tells nobody
            await asyncio.sleep(0.02)
    task.cancel()
    assert [type(fact) for fact in node.desk.facts] == [facts.LogsRead]
    assert node.desk.facts[0].occurred <= node.now + timedelta(seconds=1)
