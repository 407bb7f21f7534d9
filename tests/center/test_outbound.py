"""Outbound calls: click to dial, and preview."""

from __future__ import annotations

import pytest

from center.records import ContactRecord, VisitRecord
from messages import commands, events, facts, requests
from messages.errors import Invalid, Refused
from messages.ids import AgentId, CallId, ContactId, LegId, OperationId
from messages.values import AgentState, ContactOutcome, Direction, LegEnd, Reason
from tests.center.city import city
from tests.center.world import BY, NODE, World

NUMBER = "13900001111"


def dialling(preview_s: float = 0.0, agent: str = "a1") -> tuple[World, str]:
    """Return the city with an agent who dials, or is shown, a number."""
    world = World(whole=city())
    world.ready(agent)
    request = requests.DialOut(
        by=BY, agent=AgentId(agent), number=NUMBER, purpose="revisit", contact=ContactId("old"), preview_s=preview_s
    )
    return world, world.do(request).operation


def dialled(world: World, leg: str) -> None:
    """The agent has picked up: the citizen's channel is there."""
    world.do(
        facts.CallArrived(
            occurred=world.now,
            node=NODE,
            call=CallId("c1"),
            contact=ContactId("c1"),
            number=NUMBER,
            did="12345",
            outbound=LegId(leg),
        )
    )


def test_an_agent_dials_and_the_contact_is_outbound_and_about_the_old_one() -> None:
    world, operation = dialling()
    [command] = world.commanded(commands.DialOut)
    assert (command.phone, command.number, command.caller_id) == ("1001", NUMBER, "12345")
    assert world.state("a1") is AgentState.RESERVED
    dialled(world, command.leg)
    assert world.state("a1") is AgentState.RINGING
    world.talk(command.leg)
    assert world.operation(operation) == "done"
    assert world.state("a1") is AgentState.TALKING
    assert command.notice
    assert [start.leg for start in world.commanded(commands.StartRecording)] == [command.leg], "after its notice"
    world.hang_up("c1")
    [contact] = world.records(ContactRecord)
    assert (contact.direction, contact.about, contact.number) == (Direction.OUT, "old", NUMBER)
    assert (contact.outcome, contact.agent) == (ContactOutcome.ANSWERED, "a1")
    assert world.records(VisitRecord) == [], "no queue's figures are touched"
    assert world.state("a1") is AgentState.WRAP_UP


def test_a_citizen_who_is_not_reached_costs_the_agent_nothing() -> None:
    world, operation = dialling()
    leg = world.commanded(commands.DialOut)[0].leg
    dialled(world, leg)
    world.end_leg(leg, LegEnd.NO_ANSWER)
    world.hang_up("c1", by_citizen=False)
    assert "no_answer" in world.operation(operation)
    assert world.state("a1") is AgentState.READY
    assert world.records(ContactRecord)[0].outcome is ContactOutcome.NOT_REACHED


def test_an_agent_who_does_not_pick_up_ends_it() -> None:
    world, operation = dialling()
    world.do(
        facts.OperationReported(occurred=world.now, node=NODE, operation=OperationId(operation), failed="busy here")
    )
    assert world.operation(operation) == "busy here"
    assert world.state("a1") is AgentState.READY
    assert world.commanded(commands.CancelDialOut)
    assert not world.records(ContactRecord)


def test_an_asterisk_that_says_nothing_ends_it_too() -> None:
    world, operation = dialling()
    world.wait(47)
    assert world.state("a1") is AgentState.READY
    dialled(world, world.commanded(commands.DialOut)[0].leg)
    assert world.commanded(commands.HangUp), "what comes too late is hung up"
    world.wait(120)
    assert world.operation(operation) != "pending"


def test_an_agent_who_was_not_ready_is_so_again() -> None:
    world = World(whole=city())
    world.ready("a1")
    world.do(requests.GoNotReady(by=BY, agent=AgentId("a1"), reason="paperwork"))
    world.do(requests.DialOut(by=BY, agent=AgentId("a1"), number=NUMBER))
    leg = world.commanded(commands.DialOut)[0].leg
    dialled(world, leg)
    world.talk(leg)
    world.hang_up("c1")
    world.wait(5)
    assert (world.state("a1"), world.agent("a1").reason) == (AgentState.NOT_READY, "paperwork")


def test_whoever_hears_no_notice_is_not_recorded() -> None:
    world = World(whole=city(outbound_notice=False))
    world.ready("a1")
    world.do(requests.DialOut(by=BY, agent=AgentId("a1"), number=NUMBER))
    [command] = world.commanded(commands.DialOut)
    dialled(world, command.leg)
    world.talk(command.leg)
    assert not command.notice
    assert not world.commanded(commands.StartRecording)
    world.hang_up("c1")
    assert not world.records(ContactRecord)[0].noticed


def test_a_countys_agent_shows_the_countys_number() -> None:
    world, _ = dialling(agent="a5")
    assert world.commanded(commands.DialOut)[0].caller_id == "3612345"
    dialled(world, world.commanded(commands.DialOut)[0].leg)
    assert world.of(events.ContactArrived)[0].tenant == "qihe"


def test_a_preview_is_dialled_declined_or_passes() -> None:
    world, operation = dialling(preview_s=20)
    [shown] = world.of(events.PreviewShown)
    assert (shown.number, shown.purpose, shown.about) == (NUMBER, "revisit", "old")
    assert world.state("a1") is AgentState.RESERVED
    assert not world.commanded(commands.DialOut)
    world.do(requests.AnswerPreview(by=BY, agent=AgentId("a1"), dial=True))
    leg = world.commanded(commands.DialOut)[0].leg
    dialled(world, leg)
    world.talk(leg)
    assert world.operation(operation) == "done"

    world, operation = dialling(preview_s=20)
    world.do(requests.AnswerPreview(by=BY, agent=AgentId("a1"), dial=False))
    assert (world.state("a1"), world.operation(operation)) == (AgentState.READY, "declined")

    world, operation = dialling(preview_s=20)
    world.wait(20)
    assert (world.state("a1"), world.operation(operation)) == (AgentState.READY, "declined")
    with pytest.raises(Refused, match="nothing is shown"):
        world.do(requests.AnswerPreview(by=BY, agent=AgentId("a1"), dial=True))


def test_what_cannot_be_dialled_is_refused() -> None:
    world = World(whole=city())
    with pytest.raises(Refused, match="logged_out"):
        world.do(requests.DialOut(by=BY, agent=AgentId("a1"), number=NUMBER))
    world.ready("a1")
    for number in ("1", "139@evil", "1" * 30, ""):
        with pytest.raises(Invalid, match="number"):
            world.do(requests.DialOut(by=BY, agent=AgentId("a1"), number=number))
    world.do(facts.PhoneSeen(occurred=world.now, node=NODE, phone="1001", reachable=False))  # type: ignore[arg-type]
    with pytest.raises(Refused, match=Reason.DEAF_PHONE):
        world.do(requests.DialOut(by=BY, agent=AgentId("a1"), number=NUMBER))
    world.do(facts.PhoneSeen(occurred=world.now, node=NODE, phone="1001", reachable=True))  # type: ignore[arg-type]
    world.do(facts.NodeDown(occurred=world.now, node=NODE, reason="cut"))
    with pytest.raises(Refused, match="no Asterisk"):
        world.do(requests.DialOut(by=BY, agent=AgentId("a1"), number=NUMBER))
