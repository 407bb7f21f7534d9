"""Which talks are recorded, and pausing: what is commanded, what is refused, and that only Asterisk's word counts."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from center.records import OperationRecord, RecordingRecord
from messages import commands, events, facts
from messages.errors import Conflict, Refused
from messages.ids import AgentId, CallId, RecordingId
from messages.values import RecordPolicy, Target, TargetKind, Verb
from queueing.settings import QueueSettings
from recording.gaps import parsed
from tests.center.city import city
from tests.center.world import NODE, World, settings


def talking(record: RecordPolicy | bool = True, *, noticed: bool = True, **changes: Any) -> World:
    """Return a centre with one queue, and a1 talking on c1."""
    plain = settings()
    queue = msgspec.structs.replace(plain.queues[0], record=record)
    world = World(whole=msgspec.structs.replace(plain, queues=(queue,), **changes))
    world.ready("a1")
    world.arrive("c1")
    world.queue("c1", noticed=noticed)
    world.talk("c1/1")
    return world


def begun(world: World, recording: str = "c1-1") -> World:
    """Let Asterisk say that it records."""
    world.do(facts.RecordingStarted(occurred=world.now, node=NODE, call=CallId("c1"), recording=RecordingId(recording)))
    return world


def complete(world: World, recording: str = "c1-1", failed: str = "") -> None:
    """Let the file be complete."""
    world.do(
        facts.RecordingStopped(
            occurred=world.now, node=NODE, call=CallId("c1"), recording=RecordingId(recording), failed=failed
        )
    )


def silent(world: World, paused: bool = True) -> None:
    """Let Asterisk say that it records silence, or no longer."""
    world.do(facts.RecordingPaused(occurred=world.now, node=NODE, call=CallId("c1"), paused=paused))


def paused(world: World) -> bool:
    """Tell whether any recording is known to be paused."""
    return any(one.paused_until for one in world.center.state.recordings.values())


@pytest.mark.parametrize(
    ("record", "noticed", "recorded"),
    [
        (True, True, True),
        (RecordPolicy.ALWAYS, True, True),
        (RecordPolicy.ALWAYS, False, False),
        (RecordPolicy.ON_DEMAND, True, False),
        (RecordPolicy.NEVER, True, False),
        (False, True, False),
    ],
)
def test_the_queues_policy_says_whether_a_talk_is_recorded(record: Any, noticed: bool, recorded: bool) -> None:
    world = talking(record, noticed=noticed)
    assert bool(world.commanded(commands.StartRecording)) is recorded
    [answered] = [entry.event for entry in world.entries if isinstance(entry.event, events.CallAnswered)]
    assert answered.record is world.settings.queues[0].records


def test_the_policy_is_read_from_settings_old_and_new() -> None:
    read = {
        one: msgspec.toml.decode(f'id = "q"\nrecord = {one}', type=QueueSettings).records
        for one in ("true", "false", '"always"', '"on_demand"', '"never"')
    }
    assert read == {
        "true": RecordPolicy.ALWAYS,
        "false": RecordPolicy.NEVER,
        '"always"': RecordPolicy.ALWAYS,
        '"on_demand"': RecordPolicy.ON_DEMAND,
        '"never"': RecordPolicy.NEVER,
    }


def test_a_pause_is_what_asterisk_says_and_its_gap_is_kept() -> None:
    world = begun(talking())
    operation = world.control("c1", Verb.PAUSE_RECORDING, agent=AgentId("a1"))
    [command] = world.commanded(commands.PauseRecordings)
    assert (command.call, command.paused, command.operation) == ("c1", True, operation)
    assert not paused(world), "asked for is not done"
    with pytest.raises(Conflict, match="under way"):
        world.control("c1", Verb.PAUSE_RECORDING)
    silent(world)
    assert (paused(world), world.operation(operation)) == (True, "done")
    with pytest.raises(Refused, match="is paused"):
        world.control("c1", Verb.PAUSE_RECORDING)
    world.wait(20)
    resume = world.control("c1", Verb.RESUME_RECORDING)
    silent(world, paused=False)
    assert (paused(world), world.operation(resume)) == (False, "done")
    with pytest.raises(Refused, match="is not paused"):
        world.control("c1", Verb.RESUME_RECORDING)
    [record] = world.records(RecordingRecord)
    [gap] = parsed(record.gaps)
    assert gap.until is not None
    assert (gap.until - gap.since).total_seconds() == 20


def test_a_gap_that_is_open_ends_with_its_recording() -> None:
    world = begun(talking())
    world.control("c1", Verb.PAUSE_RECORDING)
    silent(world)
    world.wait(5)
    world.hang_up("c1")
    complete(world)
    [record] = world.records(RecordingRecord)
    assert parsed(record.gaps)[0].until == record.ended_at
    world.wait(1000)
    assert not [c for c in world.commanded(commands.PauseRecordings) if not c.paused], "nothing is left to end"


def test_a_pause_ends_by_itself_and_is_tried_until_asterisk_does() -> None:
    world = begun(talking(pause_at_most_s=60.0, operation_s=10.0))
    world.control("c1", Verb.PAUSE_RECORDING)
    silent(world)
    world.wait(59)
    assert len(world.commanded(commands.PauseRecordings)) == 1
    world.wait(25)
    tries = world.commanded(commands.PauseRecordings)[1:]
    assert [one.paused for one in tries] == [False, False, False]
    assert paused(world), "shown is what Asterisk said"
    silent(world, paused=False)
    assert not paused(world)
    world.wait(100)
    assert len(world.commanded(commands.PauseRecordings)) == 4
    operations = [one for one in world.records(OperationRecord) if one.verb is Verb.RESUME_RECORDING]
    assert [one.done for one in operations] == [False, False, True]
    [resumed] = [entry.event for entry in world.entries if isinstance(entry.event, events.RecordingResumed)]
    assert resumed.by is None


def test_a_pause_nobody_heard_of_again_is_taken_back() -> None:
    world = begun(talking())
    operation = world.control("c1", Verb.PAUSE_RECORDING)
    world.wait(world.settings.operation_s + 1)
    assert "in time" in world.operation(operation)
    assert [one.paused for one in world.commanded(commands.PauseRecordings)] == [True, False]


def test_who_joins_a_paused_talk_is_silent_from_the_first_moment() -> None:
    world = World(whole=city())
    world.ready("a1")
    world.come("c1")
    world.talk("c1/1")
    begun(world)
    world.control("c1", Verb.PAUSE_RECORDING)
    silent(world)
    world.control("c1", Verb.THREE_WAY, target=Target(TargetKind.NUMBER, "05341234567"))
    world.answer("c1/2")
    assert [one.paused for one in world.commanded(commands.StartRecording)] == [False, True]
    begun(world, "c1-2")
    first = next(one.paused_until for one in world.center.state.recordings.values())
    world.wait(10)
    silent(world)
    assert {one.paused_until for one in world.center.state.recordings.values()} == {first}, "joining prolongs nothing"


def test_after_a_restart_what_is_paused_is_said_again() -> None:
    world = begun(talking())
    world.control("c1", Verb.PAUSE_RECORDING)
    silent(world)
    world.do(facts.NodeDown(occurred=world.now, node=NODE, reason="away"))
    world.do(facts.NodeUp(occurred=world.now, node=NODE, calls=(CallId("c1"),), legs=("c1/1",)))  # type: ignore[arg-type]
    assert [one.paused for one in world.commanded(commands.PauseRecordings)] == [True, True]


def test_on_demand_each_recording_has_a_name_of_its_own() -> None:
    world = talking(RecordPolicy.ON_DEMAND)
    for name in ("c1-1", "c1-1.2"):
        start = world.control("c1", Verb.START_RECORDING)
        assert world.commanded(commands.StartRecording)[-1].recording == name
        begun(world, name)
        assert world.operation(start) == "done"
        with pytest.raises(Refused, match="is being recorded"):
            world.control("c1", Verb.START_RECORDING)
        stop = world.control("c1", Verb.STOP_RECORDING)
        assert world.commanded(commands.StopRecording)[-1].recording == name
        complete(world, name)
        assert world.operation(stop) == "done"
    assert [(one.recording, one.leg) for one in world.records(RecordingRecord)] == [
        ("c1-1", "c1/1"),
        ("c1-1.2", "c1/1"),
    ]
    before = len(world.commanded(commands.StopRecording))
    world.hang_up("c1")
    assert len(world.commanded(commands.StopRecording)) == before, "what is complete is not completed again"


def test_on_demand_is_refused_elsewhere_and_before_the_notice_and_fails_as_asterisk_says() -> None:
    for policy in (RecordPolicy.ALWAYS, RecordPolicy.NEVER):
        with pytest.raises(Refused, match=policy):
            talking(policy).control("c1", Verb.START_RECORDING)
    with pytest.raises(Refused, match="notice"):
        talking(RecordPolicy.ON_DEMAND, noticed=False).control("c1", Verb.START_RECORDING)
    world = talking(RecordPolicy.ON_DEMAND)
    start = world.control("c1", Verb.START_RECORDING)
    complete(world, failed="no such channel")
    assert world.operation(start) == "no such channel"
    with pytest.raises(Refused, match="do not talk"):
        world.control("c1", Verb.START_RECORDING, agent=AgentId("a2"))
