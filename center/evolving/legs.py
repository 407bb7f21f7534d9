"""What events make of a call's legs, and of its recordings."""

from datetime import timedelta

from calls.call import Leg
from calls.transitions import CallState, leg_after
from center.evolving.step import Steps, prefer_no_more, settle, step
from center.state import State
from messages import events
from messages.events import Entry
from messages.values import LegKind, Source
from recording.recording import Recording


def _call_offered(state: State, entry: Entry, event: events.CallOffered) -> None:
    call = state.calls[event.call]
    call.legs[event.leg] = Leg(
        id=event.leg,
        phone=event.phone,
        agent=event.agent,
        offered_at=event.occurred,
        ring_until=event.ring_until,
        role=event.role,
        operation=event.operation,
    )
    state.legs[event.leg] = call.id
    if event.ring_until:
        guard = event.ring_until + timedelta(seconds=state.settings.ring_guard_s)
        state.deadlines.set(("ring", call.id, event.leg), guard)
    if event.role is LegKind.OUTBOUND:
        call.queue = call.queue or event.queue
        state.outbound.pop(event.leg, None)
        if event.operation in state.attempts:
            state.callbacks[state.attempts[event.operation]].dialled = True
        state.deadlines.clear(("dial", event.leg))
    live = event.source is Source.LIVE
    if live and event.agent and (agent := state.roster.by_id.get(event.agent)):
        agent.offered_at = entry.at
    call.routed = None
    call.aside = call.aside or call.state in (CallState.ARRIVED, CallState.SERVED, CallState.LEFT, CallState.PARKED)
    state.deadlines.clear(("park", call.id))
    step(state, call, event)


def _leg_event(state: State, entry: Entry, event: events.CallLegEvent) -> None:
    call = state.calls[event.call]
    leg = call.legs[event.leg]
    leg.state = leg_after(leg.state, type(event))
    if not isinstance(event, events.LegEnded) or not any(other.alive for other in call.legs.values()):
        step(state, call, event)


def _call_consulted(state: State, entry: Entry, event: events.CallConsulted) -> None:
    _leg_event(state, entry, event)
    state.deadlines.clear(("ring", event.call, event.leg))


def _call_answered(state: State, entry: Entry, event: events.CallAnswered) -> None:
    _leg_event(state, entry, event)
    call = state.calls[event.call]
    first = not call.answered
    call.answered, call.noticed = True, call.noticed or event.noticed
    call.legs[event.leg].answered_at = event.occurred
    state.deadlines.clear(("ring", event.call, event.leg))
    if event.source is not Source.LIVE:  # of the past: it tells nothing of how fast we are now
        return
    if event.agent and (agent := state.roster.by_id.get(event.agent)):
        agent.answered += 1
    if first and call.queue and (pace := state.paces.get(call.queue)):
        pace.answered(entry.at, event.waited_s, state.lines[call.queue].count > 0)


def _call_abandoned(state: State, entry: Entry, event: events.CallAbandoned) -> None:
    if event.queue and (pace := state.paces.get(event.queue)):
        pace.abandoned(event.waited_s)


def _call_transferred(state: State, entry: Entry, event: events.CallTransferred) -> None:
    """Mark the leg; the call itself moves with the legs' ends, before or after this is known."""
    leg = state.calls[event.call].legs[event.leg]
    leg.state = leg_after(leg.state, events.CallTransferred)
    leg.transferred_to = event.to


def _leg_ended(state: State, entry: Entry, event: events.LegEnded) -> None:
    call = state.calls[event.call]
    if event.agent and not event.talked:
        prefer_no_more(state, call, event.agent)  # asked once
    _leg_event(state, entry, event)
    if call.state is CallState.WAITING and (call.aside or call.joined_at is None):
        was = call.in_line
        call.state = CallState.ARRIVED
        settle(state, call, was)
    state.deadlines.clear(("ring", event.call, event.leg))


def _recording_started(state: State, entry: Entry, event: events.RecordingStarted) -> None:
    call = state.calls[event.call]
    state.recordings[event.recording] = Recording(
        id=event.recording, node=call.node, contact=event.contact, call=event.call, leg=event.leg
    )
    if leg := call.legs.get(event.leg):
        leg.recording, leg.recorded = event.recording, leg.recorded + 1
    else:
        call.recording = event.recording


def _recording_stopped(state: State, entry: Entry, event: events.RecordingStopped) -> None:
    state.recordings.pop(event.recording, None)
    _keep_time(state, event)


def _recording_paused(state: State, entry: Entry, event: events.RecordingPaused) -> None:
    if recording := state.recordings.get(event.recording):
        recording.paused_until = event.until
    _keep_time(state, event)


def _recording_resumed(state: State, entry: Entry, event: events.RecordingResumed) -> None:
    if recording := state.recordings.get(event.recording):
        recording.paused_until = None
    _keep_time(state, event)


def _keep_time(state: State, event: events.RecordingEvent) -> None:
    """Arm the end of a live call's pause, or disarm it."""
    ends = [one.paused_until for one in state.recordings.values() if one.call == event.call and one.paused_until]
    if ends and event.call in state.calls:
        state.deadlines.set(("pause", event.call), min(ends))
    else:
        state.deadlines.clear(("pause", event.call))


STEPS: Steps = {
    events.CallOffered: _call_offered,
    events.CallRinging: _leg_event,
    events.CallConsulted: _call_consulted,
    events.CallAnswered: _call_answered,
    events.CallAbandoned: _call_abandoned,
    events.CallHeld: _leg_event,
    events.CallResumed: _leg_event,
    events.CallTransferred: _call_transferred,
    events.LegEnded: _leg_ended,
    events.RecordingStarted: _recording_started,
    events.RecordingStopped: _recording_stopped,
    events.RecordingPaused: _recording_paused,
    events.RecordingResumed: _recording_resumed,
}
