"""What holds of leaders' duties whatever happens: nobody waits beside a leader who would have them, no leader is asked
twice, and who is in scope never waits behind somebody who came later."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from agents.agent import AgentSettings
from calls.call import Leg
from center.evolving import evolve
from center.state import State
from messages import events, facts, requests
from messages.duty import DutyPlan, DutyScope
from messages.ids import AgentId, CallId, Phone, QueueId
from messages.values import AgentState, LegEnd, LegKind
from tests.center.test_center_properties import serves
from tests.center.test_duties import hall, planned
from tests.center.test_whole_centre import WholeCentreUnderAnything
from tests.center.world import BY, World

LEADERS = ["mayor", "vice"]
SEATS = [*LEADERS, "aide", "a2"]
SCOPES = [
    DutyScope(),
    DutyScope(areas=("0534", "138")),
    DutyScope(dids=("3612345",)),
    DutyScope(queues=(QueueId("12345"), QueueId("desk"))),
]


class DutiesUnderAnything(WholeCentreUnderAnything):
    """The whole centre, and leaders who come and go."""

    @staticmethod
    def new_world() -> World:
        world = WholeCentreUnderAnything.new_world()
        seats = tuple(
            AgentSettings(id=AgentId(name), phone=Phone(str(1090 + n)), queues=(), skills={"lu": n})
            for n, name in enumerate((*LEADERS, "aide"))
        )
        return World(whole=msgspec.structs.replace(world.settings, agents=(*world.settings.agents, *seats)))

    @initialize(scope=st.sampled_from(SCOPES))
    def a_leader_is_on_duty(self, scope: DutyScope) -> None:
        for seat in ("mayor", "aide"):
            self.an_agent_acts(seat, "in")
            self.an_agent_acts(seat, "ready")
        self.a_duty_is_planned("mayor", "aide", 0, 200, scope)

    @rule(
        leader=st.sampled_from([*LEADERS, "a1"]),
        aide=st.sampled_from(["aide", "a2", None]),
        begin_s=st.floats(-10, 60),
        lasts_s=st.floats(1, 100),
        scope=st.sampled_from(SCOPES),
    )
    def a_duty_is_planned(
        self, leader: str, aide: str | None, begin_s: float, lasts_s: float, scope: DutyScope
    ) -> None:
        self.tell(requests.PlanDuty(by=BY, plan=self.plan(leader, aide, begin_s, lasts_s, scope)))

    def plan(self, leader: str, aide: str | None, begin_s: float, lasts_s: float, scope: DutyScope) -> DutyPlan:
        begin = self.world.now + timedelta(seconds=begin_s)
        return DutyPlan(
            leader=AgentId(leader),
            aide=AgentId(aide) if aide else None,
            begin=begin,
            end=begin + timedelta(seconds=lasts_s),
            scope=scope,
            ring_s=10.0,
        )

    @rule(
        pick=st.integers(0, 30), ends=st.booleans(), aide=st.sampled_from(["aide", None]), scope=st.sampled_from(SCOPES)
    )
    def somebody_sees_to_a_duty(self, pick: int, ends: bool, aide: str | None, scope: DutyScope) -> None:
        if not (duties := list(self.world.center.state.duties.values())):
            return
        duty = duties[pick % len(duties)]
        if ends:
            self.tell(requests.EndDuty(by=BY, duty=duty.id, reason="called away"))
        else:
            plan = msgspec.structs.replace(duty.plan, aide=AgentId(aide) if aide else None, scope=scope)
            self.tell(requests.ChangeDuty(by=BY, duty=duty.id, plan=plan, reason="ill"))

    @rule(seat=st.sampled_from(SEATS), what=st.sampled_from(["in", "ready", "ready", "not_ready", "out"]))
    def a_leader_acts(self, seat: str, what: str) -> None:
        self.an_agent_acts(seat, what)

    @invariant()
    def on_duty_are_the_people_of_the_duties_that_go_on(self) -> None:
        state = self.world.center.state
        people = [(seat, duty.id) for duty in state.duties.values() if duty.started_at for seat in duty.people]
        assert dict(people) == state.on_duty
        assert len(people) == len(state.on_duty), "nobody is in two"

    @invariant()
    def nobody_waits_beside_a_leader_who_is_theirs(self) -> None:
        state = self.world.center.state
        for call in state.calls.values():
            duty = state.duty_of(call)
            if duty is None or not call.in_line or duty.plan.leader not in _rather(call.needs):
                continue
            leader = state.roster.get(duty.plan.leader)
            assert leader.state is not AgentState.READY or not serves(leader, call), "work-conserving"

    @invariant()
    def whom_the_window_does_not_name_is_preferred_no_more(self) -> None:
        state = self.world.center.state
        for call in state.calls.values():
            assert state.duty_of(call) or not _rather(call.needs)

    def teardown(self) -> None:
        self._leaders_get_what_is_theirs_once()
        super().teardown()

    def _leaders_get_what_is_theirs_once(self) -> None:
        state, asked = State(self.world.settings), Counter[tuple[str, str]]()
        for entry in self.world.entries:
            event = entry.event
            if isinstance(event, events.CallOffered) and event.agent in LEADERS and _is_found_in_line(event):
                call = state.calls[event.call]
                duty = state.duty_of(call)
                if f"@{event.agent}" not in {skill for skill, _ in call.asks}:  # it was passed to nobody in particular
                    assert duty and duty.plan.leader == event.agent, "only calls in scope"
                    assert event.ring_until
                    assert event.ring_until - entry.at == timedelta(seconds=duty.plan.ring_s)
                    asked[event.call, event.agent] += 1
            evolve(state, entry)
        assert not asked or max(asked.values()) == 1, "a leader is asked once"


def _is_found_in_line(event: events.CallOffered) -> bool:
    return event.ring_until is not None and event.operation is None and event.role is LegKind.AGENT


def _rather(needs: tuple[object, ...]) -> set[str]:
    return {need.skill[1:] for need in needs if need.skill.startswith("@") and need.wait_s == 0.0}  # type: ignore[attr-defined]


DutiesUnderAnything.TestCase.settings = settings(stateful_step_count=60, deadline=None)
TestDutiesUnderAnything = DutiesUnderAnything.TestCase


@given(
    agents=st.integers(1, 3),
    before=st.lists(st.tuples(st.floats(0, 20), st.floats(5, 60)), max_size=6),
    in_scope_after_s=st.floats(0, 30),
    ring_s=st.sampled_from([5.0, 20.0]),
    leader=st.sampled_from(["answers", "lets it ring", "is not ready"]),
)
@settings(deadline=None)
def test_the_last_who_came_waits_at_most_the_leaders_ring_limit_longer_than_without_duty(
    agents: int, before: list[tuple[float, float]], in_scope_after_s: float, ring_s: float, leader: str
) -> None:
    def waited_s(*, duty: bool) -> float:
        world = World(whole=hall(agents))
        world.ready(*(f"a{n}" for n in range(1, agents + 1)))
        if leader != "is not ready":
            world.ready("mayor")
        if duty:
            scope = DutyScope(areas=("0534",))
            world.do(requests.PlanDuty(by=BY, plan=planned(aide=None, ring_s=ring_s, scope=scope)))
        return _until_answered(world, before, in_scope_after_s, answers=leader == "answers")

    assert waited_s(duty=True) <= waited_s(duty=False) + ring_s + 1e-3


def _until_answered(
    world: World, before: list[tuple[float, float]], in_scope_after_s: float, *, answers: bool
) -> float:
    """Let calls come, agents answer at once and talk as long as each call has it; return the last one's wait."""
    talks = {f"c{n}": talk_s for n, (_, talk_s) in enumerate(before)}
    for n, (gap_s, _) in enumerate(before):
        _run(world, gap_s, talks, answers=answers)
        world.come(f"c{n}", number="139")
    _run(world, in_scope_after_s, talks, answers=answers)
    came = world.now
    world.come("last", number="0534")
    while not world.call("last").answered:
        _run(world, 0.5, talks, answers=answers)
    answered: datetime = next(event.occurred for event in world.of(events.CallAnswered) if event.call == "last")
    return (answered - came).total_seconds()


def _run(world: World, seconds: float, talks: dict[str, float], *, answers: bool) -> None:
    """Let time pass: whoever is offered a call answers it, but for a leader who does not."""
    until = world.now + timedelta(seconds=seconds)
    while True:
        _act(world, talks, answers=answers)
        due = [at for at in (*_ends(world, talks), world.center.next_deadline()) if at is not None and at <= until]
        if not due:
            world.wait((until - world.now).total_seconds())
            _act(world, talks, answers=answers)
            return
        world.wait(max(0.0, (min(due) - world.now).total_seconds()))


def _act(world: World, talks: dict[str, float], *, answers: bool) -> None:
    for call in list(world.center.state.calls.values()):
        for leg in call.alive_legs():
            if not leg.talks and (answers or leg.agent != "mayor"):
                world.answer(leg.id)
            elif not leg.talks and leg.ring_until and leg.ring_until <= world.now:
                world.end_leg(leg.id, LegEnd.NO_ANSWER)
            elif leg.talks and leg.answered_at and call.id in talks and _over(leg, talks[call.id]) <= world.now:
                world.do(facts.CallHungUp(occurred=world.now, node=call.node, call=CallId(call.id)))


def _ends(world: World, talks: dict[str, float]) -> list[datetime]:
    """Return when what goes on comes to its end."""
    found: list[datetime] = []
    for call in world.center.state.calls.values():
        for leg in call.alive_legs():
            if leg.talks and leg.answered_at and call.id in talks:
                found.append(_over(leg, talks[call.id]))
            elif not leg.talks and leg.ring_until:
                found.append(leg.ring_until)
    return found


def _over(leg: Leg, talk_s: float) -> datetime:
    return (leg.answered_at or leg.offered_at) + timedelta(seconds=talk_s)
