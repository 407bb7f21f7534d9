"""How talks end in the records, whichever news comes first."""

from __future__ import annotations

import pytest

from messages import commands, events, facts
from messages.ids import CallId
from messages.values import LegEnd, Verb
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
