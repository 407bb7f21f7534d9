"""The state of the centre, and `evolve`: the only thing that changes it, one event at a time."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from agents.agent import Agent, Roster
from calls.call import Call, Leg
from calls.transitions import CallState, LegState, call_after, leg_after
from center.deadlines import Deadlines
from center.settings import CenterSettings
from messages import events
from messages.errors import JournalError
from messages.events import Entry, Position
from messages.ids import CallId, LegId, NodeId, QueueId, RecordingId, SessionId
from messages.values import AgentState
from queueing.line import Line, QueueSettings
from recording.recording import Recording
from supervision.listening import Listening


class State:
    """Everything the centre knows. Folding the journal's entries with `evolve` gives it again, exactly."""

    def __init__(self, settings: CenterSettings) -> None:
        self.settings = settings
        self.queues: dict[QueueId, QueueSettings] = {queue.id: queue for queue in settings.queues}
        self.position = Position()
        self.nodes: dict[NodeId, bool] = {}
        self.calls: dict[CallId, Call] = {}
        self.ended: OrderedDict[CallId, None] = OrderedDict()
        self.legs: dict[LegId, CallId] = {}
        self.roster = Roster(settings.agents)
        self.lines: dict[QueueId, Line] = {queue.id: Line(queue.id) for queue in settings.queues}
        self.listening: dict[SessionId, Listening] = {}
        self.recordings: dict[RecordingId, Recording] = {}
        self.deadlines = Deadlines()

    def __repr__(self) -> str:
        at = f"{self.position.epoch}-{self.position.seq}"
        return f"<State at {at}: {len(self.calls)} calls, {len(self.roster.by_id)} agents>"

    def queue_of(self, call: Call) -> QueueSettings:
        """Return the settings of the call's queue, the first queue's where it names none we know."""
        return self.queues.get(call.queue or QueueId(""), self.settings.queues[0])


def evolve(state: State, entry: Entry) -> None:
    """Take one entry in. Raises JournalError if it is not the next, IllegalTransition if it cannot follow."""
    last = state.position
    if entry.epoch == last.epoch:
        if entry.seq != last.seq + 1:
            raise JournalError(f"entry {entry.epoch}-{entry.seq} does not follow {last.epoch}-{last.seq}")
    elif entry.epoch < last.epoch or entry.seq != 1:
        raise JournalError(f"entry {entry.epoch}-{entry.seq} cannot follow {last.epoch}-{last.seq}")
    state.position = entry.position
    if step := _EVOLVE.get(type(entry.event)):
        step(state, entry, entry.event)


def _contact_arrived(state: State, entry: Entry, event: events.ContactArrived) -> None:
    state.calls[event.call] = Call(
        id=event.call,
        contact=event.contact,
        node=event.node,
        number=event.number,
        did=event.did,
        arrived_at=event.occurred,
    )


def _step(state: State, call: Call, event: events.Event) -> None:
    """Move a call by the table, keeping its place in line in step."""
    was = call.in_line
    call.state = call_after(call.state, type(event))
    _settle(state, call, was)


def _settle(state: State, call: Call, was_in_line: bool) -> None:
    if call.queue is None or call.queued_at is None or call.in_line == was_in_line:
        return
    line = state.lines.setdefault(call.queue, Line(call.queue))
    if call.in_line:
        line.join(call.id, call.queued_at)
    else:
        line.leave(call.id, call.queued_at)


def _call_queued(state: State, entry: Entry, event: events.CallQueued) -> None:
    call = state.calls[event.call]
    was = call.in_line
    if was and call.queue and call.queued_at:
        state.lines[call.queue].leave(call.id, call.queued_at)
    call.state = call_after(call.state, events.CallQueued)
    call.queue = event.queue
    call.queued_at = call.queued_at or event.occurred
    call.noticed = call.noticed or event.noticed
    call.by_asterisk = event.by_asterisk
    call.detached = False
    call.left = None
    _settle(state, call, False)


def _call_left_queue(state: State, entry: Entry, event: events.CallLeftQueue) -> None:
    call = state.calls[event.call]
    _step(state, call, event)
    call.left = event.outcome


def _call_detached(state: State, entry: Entry, event: events.CallDetached) -> None:
    call = state.calls[event.call]
    was = call.in_line
    call.state = call_after(call.state, events.CallDetached)
    call.detached = True
    _settle(state, call, was)


def _call_offered(state: State, entry: Entry, event: events.CallOffered) -> None:
    call = state.calls[event.call]
    call.legs[event.leg] = Leg(
        id=event.leg,
        phone=event.phone,
        agent=event.agent,
        offered_at=event.occurred,
        ring_until=event.ring_until,
    )
    state.legs[event.leg] = call.id
    if event.ring_until:
        guard = event.ring_until + timedelta(seconds=state.settings.ring_guard_s)
        state.deadlines.set(("ring", call.id, event.leg), guard)
    _step(state, call, event)


def _leg_event(state: State, entry: Entry, event: events.CallLegEvent) -> None:
    call = state.calls[event.call]
    leg = call.legs[event.leg]
    leg.state = leg_after(leg.state, type(event))
    if not isinstance(event, events.LegEnded) or not any(other.alive for other in call.legs.values()):
        _step(state, call, event)


def _call_answered(state: State, entry: Entry, event: events.CallAnswered) -> None:
    _leg_event(state, entry, event)
    call = state.calls[event.call]
    call.answered = True
    call.legs[event.leg].answered_at = event.occurred
    state.deadlines.clear(("ring", event.call, event.leg))


def _call_transferred(state: State, entry: Entry, event: events.CallTransferred) -> None:
    """Mark the leg; the call itself moves with the legs' ends, before or after this is known."""
    leg = state.calls[event.call].legs[event.leg]
    leg.state = leg_after(leg.state, events.CallTransferred)
    leg.transferred_to = event.to


def _leg_ended(state: State, entry: Entry, event: events.LegEnded) -> None:
    _leg_event(state, entry, event)
    call = state.calls[event.call]
    if call.state is CallState.WAITING and call.queued_at is None:
        call.state = CallState.ARRIVED
    state.deadlines.clear(("ring", event.call, event.leg))


def _contact_ended(state: State, entry: Entry, event: events.ContactEnded) -> None:
    call = state.calls[event.call]
    _step(state, call, event)
    for leg in call.legs:
        state.legs.pop(leg, None)
    del state.calls[event.call]
    state.ended[event.call] = None
    if len(state.ended) > state.settings.remembered_calls:
        state.ended.popitem(last=False)


def _agent_state(state: State, entry: Entry, event: events.AgentStateChanged) -> None:
    agent = state.roster.by_id.get(event.agent)
    if agent is None:  # taken out of the settings since
        return
    _seat(state, agent, event)
    _count_free(state, agent, entry, event)
    agent.state, agent.reason, agent.since = event.after, event.reason, entry.at
    busy = event.after not in (AgentState.READY, AgentState.NOT_READY, AgentState.LOGGED_OUT)
    agent.call, agent.leg, agent.until = event.call, event.leg if busy else None, event.until
    if not busy:
        agent.planned = ""
    key = ("wrap_up", event.agent)
    if event.until:
        state.deadlines.set(key, event.until)
    else:
        state.deadlines.clear(key)


def _seat(state: State, agent: Agent, event: events.AgentStateChanged) -> None:
    if event.before is AgentState.LOGGED_OUT:
        state.roster.seat(agent, event.phone)
    elif event.after is AgentState.LOGGED_OUT:
        state.roster.unseat(agent)


def _count_free(state: State, agent: Agent, entry: Entry, event: events.AgentStateChanged) -> None:
    """Keep the lines' free agents in step; an offer that came to nothing keeps the agent's place among the idle."""
    if event.before is AgentState.READY and agent.idle_since:
        for queue in agent.queues:
            if line := state.lines.get(queue):
                line.remove_free(agent.id, agent.idle_since)
    if event.after is AgentState.READY:
        if agent.idle_since is None or event.before not in (AgentState.RESERVED, AgentState.RINGING):
            agent.idle_since = entry.at
        for queue in agent.queues:
            if line := state.lines.get(queue):
                line.add_free(agent.id, agent.idle_since)


def _agent_planned(state: State, entry: Entry, event: events.AgentPlanned) -> None:
    if agent := state.roster.by_id.get(event.agent):
        agent.planned = event.reason


def _listening_requested(state: State, entry: Entry, event: events.ListeningRequested) -> None:
    call = state.calls[event.call]
    state.listening[event.session] = Listening(
        id=event.session,
        by=event.by,
        operation=event.operation,
        node=call.node,
        contact=event.contact,
        call=event.call,
        leg=event.leg,
        agent=event.agent,
        queue=event.queue,
        mode=event.mode,
        purpose=event.purpose,
    )


def _listening_started(state: State, entry: Entry, event: events.ListeningStarted) -> None:
    session = state.listening.get(event.session)
    if session is None:
        call = state.calls[event.call]
        leg = next((leg.id for leg in call.legs.values() if leg.agent == event.agent), LegId(""))
        session = state.listening[event.session] = Listening(
            id=event.session,
            by=None,
            operation=None,
            node=call.node,
            contact=event.contact,
            call=event.call,
            leg=leg,
            agent=event.agent,
            queue=event.queue,
            mode=event.mode,
            purpose="",
        )
    session.started_at = event.occurred


def _listening_ended(state: State, entry: Entry, event: events.ListeningEnded) -> None:
    state.listening.pop(event.session, None)


def _recording_started(state: State, entry: Entry, event: events.RecordingStarted) -> None:
    call = state.calls[event.call]
    state.recordings[event.recording] = Recording(
        id=event.recording, node=call.node, contact=event.contact, call=event.call, leg=event.leg
    )
    if leg := call.legs.get(event.leg):
        leg.recording = event.recording
    else:
        call.recording = event.recording


def _recording_stopped(state: State, entry: Entry, event: events.RecordingStopped) -> None:
    state.recordings.pop(event.recording, None)


def _node_up(state: State, entry: Entry, event: events.NodeUp) -> None:
    """Arm again what was disarmed while nobody could say whether the phones ring."""
    state.nodes[event.node] = True
    guard = timedelta(seconds=state.settings.ring_guard_s)
    for call in state.calls.values():
        for leg in call.legs.values():
            if call.node == event.node and leg.ring_until and leg.state in (LegState.OFFERED, LegState.RINGING):
                state.deadlines.set(("ring", call.id, leg.id), max(entry.at, leg.ring_until) + guard)


def _node_down(state: State, entry: Entry, event: events.NodeDown) -> None:
    """Disarm the rings: an unheard answer must not be taken for a missed call."""
    state.nodes[event.node] = False
    for call in state.calls.values():
        if call.node == event.node:
            for leg in call.legs:
                state.deadlines.clear(("ring", call.id, leg))


_EVOLVE: dict[type[events.Event], Callable[[State, Entry, Any], None]] = {
    events.ContactArrived: _contact_arrived,
    events.CallQueued: _call_queued,
    events.CallLeftQueue: _call_left_queue,
    events.CallDetached: _call_detached,
    events.CallOffered: _call_offered,
    events.CallRinging: _leg_event,
    events.CallAnswered: _call_answered,
    events.CallHeld: _leg_event,
    events.CallResumed: _leg_event,
    events.CallTransferred: _call_transferred,
    events.LegEnded: _leg_ended,
    events.ContactEnded: _contact_ended,
    events.AgentStateChanged: _agent_state,
    events.AgentPlanned: _agent_planned,
    events.ListeningRequested: _listening_requested,
    events.ListeningStarted: _listening_started,
    events.ListeningEnded: _listening_ended,
    events.RecordingStarted: _recording_started,
    events.RecordingStopped: _recording_stopped,
    events.NodeUp: _node_up,
    events.NodeDown: _node_down,
}
