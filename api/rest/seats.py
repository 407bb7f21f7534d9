"""Agents: who is there, what state they are to be in, and what they are shown to dial."""

from __future__ import annotations

from agents.agent import Agent
from api.rest.bodies import (
    AgentsAnswer,
    AgentStateBody,
    Colleague,
    ColleaguesAnswer,
    PreviewBody,
    WrapUpExtensionBody,
)
from api.rest.call_bodies import OperationAnswer
from api.rest.endpoint import Answer, Asked
from api.rights import WATCHERS, leads, oversees
from api.views import agent_view
from messages import requests
from messages.errors import Forbidden, NotFound, Refused
from messages.ids import AgentId, Phone
from messages.values import AgentState


async def list_agents(asked: Asked) -> Answer:
    """Return the agents as they are now."""
    state, principal = asked.services.mirror.state, asked.principal
    agents = [agent for agent in state.roster.by_id.values() if asked.services.scope.has_agent(principal, agent)]
    return Answer(AgentsAnswer(items=[agent_view(state, agent, principal) for agent in agents]))


async def get_agent(asked: Asked) -> Answer:
    """Return one agent; an agent's own self, one's team's for its leaders, or anybody for those who watch."""
    agent = _named(asked)
    if asked.roles.isdisjoint(WATCHERS) and not _is_own(asked, agent) and not _leads(asked, agent):
        raise Forbidden("agents see themselves only")
    return _shown(asked, agent)


async def list_colleagues(asked: Asked) -> Answer:
    """Return the other agents of one's tenant who are logged in: whom a call may be passed to."""
    scope, own = asked.services.scope, asked.principal.agent
    items = [
        Colleague(id=agent.id, name=agent.name, team=agent.team, state=agent.state)
        for agent in asked.services.mirror.state.roster.by_id.values()
        if agent.id != own and agent.state is not AgentState.LOGGED_OUT and scope.has_agent(asked.principal, agent)
    ]
    return Answer(ColleaguesAnswer(items=items))


async def put_agent_state(asked: Asked) -> Answer:
    """Bring an agent to a state: oneself, or, for a reason, anybody for a supervisor and one's team for its leaders."""
    agent = _named(asked)
    if _is_own(asked, agent):
        await _go(asked, agent, asked.body)
    else:
        await _force(asked, agent, asked.body)
    return _shown(asked, agent)


async def extend_wrap_up(asked: Asked) -> Answer:
    """Wrap up for longer, up to the queue's maximum."""
    agent = _named(asked)
    body: WrapUpExtensionBody = asked.body
    _check_may_move(asked, agent)
    await asked.decide(requests.ExtendWrapUp(by=asked.principal.user, agent=agent.id, seconds=body.seconds))
    return _shown(asked, agent)


async def answer_preview(asked: Asked) -> Answer:
    """Dial the number that one is shown, or decline it."""
    agent = _named(asked)
    body: PreviewBody = asked.body
    if not _is_own(asked, agent):
        raise Forbidden("only whom a number is shown to dials or declines it")
    reply = await asked.decide(requests.AnswerPreview(by=asked.principal.user, agent=agent.id, dial=body.dial))
    where = {"Location": f"/api/v1/operations/{reply.operation}"} if reply.operation else {}
    return Answer(OperationAnswer(operation=reply.operation, agent=agent.id), 202, where)


def is_own(asked: Asked) -> bool:
    """Tell whether the address names the asker's own seat."""
    return asked.path["agent"] in ("me", asked.principal.agent)


def own_seat(asked: Asked) -> AgentId:
    """Return the asker's agent. Raises Refused where they are none."""
    if asked.principal.agent is None:
        raise Refused("you have no seat; your account names no agent")
    return asked.principal.agent


def agent_named(asked: Asked, name: AgentId) -> Agent:
    """Return an agent. Raises NotFound, also for one of another tenant."""
    agent = asked.services.mirror.state.roster.get(name)
    if not asked.services.scope.has_agent(asked.principal, agent):
        raise NotFound(f"no agent {name}")
    return agent


async def _go(asked: Asked, agent: Agent, body: AgentStateBody) -> None:
    """Go to a state oneself, taking the seat first where that is not done."""
    by = asked.principal.user
    if body.state == "logged_out":
        await asked.decide(requests.LogOut(by=by, agent=agent.id))
        return
    enters = agent.state is AgentState.LOGGED_OUT
    if enters or body.phone or body.seat:
        await asked.decide(requests.LogIn(by=by, agent=agent.id, phone=Phone(body.phone), seat=body.seat))
    if body.state == "ready":
        await asked.decide(requests.GoReady(by=by, agent=agent.id))
    elif body.reason or not enters:
        await asked.decide(requests.GoNotReady(by=by, agent=agent.id, reason=body.reason))


async def _force(asked: Asked, agent: Agent, body: AgentStateBody) -> None:
    """Bring somebody else to a state, for a reason."""
    _check_may_move(asked, agent)
    state = AgentState(body.state)
    await asked.decide(requests.ForceState(by=asked.principal.user, agent=agent.id, state=state, reason=body.reason))


def _check_may_move(asked: Asked, agent: Agent) -> None:
    if not (_is_own(asked, agent) or oversees(asked.principal) or _leads(asked, agent)):
        raise Forbidden("agents set their own state; a supervisor may set anybody's, a team's leader the team's")


def _is_own(asked: Asked, agent: Agent) -> bool:
    return agent.id == asked.principal.agent


def _leads(asked: Asked, agent: Agent) -> bool:
    return leads(asked.services.mirror.state, asked.principal, agent)


def _shown(asked: Asked, agent: Agent) -> Answer:
    return Answer(agent_view(asked.services.mirror.state, agent, asked.principal))


def _named(asked: Asked) -> Agent:
    named = asked.path["agent"]
    if named != "me":
        return agent_named(asked, AgentId(named))
    if asked.principal.agent is None:
        raise NotFound("you have no seat")
    return agent_named(asked, asked.principal.agent)
