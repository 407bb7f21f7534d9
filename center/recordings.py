"""Recordings: asked for, paused and resumed by people, and what Asterisk reports of them."""

from datetime import datetime, timedelta
from typing import Any

from calls.call import Call, Leg
from calls.operation import Operation
from center import operations
from center.turn import Turn
from messages import commands, events, facts
from messages.errors import Conflict, Refused
from messages.ids import CallId, LegId, NodeId, OperationId, UserId
from messages.requests import ControlCall
from messages.values import RecordPolicy, Verb
from recording.recording import Recording, is_of, recording_of, wanted

LIMIT = UserId("pause-limit")
"""Who asks for the end of a pause that has lasted as long as it may."""

VERBS = frozenset({Verb.PAUSE_RECORDING, Verb.RESUME_RECORDING, Verb.START_RECORDING, Verb.STOP_RECORDING})


def begin(turn: Turn, call: Call, leg: Leg) -> None:
    """Have a leg that begins to talk recorded where that is wanted; the fallback queue's dialplan sees to its own."""
    policy, others = turn.state.queue_of(call).records, _running(turn, call)
    if not call.by_asterisk and wanted(policy, noticed=call.noticed, under_way=bool(others)):
        _start(turn, call, leg, paused=any(other.paused_until for other in others))


def _start(turn: Turn, call: Call, leg: Leg, *, paused: bool = False) -> None:
    turn.command(
        commands.StartRecording,
        call.node,
        recording=recording_of(leg.id, leg.recorded),
        contact=call.contact,
        call=call.id,
        leg=leg.id,
        paused=paused,
    )


def control(turn: Turn, request: ControlCall, call: Call, operation: OperationId) -> None:
    """Have a call's recordings paused, resumed, started or stopped, where `check` has let that pass."""
    match request.verb:
        case Verb.START_RECORDING:
            for one in call.talking_legs():
                _start(turn, call, one)
        case Verb.STOP_RECORDING:
            for recording in _running(turn, call):
                turn.command(commands.StopRecording, call.node, recording=recording.id, call=call.id)
        case verb:
            paused = verb is Verb.PAUSE_RECORDING
            turn.command(commands.PauseRecordings, call.node, call=call.id, paused=paused, operation=operation)


def check(turn: Turn, verb: Verb, call: Call) -> None:
    """Raise Refused or Conflict where a call's recordings may not be paused, resumed, started or stopped now."""
    if _asked(turn, call.id, *VERBS):
        raise Conflict("another act on the recording is still under way")
    running = _running(turn, call)
    policy, paused = turn.state.queue_of(call).records, any(one.paused_until for one in running)
    on_demand = verb in (Verb.START_RECORDING, Verb.STOP_RECORDING)
    if on_demand and policy is not RecordPolicy.ON_DEMAND:
        raise Refused(f"this queue's talks are recorded: {policy}")
    if verb is Verb.START_RECORDING:
        if running:
            raise Refused("the talk is being recorded")
        if not call.noticed:
            raise Refused("the citizen has not heard the recording notice")
    elif not running:
        raise Refused("the talk is not being recorded")
    elif not on_demand and paused == (verb is Verb.PAUSE_RECORDING):
        raise Refused("the recording is paused" if paused else "the recording is not paused")


def _running(turn: Turn, call: Call) -> list[Recording]:
    """Return the recordings of those who talk, and the fallback queue's own."""
    return [one for one in turn.state.recordings.values() if one.call == call.id and _talks(call, one)]


def _talks(call: Call, recording: Recording) -> bool:
    leg = call.legs.get(recording.leg)
    return leg.talks if leg is not None else not recording.leg


def _asked(turn: Turn, call: CallId, *verbs: Verb) -> Operation | None:
    return next((one for one in turn.state.operations.values() if one.call == call and one.verb in verbs), None)


def _done(turn: Turn, call: CallId, verb: Verb) -> Operation | None:
    """Close the operation that asked for this, if one did."""
    if operation := _asked(turn, call, verb):
        operations.done(turn, operation)
    return operation


def started(turn: Turn, fact: facts.RecordingStarted) -> None:
    """Asterisk records: a leg by our command, or a whole call by the fallback's dialplan.

    Where the talk was over before that was told, the file is completed at once: nothing else will.
    """
    call = turn.call(fact.call)
    if fact.recording in turn.state.recordings:
        return
    leg = next((leg for leg in call.legs.values() if is_of(fact.recording, leg.id)), None) if call else None
    if call is not None:
        turn.record(
            events.RecordingStarted(
                recording=fact.recording,
                contact=call.contact,
                call=call.id,
                leg=leg.id if leg else LegId(""),
                occurred=fact.occurred,
                agent=leg.agent if leg else None,
                queue=call.queue,
            )
        )
        _done(turn, call.id, Verb.START_RECORDING)
    over = fact.call in turn.state.ended if call is None else leg is not None and not leg.alive
    if over:
        turn.command(commands.StopRecording, fact.node, recording=fact.recording, call=fact.call)


def stopped(turn: Turn, fact: facts.RecordingStopped) -> None:
    """A recording's file is complete, or there is none."""
    if recording := turn.state.recordings.get(fact.recording):
        _record(turn, events.RecordingStopped, recording, fact.occurred, failed=fact.failed)
        _done(turn, fact.call, Verb.STOP_RECORDING)
    elif fact.failed and (operation := _asked(turn, fact.call, Verb.START_RECORDING)):
        operations.fail(turn, operation, fact.failed)


def paused(turn: Turn, fact: facts.RecordingPaused) -> None:
    """Asterisk records silence, or what is said again."""
    call = turn.call(fact.call)
    if call is None:
        return
    asked = _done(turn, call.id, Verb.PAUSE_RECORDING if fact.paused else Verb.RESUME_RECORDING)
    by = asked.by if asked and asked.by != LIMIT else None
    running = [one for one in turn.state.recordings.values() if one.call == call.id]
    until = next(
        (one.paused_until for one in running if one.paused_until),
        turn.now + timedelta(seconds=turn.state.settings.pause_at_most_s),
    )
    for one in running:
        if fact.paused and one.paused_until is None and _talks(call, one):
            _record(turn, events.RecordingPaused, one, fact.occurred, until=until, by=by)
        elif not fact.paused and one.paused_until is not None:
            _record(turn, events.RecordingResumed, one, fact.occurred, by=by)


def pause_over(turn: Turn, name: str) -> None:
    """A pause has lasted as long as it may; asked again as long as Asterisk has not ended it."""
    call = turn.live_call(CallId(name))
    operation = _asked(turn, call.id, Verb.RESUME_RECORDING)
    if operation is None:
        turn.start(Verb.RESUME_RECORDING, LIMIT, contact=call.contact, call=call.id, queue=call.queue)
        operation = _asked(turn, call.id, Verb.RESUME_RECORDING)
    if operation is not None:
        turn.command(commands.PauseRecordings, call.node, call=call.id, paused=False, operation=operation.operation)


def _record(turn: Turn, kind: type[events.RecordingEvent], one: Recording, occurred: datetime, **more: Any) -> None:
    call = turn.call(one.call)
    leg = call.legs.get(one.leg) if call else None
    turn.record(
        kind(
            recording=one.id,
            contact=one.contact,
            call=one.call,
            leg=one.leg,
            occurred=occurred,
            agent=leg.agent if leg else None,
            queue=call.queue if call else None,
            **more,
        )
    )


def complete_left_open(turn: Turn, node: NodeId) -> None:
    """Ask again for what was not completed before we lost sight of the node; say again what is paused there."""
    paused = set()
    for recording in turn.state.recordings.values():
        call = turn.call(recording.call)
        leg = call.legs.get(recording.leg) if call else None
        if recording.node == node and (leg is None or not leg.talks) and (call is None or recording.leg):
            turn.command(commands.StopRecording, node, recording=recording.id, call=recording.call)
        elif recording.node == node and recording.paused_until and recording.call not in paused:
            paused.add(recording.call)
            turn.command(commands.PauseRecordings, node, call=recording.call, paused=True)
