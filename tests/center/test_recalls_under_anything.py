"""What holds whatever happens where citizens are rung without an agent: called back first, or asked by keypad."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from calls.callback import CallbackSettings, allowed_from
from center.records import SurveyRecord
from messages import commands, events, facts, requests
from messages.values import Asker, CallbackEnd, Direction, RingsFirst
from tests.center.test_whole_centre import WholeCentreUnderAnything
from tests.center.world import BY, NODE, World

NUMBERS = ["13800001234", "0534111"]
CALLBACKS = CallbackSettings(
    automatic=True,
    first=RingsFirst.CITIZEN,
    retry_s=100.0,
    after_s=5.0,
    reserve=0,
    keypad=2,
    since="08:00",
    until="08:10",
    tz="UTC",
)
"""The world begins at eight: ten minutes later it is night."""


class CitizensFirstUnderAnything(WholeCentreUnderAnything):
    """The whole centre, which rings citizens before agents."""

    def __init__(self) -> None:
        super().__init__()
        self.looked_at = 0
        self.numbers: dict[str, str] = {}
        """What is on the line with us or rung, by call or leg."""

    @staticmethod
    def new_world() -> World:
        whole = WholeCentreUnderAnything.new_world().settings
        return World(whole=msgspec.structs.replace(whole, callbacks=CALLBACKS))

    @rule(number=st.sampled_from(NUMBERS), case_no=st.sampled_from(["GD1", "GD2"]))
    def somebody_is_to_be_asked_by_keypad(self, number: str, case_no: str) -> None:
        self.tell(requests.AskRevisit(by=BY, number=number, case_no=case_no, asker=Asker.KEYPAD))

    @rule(number=st.sampled_from(NUMBERS))
    def who_waits_takes_a_call_back(self, number: str) -> None:
        self.a_citizen_dials("12345", number)
        self.fact(facts.CallbackWanted, call=f"c{self.count}")
        self.fact(facts.CallHungUp, call=f"c{self.count}", by_citizen=False)

    @rule(pick=st.integers(0, 30))
    def a_citizens_phone_rings(self, pick: int) -> None:
        if asked := self.world.commanded(commands.CallCitizen):
            leg = asked[-1 - pick % len(asked)].leg
            call = leg.replace("/", "-")
            self.fact(facts.CallArrived, call=call, contact=call, number="12345", did="12345", outbound=leg)

    @rule(pick=st.integers(0, 30), keyed=st.sampled_from(["", "1", "3"]))
    def who_is_rung_picks_up(self, pick: int, keyed: str) -> None:
        self.a_citizens_phone_rings(0)
        state = self.world.center.state
        rung = [call for call in state.calls.values() if call.operation and not call.reached]
        if not rung:
            return
        call = rung[pick % len(rung)]
        callback = state.attempt(call.operation)
        self.fact(facts.CitizenReached, call=call.id)
        if callback is None or callback.asker is Asker.AGENT:
            self.fact(facts.CallQueued, call=call.id, queue="12345", noticed=True)
            return
        self.fact(facts.SurveyAsked, call=call.id, question="survey")
        if keyed:
            self.fact(facts.SurveyAnswered, call=call.id, question="survey", key=keyed, satisfied=keyed == "1")
            self.fact(facts.CallHungUp, call=call.id, by_citizen=False)

    @rule(pick=st.integers(0, 30), cause=st.sampled_from([16, 17, 19]))
    def who_is_rung_does_not_pick_up(self, pick: int, cause: int) -> None:
        self.a_citizens_phone_rings(0)
        rung = [call for call in self.world.center.state.calls.values() if call.operation]
        if rung:
            self.fact(facts.CallHungUp, call=rung[pick % len(rung)].id, by_citizen=False, cause=cause)

    @invariant()
    def nobody_is_rung_who_is_on_the_line_with_us_or_at_night(self) -> None:
        for entry in self.world.entries[self.looked_at :]:
            match entry.event:
                case events.DialledOut(agent=None, leg=leg, number=number):
                    assert number not in self.numbers.values()
                    assert allowed_from(entry.at, CALLBACKS) == entry.at
                    self.numbers[leg] = number
                case events.ContactArrived(call=call, number=number, operation=operation):
                    self.numbers.pop(f"{operation}/1", None)
                    self.numbers[call] = number
                case events.DialOutEnded(leg=leg):
                    self.numbers.pop(leg, None)
                case events.ContactEnded(call=call):
                    self.numbers.pop(call, None)
        self.looked_at = len(self.world.entries)

    @invariant()
    def no_agent_is_held_back_while_a_citizen_is_rung(self) -> None:
        state = self.world.center.state
        rung = {leg for leg, outbound in state.outbound.items() if outbound.agent is None}
        assert not rung & {agent.leg for agent in state.roster.by_id.values()}
        agents = sum(len(line.free_agents()) for line in state.lines.values())
        assert agents or not state.fresh_agents

    @invariant()
    def only_so_many_are_asked_by_keypad_at_once(self) -> None:
        state = self.world.center.state
        asked = [state.callbacks[name] for name in state.attempts.values()]
        assert sum(one.asker is Asker.KEYPAD and one.agent is None for one in asked) <= CALLBACKS.keypad

    def teardown(self) -> None:
        super().teardown()
        self._served_only_by_an_agent_or_the_keypad()
        self._nobody_is_tried_more_often_than_allowed()
        self._revisits_are_no_service_satisfaction()

    def everybody_rests(self) -> None:
        """Nobody is rung any more: no Asterisk is heard."""
        self.world.do(facts.NodeDown(occurred=self.world.now, node=NODE, reason="night"))
        super().everybody_rests()

    def _served_only_by_an_agent_or_the_keypad(self) -> None:
        served = {event.contact for event in self.world.of(events.CallAnswered)}
        served |= {event.contact for event in self.world.of(events.RevisitAnswered)}
        for done in self.world.of(events.CallbackDone):
            assert done.end is not CallbackEnd.SERVED or done.contact in served

    def _nobody_is_tried_more_often_than_allowed(self) -> None:
        tries: Counter[str] = Counter()
        revisits = {event.callback for event in self.world.of(events.CallbackNoted) if event.case_no}
        last: dict[str, tuple[int, datetime]] = {}
        for entry in self.world.entries:
            event = entry.event
            if isinstance(event, events.CallbackOffered) and event.agent is None:
                tries[event.callback] += 1
            elif isinstance(event, events.CallbackAttempted):
                if event.why == "on the line with us" or event.agent is not None:
                    tries[event.callback] -= event.agent is None
                    continue
                # Others may call again meanwhile, and are called back at once.
                if event.callback in last and event.attempts > last[event.callback][0] and event.callback in revisits:
                    apart = entry.at - last[event.callback][1]
                    assert apart >= timedelta(seconds=CALLBACKS.retry_s), "never sooner than they may be"
                last[event.callback] = event.attempts, entry.at
        assert all(count <= CALLBACKS.attempts for count in tries.values())

    def _revisits_are_no_service_satisfaction(self) -> None:
        arrived = self.world.of(events.ContactArrived)
        asked = {event.contact for event in self.world.of(events.SurveyAsked) if event.revisit}
        out = {event.contact for event in arrived if event.direction is Direction.OUT}
        assert asked <= out
        assert asked.isdisjoint(record.contact for record in self.world.records(SurveyRecord))


CitizensFirstUnderAnything.TestCase.settings = settings(stateful_step_count=60, deadline=None)
TestCitizensFirstUnderAnything = CitizensFirstUnderAnything.TestCase
