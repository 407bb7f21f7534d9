"""What events make of agents and their seats."""

from agents.agent import Agent
from center.evolving.step import Steps
from center.state import State
from messages import events
from messages.events import Entry
from messages.values import AgentState

_IDLE = (AgentState.READY, AgentState.NOT_READY, AgentState.LOGGED_OUT)


def _agent_state(state: State, entry: Entry, event: events.AgentStateChanged) -> None:
    agent = state.roster.by_id.get(event.agent)
    if agent is None:  # taken out of the settings since
        return
    if event.before is AgentState.READY:
        state.remove_free(agent)
    _seat(state, agent, event)
    before = agent.state
    agent.state, agent.reason, agent.since, agent.forced = event.after, event.reason, entry.at, event.forced
    busy = event.after not in _IDLE
    agent.call, agent.leg, agent.until = event.call, event.leg if busy else None, event.until
    if not busy:
        agent.planned = ""
    if event.after is AgentState.READY:
        _becomes_free(state, agent, entry, before)
    if event.after is AgentState.WRAP_UP and event.call in state.calls:
        agent.queue = state.calls[event.call].queue
    key = ("wrap_up", event.agent)
    if event.until:
        state.deadlines.set(key, event.until)
    else:
        state.deadlines.clear(key)


def _seat(state: State, agent: Agent, event: events.AgentStateChanged) -> None:
    if event.before is AgentState.LOGGED_OUT:
        state.roster.seat(agent, event.phone)
        state.staff(agent, 1)
        agent.seat, agent.answered, agent.offered_at = event.seat, 0, None
        agent.desktop = agent.desktop or None
    elif event.after is AgentState.LOGGED_OUT:
        state.roster.unseat(agent)
        state.staff(agent, -1)


def _becomes_free(state: State, agent: Agent, entry: Entry, before: AgentState) -> None:
    """An offer that came to nothing keeps the agent's place among the idle."""
    if agent.idle_since is None or before not in (AgentState.RESERVED, AgentState.RINGING):
        agent.idle_since = entry.at
    state.add_free(agent)


def _agent_planned(state: State, entry: Entry, event: events.AgentPlanned) -> None:
    if agent := state.roster.by_id.get(event.agent):
        agent.planned = event.reason


def _wrap_up_extended(state: State, entry: Entry, event: events.WrapUpExtended) -> None:
    if agent := state.roster.by_id.get(event.agent):
        agent.until = event.until
        state.deadlines.set(("wrap_up", event.agent), event.until)


def _phone_changed(state: State, entry: Entry, event: events.PhoneChanged) -> None:
    (state.deaf.discard if event.reachable else state.deaf.add)(event.phone)


def _desktop_changed(state: State, entry: Entry, event: events.DesktopChanged) -> None:
    if agent := state.roster.by_id.get(event.agent):
        agent.desktop = event.connected


STEPS: Steps = {
    events.AgentStateChanged: _agent_state,
    events.AgentPlanned: _agent_planned,
    events.WrapUpExtended: _wrap_up_extended,
    events.PhoneChanged: _phone_changed,
    events.DesktopChanged: _desktop_changed,
}
