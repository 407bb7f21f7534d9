"""Calls end to end on a real Asterisk: what the centre is told, and what becomes of citizen and agent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from messages import events, requests
from messages.ids import AgentId, CallId, Phone, SessionId
from messages.values import AgentState, ContactOutcome, LegEnd, Role
from simulation.ports import free_port
from telephony.asterisk.child import AsteriskChild
from tests.integration.hall import BY, Hall, deaf_phone_scenario, open_hall, phone_scenario
from tests.sip_fixture import RtpEar, Sipp, eventually

pytestmark = pytest.mark.integration


@pytest.fixture
async def open_one(tmp_path: Path, asterisk_root: Path, sipp: Sipp) -> AsyncIterator[tuple[Hall, AsteriskChild]]:
    """Give a hall with two seats."""
    async with open_hall(tmp_path, asterisk_root, sipp, ring_s=3) as opened:
        yield opened


@pytest.fixture
async def agents_ear() -> AsyncIterator[RtpEar]:
    """Give an agent's phone something to hear and speak with."""
    transport, ear = await asyncio.get_running_loop().create_datagram_endpoint(RtpEar, local_addr=("127.0.0.1", 0))
    yield ear
    transport.close()


async def test_a_citizen_is_greeted_held_answered_recorded_and_the_agent_wraps_up(
    open_one: tuple[Hall, AsteriskChild], ear: RtpEar
) -> None:
    hall, _ = open_one
    await hall.ready("a1")
    await hall.phone("1001", phone_scenario(free_port(), talk_ms=1500))
    citizen = await hall.citizen(ear.port)
    ended = await hall.until(events.ContactEnded)
    assert await citizen.wait() == 0
    assert (ended.outcome, ended.agent, ended.by_citizen) == (ContactOutcome.ANSWERED, "a1", False)
    [leg] = hall.of(events.LegEnded)
    assert (leg.why, leg.talked) == (LegEnd.AGENT_HUNG_UP, True)
    [answered] = hall.of(events.CallAnswered)
    assert 1.4 < (leg.occurred - answered.occurred).total_seconds() < 2.5
    assert [change.after for change in hall.of(events.AgentStateChanged)][2:6] == [
        AgentState.RESERVED,
        AgentState.RINGING,
        AgentState.TALKING,
        AgentState.WRAP_UP,
    ]
    stopped = await hall.until(events.RecordingStopped)
    assert stopped.failed == ""
    assert hall.of(events.RecordingStarted)[0].leg == leg.leg
    await hall.until(events.AgentStateChanged, before=AgentState.WRAP_UP, after=AgentState.READY)


async def test_a_citizen_who_hangs_up_while_waiting_is_abandoned(
    open_one: tuple[Hall, AsteriskChild], ear: RtpEar
) -> None:
    hall, _ = open_one
    await hall.citizen(ear.port, talk_ms=2500)
    await hall.until(events.CallQueued)
    ended = await hall.until(events.ContactEnded)
    assert (ended.outcome, ended.by_citizen) == (ContactOutcome.ABANDONED, True)
    [abandoned] = hall.of(events.CallAbandoned)
    assert 0.5 < abandoned.waited_s < 3


async def test_a_phone_left_ringing_passes_the_call_on_and_its_agent_is_not_ready(
    open_one: tuple[Hall, AsteriskChild], ear: RtpEar
) -> None:
    hall, _ = open_one
    await hall.ready("a1")
    await asyncio.sleep(0.05)
    await hall.ready("a2")
    await hall.phone("1001", deaf_phone_scenario())
    await hall.phone("1002", phone_scenario(free_port(), talk_ms=500))
    await hall.citizen(ear.port)
    missed = await hall.until(events.AgentStateChanged, agent=AgentId("a1"), after=AgentState.NOT_READY, reason="rona")
    assert missed.before is AgentState.RINGING
    answered = await hall.until(events.CallAnswered)
    assert answered.agent == "a2"
    assert (await hall.until(events.ContactEnded)).outcome is ContactOutcome.ANSWERED


async def test_a_citizen_who_hangs_up_while_talking_ends_the_leg(
    open_one: tuple[Hall, AsteriskChild], ear: RtpEar
) -> None:
    hall, _ = open_one
    await hall.ready("a1")
    await hall.phone("1001", phone_scenario(free_port()))
    await hall.citizen(ear.port, talk_ms=3000)
    ended = await hall.until(events.ContactEnded)
    assert (ended.outcome, ended.by_citizen) == (ContactOutcome.ANSWERED, True)
    assert [leg.why for leg in hall.of(events.LegEnded)] == [LegEnd.CITIZEN_HUNG_UP]


def listen(call: str, phone: str) -> requests.StartListening:
    """Return a supervisor's wish to hear a call."""
    return requests.StartListening(
        by=BY, call=CallId(call), phone=Phone(phone), purpose="coaching", roles=(Role.SUPERVISOR,)
    )


async def test_a_supervisor_listens_and_the_session_is_what_asterisk_reported(
    open_one: tuple[Hall, AsteriskChild], ear: RtpEar
) -> None:
    hall, _ = open_one
    await hall.ready("a1")
    await hall.phone("1001", phone_scenario(free_port()))
    await hall.phone("9001", phone_scenario(free_port()))
    await hall.citizen(ear.port, talk_ms=6000)
    call = (await hall.until(events.CallAnswered)).call
    reply = await hall.loop.ask(listen(call, "9001"))
    started = await hall.until(events.ListeningStarted)
    assert (started.session, started.agent, started.foreign) == (reply.id, "a1", False)
    await hall.until(events.OperationDone, operation=reply.operation)
    await asyncio.sleep(0.5)
    await hall.loop.ask(requests.StopListening(by=BY, session=SessionId(reply.id)))
    ended = await hall.until(events.ListeningEnded)
    assert ended.failed == ""
    assert 0.4 < (ended.occurred - started.occurred).total_seconds() < 3
    assert not hall.of(events.ContactEnded), "the call goes on without the listener"


async def test_listening_ends_with_the_call(open_one: tuple[Hall, AsteriskChild], ear: RtpEar) -> None:
    hall, _ = open_one
    await hall.ready("a1")
    await hall.phone("1001", phone_scenario(free_port()))
    await hall.phone("9001", phone_scenario(free_port()))
    await hall.citizen(ear.port, talk_ms=4000)
    call = (await hall.until(events.CallAnswered)).call
    await hall.loop.ask(listen(call, "9001"))
    await hall.until(events.ListeningStarted)
    await hall.until(events.ContactEnded)
    await hall.until(events.ListeningEnded)


async def test_a_listener_who_is_not_there_fails_the_operation(
    open_one: tuple[Hall, AsteriskChild], ear: RtpEar
) -> None:
    hall, _ = open_one
    await hall.ready("a1")
    await hall.phone("1001", phone_scenario(free_port()))
    await hall.citizen(ear.port, talk_ms=3000)
    call = (await hall.until(events.CallAnswered)).call
    await hall.loop.ask(listen(call, "7777"))
    failed = await hall.until(events.OperationFailed)
    assert "7777" in failed.why


async def test_asterisk_restarting_in_mid_call_loses_its_calls_with_the_moment(
    open_one: tuple[Hall, AsteriskChild], ear: RtpEar
) -> None:
    hall, child = open_one
    await hall.ready("a1")
    await hall.phone("1001", phone_scenario(free_port()))
    await hall.citizen(ear.port, talk_ms=60_000)
    await hall.until(events.CallAnswered)
    await child.kill()
    await child.ready()
    ended = await hall.until(events.ContactEnded)
    assert ended.outcome is ContactOutcome.ANSWERED
    assert [leg.why for leg in hall.of(events.LegEnded)] == [LegEnd.LOST]
    await hall.until(events.AgentStateChanged, after=AgentState.WRAP_UP)


async def test_the_link_cut_in_mid_call_changes_nothing_for_the_call(
    open_one: tuple[Hall, AsteriskChild], ear: RtpEar
) -> None:
    hall, _ = open_one
    await hall.ready("a1")
    await hall.phone("1001", phone_scenario(free_port(), talk_ms=3000))
    await hall.citizen(ear.port)
    await hall.until(events.CallAnswered)
    manager = hall.bridge.link._manager
    assert manager is not None
    manager.protocol.transport.abort()
    await hall.until(events.NodeDown)
    await eventually(lambda: hall.bridge.link.is_up)
    ended = await hall.until(events.ContactEnded)
    assert (ended.outcome, ended.agent) == (ContactOutcome.ANSWERED, "a1")
    [answered], [leg] = hall.of(events.CallAnswered), hall.of(events.LegEnded)
    assert 2.5 < (leg.occurred - answered.occurred).total_seconds() < 4


async def test_our_process_gone_with_a_caller_held_the_fallback_queue_answers(
    open_one: tuple[Hall, AsteriskChild], ear: RtpEar
) -> None:
    hall, _ = open_one
    await hall.citizen(ear.port, talk_ms=60_000)
    await hall.until(events.CallQueued)
    await hall.ready("a2")
    hall.bridge.script.held.clear()
    await asyncio.sleep(0.5)
    await hall.phone("1002", phone_scenario(free_port()))
    await hall.die()
    await asyncio.sleep(1)
    await hall.come_back()
    answered = await hall.until(events.CallAnswered)
    assert answered.agent == "a2"
    assert hall.state("a2") is AgentState.TALKING


async def test_our_process_gone_in_mid_conversation_the_conversation_goes_on(
    open_one: tuple[Hall, AsteriskChild], ear: RtpEar, agents_ear: RtpEar
) -> None:
    hall, _ = open_one
    await hall.ready("a1")
    await hall.phone("1001", phone_scenario(agents_ear.port))
    citizen = await hall.citizen(ear.port, talk_ms=6000)
    await hall.until(events.CallAnswered)
    await hall.die()
    heard = len(ear.audio), len(agents_ear.audio)
    await asyncio.sleep(1.5)
    assert citizen.returncode is None
    assert len(ear.audio) > heard[0] + 8000, "the citizen still hears the agent"
    assert len(agents_ear.audio) > heard[1] + 8000, "and the agent the citizen"
    await hall.come_back()
    assert hall.state("a1") is AgentState.TALKING
    ended = await hall.until(events.ContactEnded)
    assert (ended.outcome, await citizen.wait()) == (ContactOutcome.ANSWERED, 0)
    assert len(hall.of(events.CallAnswered)) == 1
