"""The loop around the centre: what it does when a decision goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
import pytest

from calendars.settings import Calendar
from center.apply import Center, Message
from center.loop import CenterLoop, LoopSettings
from center.memory_log import MemoryLog
from center.turn import Outcome
from messages import facts, requests
from messages.commands import Command
from messages.errors import Conflict, JournalError, Refused
from messages.events import Entry
from messages.ids import AgentId, NodeId, QueueId, UserId
from queueing.settings import QueueSettings
from tests.center.world import settings

LOG_IN = requests.LogIn(by=UserId("tester"), agent=AgentId("a1"))


class Nobody:
    """A switchboard that does nothing."""

    def execute(self, command: Command) -> None:
        """Do nothing."""


class HalfHearted(Center):
    """A centre that decides, and then refuses."""

    def apply(self, message: Message, now: datetime) -> Outcome:
        super().apply(message, now)
        raise Conflict("after all, no")


def loop_of(center: Center) -> CenterLoop:
    """Return a loop around a centre."""
    return CenterLoop(center, MemoryLog(), Nobody(), lambda: datetime.now(UTC))


async def test_a_decision_refused_half_way_ends_the_loop_instead_of_writing_a_journal_with_a_gap() -> None:
    loop = loop_of(HalfHearted(settings()))
    running = asyncio.create_task(loop.run())
    asking = asyncio.create_task(loop.ask(LOG_IN))
    with pytest.raises(ExceptionGroup) as failed:
        await running
    assert failed.value.subgroup(JournalError)
    asking.cancel()


async def test_a_refusal_is_told_to_whoever_asked_and_the_loop_goes_on() -> None:
    loop = loop_of(Center(settings()))
    running = asyncio.create_task(loop.run())
    with pytest.raises(Refused, match="no agent"):
        await loop.ask(requests.LogIn(by=UserId("tester"), agent=AgentId("nobody")))
    assert (await loop.ask(LOG_IN)).position.seq > 0
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


class FullDisk(MemoryLog):
    """A log that takes nothing as long as its disk is full."""

    full = False

    async def append(self, entries: Sequence[Entry]) -> None:
        """Refuse, or append."""
        if self.full:
            raise JournalError("no space left on device")
        await super().append(entries)


async def test_a_full_disk_is_pressure_until_it_takes_entries_again() -> None:
    disk, heard = FullDisk(), list[bool]()
    patient = LoopSettings(retry_s=0.05)
    loop = CenterLoop(Center(settings()), disk, Nobody(), lambda: datetime.now(UTC), patient)
    loop.on_pressure = heard.append
    running = asyncio.create_task(loop.run())
    await loop.ask(LOG_IN)
    disk.full = True
    ready = asyncio.create_task(loop.ask(requests.GoReady(by=UserId("tester"), agent=AgentId("a1"))))
    for _ in range(5):
        await asyncio.sleep(0.03)
        loop.tell(facts.NodeUp(occurred=datetime.now(UTC), node=NodeId("n1")))
    assert heard == [True], "though each try is young"
    disk.full = False
    await ready
    await asyncio.sleep(0.05)
    assert heard == [True, False]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_start_that_closes_queues_leaves_nothing_unwritten() -> None:
    shut = QueueSettings(id=QueueId("night"), calendar="never")
    whole = msgspec.structs.replace(settings(), queues=(shut,), calendars=(Calendar(id="never"),))
    loop = loop_of(Center(whole))
    running = asyncio.create_task(loop.run())
    await loop.ask(LOG_IN)
    assert loop.center.state.closed == {shut.id}
    assert ", 0 unwritten" in repr(loop)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
