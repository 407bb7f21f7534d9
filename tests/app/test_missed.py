"""Missed calls of the emergency script's spool: each taken in once, none lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.missed import MissedCalls
from center.ports import Reply
from center.records import CallbackRecord, ContactRecord, MessageRecord
from messages.errors import Overloaded
from messages.events import Position
from messages.ids import NodeId
from messages.requests import Request
from messages.values import CallbackKind, ContactOutcome
from tests.center.world import World

SPOOLED = {
    "contact": "n1-1.1",
    "number": "13800001234",
    "did": "12345",
    "arrived": "2026-11-24T07:00:00Z",
    "taken": "2026-11-24T07:00:20Z",
    "ended": "2026-11-24T07:00:50Z",
    "recording": "n1-1.1.wav",
    "reason": "message_left",
}


class Desk:
    """An inbox that asks a real centre, unless it is behind."""

    def __init__(self) -> None:
        self.world, self.behind = World(), False

    def tell(self, fact: Any) -> None:
        """Hand a fact over."""
        self.world.do(fact)

    async def ask(self, request: Request) -> Reply:
        """Hand a request over."""
        if self.behind:
            raise Overloaded("behind")
        self.world.do(request)
        return Reply(Position())


def spool(directory: Path, **changes: Any) -> None:
    """Spool a call as the script does."""
    call = {**SPOOLED, **changes}
    (directory / f"{call['contact']}.json").write_text(json.dumps(call))


async def test_a_call_that_nobody_saw_becomes_a_contact_with_its_message_and_is_owed_a_call(tmp_path: Path) -> None:
    desk = Desk()
    missed = MissedCalls(tmp_path, NodeId("n1"), desk)
    spool(tmp_path)
    await missed.look()
    await missed.look()
    [contact] = desk.world.records(ContactRecord)
    assert (contact.outcome, contact.number, contact.node) == (ContactOutcome.NO_AGENTS, "13800001234", "n1")
    assert contact.ended_at is not None
    assert (contact.ended_at - contact.arrived_at).total_seconds() == 50
    [message] = desk.world.records(MessageRecord)
    assert (message.recording, message.reason) == ("n1-1.1.wav", "message_left")
    [owed] = desk.world.records(CallbackRecord)
    assert (owed.kind, owed.first_contact) == (CallbackKind.MISSED, "n1-1.1")
    assert [path.suffix for path in tmp_path.iterdir()] == [".taken"]
    assert missed.taken == 1


async def test_a_call_that_we_know_gets_its_message_and_no_second_contact(tmp_path: Path) -> None:
    desk = Desk()
    desk.world.come("n1-1.1")
    desk.world.hang_up("n1-1.1")
    spool(tmp_path)
    await MissedCalls(tmp_path, NodeId("n1"), desk).look()
    assert len(desk.world.records(ContactRecord)) == 1
    assert len(desk.world.records(MessageRecord)) == 1


async def test_what_cannot_be_taken_now_stays_for_the_next_time(tmp_path: Path) -> None:
    desk = Desk()
    missed = MissedCalls(tmp_path, NodeId("n1"), desk)
    spool(tmp_path)
    (tmp_path / "torn.json").write_text('{"contact": "x", ')
    desk.behind = True
    with pytest.raises(Overloaded):
        await missed.look()
    assert (tmp_path / "n1-1.1.json").exists()
    assert (tmp_path / "torn.bad").exists(), "set aside, not in the way of others"
    desk.behind = False
    await missed.look()
    assert missed.taken == 1
