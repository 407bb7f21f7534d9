"""Alerts: the live figures are looked at every few seconds; what is raised or cleared is recorded.

Between two looks nothing is kept but what events say, so that a new centre goes on where the last one was.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from alerts.rule import AlertRule, Verdict, judge
from calls.transitions import CallState
from center.state import State
from center.turn import Turn
from messages import events
from messages.ids import AlertId, QueueId
from messages.values import AgentState, AlertFigure

LOOK_S = 5.0
"""How often the figures are looked at, in seconds."""
LOOK = timedelta(seconds=LOOK_S)


class Measured(NamedTuple):
    """One figure of one queue or node; None where nothing could be bad."""

    key: str
    tenant: str
    value: float | None


class _Queue(msgspec.Struct):
    waiting: int = 0
    ready: int = 0
    since: datetime | None = None


def look(turn: Turn) -> None:
    """Look at every rule's figures; an alert whose rule or subject is no longer there is cleared, too."""
    state, queues = turn.state, _queues(turn.state)
    measured = {rule.id: list(_measured(state, queues, rule, turn.now)) for rule in state.settings.alerts}
    there = {(rule, one.key) for rule, found in measured.items() for one in found}
    for key in [key for key in state.alerted if key not in there]:
        _clear(turn, *key, value=None)
    for rule in state.settings.alerts:
        for one in measured[rule.id]:
            standing = state.alerts.get(state.alerted.get((rule.id, one.key), AlertId("")))
            match judge(rule, one.value, standing, turn.now):
                case Verdict.RAISE:
                    _raise(turn, rule, one)
                case Verdict.CLEAR:
                    _clear(turn, rule.id, one.key, one.value)


def _raise(turn: Turn, rule: AlertRule, one: Measured) -> None:
    turn.record(
        events.AlertRaised(
            alert=AlertId(turn.new_id("w")),
            rule=rule.id,
            figure=rule.figure,
            key=one.key,
            tenant=one.tenant,
            severity=rule.severity,
            value=one.value if one.value is not None else 0.0,
            at=float(rule.at),
        )
    )


def _clear(turn: Turn, rule: str, key: str, value: float | None) -> None:
    alert = turn.state.alerts[turn.state.alerted[rule, key]]
    turn.record(
        events.AlertCleared(
            alert=alert.id,
            rule=rule,
            figure=alert.figure,
            key=key,
            tenant=alert.tenant,
            severity=alert.severity,
            value=value,
            raised_at=alert.raised_at,
        )
    )


def _measured(state: State, queues: dict[QueueId, _Queue], rule: AlertRule, now: datetime) -> Iterator[Measured]:
    if rule.figure is AlertFigure.NODE_DOWN:
        for node in state.nodes:
            since = state.unheard.get(node)
            yield Measured(node, "", (now - since).total_seconds() if since else None)
        return
    for name in state.queues if rule.queue is None else (rule.queue,):
        queue = queues.get(name, _Queue())
        yield Measured(name, state.tenant_of(name), _figure(queue, rule.figure, now))


def _figure(queue: _Queue, figure: AlertFigure, now: datetime) -> float | None:
    if figure is AlertFigure.WAITING:
        return float(queue.waiting)
    if queue.since is None or (figure is AlertFigure.NOBODY_READY and queue.ready):
        return None
    return (now - queue.since).total_seconds()


def _queues(state: State) -> dict[QueueId, _Queue]:
    """Count who waits and who is ready, in one pass over calls and agents."""
    found = {queue: _Queue() for queue in state.queues}
    for call in state.calls.values():
        if call.queue in found and call.state in (CallState.WAITING, CallState.OFFERED) and call.queued_at:
            queue = found[call.queue]
            queue.waiting += 1
            queue.since = min(queue.since or call.queued_at, call.queued_at)
    for agent in state.roster.by_id.values():
        if agent.state is AgentState.READY:
            for name in agent.queues:
                if name in found:
                    found[name].ready += 1
    return found
