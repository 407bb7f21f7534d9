"""What people do with live calls: each verb as a scenario, with what is commanded, recorded, and how it ends."""

from __future__ import annotations

from typing import Any

import pytest

from center.records import LegRecord, OperationRecord, ThreeWayRecord, VisitRecord
from messages import commands, events, facts, requests
from messages.errors import Conflict, Invalid, NotFound, Refused
from messages.ids import AgentId, CallId, OperationId, Phone
from messages.values import AgentState, ContactOutcome, LegEnd, LegKind, Reason, Target, TargetKind, Verb
from tests.center.city import COUNTY, GENERAL, city
from tests.center.world import BY, NODE, World

OUTSIDE = Target(TargetKind.NUMBER, "05341234567")


def agent(name: str) -> Target:
    """Return an agent as a target."""
    return Target(TargetKind.AGENT, name)


def talking(*others: str, **changes: Any) -> World:
    """Return the city with a1 talking on c1, and others ready."""
    world = World(whole=city(**changes))
    world.ready("a1")
    world.come("c1")
    world.talk("c1/1")
    world.ready(*others)
    return world


def reported(world: World, operation: str, failed: str = "") -> None:
    """Let Asterisk report an operation."""
    world.do(facts.OperationReported(occurred=world.now, node=NODE, operation=OperationId(operation), failed=failed))


def legs(world: World) -> list[tuple[str, str | None, str, LegEnd | None]]:
    """Return the legs' records: id, agent, role, end."""
    return [(leg.leg, leg.agent, leg.role, leg.end) for leg in world.records(LegRecord)]


def test_hold_and_resume_are_done_when_asterisk_says_so() -> None:
    world = talking()
    hold = world.control("c1", Verb.HOLD, agent=AgentId("a1"))
    [command] = world.commanded(commands.ActOnLeg)
    assert (command.verb, command.leg, command.operation) == (Verb.HOLD, "c1/1", hold)
    assert world.operation(hold) == "pending"
    with pytest.raises(Conflict, match="hold is still under way"):
        world.control("c1", Verb.TRANSFER, target=OUTSIDE)
    world.leg(facts.LegHeld, "c1/1")
    assert world.operation(hold) == "done"
    assert world.state("a1") is AgentState.HOLDING
    with pytest.raises(Refused, match="on hold already"):
        world.control("c1", Verb.HOLD)
    resume = world.control("c1", Verb.RESUME)
    world.leg(facts.LegResumed, "c1/1")
    assert world.operation(resume) == "done"


def test_an_operation_fails_as_asterisk_reports_or_when_nothing_is_heard() -> None:
    world = talking()
    hold = world.control("c1", Verb.HOLD)
    reported(world, hold, "no such channel")
    assert world.operation(hold) == "no such channel"
    again = world.control("c1", Verb.HOLD)
    world.wait(10)
    assert "nothing of it in time" in world.operation(again)
    assert world.state("a1") is AgentState.TALKING


def test_mute_and_digits_are_done_when_reported() -> None:
    world = talking()
    for verb, fields in ((Verb.MUTE, {}), (Verb.UNMUTE, {}), (Verb.DTMF, {"digits": "12#"})):
        operation = world.control("c1", verb, **fields)
        reported(world, operation)
        assert world.operation(operation) == "done"
    with pytest.raises(Invalid, match="digits"):
        world.control("c1", Verb.DTMF, digits="12x")


def test_a_transfer_to_an_agent_waits_for_that_agent_then_for_anyone_of_the_queue() -> None:
    world = talking("a3")
    operation = world.control("c1", Verb.TRANSFER, target=agent("a2"))
    world.leg(facts.LegTransferred, "c1/1", to="s")
    assert world.operation(operation) == "done"
    assert world.state("a1") is AgentState.WRAP_UP
    world.held_again("c1")
    assert len(world.of(events.CallOffered)) == 1, "a3 is free, a2 is asked for"
    world.wait(12)
    assert world.of(events.CallOffered)[-1].agent == "a3"
    assert [event.to for event in world.of(events.CallTransferred)] == ["agent:a2"]
    world.talk("c1/2")
    world.hang_up("c1")
    assert [(visit.queue, visit.outcome, visit.agent) for visit in world.records(VisitRecord)] == [
        (GENERAL, ContactOutcome.ANSWERED, "a1"),
        (GENERAL, ContactOutcome.ANSWERED, "a3"),
    ]
    assert [(leg.leg, leg.end) for leg in world.records(LegRecord)] == [
        ("c1/1", LegEnd.TRANSFERRED),
        ("c1/2", LegEnd.CITIZEN_HUNG_UP),
    ]


@pytest.mark.parametrize("agi_first", [True, False])
def test_agi_and_ami_may_tell_of_a_transfer_in_either_order(agi_first: bool) -> None:
    world = talking("a2")
    operation = world.control("c1", Verb.TRANSFER, target=agent("a2"))
    if agi_first:
        world.held_again("c1")
        world.leg(facts.LegTransferred, "c1/1", to="s")
        world.leg(facts.LegEnded, "c1/1", why=LegEnd.AGENT_HUNG_UP)
    else:
        world.leg(facts.LegTransferred, "c1/1", to="s")
        world.leg(facts.LegEnded, "c1/1", why=LegEnd.AGENT_HUNG_UP)
        world.held_again("c1")
    assert world.operation(operation) == "done"
    assert [event.to for event in world.of(events.CallTransferred)] == ["agent:a2"]
    assert world.of(events.CallOffered)[-1].agent == "a2"
    assert world.state("a1") is AgentState.WRAP_UP


def test_a_transfer_to_a_tenants_queue_counts_once_as_a_contact_and_once_a_queue() -> None:
    world = talking("a5")
    world.control("c1", Verb.TRANSFER, target=Target(TargetKind.QUEUE, COUNTY))
    world.leg(facts.LegTransferred, "c1/1", to="s")
    world.held_again("c1")
    world.talk("c1/2")
    world.hang_up("c1")
    assert len(world.of(events.ContactArrived)) == 1
    assert len(world.of(events.ContactEnded)) == 1
    assert [(visit.queue, visit.transferred) for visit in world.records(VisitRecord)] == [
        (GENERAL, False),
        (COUNTY, True),
    ]


def test_a_transferred_caller_keeps_the_place_of_the_first_joining() -> None:
    world = talking()
    world.wait(60)
    world.come("c2")
    world.control("c1", Verb.TRANSFER, target=Target(TargetKind.QUEUE, GENERAL))
    world.leg(facts.LegTransferred, "c1/1", to="s")
    world.held_again("c1")
    assert world.of(events.CallQueued)[-1].position == 1
    assert world.call("c1").waited_s(world.now) == 0, "but waits anew"


def test_a_transfer_outside_that_is_not_answered_comes_back_to_the_queue() -> None:
    world = talking("a2")
    world.control("c1", Verb.TRANSFER, target=OUTSIDE)
    world.leg(facts.LegTransferred, "c1/1", to="s")
    world.held_again("c1")
    offer = world.commanded(commands.OfferCall)[-1]
    assert (offer.outside, offer.legs[0].phone, offer.caller_id) == (True, OUTSIDE.to, "12345")
    assert len(world.of(events.CallQueued)) == 1, "no visit to a queue"
    world.end_leg("c1/2", LegEnd.BUSY)
    assert world.of(events.CallOffered)[-1].agent == "a2", "the citizen is not lost"


def test_a_transfer_outside_that_is_answered_is_a_leg_without_an_agent() -> None:
    world = talking("a2")
    world.control("c1", Verb.TRANSFER, target=OUTSIDE)
    world.leg(facts.LegTransferred, "c1/1", to="s")
    world.held_again("c1")
    world.talk("c1/2")
    world.hang_up("c1")
    assert legs(world)[1] == ("c1/2", None, LegKind.AGENT, LegEnd.CITIZEN_HUNG_UP)
    assert world.state("a2") is AgentState.READY


@pytest.mark.parametrize(
    ("asked", "expected"),
    [("1002", "a2"), ("county", "a5"), ("77", "a2")],
)
def test_a_phones_own_transfer_goes_where_its_extension_means(asked: str, expected: str) -> None:
    world = talking("a2", "a5")
    world.leg(facts.LegTransferred, "c1/1", to=asked)
    world.held_again("c1", asked=asked)
    assert world.of(events.CallOffered)[-1].agent == expected
    assert world.of(events.CallTransferred)[0].to == asked


def test_a_parked_call_is_picked_up_by_whoever_wants_it() -> None:
    world = talking("a2")
    park = world.control("c1", Verb.PARK)
    world.leg(facts.LegTransferred, "c1/1", to="s")
    world.held_again("c1")
    assert world.operation(park) == "done"
    assert world.call("c1").state == "parked"
    assert len(world.of(events.CallOffered)) == 1, "offered to nobody"
    world.do(requests.LogIn(by=BY, agent=AgentId("a3")))
    pick = world.control("c1", Verb.PICK_UP, agent=AgentId("a3"))
    assert world.state("a3") is AgentState.RESERVED
    world.talk("c1/2")
    assert world.operation(pick) == "done"
    world.hang_up("c1")
    world.wait(5)
    assert world.agent("a3").reason == Reason.LOGGED_IN, "not ready before, not ready after"


def test_a_parked_call_that_nobody_picks_up_queues_again() -> None:
    world = talking()
    world.control("c1", Verb.PARK)
    world.leg(facts.LegTransferred, "c1/1", to="s")
    world.held_again("c1")
    world.wait(40)
    assert world.call("c1").state in ("waiting", "offered")


def consulting() -> tuple[World, str]:
    """Return the city with a1 consulting somebody who has answered."""
    world = talking("a2")
    consult = world.control("c1", Verb.CONSULT, agent=AgentId("a1"), target=agent("a2"))
    world.leg(facts.LegHeld, "c1/1")
    world.ring("c1/2")
    world.leg(facts.LegConsulted, "c1/2")
    return world, consult


def test_a_consultation_reserves_the_colleague_and_completes_as_a_transfer() -> None:
    world, consult = consulting()
    assert world.operation(consult) == "done"
    command = world.commanded(commands.ActOnLeg)[0]
    assert (command.party, command.phone, command.number) == ("c1/2", "1002", "")
    assert (world.state("a1"), world.state("a2")) == (AgentState.HOLDING, AgentState.TALKING)
    complete = world.control("c1", Verb.COMPLETE)
    world.answer("c1/2")
    world.leg(facts.LegTransferred, "c1/1", to="1002", attended=True)
    assert world.operation(complete) == "done"
    assert (world.state("a1"), world.state("a2")) == (AgentState.WRAP_UP, AgentState.TALKING)
    world.hang_up("c1")
    assert legs(world) == [
        ("c1/1", "a1", LegKind.AGENT, LegEnd.TRANSFERRED),
        ("c1/2", "a2", LegKind.CONSULT, LegEnd.CITIZEN_HUNG_UP),
    ]


def test_a_cancelled_consultation_gives_the_citizen_back() -> None:
    world, _ = consulting()
    cancel = world.control("c1", Verb.CANCEL)
    world.end_leg("c1/2", LegEnd.AGENT_HUNG_UP)
    world.leg(facts.LegResumed, "c1/1")
    assert world.operation(cancel) == "done"
    assert (world.state("a1"), world.state("a2")) == (AgentState.TALKING, AgentState.WRAP_UP)
    world.wait(5)
    assert world.state("a2") is AgentState.READY
    assert len(world.of(events.CallAnswered)) == 1, "the colleague never talked to the citizen"


def test_a_citizen_who_leaves_during_a_consultation_ends_it_too() -> None:
    world, _ = consulting()
    world.hang_up("c1")
    assert [command.leg for command in world.commanded(commands.DropLeg)] == ["c1/2", "c1/1"]
    assert (world.state("a1"), world.state("a2")) == (AgentState.WRAP_UP, AgentState.WRAP_UP)
    world.wait(5)
    assert (world.state("a1"), world.state("a2")) == (AgentState.READY, AgentState.READY)


def test_swapping_goes_on_and_completing_needs_an_answer() -> None:
    world, _ = consulting()
    swap = world.control("c1", Verb.SWAP)
    reported(world, swap)
    assert world.operation(swap) == "done"
    other = talking("a2")
    other.control("c1", Verb.CONSULT, target=agent("a2"))
    other.leg(facts.LegHeld, "c1/1")
    with pytest.raises(Refused, match="not answered yet"):
        other.control("c1", Verb.COMPLETE)


def test_a_colleague_who_does_not_answer_fails_the_consultation_and_misses_it() -> None:
    world = talking("a2")
    consult = world.control("c1", Verb.CONSULT, target=agent("a2"))
    world.leg(facts.LegHeld, "c1/1")
    world.ring("c1/2")
    world.end_leg("c1/2", LegEnd.NO_ANSWER)
    assert "no_answer" in world.operation(consult)
    assert (world.state("a2"), world.agent("a2").reason) == (AgentState.NOT_READY, Reason.RONA)
    world.leg(facts.LegResumed, "c1/1")
    assert world.state("a1") is AgentState.TALKING


@pytest.mark.parametrize("verb", [Verb.CONSULT, Verb.THREE_WAY])
def test_only_a_ready_colleague_can_be_called_in(verb: Verb) -> None:
    world = talking()
    world.do(requests.LogIn(by=BY, agent=AgentId("a2")))
    with pytest.raises(Refused, match="not_ready"):
        world.control("c1", verb, target=agent("a2"))
    with pytest.raises(Invalid, match="an agent or a number"):
        world.control("c1", verb, target=Target(TargetKind.QUEUE, GENERAL))


def test_a_department_joins_and_its_response_time_is_kept() -> None:
    world = talking()
    joined = world.control("c1", Verb.THREE_WAY, agent=AgentId("a1"), target=OUTSIDE)
    [command] = world.commanded(commands.CallParty)
    assert (command.number, command.kind, command.leg) == (OUTSIDE.to, LegKind.THREE_WAY, "c1/2")
    world.wait(3)
    world.ring("c1/2")
    world.wait(4)
    world.answer("c1/2")
    assert world.operation(joined) == "done"
    assert len(world.call("c1").talking_legs()) == 2
    world.wait(10)
    world.end_leg("c1/2")
    assert world.state("a1") is AgentState.TALKING
    [record] = world.records(ThreeWayRecord)
    assert (record.called, record.by, record.agent, record.kind) == (
        f"number:{OUTSIDE.to}",
        BY,
        "a1",
        LegKind.THREE_WAY,
    )
    assert (record.response_s, record.end) == (7.0, LegEnd.LEFT)


def test_a_department_that_does_not_answer_is_kept_without_a_response_time() -> None:
    world = talking()
    joined = world.control("c1", Verb.THREE_WAY, target=OUTSIDE)
    world.end_leg("c1/2", LegEnd.BUSY)
    assert "busy" in world.operation(joined)
    [record] = world.records(ThreeWayRecord)
    assert (record.answered_at, record.response_s, record.end) == (None, None, LegEnd.BUSY)


def test_one_touch_calls_the_police_in_and_the_agent_may_leave_them_with_the_citizen() -> None:
    world = talking()
    world.do(
        facts.RecordingStarted(occurred=world.now, node=NODE, recording="c1-1", call=CallId("c1"))  # type: ignore[arg-type]
    )
    emergency = world.control("c1", Verb.EMERGENCY, digits="110")
    assert world.commanded(commands.CallParty)[0].number == "110"
    world.talk("c1/2")
    assert world.operation(emergency) == "done"
    assert [command.leg for command in world.commanded(commands.StartRecording)] == ["c1/1", "c1/2"]
    leave = world.control("c1", Verb.LEAVE, agent=AgentId("a1"))
    world.end_leg("c1/1")
    assert world.operation(leave) == "done"
    assert world.call("c1").state == "talking"
    assert world.state("a1") is AgentState.WRAP_UP
    world.hang_up("c1")
    assert legs(world)[0] == ("c1/1", "a1", LegKind.AGENT, LegEnd.LEFT)
    assert world.records(ThreeWayRecord)[0].kind is LegKind.EMERGENCY
    with pytest.raises(Invalid, match="110"):
        talking().control("c1", Verb.EMERGENCY, digits="999")


def test_a_supervisor_takes_a_call_over() -> None:
    world = talking()
    taken = world.control("c1", Verb.TAKE_OVER, phone=Phone("9001"), reason="complaint")
    assert world.commanded(commands.CallParty)[0].phone == "9001"
    world.talk("c1/2")
    assert world.operation(taken) == "done"
    assert [command.leg for command in world.commanded(commands.DropLeg)] == ["c1/1"]
    assert world.state("a1") is AgentState.WRAP_UP
    world.end_leg("c1/1")
    world.hang_up("c1")
    assert [leg[3] for leg in legs(world)] == [LegEnd.TAKEN_OVER, LegEnd.CITIZEN_HUNG_UP]


def test_a_supervisor_who_is_an_agent_is_engaged_by_taking_over() -> None:
    world = talking()
    world.do(requests.LogIn(by=BY, agent=AgentId("a3")))
    world.control("c1", Verb.TAKE_OVER, phone=Phone("1003"))
    assert world.state("a3") is AgentState.RESERVED
    world.talk("c1/2")
    assert world.state("a3") is AgentState.TALKING
    world.hang_up("c1")
    assert world.state("a3") is AgentState.WRAP_UP


def test_forced_release_ends_the_call_and_is_kept_with_its_reason() -> None:
    world = talking()
    released = world.control("c1", Verb.HANG_UP, reason="abusive")
    assert world.commanded(commands.HangUp)[0].call == "c1"
    world.hang_up("c1", by_citizen=False)
    assert world.operation(released) == "done"
    [record] = world.records(OperationRecord)
    assert (record.verb, record.reason, record.done, record.by) == (Verb.HANG_UP, "abusive", True, BY)


def test_verbs_are_refused_where_they_make_no_sense() -> None:
    world = talking("a2")
    for verb, why in (
        (Verb.RESUME, "not on hold"),
        (Verb.COMPLETE, "no consultation"),
        (Verb.LEAVE, "alone"),
        (Verb.PICK_UP, "parked"),
    ):
        with pytest.raises(Refused, match=why):
            world.control("c1", verb, agent=AgentId("a1"))
    with pytest.raises(Refused, match="you do not talk"):
        world.control("c1", Verb.HOLD, agent=AgentId("a2"))
    with pytest.raises(NotFound):
        world.control("nothing", Verb.HOLD)
    with pytest.raises(NotFound):
        world.control("c1", Verb.TRANSFER, target=agent("nobody"))
    with pytest.raises(Invalid, match="7 to 20 digits"):
        world.control("c1", Verb.TRANSFER, target=Target(TargetKind.NUMBER, "1;drop"))
    with pytest.raises(Invalid, match="who talks now"):
        world.control("c1", Verb.TRANSFER, target=agent("a1"))
    with pytest.raises(Invalid, match="that one is in the call"):
        world.control("c1", Verb.TAKE_OVER, phone=Phone("1001"))


def test_a_call_that_ends_fails_what_is_under_way_with_it() -> None:
    world = talking()
    joined = world.control("c1", Verb.THREE_WAY, target=OUTSIDE)
    hold = world.control("c1", Verb.MUTE)
    world.hang_up("c1")
    assert world.operation(joined) != "pending"
    assert world.operation(hold) != "pending"
    assert not world.center.state.operations


def test_two_agents_transferring_to_each_other_at_once_both_wait_for_each_other() -> None:
    world = talking("a2")
    world.come("c2")
    world.talk("c2/1")
    assert (world.state("a1"), world.state("a2")) == (AgentState.TALKING, AgentState.TALKING)
    world.control("c1", Verb.TRANSFER, target=agent("a2"))
    world.control("c2", Verb.TRANSFER, target=agent("a1"))
    for call in ("c1", "c2"):
        world.leg(facts.LegTransferred, f"{call}/1", to="s")
        world.held_again(call)
    world.wait(5)
    assert {(event.call, event.agent) for event in world.of(events.CallOffered)[2:]} == {("c1", "a2"), ("c2", "a1")}


def test_the_citizens_number_stays_theirs_through_everything() -> None:
    world, _ = consulting()
    world.control("c1", Verb.COMPLETE)
    world.answer("c1/2")
    world.leg(facts.LegTransferred, "c1/1", to="1002", attended=True)
    assert world.call("c1").number == "13800001234"
