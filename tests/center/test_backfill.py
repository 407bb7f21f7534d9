"""What Asterisk's logs tell after we were away is recorded once, at its instants, where the journal does not know."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from center.records import CallbackRecord, ContactRecord, LegRecord, VisitRecord
from messages import events, facts
from messages.errors import Conflict
from messages.ids import AgentId, CallId, ContactId, LegId, Phone, QueueId, UserId
from messages.requests import PastLeg, PastVisit, TakeBackfill
from messages.values import AgentState, ContactOutcome, Direction, LegEnd, Source
from tests.center.test_center_properties import CentreUnderAnything
from tests.center.world import NODE, World, settings

FALLBACK = QueueId("fallback")


def world(agents: int = 2) -> World:
    """Return a centre that is told by logs."""
    return World(whole=msgspec.structs.replace(settings(agents), logs_s=20.0))


def told(world: World, call: str, *, ago: float = 60, lasted: float = 50, **about: Any) -> TakeBackfill:
    """Return an account of a call that began `ago` seconds before now."""
    arrived = world.now - timedelta(seconds=ago)
    about = {"outcome": ContactOutcome.ABANDONED, **about}
    return TakeBackfill(
        by=UserId("backfill"),
        contact=ContactId(call),
        call=CallId(call),
        node=NODE,
        number="13800001234",
        did="12345",
        arrived=arrived,
        ended=arrived + timedelta(seconds=lasted),
        **about,
    )


def leg(begin: datetime, *, answered: float | None = 3, ended: float = 23, **about: Any) -> PastLeg:
    """Return the part of phone 1001, in seconds from a beginning."""
    about = {"leg": LegId("n1-9.9"), "phone": Phone("1001"), "why": LegEnd.AGENT_HUNG_UP, **about}
    return PastLeg(
        offered=begin,
        answered=None if answered is None else begin + timedelta(seconds=answered),
        ended=begin + timedelta(seconds=ended),
        **about,
    )


def away(world: World, seconds: float = 60) -> None:
    """Let the link be cut, time pass, and the node be heard again without any call."""
    world.do(facts.NodeDown(occurred=world.now, node=NODE, reason="cut"))
    world.do(facts.NodeUp(occurred=world.now + timedelta(seconds=seconds), node=NODE), seconds)


def test_a_contact_that_came_and_went_is_taken_in_whole_and_only_once() -> None:
    w = world()
    w.ready("a1")
    away(w)
    begin = w.now - timedelta(seconds=60)
    visit = PastVisit(
        queue=FALLBACK,
        asked=begin + timedelta(seconds=1),
        left=begin + timedelta(seconds=9),
        outcome=ContactOutcome.ANSWERED,
    )
    account = told(
        w,
        "n1-1.1",
        outcome=ContactOutcome.ANSWERED,
        visits=(visit,),
        legs=(leg(begin + timedelta(seconds=6), agent=AgentId("a1")),),
    )
    assert w.do(account).id == "n1-1.1"
    entries = len(w.entries)
    assert w.do(account).id == ""
    assert len(w.entries) == entries
    [contact] = w.records(ContactRecord)
    assert (contact.outcome, contact.agent, contact.source) == (ContactOutcome.ANSWERED, "a1", Source.BACKFILL)
    assert contact.answered_at == begin + timedelta(seconds=9)
    assert contact.ended_at == begin + timedelta(seconds=50)
    [stay] = w.records(VisitRecord)
    assert (stay.queue, stay.outcome, stay.agent, stay.source) == (FALLBACK, "answered", "a1", Source.BACKFILL)
    [talk] = w.records(LegRecord)
    assert (talk.agent, talk.answered_at, talk.ended_at) == (
        "a1",
        begin + timedelta(seconds=9),
        begin + timedelta(seconds=29),
    )
    assert w.state("a1") is AgentState.READY, "it is long over: nobody's state changes"
    assert not w.records(CallbackRecord)


def test_a_caller_whom_nobody_served_meanwhile_is_owed_a_call() -> None:
    w = world()
    visit = PastVisit(queue=FALLBACK, asked=w.now, left=w.now, outcome=ContactOutcome.TIMED_OUT)
    w.do(told(w, "n1-1.1", outcome=ContactOutcome.TIMED_OUT, visits=(visit,)))
    [contact] = w.records(ContactRecord)
    assert contact.outcome is ContactOutcome.TIMED_OUT
    assert [owed.first_contact for owed in w.records(CallbackRecord)] == ["n1-1.1"]


def test_a_talk_that_ended_while_we_were_away_ends_when_the_logs_say_and_wrap_up_counts_from_there() -> None:
    w = world()
    w.ready("a1")
    w.come("c1")
    w.talk("c1/1")
    offered = w.call("c1").legs[LegId("c1/1")].offered_at
    away(w, 6)
    assert w.state("a1") is AgentState.TALKING, "the logs are asked first"
    past = leg(offered, answered=0, ended=2, why=LegEnd.CITIZEN_HUNG_UP)
    w.do(told(w, "c1", ago=6, lasted=2, outcome=ContactOutcome.ANSWERED, by_citizen=True, legs=(past,)))
    [talk] = w.records(LegRecord)
    assert (talk.leg, talk.ended_at, talk.end) == ("c1/1", offered + timedelta(seconds=2), LegEnd.CITIZEN_HUNG_UP)
    [contact] = w.records(ContactRecord)
    assert (contact.outcome, contact.agent, contact.source) == (ContactOutcome.ANSWERED, "a1", Source.BACKFILL)
    assert w.state("a1") is AgentState.WRAP_UP
    w.wait(5.9)
    assert w.state("a1") is AgentState.WRAP_UP
    w.wait(0.2)
    assert w.state("a1") is AgentState.READY


@pytest.mark.parametrize("rings", [False, True])
def test_an_offer_that_was_answered_behind_our_back_is_a_talk(rings: bool) -> None:
    w = world()
    w.ready("a1")
    w.come("c1")
    if rings:
        w.ring("c1/1")
    offered = w.now
    away(w, 6)
    w.do(told(w, "c1", ago=6, lasted=4, outcome=ContactOutcome.ANSWERED, legs=(leg(offered, answered=1, ended=4),)))
    [talk] = w.records(LegRecord)
    assert (talk.leg, talk.answered_at) == ("c1/1", offered + timedelta(seconds=1))
    assert w.state("a1") is AgentState.WRAP_UP


def test_a_waiting_caller_whom_the_fallback_queue_served_is_answered_and_not_abandoned() -> None:
    w = world()
    w.come("c1")
    asked = w.now
    away(w, 40)
    w.ready("a1")
    assert w.state("a1") is AgentState.READY, "a call that is gone is offered to nobody"
    visit = PastVisit(
        queue=FALLBACK,
        asked=asked + timedelta(seconds=3),
        left=asked + timedelta(seconds=8),
        outcome=ContactOutcome.ANSWERED,
    )
    past = leg(asked + timedelta(seconds=5), agent=AgentId("a1"))
    w.do(told(w, "c1", ago=40, lasted=28, outcome=ContactOutcome.ANSWERED, visits=(visit,), legs=(past,)))
    [contact] = w.records(ContactRecord)
    assert (contact.outcome, contact.queue, contact.by_asterisk) == (ContactOutcome.ANSWERED, "12345", True)
    [stay] = w.records(VisitRecord)
    assert (stay.queue, stay.asked_at, stay.left_at) == ("12345", asked, asked + timedelta(seconds=8))
    assert not w.of(events.CallAbandoned)
    assert not w.records(CallbackRecord)


def test_what_no_log_tells_is_presumed_when_they_are_read_or_too_late() -> None:
    w = world()
    w.come("c1")
    gone = w.now + timedelta(seconds=5)
    away(w, 5)
    w.do(facts.LogsRead(occurred=gone - timedelta(seconds=1), node=NODE))
    assert not w.of(events.ContactEnded), "that reading was of before it was gone"
    w.do(facts.LogsRead(occurred=w.now, node=NODE))
    [contact] = w.records(ContactRecord)
    assert (contact.outcome, contact.ended_at, contact.source) == (ContactOutcome.ABANDONED, gone, Source.PRESUMED)
    w.come("c2")
    away(w, 5)
    w.wait(21)
    assert [ended.source for ended in w.of(events.ContactEnded)] == [Source.PRESUMED] * 2


def test_a_call_that_asterisk_still_has_is_not_taken_and_the_live_end_wins() -> None:
    w = world()
    w.come("c1")
    with pytest.raises(Conflict):
        w.do(told(w, "c1"))
    w.hang_up("c1")
    w.do(told(w, "c1", outcome=ContactOutcome.ANSWERED))
    [contact] = w.records(ContactRecord)
    assert (contact.outcome, contact.source) == (ContactOutcome.ABANDONED, Source.LIVE)


def test_asterisks_restart_while_we_were_away_loses_the_call_with_the_moment() -> None:
    w = world()
    w.come("c1")
    away(w, 30)
    w.do(told(w, "c1", ago=30, lasted=11, outcome=ContactOutcome.LOST))
    [contact] = w.records(ContactRecord)
    assert (contact.outcome, contact.by_citizen) == (ContactOutcome.LOST, False)
    assert contact.ended_at == w.now - timedelta(seconds=19)


def test_a_backlog_is_no_burst_of_calls() -> None:
    w = world()
    for n in range(50):
        w.do(told(w, f"n1-1.{n}"))
    assert not w.of(events.SurgeStarted)
    assert not w.center.state.bursts


class CentreWithLogs(CentreUnderAnything):
    """The same with logs that tell anything of any call, true or false."""

    @staticmethod
    def new_world() -> World:
        """Return the world that things happen to."""
        return World(whole=msgspec.structs.replace(settings(4, ring_s=15, wrap_up_s=5), logs_s=20.0))

    @rule(
        pick=st.integers(0, 30),
        known=st.booleans(),
        outcome=st.sampled_from(list(ContactOutcome)),
        direction=st.sampled_from(list(Direction)),
        visits=st.lists(st.tuples(st.floats(0, 50), st.sampled_from(list(ContactOutcome))), max_size=2),
        parts=st.lists(
            st.tuples(
                st.sampled_from(["1001", "1002", "9999"]),
                st.floats(0, 40),
                st.none() | st.floats(0, 5),
                st.sampled_from(list(LegEnd)),
                st.sampled_from(["", "1009"]),
            ),
            max_size=3,
        ),
    )
    def the_logs_tell(
        self,
        pick: int,
        known: bool,
        outcome: ContactOutcome,
        direction: Direction,
        visits: list[tuple[float, ContactOutcome]],
        parts: list[tuple[str, float, float | None, LegEnd, str]],
    ) -> None:
        w, calls = self.world, list(self.world.center.state.calls)
        self.count += 1
        call = calls[pick % len(calls)] if known and calls else f"b{self.count}"
        begin = w.now - timedelta(seconds=60)
        legs = [
            leg(
                begin + timedelta(seconds=at),
                answered=answered,
                ended=6,
                leg=LegId(f"u{self.count}.{n}"),
                phone=Phone(phone),
                why=why,
                transferred_to=to,
            )
            for n, (phone, at, answered, why, to) in enumerate(parts)
        ]
        stays = [
            PastVisit(queue=FALLBACK, asked=begin + timedelta(seconds=at), left=w.now, outcome=went)
            for at, went in visits
        ]
        self.tell(told(w, call, outcome=outcome, direction=direction, visits=tuple(stays), legs=tuple(legs)))

    @rule()
    def the_logs_are_read(self) -> None:
        self.fact(facts.LogsRead)


CentreWithLogs.TestCase.settings = hypothesis_settings(stateful_step_count=50, deadline=None)
TestCentreWithLogs = CentreWithLogs.TestCase
del CentreUnderAnything


def test_an_agent_who_answers_before_the_logs_are_read_takes_nothing_from_the_call_that_is_gone() -> None:
    w = world(1)
    w.ready("a1")
    w.come("c1")
    offered = w.call("c1").legs[LegId("c1/1")].offered_at
    away(w, 6)
    assert w.state("a1") is AgentState.RESERVED, "the logs are asked first"
    w.arrive("c2")
    w.queue("c2", by_asterisk=True)
    w.answer("c2/1", phone="1001")
    assert w.state("a1") is AgentState.TALKING
    past = leg(offered, answered=0, ended=2, why=LegEnd.CITIZEN_HUNG_UP)
    w.do(told(w, "c1", ago=6, lasted=2, outcome=ContactOutcome.ANSWERED, legs=(past,)))
    contact = next(record for record in w.records(ContactRecord) if record.contact == "c1")
    assert (contact.outcome, contact.agent) == (ContactOutcome.ANSWERED, "a1")
    assert w.state("a1") is AgentState.TALKING, "with the other citizen"


def test_the_fallback_queue_rang_the_very_phone_that_our_offer_did_not_reach() -> None:
    w = world(1)
    w.ready("a1")
    w.come("c1")
    w.do(facts.CallMissing(occurred=w.now, node=NODE, call=CallId("c1")), 2)
    rang = w.now
    w.do(facts.DialReturned(occurred=w.now, node=NODE, call=CallId("c1"), leg=LegId("c1/1"), status="WITHDRAWN"))
    away(w, 10)
    visit = PastVisit(queue=FALLBACK, asked=rang, left=rang, outcome=ContactOutcome.ANSWERED)
    w.do(told(w, "c1", ago=12, lasted=8, outcome=ContactOutcome.ANSWERED, visits=(visit,), legs=(leg(rang, ended=6),)))
    [contact] = w.records(ContactRecord)
    assert (contact.outcome, contact.agent) == (ContactOutcome.ANSWERED, "a1")
    assert contact.answered_at == rang + timedelta(seconds=3)
