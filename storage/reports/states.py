"""Agents' time in state, cut at the boundaries of intervals.

Whatever lies within one mesh of the grid is summed by the database; only what reaches over a boundary, or goes on, is
fetched and cut.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, Subquery, and_, case, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from messages.values import AgentState
from metrics.figures import OWN_REASONS, InState
from metrics.intervals import Slices
from storage.columns import Instant
from storage.reports.sql import cell, micros, total
from storage.tables import agent_states

_OF = agent_states.c
_OWN = _OF.reason.in_(sorted(OWN_REASONS))
_FOLLOWING = agent_states.alias("following")
_ENDED = case(
    (
        _OF.ended_at.is_(None),
        select(func.min(_FOLLOWING.c.started_at, type_=Instant()))
        .where(_FOLLOWING.c.agent == _OF.agent, _FOLLOWING.c.started_at > _OF.started_at)
        .correlate(agent_states)
        .scalar_subquery(),
    ),
    else_=_OF.ended_at,
)
"""A crash leaves a state open: it ended where the agent's next one began."""


async def in_state(
    connection: AsyncConnection, slices: Slices, now: datetime, agents: frozenset[str] | None
) -> dict[tuple[int, str], InState]:
    """Return agents' time in state by interval and agent, up to now. `agents`: only theirs, of all where None."""
    found: dict[tuple[int, str], dict[tuple[AgentState, bool], int]] = defaultdict(lambda: defaultdict(int))
    whose: list[ColumnElement[bool]] = [] if agents is None else [_OF.agent.in_(sorted(agents))]
    within = [*whose, _OF.started_at >= _at(slices.since), _OF.started_at < _at(slices.until)]
    for query in (_summed_up(slices, within), _over_the_beginning(slices, whose)):
        for mesh, agent, state, is_own, us, start, end in await connection.execute(query):
            key = AgentState(state), bool(is_own)
            if start is None:
                found[slices.of_cell(mesh), agent][key] += int(us)
                continue
            for n, part_us in slices.cut(start, min(end or now, now)):
                found[n, agent][key] += part_us
    return {key: _in_state(times) for key, times in found.items()}


def _summed_up(slices: Slices, within: list[ColumnElement[bool]]) -> Select[Any]:
    """Sum what began in the range by mesh, agent and state; what reaches over a boundary stays a row of its own."""
    begins, ends = (cell(at, slices.base, slices.mesh) for at in (_OF.started_at, _OF.ended_at))
    inside = and_(_OF.ended_at.is_not(None), begins == ends, _OF.ended_at < _at(slices.until))
    # Materialised: SQLite would otherwise reckon each value again wherever it is used.
    rows = (
        select(
            begins.label("mesh"),
            _OF.agent,
            _OF.state,
            _OWN.label("own"),
            micros(_OF.started_at, _OF.ended_at).label("us"),
            case((inside, None), else_=_OF.started_at).label("start"),
            case((inside, None), else_=_ENDED).label("end"),
        )
        .where(*within)
        .cte()
        .prefix_with("MATERIALIZED")
    ).c
    group = (rows.mesh, rows.agent, rows.state, rows.own)
    return select(*group, total(rows.us), rows.start, rows.end).group_by(*group, rows.start, rows.end)


def _over_the_beginning(slices: Slices, whose: list[ColumnElement[bool]]) -> Select[Any]:
    """Choose what began before the range and reaches into it: at most each agent's last state before it."""
    before = _begun_before(slices)
    nothing = literal(0, BigInteger)
    return (
        select(nothing, _OF.agent, _OF.state, _OWN, nothing, _OF.started_at, _ENDED)
        .join(before, and_(before.c.agent == _OF.agent, before.c.at == _OF.started_at))
        .where(*whose, or_(_OF.ended_at.is_(None), _OF.ended_at > _at(slices.since)))
    )


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


def _in_state(times: dict[tuple[AgentState, bool], int]) -> InState:
    by_state: dict[AgentState, int] = defaultdict(int)
    for (state, _), us in times.items():
        by_state[state] += us
    return InState(dict(by_state), times.get((AgentState.NOT_READY, False), 0))
