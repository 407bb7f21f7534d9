"""What holds of the centre whatever happens, in whatever order, however often."""

from __future__ import annotations

import contextlib
import itertools
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from agents.agent import Agent
from alerts.rule import AlertRule
from calls.call import Call
from calls.transitions import CallState
from center import snapshot
from center.apply import Center, Message
from center.evolving import evolve
from center.ledger import Ledger
from center.state import State
from messages import commands, events, facts, requests
from messages.codec import encode
from messages.errors import Refused
from messages.ids import AgentId, CallId, LegId, NodeId, Phone, QueueId, SessionId, UserId
from messages.values import AgentState, AlertFigure, LegEnd, LegKind, ListeningMode, Role, Verb
from tests.center.world import BY, NODE, START, World, same
from tests.center.world import settings as center_settings

AGENTS = [f"a{n}" for n in range(1, 5)]
WHAT_HAPPENS = ["hang_up", "missing", "left", "release", "callback", "asked", "keyed"]
ALERTS = tuple(
    AlertRule(id=figure, figure=figure, at=at, hold_s=10)
    for figure, at in ((AlertFigure.LONGEST_WAIT, 20), (AlertFigure.WAITING, 2), (AlertFigure.NODE_DOWN, 0))
)
DIAL = ["ANSWER", "NOANSWER", "BUSY", "CHANUNAVAIL", "CANCEL", "?"]

LISTENERS = (Role.ADMIN, Role.SUPERVISOR)
LISTENING_ACTS = (
    *("ask", "follow", "next", "start", "start", "switch", "switched", "stop", "foreign", "end", "decide", "note"),
)


class CentreUnderAnything(RuleBasedStateMachine):
    """Facts true and false, late, twice and out of order; people doing what they like; time passing."""

    def __init__(self) -> None:
        super().__init__()
        self.world = self.new_world()
        self.count = 0
        self.past: list[Message] = []
        self.refused = 0

    @staticmethod
    def new_world() -> World:
        """Return the world that things happen to."""
        return World(agents=len(AGENTS), ring_s=15, wrap_up_s=5, alerts=ALERTS)

    def tell(self, message: Message, after: float = 0.0) -> None:
        self.past.append(message)
        before = snapshot.encode(self.world.center.state)
        try:
            self.world.do(message, after)
        except Refused:
            assert not isinstance(message, facts.Fact), "facts are never refused"
            assert snapshot.encode(self.world.center.state) == before, "what is refused changes nothing"
            self.refused += 1

    def fact(self, kind: type[facts.Fact], **fields: Any) -> None:
        self.tell(kind(occurred=self.world.now, node=NODE, **fields))

    def legs(self) -> list[tuple[str, str, str]]:
        calls = self.world.center.state.calls.values()
        return [(call.id, leg.id, leg.phone) for call in calls for leg in call.legs.values()]

    @rule(agent=st.sampled_from(AGENTS), what=st.sampled_from(["in", "out", "ready", "not_ready"]))
    def an_agent_acts(self, agent: str, what: str) -> None:
        name = AgentId(agent)
        if what == "in":
            self.tell(requests.LogIn(by=BY, agent=name))
        elif what == "out":
            self.tell(requests.LogOut(by=BY, agent=name))
        elif what == "ready":
            self.tell(requests.GoReady(by=BY, agent=name))
        else:
            self.tell(requests.GoNotReady(by=BY, agent=name, reason="break"))

    @rule(agents=st.sets(st.sampled_from(AGENTS), min_size=1))
    def a_shift_begins(self, agents: set[str]) -> None:
        for agent in sorted(agents):
            self.an_agent_acts(agent, "in")
            self.an_agent_acts(agent, "ready")

    @rule(noticed=st.booleans(), by_asterisk=st.booleans() | st.just(False))
    def a_citizen_joins(self, noticed: bool, by_asterisk: bool) -> None:
        self.count += 1
        call = CallId(f"c{self.count}")
        self.fact(facts.CallArrived, call=call, contact=call, number="1", did="12345")
        self.fact(facts.CallQueued, call=call, queue="12345", noticed=noticed, by_asterisk=by_asterisk)

    @rule()
    def a_citizen_only_arrives(self) -> None:
        self.count += 1
        self.fact(facts.CallArrived, call=f"c{self.count}", contact=f"c{self.count}", number="1", did="12345")

    @rule(
        pick=st.integers(0, 30),
        kind=st.sampled_from(["ring", "answer", "hold", "resume", "transfer", "end", "dial"]),
        why=st.sampled_from(list(LegEnd)),
        status=st.sampled_from(DIAL),
    )
    def something_happens_to_a_leg(self, pick: int, kind: str, why: LegEnd, status: str) -> None:
        legs = self.legs()
        if not legs:
            return
        call, leg, phone = legs[pick % len(legs)]
        about = {"call": call, "leg": leg, "phone": phone}
        match kind:
            case "ring":
                self.fact(facts.LegRinging, **about)
            case "answer":
                self.fact(facts.LegAnswered, **about)
            case "hold":
                self.fact(facts.LegHeld, **about)
            case "resume":
                self.fact(facts.LegResumed, **about)
            case "transfer":
                self.fact(facts.LegTransferred, to="1009", **about)
            case "end":
                self.fact(facts.LegEnded, why=why, **about)
            case _:
                self.fact(facts.DialReturned, call=call, leg=leg, status=status)

    @rule(pick=st.integers(0, 30), phone=st.sampled_from(["1001", "1003", "9999"]), answered=st.booleans())
    def asterisk_itself_rings_somebody(self, pick: int, phone: str, answered: bool) -> None:
        calls = list(self.world.center.state.calls)
        if calls:
            self.count += 1
            kind = facts.LegAnswered if answered else facts.LegRinging
            self.fact(kind, call=calls[pick % len(calls)], leg=f"u{self.count}", phone=phone)

    @rule(pick=st.integers(0, 30), what=st.sampled_from(WHAT_HAPPENS), by=st.booleans())
    def something_happens_to_a_call(self, pick: int, what: str, by: bool) -> None:
        calls = list(self.world.center.state.calls)
        if not calls:
            return
        call = calls[pick % len(calls)]
        if what == "hang_up":
            self.fact(facts.CallHungUp, call=call, by_citizen=by)
        elif what == "missing":
            self.fact(facts.CallMissing, call=call)
        elif what == "callback":
            self.fact(facts.CallbackWanted, call=call)
        elif what == "asked":
            self.fact(facts.SurveyAsked, call=call, question="survey")
        elif what == "keyed":
            self.fact(facts.SurveyAnswered, call=call, question="survey", key="1", satisfied=by)
        elif what == "left":
            self.fact(facts.CallLeftQueue, call=call, outcome="timed_out")
        else:
            self.tell(requests.ControlCall(by=BY, call=call, verb=Verb.HANG_UP))

    @rule(pick=st.integers(0, 30), what=st.sampled_from(LISTENING_ACTS))
    def somebody_listens(self, pick: int, what: str) -> None:
        calls, sessions = list(self.world.center.state.calls), list(self.world.center.state.listening)
        asks: dict[str, Any] = {"by": BY, "purpose": "x", "roles": LISTENERS}
        if what == "ask" and calls:
            self.tell(requests.StartListening(call=calls[pick % len(calls)], phone=Phone("2001"), **asks))
        elif what == "follow":
            asks["roles"] = (Role.LEADER,)
            self.tell(requests.StartListening(agent=AgentId("a1"), phone=Phone("2002"), **asks))
        elif what == "next":
            self.tell(requests.StartListening(queue=QueueId("12345"), phone=Phone(f"30{pick}"), **asks))
        elif what == "foreign" and calls:
            self.fact(facts.SpyStarted, session=f"u{pick}", spied=calls[pick % len(calls)], spyer="u")
        elif sessions:
            session = SessionId(sessions[pick % len(sessions)])
            if what == "start":
                self.fact(facts.SpyStarted, session=session, spied="", spyer="u")
            elif what == "switch":
                self.tell(requests.SwitchListening(by=BY, session=session, mode=list(ListeningMode)[pick % 3]))
            elif what == "switched":
                self.fact(facts.SpySwitched, session=session, mode=list(ListeningMode)[pick % 3])
            elif what == "stop":
                self.fact(facts.SpyStopped, session=session, gone=pick % 2 == 0)
            elif what == "decide":
                self.tell(
                    requests.DecideListening(by=UserId("chief"), session=session, approved=pick % 3 > 0, reason="no")
                )
            elif what == "note":
                self.tell(requests.WriteListeningNote(by=BY, session=session, note="heard"))
            else:
                self.tell(requests.StopListening(by=BY, session=session))

    @rule(pick=st.integers(0, 30), stop=st.booleans())
    def a_recording_starts_or_stops(self, pick: int, stop: bool) -> None:
        asked = self.world.commanded(commands.StartRecording)
        if asked:
            command = asked[pick % len(asked)]
            kind = facts.RecordingStopped if stop else facts.RecordingStarted
            self.fact(kind, recording=command.recording, call=command.call)

    @rule(keep=st.integers(0, 255), restart=st.booleans())
    def the_link_is_cut_and_comes_back(self, keep: int, restart: bool) -> None:
        self.fact(facts.NodeDown, reason="cut")
        if restart:
            self.fact(facts.CallsLost)
        calls = [call for n, call in enumerate(self.world.center.state.calls) if keep >> (n % 8) & 1]
        legs = [leg for n, (_, leg, _) in enumerate(self.legs()) if keep >> (n % 7) & 1]
        self.fact(facts.NodeUp, calls=tuple(calls), legs=tuple(LegId(leg) for leg in legs))

    @rule(pick=st.integers(0, 500))
    def old_news_comes_again(self, pick: int) -> None:
        told = [message for message in self.past if isinstance(message, facts.Fact)]
        if told:
            self.tell(told[pick % len(told)])

    @rule(seconds=st.floats(0, 40))
    def time_passes(self, seconds: float) -> None:
        self.world.wait(seconds)

    @invariant()
    def an_alert_is_of_a_rule_and_its_subject_once(self) -> None:
        state = self.world.center.state
        assert {(one.rule, one.key): one.id for one in state.alerts.values()} == state.alerted

    @invariant()
    def entries_are_gapless(self) -> None:
        assert [entry.seq for entry in self.world.entries] == list(range(1, len(self.world.entries) + 1))

    @invariant()
    def no_agent_has_two_calls(self) -> None:
        state = self.world.center.state
        ours = Counter(
            leg.agent for call in state.calls.values() for leg in call.alive_legs() if leg.ring_until and leg.agent
        )
        for name, legs in ours.items():
            assert legs == 1, name
        for agent in state.roster.by_id.values():
            in_call = agent.state in (AgentState.RESERVED, AgentState.RINGING, AgentState.TALKING, AgentState.HOLDING)
            if in_call and (agent.id in state.previews or agent.leg in state.outbound):
                continue
            leg = state.calls[agent.call].legs[agent.leg] if agent.call and agent.leg and in_call else None
            assert not in_call or (leg is not None and leg.alive), "no state without a way out"

    @invariant()
    def nobody_waits_beside_a_free_agent(self) -> None:
        state = self.world.center.state
        assert not state.fresh_calls and not state.fresh_agents
        for call in state.calls.values():
            if call.in_line:
                ready = [
                    a for a in state.roster.by_id.values() if a.state is AgentState.READY and call.queue in a.queues
                ]
                assert not any(serves(agent, call) for agent in ready), "work-conserving"

    @invariant()
    def no_deadline_is_left_unheard(self) -> None:
        deadline = self.world.center.next_deadline()
        assert deadline is None or deadline >= self.world.now

    @invariant()
    def every_contact_has_at_most_one_end(self) -> None:
        ends = Counter(event.contact for event in self.world.of(events.ContactEnded))
        arrivals = Counter(event.contact for event in self.world.of(events.ContactArrived))
        assert all(count == 1 for count in ends.values()) and all(count == 1 for count in arrivals.values())
        assert set(arrivals) - set(ends) == {call.contact for call in self.world.center.state.calls.values()}

    def teardown(self) -> None:
        world = self.world
        assert same(world.center.state, world.replayed()), "the journal gives the same state"
        restored = snapshot.decode(snapshot.encode(world.center.state), world.settings)
        assert same(world.center.state, restored), "and so does the snapshot"
        self._offers_only_to_the_ready()
        self._the_first_in_place_is_served_first()
        self._the_same_messages_give_the_same_journal()
        world.do(facts.CallsLost(occurred=world.now, node=NODE))
        self.everybody_rests()
        state = world.center.state
        assert state.calls == {} and state.legs == {}
        assert not state.operations and not state.outbound and not state.previews, "nothing is under way for ever"
        lasting = ("callback", "hours", "label", "duty", "listening")
        assert not [key for key in state.deadlines.as_dict() if key[0] not in lasting], (
            "nothing else is left to wait for"
        )
        assert not any(one.rung for one in state.listening.values()), "nobody hears what is not there"
        assert {a.state for a in world.center.state.roster.by_id.values()} <= {
            AgentState.LOGGED_OUT,
            AgentState.READY,
            AgentState.NOT_READY,
        }
        ledger = Ledger()
        for entry in world.entries:
            ledger.fold(entry)
        assert not ledger.contacts and not ledger.legs, "the ledger closes what has ended"
        assert not ledger.visits and not ledger.operations and not ledger.three_way and not ledger.surges
        assert not ledger.hearings

    def everybody_rests(self) -> None:
        """Let what is under way come to its end."""
        self.world.wait(1000)

    def _offers_only_to_the_ready(self) -> None:
        states: dict[str, AgentState] = {}
        for entry in self.world.entries:
            event = entry.event
            if isinstance(event, events.AgentStateChanged):
                assert event.before is states.get(event.agent, AgentState.LOGGED_OUT)
                states[event.agent] = event.after
            elif isinstance(event, events.CallOffered) and event.ring_until and event.agent:
                own_will = event.operation is not None and event.role is not LegKind.CONSULT
                assert own_will or states[event.agent] is AgentState.READY, "no offer but in ready"

    def _the_first_in_place_is_served_first(self) -> None:
        """Whoever is offered a call could serve nobody who stands before it, in any of their queues."""
        state = State(self.world.settings)
        for entry in self.world.entries:
            event = entry.event
            if isinstance(event, events.CallOffered) and event.ring_until and event.agent and event.operation is None:
                agent, offered = state.roster.get(event.agent), state.calls[event.call]
                before = [
                    call.id
                    for call in state.calls.values()
                    if call.in_line and call.queue in agent.queues and call.place and offered.place
                    if (call.place, call.id) < (offered.place, offered.id) and serves(agent, call)
                ]
                assert not before, (event, before)
            evolve(state, entry)

    def _the_same_messages_give_the_same_journal(self) -> None:
        world = self.world
        again = Center(world.settings)
        entries = again.start(START).entries
        for message, now in world.inbox:
            with contextlib.suppress(Refused):
                entries += again.apply(message, now).entries
        assert [encode(entry) for entry in entries] == [encode(entry) for entry in world.entries]


def serves(agent: Agent, call: Call) -> bool:
    """Tell, by the letter of DOMAIN, whether an agent has all that a call insists on."""
    return all(agent.skills.get(skill, 0) >= level or skill == f"@{agent.id}" for skill, level in call.asks)


CentreUnderAnything.TestCase.settings = settings(stateful_step_count=50, deadline=None)
TestCentreUnderAnything = CentreUnderAnything.TestCase


def _call_facts() -> tuple[list[facts.Fact], list[facts.Fact]]:
    """One answered call as AGI tells it, and as AMI does."""
    at = World().now
    about: dict[str, Any] = {"occurred": at, "node": NODE, "call": CallId("c1")}
    leg: dict[str, Any] = {**about, "leg": LegId("c1/1"), "phone": "1001"}
    agi: list[facts.Fact] = [
        facts.CallArrived(**about, contact="c1", number="1", did="12345"),  # type: ignore[arg-type]
        facts.CallQueued(**about, queue="12345", noticed=True),  # type: ignore[arg-type]
        facts.DialReturned(**about, leg=LegId("c1/1"), status="ANSWER"),
        facts.CallMissing(**about),
    ]
    ami: list[facts.Fact] = [
        facts.CallArrived(**about, contact="c1", number="1", did="12345"),  # type: ignore[arg-type]
        facts.LegRinging(**leg),
        facts.LegAnswered(**leg),
        facts.LegEnded(**leg, why=LegEnd.AGENT_HUNG_UP),
        facts.CallHungUp(**about, by_citizen=False),
    ]
    return agi, ami


def test_agi_and_ami_may_tell_of_one_call_in_any_interleaving() -> None:
    agi, ami = _call_facts()
    tried = 0
    for places in itertools.combinations(range(len(agi) + len(ami)), len(agi)):
        told = iter(agi), iter(ami)
        order = [next(told[0]) if n in places else next(told[1]) for n in range(len(agi) + len(ami))]
        if order.index(ami[1]) < order.index(agi[1]) or order.index(ami[3]) > order.index(agi[3]):
            continue  # Asterisk rings no phone before our session asked; its session ends after the leg
        world = World(agents=1)
        world.ready("a1")
        for fact in order:
            world.do(fact)
        world.wait(30)
        [ended] = world.of(events.ContactEnded)
        assert (ended.outcome, world.state("a1")) == ("answered", AgentState.READY)
        assert [leg.why for leg in world.of(events.LegEnded)] == [LegEnd.AGENT_HUNG_UP]
        assert same(world.center.state, world.replayed())
        tried += 1
    assert tried > 10


@given(st.lists(st.integers(0, 3), max_size=30))
def test_the_same_messages_give_the_same_events(steps: list[int]) -> None:
    def run() -> list[bytes]:
        world = World(agents=2)
        world.ready("a1", "a2")
        for n, step in enumerate(steps):
            call = f"c{n // 3}"
            match step:
                case 0:
                    world.arrive(call)
                case 1:
                    world.queue(call)
                case 2:
                    world.hang_up(call)
                case _:
                    world.wait(7)
        return [snapshot.encode(world.center.state), *(repr(entry).encode() for entry in world.entries)]

    assert run() == run()


def test_a_refused_request_leaves_no_trace_in_a_center_without_calls() -> None:
    center = Center(center_settings())
    before = snapshot.encode(center.state)
    try:
        center.apply(requests.LogIn(by=BY, agent=AgentId("x")), World().now)
    except Refused as error:
        assert "no agent x" in str(error)
    assert snapshot.encode(center.state) == before


def test_a_contact_that_waits_when_its_node_is_unknown_is_still_offered() -> None:
    world = World(agents=1)
    world.ready("a1")
    world.do(
        facts.CallQueued(occurred=world.now, node=NodeId("other"), call=CallId("c1"), queue="12345", number="1")  # type: ignore[arg-type]
    )
    assert world.center.state.calls[CallId("c1")].state is CallState.OFFERED
