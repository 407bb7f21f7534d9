"""Seats: agents log in and out, and say whether they take calls."""

from agents.agent import Agent
from agents.transitions import IN_CALL, IN_OFFER, Cause
from center.turn import Turn
from messages import commands, events, requests
from messages.errors import Conflict, Invalid
from messages.ids import AgentId, NodeId, Phone
from messages.values import AgentState, Reason

MAX_REASON = 100


def log_in(turn: Turn, request: requests.LogIn) -> None:
    """Take a seat. Again at the same phone: no change; elsewhere: refused until logged out there."""
    agent = turn.state.roster.get(request.agent)
    phone = request.phone or agent.usual_phone
    if agent.state is not AgentState.LOGGED_OUT:
        if agent.phone != phone:
            raise Conflict(f"agent {agent.id} is logged in at phone {agent.phone}; log out there first")
        return
    turn.state.roster.check_free(phone, agent)
    turn.move(agent, Cause.LOG_IN, reason=Reason.LOGGED_IN, by=request.by, phone=phone)


def log_out(turn: Turn, request: requests.LogOut) -> None:
    """Leave the seat; not possible during an offer or a call."""
    agent = turn.state.roster.get(request.agent)
    if agent.state is not AgentState.LOGGED_OUT:
        turn.move(agent, Cause.LOG_OUT, by=request.by)


def go_ready(turn: Turn, request: requests.GoReady) -> None:
    """Take calls; ends wrap-up early; during a call, takes back a planned not-ready."""
    agent = turn.state.roster.get(request.agent)
    if agent.state in IN_CALL or agent.state in IN_OFFER:
        _plan(turn, agent, "")
    elif agent.state is not AgentState.READY:
        turn.move(agent, Cause.GO_READY, by=request.by)


def go_not_ready(turn: Turn, request: requests.GoNotReady) -> None:
    """Take no calls, for a reason; during an offer or a call, after it."""
    agent = turn.state.roster.get(request.agent)
    reason = request.reason.strip()
    if not reason or len(reason) > MAX_REASON:
        raise Invalid(f"reason: give one, of at most {MAX_REASON} characters")
    if agent.state in IN_CALL or agent.state in IN_OFFER:
        _plan(turn, agent, reason)
    elif agent.state is not AgentState.NOT_READY or agent.reason != reason:
        turn.move(agent, Cause.GO_NOT_READY, reason=reason, by=request.by)


def _plan(turn: Turn, agent: Agent, reason: str) -> None:
    if agent.planned != reason:
        turn.record(events.AgentPlanned(agent=agent.id, reason=reason))


def mirror(turn: Turn) -> None:
    """Tell every node's fallback queue which agents became, or ceased to be, free in this turn."""
    for entry in turn.entries:
        event = entry.event
        if type(event) is events.AgentStateChanged and _shown(event.before) != _shown(event.after):
            for node, up in turn.state.nodes.items():
                if up:
                    mirror_agent(turn, node, event.agent, event.phone, event.after)


def mirror_agent(turn: Turn, node: NodeId, agent: AgentId, phone: Phone, state: AgentState) -> None:
    """Put one agent's membership in step on one node."""
    present, ready = _shown(state)
    turn.command(commands.MirrorAgent, node, agent=agent, phone=phone, present=present, ready=ready)


def _shown(state: AgentState) -> tuple[bool, bool]:
    return state is not AgentState.LOGGED_OUT, state is AgentState.READY
