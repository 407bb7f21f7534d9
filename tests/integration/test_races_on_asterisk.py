"""Races and faults on a real Asterisk: whatever happens at once, everything comes to one end and nobody is stuck."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from messages import events
from messages.errors import Refused
from messages.ids import AgentId, Phone
from messages.values import AgentState, ContactOutcome, LegKind, Verb
from tests.integration.town import OUTSIDE, PROOF, Town, agent, outside, proof_only
from tests.sip_fixture import eventually

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

OFFSETS_MS = range(-20, 21, 2) if PROOF else (-4, -1, 0, 2, 6)
"""When the citizen hangs up, from the phone's answer."""


async def test_a_citizen_who_hangs_up_as_the_agent_answers_ends_once(town: Town) -> None:
    loop, seen = asyncio.get_running_loop(), {}
    town["1001"].answers_after = None
    for offset in OFFSETS_MS:
        town.mark()
        await town.ready("a1")
        call = await town.arrive()
        await eventually(town["1001"].ringing.is_set, 10)
        answer_at = loop.time() + 0.06
        loop.call_at(answer_at, town["1001"].answer)
        loop.call_at(answer_at + offset / 1000, town.caller.hang_up)
        ended = await town.until(events.ContactEnded, call=call)
        await town.settled()
        assert ended.by_citizen
        assert ended.outcome in (ContactOutcome.ABANDONED, ContactOutcome.ANSWERED)
        assert len(town.of(events.ContactEnded)) == 1
        # On a busy machine the ringing may be told as missed before the citizen's hang-up is: never more than that.
        assert town.state("a1") in (AgentState.READY, AgentState.NOT_READY)
        seen[offset] = ended.outcome.value
    print(f"\n{len(seen)} offsets in ms: {seen}")


async def test_two_agents_pass_their_citizens_to_each_other_at_once(town: Town) -> None:
    first, _ = await town.talk("a1")
    await town.ready("a2")
    second = await town.arrive(citizen=town.second)
    await town.until(events.CallAnswered, call=second)
    asked = await asyncio.gather(
        town.ask(Verb.TRANSFER, first, "a1", target=agent("a2")),
        town.ask(Verb.TRANSFER, second, "a2", target=agent("a1")),
    )
    assert [await town.outcome(operation) for operation in asked] == ["", ""]
    for call, name in ((first, "a2"), (second, "a1")):
        await town.until(events.CallAnswered, 20, call=call, agent=AgentId(name))
    town.caller.hang_up()
    town.second.hang_up()
    for call in (first, second):
        await town.until(events.ContactEnded, call=call, outcome=ContactOutcome.ANSWERED)
    assert {(leg.call, leg.agent) for leg in town.books.legs} == {
        *((first, "a1"), (first, "a2")),
        *((second, "a2"), (second, "a1")),
    }


# Our process gone


async def gone(town: Town) -> None:
    """Let our process be gone for a second and come back."""
    await town.die()
    await asyncio.sleep(1)
    assert town.caller.talking.is_set(), "the citizen is not lost"
    await town.come_back()
    await town.until(events.CenterStarted)


@proof_only
async def test_our_process_gone_during_a_hold_the_hold_goes_on(town: Town) -> None:
    call, leg = await town.talk()
    await town.do(Verb.HOLD, call)
    town.mark()
    await gone(town)
    await eventually(lambda: town.state("a1") is AgentState.HOLDING, 5)
    await town.do(Verb.RESUME, call)
    await town.until(events.CallResumed, leg=leg)
    assert town.state("a1") is AgentState.TALKING
    town["1001"].hang_up()
    await town.until(events.ContactEnded, outcome=ContactOutcome.ANSWERED)


@pytest.mark.parametrize("then", [Verb.COMPLETE, pytest.param(Verb.CANCEL, marks=proof_only)])
async def test_our_process_gone_during_a_consultation_it_goes_on(town: Town, then: Verb) -> None:
    call, leg = await town.talk()
    await town.ready("a2")
    await town.do(Verb.CONSULT, call, target=agent("a2"))
    town.mark()
    await gone(town)
    assert (town.state("a1"), town.state("a2")) == (AgentState.HOLDING, AgentState.TALKING)
    await town.do(then, call)
    if then is Verb.COMPLETE:
        await town.until(events.CallAnswered, agent=AgentId("a2"))
    else:
        await town.until(events.CallResumed, leg=leg)
    town.caller.hang_up()
    await town.until(events.ContactEnded, outcome=ContactOutcome.ANSWERED)


@proof_only
async def test_our_process_gone_during_a_three_way_call_it_goes_on(town: Town) -> None:
    call, leg = await town.talk()
    await town.do(Verb.THREE_WAY, call, target=outside())
    party = await town.until(events.CallAnswered, phone=Phone(OUTSIDE))
    town.mark()
    await gone(town)
    state = town.center.state.calls[call]
    assert {found.id: found.role for found in state.talking_legs()} == {
        leg: LegKind.AGENT,
        party.leg: LegKind.THREE_WAY,
    }
    await town.do(Verb.LEAVE, call)
    assert town.outside.talking.is_set()
    town.caller.hang_up()
    await town.until(events.ContactEnded, outcome=ContactOutcome.ANSWERED)


# AMI cut


async def beside_the_citizen(town: Town, call: str) -> bool:
    """Tell whether, as Asterisk says, the first agent's phone and the citizen are in one bridge."""
    channels = (await town.bridge.link.action("CoreShowChannels")).events
    bridges = {e.get("BridgeId") for e in channels if str(e.get("Channel")).startswith("PJSIP/1001-")} - {"", None}
    return any(e.get("Uniqueid") == call and e.get("BridgeId") in bridges for e in channels)


CUT_MS = (0, 5, 40, 150) if PROOF else (5,)
CASES = (Verb.HOLD, Verb.MUTE, Verb.DTMF, Verb.TRANSFER, Verb.PARK, Verb.CONSULT, Verb.THREE_WAY, Verb.HANG_UP)
IN_CONSULT = (Verb.COMPLETE, Verb.CANCEL, Verb.SWAP)


@pytest.mark.parametrize("after_ms", CUT_MS)
@pytest.mark.parametrize(
    "verb", [*CASES, *IN_CONSULT, Verb.RESUME] if PROOF else [Verb.HOLD, Verb.TRANSFER, Verb.CONSULT]
)
async def test_ami_cut_during_a_verb_the_call_goes_on_and_ends_once(town: Town, verb: Verb, after_ms: int) -> None:
    call, _ = await town.talk()
    await town.ready("a2")
    if verb in IN_CONSULT:
        await town.do(Verb.CONSULT, call, target=agent("a2"))
    elif verb is Verb.RESUME:
        await town.do(Verb.HOLD, call)
    target = outside() if verb is Verb.THREE_WAY else agent("a2")
    operation = await town.ask(verb, call, target=target, digits="1" if verb is Verb.DTMF else "")
    await asyncio.sleep(after_ms / 1000)
    manager = town.bridge.link._manager
    assert manager is not None
    town.sighted = False
    manager.protocol.transport.abort()
    await town.until(events.NodeDown)
    failed = await town.outcome(operation)
    await eventually(lambda: town.bridge.link.is_up, 30)
    print(f"\n{verb} cut after {after_ms} ms: {failed or 'done'}; the agent is {town.state('a1')}")
    if verb is not Verb.HANG_UP:
        assert town.caller.talking.is_set(), "the citizen is not lost"
        await asyncio.sleep(0.5)
        together = await beside_the_citizen(town, call)
        assert (town.state("a1") is AgentState.TALKING) == together, "what we show is what is"
    if failed or verb is not Verb.HANG_UP:
        with contextlib.suppress(Refused):
            await town.ask(Verb.HANG_UP, call, None)
    await town.until(events.ContactEnded, call=call)
