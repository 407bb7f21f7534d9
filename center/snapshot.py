"""The state as bytes, so that a start need not fold the whole journal. What can be derived is not stored."""

from collections import OrderedDict
from datetime import datetime

import msgspec

from agents.agent import Agent
from calls.call import Call
from center.settings import CenterSettings
from center.state import State
from messages.errors import JournalError
from messages.events import Position
from messages.ids import CallId, NodeId
from messages.values import AgentState
from queueing.line import Line
from recording.recording import Recording
from supervision.listening import Listening


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of a State that its events cannot be asked for again."""

    position: Position
    nodes: dict[NodeId, bool]
    calls: list[Call]
    ended: list[CallId]
    agents: list[Agent]
    listening: list[Listening]
    recordings: list[Recording]
    deadlines: list[tuple[tuple[str, ...], datetime]]


def take(state: State) -> Snapshot:
    """Return what there is to keep of a state."""
    return Snapshot(
        position=state.position,
        nodes=state.nodes,
        calls=list(state.calls.values()),
        ended=list(state.ended),
        agents=list(state.roster.by_id.values()),
        listening=list(state.listening.values()),
        recordings=list(state.recordings.values()),
        deadlines=sorted(state.deadlines.as_dict().items()),
    )


def encode(state: State) -> bytes:
    """Return the state as JSON."""
    return msgspec.json.encode(take(state))


def decode(data: bytes, settings: CenterSettings) -> State:
    """Return the state that was encoded, with today's settings. Raises JournalError."""
    try:
        snapshot = msgspec.json.decode(data, type=Snapshot)
    except msgspec.MsgspecError as error:
        raise JournalError(f"not a snapshot: {error}") from error
    state = State(settings)
    state.position = snapshot.position
    state.nodes = dict(snapshot.nodes)
    state.ended = OrderedDict.fromkeys(snapshot.ended)
    for call in snapshot.calls:
        state.calls[call.id] = call
        state.legs.update((leg, call.id) for leg in call.legs)
        if call.in_line and call.queue and call.queued_at:
            state.lines.setdefault(call.queue, Line(call.queue)).join(call.id, call.queued_at)
    for agent in snapshot.agents:
        if known := state.roster.by_id.get(agent.id):
            _seat(state, agent, known)
    state.listening = {session.id: session for session in snapshot.listening}
    state.recordings = {recording.id: recording for recording in snapshot.recordings}
    for key, at in snapshot.deadlines:
        if key[0] != "wrap_up" or key[1] in state.roster.by_id:
            state.deadlines.set(key, at)
    return state


def _seat(state: State, agent: Agent, known: Agent) -> None:
    """Take over what an agent does, but not what the settings say of them."""
    agent.name, agent.usual_phone, agent.queues, agent.team = known.name, known.usual_phone, known.queues, known.team
    state.roster.by_id[agent.id] = agent
    if agent.state is not AgentState.LOGGED_OUT:
        state.roster.seat(agent, agent.phone)
    if agent.state is AgentState.READY and agent.idle_since:
        for queue in agent.queues:
            if line := state.lines.get(queue):
                line.add_free(agent.id, agent.idle_since)
