"""Agents, calls, queues and listening sessions as REST and the stream's snapshot show them."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import msgspec

from agents.agent import Agent
from api.masking import shown
from calls.call import Call
from center.state import State
from messages.ids import CallId
from messages.principal import Principal
from messages.values import AgentState, ListeningMode
from queueing.settings import QueueSettings


class AgentView(msgspec.Struct, frozen=True, kw_only=True):
    """An agent now."""

    id: str
    name: str
    team: str
    phone: str
    queues: tuple[str, ...]
    state: AgentState
    reason: str
    since: datetime | None
    until: datetime | None
    call: str | None
    planned: str


class LegView(msgspec.Struct, frozen=True, kw_only=True):
    """An agent's leg of a live call."""

    id: str
    agent: str | None
    phone: str
    state: str
    offered_at: datetime
    answered_at: datetime | None


class CallView(msgspec.Struct, frozen=True, kw_only=True):
    """A live call."""

    id: str
    contact: str
    number: str
    did: str
    queue: str | None
    state: str
    arrived_at: datetime
    queued_at: datetime | None
    by_asterisk: bool
    legs: list[LegView]


class QueueView(msgspec.Struct, frozen=True, kw_only=True):
    """A queue now; `longest_wait_s` is of those who wait now, in seconds, null where nobody does."""

    id: str
    name: str
    waiting: int
    longest_wait_s: float | None
    talking: int
    agents: dict[str, int]


class ListeningView(msgspec.Struct, frozen=True, kw_only=True):
    """A listening session now."""

    id: str
    by: str | None
    call: str
    agent: str | None
    mode: ListeningMode
    purpose: str
    started_at: datetime | None


def agent_view(agent: Agent) -> AgentView:
    """Return an agent as shown."""
    return AgentView(
        id=agent.id,
        name=agent.name,
        team=agent.team,
        phone=agent.phone,
        queues=agent.queues,
        state=agent.state,
        reason=agent.reason,
        since=agent.since,
        until=agent.until,
        call=agent.call,
        planned=agent.planned,
    )


def call_view(call: Call, principal: Principal) -> CallView:
    """Return a call as this principal may see it."""
    return CallView(
        id=call.id,
        contact=call.contact,
        number=shown(call.number, principal),
        did=call.did,
        queue=call.queue,
        state=call.state,
        arrived_at=call.arrived_at,
        queued_at=call.queued_at,
        by_asterisk=call.by_asterisk,
        legs=[
            LegView(
                id=leg.id,
                agent=leg.agent,
                phone=leg.phone,
                state=leg.state,
                offered_at=leg.offered_at,
                answered_at=leg.answered_at,
            )
            for leg in call.legs.values()
        ],
    )


def queue_view(state: State, queue: QueueSettings, now: datetime) -> QueueView:
    """Return a queue as shown; costs the number of agents and calls."""
    waiting = [call for call in state.calls.values() if call.queue == queue.id and call.state in ("waiting", "offered")]
    since = min((call.queued_at for call in waiting if call.queued_at), default=None)
    agents = Counter(str(a.state) for a in state.roster.by_id.values() if queue.id in a.queues)
    return QueueView(
        id=queue.id,
        name=queue.name or queue.id,
        waiting=len(waiting),
        longest_wait_s=(now - since).total_seconds() if since else None,
        talking=sum(call.queue == queue.id and call.state == "talking" for call in state.calls.values()),
        agents={state_name: agents.get(state_name, 0) for state_name in AgentState},
    )


def listening_views(state: State) -> list[ListeningView]:
    """Return the sessions that run or are being set up."""
    return [
        ListeningView(
            id=session.id,
            by=session.by,
            call=session.call,
            agent=session.agent,
            mode=session.mode,
            purpose=session.purpose,
            started_at=session.started_at,
        )
        for session in state.listening.values()
    ]


def has_part_in(principal: Principal, call: Call) -> bool:
    """Tell whether the principal is an agent of the call."""
    return principal.agent is not None and any(leg.agent == principal.agent for leg in call.legs.values())


def snapshot(state: State, principal: Principal, everything: bool, now: datetime) -> dict[str, Any]:
    """Return what a principal may see of the state: all of it, or only their own part."""
    if everything:
        agents = list(state.roster.by_id.values())
        calls = list(state.calls.values())
    else:
        own = state.roster.by_id.get(principal.agent) if principal.agent else None
        agents = [own] if own else []
        calls = [call for call in (state.calls.get(own.call or CallId("")) if own else None,) if call]
    return {
        "agents": [agent_view(agent) for agent in agents],
        "calls": [call_view(call, principal) for call in calls],
        "queues": [queue_view(state, queue, now) for queue in state.settings.queues] if everything else [],
        "listening": listening_views(state) if everything else [],
    }
