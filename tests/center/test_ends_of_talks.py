"""How talks end in the records, whichever news comes first."""

from __future__ import annotations

import pytest

from messages import commands, events, facts
from messages.ids import CallId
from messages.values import AgentState, LegEnd, Need, Reason, Verb
from tests.center.test_call_control import talking
from tests.center.world import NODE


def test_a_talk_that_we_end_is_not_the_citizens_doing_whatever_leaves_first() -> None:
    world = talking()
    world.control("c1", Verb.HANG_UP, reason="abusive")
    world.end_leg("c1/1", LegEnd.CITIZEN_HUNG_UP)
    world.hang_up("c1", by_citizen=False)
    assert [leg.why for leg in world.of(events.LegEnded)] == [LegEnd.AGENT_HUNG_UP]


@pytest.mark.parametrize("call_ends", [False, True])
def test_a_recording_told_of_after_its_talk_is_completed_all_the_same(call_ends: bool) -> None:
    world = talking()
    if call_ends:
        world.hang_up("c1")
    else:
        world.control("c1", Verb.PARK)
        world.leg(facts.LegTransferred, "c1/1", to="")
    assert world.commanded(commands.StopRecording) == []
    world.do(
        facts.RecordingStarted(occurred=world.now, node=NODE, recording="c1-1", call=CallId("c1"))  # type: ignore[arg-type]
    )
    assert [command.recording for command in world.commanded(commands.StopRecording)] == ["c1-1"]


def test_a_citizen_whose_agents_phone_died_keeps_the_place_and_the_agent_is_not_ready() -> None:
    world = talking()
    world.wait(60)
    world.come("c2")
    world.end_leg("c1/1", LegEnd.PHONE_DIED)
    world.held_again("c1")
    queued = world.of(events.CallQueued)[-1]
    assert (queued.call, queued.queue, queued.position) == ("c1", world.call("c1").queue, 1)
    assert world.of(events.CallTransferred) == []
    assert world.state("a1") is AgentState.WRAP_UP
    world.wait(world.center.state.queues[queued.queue].wrap_up_s + 1)
    assert (world.state("a1"), world.agent("a1").reason) == (AgentState.NOT_READY, Reason.DEAF_PHONE)


def test_what_a_citizen_needs_is_still_asked_for_when_they_queue_again() -> None:
    world = talking()
    needs = (Need("cantonese", 2, 30.0), Need("@a9", 1, 30.0))
    world.call("c1").needs = needs
    world.end_leg("c1/1", LegEnd.PHONE_DIED)
    world.held_again("c1")
    assert world.of(events.CallQueued)[-1].needs == needs[:1], "but not an agent whom somebody passed them to"
