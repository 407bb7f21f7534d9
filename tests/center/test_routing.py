"""Routing across the city: skills, ranks, priority, fairness, ring-all, limits and overflow, as scenarios."""

from __future__ import annotations

from messages import commands, events, facts, requests
from messages.ids import AgentId, CallId, QueueId
from messages.values import AgentState, ContactOutcome, LegEnd, Need, Refusal, Then
from queueing.settings import Overflow, Overflows, QueueSettings, Strategy
from tests.center.city import BUSINESS, COUNTY, DESK, DIALECT, GENERAL, city
from tests.center.world import BY, NODE, World


def town(**changes: object) -> World:
    """Return the city, everybody at home."""
    return World(whole=city(**changes))


def offered(world: World) -> list[tuple[str, str | None]]:
    """Return who was offered what, in order."""
    return [(event.call, event.agent) for event in world.of(events.CallOffered)]


def test_a_dialect_caller_waits_for_fluency_then_takes_less_then_goes_to_the_general_queue() -> None:
    world = town()
    world.ready("a1", "a2")
    world.come("c1", number="05341234567")
    assert world.call("c1").queue == DIALECT
    assert offered(world) == [], "a2 speaks it at level 3, 5 is asked for at first"
    world.wait(20)
    assert world.of(events.CallRelaxed)[0].needs == (Need("lu", 2),)
    assert offered(world) == [("c1", "a2")]
    world.do(requests.GoNotReady(by=BY, agent=AgentId("a2"), reason="break"))
    world.end_leg("c1/1", LegEnd.NO_ANSWER)
    world.wait(41)
    left = world.of(events.CallLeftQueue)[0]
    assert (left.outcome, left.why, left.to) == (ContactOutcome.OVERFLOWED, Refusal.TOO_LONG, GENERAL)
    assert offered(world)[-1] == ("c1", "a1"), "in the general queue anybody will do"


def test_a_number_that_no_route_fits_goes_where_the_flow_says() -> None:
    world = town()
    world.come("c1", did="5", queue="desk")
    world.come("c2", did="5", queue="nothing")
    assert [world.call(call).queue for call in ("c1", "c2")] == [DESK, GENERAL]


def test_the_most_skilled_come_first_and_ranks_before_them() -> None:
    world = town()
    world.ready("a2", "a3")
    world.come("c1", number="05341234567")
    assert offered(world) == [("c1", "a3")]


def test_a_preference_decides_among_the_eligible_and_is_never_waited_for() -> None:
    world = town()
    world.ready("a3")
    world.wait(1)
    world.ready("a4")
    world.come("c1", did="123456")
    assert offered(world) == [("c1", "a4")], "English is liked"
    world.come("c2", did="123456")
    assert offered(world)[-1] == ("c2", "a3"), "but not waited for"


def test_the_oldest_is_served_first_across_the_queues_and_priority_counts_as_a_head_start() -> None:
    world = town()
    world.do(requests.LogIn(by=BY, agent=AgentId("a3")))
    world.come("c1")
    world.wait(10)
    world.come("c2", number="05341234567")
    world.wait(10)
    world.come("c3", did="123456")
    world.do(requests.GoReady(by=BY, agent=AgentId("a3")))
    assert offered(world)[0] == ("c3", "a3"), "three points of 30 s each: as if it had come 70 s before c1"
    world.talk("c3/1")
    world.hang_up("c3")
    world.wait(5)
    assert offered(world)[1] == ("c1", "a3")
    world.talk("c1/1")
    world.hang_up("c1")
    world.wait(5)
    assert offered(world)[2] == ("c2", "a3")


def test_a_low_priority_caller_is_not_starved_by_a_stream_of_high_ones() -> None:
    world = town()
    world.do(requests.LogIn(by=BY, agent=AgentId("a3")))
    world.come("low")
    world.wait(91)
    for n in range(3):
        world.come(f"high{n}", did="123456")
    world.ready("a3")
    assert offered(world)[0] == ("low", "a3"), "after 90 s nobody new can overtake"


def test_fewest_calls_and_round_robin() -> None:
    world = town()
    world.ready("a5", "a6")
    for n in range(4):
        world.come(f"c{n}", did="3612345")
        leg = f"c{n}/1"
        world.talk(leg)
        world.hang_up(f"c{n}")
        world.wait(6)
    assert [agent for _, agent in offered(world)] == ["a5", "a6", "a5", "a6"]


def test_ring_all_has_one_winner_and_the_losers_are_released_in_the_same_turn() -> None:
    world = town()
    world.ready("a5", "a6")
    world.come("c1", did="99")
    [offer] = world.commanded(commands.OfferCall)
    assert [ringing.phone for ringing in offer.legs] == ["1005", "1006"]
    assert {world.state("a5"), world.state("a6")} == {AgentState.RESERVED}
    assert len(world.of(events.ScreenPop)) == 2
    before = len(world.entries)
    world.answer("c1/2")
    turn = [entry.event for entry in world.entries[before:]]
    assert [event.agent for event in turn if isinstance(event, events.CallAnswered)] == ["a6"]
    [withdrawn] = [event for event in turn if isinstance(event, events.ScreenPopWithdrawn)]
    assert (withdrawn.agent, withdrawn.why) == ("a5", LegEnd.ANSWERED_ELSEWHERE)
    assert (world.state("a5"), world.state("a6")) == (AgentState.READY, AgentState.TALKING)
    world.answer("c1/1")
    assert len(world.of(events.CallAnswered)) == 1, "a late answer of a loser is none"


def test_a_busy_phone_among_those_rung_costs_the_others_nothing() -> None:
    world = town()
    world.ready("a5", "a6")
    world.come("c1", did="99")
    world.end_leg("c1/1", LegEnd.BUSY)
    assert world.state("a5") is AgentState.NOT_READY
    assert world.call("c1").state == "offered"
    world.answer("c1/2")
    assert world.state("a6") is AgentState.TALKING


def test_a_full_queue_refuses_at_the_door_and_counts_as_blocked() -> None:
    world = town()
    world.ready("a3")
    world.come("c0", did="123456")
    for n in range(1, 4):
        world.come(f"c{n}", did="123456")
    [blocked] = world.of(events.ContactBlocked)
    assert (blocked.contact, blocked.queue, blocked.why) == ("c3", BUSINESS, Refusal.FULL)
    [leave] = world.commanded(commands.LeaveQueue)
    assert (leave.call, leave.announce, leave.then) == ("c3", "busy", Then.END)
    world.hang_up("c3", by_citizen=False)
    assert world.of(events.ContactEnded)[-1].outcome is ContactOutcome.BLOCKED


def test_a_full_queue_may_tell_and_let_wait_all_the_same() -> None:
    world = town()
    for n in range(2):
        world.come(f"c{n}", did="99")
    [leave] = world.commanded(commands.LeaveQueue)
    assert (leave.call, leave.then) == ("c1", Then.WAIT)
    assert world.call("c1").state == "arrived"
    world.queue("c1")
    assert world.call("c1").state == "waiting", "told once, it joins"
    assert world.call("c1").queue == DESK


def test_a_queue_without_agents_overflows_when_the_last_one_leaves() -> None:
    world = town()
    world.ready("a5")
    world.come("c0", did="3612345")
    world.come("c1", did="3612345")
    world.talk("c0/1")
    world.hang_up("c0")
    world.do(requests.GoNotReady(by=BY, agent=AgentId("a5"), reason="home"))
    assert world.call("c1").queue == COUNTY
    world.do(requests.LogOut(by=BY, agent=AgentId("a5")))
    assert world.call("c1").queue == GENERAL
    left = world.of(events.CallLeftQueue)[-1]
    assert (left.queue, left.why, left.to) == (COUNTY, Refusal.NOBODY, GENERAL)


def test_a_closed_queue_sends_its_callers_on_and_keeps_those_who_wait() -> None:
    world = town()
    world.ready("a5")
    world.come("c0", did="3612345")
    world.come("c1", did="3612345")
    world.do(requests.OpenQueue(by=BY, queue=COUNTY, open=False, reason="flood"))
    world.come("c2", did="3612345")
    assert world.call("c1").queue == COUNTY
    assert world.call("c2").queue == GENERAL
    world.do(requests.OpenQueue(by=BY, queue=COUNTY, open=True))
    world.come("c3", did="3612345")
    assert world.call("c3").queue == COUNTY


def test_overflow_that_goes_round_in_a_circle_turns_nobody_away() -> None:
    ring = tuple(
        QueueSettings(id=QueueId(name), max_waiting=0, overflow=Overflows(full=Overflow(to=QueueId(to))))
        for name, to in (("x", "y"), ("y", "x"))
    )
    world = World(whole=city(queues=ring, agents=(), routes=()))
    world.come("c1", queue="x")
    assert world.call("c1").state == "waiting"
    assert not world.of(events.ContactBlocked)


def test_whoever_waits_too_long_is_offered_a_call_back_and_takes_it_once() -> None:
    world = town()
    world.ready("a5")
    world.come("c0", did="3612345")
    world.talk("c0/1")
    world.come("c1", did="3612345")
    world.wait(45)
    [leave] = world.commanded(commands.LeaveQueue)
    assert leave.then is Then.CALLBACK
    for _ in range(2):
        world.do(facts.CallbackWanted(occurred=world.now, node=NODE, call=CallId("c1")))
    assert [event.number for event in world.of(events.CallbackRequested)] == ["13800001234"]
    world.hang_up("c1", by_citizen=False)
    assert world.of(events.ContactEnded)[-1].outcome is ContactOutcome.CALLBACK


def test_a_call_that_rings_at_its_limit_rings_on_and_overflows_only_when_missed() -> None:
    world = town()
    world.ready("a5")
    world.come("c0", did="3612345")
    world.talk("c0/1")
    world.come("c1", did="3612345")
    world.wait(44)
    world.ready("a6")
    assert world.call("c1").state == "offered"
    world.wait(5)
    assert world.call("c1").state == "offered"
    world.end_leg("c1/1", LegEnd.NO_ANSWER)
    world.wait(0)
    assert world.call("c1").state == "left"


def test_a_burst_from_one_area_is_told_and_counted_and_ends() -> None:
    world = town()
    for n in range(4):
        world.come(f"c{n}", number=f"0535000{n}")
    assert [(event.surge, event.key) for event in world.of(events.SurgeStarted)] == [("flood", "0535")]
    assert [event.call for event in world.of(events.CallDeflected)] == ["c2", "c3"]
    world.come("far", number="0531000")
    assert world.call("far").state == "waiting"
    world.queue("c2")
    assert world.call("c2").state == "waiting"
    world.hang_up("c3")
    assert world.of(events.ContactEnded)[-1].outcome is ContactOutcome.BLOCKED, "gave up at the announcement"
    world.wait(21)
    assert world.of(events.SurgeEnded)[0].deflected == 2
    world.come("late", number="0535999")
    assert world.call("late").state == "waiting"


def test_position_and_estimate_are_said_at_joining_and_are_right_for_a_steady_queue() -> None:
    world = World(whole=city(queues=(QueueSettings(id=GENERAL, wrap_up_s=0.5),)))
    world.ready("a1")
    for n in range(30):
        world.come(f"c{n:02}")
    assert world.call("c29").estimated_s is None, "nothing is known yet"
    for n in range(12):
        world.talk(f"c{n:02}/1")
        world.wait(9.5)
        world.hang_up(f"c{n:02}")
        world.wait(0.5)
    world.come("last")
    queued = world.of(events.CallQueued)[-1]
    assert queued.position == 18
    assert queued.estimated_s is not None
    assert abs(queued.estimated_s - 180) < 1


def test_an_agent_joins_and_leaves_their_queues_with_their_state() -> None:
    world = town()
    world.ready("a6")
    assert [world.center.state.lines[queue].staff for queue in (COUNTY, DESK, GENERAL, BUSINESS)] == [1, 1, 1, 0]
    world.do(requests.LogOut(by=BY, agent=AgentId("a6")))
    assert all(line.staff == 0 for line in world.center.state.lines.values())


def test_strategies_are_all_used_here() -> None:
    assert {queue.strategy for queue in city().queues} == set(Strategy)


def test_an_agent_whose_first_call_goes_to_another_is_asked_for_the_next() -> None:
    world = World(agents=3)
    world.ready("a2", "a3")
    world.come("c1")
    world.come("c2")
    world.talk("c2/1")
    world.ready("a1")
    world.held_again("c2", asked="1002")  # waits for a2 alone, who is rung for c1
    assert world.state("a1") is AgentState.READY
    world.end_leg("c1/1", LegEnd.AGENT_HUNG_UP)
    rung = {(leg.agent, name) for name in ("c1", "c2") for leg in world.call(name).alive_legs()}
    assert rung == {("a1", "c1"), ("a2", "c2")}
