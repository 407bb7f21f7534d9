"""The state as bytes, so that a start need not fold the whole journal. What can be derived is not stored."""

from collections import OrderedDict
from datetime import datetime

import msgspec

from agents.agent import Agent, AgentSettings
from alerts.rule import Alert
from calendars.hours import Spell
from calls.call import Call
from calls.callback import Callback, owed_for
from calls.label import Label
from calls.operation import Operation
from center.settings import CenterSettings
from center.state import State
from messages.errors import JournalError
from messages.events import DialledOut, Position, PreviewShown
from messages.ids import AgentId, CallId, ContactId, LegId, NodeId, Phone, QueueId
from messages.values import AgentState
from queueing.pace import Pace
from queueing.surge import Burst
from recording.recording import Recording
from supervision.duty import Duty
from supervision.listening import Listening


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of a State that its events cannot be asked for again."""

    position: Position
    nodes: dict[NodeId, bool]
    calls: list[Call]
    ended: list[CallId]
    confidential: list[ContactId] = []
    agents: list[Agent]
    listening: list[Listening]
    recordings: list[Recording]
    closed: list[QueueId] = []
    hours: dict[QueueId, Spell] = {}
    deaf: list[Phone] = []
    paces: dict[QueueId, Pace] = {}
    bursts: list[tuple[str, str, Burst]] = []
    operations: list[Operation] = []
    outbound: dict[LegId, DialledOut] = {}
    previews: dict[AgentId, PreviewShown] = {}
    callbacks: list[Callback] = []
    labels: list[Label] = []
    duties: list[Duty] = []
    unheard: dict[NodeId, datetime] = {}
    alerts: list[Alert] = []
    deadlines: list[tuple[tuple[str, ...], datetime]]


def take(state: State) -> Snapshot:
    """Return what there is to keep of a state."""
    return Snapshot(
        position=state.position,
        nodes=state.nodes,
        calls=list(state.calls.values()),
        ended=list(state.ended),
        confidential=list(state.confidential),
        agents=list(state.roster.by_id.values()),
        listening=list(state.listening.values()),
        recordings=list(state.recordings.values()),
        closed=sorted(state.closed),
        hours=state.hours,
        deaf=sorted(state.deaf),
        paces=state.paces,
        bursts=[(surge, key, burst) for (surge, key), burst in state.bursts.items()],
        operations=list(state.operations.values()),
        outbound=state.outbound,
        previews=state.previews,
        callbacks=list(state.callbacks.values()),
        labels=list(state.labels.values()),
        duties=list(state.duties.values()),
        unheard=state.unheard,
        alerts=list(state.alerts.values()),
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
    state.confidential = OrderedDict.fromkeys(snapshot.confidential)
    for call in snapshot.calls:
        state.calls[call.id] = call
        state.legs.update((leg, call.id) for leg in call.legs)
        if call.in_line:
            state.enter_line(call)
    for duty in snapshot.duties:
        state.duties[duty.id] = duty
        if duty.started_at:
            state.on_duty.update(dict.fromkeys(duty.people, duty.id))
    for agent in snapshot.agents:
        if known := state.roster.by_id.get(agent.id):
            _seat(state, agent, known)
    state.listening = {session.id: session for session in snapshot.listening}
    state.recordings = {recording.id: recording for recording in snapshot.recordings}
    _others(state, snapshot)
    return state


def _others(state: State, snapshot: Snapshot) -> None:
    state.closed = {queue for queue in snapshot.closed if queue in state.queues}
    state.hours = dict(snapshot.hours)
    state.deaf = set(snapshot.deaf)
    state.paces.update((queue, pace) for queue, pace in snapshot.paces.items() if queue in state.paces)
    state.bursts = {(surge, key): burst for surge, key, burst in snapshot.bursts if surge in state.surge_settings}
    state.operations = {operation.operation: operation for operation in snapshot.operations}
    state.outbound = dict(snapshot.outbound)
    state.previews = {agent: preview for agent, preview in snapshot.previews.items() if agent in state.roster.by_id}
    for callback in snapshot.callbacks:
        state.callbacks[callback.id] = callback
        state.owed[callback.tenant, owed_for(callback.number, callback.case_no)] = callback.id
        if callback.waits:
            state.due_callbacks.join(callback)
        if callback.operation:
            state.attempts[callback.operation] = callback.id
    state.labels = {label.id: label for label in snapshot.labels}
    state.labelled = {(label.tenant, label.number): label.id for label in snapshot.labels}
    state.unheard = dict(snapshot.unheard)
    for alert in snapshot.alerts:
        state.keep_alert(alert)
    for key, at in snapshot.deadlines:
        if key[0] not in ("wrap_up", "preview") or key[1] in state.roster.by_id:
            state.deadlines.set(key, at)


def _seat(state: State, agent: Agent, known: Agent) -> None:
    """Take over what an agent does, but not what the settings say of them."""
    agent.know(
        AgentSettings(
            id=known.id,
            name=known.name,
            phone=known.usual_phone,
            queues=known.queues,
            ranks=known.ranks,
            skills=known.skills,
            team=known.team,
            tenant=known.tenant,
        )
    )
    state.roster.by_id[agent.id] = agent
    if agent.state is not AgentState.LOGGED_OUT:
        state.roster.seat(agent, agent.phone)
        state.staff(agent, 1)
    if agent.state is AgentState.READY:
        state.add_free(agent)
