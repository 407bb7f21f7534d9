"""Calls back: nobody who called in vain is forgotten, called twice at once, or called at night."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from calls.callback import CallbackSettings, allowed_from
from center.records import CallbackRecord, ContactRecord, RevisitRecord
from messages import commands, events, facts, requests
from messages.errors import Conflict, Invalid, NotFound
from messages.ids import AgentId, CallbackId, CallId, ContactId, LegId
from messages.values import AgentState, CallbackEnd, CallbackKind, ContactOutcome, LegEnd
from tests.center.city import city
from tests.center.world import BY, NODE, START, World

NUMBER = "13800001234"


def town(**changes: object) -> World:
    """Return the city, calling back by itself."""
    return World(whole=city(callbacks=CallbackSettings(**{"automatic": True, **changes})))  # type: ignore[arg-type]


def gives_up(world: World, call: str = "c1", number: str = NUMBER) -> None:
    """Let a citizen come and leave unserved."""
    world.come(call, number=number)
    world.wait(7)
    world.hang_up(call)


def dialled(world: World, call: str) -> str:
    """Let the agent dial what was shown and the citizen's phone be there; return the leg."""
    [agent] = world.center.state.previews
    world.do(requests.AnswerPreview(by=BY, agent=agent, dial=True))
    leg = str(world.commanded(commands.DialOut)[-1].leg)
    world.do(
        facts.CallArrived(
            occurred=world.now,
            node=NODE,
            call=CallId(call),
            contact=ContactId(call),
            number=NUMBER,
            did="12345",
            outbound=LegId(leg),
        )
    )
    return leg


def test_a_missed_call_is_owed_a_call_and_stays_abandoned() -> None:
    world = town()
    gives_up(world)
    [noted] = world.of(events.CallbackNoted)
    assert (noted.cause, noted.number, noted.contact) == (CallbackKind.MISSED, NUMBER, "c1")
    world.ready("a1", "a2")
    world.wait(60)
    assert [event.agent for event in world.of(events.CallbackOffered)] == ["a1"]
    leg = dialled(world, "out")
    world.talk(leg)
    [done] = world.of(events.CallbackDone)
    assert (done.end, done.contact, done.agent) == (CallbackEnd.SERVED, "out", "a1")
    world.hang_up("out")
    outcomes = {contact.contact: contact.outcome for contact in world.records(ContactRecord)}
    assert outcomes == {"c1": ContactOutcome.ABANDONED, "out": ContactOutcome.ANSWERED}
    [record] = world.records(CallbackRecord)
    assert (record.end, record.contacts, record.attempts) == (CallbackEnd.SERVED, 1, 1)
    assert record.done_at is not None


def test_one_task_a_number_however_often_they_called() -> None:
    world = town()
    for n in range(3):
        gives_up(world, f"c{n}")
    gives_up(world, "other", "13900000000")
    assert [len(callback.contacts) for callback in world.center.state.callbacks.values()] == [3, 1]


def test_a_withheld_number_cannot_be_called_back() -> None:
    world = town()
    gives_up(world, number="")
    gives_up(world, "c2", number="anonymous")
    assert not world.center.state.callbacks


def test_whoever_calls_again_and_is_served_is_owed_nothing_more() -> None:
    world = town()
    gives_up(world)
    world.ready("a1")
    world.come("c2")
    world.talk("c2/1")
    assert [(event.end, event.contact) for event in world.of(events.CallbackDone)] == [(CallbackEnd.SERVED, "c2")]
    assert not world.center.state.callbacks


def test_live_callers_come_first_and_an_agent_stays_free_for_them() -> None:
    world = town()
    gives_up(world)
    world.ready("a1")
    world.wait(70)
    assert not world.of(events.CallbackOffered), "the only free agent is kept for live callers"
    world.ready("a2")
    assert len(world.of(events.CallbackOffered)) == 1


def test_who_is_not_reached_is_tried_again_and_given_up_after_so_many_times() -> None:
    world = town(attempts=2, retry_s=600.0)
    gives_up(world)
    world.ready("a1", "a2")
    world.wait(60)
    for n in range(2):
        leg = dialled(world, f"out{n}")
        world.ring(leg)
        world.end_leg(leg, LegEnd.NO_ANSWER)
        world.hang_up(f"out{n}", by_citizen=False)
        world.wait(600)
    assert [event.attempts for event in world.of(events.CallbackAttempted)] == [1, 2]
    assert [event.end for event in world.of(events.CallbackDone)] == [CallbackEnd.GAVE_UP]
    world.wait(2000)
    assert len(world.of(events.CallbackOffered)) == 2
    assert len(world.of(events.CallbackNoted)) == 1, "a call of ours that fails is owed nothing"


def test_an_agent_who_declines_costs_the_citizen_no_attempt() -> None:
    world = town()
    gives_up(world)
    world.ready("a1", "a2")
    world.wait(60)
    world.do(requests.AnswerPreview(by=BY, agent=AgentId("a1"), dial=False))
    assert [event.attempts for event in world.of(events.CallbackAttempted)] == [0]
    world.wait(31)
    assert len(world.of(events.CallbackOffered)) == 2


def test_a_call_back_asked_for_by_key_is_due_at_once() -> None:
    world = town()
    world.ready("a5", "a6")
    for n in range(2):
        world.come(f"t{n}", did="3612345")
        world.talk(f"t{n}/1")
    world.come("c1", did="3612345")
    world.wait(45)
    world.do(facts.CallbackWanted(occurred=world.now, node=NODE, call=CallId("c1")))
    world.hang_up("c1", by_citizen=False)
    [callback] = world.center.state.callbacks.values()
    assert (callback.kind, callback.tenant, callback.queue) == (CallbackKind.REQUESTED, "qihe", "county")
    world.wait(0)
    assert callback.waits


def test_nobody_is_called_at_night() -> None:
    settings = CallbackSettings(since="08:00", until="21:00")
    night = datetime(2026, 11, 24, 15, 30, tzinfo=UTC)
    assert allowed_from(night, settings) == datetime(2026, 11, 25, 0, 0, tzinfo=UTC), "08:00 in Shanghai"
    assert allowed_from(START, settings) == START
    early = datetime(2026, 11, 24, 23, 59, tzinfo=UTC)
    assert allowed_from(early, settings) == datetime(2026, 11, 25, 0, 0, tzinfo=UTC)


def test_call_backs_are_asked_for_dialled_and_closed_by_hand() -> None:
    world = World(whole=city())
    name = world.do(requests.AskCallback(by=BY, number=NUMBER)).id
    world.ready("a1")
    world.wait(10)
    assert not world.of(events.CallbackOffered), "not automatic: it stands in the list"
    world.do(requests.DialCallback(by=BY, callback=CallbackId(name), agent=AgentId("a1")))
    assert world.state("a1") is AgentState.RESERVED
    with pytest.raises(Conflict, match="a1 calls back now"):
        world.do(requests.CloseCallback(by=BY, callback=CallbackId(name), reason="solved"))
    world.wait(60)
    assert [event.attempts for event in world.of(events.CallbackAttempted)] == [0], "a1 did not pick up"
    world.do(requests.CloseCallback(by=BY, callback=CallbackId(name), reason="solved"))
    [record] = world.records(CallbackRecord)
    assert (record.end, record.closed_by, record.reason) == (CallbackEnd.CLOSED, BY, "solved")
    with pytest.raises(NotFound):
        world.do(requests.DialCallback(by=BY, callback=CallbackId(name), agent=AgentId("a1")))
    with pytest.raises(Invalid, match="number"):
        world.do(requests.AskCallback(by=BY, number="12"))


def asks_while_waiting(world: World, call: str, number: str = NUMBER) -> None:
    """Let a citizen wait for a while and take a call back instead."""
    world.come(call, number=number)
    world.wait(5)
    world.do(facts.CallbackWanted(occurred=world.now, node=NODE, call=CallId(call)))
    world.hang_up(call, by_citizen=False)


def test_who_asked_while_waiting_keeps_the_place_in_line() -> None:
    world = town(reserve=3)
    world.come("first", number="13900000001")
    world.wait(1)
    asks_while_waiting(world, "c1")
    world.come("later", number="13900000002")
    world.ready("a1")
    assert world.call("first").alive_legs(), "who came before is served before"
    world.ready("a2")
    assert [event.agent for event in world.of(events.CallbackOffered)] == ["a2"], "then the one who kept the place"
    assert world.call("later").in_line
    world.ready("a3")
    assert world.call("later").alive_legs()


def test_a_kept_place_is_called_at_once_where_an_agent_is_free() -> None:
    world = town(reserve=3)
    asks_while_waiting(world, "c1")
    world.ready("a1")
    assert [event.agent for event in world.of(events.CallbackOffered)] == ["a1"]


def test_an_agent_who_declines_serves_who_waits_and_the_place_is_kept() -> None:
    world = town(reserve=3, declined_s=30.0)
    asks_while_waiting(world, "c1")
    world.come("later", number="13900000002")
    world.ready("a1")
    world.do(requests.AnswerPreview(by=BY, agent=AgentId("a1"), dial=False))
    assert world.call("later").alive_legs()
    world.talk("later/1")
    world.wait(40)
    world.come("last", number="13900000003")
    world.hang_up("later")
    world.do(requests.GoReady(by=BY, agent=AgentId("a1")))
    assert len(world.of(events.CallbackOffered)) == 2, "it comes before who joined after it"
    assert world.call("last").in_line


def revisit(world: World, case_no: str = "GD1") -> str:
    """Have the citizen asked about a case; return the revisit."""
    return world.do(requests.AskRevisit(by=BY, number=NUMBER, case_no=case_no)).id


def test_a_revisit_is_one_a_case_and_nobody_else_is_served_by_it() -> None:
    world = town()
    first = revisit(world)
    assert revisit(world) == first
    assert revisit(world, "GD2") != first
    gives_up(world)
    assert len(world.center.state.callbacks) == 3, "a missed call is another matter"
    with pytest.raises(Invalid, match="case_no"):
        revisit(world, " ")


def test_whoever_calls_by_themselves_is_still_to_be_asked_about_the_case() -> None:
    world = town(automatic=False)
    revisit(world)
    world.ready("a1")
    world.come("c1")
    world.talk("c1/1")
    assert not world.of(events.CallbackDone)


def test_the_revisits_call_is_tied_to_its_case_serves_it_and_its_answer_is_kept() -> None:
    world = town(reserve=0)
    name = revisit(world)
    world.ready("a1")
    assert [preview.purpose for preview in world.of(events.PreviewShown)] == ["revisit GD1"]
    world.talk(dialled(world, "out"))
    assert [(done.callback, done.end) for done in world.of(events.CallbackDone)] == [(name, CallbackEnd.SERVED)]
    assert [(linked.contact, linked.case_no) for linked in world.of(events.ContactLinked)] == [("out", "GD1")]
    answer = requests.AnswerRevisit(by=BY, revisit=CallbackId(name), case_no="GD1", satisfied=False, reason="慢")
    world.do(answer)
    [record] = world.records(RevisitRecord)
    assert (record.case_no, record.satisfied, record.reason) == ("GD1", False, "慢")


def test_a_units_call_about_a_case_is_proved_by_the_contact() -> None:
    world = town()
    world.ready("a1")
    world.do(requests.DialOut(by=BY, agent=AgentId("a1"), number=NUMBER, case_no="GD1", unit="城管局"))
    leg = LegId(str(world.commanded(commands.DialOut)[-1].leg))
    about = {"occurred": world.now, "node": NODE, "call": CallId("out"), "contact": ContactId("out")}
    world.do(facts.CallArrived(**about, number=NUMBER, did="12345", outbound=leg))  # type: ignore[arg-type]
    world.talk(str(leg))
    world.wait(30)
    world.hang_up("out")
    [contact] = world.records(ContactRecord)
    assert (contact.unit, contact.direction, contact.outcome) == ("城管局", "out", ContactOutcome.ANSWERED)
    assert [(linked.contact, linked.case_no) for linked in world.of(events.ContactLinked)] == [("out", "GD1")]
