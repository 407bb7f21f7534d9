"""Recordings, as Asterisk reports them."""

from center.turn import Turn
from messages import commands, events, facts
from messages.ids import LegId, NodeId
from recording.recording import recording_of


def started(turn: Turn, fact: facts.RecordingStarted) -> None:
    """Asterisk records: a leg by our command, or a whole call by the fallback's dialplan.

    Where the talk was over before that was told, the file is completed at once: nothing else will.
    """
    call = turn.call(fact.call)
    if fact.recording in turn.state.recordings:
        return
    leg = next((leg for leg in call.legs.values() if recording_of(leg.id) == fact.recording), None) if call else None
    if call is not None:
        turn.record(
            events.RecordingStarted(
                recording=fact.recording,
                contact=call.contact,
                call=call.id,
                leg=leg.id if leg else LegId(""),
                occurred=fact.occurred,
            )
        )
    over = fact.call in turn.state.ended if call is None else leg is not None and not leg.alive
    if over:
        turn.command(commands.StopRecording, fact.node, recording=fact.recording, call=fact.call)


def stopped(turn: Turn, fact: facts.RecordingStopped) -> None:
    """A recording's file is complete, or there is none."""
    if recording := turn.state.recordings.get(fact.recording):
        turn.record(
            events.RecordingStopped(
                recording=recording.id,
                contact=recording.contact,
                call=recording.call,
                leg=recording.leg,
                occurred=fact.occurred,
                failed=fact.failed,
            )
        )


def complete_left_open(turn: Turn, node: NodeId) -> None:
    """Ask again for what was not completed before we lost sight of the node."""
    for recording in turn.state.recordings.values():
        call = turn.call(recording.call)
        leg = call.legs.get(recording.leg) if call else None
        if recording.node == node and (leg is None or not leg.talks) and (call is None or recording.leg):
            turn.command(commands.StopRecording, node, recording=recording.id, call=recording.call)
