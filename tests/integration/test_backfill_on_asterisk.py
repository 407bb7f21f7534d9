"""While we are away Asterisk's own queue serves the citizens: on our return the ledger says what became of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.backfill import Backfill
from center.ports import Reply
from center.records import ContactRecord, LegRecord
from messages import events
from messages.facts import Fact
from messages.ids import AgentId, NodeId
from messages.requests import Request
from messages.values import AgentState, ContactOutcome, LegEnd, Source
from simulation.ports import free_port
from storage.database import Database
from storage.migrations import upgrade
from storage.places import Places
from storage.queries import Queries
from storage.rows import RowSettings, RowWriter
from storage.tables import KEPT
from tests.asterisk_fixture import LogIn
from tests.integration.hall import Hall, deaf_phone_scenario, now, open_hall, phone_scenario
from tests.integration.test_imports_of_asterisk import differences, ended, imported
from tests.sip_fixture import RtpEar, Sipp, eventually

pytestmark = pytest.mark.integration

Kept = tuple[dict[str, ContactRecord], list[LegRecord]]


class Desk:
    """The way to whatever centre the hall has now."""

    def __init__(self, hall: Hall) -> None:
        self.hall = hall

    def tell(self, fact: Fact) -> None:
        """Hand over a fact."""
        self.hall.loop.tell(fact)

    async def ask(self, request: Request) -> Reply:
        """Hand over a request."""
        return await self.hall.loop.ask(request)


@asynccontextmanager
async def office(hall: Hall, database: Database) -> AsyncIterator[Backfill]:
    """Keep rows and read Asterisk's logs, as the process does."""
    places, ended = Places(database), Queries(database).ended
    files = {Source.CEL: hall.settings.cel_file, Source.QUEUE_LOG: hall.settings.queue_log_file}
    backfill = Backfill(NodeId(hall.settings.systemname), files, places, ended, Desk(hall), now)
    await backfill.begin()
    hall.watch, hall.since = backfill.seen, backfill.since
    rows = RowWriter(hall.log, database, settings=RowSettings(linger_s=0))
    tasks = [asyncio.create_task(backfill.run()), asyncio.create_task(rows.run())]
    try:
        yield backfill
        await rows.reached(await hall.log.last())
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        backfill.close()


async def kept(database: Database) -> Kept:
    """Return the contacts and legs in the database."""
    found: list[list[Any]] = []
    async with database.reading() as connection:
        for kind in (ContactRecord, LegRecord):
            table = KEPT[kind]
            query = select(table.table).order_by(*table.table.primary_key)
            found.append([table.of(row) for row in await connection.execute(query)])
    contacts, legs = found
    return {one.contact: one for one in contacts}, legs


async def hung_up(hall: Hall, count: int) -> None:
    """Return once Asterisk has written that so many calls are over."""
    await eventually(lambda: hall.settings.cel_file.read_text().count("LINKEDID_END") >= count, 30)


async def test_what_happened_while_we_were_away_stands_in_the_ledger(
    tmp_path: Path, asterisk_root: Path, sipp: Sipp, ear: RtpEar, ami_of: LogIn
) -> None:
    async with AsyncExitStack() as stack:
        hall, child = await stack.enter_async_context(open_hall(tmp_path, asterisk_root, sipp, logs_s=20))
        database = await stack.enter_async_context(Database(f"sqlite:///{tmp_path}/kept.db"))
        await upgrade(database)
        async with office(hall, database):
            await hall.ready("a1")
            await hall.phone("1001", phone_scenario(free_port()))
            await hall.citizen(ear.port, talk_ms=4000, number="13800000001")
            await hall.until(events.CallAnswered)
            await hall.ready("a2")
            await asyncio.sleep(0.5)
        await hall.die()
        ami = await ami_of(child)  # after this talk, a1 is to be rung no more
        await ami.ask(Action="QueuePause", Queue="fallback", Interface="PJSIP/1001", Paused="true")
        await hall.phone("1002", phone_scenario(free_port(), talk_ms=1200))
        await hall.citizen(ear.port, number="13800000002")
        await hung_up(hall, 2)
        await hall.phone("1002", deaf_phone_scenario())
        await hall.citizen(ear.port, talk_ms=9000, number="13800000003")
        await hung_up(hall, 3)
        await hall.phone("1002", phone_scenario(free_port()))
        await hall.citizen(ear.port, talk_ms=9000, number="13800000004")
        await asyncio.sleep(4)

        async with office(hall, database) as backfill:
            await hall.come_back()
            await ended(hall, 3)
            assert hall.state("a2") is AgentState.TALKING, "with the citizen whom the fallback queue gave them"
            await hall.until(events.AgentStateChanged, agent=AgentId("a1"), after=AgentState.READY)
            await ended(hall, 4)
            # What is kept is compared below: the wrap-up is a part of the leg, once the log has it.
            await hall.until(events.AgentStateChanged, before=AgentState.WRAP_UP, agent=AgentId("a2"))
            assert backfill.taken == 3
        contacts, legs = await kept(database)
        assert {one.number: (one.outcome, one.agent, one.source) for one in contacts.values()} == {
            "13800000001": (ContactOutcome.ANSWERED, "a1", Source.BACKFILL),
            "13800000002": (ContactOutcome.ANSWERED, "a2", Source.BACKFILL),
            "13800000003": (ContactOutcome.ABANDONED, None, Source.BACKFILL),
            "13800000004": (ContactOutcome.ANSWERED, "a2", Source.LIVE),
        }
        assert [(leg.agent, leg.end) for leg in sorted(legs, key=lambda leg: leg.offered_at)][:2] == [
            ("a1", LegEnd.CITIZEN_HUNG_UP),
            ("a2", LegEnd.AGENT_HUNG_UP),
        ]
        found = differences((contacts, legs), await imported(tmp_path, hall.settings))
        # Our own offer is as old as the decision; its channel came when Asterisk got to it.
        assert [one for one in found if not ("/1=" in one and ".offered_at" in one)] == []

        before = await kept(database)
        async with office(hall, database) as again:
            await again.look()
            assert again.taken == 0
        await hall.die()
        async with office(hall, database) as again:
            await hall.come_back()
            await asyncio.wait_for(again.read_once.wait(), 10)
            assert again.taken == 0
        assert await kept(database) == before
