"""Which waiting call goes to which free agent. Two questions, each asked only of what has changed.

A call that has just joined asks for the best of the free; an agent who has just become free asks for the oldest of the
waiting. Between turns no eligible pair is left, so nobody else need be asked: that is work conservation, and it
makes a message cost the same however many wait.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import islice

from messages.ids import AgentId, CallId
from messages.values import Need
from queueing.line import PERSONAL, Asks, Line
from queueing.settings import Strategy


def place_in_line(queued_at: datetime, priority: int, head_start_s: float) -> datetime:
    """Return the instant by which a call is ordered: each point of priority counts as having come so much earlier.

    With linear ageing at one rate for all, the order of two calls never changes while they wait, so the place is fixed
    at joining; a call is overtaken only by calls that came within `head_start_s` seconds times the difference
    (Jackson's dynamic priorities with static urgency numbers, 1960). Nobody starves.
    """
    return queued_at - timedelta(seconds=priority * head_start_s)


def insisted(needs: Iterable[Need], waited_s: float) -> Asks:
    """Return what a call insists on after so many seconds."""
    return tuple((need.skill, need.level) for need in needs if need.wait_s is None or need.wait_s > waited_s)


def preferred(needs: Iterable[Need], asks: Asks) -> Asks:
    """Return what a call no longer insists on, in the order it asked."""
    return tuple(pair for need in needs if (pair := (need.skill, need.level)) not in asks)


def grouped(needs: Iterable[Need], asks: Asks) -> Asks:
    """Return by what a call waits: what it insists on and, at level 0, whom in particular it would rather have."""
    rather = ((need.skill, 0) for need in needs if need.wait_s == 0.0 and need.skill.startswith(PERSONAL))
    return (*asks, *rather)


def next_relaxing(needs: Iterable[Need], waited_s: float) -> float | None:
    """Return the waiting time in seconds at which a call insists on less, None where it never does."""
    return min((need.wait_s for need in needs if need.wait_s is not None and need.wait_s > waited_s), default=None)


def agents_for(line: Line, needs: Iterable[Need], asks: Asks) -> list[AgentId]:
    """Return the agent a call is offered to (ring-all: the agents), none where nobody eligible is free.

    What is only preferred is dropped from the last on until somebody is found.
    """
    liked, rings_all = preferred(needs, asks), line.settings.strategy is Strategy.RING_ALL
    if rings_all:
        liked = tuple(pair for pair in liked if pair[0].startswith(PERSONAL))
    for kept in range(len(liked), -1, -1):
        if found := next(line.eligible((*asks, *liked[:kept])), None):
            return (
                list(islice(line.eligible(asks), line.settings.ring_all_at_most)) if rings_all and not kept else [found]
            )
    return []


def call_for(lines: Iterable[Line], agent: AgentId, skills: Mapping[str, int]) -> CallId | None:
    """Return the call that a freed agent is offered: across the queues, the first in place whom they can serve."""
    best: tuple[datetime, CallId] | None = None
    for line in lines:
        for asks, items in line.waiting.items():
            if (best is None or items[0] < best) and line.takes(agent, skills, asks):
                best = items[0]
    return best[1] if best else None
