"""Plans are replaced whole, states are found however long ago they began, and adherence is over both."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, inspect

from agents.adherence import Actual, Kind, adherence
from agents.schedule import Activity, DayPlan, Overlaps, Planned, PlanRecord
from center.records import AgentStateRecord
from messages.errors import Invalid, Unavailable
from messages.ids import AgentId, UserId
from messages.values import AgentState
from storage.columns import to_row
from storage.database import Database
from storage.schedules import Schedules
from storage.tables import agent_states, schedules
from tests.postgres_fixture import PostgresServer

DAY = datetime(2026, 11, 24, tzinfo=UTC)
HOUR = timedelta(hours=1)
A1, A2 = AgentId("a1"), AgentId("a2")
BY = UserId("wang")
S = AgentState


class Clock:
    """Says what it is told to say."""

    now = DAY - 24 * HOUR

    def __call__(self) -> datetime:
        return self.now


def stretch(begin: float, end: float, activity: Activity = Activity.WORKING) -> Planned:
    """Return a stretch by hours of the day."""
    return Planned(DAY + begin * HOUR, DAY + end * HOUR, activity)


def plan_of(*planned: Planned, agent: AgentId = A1, day: int = 0) -> DayPlan:
    """Return a plan of a day."""
    since = DAY + day * 24 * HOUR
    return DayPlan(agent=agent, since=since, until=since + 24 * HOUR, planned=planned)


@pytest.fixture
def kept(database: Database) -> Schedules:
    """Give schedules with nothing in them."""
    return Schedules(database, Clock())


async def planned(kept: Schedules, agent: AgentId = A1, day: int = 0) -> list[Planned]:
    """Return what is planned of a day."""
    since = DAY + day * 24 * HOUR
    found = await kept.plan(agent, since, since + 24 * HOUR)
    return [Planned(one.begin, one.end, one.activity) for one in found]


async def lived(database: Database, *stretches: Actual, agent: AgentId = A1) -> None:
    """Write states as the ledger would."""
    rows = [
        to_row(
            AgentStateRecord(
                agent=agent,
                state=one.state,
                reason=one.reason,
                started_at=one.begin,
                ended_at=one.end,
                epoch=1,
                seq=number,
            )
        )
        | {"open": one.end is None}
        for number, one in enumerate(stretches, 1)
    ]
    async with database.writing() as connection:
        await connection.execute(agent_states.delete())
        await connection.execute(insert(agent_states), rows)


async def test_the_migration_makes_the_table_the_code_knows(database: Database) -> None:
    def shape(connection: Any) -> tuple[Any, Any, Any]:
        found = inspect(connection)
        columns = [(one["name"], str(one["type"]), one["nullable"]) for one in found.get_columns("schedules")]
        return columns, found.get_pk_constraint("schedules"), found.get_indexes("schedules")

    async with database.writing() as connection:
        by_migration = await connection.run_sync(shape)
        await connection.run_sync(schedules.drop)
        await connection.run_sync(schedules.create)
        assert by_migration == await connection.run_sync(shape)


async def test_a_plan_is_kept_with_who_planned_it_and_when(kept: Schedules) -> None:
    await kept.replace([plan_of(stretch(13, 17), stretch(8, 12), stretch(12, 13, Activity.MEAL))], BY)
    found = await kept.plan(A1, DAY, DAY + 24 * HOUR)
    assert found[0] == PlanRecord(
        agent=A1,
        begin=DAY + 8 * HOUR,
        end=DAY + 12 * HOUR,
        activity=Activity.WORKING,
        planned_by=BY,
        planned_at=Clock.now,
    )
    assert await planned(kept) == [stretch(8, 12), stretch(12, 13, Activity.MEAL), stretch(13, 17)]
    assert await planned(kept, A2) == []


async def test_the_same_plan_again_changes_nothing_and_another_only_what_differs(database: Database) -> None:
    clock = Clock()
    kept = Schedules(database, clock)
    await kept.replace([plan_of(stretch(8, 12), stretch(13, 17))], BY)
    before = await kept.plan(A1, DAY, DAY + 24 * HOUR)
    clock.now = DAY
    await kept.replace([plan_of(stretch(8, 12), stretch(13, 17))], UserId("zhao"))
    assert await kept.plan(A1, DAY, DAY + 24 * HOUR) == before
    await kept.replace([plan_of(stretch(8, 12), stretch(13, 18))], UserId("zhao"))
    after = await kept.plan(A1, DAY, DAY + 24 * HOUR)
    assert [one.planned_by for one in after] == [BY, "zhao"]
    await kept.replace([plan_of()], BY)
    assert await planned(kept) == []


async def test_a_night_belongs_to_the_day_it_begins_in(kept: Schedules) -> None:
    await kept.replace([plan_of(stretch(22, 30))], BY)
    await kept.replace([plan_of(stretch(30, 32), day=1)], BY)
    assert await planned(kept) == [stretch(22, 30)]
    with pytest.raises(Overlaps, match="a1: working 2026-11-25 05:00"):
        await kept.replace([plan_of(stretch(29, 32), day=1)], BY)
    with pytest.raises(Overlaps, match="a1: working 2026-11-24 22:00"):
        await kept.replace([plan_of(stretch(22, 31))], BY)
    assert await planned(kept, day=1) == [stretch(30, 32)]
    await kept.replace([plan_of(stretch(29, 32), day=1), plan_of(stretch(22, 29))], BY)
    assert await planned(kept) == [stretch(22, 29)]


@pytest.mark.parametrize(
    ("days", "says"),
    [
        ([plan_of(stretch(8, 12), stretch(11, 13))], "overlaps"),
        ([plan_of(stretch(25, 26))], "does not begin between"),
        ([plan_of(stretch(-1, 2))], "does not begin between"),
        ([plan_of(stretch(8, 9)), plan_of(stretch(8, 9))], "two plans"),
        ([plan_of(stretch(8, 9), agent=A2), plan_of(stretch(9, 8))], "end is not after"),
    ],
)
async def test_a_wrong_plan_leaves_everything_as_it_was(kept: Schedules, days: list[DayPlan], says: str) -> None:
    await kept.replace([plan_of(stretch(0, 1))], BY)
    with pytest.raises(Invalid, match=says):
        await kept.replace(days, BY)
    assert await planned(kept) == [stretch(0, 1)]
    assert await planned(kept, A2) == []


async def test_one_overlap_and_nobodys_plan_is_written(kept: Schedules) -> None:
    await kept.replace([plan_of(stretch(22, 30), agent=A2)], BY)
    with pytest.raises(Overlaps) as refused:
        await kept.replace([plan_of(stretch(8, 9)), plan_of(stretch(24, 26), agent=A2, day=1)], BY)
    assert (refused.value.agent, refused.value.new) == (A2, stretch(24, 26))
    assert await planned(kept) == []


async def test_two_who_plan_at_once_leave_no_overlap(kept: Schedules) -> None:
    tries = [kept.replace([plan_of(stretch(20, 26))], BY), kept.replace([plan_of(stretch(25, 28), day=1)], BY)]
    refused = await asyncio.gather(*tries, return_exceptions=True)
    assert [type(one) for one in refused if one is not None] == [Overlaps]
    assert len(await planned(kept)) + len(await planned(kept, day=1)) == 1


async def test_a_state_begun_long_before_is_found(database: Database, kept: Schedules) -> None:
    await lived(
        database,
        Actual(DAY - 900 * HOUR, None, S.READY),  # left open by a crash
        Actual(DAY - 200 * HOUR, DAY + 9 * HOUR, S.READY),
        Actual(DAY - 100 * HOUR, DAY - 100 * HOUR, S.RESERVED),
        Actual(DAY + 9 * HOUR, DAY + 10 * HOUR, S.TALKING),
        Actual(DAY + 10 * HOUR, None, S.NOT_READY, "meal"),
    )
    found = await kept.states(A1, DAY, DAY + 10 * HOUR)
    assert [(one.state, one.begin) for one in found] == [(S.READY, DAY - 200 * HOUR), (S.TALKING, DAY + 9 * HOUR)]
    assert await kept.states(A1, DAY + 10 * HOUR, DAY + 11 * HOUR) == [
        Actual(DAY + 10 * HOUR, None, S.NOT_READY, "meal")
    ]
    assert await kept.states(A2, DAY, DAY + 10 * HOUR) == []
    assert await kept.states(AgentId("no\0body"), DAY, DAY + 10 * HOUR) == []


minutes = st.integers(-3000, 3000).map(lambda n: DAY + timedelta(minutes=n))


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
async def test_what_is_read_of_a_range_gives_what_everything_gives(database: Database, data: st.DataObject) -> None:
    begins = sorted(data.draw(st.sets(minutes, min_size=1, max_size=10)))
    actual = []
    for begin in begins:
        lasts = data.draw(st.one_of(st.none(), st.integers(0, 2000)))
        end = None if lasts is None else begin + timedelta(minutes=lasts)
        state = data.draw(st.sampled_from(sorted(set(S) - {S.LOGGED_OUT})))
        actual.append(Actual(begin, end, state, data.draw(st.sampled_from(["", "break", "meal"]))))
    edges = pairwise(sorted(data.draw(st.sets(st.integers(0, 23), max_size=6))))
    day = [stretch(begin, end, data.draw(st.sampled_from(Activity))) for begin, end in edges]
    since, until = sorted([data.draw(minutes), data.draw(minutes)])
    await lived(database, *actual)
    kept = Schedules(database, Clock())
    await kept.replace([plan_of(*day)], BY)
    assert await kept.adherence(A1, since, until) == adherence(day, actual, since, until)


async def test_a_shift_over_the_ranges_end_is_judged_whole(database: Database, kept: Schedules) -> None:
    await kept.replace([plan_of(stretch(22, 24)), plan_of(stretch(24, 30), day=1)], BY)
    await lived(database, Actual(DAY + 22.5 * HOUR, DAY + 25 * HOUR, S.READY), Actual(DAY + 26 * HOUR, None, S.READY))
    first = await kept.adherence(A1, DAY, DAY + 24 * HOUR)
    second = await kept.adherence(A1, DAY + 24 * HOUR, DAY + 48 * HOUR)
    assert (first.out, second.out) == ({Kind.LATE: 0.5 * HOUR}, {Kind.AWAY: HOUR})
    assert first + second == await kept.adherence(A1, DAY, DAY + 48 * HOUR)


async def test_the_settings_reasons_count(database: Database) -> None:
    kept = Schedules(database, Clock(), {"tea": Activity.BREAK})
    await kept.replace([plan_of(stretch(8, 9, Activity.BREAK))], BY)
    await lived(database, Actual(DAY + 8 * HOUR, DAY + 9 * HOUR, S.NOT_READY, "tea"))
    assert (await kept.adherence(A1, DAY, DAY + 24 * HOUR)).rate == 1.0


async def test_who_has_a_plan_or_was_there_is_named(database: Database, kept: Schedules) -> None:
    await kept.replace([plan_of(stretch(22, 30), agent=A2)], BY)
    await lived(database, Actual(DAY + 9 * HOUR, DAY + 10 * HOUR, S.READY))
    assert await kept.agents(DAY, DAY + 24 * HOUR) == {A1, A2}
    assert await kept.agents(DAY + 24 * HOUR, DAY + 48 * HOUR) == {A2}
    assert await kept.agents(DAY + 30 * HOUR, DAY + 48 * HOUR) == frozenset()


async def test_a_database_that_is_away_is_said_to_be_unavailable(postgres_server: PostgresServer) -> None:
    async with Database(postgres_server.new_database()) as database:
        kept = Schedules(database, Clock())
        for asked in (
            kept.replace([plan_of(stretch(8, 9))], BY),
            kept.plan(A1, DAY, DAY + HOUR),
            kept.adherence(A1, DAY, DAY + HOUR),
        ):
            with pytest.raises(Unavailable, match="database is away"):
                await asked
