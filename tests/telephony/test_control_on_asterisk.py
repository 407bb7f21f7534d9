"""The centre's commands on a real Asterisk, without the centre: what is done, what is told, and what on failure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from messages import commands, facts
from messages.ids import CallId, LegId, Phone, QueueId, RecordingId, SessionId
from messages.values import LegEnd, LegKind, ListeningMode, Then, Verb
from simulation.world import PROMPT_SECONDS
from tests.sip_fixture import eventually
from tests.telephony.floor import CITIZEN, OUTSIDE, PHONES, Floor, now, open_floor

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

BUSY = "486 Busy Here"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened(tmp_path_factory: pytest.TempPathFactory, asterisk_root: Path) -> AsyncIterator[Floor]:
    """Give one floor for all tests: Asterisk takes a second to start."""
    async with open_floor(tmp_path_factory.mktemp("floor"), asterisk_root) as floor:
        yield floor


@pytest_asyncio.fixture(loop_scope="module")
async def floor(opened: Floor) -> AsyncIterator[Floor]:
    """Give the floor with nobody on the phone."""
    yield opened
    await opened.quiet()


def leg_of(call: CallId, number: int) -> LegId:
    return LegId(f"{call}/{number}")


def kinds(floor: Floor) -> list[str]:
    return [type(fact).__name__ for fact in floor.facts[floor.seen :]]


async def failed(floor: Floor) -> str:
    return (await floor.until(facts.OperationReported)).failed


async def test_phones_are_told_of_at_link_up(floor: Floor) -> None:
    seen = {fact.phone: fact.reachable for fact in floor.facts if isinstance(fact, facts.PhoneSeen)}
    assert seen == dict.fromkeys(PHONES, True)


# Offers


async def test_all_ring_one_answers_and_each_leg_ends_for_its_own_reason(floor: Floor) -> None:
    call = await floor.arrive()
    floor["1001"].answers_after, floor["1002"].answers_after, floor["1003"].refuses = None, 0.4, BUSY
    floor.offer(call, {"1": "1001", "2": "1002", "3": "1003"})
    answered = await floor.until(facts.LegAnswered)
    assert (answered.leg, answered.phone) == (leg_of(call, 2), "1002")
    ends = {fact.leg: fact.why for fact in floor.facts[floor.seen :] if isinstance(fact, facts.LegEnded)}
    assert ends == {leg_of(call, 1): LegEnd.ANSWERED_ELSEWHERE, leg_of(call, 3): LegEnd.BUSY}
    floor["1002"].hang_up()
    await floor.until(facts.CallHungUp)
    assert [(f.leg, f.status) for f in floor.facts[floor.seen :] if isinstance(f, facts.DialReturned)] == [
        (leg_of(call, 2), "ANSWER")
    ]


async def test_all_ring_in_vain_and_the_dial_returns_for_each_leg(floor: Floor) -> None:
    call = await floor.arrive()
    floor["1001"].answers_after = floor["1002"].answers_after = None
    floor.offer(call, {"1": "1001", "2": "1002"}, ring_s=1.0)
    for number in (1, 2):
        await floor.until(facts.LegEnded, leg=leg_of(call, number), why=LegEnd.NO_ANSWER)
        await floor.until(facts.DialReturned, leg=leg_of(call, number), status="NOANSWER")
    floor.mark()
    floor["1001"].answers_after = 0.05
    floor.offer(call, {"3": "1001"})  # what was set for several must not name the leg of one
    assert (await floor.until(facts.LegAnswered)).leg == leg_of(call, 3)


async def test_one_of_several_is_withdrawn_and_the_others_ring_on(floor: Floor) -> None:
    call = await floor.arrive()
    floor["1001"].answers_after = floor["1002"].answers_after = None
    floor.offer(call, {"1": "1001", "2": "1002"})
    await floor.until(facts.LegRinging, leg=leg_of(call, 1))
    await floor.until(facts.LegRinging, leg=leg_of(call, 2))
    floor.do(commands.WithdrawOffer, call=call, leg=leg_of(call, 1))
    await floor.until(facts.LegEnded, leg=leg_of(call, 1), why=LegEnd.WITHDRAWN)
    assert floor["1002"].ringing.is_set()
    floor["1002"].answer()
    assert (await floor.until(facts.LegAnswered)).leg == leg_of(call, 2)


async def test_an_offer_to_an_outside_number_shows_the_caller_id_given(floor: Floor) -> None:
    call = await floor.arrive()
    floor.offer(call, {"1": OUTSIDE}, outside=True, caller_id="12345")
    assert (await floor.until(facts.LegAnswered)).phone == OUTSIDE
    assert "sip:12345@" in floor.outside.header("From")[0]
    assert f"sip:{OUTSIDE}@" in floor.outside.header("To")[0]
    floor.outside.hang_up()
    assert (await floor.until(facts.CallHungUp)).number == CITIZEN


@pytest.mark.parametrize("number", ["1001&PJSIP/1002", "110,1,g", "12345@evil", "1", "1" * 25, "1\r\nX: y", ""])
async def test_what_is_no_number_is_not_dialled(floor: Floor, number: str) -> None:
    call = await floor.arrive()
    floor.offer(call, {"1": number}, outside=True, caller_id="12345")
    await floor.until(facts.DialReturned, status="CHANUNAVAIL")


async def test_only_a_phone_set_to_it_is_asked_to_answer_by_itself(floor: Floor) -> None:
    await floor.talk("1003")
    assert floor["1003"].header("Call-Info") == ["<sip:hotline>;answer-after=0"]
    assert floor["1003"].header("Alert-Info") == ["<http://hotline>;info=alert-autoanswer;delay=0"]
    floor["1003"].hang_up()
    await floor.quiet()
    await floor.talk("1001")
    assert floor["1001"].header("Call-Info") == []


# Leaving the queue


async def test_a_caller_is_told_something_and_let_go(floor: Floor) -> None:
    call = await floor.arrive()
    floor.do(commands.LeaveQueue, call=call, announce="closed", then=Then.END)
    ended = await floor.until(facts.CallHungUp)
    assert not ended.by_citizen
    assert floor.citizen.over.is_set()


@pytest.mark.parametrize("key", ["1", ""])
async def test_a_caller_is_offered_a_call_back(floor: Floor, key: str) -> None:
    call = await floor.arrive()
    floor.do(commands.LeaveQueue, call=call, announce="", then=Then.CALLBACK)
    if key:
        await asyncio.sleep(0.3)
        floor.citizen.media.key(key)
    await floor.until(facts.CallHungUp)
    assert ("CallbackWanted" in kinds(floor)) == bool(key)


async def test_a_caller_is_told_something_and_waits_on_with_the_place_kept(floor: Floor) -> None:
    call = await floor.arrive()
    first = await floor.until(facts.CallQueued)
    floor.mark()
    floor.do(commands.LeaveQueue, call=call, announce="surge", then=Then.WAIT)
    again = await floor.until(facts.CallQueued)
    assert (again.queue, again.noticed, again.occurred) == (first.queue, True, first.occurred)
    floor.offer(call, {"1": "1001"})
    await floor.until(facts.LegAnswered)


# Verbs


async def test_an_agents_own_keys_reach_the_citizen(floor: Floor) -> None:
    await floor.talk()
    floor["1001"].media.key("1")
    await eventually(lambda: floor.citizen.media.digits == "1", 3)


async def test_hold_and_resume_again_and_again(floor: Floor) -> None:
    call, leg = await floor.talk()
    for _ in range(3):
        floor.act(Verb.HOLD, call, leg)
        await floor.until(facts.LegHeld)
        heard = floor.citizen.media.heard
        await eventually(lambda heard=heard: floor.citizen.media.heard > heard + 3, 3)  # type: ignore[misc]
        floor.act(Verb.RESUME, call, leg)
        await floor.until(facts.LegResumed)
        floor.mark()
    assert floor.citizen.media.digits == ""
    floor.act(Verb.RESUME, call, leg)
    assert "not held" in await failed(floor)


async def test_an_agent_who_hangs_up_on_hold_ends_the_call(floor: Floor) -> None:
    call, leg = await floor.talk()
    floor.act(Verb.HOLD, call, leg)
    await floor.until(facts.LegHeld)
    await asyncio.sleep(0.3)
    floor["1001"].hang_up()
    await floor.until(facts.CallHungUp, 3.0)
    assert [f.why for f in floor.facts[floor.seen :] if isinstance(f, facts.LegEnded)] == [LegEnd.AGENT_HUNG_UP]
    assert "LegTransferred" not in kinds(floor)
    assert floor.citizen.over.is_set()


async def test_a_muted_agent_is_not_heard(floor: Floor) -> None:
    call, leg = await floor.talk()
    floor["1001"].media.hums = True
    for verb, heard in ((Verb.MUTE, False), (Verb.UNMUTE, True)):
        floor.act(verb, call, leg)
        assert await failed(floor) == ""
        floor.mark()
        await asyncio.sleep(0.2)
        before = floor.citizen.media.heard
        await asyncio.sleep(0.3)
        assert (floor.citizen.media.heard > before + 5) == heard
    floor["1001"].media.hums = False


async def test_keys_are_played_to_the_citizen(floor: Floor) -> None:
    call, leg = await floor.talk()
    floor.act(Verb.DTMF, call, leg, digits="12#")
    assert await failed(floor) == ""
    await eventually(lambda: floor.citizen.media.digits == "12#", 3)
    floor.mark()
    floor.act(Verb.DTMF, call, leg, digits="x")
    assert await failed(floor)


@pytest.mark.parametrize("verb", [Verb.TRANSFER, Verb.PARK])
async def test_a_transferred_or_parked_caller_is_held_again(floor: Floor, verb: Verb) -> None:
    call, leg = await floor.talk()
    floor.act(Verb.HOLD, call, leg)  # comes back from hold by itself
    floor.act(verb, call, leg)
    await floor.until(facts.LegTransferred, leg=leg, to="")
    queued = await floor.until(facts.CallQueued)
    assert (queued.queue, queued.asked) == ("", "")
    floor.offer(call, {"2": "1002"})
    assert (await floor.until(facts.LegAnswered)).leg == leg_of(call, 2)
    assert not [f for f in floor.facts[floor.seen :] if isinstance(f, facts.OperationReported)]


@pytest.mark.parametrize("asked", ["1002", "+862988886666", "complaints"])
async def test_what_an_agents_phone_asks_for_is_asked_of_the_centre(floor: Floor, asked: str) -> None:
    call, leg = await floor.talk()
    floor["1001"].refer(asked)
    await floor.until(facts.LegTransferred, leg=leg, to=asked)
    queued = await floor.until(facts.CallQueued)
    assert (queued.call, queued.queue, queued.asked) == (call, "", asked)
    assert not floor["1002"].ringing.is_set()


async def test_consult_swap_and_cancel(floor: Floor) -> None:
    call, leg = await floor.talk()
    party = leg_of(call, 2)
    floor.act(Verb.CONSULT, call, leg, party=party, phone=Phone("1002"))
    await floor.until(facts.LegConsulted, leg=party)
    for told in (facts.LegResumed, facts.LegHeld):
        floor.mark()
        floor.act(Verb.SWAP, call, leg)
        await floor.until(told, leg=leg)
        assert await failed(floor) == ""
    await asyncio.sleep(0.3)
    floor.mark()
    floor.act(Verb.CANCEL, call, leg)
    await floor.until(facts.LegResumed, leg=leg)
    await floor.until(facts.LegEnded, leg=party, why=LegEnd.WITHDRAWN)
    floor.act(Verb.SWAP, call, leg)
    assert await failed(floor)


async def test_who_consults_and_who_is_consulted_are_hung_up_once_the_citizen_has_left(floor: Floor) -> None:
    call, leg = await floor.talk()
    party = leg_of(call, 2)
    floor.act(Verb.CONSULT, call, leg, party=party, phone=Phone("1002"))
    await floor.until(facts.LegConsulted, leg=party)
    floor.citizen.hang_up()
    await floor.until(facts.CallHungUp)
    assert floor["1001"].talking.is_set()
    assert floor["1002"].talking.is_set()
    for left in (party, leg):
        floor.do(commands.DropLeg, call=call, leg=left)
    await eventually(lambda: not floor["1001"].talking.is_set() and not floor["1002"].talking.is_set(), 5)


async def test_consult_and_complete(floor: Floor) -> None:
    call, leg = await floor.talk()
    party = leg_of(call, 2)
    floor.act(Verb.COMPLETE, call, leg)
    assert await failed(floor)
    floor.mark()
    floor.act(Verb.CONSULT, call, leg, party=party, number=OUTSIDE, caller_id="12345")
    await floor.until(facts.LegConsulted, leg=party, phone=OUTSIDE)
    assert "sip:12345@" in floor.outside.header("From")[0]
    floor.act(Verb.COMPLETE, call, leg)
    await floor.until(facts.LegAnswered, leg=party)
    transferred = await floor.until(facts.LegTransferred, leg=leg)
    assert (transferred.to, transferred.attended) == (OUTSIDE, True)
    await asyncio.sleep(0.3)
    floor.act(Verb.HOLD, call, party)
    await floor.until(facts.LegHeld, leg=party)
    floor.citizen.hang_up()
    await floor.until(facts.CallHungUp)
    assert len([f for f in floor.facts[floor.seen :] if isinstance(f, facts.LegAnswered)]) == 1


async def test_whoever_is_consulted_may_be_busy_gone_or_hang_up(floor: Floor) -> None:
    call, leg = await floor.talk()
    floor["1002"].refuses = BUSY
    floor.act(Verb.CONSULT, call, leg, party=leg_of(call, 2), phone=Phone("1002"))
    await floor.until(facts.LegEnded, leg=leg_of(call, 2), why=LegEnd.BUSY)
    await floor.until(facts.LegResumed, leg=leg)
    floor.mark()
    floor["1002"].refuses = ""
    floor.act(Verb.CONSULT, call, leg, party=leg_of(call, 3), phone=Phone("1002"))
    await floor.until(facts.LegConsulted, leg=leg_of(call, 3))
    floor["1002"].hang_up()
    await floor.until(facts.LegEnded, leg=leg_of(call, 3), why=LegEnd.AGENT_HUNG_UP)
    await floor.until(facts.LegResumed, leg=leg)
    assert not [f for f in floor.facts[floor.seen :] if isinstance(f, facts.OperationReported)]
    floor.act(Verb.CONSULT, call, leg, party=leg_of(call, 4), phone=Phone("7777"))
    assert "7777" in await failed(floor)


async def test_a_third_joins_and_outlives_the_agent(floor: Floor) -> None:
    call, leg = await floor.talk()
    party = {"contact": call, "call": call, "caller_id": "12345"}
    floor.do(commands.CallParty, leg=leg_of(call, 2), kind=LegKind.THREE_WAY, phone=Phone("1002"), **party)
    await floor.until(facts.LegRinging, leg=leg_of(call, 2))
    await floor.until(facts.LegAnswered, leg=leg_of(call, 2))
    floor.act(Verb.TRANSFER, call, leg)
    assert "more than two" in await failed(floor)
    floor.act(Verb.LEAVE, call, leg)
    await floor.until(facts.LegEnded, leg=leg, why=LegEnd.AGENT_HUNG_UP)
    await asyncio.sleep(0.3)
    assert floor.citizen.talking.is_set()
    assert floor["1002"].talking.is_set()
    floor.mark()
    floor.act(Verb.LEAVE, call, leg_of(call, 2))
    assert await failed(floor)
    floor["1002"].hang_up()
    await floor.until(facts.CallHungUp)
    assert [type(f) for f in floor.facts[floor.seen :] if isinstance(f, facts.CallQueued)] == []


async def test_a_third_who_does_not_come(floor: Floor) -> None:
    call, _ = await floor.talk()
    party = {"contact": call, "call": call, "kind": LegKind.EMERGENCY, "caller_id": "12345"}
    floor.outside.refuses = BUSY
    floor.do(commands.CallParty, leg=leg_of(call, 2), number="110", **party)
    await floor.until(facts.LegEnded, leg=leg_of(call, 2), why=LegEnd.BUSY)
    floor.outside.refuses, floor.outside.answers_after = "", None
    floor.do(commands.CallParty, leg=leg_of(call, 3), number="110", ring_s=0.7, **party)
    await floor.until(facts.LegEnded, leg=leg_of(call, 3), why=LegEnd.NO_ANSWER)
    floor.do(commands.CallParty, leg=leg_of(call, 4), number="110", **party)
    await floor.until(facts.LegRinging, leg=leg_of(call, 4))
    floor.do(commands.DropLeg, call=call, leg=leg_of(call, 4))
    await floor.until(facts.LegEnded, leg=leg_of(call, 4), why=LegEnd.WITHDRAWN)
    floor.do(commands.CallParty, leg=leg_of(call, 5), phone=Phone("7777"), **party)
    assert "7777" in await failed(floor)
    assert floor.citizen.talking.is_set()


async def test_one_of_two_recordings_is_stopped_by_its_id(floor: Floor) -> None:
    call, leg = await floor.talk()
    first, second = RecordingId(f"{call}-1"), RecordingId(f"{call}-2")
    floor.do(commands.StartRecording, recording=first, contact=call, call=call, leg=leg)
    floor.do(commands.StartRecording, recording=second, contact=call, call=call, leg=leg)
    await floor.until(facts.RecordingStarted, recording=first)
    await floor.until(facts.RecordingStarted, recording=second)
    floor.do(commands.StopRecording, recording=first, call=call)
    await floor.until(facts.RecordingStopped, recording=first, failed="")
    floor.do(commands.StopRecording, recording=second, call=call)
    await floor.until(facts.RecordingStopped, recording=second, failed="")
    size = [(floor.settings.recordings / f"{name}.wav").stat().st_size for name in (first, second)]
    assert size[1] > size[0] + 16_000, "the second went on for a second at least"


# Dialling out


def dial_out(floor: Floor, leg: LegId, **fields: object) -> None:
    given = {"phone": Phone("1001"), "number": OUTSIDE, "caller_id": "12345", **fields}
    floor.mark()
    floor.do(commands.DialOut, leg=leg, **given)


async def test_an_agent_dials_a_citizen_holds_consults_and_transfers(floor: Floor) -> None:
    leg = LegId("out-1/1")
    dial_out(floor, leg)
    arrived = await floor.until(facts.CallArrived)
    call = arrived.call
    assert (arrived.number, arrived.did, arrived.outbound) == (OUTSIDE, "12345", leg)
    await floor.until(facts.LegRinging, leg=leg)
    await floor.until(facts.LegAnswered, leg=leg)
    assert "sip:12345@" in floor.outside.header("From")[0]
    floor.act(Verb.HOLD, call, leg)
    await floor.until(facts.LegHeld, leg=leg)
    floor.act(Verb.CONSULT, call, leg, party=LegId("out-1/2"), phone=Phone("1002"))
    await floor.until(facts.LegConsulted, leg=LegId("out-1/2"))
    floor.mark()
    floor.act(Verb.CANCEL, call, leg)
    await floor.until(facts.LegResumed, leg=leg)
    floor.act(Verb.TRANSFER, call, leg)
    await floor.until(facts.LegTransferred, leg=leg)
    await floor.until(facts.CallQueued, call=call, queue="")
    floor.offer(call, {"3": "1002"})
    await floor.until(facts.LegAnswered, leg=leg_of(call, 3))
    floor.outside.hang_up()
    assert (await floor.until(facts.CallHungUp)).by_citizen


async def test_whoever_is_dialled_hears_the_recording_notice_before_the_agent(floor: Floor) -> None:
    leg = LegId("out-9/1")
    dial_out(floor, leg, notice=True)
    await floor.until(facts.LegRinging, leg=leg)
    await asyncio.wait_for(floor.outside.talking.wait(), 10)
    picked_up = now()
    answered = await floor.until(facts.LegAnswered, leg=leg)
    assert (answered.occurred - picked_up).total_seconds() > 0.9 * PROMPT_SECONDS
    floor.outside.hang_up()
    await floor.until(facts.CallHungUp)


async def test_a_call_dialled_out_is_recorded_listened_to_and_joined(floor: Floor) -> None:
    leg, session = LegId("out-8/1"), SessionId("listen-8")
    dial_out(floor, leg)
    call = (await floor.until(facts.LegAnswered, leg=leg)).call
    recording = RecordingId("out-8-1")
    floor.do(commands.StartRecording, recording=recording, contact=call, call=call, leg=leg)
    await floor.until(facts.RecordingStarted, recording=recording, call=call)
    floor.do(commands.StartSpy, session=session, leg=leg, phone=Phone("1003"), mode=ListeningMode.LISTEN)
    await floor.until(facts.SpyStarted, session=session, spied=leg)
    floor.do(commands.StopSpy, session=session)
    await floor.until(facts.SpyStopped, session=session, failed="")
    third = LegId("out-8/2")
    floor.do(commands.CallParty, contact=call, call=call, leg=third, kind=LegKind.THREE_WAY, phone=Phone("1002"))
    await floor.until(facts.LegAnswered, leg=third)
    floor.act(Verb.LEAVE, call, leg)
    await floor.until(facts.LegEnded, leg=leg, why=LegEnd.AGENT_HUNG_UP)
    await asyncio.sleep(0.3)
    assert floor.outside.talking.is_set()
    floor.do(commands.HangUp, call=call)
    await floor.until(facts.CallHungUp, by_citizen=False)
    floor.do(commands.StopRecording, recording=recording, call=call)
    await floor.until(facts.RecordingStopped, recording=recording, failed="")


def call_citizen(floor: Floor, leg: LegId, **fields: object) -> None:
    given = {"number": OUTSIDE, "caller_id": "12345", "queue": QueueId("12345"), "ring_s": 3.0, **fields}
    floor.mark()
    floor.do(commands.CallCitizen, leg=leg, **given)


async def test_a_citizen_rung_without_an_agent_is_held_offered_recorded_put_on_hold_and_passed_on(floor: Floor) -> None:
    out = LegId("ring-1/1")
    call_citizen(floor, out)
    arrived = await floor.until(facts.CallArrived)
    call = arrived.call
    assert (arrived.outbound, call, arrived.did) == (out, "ring-1-1", "12345")
    reached = await floor.until(facts.CitizenReached, call=call)
    queued = await floor.until(facts.CallQueued, call=call)
    assert (queued.queue, queued.number, queued.noticed) == ("12345", OUTSIDE, True)
    assert queued.occurred > reached.occurred, "the notice comes between"
    assert "sip:12345@" in floor.outside.header("From")[0]
    leg = leg_of(call, 1)
    floor.offer(call, {"1": "1001"})
    await floor.until(facts.LegAnswered, leg=leg)
    recording = RecordingId("ring-1-1-1")
    floor.do(commands.StartRecording, recording=recording, contact=call, call=call, leg=leg)
    await floor.until(facts.RecordingStarted, recording=recording, call=call)
    floor.act(Verb.HOLD, call, leg)
    await floor.until(facts.LegHeld, leg=leg)
    floor.act(Verb.TRANSFER, call, leg)
    await floor.until(facts.LegTransferred, leg=leg)
    floor.do(commands.StopRecording, recording=recording, call=call)
    await floor.until(facts.RecordingStopped, recording=recording, failed="")
    await floor.until(facts.CallQueued, call=call, queue="")
    floor.offer(call, {"2": "1002"})
    await floor.until(facts.LegAnswered, leg=leg_of(call, 2))
    floor.outside.hang_up()
    assert (await floor.until(facts.CallHungUp, call=call)).by_citizen


async def test_a_citizen_who_is_rung_is_asked_by_keypad_where_there_is_no_queue_to_wait_in(floor: Floor) -> None:
    call_citizen(floor, LegId("ring-2/1"), queue=QueueId(""))
    asked = await floor.until(facts.SurveyAsked)
    await asyncio.sleep(PROMPT_SECONDS)
    floor.outside.media.key("2")
    answered = await floor.until(facts.SurveyAnswered, call=asked.call)
    assert (answered.question, answered.key, answered.satisfied) == ("survey", "2", True)
    assert not (await floor.until(facts.CallHungUp, call=asked.call)).by_citizen
    assert "CallQueued" not in kinds(floor)


@pytest.mark.parametrize(("status", "cause"), [(BUSY, 17), ("603 Decline", 21), ("480 Temporarily Unavailable", 19)])
async def test_why_a_citizen_who_is_rung_is_not_reached_is_the_cause(floor: Floor, status: str, cause: int) -> None:
    floor.outside.refuses = status
    call_citizen(floor, LegId(f"ring-{cause}/1"))
    await floor.until(facts.CallArrived)
    assert (await floor.until(facts.CallHungUp)).cause == cause
    assert not floor.bridge.channels.awaited


async def test_a_citizen_who_does_not_pick_up_or_cannot_be_rung_is_told_of(floor: Floor) -> None:
    floor.outside.answers_after = None
    call_citizen(floor, LegId("ring-3/1"), ring_s=1.0)
    assert (await floor.until(facts.CallHungUp)).cause == 19
    assert floor.outside.cancelled
    call_citizen(floor, LegId("ring-4/1"), number="139@evil")
    assert "cannot be dialled" in (await floor.until(facts.OperationReported)).failed


async def test_whoever_is_dialled_out_to_may_be_busy_or_the_call_cancelled(floor: Floor) -> None:
    floor.outside.refuses = BUSY
    dial_out(floor, LegId("out-2/1"))
    await floor.until(facts.LegEnded, leg=LegId("out-2/1"), why=LegEnd.BUSY)
    await floor.until(facts.CallHungUp)
    await eventually(floor["1001"].over.is_set, 3)
    floor.outside.refuses, floor.outside.answers_after = "", None
    dial_out(floor, LegId("out-3/1"))
    await floor.until(facts.LegRinging, leg=LegId("out-3/1"))
    floor.do(commands.CancelDialOut, leg=LegId("out-3/1"))
    await floor.until(facts.LegEnded, leg=LegId("out-3/1"), why=LegEnd.WITHDRAWN)
    await floor.until(facts.CallHungUp)


async def test_an_agents_phone_that_is_not_answered_fails_the_operation(floor: Floor) -> None:
    floor["1001"].refuses = BUSY
    dial_out(floor, LegId("out-4/1"))
    assert "busy" in await failed(floor)
    floor["1001"].refuses, floor["1001"].answers_after = "", None
    dial_out(floor, LegId("out-5/1"), ring_s=0.7)
    assert "no answer" in await failed(floor)
    dial_out(floor, LegId("out-6/1"), phone=Phone("7777"))
    assert "7777" in await failed(floor)
    dial_out(floor, LegId("out-7/1"), number="1&PJSIP/1002")
    assert "cannot be dialled" in await failed(floor)
    assert "CallArrived" not in kinds(floor)
