"""Seats: hot desks, second log-ins, deaf phones and desktops, forced states, wrap-up and its limits."""

from __future__ import annotations

import pytest

from center.records import AgentStateRecord, LegRecord
from center.settings import SecondLogin
from messages import commands, events, facts, requests
from messages.errors import Conflict, IllegalTransition, Invalid, NotFound, Refused
from messages.ids import AgentId, Phone
from messages.values import AgentState, LegEnd, Reason
from tests.center.city import city
from tests.center.world import BY, NODE, World


def town(**changes: object) -> World:
    """Return the city."""
    return World(whole=city(**changes))


def log_in(world: World, agent: str, phone: str = "", seat: str = "") -> None:
    """Let an agent log in."""
    world.do(requests.LogIn(by=BY, agent=AgentId(agent), phone=Phone(phone), seat=seat))


def phone(world: World, number: str, reachable: bool) -> None:
    """Let a phone go or come."""
    world.do(facts.PhoneSeen(occurred=world.now, node=NODE, phone=Phone(number), reachable=reachable))


def desktop(world: World, agent: str, connected: bool) -> None:
    """Let a desktop go or come."""
    world.do(facts.DesktopSeen(occurred=world.now, node=NODE, agent=AgentId(agent), connected=connected))


def test_an_agent_sits_anywhere_and_calls_follow() -> None:
    world = town()
    log_in(world, "a1", seat="s9")
    assert (world.agent("a1").phone, world.agent("a1").seat) == ("1099", "s9")
    world.do(requests.GoReady(by=BY, agent=AgentId("a1")))
    world.come("c1")
    assert world.commanded(commands.OfferCall)[0].legs[0].phone == "1099"
    with pytest.raises(NotFound, match="no seat"):
        log_in(world, "a2", seat="nowhere")


def test_a_second_log_in_takes_over_or_is_refused_as_configured() -> None:
    world = town()
    log_in(world, "a1")
    log_in(world, "a1", phone="1050")
    assert world.agent("a1").phone == "1050"
    assert world.center.state.roster.at(Phone("1001")) is None
    log_in(world, "a2", phone="1050")
    assert world.state("a1") is AgentState.LOGGED_OUT
    assert world.agent("a2").phone == "1050"
    world = town(second_login=SecondLogin.REFUSE)
    log_in(world, "a1")
    for agent, number in (("a1", "1050"), ("a2", "1001")):
        with pytest.raises(Conflict):
            log_in(world, agent, phone=number)


def test_nobody_is_taken_over_in_mid_call() -> None:
    world = town()
    world.ready("a1")
    world.come("c1")
    with pytest.raises(Conflict, match="reserved"):
        log_in(world, "a2", phone="1001")
    with pytest.raises(Conflict, match="reserved"):
        log_in(world, "a1", phone="1050")
    assert world.state("a2") is AgentState.LOGGED_OUT


def test_a_deaf_phone_is_offered_nothing_says_why_and_comes_back_by_itself() -> None:
    world = town()
    world.ready("a1")
    phone(world, "1001", reachable=False)
    assert (world.state("a1"), world.agent("a1").reason) == (AgentState.NOT_READY, Reason.DEAF_PHONE)
    world.come("c1")
    assert not world.of(events.CallOffered)
    with pytest.raises(Refused, match="phone 1001 does not answer"):
        world.do(requests.GoReady(by=BY, agent=AgentId("a1")))
    phone(world, "1001", reachable=True)
    assert world.of(events.CallOffered)[0].agent == "a1"


def test_a_deaf_desktop_likewise_but_only_where_there_was_one() -> None:
    world = town()
    world.ready("a1", "a2")
    desktop(world, "a1", connected=True)
    desktop(world, "a1", connected=False)
    assert world.agent("a1").reason == Reason.DEAF_DESKTOP
    assert world.state("a2") is AgentState.READY, "no desktop, none missed"
    desktop(world, "a1", connected=True)
    assert world.state("a1") is AgentState.READY


def test_an_agent_on_a_break_is_not_made_ready_by_a_phone_that_comes_back() -> None:
    world = town()
    world.ready("a1")
    world.do(requests.GoNotReady(by=BY, agent=AgentId("a1"), reason="lunch"))
    phone(world, "1001", reachable=False)
    phone(world, "1001", reachable=True)
    assert world.agent("a1").reason == "lunch"


def test_a_phone_unplugged_while_ringing_passes_the_call_on_and_is_deaf() -> None:
    world = town()
    world.ready("a1")
    world.come("c1")
    world.ring("c1/1")
    world.ready("a2")
    phone(world, "1001", reachable=False)
    world.end_leg("c1/1", LegEnd.UNAVAILABLE)
    assert world.agent("a1").reason == Reason.DEAF_PHONE
    assert world.of(events.CallOffered)[-1].agent == "a2"


def test_a_phone_unplugged_while_talking_is_deaf_after_wrap_up() -> None:
    world = town()
    world.ready("a1")
    world.come("c1")
    world.talk("c1/1")
    phone(world, "1001", reachable=False)
    assert world.state("a1") is AgentState.TALKING
    world.hang_up("c1")
    world.wait(5)
    assert (world.state("a1"), world.agent("a1").reason) == (AgentState.NOT_READY, Reason.DEAF_PHONE)


def test_a_desktop_closed_at_log_out_does_not_keep_a_desk_phone_from_logging_in_again() -> None:
    world = town()
    world.ready("a1")
    desktop(world, "a1", connected=True)
    world.do(requests.LogOut(by=BY, agent=AgentId("a1")))
    desktop(world, "a1", connected=False)
    world.ready("a1")
    assert world.state("a1") is AgentState.READY


def test_a_supervisor_forces_a_state_with_a_reason_that_is_kept() -> None:
    world = town()
    world.ready("a1")

    def force(state: AgentState, reason: str = "meeting") -> None:
        world.do(requests.ForceState(by=BY, agent=AgentId("a1"), state=state, reason=reason))

    force(AgentState.NOT_READY)
    assert (world.state("a1"), world.agent("a1").reason) == (AgentState.NOT_READY, "meeting")
    force(AgentState.READY)
    world.come("c1")
    world.talk("c1/1")
    force(AgentState.NOT_READY, "training")
    assert world.state("a1") is AgentState.TALKING
    with pytest.raises(IllegalTransition):
        force(AgentState.LOGGED_OUT)
    world.hang_up("c1")
    world.wait(5)
    assert world.agent("a1").reason == "training"
    force(AgentState.LOGGED_OUT, "end of shift")
    assert world.state("a1") is AgentState.LOGGED_OUT
    for state, reason in ((AgentState.TALKING, "x"), (AgentState.READY, " ")):
        with pytest.raises(Invalid):
            force(state, reason)
    forced = [(record.state, record.by) for record in world.records(AgentStateRecord) if record.forced]
    assert forced == [(AgentState.NOT_READY, BY), (AgentState.READY, BY)]


def test_wrap_up_is_extended_up_to_its_maximum_and_kept_whole() -> None:
    world = town()
    world.ready("a1")
    world.come("c1")
    world.talk("c1/1")
    world.hang_up("c1")

    def extend(seconds: float) -> None:
        world.do(requests.ExtendWrapUp(by=BY, agent=AgentId("a1"), seconds=seconds))

    extend(10)
    world.wait(14)
    assert world.state("a1") is AgentState.WRAP_UP
    extend(60)
    with pytest.raises(Refused, match="at most 30 s"):
        extend(1)
    world.wait(15)
    assert world.state("a1") is AgentState.WRAP_UP
    world.wait(1)
    assert world.state("a1") is AgentState.READY
    assert world.records(LegRecord)[0].wrap_up_s == 30
    with pytest.raises(Refused, match="ready"):
        extend(5)


def test_wrap_up_ends_early_when_its_agent_says_so() -> None:
    world = town()
    world.ready("a1")
    world.come("c1")
    world.talk("c1/1")
    world.hang_up("c1")
    world.wait(2)
    world.do(requests.GoReady(by=BY, agent=AgentId("a1")))
    assert world.records(LegRecord)[0].wrap_up_s == 2
