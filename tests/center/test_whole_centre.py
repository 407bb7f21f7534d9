"""What holds of the whole centre: skills, limits, transfers, call control, outbound, surges, under anything."""

from __future__ import annotations

from collections import Counter

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from calendars.hours import Spell, spell
from calendars.settings import WEEKDAYS, Calendar
from calls.callback import CallbackSettings, owed_for
from calls.transitions import CallState, LegState
from center.ledger import Ledger
from center.records import ContactRecord, VisitRecord
from messages import commands, events, facts, requests
from messages.ids import AgentId, CallId, ContactId, OperationId, Phone, QueueId, UserId
from messages.values import AgentState, LabelKind, LegEnd, LegKind, Target, TargetKind, Verb
from tests.center.city import city
from tests.center.test_center_properties import CentreUnderAnything
from tests.center.world import BY, World

AGENTS = [f"a{n}" for n in range(1, 7)]
BREAKS = Calendar(id="breaks", tz="UTC", week=dict.fromkeys(WEEKDAYS, ("00:00-08:01", "08:02-08:04", "08:06-24:00")))
"""The world begins at eight."""
QUEUES = ["12345", "dialect", "business", "county", "desk"]
TARGETS = [
    *(Target(TargetKind.AGENT, agent) for agent in AGENTS[:4]),
    *(Target(TargetKind.QUEUE, queue) for queue in QUEUES),
    Target(TargetKind.NUMBER, "05341234567"),
    Target(TargetKind.NUMBER, "12"),
    None,
]


class WholeCentreUnderAnything(CentreUnderAnything):
    """A city with everything, and people who do everything, sensible or not."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger()
        self.folded = 0

    @staticmethod
    def new_world() -> World:
        callbacks = CallbackSettings(automatic=True, retry_s=100.0, after_s=5.0, reserve=0)
        whole = city(callbacks=callbacks, calendars=(BREAKS,))
        tenants = tuple(msgspec.structs.replace(tenant, calendar="breaks") for tenant in whole.tenants)
        queues = tuple(
            msgspec.structs.replace(queue, calendar="breaks") if queue.id == "desk" else queue for queue in whole.queues
        )
        return World(whole=msgspec.structs.replace(whole, queues=queues, tenants=tenants))

    @initialize(agents=st.sets(st.sampled_from(AGENTS), min_size=2))
    def the_day_begins(self, agents: set[str]) -> None:
        self.everybody_comes(agents)

    @rule(agents=st.sets(st.sampled_from(AGENTS), min_size=1))
    def everybody_comes(self, agents: set[str]) -> None:
        for agent in sorted(agents):
            self.an_agent_acts(agent, "in")
            self.an_agent_acts(agent, "ready")

    @rule(
        did=st.sampled_from(["12345", "123456", "3612345", "99", "7"]),
        number=st.sampled_from(["13800001234", "0534111", "0535222", "0535333", ""]),
    )
    def a_citizen_dials(self, did: str, number: str) -> None:
        self.count += 1
        call = f"c{self.count}"
        self.fact(facts.CallArrived, call=call, contact=call, number=number, did=did)
        self.fact(facts.CallQueued, call=call, queue="12345", noticed=True)

    @rule(did=st.sampled_from(["12345", "3612345", "99"]))
    def a_citizen_is_served(self, did: str) -> None:
        self.a_citizen_dials(did, "13800001234")
        self.somebody_answers(-1)

    @rule(pick=st.integers(0, 30))
    def somebody_answers(self, pick: int) -> None:
        state = self.world.center.state
        legs = [(c.id, leg) for c in state.calls.values() for leg in c.alive_legs() if not leg.talks]
        if legs:
            call, leg = legs[pick % len(legs)]
            about = {"call": call, "leg": leg.id, "phone": leg.phone}
            self.fact(facts.LegRinging, **about)
            consulted = leg.role is LegKind.CONSULT and leg.state is not LegState.CONSULTED
            self.fact(facts.LegConsulted if consulted else facts.LegAnswered, **about)

    @rule(pick=st.integers(0, 30))
    def what_was_asked_is_done(self, pick: int) -> None:
        state = self.world.center.state
        asked = [op for op in state.operations.values() if op.call in state.calls]
        if not asked:
            return
        operation = asked[pick % len(asked)]
        about = {"call": operation.call, "leg": operation.leg, "phone": ""}
        match operation.verb:
            case Verb.HOLD:
                self.fact(facts.LegHeld, **about)
            case Verb.RESUME | Verb.CANCEL:
                self.fact(facts.LegResumed, **about)
            case Verb.TRANSFER | Verb.PARK:
                self.fact(facts.LegTransferred, to="s", **about)
                self.fact(facts.CallQueued, call=operation.call, queue="", noticed=True)
            case Verb.CONSULT:
                self.fact(facts.LegHeld, **about)
                self.fact(facts.LegConsulted, **{**about, "leg": operation.party})
            case Verb.COMPLETE:
                if party := self.world.call(str(operation.call)).consulted():
                    self.fact(facts.LegAnswered, **{**about, "leg": party.id})
                self.fact(facts.LegTransferred, to="s", attended=True, **about)
            case Verb.LEAVE:
                self.fact(facts.LegEnded, why=LegEnd.AGENT_HUNG_UP, **about)
            case Verb.HANG_UP:
                self.fact(facts.CallHungUp, call=operation.call, by_citizen=False)
            case Verb.MUTE | Verb.UNMUTE | Verb.DTMF | Verb.SWAP:
                self.fact(facts.OperationReported, operation=operation.operation)
            case Verb.PAUSE_RECORDING | Verb.RESUME_RECORDING:
                paused = operation.verb is Verb.PAUSE_RECORDING
                self.fact(facts.RecordingPaused, call=operation.call, paused=paused)
            case Verb.START_RECORDING | Verb.STOP_RECORDING:
                started = operation.verb is Verb.START_RECORDING
                kind = commands.StartRecording if started else commands.StopRecording
                command = next(c for c in reversed(self.world.commanded(kind)) if c.call == operation.call)
                told = facts.RecordingStarted if started else facts.RecordingStopped
                self.fact(told, recording=command.recording, call=operation.call)
            case _ if operation.party is not None:  # a listener's change of mode calls nobody in
                self.fact(facts.LegAnswered, **{**about, "leg": operation.party})

    @rule(pick=st.integers(0, 30), paused=st.booleans())
    def a_recording_falls_silent_or_not(self, pick: int, paused: bool) -> None:
        if calls := self.calls():
            self.fact(facts.RecordingPaused, call=calls[pick % len(calls)], paused=paused)

    @invariant()
    def every_pause_of_a_live_call_has_an_end(self) -> None:
        state = self.world.center.state
        armed = {key[1] for key in state.deadlines.as_dict() if key[0] == "pause"}
        paused = {one.call for one in state.recordings.values() if one.paused_until and one.call in state.calls}
        assert paused == armed

    def calls(self) -> list[CallId]:
        return list(self.world.center.state.calls)

    @rule(
        pick=st.integers(0, 30),
        verb=st.sampled_from(list(Verb)),
        agent=st.sampled_from([*AGENTS, None]),
        whom=st.sampled_from(TARGETS),
        digits=st.sampled_from(["", "1", "110", "x"]),
        phone=st.sampled_from(["", "9001", "1003"]),
    )
    def somebody_controls_a_call(
        self, pick: int, verb: Verb, agent: str | None, whom: Target | None, digits: str, phone: str
    ) -> None:
        if (calls := self.calls()) and verb is not Verb.DIAL_OUT:
            name = AgentId(agent) if agent else None
            call = calls[pick % len(calls)]
            self.tell(
                requests.ControlCall(
                    by=BY, call=call, verb=verb, agent=name, target=whom, digits=digits, phone=Phone(phone)
                )
            )

    @rule(
        pick=st.integers(0, 30),
        verb=st.sampled_from(sorted(set(Verb) - {Verb.DIAL_OUT, Verb.HANG_UP})),
        done=st.booleans(),
    )
    def whoever_talks_does_something(self, pick: int, verb: Verb, done: bool) -> None:
        state = self.world.center.state
        talking = [call for call in state.calls.values() if call.state is CallState.TALKING]
        if talking:
            target = [t for t in TARGETS if t is not None][pick % len(TARGETS[:-1])]
            call = talking[pick % len(talking)].id
            self.tell(
                requests.ControlCall(by=BY, call=call, verb=verb, target=target, digits="110", phone=Phone("9001"))
            )
            if done:
                self.what_was_asked_is_done(-1)

    @rule(pick=st.integers(0, 30), asked=st.sampled_from(["", "1002", "county", "05341234567", "5"]))
    def a_call_is_held_again(self, pick: int, asked: str) -> None:
        if calls := self.calls():
            self.fact(facts.CallQueued, call=calls[pick % len(calls)], queue="", asked=asked, noticed=True)

    @rule(pick=st.integers(0, 30))
    def whoever_is_consulted_answers(self, pick: int) -> None:
        if legs := self.legs():
            call, leg, phone = legs[pick % len(legs)]
            self.fact(facts.LegConsulted, call=call, leg=leg, phone=phone)

    @rule(pick=st.integers(0, 30), failed=st.sampled_from(["", "no such channel"]))
    def asterisk_reports_an_operation(self, pick: int, failed: str) -> None:
        if pending := list(self.world.center.state.operations):
            operation = OperationId(pending[pick % len(pending)])
            self.fact(facts.OperationReported, operation=operation, failed=failed)

    @rule(
        agent=st.sampled_from(AGENTS),
        number=st.sampled_from(["13900001111", "5"]),
        preview_s=st.sampled_from([0.0, 10.0]),
    )
    def an_agent_dials_out(self, agent: str, number: str, preview_s: float) -> None:
        self.tell(requests.DialOut(by=BY, agent=AgentId(agent), number=number, preview_s=preview_s))

    @rule(agent=st.sampled_from(AGENTS), dial=st.booleans())
    def an_agent_answers_a_preview(self, agent: str, dial: bool) -> None:
        self.tell(requests.AnswerPreview(by=BY, agent=AgentId(agent), dial=dial))

    @rule(pick=st.integers(0, 30))
    def the_number_is_dialled(self, pick: int) -> None:
        asked = self.world.commanded(commands.DialOut)
        if asked:
            self.count += 1
            leg, call = asked[pick % len(asked)].leg, f"c{self.count}"
            self.fact(facts.CallArrived, call=call, contact=call, number="139", did="12345", outbound=leg)

    @rule(phone=st.sampled_from(["1001", "1002", "1003", "1006"]), reachable=st.booleans())
    def a_phone_goes_or_comes(self, phone: str, reachable: bool) -> None:
        self.fact(facts.PhoneSeen, phone=phone, reachable=reachable)

    @rule(agent=st.sampled_from(AGENTS), connected=st.booleans())
    def a_desktop_goes_or_comes(self, agent: str, connected: bool) -> None:
        self.fact(facts.DesktopSeen, agent=agent, connected=connected)

    @rule(agent=st.sampled_from(AGENTS), state=st.sampled_from(list(AgentState)))
    def a_supervisor_forces_a_state(self, agent: str, state: AgentState) -> None:
        self.tell(requests.ForceState(by=BY, agent=AgentId(agent), state=state, reason="meeting"))

    @rule(agent=st.sampled_from(AGENTS), seconds=st.floats(-1, 50))
    def an_agent_wraps_up_longer(self, agent: str, seconds: float) -> None:
        self.tell(requests.ExtendWrapUp(by=BY, agent=AgentId(agent), seconds=seconds))

    @rule(
        agent=st.sampled_from(AGENTS), phone=st.sampled_from(["1001", "1002", "1050"]), seat=st.sampled_from(["", "s9"])
    )
    def an_agent_sits_elsewhere(self, agent: str, phone: str, seat: str) -> None:
        self.tell(requests.LogIn(by=BY, agent=AgentId(agent), phone=Phone("" if seat else phone), seat=seat))

    @rule(queue=st.sampled_from([*QUEUES, "no"]), opens=st.booleans())
    def a_queue_is_opened_or_closed(self, queue: str, opens: bool) -> None:
        self.tell(requests.OpenQueue(by=BY, queue=QueueId(queue), open=opens))

    @rule(pick=st.integers(0, 30))
    def a_citizen_takes_the_offer_of_a_call_back(self, pick: int) -> None:
        if calls := self.calls():
            self.fact(facts.CallbackWanted, call=calls[pick % len(calls)])

    @invariant()
    def a_call_that_waits_is_on_a_visit(self) -> None:
        for entry in self.world.entries[self.folded :]:
            self.ledger.fold(entry)
        self.folded = len(self.world.entries)
        for call in self.world.center.state.calls.values():
            visit = self.ledger.visits.get(call.contact)
            is_open = visit is not None and visit.left_at is None
            assert not is_open or call.state in (CallState.WAITING, CallState.OFFERED), (visit, call)
            assert is_open or call.state is not CallState.WAITING, call

    @rule(pick=st.integers(0, 30), what=st.sampled_from(["ask", "dial", "close"]), agent=st.sampled_from(AGENTS))
    def somebody_sees_to_a_call_back(self, pick: int, what: str, agent: str) -> None:
        owed = list(self.world.center.state.callbacks)
        if what == "ask":
            self.tell(requests.AskCallback(by=BY, number="13800001234"))
        elif owed and what == "dial":
            name = owed[pick % len(owed)]
            self.tell(requests.DialCallback(by=BY, callback=name, agent=AgentId(agent)))
        elif owed:
            self.tell(requests.CloseCallback(by=BY, callback=owed[pick % len(owed)], reason="solved"))

    @rule(
        pick=st.integers(0, 30),
        what=st.sampled_from(["propose", "propose", "approve", "approve", "refuse", "revoke"]),
        number=st.sampled_from(["13800001234", "0535222", ""]),
        tenant=st.sampled_from(["", "qihe"]),
        by=st.sampled_from(["tester", "boss"]),
    )
    def somebody_sees_to_a_label(self, pick: int, what: str, number: str, tenant: str, by: str) -> None:
        labels, who = list(self.world.center.state.labels), UserId(by)
        if what == "propose":
            kind, evidence = list(LabelKind)[pick % 3], (ContactId(f"c{pick}"),)
            self.tell(
                requests.ProposeLabel(
                    by=who, number=number, tenant=tenant, kind=kind, reason="insults", evidence=evidence
                )
            )
        elif labels and what == "approve":
            self.tell(requests.ApproveLabel(by=who, label=labels[pick % len(labels)], days=pick))
        elif labels:
            kinds = {"refuse": requests.RefuseLabel, "revoke": requests.RevokeLabel}
            self.tell(kinds[what](by=who, label=labels[pick % len(labels)], reason="enough"))

    @rule(pick=st.integers(0, 30), keyed=st.sampled_from(["", "0", "0", "5"]))
    def a_caller_who_was_told_something_asks_again(self, pick: int, keyed: str) -> None:
        if calls := self.calls():
            self.fact(facts.CallQueued, call=calls[pick % len(calls)], queue="12345", noticed=True, keyed=keyed)

    @rule(pick=st.integers(0, 30))
    def a_citizen_asks_for_confidence(self, pick: int) -> None:
        if contacts := self.world.of(events.ContactArrived):
            self.tell(requests.MarkConfidential(by=BY, contact=contacts[pick % len(contacts)].contact))

    @invariant()
    def labels_took_two_people_and_are_found_by_their_number(self) -> None:
        state = self.world.center.state
        assert {(label.tenant, label.number): name for name, label in state.labels.items()} == state.labelled
        assert all(label.approved_by != label.proposed_by for label in state.labels.values())

    @invariant()
    def whoever_is_labelled_is_offered_the_way_out(self) -> None:
        calls = self.world.center.state.calls
        for command in self.world.commanded(commands.LeaveQueue):
            call = calls.get(command.call)
            assert call is None or not call.restrained or command.key == "0"

    @invariant()
    def nobody_is_owed_two_calls_or_called_twice_at_once(self) -> None:
        state = self.world.center.state
        owed = {(one.tenant, owed_for(one.number, one.case_no)): name for name, one in state.callbacks.items()}
        assert owed == state.owed
        assert len(owed) == len(state.callbacks)
        under_way = [callback.id for callback in state.callbacks.values() if callback.operation]
        assert sorted(under_way) == sorted(state.attempts.values())
        assert set(state.attempts) <= set(state.operations)

    @invariant()
    def queues_keep_their_hours_but_for_what_is_done_by_hand(self) -> None:
        state = self.world.center.state
        last = {event.queue: event for event in self.world.of(events.QueueChanged)}
        for queue in state.settings.queues:
            hours = BREAKS if queue.id == "desk" or queue.tenant else None
            says = spell(hours, self.world.now)
            assert state.hours.get(queue.id, Spell(True)) == says
            by_hand = queue.id in last and not last[queue.id].calendar
            assert by_hand or (queue.id not in state.closed) is says.open

    @invariant()
    def no_offer_goes_to_a_deaf_seat(self) -> None:
        state = self.world.center.state
        for agent in state.roster.by_id.values():
            assert agent.state is not AgentState.READY or state.deaf_reason(agent) is None

    def teardown(self) -> None:
        self._ring_all_has_one_winner()
        super().teardown()
        self._every_ledger_balances()

    def everybody_rests(self) -> None:
        """Nobody is called back any more, and what is under way comes to its end."""
        for seconds in (0, 300, 700):
            self.world.wait(seconds)
            for agent in self.world.center.state.roster.by_id.values():
                if agent.state is not AgentState.LOGGED_OUT:
                    self.world.do(requests.GoNotReady(by=BY, agent=agent.id, reason="home"))

    def _ring_all_has_one_winner(self) -> None:
        answered = {event.leg for event in self.world.of(events.CallAnswered)}
        for offer in self.world.commanded(commands.OfferCall):
            assert len([ringing.leg for ringing in offer.legs if ringing.leg in answered]) <= 1

    def _every_ledger_balances(self) -> None:
        contacts = self.world.records(ContactRecord)
        assert all(contact.outcome is not None for contact in contacts), "each contact comes to one thing"
        visits = self.world.records(VisitRecord)
        asked = Counter(visit.queue for visit in visits)
        refused = Counter(visit.queue for visit in visits if not visit.joined)
        ended = Counter((visit.queue, visit.outcome) for visit in visits if visit.joined)
        for queue, count in asked.items():
            came_to = sum(number for (name, outcome), number in ended.items() if name == queue and outcome is not None)
            assert count == refused[queue] + came_to
        visits_of: dict[str, list[int]] = {}
        for visit in visits:
            visits_of.setdefault(visit.contact, []).append(visit.n)
        for contact in contacts:
            assert visits_of.get(contact.contact, []) == list(range(1, contact.visits + 1))


WholeCentreUnderAnything.TestCase.settings = settings(stateful_step_count=60, deadline=None)
TestWholeCentreUnderAnything = WholeCentreUnderAnything.TestCase
