"""Agents: who is there, and what state they are to be in."""

from __future__ import annotations

from api.rest.bodies import AgentsAnswer, AgentStateBody
from api.rest.endpoint import Answer, Asked
from api.views import agent_view
from messages import requests
from messages.errors import Forbidden, NotFound
from messages.ids import AgentId, Phone
from messages.values import AgentState, Role

OVERSEERS = frozenset({Role.SUPERVISOR, Role.ADMIN})
WATCHERS = OVERSEERS | {Role.LEADER, Role.ANALYST}


async def list_agents(asked: Asked) -> Answer:
    """Return all agents as they are now."""
    roster = asked.services.mirror.state.roster
    return Answer(AgentsAnswer(items=[agent_view(agent) for agent in roster.by_id.values()]))


async def get_agent(asked: Asked) -> Answer:
    """Return one agent; an agent's own self, or anybody for those who watch."""
    agent = _agent(asked)
    if asked.roles.isdisjoint(WATCHERS) and agent != asked.principal.agent:
        raise Forbidden("agents see themselves only")
    return Answer(agent_view(asked.services.mirror.state.roster.get(agent)))


async def put_agent_state(asked: Asked) -> Answer:
    """Bring an agent to a state: oneself, or anybody for a supervisor."""
    agent = _agent(asked)
    body: AgentStateBody = asked.body
    if asked.roles.isdisjoint(OVERSEERS) and agent != asked.principal.agent:
        raise Forbidden("agents set their own state; a supervisor may set anybody's")
    seat = asked.services.mirror.state.roster.get(agent)
    by = asked.principal.user
    if body.state == "logged_out":
        await asked.decide(requests.LogOut(by=by, agent=agent))
        return Answer(agent_view(seat))
    enters = seat.state is AgentState.LOGGED_OUT
    if enters or body.phone:
        await asked.decide(requests.LogIn(by=by, agent=agent, phone=Phone(body.phone)))
    if body.state == "ready":
        await asked.decide(requests.GoReady(by=by, agent=agent))
    elif body.reason or not enters:
        await asked.decide(requests.GoNotReady(by=by, agent=agent, reason=body.reason))
    return Answer(agent_view(seat))


def _agent(asked: Asked) -> AgentId:
    named = asked.path["agent"]
    if named != "me":
        return AgentId(named)
    if asked.principal.agent is None:
        raise NotFound("you have no seat")
    return asked.principal.agent
