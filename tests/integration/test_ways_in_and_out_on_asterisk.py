"""Dialling out, ring-all, and what queues do not take, through the whole centre and a real Asterisk."""

from __future__ import annotations

import pytest

from messages import events, requests
from messages.ids import AgentId, CallId, ContactId, LabelId, LegId, OperationId, UserId
from messages.values import (
    AgentState,
    ContactOutcome,
    Direction,
    LabelKind,
    LegEnd,
    LegKind,
    Refusal,
    Then,
    Verb,
)
from tests.integration.hall import BY
from tests.integration.town import BUSY, CITIZEN, OUTSIDE, Town, agent, proof_only
from tests.sip_fixture import eventually

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

ALL, FULL, CALLBACK, EMPTY = "12348", "12349", "123410", "123411"


async def dial(town: Town, name: str = "a1") -> OperationId:
    await town.ready(name)
    reply = await town.loop.ask(requests.DialOut(by=BY, agent=AgentId(name), number=OUTSIDE, purpose="follow-up"))
    return OperationId(reply.operation)


# Dialling out


async def test_a_citizen_who_is_dialled_answers(town: Town) -> None:
    operation = await dial(town)
    assert await town.outcome(operation) == ""
    assert "sip:12345@" in town.outside.header("From")[0]
    call = town.of(events.CallAnswered)[0].call
    await town.do(Verb.HOLD, call)
    await town.do(Verb.RESUME, call)
    town.outside.hang_up()
    ended = await town.until(events.ContactEnded)
    assert (ended.outcome, ended.by_citizen, ended.agent) == (ContactOutcome.ANSWERED, True, "a1")
    [contact], [leg] = town.books.contacts, town.books.legs
    assert (contact.direction, contact.number) == (Direction.OUT, OUTSIDE)
    assert (leg.role, leg.end, leg.operation) == (LegKind.OUTBOUND, LegEnd.CITIZEN_HUNG_UP, operation)


@proof_only
async def test_a_tenants_calls_show_the_tenants_number(town: Town) -> None:
    assert await town.outcome(await dial(town, "a4")) == ""
    assert "sip:02912345@" in town.outside.header("From")[0]
    town["1004"].hang_up()
    assert not (await town.until(events.ContactEnded)).by_citizen


async def test_a_citizen_who_is_dialled_is_busy(town: Town) -> None:
    town.outside.refuses = BUSY
    assert "busy" in await town.outcome(await dial(town))
    ended = await town.until(events.ContactEnded)
    assert ended.outcome is ContactOutcome.NOT_REACHED
    assert [leg.end for leg in town.books.legs] == [LegEnd.BUSY]
    await eventually(lambda: town.state("a1") is AgentState.READY, 5)


async def test_an_agent_who_does_not_pick_up_dials_nobody(town: Town) -> None:
    town["1001"].answers_after = None
    assert "no answer" in await town.outcome(await dial(town))
    assert town.of(events.ContactArrived) == []
    assert town.outside.invite == "" or not town.outside.ringing.is_set()
    await eventually(lambda: town.state("a1") is AgentState.READY, 5)


# Ring-all


async def test_all_ring_one_wins_and_the_losers_are_offered_the_next_call(town: Town) -> None:
    town["1001"].answers_after = town["1003"].answers_after = None
    town["1002"].answers_after = 0.5
    await town.ready("a1", "a2", "a3")
    call = await town.arrive(ALL)
    answered = await town.until(events.CallAnswered, call=call)
    assert answered.agent == "a2"
    for number in ("1001", "1003"):
        await eventually(town[number].over.is_set, 5)
        assert town[number].cancelled
    assert {leg.agent: leg.end for leg in town.books.legs if leg.end} == dict.fromkeys(
        ("a1", "a3"), LegEnd.ANSWERED_ELSEWHERE
    )
    assert [town.state(name) for name in ("a1", "a3")] == [AgentState.READY] * 2
    assert {pop.agent for pop in town.of(events.ScreenPopWithdrawn)} == {"a1", "a3"}
    town["1003"].answers_after = 0.3
    following = await town.arrive(ALL, town.second)
    assert (await town.until(events.CallAnswered, call=following)).agent == "a3"
    assert {offer.agent for offer in town.of(events.CallOffered) if offer.call == following} == {"a1", "a3"}
    town.caller.hang_up()
    town.second.hang_up()
    await town.until(events.ContactEnded, call=following)


# What a queue does not take


async def test_the_caller_of_a_full_queue_is_told_and_blocked(town: Town) -> None:
    await town.arrive(FULL)
    await town.until(events.CallQueued)
    turned_away = await town.arrive(FULL, town.second)
    ended = await town.until(events.ContactEnded, call=turned_away)
    assert (ended.outcome, ended.by_citizen) == (ContactOutcome.BLOCKED, False)
    assert (await town.until(events.ContactBlocked, call=turned_away)).why is Refusal.FULL
    assert town.second.media.heard > 20, "the announcement"
    town.caller.hang_up()
    await town.until(events.ContactEnded, outcome=ContactOutcome.ABANDONED)
    assert [(v.queue, v.joined, v.outcome) for v in town.books.visits] == [
        ("full", True, ContactOutcome.ABANDONED),
        ("full", False, ContactOutcome.BLOCKED),
    ]


@pytest.mark.parametrize(
    ("key", "outcome"), [("1", ContactOutcome.CALLBACK), pytest.param("5", ContactOutcome.BLOCKED, marks=proof_only)]
)
async def test_a_call_back_is_taken_by_key_1_only(town: Town, key: str, outcome: ContactOutcome) -> None:
    call = await town.arrive(CALLBACK)
    await town.until(events.CallDeflected)
    heard = town.caller.media.heard
    await eventually(lambda: town.caller.media.heard > heard + 10, 10)
    town.caller.media.key(key)
    ended = await town.until(events.ContactEnded, call=call)
    assert ended.outcome is outcome
    asked = [request.number for request in town.of(events.CallbackRequested)]
    assert asked == ([CITIZEN] if key == "1" else [])
    assert [v.outcome for v in town.books.visits] == [outcome]


async def test_a_queue_with_nobody_logged_in_sends_its_callers_to_another(town: Town) -> None:
    await town.ready("a2")
    call = await town.arrive(EMPTY)
    answered = await town.until(events.CallAnswered, call=call)
    assert (answered.queue, answered.agent) == ("complaints", "a2")
    town["1002"].hang_up()
    await town.until(events.ContactEnded, outcome=ContactOutcome.ANSWERED)
    assert [(v.queue, v.outcome, v.refused, v.to) for v in town.books.visits] == [
        ("empty", ContactOutcome.OVERFLOWED, Refusal.NOBODY, "complaints"),
        ("complaints", ContactOutcome.ANSWERED, None, None),
    ]


# Labelled callers


async def label(town: Town) -> CallId:
    """Have the caller labelled by one and approved by another; return their next call, once they hear of it."""
    reply = await town.loop.ask(
        requests.ProposeLabel(
            by=BY,
            number=CITIZEN,
            tenant="",
            kind=LabelKind.HARASSING,
            reason="insults",
            evidence=(ContactId("c1"),),
        )
    )
    await town.loop.ask(requests.ApproveLabel(by=UserId("supervisor"), label=LabelId(reply.id)))
    call = await town.arrive()
    told = await town.until(events.CallDeflected, call=call)
    assert (told.why, told.then) == (Refusal.NUISANCE, Then.WAIT)
    return call


async def unlabel(town: Town) -> None:
    for name in list(town.center.state.labels):
        await town.loop.ask(requests.RevokeLabel(by=BY, label=name, reason="over"))


async def test_a_labelled_caller_is_told_and_waits_for_the_special_desk(town: Town) -> None:
    await town.ready("a1")
    call = await label(town)
    heard = town.caller.media.heard
    answered = await town.until(events.CallAnswered, call=call)
    assert (answered.queue, answered.agent) == ("complaints", "a1")
    assert town.caller.media.heard > heard + 20, "the announcement, and the offer of the key"
    [pop] = town.of(events.ScreenPop)
    assert pop.malicious
    assert town.of(events.CallUrgent) == []
    town.caller.hang_up()
    await town.until(events.ContactEnded, call=call)
    await unlabel(town)


async def test_a_labelled_caller_in_an_emergency_presses_0_and_is_as_everybody_is(town: Town) -> None:
    await town.ready("a1")
    call = await label(town)
    heard = town.caller.media.heard
    await eventually(lambda: town.caller.media.heard > heard + 10, 10)
    town.caller.media.key("0")
    answered = await town.until(events.CallAnswered, call=call)
    assert (answered.queue, answered.agent) == ("12345", "a1")
    assert [event.call for event in town.of(events.CallUrgent)] == [call]
    town.caller.hang_up()
    await town.until(events.ContactEnded, call=call)
    assert [(v.queue, v.outcome) for v in town.books.visits] == [("12345", ContactOutcome.ANSWERED)]
    assert [contact.urgent for contact in town.books.contacts] == [True]
    await unlabel(town)


# Phones that vanish


async def test_a_phone_unplugged_while_it_rings_passes_the_call_on(town: Town) -> None:
    town["1001"].answers_after = None
    await town.ready("a1")
    call = await town.arrive()
    await town.until(events.CallRinging)
    town["1001"].unplug()
    await town.ready("a2")
    await town.until(events.AgentStateChanged, agent=AgentId("a1"), after=AgentState.NOT_READY, reason="rona")
    assert (await town.until(events.CallAnswered, call=call)).agent == "a2"
    await town["1001"].plug_in()
    town.caller.hang_up()
    await town.until(events.ContactEnded)
    assert [leg.end for leg in town.books.legs] == [LegEnd.NO_ANSWER, LegEnd.CITIZEN_HUNG_UP]


@pytest.mark.parametrize("way", [pytest.param("the citizen hangs up", marks=proof_only), "the call is passed on"])
async def test_a_phone_unplugged_while_it_talks_does_not_hold_the_citizen(town: Town, way: str) -> None:
    call, leg = await town.talk()
    town["1001"].unplug()
    if way == "the call is passed on":
        await town.ready("a2")
        await town.do(Verb.TRANSFER, call, None, target=agent("a2"))
        await town.until(events.CallAnswered, agent=AgentId("a2"))
    town.caller.hang_up()
    await town.until(events.ContactEnded, call=CallId(call), by_citizen=True)
    assert town.of(events.LegEnded)[0].leg == LegId(leg)
    await town["1001"].plug_in()
