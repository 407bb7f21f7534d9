"""Citizens whom we ring without an agent, on a real Asterisk with the whole centre: called back, asked by keypad."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from calls.callback import CallbackSettings
from center.records import CallbackRecord, RevisitRecord, SurveyRecord
from messages import events, facts, requests
from messages.ids import AgentId, CallbackId, ContactId
from messages.values import Asker, CallbackEnd, ContactOutcome, Direction, RingsFirst
from telephony import FALLBACK_QUEUE
from tests.integration.agreement import told
from tests.integration.hall import BY, now
from tests.integration.town import BUSY, CITIZEN, TOWN, Town, open_town
from tests.sip_fixture import eventually

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

ALWAYS = CallbackSettings(
    automatic=True,
    first=RingsFirst.CITIZEN,
    missed=False,
    retry_s=1.0,
    attempts=2,
    reserve=0,
    since="00:00",
    until="23:59:59.999999",
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened_town(tmp_path_factory: pytest.TempPathFactory, asterisk_root: Path) -> AsyncIterator[Town]:
    """Give a town that rings citizens first, to all tests of this file."""
    center = msgspec.structs.replace(TOWN, callbacks=ALWAYS, party_ring_s=3.0)
    async with open_town(tmp_path_factory.mktemp("recalls"), asterisk_root, center) as town:
        yield town
    print("\n" + told(town.differences))
    assert [found for found in town.differences if not found.agrees] == []


async def asks(town: Town) -> CallbackId:
    """Have the citizen called back."""
    return CallbackId((await town.loop.ask(requests.AskCallback(by=BY, number=CITIZEN))).id)


async def asks_about(town: Town, case_no: str = "GD1") -> CallbackId:
    """Have the citizen asked about a case by keypad."""
    asked = requests.AskRevisit(by=BY, number=CITIZEN, case_no=case_no, asker=Asker.KEYPAD)
    return CallbackId((await town.loop.ask(asked)).id)


async def test_a_citizen_who_asked_while_waiting_is_rung_first_and_then_talks_with_an_agent(town: Town) -> None:
    call = await town.arrive()
    await town.until(events.CallQueued, call=call)
    town._tell(facts.CallbackWanted(occurred=now(), node=town.bridge.node, call=call))
    await town.until(events.CallLeftQueue, call=call)
    town.caller.hang_up()
    noted = await town.until(events.CallbackNoted)
    assert noted.place is not None
    await town.ready("a1")
    await town.until(events.CallReached)
    assert "sip:12345@" in town.outside.header("From")[0]
    done = await town.until(events.CallbackDone)
    queued = town.of(events.CallQueued)[-1]
    assert queued.place == noted.place
    assert (done.end, done.attempts, done.agent, done.contact) == (CallbackEnd.SERVED, 1, "a1", queued.contact)
    pop = town.of(events.ScreenPop)[-1]
    assert (pop.number, pop.purpose, pop.about) == (CITIZEN, "callback requested", ContactId(call))
    town.outside.media.hums = True
    before = town["1001"].media.heard
    await eventually(lambda: town["1001"].media.heard > before + 10)
    town["1001"].hang_up()
    await town.until(events.ContactEnded, contact=queued.contact)
    first, second = town.books.contacts
    assert (first.outcome, first.direction) == (ContactOutcome.CALLBACK, Direction.IN)
    assert (second.outcome, second.direction, second.number) == (ContactOutcome.ANSWERED, Direction.OUT, CITIZEN)
    assert second.noticed
    assert second.about == first.contact


async def test_a_citizen_who_is_busy_or_does_not_pick_up_is_tried_again(town: Town) -> None:
    await town.ready("a1")
    town.outside.refuses = BUSY
    await asks(town)
    attempted = await town.until(events.CallbackAttempted)
    assert (attempted.why, attempted.attempts, attempted.agent) == ("the other side: busy", 1, None)
    town.outside.refuses, town.outside.answers_after = "", None
    attempted = await town.until(events.CallbackAttempted, 30, attempts=2)
    assert attempted.why == "the other side: no_answer"
    assert town.outside.cancelled
    assert (await town.until(events.CallbackDone)).end is CallbackEnd.GAVE_UP
    assert [contact.outcome for contact in town.books.contacts] == [ContactOutcome.NOT_REACHED] * 2
    assert not town.of(events.ScreenPop), "no agent was troubled"


async def test_a_citizen_who_hangs_up_while_waiting_is_tried_again(town: Town) -> None:
    town["1001"].answers_after = None
    await town.ready("a1")
    await asks(town)
    await town.until(events.ScreenPop)
    town.outside.hang_up()
    attempted = await town.until(events.CallbackAttempted)
    assert attempted.why == "the other side: abandoned"
    town["1001"].answers_after = 0.05
    done = await town.until(events.CallbackDone, 30)
    assert (done.end, done.attempts) == (CallbackEnd.SERVED, 2)


async def test_our_process_killed_while_the_citizen_waits_loses_nobody(town: Town) -> None:
    town.sighted = False
    town["1001"].answers_after = None
    await town.ready("a1")
    await asks(town)
    call = (await town.until(events.ScreenPop)).call
    town["1001"].answers_after = 0.05
    await town.die()
    await eventually(town["1001"].talking.is_set)
    assert town.outside.talking.is_set(), "the safety net has passed them to an agent"
    await town.come_back()
    done = await town.until(events.CallbackDone, 30)
    assert (done.end, done.contact, done.agent) == (CallbackEnd.SERVED, ContactId(call), AgentId("a1"))


async def test_our_process_killed_while_nobody_is_free_keeps_the_citizen_and_their_place(town: Town) -> None:
    town.sighted = False
    town["1001"].answers_after = None
    await town.ready("a1")
    await asks(town)
    call = (await town.until(events.ScreenPop)).call
    town["1001"].refuses = BUSY
    await town.die()
    await asyncio.sleep(1)
    assert town.outside.talking.is_set(), "the safety net holds them"
    await town.come_back()
    await town.until(events.CallQueued, 30, call=call, queue=FALLBACK_QUEUE)
    await town.ready("a2")
    done = await town.until(events.CallbackDone, 30)
    assert (done.end, done.contact, done.agent) == (CallbackEnd.SERVED, ContactId(call), AgentId("a2"))


async def test_our_process_killed_while_the_citizen_is_rung_leads_them_to_the_safety_net(town: Town) -> None:
    town.sighted = False
    town.outside.answers_after = None
    await town.ready("a1")
    await asks(town)
    await eventually(town.outside.ringing.is_set)
    await town.die()
    town.outside.answer()
    await eventually(lambda: town.outside.media.heard > 10)
    await town.come_back()
    done = await town.until(events.CallbackDone, 30)
    assert (done.end, done.agent) == (CallbackEnd.SERVED, "a1")


@pytest.mark.parametrize(("key", "satisfied"), [("1", True), ("3", False)])
async def test_a_revisit_by_keypad_keeps_what_was_pressed_and_troubles_no_agent(
    town: Town, key: str, satisfied: bool
) -> None:
    await town.ready("a1")
    revisit = await asks_about(town)
    await town.until(events.SurveyAsked, revisit=revisit)
    await asyncio.sleep(0.3)
    town.outside.media.key(key)
    answered = await town.until(events.RevisitAnswered)
    assert (answered.revisit, answered.case_no, answered.satisfied) == (revisit, "GD1", satisfied)
    assert answered.keyed == (f"survey={key}",)
    await town.until(events.CallbackDone, end=CallbackEnd.SERVED, contact=answered.contact, attempts=1)
    await town.until(events.ContactEnded, by_citizen=False)
    assert not town.of(events.ScreenPop)
    books = town.books
    assert [record.satisfied for record in books.of(RevisitRecord)] == [satisfied]
    assert books.of(SurveyRecord) == [], "it is no service satisfaction"
    [contact] = books.contacts
    assert (contact.direction, contact.outcome) == (Direction.OUT, ContactOutcome.ENDED_IN_IVR)


async def test_a_revisit_whose_citizen_presses_nothing_is_tried_again_and_ends_without_a_result(town: Town) -> None:
    await asks_about(town, "GD2")
    first = await town.until(events.CallbackAttempted, 30)
    assert (first.why, first.attempts) == ("the other side: ended_in_ivr", 1)
    await town.until(events.CallReached)
    done = await town.until(events.CallbackDone, 30)
    assert (done.end, done.attempts) == (CallbackEnd.GAVE_UP, 2)
    assert not town.of(events.RevisitAnswered)
    assert [record.end for record in town.books.of(CallbackRecord)] == [CallbackEnd.GAVE_UP]


async def test_our_process_killed_in_a_revisit_hangs_up_and_asks_again(town: Town) -> None:
    town.sighted = False
    revisit = await asks_about(town, "GD3")
    await town.until(events.SurveyAsked, revisit=revisit)
    await town.die()
    await eventually(town.outside.over.is_set)
    await town.come_back()
    await town.until(events.CallbackAttempted, 30)
    await eventually(town.outside.talking.is_set)
    await town.until(events.ContactEnded, 30)
    await town.until(events.CallbackDone, 30)


async def test_nobody_is_rung_who_is_on_the_line_with_us(town: Town) -> None:
    call = await town.arrive()
    await asks_about(town, "GD4")
    await asyncio.sleep(1)
    assert not town.of(events.DialledOut)
    town.caller.hang_up()
    await town.until(events.ContactEnded, call=call)
    await town.until(events.SurveyAsked)
    await asyncio.sleep(0.3)
    town.outside.media.key("1")
    await town.until(events.CallbackDone, end=CallbackEnd.SERVED)
    assert town.of(events.RevisitAnswered)[0].agent is None


async def test_a_citizen_who_calls_in_while_we_ring_them_is_rung_no_more_and_served(town: Town) -> None:
    town.outside.answers_after = None
    await town.ready("a1")
    callback = await asks(town)
    await eventually(town.outside.ringing.is_set)
    call = await town.arrive()
    await eventually(lambda: town.outside.cancelled)
    done = await town.until(events.CallbackDone)
    assert (done.callback, done.end, done.contact, done.attempts) == (callback, CallbackEnd.SERVED, ContactId(call), 0)
    attempted = town.of(events.CallbackAttempted)[0]
    assert (attempted.why, attempted.attempts) == ("on the line with us", 0)
