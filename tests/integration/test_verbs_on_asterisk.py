"""Every verb of call control through the whole centre and a real Asterisk: events, records, and one end for each."""

from __future__ import annotations

import pytest

from messages import events
from messages.ids import AgentId, Phone
from messages.values import AgentState, ContactOutcome, LegEnd, LegKind, Verb
from tests.integration.town import BUSY, OUTSIDE, Town, agent, outside, proof_only, queue
from tests.sip_fixture import eventually

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]


async def test_hold_resume_mute_and_keys(town: Town) -> None:
    call, leg = await town.talk()
    await town.do(Verb.HOLD, call)
    assert town.state("a1") is AgentState.HOLDING
    await town.do(Verb.RESUME, call)
    assert town.state("a1") is AgentState.TALKING
    await town.do(Verb.MUTE, call)
    await town.do(Verb.UNMUTE, call)
    await town.do(Verb.DTMF, call, digits="12#")
    await eventually(lambda: town.caller.media.digits == "12#", 5)
    town["1001"].hang_up()
    await town.until(events.ContactEnded)
    [record] = town.books.legs
    assert (record.leg, record.end, record.holds) == (leg, LegEnd.AGENT_HUNG_UP, 1)
    assert 0 < record.hold_s < 10
    assert [o.verb for o in town.books.operations if o.done] == [
        *(Verb.HOLD, Verb.RESUME, Verb.MUTE, Verb.UNMUTE, Verb.DTMF)
    ]


async def test_a_citizen_is_passed_to_an_agent_and_on_to_a_third(town: Town) -> None:
    call, _ = await town.talk()
    await town.ready("a2", "a3")
    await town.do(Verb.TRANSFER, call, target=agent("a2"))
    await town.until(events.CallAnswered, agent=AgentId("a2"))
    await town.do(Verb.TRANSFER, call, "a2", target=agent("a3"))
    await town.until(events.CallAnswered, agent=AgentId("a3"))
    town.caller.hang_up()
    ended = await town.until(events.ContactEnded)
    assert (ended.outcome, ended.by_citizen, ended.agent) == (ContactOutcome.ANSWERED, True, "a1")
    assert [(leg.agent, leg.end, leg.transferred_to) for leg in town.books.legs] == [
        ("a1", LegEnd.TRANSFERRED, "agent:a2"),
        ("a2", LegEnd.TRANSFERRED, "agent:a3"),
        ("a3", LegEnd.CITIZEN_HUNG_UP, ""),
    ]
    assert [(v.queue, v.agent, v.outcome) for v in town.books.visits] == [
        ("12345", name, ContactOutcome.ANSWERED) for name in ("a1", "a2", "a3")
    ]


@pytest.mark.parametrize(("name", "who"), [pytest.param("complaints", "a2", marks=proof_only), ("county", "a4")])
async def test_a_citizen_is_passed_to_a_queue_of_ours_or_of_a_tenant(town: Town, name: str, who: str) -> None:
    call, _ = await town.talk()
    await town.ready(who)
    await town.do(Verb.TRANSFER, call, target=queue(name))
    await town.until(events.CallAnswered, agent=AgentId(who))
    town.caller.hang_up()
    await town.until(events.ContactEnded)
    assert [(v.queue, v.agent, v.transferred) for v in town.books.visits] == [
        ("12345", "a1", False),
        (name, who, True),
    ]
    assert [leg.end for leg in town.books.legs] == [LegEnd.TRANSFERRED, LegEnd.CITIZEN_HUNG_UP]


async def test_a_citizen_is_passed_to_an_outside_number(town: Town) -> None:
    call, _ = await town.talk()
    await town.do(Verb.TRANSFER, call, target=outside())
    answered = await town.until(events.CallAnswered, phone=Phone(OUTSIDE))
    assert answered.agent is None
    assert "sip:12345@" in town.outside.header("From")[0]
    town.outside.hang_up()
    await town.until(events.ContactEnded, outcome=ContactOutcome.ANSWERED)
    assert [(leg.phone, leg.end) for leg in town.books.legs] == [
        ("1001", LegEnd.TRANSFERRED),
        (OUTSIDE, LegEnd.AGENT_HUNG_UP),
    ]


async def test_a_busy_outside_number_brings_the_citizen_back_to_the_queue(town: Town) -> None:
    call, _ = await town.talk()
    town.outside.refuses = BUSY
    await town.ready("a2")
    await town.do(Verb.TRANSFER, call, target=outside())
    await town.until(events.LegEnded, phone=Phone(OUTSIDE), why=LegEnd.BUSY)
    again = await town.until(events.CallAnswered, agent=AgentId("a2"))
    assert again.queue == "12345"
    town.caller.hang_up()
    await town.until(events.ContactEnded, outcome=ContactOutcome.ANSWERED)
    assert [leg.end for leg in town.books.legs] == [LegEnd.TRANSFERRED, LegEnd.BUSY, LegEnd.CITIZEN_HUNG_UP]


async def test_an_agents_own_phone_refers_to_a_colleague(town: Town) -> None:
    call, leg = await town.talk()
    await town.ready("a2")
    town["1001"].refer("1002")
    passed = await town.until(events.CallTransferred, leg=leg)
    await town.until(events.CallAnswered, agent=AgentId("a2"), call=call)
    assert passed.to == "1002"
    town.caller.hang_up()
    await town.until(events.ContactEnded)
    assert [(r.agent, r.end) for r in town.books.legs] == [("a1", LegEnd.TRANSFERRED), ("a2", LegEnd.CITIZEN_HUNG_UP)]


async def test_a_consultation_is_swapped_and_cancelled(town: Town) -> None:
    call, leg = await town.talk()
    await town.ready("a2")
    await town.do(Verb.CONSULT, call, target=agent("a2"))
    assert (town.state("a1"), town.state("a2")) == (AgentState.HOLDING, AgentState.TALKING)
    await town.do(Verb.SWAP, call)
    await town.until(events.CallResumed, leg=leg)
    await town.do(Verb.SWAP, call)
    await eventually(lambda: len(town.of(events.CallHeld)) == 2, 5)
    await town.do(Verb.CANCEL, call)
    ended = await town.until(events.LegEnded, agent=AgentId("a2"))
    assert (ended.why, ended.talked, ended.role) == (LegEnd.WITHDRAWN, False, LegKind.CONSULT)
    town.caller.hang_up()
    await town.until(events.ContactEnded)
    [first, consulted] = town.books.legs
    assert (first.holds, consulted.answered_at) == (2, None)
    assert consulted.consulted_at is not None
    [called] = town.books.three_way
    assert (called.kind, called.end) == (LegKind.CONSULT, LegEnd.WITHDRAWN)
    assert called.response_s is not None


async def test_a_completed_consultation_leaves_the_citizen_with_the_colleague(town: Town) -> None:
    call, leg = await town.talk()
    await town.ready("a2")
    await town.do(Verb.CONSULT, call, target=agent("a2"))
    await town.do(Verb.COMPLETE, call)
    await town.until(events.CallAnswered, agent=AgentId("a2"))
    passed = await town.until(events.CallTransferred, leg=leg)
    assert passed.attended
    town["1002"].hang_up()
    ended = await town.until(events.ContactEnded)
    assert (ended.outcome, ended.by_citizen) == (ContactOutcome.ANSWERED, False)
    assert [(r.agent, r.end, r.role) for r in town.books.legs] == [
        ("a1", LegEnd.TRANSFERRED, LegKind.AGENT),
        ("a2", LegEnd.AGENT_HUNG_UP, LegKind.CONSULT),
    ]
    assert len(town.of(events.RecordingStarted)) == 2


async def test_a_colleague_who_does_not_answer_leaves_the_agent_with_the_citizen(town: Town) -> None:
    call, leg = await town.talk()
    town["1002"].answers_after = None
    await town.ready("a2")
    operation = await town.ask(Verb.CONSULT, call, target=agent("a2"))
    assert "no_answer" in await town.outcome(operation)
    await town.until(events.CallResumed, leg=leg)
    assert (town.state("a1"), town.state("a2")) == (AgentState.TALKING, AgentState.NOT_READY)
    town.caller.hang_up()
    await town.until(events.ContactEnded)
    assert [r.end for r in town.books.legs] == [LegEnd.CITIZEN_HUNG_UP, LegEnd.NO_ANSWER]


@pytest.mark.parametrize("first", [pytest.param("department", marks=proof_only), "agent"])
async def test_a_department_joins_and_either_may_leave_first(town: Town, first: str) -> None:
    call, leg = await town.talk()
    town.outside.answers_after = 0.6
    await town.do(Verb.THREE_WAY, call, target=outside())
    party = await town.until(events.CallAnswered, phone=Phone(OUTSIDE))
    if first == "department":
        town.outside.hang_up()
        left = await town.until(events.LegEnded, leg=party.leg)
        assert town.state("a1") is AgentState.TALKING
        town["1001"].hang_up()
    else:
        await town.do(Verb.LEAVE, call)
        left = await town.until(events.LegEnded, leg=leg)
        assert town.caller.talking.is_set()
        town.outside.hang_up()
    assert left.why is LegEnd.LEFT
    await town.until(events.ContactEnded, outcome=ContactOutcome.ANSWERED)
    [called] = town.books.three_way
    assert (called.kind, called.called) == (LegKind.THREE_WAY, f"number:{OUTSIDE}")
    assert called.response_s is not None
    assert 0.5 < called.response_s < 4


async def test_one_touch_calls_the_police_and_the_agent_leaves(town: Town) -> None:
    call, leg = await town.talk()
    await town.do(Verb.EMERGENCY, call, digits="110")
    party = await town.until(events.CallAnswered, phone=Phone("110"))
    assert "sip:110@" in town.outside.header("To")[0]
    await town.do(Verb.LEAVE, call)
    await town.until(events.LegEnded, leg=leg, why=LegEnd.LEFT)
    assert town.caller.talking.is_set()
    assert town.outside.talking.is_set()
    town.caller.hang_up()
    await town.until(events.ContactEnded, by_citizen=True)
    await town.comes_to(lambda: town.books.open_recordings(), "recordings")
    assert {r.leg: r.failed for r in town.books.recordings} == {leg: "", party.leg: ""}
    [called] = town.books.three_way
    assert (called.kind, called.end) == (LegKind.EMERGENCY, LegEnd.CITIZEN_HUNG_UP)


async def test_a_supervisor_takes_a_call_over(town: Town) -> None:
    call, leg = await town.talk()
    await town.do(Verb.TAKE_OVER, call, None, phone=Phone("9001"))
    await town.until(events.LegEnded, leg=leg, why=LegEnd.TAKEN_OVER)
    await eventually(town["1001"].over.is_set, 5)
    assert town.caller.talking.is_set()
    town["9001"].hang_up()
    await town.until(events.ContactEnded, outcome=ContactOutcome.ANSWERED)
    assert [(r.phone, r.role) for r in town.books.legs] == [("1001", LegKind.AGENT), ("9001", LegKind.TAKE_OVER)]


@proof_only
async def test_a_supervisor_ends_a_call(town: Town) -> None:
    call, leg = await town.talk()
    await town.do(Verb.HANG_UP, call, None, reason="abuse")
    ended = await town.until(events.ContactEnded)
    assert (ended.outcome, ended.by_citizen) == (ContactOutcome.ANSWERED, False)
    assert [(r.leg, r.end) for r in town.books.legs] == [(leg, LegEnd.AGENT_HUNG_UP)]
    await eventually(town.caller.over.is_set, 5)


async def test_a_parked_citizen_is_picked_up_by_a_colleague(town: Town) -> None:
    call, _ = await town.talk()
    await town.do(Verb.PARK, call)
    await town.until(events.CallParked)
    await town.ready("a2")
    await town.do(Verb.PICK_UP, call, "a2")
    await town.until(events.CallAnswered, agent=AgentId("a2"))
    town.caller.hang_up()
    await town.until(events.ContactEnded)
    assert [(r.agent, r.end) for r in town.books.legs] == [("a1", LegEnd.TRANSFERRED), ("a2", LegEnd.CITIZEN_HUNG_UP)]


async def test_a_parked_citizen_whom_nobody_picks_up_queues_again(town: Town) -> None:
    call, _ = await town.talk()
    await town.do(Verb.PARK, call)
    await town.until(events.CallParked)
    await town.ready("a3")
    await town.until(events.CallQueued, 10, call=call, transferred=True)
    await eventually(lambda: len(town.of(events.CallAnswered)) == 2, 10)
    town.caller.hang_up()
    await town.until(events.ContactEnded)
    assert [v.outcome for v in town.books.visits] == [ContactOutcome.ANSWERED] * 2
