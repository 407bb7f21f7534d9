"""Leaders' duties (领导接听): calls in scope go to the leader first, else to the agents."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from agents.agent import AgentSettings
from center import snapshot
from center.settings import CenterSettings
from messages import commands, events, facts, requests
from messages.duty import DutyEnd, DutyPlan, DutyRule, DutyScope, Every
from messages.errors import Conflict, Invalid, NotFound
from messages.ids import AgentId, CallId, DutyId, Phone, QueueId
from messages.values import AgentState, LabelKind, LegEnd, Target, TargetKind, Verb
from queueing.settings import QueueSettings, Strategy
from tests.center.city import city
from tests.center.world import BY, NODE, QUEUE, START, World, same

LEADER, AIDE = AgentId("mayor"), AgentId("aide")


def hall(agents: int = 2, **queue: Any) -> CenterSettings:
    """Return one queue with its agents, and a leader's seat and an aide's that serve none."""
    seats = (("mayor", "1090", ()), ("aide", "1091", ()))
    return CenterSettings(
        queues=(QueueSettings(id=QUEUE, ring_s=15, wrap_up_s=10, **queue),),
        agents=(
            *(
                AgentSettings(id=AgentId(f"a{n}"), phone=Phone(str(1000 + n)), queues=(QUEUE,))
                for n in range(1, agents + 1)
            ),
            *(AgentSettings(id=AgentId(name), phone=Phone(phone), queues=queues) for name, phone, queues in seats),
        ),
        personal_s=12.0,
    )


def planned(begin_s: float = 0, end_s: float = 3600, **more: Any) -> DutyPlan:
    """Return a plan whose window is so many seconds after the start."""
    begin, end = START + timedelta(seconds=begin_s), START + timedelta(seconds=end_s)
    return DutyPlan(**{"leader": LEADER, "begin": begin, "end": end, "aide": AIDE, "ring_s": 20.0, **more})


def on_duty(agents: int = 2, **more: Any) -> World:
    """Return a world in which the leader is on duty and ready, the aide and the agents beside."""
    world = World(whole=hall(agents))
    world.ready("mayor", "aide", *(f"a{n}" for n in range(1, agents + 1)))
    plan(world, **more)
    return world


def plan(world: World, rule: DutyRule | None = None, **more: Any) -> DutyId:
    """Plan a duty and return it."""
    return DutyId(world.do(requests.PlanDuty(by=BY, plan=planned(**more), rule=rule)).id)


def offered(world: World) -> list[tuple[str, str | None]]:
    """Return who was offered what, in order."""
    return [(event.call, event.agent) for event in world.of(events.CallOffered)]


def test_a_call_in_scope_goes_to_the_leader_first_and_rings_as_long_as_the_duty_says() -> None:
    world = on_duty()
    world.come("c1")
    assert offered(world) == [("c1", "mayor")]
    [offer] = world.commanded(commands.OfferCall)
    assert offer.ring_s == 20
    [called] = world.of(events.DutyCalled)
    assert (called.call, called.agent, called.aide) == ("c1", "mayor", "aide")


def test_a_leader_who_does_not_answer_is_passed_over_without_the_citizen_losing_the_place() -> None:
    world = on_duty(agents=1)
    world.do(requests.GoNotReady(by=BY, agent=AgentId("a1"), reason="break"))
    world.come("c1")
    world.wait(1)
    world.come("c2", number="13900000002")
    world.end_leg("c1/1", LegEnd.NO_ANSWER)
    assert world.agent("mayor").state is AgentState.NOT_READY
    assert world.agent("mayor").reason == "rona"
    assert list(world.center.state.duties), "the duty goes on"
    world.do(requests.GoReady(by=BY, agent=AgentId("a1")))
    assert offered(world) == [("c1", "mayor"), ("c1", "a1")], "it is before who came later"
    assert not world.commanded(commands.LeaveQueue), "nothing is announced"


def test_a_call_that_the_leader_let_ring_is_not_offered_to_the_leader_again() -> None:
    world = on_duty(agents=0)
    world.come("c1")
    world.end_leg("c1/1", LegEnd.NO_ANSWER)
    world.do(requests.GoReady(by=BY, agent=LEADER))
    assert offered(world) == [("c1", "mayor")]
    world.come("c2")
    assert offered(world)[-1] == ("c2", "mayor"), "the next one is"


def test_a_leader_who_is_busy_or_not_ready_is_not_waited_for() -> None:
    world = on_duty()
    world.come("c1")
    world.talk("c1/1")
    world.come("c2")
    assert offered(world)[-1][1] in ("a1", "a2")
    world.hang_up("c1")
    world.do(requests.GoNotReady(by=BY, agent=LEADER, reason="break"))
    world.come("c3")
    assert offered(world)[-1][1] in ("a1", "a2")
    assert len(world.of(events.DutyCalled)) == 3, "they are the session's all the same"


def test_a_leader_who_becomes_free_takes_the_first_in_scope_who_waits_and_nobody_elses_call() -> None:
    world = on_duty(agents=0, scope=DutyScope(areas=("0534",)))
    world.come("c1", number="05340000001")
    world.talk("c1/1")
    world.come("other", number="13800000001")
    world.wait(1)
    world.come("c2", number="05340000002")
    world.hang_up("c1")
    world.wait(10)
    assert offered(world) == [("c1", "mayor"), ("c2", "mayor")]
    assert world.call("other").in_line


def test_what_is_not_in_scope_goes_to_the_agents() -> None:
    scope = DutyScope(dids=("12345",), areas=("0534",), queues=(QUEUE,))
    world = on_duty(agents=3, scope=scope)
    world.come("c1", did="3612345", number="05341")
    world.come("c2", number="05351")
    world.come("c3", number="05342")
    assert [agent for _, agent in offered(world)] == ["a1", "a2", "mayor"]
    assert [event.call for event in world.of(events.DutyCalled)] == ["c3"]


def test_a_topic_is_what_was_keyed_in_a_menu() -> None:
    world = on_duty(scope=DutyScope(topics=("topic=2",)))
    for n, key in enumerate(("1", "2"), start=1):
        world.arrive(f"c{n}")
        world.do(msgspec.structs.replace(_queued(world, f"c{n}"), path=(f"topic={key}",)))
    assert [agent for _, agent in offered(world)] == ["a1", "mayor"]


def _queued(world: World, call: str) -> Any:
    return facts.CallQueued(occurred=world.now, node=NODE, call=CallId(call), queue=QUEUE, noticed=True)


def test_the_duty_begins_and_ends_by_its_window() -> None:
    world = World(whole=hall(1))
    world.ready("mayor", "a1")
    plan(world, begin_s=100, end_s=200)
    assert world.of(events.DutyStarted) == []
    world.come("c1")
    assert offered(world) == [("c1", "a1")]
    world.wait(100)
    assert len(world.of(events.DutyStarted)) == 1
    world.come("c2")
    assert offered(world)[-1] == ("c2", "mayor")
    world.talk("c2/1")
    world.wait(110)
    [ended] = world.of(events.DutyEnded)
    assert ended.end is DutyEnd.OVER
    assert world.agent("mayor").state is AgentState.TALKING, "the call goes on"
    world.hang_up("c2")
    world.wait(10)
    assert world.agent("mayor").state is AgentState.READY
    world.hang_up("c1")
    world.do(requests.LogOut(by=BY, agent=AgentId("a1")))
    world.come("c3")
    assert offered(world)[-1] == ("c2", "mayor"), "no further call goes to the leader"


def test_who_waits_when_the_duty_ends_keeps_the_place_and_goes_to_anybody() -> None:
    world = on_duty(agents=1)
    world.come("c0")
    world.come("c1")
    world.talk("c0/1")
    world.talk("c1/1")
    for call in ("c2", "c3"):
        world.wait(1)
        world.come(call)
    [duty] = world.center.state.duties
    world.do(requests.EndDuty(by=BY, duty=duty, reason="called away"))
    [ended] = world.of(events.DutyEnded)
    assert (ended.end, ended.by, ended.reason) == (DutyEnd.BY_HAND, BY, "called away")
    world.hang_up("c0")
    world.wait(10)
    assert world.agent("mayor").state is AgentState.READY
    assert len(offered(world)) == 2
    world.hang_up("c1")
    world.wait(10)
    assert offered(world)[-1] == ("c2", "a1")


def test_a_duty_that_passed_while_nothing_ran_is_missed() -> None:
    world = World(whole=hall(1))
    plan(world, begin_s=100, end_s=200)
    world.now += timedelta(seconds=500)
    world.wait(0)
    [ended] = world.of(events.DutyEnded)
    assert ended.end is DutyEnd.MISSED


def test_a_planned_duty_is_cancelled_and_changed() -> None:
    world = World(whole=hall(1))
    duty = plan(world, begin_s=100)
    world.do(requests.ChangeDuty(by=BY, duty=duty, plan=planned(begin_s=50, end_s=90), reason="moved"))
    assert world.center.state.duties[duty].plan.end == START + timedelta(seconds=90)
    world.do(requests.EndDuty(by=BY, duty=duty))
    assert world.of(events.DutyEnded)[0].end is DutyEnd.CANCELLED
    world.wait(60)
    assert world.of(events.DutyStarted) == []
    with pytest.raises(NotFound):
        world.do(requests.EndDuty(by=BY, duty=duty))


def test_of_a_duty_that_goes_on_the_end_changes_but_not_the_leader() -> None:
    world = on_duty()
    [duty] = world.center.state.duties
    with pytest.raises(Conflict):
        world.do(requests.ChangeDuty(by=BY, duty=duty, plan=planned(leader=AIDE, aide=None)))
    world.do(requests.ChangeDuty(by=BY, duty=duty, plan=planned(end_s=60, aide=None)))
    assert set(world.center.state.on_duty) == {LEADER}
    world.wait(60)
    assert world.of(events.DutyEnded)[0].end is DutyEnd.OVER


def test_nobody_has_two_duties_at_once() -> None:
    world = on_duty()
    with pytest.raises(Conflict):
        plan(world, begin_s=600)
    with pytest.raises(Conflict):
        plan(world, begin_s=600, leader=AgentId("a1"))
    plan(world, begin_s=600, leader=AgentId("a1"), aide=None)
    plan(world, begin_s=3600, end_s=7200)


@pytest.mark.parametrize(
    "wrong",
    [
        {"aide": LEADER},
        {"end_s": 0},
        {"end_s": 90000},
        {"begin_s": -200, "end_s": -100},
        {"ring_s": 0},
        {"ring_s": 500},
        {"scope": DutyScope(areas=("",))},
        {"notice": "x" * 501},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    world = World(whole=hall(1))
    with pytest.raises(Invalid):
        plan(world, **wrong)


def test_unknown_seats_and_queues_are_not_found() -> None:
    world = World(whole=hall(1))
    for wrong in ({"leader": AgentId("x")}, {"aide": AgentId("x")}, {"scope": DutyScope(queues=(QueueId("x"),))}):
        with pytest.raises(NotFound):
            plan(world, **wrong)


def test_the_first_workday_of_each_month_is_by_the_statutory_calendar() -> None:
    world = World(whole=hall(1))
    world.now = datetime(2026, 1, 1, tzinfo=UTC)
    hours = (datetime(2026, 1, 4, 1, tzinfo=UTC), datetime(2026, 1, 4, 3, tzinfo=UTC))
    rule = DutyRule(every=Every.FIRST_WORKDAY_OF_MONTH, until=date(2026, 5, 31))
    world.do(requests.PlanDuty(by=BY, plan=DutyPlan(leader=LEADER, begin=hours[0], end=hours[1]), rule=rule))
    days = [f"{event.plan.begin:%m-%d %H}" for event in world.of(events.DutyPlanned)]
    assert days == ["01-04 01", "02-02 01", "03-02 01", "04-01 01", "05-06 01"], "4 January is worked, a Sunday"


def test_every_wednesday_leaves_out_a_holiday_and_all_are_planned_or_none() -> None:
    world = World(whole=hall(1))
    world.now = datetime(2026, 9, 1, tzinfo=UTC)
    begin = datetime(2026, 9, 23, 6, tzinfo=UTC)
    first = DutyPlan(leader=LEADER, begin=begin, end=begin + timedelta(hours=2))
    rule = DutyRule(every=Every.WED, until=date(2026, 10, 21))
    world.do(requests.PlanDuty(by=BY, plan=first, rule=rule))
    days = [f"{event.plan.begin:%m-%d}" for event in world.of(events.DutyPlanned)]
    assert days == ["09-23", "09-30", "10-14", "10-21"]
    with pytest.raises(Conflict):
        world.do(requests.PlanDuty(by=BY, plan=first, rule=msgspec.structs.replace(rule, until=date(2026, 12, 30))))
    assert len(world.center.state.duties) == 4


def test_the_leader_hands_over_to_the_aide() -> None:
    world = on_duty()
    world.come("c1")
    world.talk("c1/1")
    world.control("c1", Verb.TRANSFER, agent=LEADER, target=Target(TargetKind.AGENT, AIDE))
    world.leg(facts.LegTransferred, "c1/1", to="1091")
    world.held_again("c1", asked="1091")
    assert offered(world)[-1] == ("c1", "aide"), "who serves no queue is reached all the same"
    world.talk("c1/2")
    assert world.agent("aide").state is AgentState.TALKING


def test_the_leader_calls_the_aide_into_the_talk() -> None:
    world = on_duty()
    world.come("c1")
    world.talk("c1/1")
    world.control("c1", Verb.THREE_WAY, agent=LEADER, target=Target(TargetKind.AGENT, AIDE))
    world.answer("c1/2")
    assert [leg.agent for leg in world.call("c1").talking_legs()] == ["mayor", "aide"]


def test_a_labelled_nuisance_does_not_ring_the_leader() -> None:
    world = World(whole=city())
    world.ready("a1", "a2", "a3", "a4", "a5", "a6")
    world.do(requests.PlanDuty(by=BY, plan=planned(leader=AgentId("a1"), aide=None)))
    number = "13800009999"
    world.come("c0", number=number)
    world.hang_up("c0")
    world.wait(10)
    ask = requests.ProposeLabel(
        by=BY,
        number=number,
        tenant="",
        kind=LabelKind.MALICIOUS,
        reason="threats",
        evidence=("c0",),  # type: ignore[arg-type]
    )
    label = world.do(ask).id
    world.do(requests.ApproveLabel(by="wang", label=label))  # type: ignore[arg-type]
    world.come("c1", number=number)
    assert [event.call for event in world.of(events.DutyCalled)] == ["c0"]


def test_a_leader_is_asked_for_what_the_leader_can_do_and_in_a_queue_that_rings_all_first() -> None:
    world = World(whole=city())
    world.ready("a2", "a3", "a1")
    world.do(requests.PlanDuty(by=BY, plan=planned(leader=AgentId("a1"), aide=None)))
    world.come("c1", number="05341234567")
    assert offered(world) == [("c1", "a3")], "the caller insists on the dialect, which the leader does not speak"
    all_ring = World(whole=hall(2, strategy=Strategy.RING_ALL))
    all_ring.ready("mayor", "a1", "a2")
    plan(all_ring)
    all_ring.come("c1")
    assert offered(all_ring) == [("c1", "mayor")]
    all_ring.end_leg("c1/1", LegEnd.NO_ANSWER)
    assert offered(all_ring)[1:] == [("c1", "a1"), ("c1", "a2")]


def test_of_two_duties_the_leader_who_is_free_gets_the_call() -> None:
    world = on_duty()
    world.do(requests.PlanDuty(by=BY, plan=planned(begin_s=0, leader=AgentId("a2"), aide=None)))
    world.come("c1")
    world.come("c2")
    assert offered(world) == [("c1", "mayor"), ("c2", "a2")]


def test_the_journal_and_the_snapshot_give_the_same_duties_again() -> None:
    world = on_duty()
    plan(world, begin_s=4000, end_s=5000)
    for call in ("c1", "c2", "c3", "c4"):
        world.come(call)
    world.talk("c1/1")
    state = world.center.state
    again = snapshot.decode(snapshot.encode(state), world.settings)
    for other in (world.replayed(), again):
        assert same(state, other)
        assert other.on_duty == state.on_duty
        assert other.lines[QUEUE].reserved_agents() == state.lines[QUEUE].reserved_agents()


def test_who_serves_no_queue_is_not_in_asterisks_own() -> None:
    world = World(whole=hall(1))
    world.ready("mayor", "a1")
    assert {command.agent for command in world.commanded(commands.MirrorAgent)} == {"a1"}
    world.do(facts.NodeDown(occurred=world.now, node=NODE, reason="cut"))
    world.do(facts.NodeUp(occurred=world.now, node=NODE))
    again = {command.agent: command.present for command in world.commanded(commands.MirrorAgent)}
    assert again == {"mayor": False, "a1": True}, "whatever stood there before"
