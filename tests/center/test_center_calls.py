"""What the centre does with one call: scenarios, each with the whole list of events it leads to."""

from __future__ import annotations

import pytest

from center import snapshot
from center.records import ListeningRecord
from messages import commands, events, facts, requests
from messages.errors import Conflict, IllegalTransition, Invalid, NotFound, Refused
from messages.ids import AgentId, CallId, ContactId, LegId, SessionId
from messages.values import AgentState, ContactOutcome, LegEnd, ListeningMode, Role
from tests.center.world import BY, NODE, World, same


def test_a_call_is_offered_popped_answered_and_wrapped_up() -> None:
    world = World(agents=1)
    world.ready("a1")
    start = len(world.entries)
    world.arrive("c1")
    world.queue("c1")
    world.ring("c1/1")
    world.answer("c1/1")
    world.hang_up("c1")
    world.wait(10)
    assert world.kinds()[start:] == [
        "contact.arrived",
        "call.queued",
        "call.offered",
        "agent.state",
        "screen_pop",
        "call.ringing",
        "agent.state",
        "call.answered",
        "agent.state",
        "leg.ended",
        "agent.state",
        "call.ended",
        "contact.ended",
        "agent.state",
    ]
    assert [change.after for change in world.of(events.AgentStateChanged)[2:]] == [
        AgentState.RESERVED,
        AgentState.RINGING,
        AgentState.TALKING,
        AgentState.WRAP_UP,
        AgentState.READY,
    ]
    assert world.of(events.ContactEnded)[0].outcome is ContactOutcome.ANSWERED
    assert [type(c) for c in world.commands if not isinstance(c, commands.MirrorAgent)] == [
        commands.OfferCall,
        commands.StartRecording,
    ]


def test_the_longest_idle_agent_is_offered_the_oldest_call() -> None:
    world = World(agents=3)
    world.arrive("c1")
    world.queue("c1")
    world.wait(1)
    world.arrive("c2")
    world.queue("c2")
    world.wait(1)
    for agent in ("a2", "a1", "a3"):
        world.ready(agent)
        world.wait(1)
    assert [(offer.call, offer.agent) for offer in world.of(events.CallOffered)] == [("c1", "a2"), ("c2", "a1")]


def test_an_unanswered_offer_goes_to_the_next_agent_and_its_agent_is_not_ready() -> None:
    world = World()
    world.ready("a1", "a2")
    world.arrive("c1")
    world.queue("c1")
    world.ring("c1/1")
    world.end_leg("c1/1", LegEnd.NO_ANSWER)
    assert world.state("a1") is AgentState.NOT_READY
    assert world.center.state.roster.by_id[AgentId("a1")].reason == "rona"
    assert world.of(events.ScreenPopWithdrawn)[0].why is LegEnd.NO_ANSWER
    assert world.of(events.CallOffered)[1].agent == "a2"


def test_a_missed_offer_keeps_the_callers_place_in_line() -> None:
    world = World(agents=2)
    world.ready("a1")
    world.arrive("c1")
    world.queue("c1")
    world.wait(1)
    world.arrive("c2")
    world.queue("c2")
    world.end_leg("c1/1", LegEnd.NO_ANSWER)
    world.ready("a2")
    assert world.of(events.CallOffered)[-1].call == "c1"


def test_a_caller_who_leaves_while_the_phone_rings_is_abandoned_and_frees_the_agent_in_place() -> None:
    world = World()
    world.ready("a1")
    world.wait(1)
    world.ready("a2")
    world.arrive("c1")
    world.queue("c1")
    world.ring("c1/1")
    world.wait(4)
    world.hang_up("c1")
    assert world.of(events.CallAbandoned)[0].waited_s == 4
    assert world.of(events.ContactEnded)[0].outcome is ContactOutcome.ABANDONED
    assert world.state("a1") is AgentState.READY
    world.arrive("c2")
    world.queue("c2")
    assert world.of(events.CallOffered)[-1].agent == "a1", "an offer that came to nothing costs no place"


def test_a_caller_brought_back_who_then_leaves_is_abandoned_and_not_timed_out() -> None:
    world = World(agents=1)
    world.arrive("c1")
    world.queue("c1", by_asterisk=True)
    world.do(facts.CallLeftQueue(occurred=world.now, node=NODE, call=CallId("c1"), outcome=ContactOutcome.TIMED_OUT))
    world.queue("c1")
    world.hang_up("c1")
    assert world.of(events.ContactEnded)[0].outcome is ContactOutcome.ABANDONED


def test_a_citizen_on_the_way_out_is_offered_to_nobody_else() -> None:
    world = World(agents=2)
    world.ready("a1", "a2")
    world.arrive("c1")
    world.queue("c1")
    world.ring("c1/1")
    world.end_leg("c1/1", LegEnd.CITIZEN_GONE)
    assert len(world.of(events.CallOffered)) == 1
    world.queue("c1")
    assert len(world.of(events.CallOffered)) == 2, "still held after all"


def test_a_call_that_never_joined_a_queue_ended_in_the_ivr() -> None:
    world = World()
    world.arrive("c1")
    world.hang_up("c1")
    assert world.of(events.ContactEnded)[0].outcome is ContactOutcome.ENDED_IN_IVR


def test_asterisk_not_ending_an_offer_is_ended_by_the_centre() -> None:
    world = World(agents=2, ring_s=15)
    world.ready("a1", "a2")
    world.arrive("c1")
    world.queue("c1")
    world.wait(16.9)
    assert world.commanded(commands.WithdrawOffer) == []
    world.wait(0.2)
    assert world.commanded(commands.WithdrawOffer)[0].leg == "c1/1"
    assert world.of(events.CallOffered)[1].agent == "a2"


def test_while_ami_is_away_no_ring_is_taken_for_missed() -> None:
    world = World(agents=2, ring_s=15)
    world.ready("a1")
    world.arrive("c1")
    world.queue("c1")
    world.do(facts.NodeDown(occurred=world.now, node=NODE, reason="cut"))
    world.wait(60)
    assert world.state("a1") is AgentState.RESERVED
    world.do(facts.NodeUp(occurred=world.now, node=NODE, calls=(CallId("c1"),), legs=(LegId("c1/1"),)))
    world.answer("c1/1")
    assert world.state("a1") is AgentState.TALKING


def test_while_ami_is_away_the_dials_return_ends_the_talk() -> None:
    world = World(agents=1)
    world.ready("a1")
    world.arrive("c1")
    world.queue("c1")
    world.do(facts.NodeDown(occurred=world.now, node=NODE, reason="cut"))
    world.wait(20)
    world.do(facts.DialReturned(occurred=world.now, node=NODE, call=CallId("c1"), leg=LegId("c1/1"), status="ANSWER"))
    assert world.state("a1") is AgentState.WRAP_UP
    assert world.of(events.CallAnswered)


def test_what_a_resync_does_not_find_has_ended() -> None:
    world = World(agents=2)
    world.ready("a1", "a2")
    for call in ("c1", "c2", "c3"):
        world.arrive(call)
        world.queue(call)
    world.answer("c1/1")
    world.answer("c2/1")
    world.do(facts.NodeDown(occurred=world.now, node=NODE, reason="cut"))
    world.do(facts.NodeUp(occurred=world.now, node=NODE, calls=(CallId("c2"),), legs=(LegId("c2/1"),)))
    ended = {event.contact: event.outcome for event in world.of(events.ContactEnded)}
    assert ended == {"c1": ContactOutcome.ANSWERED, "c3": ContactOutcome.ABANDONED}
    assert world.of(events.ResyncRepaired)[0].repairs == 2
    assert (world.state("a1"), world.state("a2")) == (AgentState.WRAP_UP, AgentState.TALKING)


def test_calls_on_an_asterisk_that_restarted_are_lost_with_the_moment() -> None:
    world = World(agents=1)
    world.ready("a1")
    for call in ("c1", "c2"):
        world.arrive(call)
        world.queue(call)
    world.answer("c1/1")
    world.wait(3)
    world.do(facts.CallsLost(occurred=world.now, node=NODE))
    ended = {event.contact: (event.outcome, event.occurred) for event in world.of(events.ContactEnded)}
    assert ended == {"c1": (ContactOutcome.ANSWERED, world.now), "c2": (ContactOutcome.LOST, world.now)}
    assert world.of(events.LegEnded)[-1].why is LegEnd.LOST


def test_the_first_agents_talk_ends_at_the_transfer_whoever_told_first() -> None:
    for agi_first in (True, False):
        world = World(agents=1)
        world.ready("a1")
        world.arrive("c1")
        world.queue("c1")
        world.answer("c1/1")
        dial = facts.DialReturned(occurred=world.now, node=NODE, call=CallId("c1"), leg=LegId("c1/1"), status="ANSWER")
        if agi_first:
            world.do(dial)
        world.leg(facts.LegTransferred, "c1/1", to="1002")
        if not agi_first:
            world.do(dial)
        assert [leg.why for leg in world.of(events.LegEnded)] == [LegEnd.TRANSFERRED]
        assert world.state("a1") is AgentState.WRAP_UP


def test_a_call_our_session_lost_is_offered_to_nobody_until_it_is_back() -> None:
    world = World(agents=1)
    world.arrive("c1")
    world.queue("c1")
    world.do(facts.CallMissing(occurred=world.now, node=NODE, call=CallId("c1")))
    world.ready("a1")
    assert world.of(events.CallOffered) == []
    world.queue("c1")
    assert world.of(events.CallOffered)[0].call == "c1"


def test_the_fallback_queues_calls_are_watched_and_not_offered() -> None:
    world = World(agents=2)
    world.ready("a1", "a2")
    world.arrive("c1")
    world.queue("c1", by_asterisk=True)
    assert world.of(events.CallOffered) == []


def test_the_fallback_queue_ringing_an_agent_takes_them_out_of_the_ready() -> None:
    world = World(agents=1)
    world.ready("a1")
    world.arrive("c1")
    world.queue("c1", by_asterisk=True)
    world.do(
        facts.LegRinging(occurred=world.now, node=NODE, call=CallId("c1"), leg=LegId("u9"), phone="1001")  # type: ignore[arg-type]
    )
    assert world.state("a1") is AgentState.RINGING
    world.do(
        facts.LegAnswered(occurred=world.now, node=NODE, call=CallId("c1"), leg=LegId("u9"), phone="1001")  # type: ignore[arg-type]
    )
    assert world.state("a1") is AgentState.TALKING
    assert world.commanded(commands.StartRecording) == [], "its dialplan records"
    world.hang_up("c1")
    assert world.of(events.ContactEnded)[0].outcome is ContactOutcome.ANSWERED


def test_a_not_ready_asked_for_during_a_call_begins_after_its_wrap_up() -> None:
    world = World(agents=1)
    world.ready("a1")
    world.arrive("c1")
    world.queue("c1")
    world.answer("c1/1")
    world.do(requests.GoNotReady(by=BY, agent=AgentId("a1"), reason="lunch"))
    assert world.state("a1") is AgentState.TALKING
    world.hang_up("c1")
    assert world.state("a1") is AgentState.WRAP_UP
    world.wait(10)
    assert world.state("a1") is AgentState.NOT_READY
    assert world.center.state.roster.by_id[AgentId("a1")].reason == "lunch"


def test_wrap_up_ends_early_when_the_agent_says_ready() -> None:
    world = World(agents=1)
    world.ready("a1")
    world.arrive("c1")
    world.queue("c1")
    world.answer("c1/1")
    world.hang_up("c1")
    world.do(requests.GoReady(by=BY, agent=AgentId("a1")))
    assert world.state("a1") is AgentState.READY
    assert world.center.next_deadline() is None


def test_two_agents_cannot_sit_at_one_phone_and_one_agent_not_at_two() -> None:
    world = World()
    world.ready("a1")
    with pytest.raises(Conflict, match="taken by agent a1"):
        world.do(requests.LogIn(by=BY, agent=AgentId("a2"), phone="1001"))  # type: ignore[arg-type]
    with pytest.raises(Conflict, match="log out there first"):
        world.do(requests.LogIn(by=BY, agent=AgentId("a1"), phone="1009"))  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        world.do(requests.LogIn(by=BY, agent=AgentId("nobody")))


def test_a_logout_in_mid_call_is_refused_and_changes_nothing() -> None:
    world = World(agents=1)
    world.ready("a1")
    world.arrive("c1")
    world.queue("c1")
    world.answer("c1/1")
    before = snapshot.encode(world.center.state)
    with pytest.raises(IllegalTransition, match="talking"):
        world.do(requests.LogOut(by=BY, agent=AgentId("a1")))
    assert snapshot.encode(world.center.state) == before


def _listen(world: World, purpose: str = "coaching") -> SessionId:
    outcome = world.do(
        requests.StartListening(by=BY, call=CallId("c1"), phone="2001", purpose=purpose, roles=(Role.SUPERVISOR,))  # type: ignore[arg-type]
    )
    return SessionId(outcome.id)


def test_a_listening_session_is_what_asterisk_reported() -> None:
    world = World(agents=1)
    world.ready("a1")
    world.arrive("c1")
    world.queue("c1")
    with pytest.raises(Refused, match="nobody talks"):
        _listen(world)
    world.answer("c1/1")
    with pytest.raises(Invalid, match="purpose"):
        _listen(world, " ")
    session = _listen(world)
    assert world.commanded(commands.StartSpy)[0].leg == "c1/1"
    assert world.of(events.ListeningStarted) == []
    world.wait(2)
    world.do(facts.SpyStarted(occurred=world.now, node=NODE, session=session, spied="c1/1", spyer="u"))
    world.do(facts.SpyStarted(occurred=world.now, node=NODE, session=session, spied="c1/1", spyer="u"))
    world.wait(2)
    world.do(facts.SpyStopped(occurred=world.now, node=NODE, session=session))
    [started], [ended] = world.of(events.ListeningStarted), world.of(events.ListeningEnded)
    assert (ended.occurred - started.occurred).total_seconds() == 2
    assert (started.by, started.agent, started.mode, started.foreign) == (BY, "a1", ListeningMode.LISTEN, False)
    assert len(world.of(events.OperationDone)) == 1


def test_a_session_goes_on_in_another_mode_when_asterisk_has_begun_it() -> None:
    world = World(agents=1)
    world.ready("a1")
    world.come("c1")
    world.answer("c1/1")
    session = _listen(world)
    switch = requests.SwitchListening(by=BY, session=session, mode=ListeningMode.WHISPER)
    with pytest.raises(Conflict, match="hears nobody now"):
        world.do(switch)
    world.do(facts.SpyStarted(occurred=world.now, node=NODE, session=session, spied="c1/1", spyer="u"))
    operation = world.do(switch).operation
    assert world.center.state.listening[session].mode is ListeningMode.LISTEN, "not before Asterisk says so"
    with pytest.raises(Conflict, match="being changed"):
        world.do(switch)
    for _ in range(2):
        world.do(facts.SpySwitched(occurred=world.now, node=NODE, session=session, mode=ListeningMode.WHISPER))
    assert (world.operation(operation), len(world.of(events.ListeningModeChanged))) == ("done", 1)
    back = world.do(requests.SwitchListening(by=BY, session=session, mode=ListeningMode.BARGE)).operation
    world.hang_up("c1")
    world.do(facts.SpyStopped(occurred=world.now, node=NODE, session=session))
    assert world.operation(back) not in ("pending", "done")
    [record] = world.records(ListeningRecord)
    assert (record.mode, record.modes) == ("listen", "whisper")


def test_a_listener_who_does_not_answer_fails_the_operation() -> None:
    world = World(agents=1)
    world.ready("a1")
    world.arrive("c1")
    world.queue("c1")
    world.answer("c1/1")
    session = _listen(world)
    world.do(facts.SpyStopped(occurred=world.now, node=NODE, session=session, failed="no answer"))
    assert world.of(events.OperationFailed)[0].why == "no answer"
    assert world.center.state.listening == {}


def test_a_chanspy_that_nobody_asked_for_is_recorded_as_foreign() -> None:
    world = World(agents=1)
    world.ready("a1")
    world.arrive("c1")
    world.queue("c1")
    world.answer("c1/1")
    world.do(facts.SpyStarted(occurred=world.now, node=NODE, session=SessionId("u77"), spied="c1/1", spyer="u77"))
    [started] = world.of(events.ListeningStarted)
    assert (started.foreign, started.by, started.call) == (True, None, "c1")
    world.do(facts.SpyStopped(occurred=world.now, node=NODE, session=SessionId("u77"), gone=True))
    assert len(world.of(events.ListeningEnded)) == 1
    assert same(world.center.state, world.replayed())


def test_a_call_not_noticed_is_not_recorded() -> None:
    world = World(agents=1)
    world.ready("a1")
    world.arrive("c1")
    world.queue("c1", noticed=False)
    world.answer("c1/1")
    assert world.commanded(commands.StartRecording) == []


def test_late_facts_of_an_ended_call_bring_nothing_back() -> None:
    world = World(agents=1)
    world.ready("a1")
    world.arrive("c1")
    world.queue("c1")
    world.answer("c1/1")
    world.hang_up("c1")
    count = len(world.entries)
    world.arrive("c1")
    world.queue("c1")
    world.ring("c1/1", phone="1001")
    world.answer("c1/1", phone="1001")
    world.end_leg("c1/1")
    world.hang_up("c1")
    assert len(world.entries) == count


def test_a_case_is_tied_to_a_contact() -> None:
    world = World()
    world.do(requests.LinkCase(by=BY, contact=ContactId("c1"), case_no="GD-1", valid=True))
    assert world.of(events.ContactLinked)[0].case_no == "GD-1"
    with pytest.raises(Invalid):
        world.do(requests.LinkCase(by=BY, contact=ContactId("c1"), case_no=" "))


def test_waiting_callers_are_brought_back_from_the_fallback_queue_with_their_place() -> None:
    world = World(agents=1)
    world.arrive("c1")
    world.queue("c1")
    joined = world.now
    world.wait(5)
    world.queue("c1", by_asterisk=True)
    world.do(facts.NodeDown(occurred=world.now, node=NODE, reason="restart"))
    world.do(facts.NodeUp(occurred=world.now, node=NODE, calls=(CallId("c1"),)))
    assert [command.call for command in world.commanded(commands.BringBack)] == ["c1"]
    world.arrive("c2")
    world.queue("c2")
    world.queue("c1")
    world.ready("a1")
    offer = world.of(events.CallOffered)[0]
    assert (offer.call, offer.waited_s) == ("c1", (world.now - joined).total_seconds())


def test_who_talks_stays_in_line_at_the_fallback_queue_in_case_we_die_meanwhile() -> None:
    world = World(agents=1)
    world.ready("a1")
    assert in_line(world) == (True, True)
    world.arrive("c1")
    world.queue("c1")
    world.answer("c1/1")
    assert in_line(world) == (True, True), "Asterisk knows that the phone is in use"
    world.hang_up("c1")
    assert world.state("a1") is AgentState.WRAP_UP and in_line(world) == (True, True)
    world.wait(10)
    world.do(requests.GoNotReady(by=BY, agent=AgentId("a1"), reason="break"))
    assert in_line(world) == (True, False)
    world.do(requests.LogOut(by=BY, agent=AgentId("a1")))
    assert in_line(world) == (False, False)


def in_line(world: World) -> tuple[bool, bool]:
    """Return whether the fallback queue has the agent as a member, and rings them when their phone is free."""
    mirrored = [command for command in world.commands if isinstance(command, commands.MirrorAgent)]
    return mirrored[-1].present, mirrored[-1].ready
