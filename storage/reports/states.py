"""Agents' time in state, cut at the boundaries of intervals.

Whatever lies within one mesh of the grid is summed by the database; only what reaches over a boundary, or goes on, is
fetched and cut.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from sqlalchemy import ColumnElement, Subquery, and_, case, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from messages.values import AgentState
from metrics.figures import OWN_REASONS, InState
from metrics.intervals import Slices
from storage.columns import Instant
from storage.reports.sql import cell, micros, total
from storage.tables import agent_states

_OF = agent_states.c


async def in_state(
    connection: AsyncConnection, slices: Slices, now: datetime, agents: frozenset[str] | None
) -> dict[tuple[int, str], InState]:
    """Return agents' time in state by interval and agent, up to now. `agents`: only theirs, of all where None."""
    found: dict[tuple[int, str], dict[tuple[AgentState, bool], int]] = defaultdict(lambda: defaultdict(int))
    whose = [] if agents is None else [_OF.agent.in_(sorted(agents))]
    within = [*whose, _OF.started_at >= _at(slices.since), _OF.started_at < _at(slices.until)]
    begins, ends = (cell(at, slices.base, slices.mesh) for at in (_OF.started_at, _OF.ended_at))
    whole = and_(_OF.ended_at.is_not(None), begins == ends, _OF.ended_at < _at(slices.until))
    own = _OF.reason.in_(sorted(OWN_REASONS))
    group = (begins, _OF.agent, _OF.state, own)
    query = select(*group, total(micros(_OF.started_at, _OF.ended_at))).where(*within, whole).group_by(*group)
    for mesh, agent, state, is_own, us in await connection.execute(query):
        found[slices.of_cell(mesh), agent][AgentState(state), bool(is_own)] += int(us)
    following = agent_states.alias("following")
    # A crash leaves a state open: it ended where the agent's next one began.
    ended = case(
        (
            _OF.ended_at.is_(None),
            select(func.min(following.c.started_at, type_=Instant()))
            .where(following.c.agent == _OF.agent, following.c.started_at > _OF.started_at)
            .correlate(agent_states)
            .scalar_subquery(),
        ),
        else_=_OF.ended_at,
    )
    shown = (_OF.agent, _OF.state, _OF.reason, _OF.started_at, ended.label("ended"))
    reaching = select(*shown).where(*within, or_(whole.is_(False), whole.is_(None)))
    before = _begun_before(slices)
    lasts = or_(_OF.ended_at.is_(None), _OF.ended_at > _at(slices.since))
    over = select(*shown).join(before, and_(before.c.agent == _OF.agent, before.c.at == _OF.started_at))
    for query in (reaching, over.where(*whose, lasts)):
        for agent, state, reason, start, end in await connection.execute(query):
            for n, us in slices.cut(start, min(end or now, now)):
                found[n, agent][AgentState(state), reason in OWN_REASONS] += us
    return {key: _summed(times) for key, times in found.items()}


def _begun_before(slices: Slices) -> Subquery:
    """Choose each agent's last state that began before the range: no earlier one can reach into it.

    Agents are found by hopping along the index, so that the length of the past does not matter.
    """
    names = select(func.min(_OF.agent).label("agent")).cte("names", recursive=True)
    after = select(func.min(_OF.agent)).where(_OF.agent > names.c.agent).correlate(names).scalar_subquery()
    names = names.union_all(select(after).where(names.c.agent.is_not(None)))
    last = (
        select(func.max(_OF.started_at, type_=Instant()))
        .where(_OF.agent == names.c.agent, _OF.started_at < _at(slices.since))
        .correlate(names)
        .scalar_subquery()
    )
    return select(names.c.agent, last.label("at")).subquery("begun")


def _at(instant: datetime) -> ColumnElement[datetime]:
    return literal(instant, Instant)


def _summed(times: dict[tuple[AgentState, bool], int]) -> InState:
    by_state: dict[AgentState, int] = defaultdict(int)
    for (state, _), us in times.items():
        by_state[state] += us
    return InState(dict(by_state), times.get((AgentState.NOT_READY, False), 0))
