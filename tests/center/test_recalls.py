"""Citizens whom we ring without an agent: called back to a kept place, or asked by keypad about their case."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from calls.callback import CallbackSettings
from center import snapshot
from center.records import CallbackRecord, ContactRecord, RevisitRecord, SurveyRecord
from messages import commands, events, facts, requests
from messages.errors import Conflict
from messages.ids import AgentId, CallbackId, CallId, ContactId, LegId, OperationId, QueueId
from messages.values import (
    AgentState,
    Asker,
    CallbackEnd,
    ContactOutcome,
    Direction,
    LegEnd,
    RingsFirst,
)
from tests.center.city import city
from tests.center.test_callbacks import asks_while_waiting, gives_up
from tests.center.world import BY, NODE, World, same

NUMBER, OTHER = "13800001234", "13900000001"
NIGHT = datetime(2026, 11, 24, 12, 55, tzinfo=UTC)
"""20:55 in Shanghai."""


def town(**changes: object) -> World:
    """Return the city, ringing citizens first."""
    settings = CallbackSettings(**{"automatic": True, "first": RingsFirst.CITIZEN, **changes})  # type: ignore[arg-type]
    return World(whole=city(callbacks=settings))


def rung(world: World) -> list[str]:
    """Return the numbers that were rung without an agent, in order."""
    return [command.number for command in world.commanded(commands.CallCitizen)]


def rings(world: World, call: str = "out") -> CallId:
    """The phone of whom we ring last is there."""
    leg = world.commanded(commands.CallCitizen)[-1].leg
    about = {"occurred": world.now, "node": NODE, "call": CallId(call), "contact": ContactId(call)}
    world.do(facts.CallArrived(**about, number="12345", did="12345", outbound=leg))  # type: ignore[arg-type]
    return CallId(call)


def picks_up(world: World, call: str = "out") -> None:
    """Whom we ring answers and has heard the notice."""
    rings(world, call)
    world.do(facts.CitizenReached(occurred=world.now, node=NODE, call=CallId(call)))
    world.queue(call)


def hangs_up(world: World, call: str = "out", cause: int = 16, *, by_citizen: bool = False) -> None:
    """Asterisk tells the end of a call, and its cause."""
    world.do(facts.CallHungUp(occurred=world.now, node=NODE, call=CallId(call), cause=cause, by_citizen=by_citizen))


def test_the_citizen_is_rung_first_and_then_offered_to_an_agent_who_sees_what_for() -> None:
    world = town(reserve=0)
    gives_up(world)
    world.ready("a1")
    world.wait(60)
    assert rung(world) == [NUMBER]
    assert world.state("a1") is AgentState.READY, "nobody is held back"
    assert not world.of(events.ScreenPop)
    picks_up(world)
    [pop] = world.of(events.ScreenPop)
    assert (pop.agent, pop.number, pop.purpose, pop.about) == ("a1", NUMBER, "callback missed", "c1")
    assert not world.of(events.CallbackDone)
    world.talk("out/1")
    [done] = world.of(events.CallbackDone)
    assert (done.end, done.contact, done.agent, done.attempts) == (CallbackEnd.SERVED, "out", "a1", 1)
    assert not world.center.state.operations
    world.hang_up("out")
    first, second = world.records(ContactRecord)
    assert (first.outcome, first.direction) == (ContactOutcome.ABANDONED, Direction.IN), "it stays what it was"
    assert (second.outcome, second.direction, second.about) == (ContactOutcome.ANSWERED, Direction.OUT, "c1")


def test_whoever_is_recorded_has_heard_the_notice() -> None:
    world = town(reserve=0)
    gives_up(world)
    world.ready("a1")
    world.wait(60)
    picks_up(world)
    world.talk("out/1")
    assert [start.leg for start in world.commanded(commands.StartRecording)] == ["out/1"]


@pytest.mark.parametrize(("cause", "why"), [(17, "busy"), (19, "no_answer"), (34, "unavailable")])
def test_who_is_not_reached_is_tried_again_and_given_up_after_so_many_times(cause: int, why: str) -> None:
    world = town(reserve=0, attempts=2, retry_s=600.0)
    gives_up(world)
    world.ready("a1")
    world.wait(60)
    for n in range(2):
        assert len(rung(world)) == n + 1
        rings(world, f"out{n}")
        world.wait(3)
        hangs_up(world, f"out{n}", cause)
        world.wait(599)
        assert len(rung(world)) == n + 1, "not sooner"
        world.wait(2)
    assert [attempt.why for attempt in world.of(events.CallbackAttempted)] == [f"the other side: {why}"] * 2
    assert [(done.end, done.attempts) for done in world.of(events.CallbackDone)] == [(CallbackEnd.GAVE_UP, 2)]
    world.wait(3000)
    assert len(rung(world)) == 2
    assert len(world.of(events.CallbackNoted)) == 1, "a call of ours that fails is owed nothing"
    outcomes = [contact.outcome for contact in world.records(ContactRecord)]
    assert outcomes == [ContactOutcome.ABANDONED, ContactOutcome.NOT_REACHED, ContactOutcome.NOT_REACHED]


def test_a_number_that_cannot_be_rung_is_not_tried_for_ever() -> None:
    world = town(reserve=0, attempts=1)
    gives_up(world)
    world.ready("a1")
    world.wait(60)
    operation = world.commanded(commands.CallCitizen)[0].operation
    world.do(facts.OperationReported(occurred=world.now, node=NODE, operation=operation, failed="no trunk"))
    assert [done.end for done in world.of(events.CallbackDone)] == [CallbackEnd.GAVE_UP]


def test_an_asterisk_that_tells_nothing_ends_the_attempt_and_what_comes_too_late_is_hung_up() -> None:
    world = town(reserve=0)
    gives_up(world)
    world.ready("a1")
    world.wait(60 + 48)
    assert [attempt.attempts for attempt in world.of(events.CallbackAttempted)] == [1]
    assert world.commanded(commands.CancelDialOut)
    rings(world)
    assert [command.call for command in world.commanded(commands.HangUp)] == ["out"]


def test_only_an_agent_who_answers_serves_them() -> None:
    world = town(reserve=0)
    gives_up(world)
    world.ready("a1")
    world.wait(60)
    operation = OperationId(world.commanded(commands.CallCitizen)[0].operation)
    world.do(facts.OperationReported(occurred=world.now, node=NODE, operation=operation))
    picks_up(world)
    world.ring("out/1")
    hangs_up(world, by_citizen=True)
    [attempt] = world.of(events.CallbackAttempted)
    assert (attempt.why, attempt.attempts) == ("the other side: abandoned", 1)
    assert world.records(ContactRecord)[-1].outcome is ContactOutcome.ABANDONED
    assert not world.of(events.CallbackDone)


def test_who_is_let_go_by_the_queue_is_tried_again() -> None:
    world = town(reserve=0)
    world.do(requests.AskCallback(by=BY, number=NUMBER, queue=QueueId("county")))
    world.ready("a5")
    picks_up(world)
    world.ring("out/1")
    world.end_leg("out/1", LegEnd.NO_ANSWER)
    world.wait(46)
    assert [left.outcome for left in world.of(events.CallLeftQueue)] == [ContactOutcome.TIMED_OUT]
    hangs_up(world)
    assert [attempt.why for attempt in world.of(events.CallbackAttempted)] == ["the other side: timed_out"]


# Live callers


def test_a_live_caller_who_comes_while_a_citizen_is_rung_is_offered_at_once() -> None:
    world = town(reserve=0)
    gives_up(world)
    world.ready("a1")
    world.wait(60)
    rings(world)
    world.come("live", number=OTHER)
    assert world.call("live").alive_legs(), "the agent was free for them"
    world.do(facts.CitizenReached(occurred=world.now, node=NODE, call=CallId("out")))
    world.queue("out")
    assert world.call("out").in_line, "and who was rung waits"
    world.talk("live/1")
    world.hang_up("live")
    world.wait(6)
    assert world.call("out").alive_legs()


def test_nobody_is_rung_while_others_wait_or_the_reserve_would_be_broken() -> None:
    world = town(reserve=1)
    gives_up(world)
    world.ready("a1")
    world.wait(60)
    assert not rung(world), "the only free agent is kept for live callers"
    world.ready("a2")
    assert rung(world) == [NUMBER]


def test_two_are_not_rung_for_one_agent() -> None:
    world = town(reserve=0)
    gives_up(world)
    gives_up(world, "c2", OTHER)
    world.ready("a1")
    world.wait(60)
    assert len(rung(world)) == 1
    world.ready("a2")
    assert len(rung(world)) == 2


def test_who_asked_while_waiting_comes_back_to_the_place_they_kept() -> None:
    world = town(reserve=3)
    world.come("first", number="13900000009")
    world.wait(1)
    asks_while_waiting(world, "c1")
    world.come("later", number="13900000002")
    world.ready("a1")
    assert world.call("first").alive_legs()
    assert not rung(world), "their turn has not come"
    world.ready("a2")
    assert world.call("later").alive_legs(), "no live caller waits for whoever is not there yet"
    world.talk("first/1")
    world.talk("later/1")
    world.come("last", number="13900000003")
    world.ready("a3")
    assert world.call("last").alive_legs()
    world.come("after", number="13900000004")
    place = world.center.state.callbacks[CallbackId(world.of(events.CallbackNoted)[0].callback)].place
    assert place is not None
    world.talk("last/1")
    for call, agent in (("first", "a1"), ("last", "a3")):
        world.hang_up(call)
        world.do(requests.GoReady(by=BY, agent=AgentId(agent)))
    assert rung(world) == [NUMBER], "an agent is free beyond those who wait"
    world.talk("after/1")
    picks_up(world)
    assert world.call("out").place == place
    assert world.of(events.CallQueued)[-1].place == place


def test_a_kept_place_is_rung_for_shortly_before_an_agent_is_free_where_the_pace_is_known() -> None:
    world = town(reserve=3, lead_s=15.0)
    world.ready("a1")
    for n in range(8):
        world.come(f"c{n}", number=f"1390000010{n}")
    asks_while_waiting(world, "mine")
    world.come("later", number=OTHER)
    for n in range(8):
        assert not rung(world), "not while somebody is before them and the wait is long, or unknown"
        world.talk(f"c{n}/1")
        world.wait(4)
        world.hang_up(f"c{n}")
        world.do(requests.GoReady(by=BY, agent=AgentId("a1")))
        if n == 5:  # two are before them, answered every four seconds
            break
    assert rung(world) == [NUMBER]
    picks_up(world)
    assert world.call("out").place < world.call("later").place  # type: ignore[operator]
    world.talk("c6/1")
    for call in ("c6", "c7"):
        world.hang_up(call)
        world.do(requests.GoReady(by=BY, agent=AgentId("a1")))
        if call == "c6":
            world.talk("c7/1")
    assert world.call("out").alive_legs(), "before who came after them"
    assert world.call("later").in_line


def test_a_pace_of_the_past_rings_nobody_where_nobody_works() -> None:
    world = town(reserve=3, lead_s=15.0)
    world.ready("a1")
    for n in range(7):
        world.come(f"c{n}", number=f"1390000010{n}")
    for n in range(7):
        world.talk(f"c{n}/1")
        world.wait(4)
        if n == 6:
            world.do(requests.GoNotReady(by=BY, agent=AgentId("a1"), reason="lunch"))
        world.hang_up(f"c{n}")
        if n < 6:
            world.do(requests.GoReady(by=BY, agent=AgentId("a1")))
    world.wait(6)
    assert world.state("a1") is AgentState.NOT_READY
    assert world.center.state.paces[QueueId("12345")].wait_s(1) is not None
    asks_while_waiting(world, "mine")
    assert not rung(world)
    world.do(requests.GoReady(by=BY, agent=AgentId("a1")))
    assert rung(world) == [NUMBER]


def test_the_place_outlives_the_fallback_queue_and_attempts_in_vain() -> None:
    world = town(reserve=0, retry_s=100.0)
    asks_while_waiting(world, "c1")
    place = next(iter(world.center.state.callbacks.values())).place
    world.ready("a1")
    picks_up(world)
    world.do(facts.CallMissing(occurred=world.now, node=NODE, call=CallId("out")))
    world.queue("out", queue="fallback", by_asterisk=True)
    world.queue("out")
    assert world.call("out").place == place
    hangs_up(world, by_citizen=True)
    world.wait(101)
    picks_up(world, "again")
    assert world.call("again").place == place


# Never twice, never at night


def test_nobody_is_rung_who_is_on_the_line_with_us() -> None:
    world = town(reserve=0, automatic=True)
    world.ready("a1", "a2")
    world.arrive("c1")
    world.do(requests.AskCallback(by=BY, number=NUMBER))
    world.do(requests.AskRevisit(by=BY, number=NUMBER, case_no="GD1", asker=Asker.KEYPAD))
    assert not rung(world)
    world.hang_up("c1")
    assert rung(world) == [NUMBER], "one of the two, for they are on the line then"
    world.wait(5)
    rings(world)
    assert rung(world) == [NUMBER]


def test_agents_are_shown_nobody_who_is_on_the_line_with_us() -> None:
    world = town(reserve=0, first=RingsFirst.AGENT)
    world.ready("a1", "a2")
    world.arrive("c1")
    world.do(requests.AskCallback(by=BY, number=NUMBER))
    assert not world.of(events.PreviewShown)
    world.hang_up("c1")
    assert len(world.of(events.PreviewShown)) == 1
    world.arrive("c2")
    [agent] = world.center.state.previews
    world.do(requests.AnswerPreview(by=BY, agent=agent, dial=True))
    assert not world.commanded(commands.DialOut), "they came meanwhile"
    assert [attempt.why for attempt in world.of(events.CallbackAttempted)] == ["on the line with us"]


def test_who_calls_in_while_we_ring_them_is_rung_no_more_and_owed_nothing_once_served() -> None:
    world = town(reserve=0)
    gives_up(world)
    world.ready("a1")
    world.wait(60)
    rings(world)
    world.come("c2")
    assert [command.call for command in world.commanded(commands.HangUp)] == ["out"]
    [attempt] = world.of(events.CallbackAttempted)
    assert (attempt.why, attempt.attempts) == ("on the line with us", 0)
    world.talk("c2/1")
    assert [done.contact for done in world.of(events.CallbackDone)] == ["c2"]
    hangs_up(world)
    world.wait(3000)
    assert len(rung(world)) == 1


def test_what_waits_until_the_night_is_called_in_the_morning() -> None:
    for first in RingsFirst:
        world = town(reserve=0, first=first)
        world.do(requests.AskCallback(by=BY, number=NUMBER), (NIGHT - world.now).total_seconds())
        world.do(requests.AskRevisit(by=BY, number=OTHER, case_no="GD1", due_at=NIGHT))
        world.wait(600)
        world.ready("a1", "a2")
        assert not rung(world) and not world.of(events.PreviewShown)
        attempts = world.of(events.CallbackAttempted)
        assert [(one.why, one.attempts, one.due_at.hour) for one in attempts] == [("quiet hours", 0, 0)] * 2
        world.wait(11 * 3600)
        shown = [preview.number for preview in world.of(events.PreviewShown)]
        assert set(shown or rung(world)) == {NUMBER, OTHER}


def test_a_citizen_who_is_rung_is_neither_dialled_nor_closed_by_hand() -> None:
    world = town(reserve=0)
    name = CallbackId(world.do(requests.AskCallback(by=BY, number=NUMBER)).id)
    world.ready("a1", "a2")
    assert rung(world) == [NUMBER]
    with pytest.raises(Conflict, match="the citizen is called now"):
        world.do(requests.CloseCallback(by=BY, callback=name, reason="x"))
    with pytest.raises(Conflict, match="the citizen is called now"):
        world.do(requests.DialCallback(by=BY, callback=name, agent=AgentId("a2")))


def test_nobody_is_rung_by_itself_where_that_is_not_wanted() -> None:
    world = town(automatic=False)
    name = CallbackId(world.do(requests.AskCallback(by=BY, number=NUMBER)).id)
    world.ready("a1", "a2")
    world.wait(100)
    assert not rung(world)
    world.do(requests.DialCallback(by=BY, callback=name, agent=AgentId("a1")))
    assert [command.phone for command in world.commanded(commands.DialOut)] == ["1001"], "from the list"


# Revisits by keypad


def revisit(world: World, case_no: str = "GD1", number: str = NUMBER) -> str:
    """Have a citizen asked by keypad; return the revisit."""
    return world.do(requests.AskRevisit(by=BY, number=number, case_no=case_no, asker=Asker.KEYPAD)).id


def is_asked(world: World, *keyed: tuple[str, str, bool | None], call: str = "out") -> None:
    """The citizen answers the phone and these questions, a key each; and it is over."""
    rings(world, call)
    about = {"occurred": world.now, "node": NODE, "call": CallId(call)}
    world.do(facts.CitizenReached(**about))  # type: ignore[arg-type]
    for question, key, satisfied in keyed or (("survey", "", None),):
        world.do(facts.SurveyAsked(**about, question=question))  # type: ignore[arg-type]
        if key:
            world.do(facts.SurveyAnswered(**about, question=question, key=key, satisfied=satisfied))  # type: ignore[arg-type]
    hangs_up(world, call)


def test_what_is_keyed_is_the_revisits_result_and_no_service_satisfaction() -> None:
    world = town(automatic=False)
    name = revisit(world)
    world.ready("a1")
    [command] = world.commanded(commands.CallCitizen)
    assert (command.number, command.queue) == (NUMBER, "")
    is_asked(world, ("survey", "3", False), ("reason", "2", None))
    [answered] = world.of(events.RevisitAnswered)
    assert (answered.revisit, answered.case_no, answered.satisfied) == (name, "GD1", False)
    assert (answered.contact, answered.agent, answered.by) == ("out", None, "callbacks")
    assert answered.keyed == ("survey=3", "reason=2")
    [done] = world.of(events.CallbackDone)
    assert (done.callback, done.end, done.contact, done.attempts) == (name, CallbackEnd.SERVED, "out", 1)
    assert world.state("a1") is AgentState.READY
    assert not world.of(events.ScreenPop)
    [record] = world.records(RevisitRecord)
    assert (record.satisfied, record.keyed) == (False, "survey=3 reason=2")
    assert not world.records(SurveyRecord)
    [contact] = world.records(ContactRecord)
    assert (contact.direction, contact.outcome) == (Direction.OUT, ContactOutcome.ENDED_IN_IVR)
    assert [linked.case_no for linked in world.of(events.ContactLinked)] == ["GD1"]


def test_who_presses_nothing_is_asked_again_and_closed_without_a_result() -> None:
    world = town(attempts=2, retry_s=100.0)
    revisit(world)
    is_asked(world)
    world.wait(101)
    is_asked(world, call="again")
    assert [attempt.attempts for attempt in world.of(events.CallbackAttempted)] == [1, 2]
    [record] = world.records(CallbackRecord)
    assert (record.end, record.asker) == (CallbackEnd.GAVE_UP, Asker.KEYPAD)
    assert not world.of(events.RevisitAnswered)


def test_an_answer_that_says_nothing_of_satisfaction_is_no_result() -> None:
    world = town()
    revisit(world)
    is_asked(world, ("reason", "2", None))
    assert not world.of(events.RevisitAnswered)
    assert len(world.of(events.CallbackAttempted)) == 1


def test_a_revisit_asked_for_again_is_not_made_sooner() -> None:
    world = town(retry_s=100.0)
    name = revisit(world)
    is_asked(world)
    assert revisit(world) == name
    world.wait(99)
    assert len(rung(world)) == 1
    world.wait(2)
    assert len(rung(world)) == 2


def test_so_many_are_asked_at_once_and_no_more() -> None:
    world = town(keypad=2)
    for n in range(4):
        revisit(world, number=f"1390000000{n}")
    assert len(rung(world)) == 2
    is_asked(world, ("survey", "1", True))
    assert len(rung(world)) == 3


def test_a_flow_that_leads_to_an_agent_is_served_by_that_agent() -> None:
    world = town()
    name = revisit(world)
    world.ready("a1")
    rings(world)
    world.do(facts.CitizenReached(occurred=world.now, node=NODE, call=CallId("out")))
    world.queue("out")
    assert world.of(events.ScreenPop)[0].purpose == "revisit GD1"
    world.talk("out/1")
    assert [(done.callback, done.agent) for done in world.of(events.CallbackDone)] == [(name, "a1")]


def test_a_revisit_in_confidence_shows_the_number_to_nobody() -> None:
    world = town()
    world.come("c1")
    world.do(requests.MarkConfidential(by=BY, contact=ContactId("c1")))
    world.hang_up("c1")
    asked = requests.AskRevisit(by=BY, number=NUMBER, case_no="GD1", contact=ContactId("c1"), asker=Asker.KEYPAD)
    world.do(asked)
    assert all(event.confidential for event in world.of(events.DialledOut))
    rings(world)
    assert world.call("out").confidential


# Restarts


def test_what_is_under_way_outlives_a_restart_from_log_or_snapshot() -> None:
    world = town(reserve=0)
    revisit(world, number=OTHER)
    gives_up(world)
    world.ready("a1")
    world.wait(60)
    picks_up(world)
    restored = snapshot.decode(snapshot.encode(world.center.state), world.settings)
    for state in (world.replayed(), restored):
        assert same(state, world.center.state)
        assert state.owed == world.center.state.owed
        assert state.attempts == world.center.state.attempts


def test_a_node_that_is_lost_loses_no_call_back() -> None:
    world = town(reserve=0)
    gives_up(world)
    world.ready("a1")
    world.wait(60)
    picks_up(world)
    world.do(facts.CallsLost(occurred=world.now, node=NODE))
    assert [attempt.why for attempt in world.of(events.CallbackAttempted)] == ["the other side: lost"]
    world.do(facts.NodeDown(occurred=world.now, node=NODE, reason="cut"))
    world.wait(1801)
    assert len(rung(world)) == 1, "nothing to ring with"
    world.do(facts.NodeUp(occurred=world.now, node=NODE))
    assert len(rung(world)) == 2
    assert LegId(world.commanded(commands.CallCitizen)[0].leg) != world.commanded(commands.CallCitizen)[1].leg
