"""Queues as REST and the stream's snapshot show them: all of them in one pass over agents and calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from calendars.hours import Spell
from calls.transitions import CallState
from center.state import State
from messages.ids import QueueId
from messages.values import AgentState
from metrics.counts import Rolling
from queueing.line import EVERYBODY
from queueing.settings import QueueSettings, Strategy

UNKNOWN: Mapping[str, Rolling] = {}
NOBODY = Rolling(offered=0, answered=0, connection_rate=None, service_level=None)


class QueueView(msgspec.Struct, frozen=True, kw_only=True):
    """A queue now. `longest_wait_s`: of those who wait now, null where nobody does.

    `estimated_s`: what a caller who joined now would wait, 0 where somebody is free, null where that is not known;
    `opens_at`, `closes_at`: when its calendar does so next, one of the two, null where it has none; `staffed`: agents
    of it who are logged in; `parked`: calls put aside from it, to be picked up; `…_24h`: of who came in the last 24
    hours, as reports count them, null where that is not known.
    """

    id: str
    name: str
    tenant: str
    strategy: Strategy
    open: bool
    opens_at: datetime | None
    closes_at: datetime | None
    waiting: int
    max_waiting: int | None
    longest_wait_s: float | None
    estimated_s: float | None
    talking: int
    parked: int
    staffed: int
    agents: dict[str, int]
    offered_24h: int | None
    answered_24h: int | None
    connection_rate_24h: float | None
    service_level_24h: float | None


class _Calls(msgspec.Struct):
    """The calls of one queue, counted."""

    waiting: int = 0
    talking: int = 0
    parked: int = 0
    since: datetime | None = None


def queue_views(
    state: State, queues: Iterable[QueueSettings], now: datetime, rolling: Mapping[str, Rolling] = UNKNOWN
) -> list[QueueView]:
    """Return queues as shown; costs the agents and the calls once, however many queues there are.

    `rolling`: each queue's last 24 hours; one that is not in it had nobody, unless nothing is known at all.
    """
    calls, agents = _count_calls(state), _count_agents(state)
    return [
        _view(
            state,
            queue,
            calls.get(queue.id, _Calls()),
            agents.get(queue.id, Counter()),
            now,
            rolling.get(queue.id, NOBODY) if rolling else None,
        )
        for queue in queues
    ]


def _count_calls(state: State) -> dict[QueueId, _Calls]:
    found: dict[QueueId, _Calls] = {}
    for call in state.calls.values():
        if call.queue is None:
            continue
        counts = found.setdefault(call.queue, _Calls())
        if call.state in (CallState.WAITING, CallState.OFFERED):
            counts.waiting += 1
            if call.queued_at and (counts.since is None or call.queued_at < counts.since):
                counts.since = call.queued_at
        counts.talking += call.state is CallState.TALKING
        counts.parked += call.state is CallState.PARKED
    return found


def _count_agents(state: State) -> dict[QueueId, Counter[AgentState]]:
    """Return how many agents of each queue are in each state; agents who serve the same queues are counted at once."""
    alike = Counter((agent.queues, agent.state) for agent in state.roster.by_id.values())
    found: dict[QueueId, Counter[AgentState]] = {}
    for (queues, agent_state), count in alike.items():
        for queue in queues:
            found.setdefault(queue, Counter())[agent_state] += count
    return found


def _view(
    state: State,
    queue: QueueSettings,
    calls: _Calls,
    agents: Counter[AgentState],
    now: datetime,
    rolling: Rolling | None,
) -> QueueView:
    line, hours = state.line_of(queue.id), state.hours.get(queue.id, Spell(True))
    return QueueView(
        id=queue.id,
        name=queue.name or queue.id,
        tenant=queue.tenant,
        strategy=queue.strategy,
        open=queue.id not in state.closed,
        opens_at=None if hours.open else hours.until,
        closes_at=hours.until if hours.open else None,
        waiting=calls.waiting,
        max_waiting=queue.max_waiting,
        longest_wait_s=(now - calls.since).total_seconds() if calls.since else None,
        estimated_s=0.0 if line.free[EVERYBODY] else state.paces[queue.id].wait_s(line.count + 1),
        talking=calls.talking,
        parked=calls.parked,
        staffed=line.staff,
        agents={name: agents[name] for name in AgentState},
        offered_24h=rolling.offered if rolling else None,
        answered_24h=rolling.answered if rolling else None,
        connection_rate_24h=rolling.connection_rate if rolling else None,
        service_level_24h=rolling.service_level if rolling else None,
    )
