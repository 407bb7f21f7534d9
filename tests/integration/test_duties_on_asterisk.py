"""A leader's duty on a real Asterisk: who rings, for how long, and who is with the citizen afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from agents.agent import AgentSettings
from center.records import DutyCallRecord
from messages import commands, events, requests
from messages.duty import AnsweredBy, DutyEnd, DutyPlan
from messages.ids import AgentId, CallId, DutyId, Phone
from messages.values import AgentState, LegEnd, Target, TargetKind, Verb
from recording.recording import recording_of
from tests.integration.hall import BY, now
from tests.integration.tones import Heard, sides
from tests.integration.town import PHONES, TOWN, Town, open_town

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

LEADER, AIDE = AgentId("mayor"), AgentId("aide")
TO_AIDE = Target(TargetKind.AGENT, AIDE)
SEATS = {LEADER: "9101", AIDE: "9102"}
LEADERS_HZ, AIDES_HZ = 820, 2100
RING_S = 3.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened_town(tmp_path_factory: pytest.TempPathFactory, asterisk_root: Path) -> AsyncIterator[Town]:
    """Give the town with a leader's seat and an aide's beside, which serve no queue."""
    seats = tuple(AgentSettings(id=name, phone=Phone(phone), queues=()) for name, phone in SEATS.items())
    center = msgspec.structs.replace(TOWN, agents=(*TOWN.agents, *seats))
    numbers = (*PHONES, *SEATS.values())
    async with open_town(tmp_path_factory.mktemp("duty"), asterisk_root, center, numbers) as town:
        yield town
    assert [found for found in town.differences if not found.agrees] == []


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def after_duty(town: Town) -> AsyncIterator[None]:
    """End what duty is left, for the next test."""
    town["9101"].media.tone_hz, town["9102"].media.tone_hz = LEADERS_HZ, AIDES_HZ
    yield
    for duty in list(town.center.state.duties):
        await town.loop.ask(requests.EndDuty(by=BY, duty=duty, reason="the test is over"))


async def on_duty(town: Town, *ready: str, lasts_s: float = 600) -> DutyId:
    """Begin a duty with these seats ready; return it."""
    plan = DutyPlan(leader=LEADER, aide=AIDE, begin=now(), end=now() + timedelta(seconds=lasts_s), ring_s=RING_S)
    reply = await town.loop.ask(requests.PlanDuty(by=BY, plan=plan))
    await town.until(events.DutyStarted, duty=DutyId(reply.id))
    await town.ready(*ready)
    return DutyId(reply.id)


async def with_leader(town: Town, *ready: str) -> CallId:
    """Let a citizen talk with the leader; return the call."""
    await on_duty(town, LEADER, AIDE, *ready)
    call = await town.arrive()
    await town.until(events.CallAnswered, call=call, agent=LEADER)
    return call


def kept(town: Town) -> list[DutyCallRecord]:
    """Return what the ledger made of the duty's calls since the mark."""
    return town.books.of(DutyCallRecord)


async def test_the_leader_answers_and_is_heard(town: Town) -> None:
    call = await with_leader(town, "a1")
    await asyncio.sleep(1.0)
    town.caller.hang_up()
    await town.until(events.ContactEnded, call=call)
    await town.comes_to(lambda: town.books.open_recordings(), "recordings")
    [leg] = [leg.leg for leg in town.books.legs if leg.answered_at]
    _, right = sides(town.settings.recordings / f"{recording_of(leg)}.wav")
    assert Heard(right, (LEADERS_HZ,)).share(LEADERS_HZ) > 0.8
    [record] = kept(town)
    assert (record.answered_by, record.offered, record.missed, record.outcome) == (
        AnsweredBy.LEADER,
        1,
        0,
        "answered",
    )


async def test_a_leader_who_lets_it_ring_is_followed_by_an_agent_and_the_citizen_is_told_nothing(town: Town) -> None:
    await on_duty(town, LEADER, "a1")
    town["9101"].answers_after = 60.0
    told = len(town.commands)
    call = await town.arrive()
    missed = await town.until(events.LegEnded, call=call, agent=LEADER)
    answered = await town.until(events.CallAnswered, call=call, agent=AgentId("a1"))
    assert missed.why is LegEnd.NO_ANSWER
    assert RING_S <= answered.waited_s < RING_S + 3
    assert not [one for one in town.commands[told:] if isinstance(one, commands.LeaveQueue | commands.Announce)]
    assert town.caller.talking.is_set(), "one call to the citizen, from the greeting on"
    assert town.state("mayor") is AgentState.NOT_READY
    assert len(town.center.state.duties) == 1, "the duty goes on"
    await town.ready("mayor")
    town["9101"].answers_after = 0.05
    second = await town.arrive(citizen=town.second)
    await town.until(events.CallAnswered, call=second, agent=LEADER)
    for phone in (town.caller, town.second):
        phone.hang_up()
    await town.until(events.ContactEnded, call=second)
    await town.until(events.ContactEnded, call=call)
    assert [(one.answered_by, one.missed) for one in kept(town)] == [(AnsweredBy.AGENT, 1), (AnsweredBy.LEADER, 0)]


async def test_a_leader_who_is_busy_or_not_ready_is_not_rung(town: Town) -> None:
    first = await with_leader(town, "a1")
    second = await town.arrive(citizen=town.second)
    answered = await town.until(events.CallAnswered, call=second)
    assert answered.agent == "a1"
    assert answered.waited_s < RING_S
    assert [leg.agent for leg in town.center.state.calls[second].legs.values()] == ["a1"]
    assert first != second


async def test_the_leader_hands_the_citizen_over_to_the_aide(town: Town) -> None:
    call = await with_leader(town)
    await town.do(Verb.TRANSFER, call, LEADER, target=TO_AIDE)
    await town.until(events.CallAnswered, call=call, agent=AIDE)
    await asyncio.sleep(1.0)
    town.caller.hang_up()
    await town.until(events.ContactEnded, call=call)
    await town.comes_to(lambda: town.books.open_recordings(), "recordings")
    legs = {leg.agent: leg for leg in town.books.legs}
    assert (legs[LEADER].end, legs[AIDE].end) == (LegEnd.TRANSFERRED, LegEnd.CITIZEN_HUNG_UP)
    _, right = sides(town.settings.recordings / f"{recording_of(legs[AIDE].leg)}.wav")
    assert Heard(right, (AIDES_HZ,)).share(AIDES_HZ) > 0.8
    [record] = kept(town)
    assert (record.answered_by, record.handed_over, record.aide_joined) == (AnsweredBy.LEADER, True, False)


async def test_the_leader_consults_the_aide_and_hands_over(town: Town) -> None:
    call = await with_leader(town)
    await town.do(Verb.CONSULT, call, LEADER, target=TO_AIDE)
    await town.do(Verb.COMPLETE, call, LEADER)
    await town.until(events.CallAnswered, call=call, agent=AIDE)
    town.caller.hang_up()
    await town.until(events.ContactEnded, call=call)
    [record] = kept(town)
    assert (record.handed_over, record.aide_joined) == (True, False)


async def test_the_aide_joins_the_leaders_talk(town: Town) -> None:
    call = await with_leader(town)
    await town.do(Verb.THREE_WAY, call, LEADER, target=TO_AIDE)
    await town.until(events.CallAnswered, call=call, agent=AIDE)
    await asyncio.sleep(1.0)
    assert len(town.center.state.calls[call].talking_legs()) == 2
    await town.do(Verb.LEAVE, call, LEADER)
    await asyncio.sleep(0.5)
    assert [leg.agent for leg in town.center.state.calls[call].talking_legs()] == [AIDE]
    town.caller.hang_up()
    await town.until(events.ContactEnded, call=call)
    [record] = kept(town)
    assert (record.answered_by, record.handed_over, record.aide_joined) == (AnsweredBy.LEADER, False, True)


async def test_a_window_that_ends_in_mid_call_ends_nothing_but_the_duty(town: Town) -> None:
    duty = await on_duty(town, LEADER, "a1", lasts_s=6)
    call = await town.arrive()
    await town.until(events.CallAnswered, call=call, agent=LEADER)
    ended = await town.until(events.DutyEnded, duty=duty)
    assert ended.end is DutyEnd.OVER
    second = await town.arrive(citizen=town.second)
    answered = await town.until(events.CallAnswered, call=second)
    assert answered.agent == "a1"
    assert town.state("mayor") is AgentState.TALKING
    assert len(town.center.state.calls[call].talking_legs()) == 1
    town.caller.hang_up()
    assert (await town.until(events.ContactEnded, call=call)).agent == LEADER
    assert [one.call for one in kept(town)] == [call]


async def test_a_restart_in_mid_duty_leaves_the_talk_and_the_duty(town: Town) -> None:
    town.sighted = False
    call = await with_leader(town, "a1")
    await town.die()
    await asyncio.sleep(0.5)
    await town.come_back()
    [duty] = town.center.state.duties.values()
    assert duty.started_at is not None
    assert set(town.center.state.on_duty) == {LEADER, AIDE}
    assert town.state("mayor") is AgentState.TALKING
    second = await town.arrive(citizen=town.second)
    assert (await town.until(events.CallAnswered, call=second)).agent == "a1", "the leader still talks"
    town.caller.hang_up()
    await town.until(events.ContactEnded, call=call)
    await town.until(events.AgentStateChanged, agent=LEADER, after=AgentState.READY)
    third = await town.arrive()
    await town.until(events.CallAnswered, call=third, agent=LEADER)
    assert [one.answered_by for one in kept(town)] == [AnsweredBy.LEADER, AnsweredBy.AGENT, AnsweredBy.LEADER]


async def test_a_leader_is_in_none_of_asterisks_own_queues(town: Town) -> None:
    await on_duty(town, LEADER, AIDE, "a1")
    reached: set[str] = set()
    async with asyncio.timeout(10):
        while "1001" not in reached:
            listed = await town.bridge.link.action("QueueStatus")
            members = [event.get("Location", "") for event in listed.events if event.get("Event") == "QueueMember"]
            reached = {str(member).removeprefix("PJSIP/") for member in members}
            await asyncio.sleep(0.05)
    assert not reached & set(SEATS.values())
