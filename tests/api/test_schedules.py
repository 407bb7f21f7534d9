"""Schedules and adherence over REST and the real storage."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from center.records import AgentStateRecord
from messages.ids import AgentId
from messages.values import AgentState, Role
from storage.columns import to_row
from storage.database import Database
from storage.migrations import upgrade
from storage.schedules import Schedules
from storage.tables import agent_states
from tests.api.house import House, now, open_house

DAY = "2025-11-24"
MIDNIGHT = datetime(2025, 11, 23, 16, tzinfo=UTC)
"""Where that day begins in Shanghai."""
HOUR = timedelta(hours=1)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """Give a migrated SQLite database."""
    async with Database(f"sqlite:///{tmp_path / 'hotline.db'}") as database:
        await upgrade(database)
        yield database


@pytest.fixture
async def house(database: Database) -> AsyncIterator[House]:
    """Give a house that keeps schedules."""
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(open_house(kept={"schedules": Schedules(database, now)}))


def body(*stretches: tuple[float, float, str]) -> dict[str, Any]:
    """Return a plan of that day, in hours."""
    return {
        "items": [
            {"begin": MIDNIGHT + begin * HOUR, "end": MIDNIGHT + end * HOUR, "activity": activity}
            for begin, end, activity in stretches
        ]
    }


async def was(database: Database, state: AgentState, begin: float, end: float, agent: str = "a1") -> None:
    """Write a state of that day, in hours."""
    record = AgentStateRecord(
        agent=AgentId(agent),
        state=state,
        started_at=MIDNIGHT + begin * HOUR,
        ended_at=MIDNIGHT + end * HOUR,
        epoch=1,
        seq=int(begin * 1000),
    )
    async with database.writing() as connection:
        await connection.execute(insert(agent_states), [to_row(record) | {"open": False}])


WORK = (8.0, 12.0, "working")
MEAL = (12.0, 13.0, "meal")


async def test_a_supervisor_plans_and_the_agent_sees_it(house: House) -> None:
    wang, own = house.token(Role.SUPERVISOR, user="wang"), house.token(Role.AGENT, agent="a1")
    status, answer = await house.ask("PUT", f"agents/a1/schedule?day={DAY}", wang, body(MEAL, WORK))
    assert status == 200
    assert [(one["begin"], one["activity"], one["planned_by"]) for one in answer["items"]] == [
        ("2025-11-24T00:00:00Z", "working", "wang"),
        ("2025-11-24T04:00:00Z", "meal", "wang"),
    ]
    assert (answer["since"], answer["until"]) == ("2025-11-23T16:00:00Z", "2025-11-24T16:00:00Z")
    assert await house.ask("GET", f"agents/me/schedule?day={DAY}", own) == (200, answer)
    again = await house.ask("PUT", f"agents/a1/schedule?day={DAY}", house.token(Role.ADMIN), body(WORK, MEAL))
    assert again == (200, answer)
    other_zone = (await house.ask("GET", f"agents/a1/schedule?day={DAY}&tz=America/New_York", wang))[1]
    assert other_zone["items"] == []
    assert (await house.ask("PUT", f"agents/a1/schedule?day={DAY}", wang, {"items": []}))[1]["items"] == []


async def test_agents_see_themselves_only_and_plan_nothing(house: House) -> None:
    own, other = house.token(Role.AGENT, agent="a1"), house.token(Role.AGENT, agent="a2")
    for what in (f"schedule?day={DAY}", f"adherence?from={DAY}&to=2025-11-25"):
        assert (await house.ask("GET", f"agents/a1/{what}", own))[0] == 200
        assert (await house.ask("GET", f"agents/me/{what}", own))[0] == 200
        assert (await house.ask("GET", f"agents/a1/{what}", other))[0] == 403
        for role in (Role.SUPERVISOR, Role.LEADER, Role.ANALYST, Role.ADMIN):
            assert (await house.ask("GET", f"agents/a1/{what}", house.token(role)))[0] == 200
            assert (await house.ask("GET", f"agents/me/{what}", house.token(role)))[0] == 404
            assert (await house.ask("GET", f"agents/nobody/{what}", house.token(role)))[0] == 404
    assert (await house.ask("PUT", f"agents/me/schedule?day={DAY}", own, body(WORK)))[0] == 403
    assert (await house.ask("GET", f"adherence?day={DAY}", own))[0] == 403


@pytest.mark.parametrize(
    ("query", "sent", "status", "names"),
    [
        (f"day={DAY}", body((8, 12, "working"), (11, 13, "meal")), 422, "overlaps"),
        (f"day={DAY}", body((12, 8, "working")), 422, "end is not after"),
        (f"day={DAY}", body((-1, 8, "working")), 422, "does not begin between"),
        (f"day={DAY}", body((8, 12, "sleeping")), 422, "activity"),
        (f"day={DAY}", {"items": [{"begin": "2025-11-24T08:00:00", "end": "2025-11-24T09:00:00Z", "activity": "off"}]},
         422, "offset"),
        (f"day={DAY}", {"items": [{"begin": "0001-01-01T00:00:00+08:00", "end": "0001-01-01T01:00:00Z", "activity":
         "off"}]}, 422, "year"),
        (f"day={DAY}", {}, 422, "items"),
        (f"day={DAY}&tz=Mars/Olympus", body(), 422, "Mars/Olympus"),
        ("day=2025-02-30", body(), 422, "day"),
        ("day=0001-01-01", body(), 422, "year"),
        ("", body(), 422, "day"),
    ],
)  # fmt: skip
async def test_a_wrong_plan_names_its_fault(house: House, query: str, sent: Any, status: int, names: str) -> None:
    got, problem = await house.ask("PUT", f"agents/a1/schedule?{query}", house.token(Role.SUPERVISOR), sent)
    assert (got, names in problem["detail"]) == (status, True), problem


async def test_a_plan_that_runs_into_the_next_days_is_a_conflict(house: House) -> None:
    wang = house.token(Role.SUPERVISOR)
    assert (await house.ask("PUT", f"agents/a1/schedule?day={DAY}", wang, body((22, 30, "working"))))[0] == 200
    status, problem = await house.ask("PUT", "agents/a1/schedule?day=2025-11-25", wang, body((29, 32, "working")))
    assert (status, problem["type"]) == (409, "conflict")


async def test_adherence_is_told_in_seconds(house: House, database: Database) -> None:
    wang = house.token(Role.SUPERVISOR)
    await house.ask("PUT", f"agents/a1/schedule?day={DAY}", wang, body(WORK, MEAL))
    await was(database, AgentState.READY, 8.5, 12)
    await was(database, AgentState.TALKING, 20, 21)
    status, answer = await house.ask("GET", f"agents/a1/adherence?from={DAY}&to=2025-11-25", wang)
    assert status == 200
    assert answer == {
        "tz": "Asia/Shanghai",
        "since": "2025-11-23T16:00:00Z",
        "until": "2025-11-24T16:00:00Z",
        "items": [
            {
                "agent": "a1",
                "planned_s": 18000.0,
                "adherent_s": 16200.0,
                "out_s": 1800.0,
                "out": {"late": 1800.0},
                "rate": 0.9,
                "working_s": 14400.0,
                "worked_s": 16200.0,
                "conformance": 1.125,
                "beyond_s": 3600.0,
            }
        ],
    }
    part = f"agents/a1/adherence?from={DAY}T08:00&to=2025-11-24T00:45:00Z"
    assert (await house.ask("GET", part, wang))[1]["items"][0]["out"] == {"late": 1800.0}
    assert (await house.ask("GET", part + "&tz=Europe/Berlin", wang))[0] == 422


async def test_everybody_is_told_of_who_has_a_seat_a_plan_or_was_there(house: House, database: Database) -> None:
    await was(database, AgentState.READY, 8, 9, agent="gone")
    status, answer = await house.ask("GET", f"adherence?day={DAY}", house.token(Role.LEADER))
    assert status == 200
    assert [(one["agent"], one["rate"], one["beyond_s"]) for one in answer["items"]] == [
        ("a1", None, 0.0),
        ("a2", None, 0.0),
        ("gone", None, 3600.0),
    ]


async def test_what_has_not_come_yet_is_not_missed(house: House) -> None:
    wang, today = house.token(Role.SUPERVISOR), now().date()
    begin = datetime(today.year, today.month, today.day, tzinfo=UTC)
    whole = {"items": [{"begin": begin, "end": begin + 24 * HOUR, "activity": "working"}]}
    assert (await house.ask("PUT", f"agents/a1/schedule?day={today}&tz=UTC", wang, whole))[0] == 200
    answer = (await house.ask("GET", f"adherence?day={today}&tz=UTC", wang))[1]
    until = datetime.fromisoformat(answer["until"])
    assert until <= now()
    assert answer["items"][0]["planned_s"] == (until - begin).total_seconds()
    future = (await house.ask("GET", "adherence?day=2999-01-01", wang))[1]
    assert future["items"][0]["planned_s"] == 0


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("from=2025-11-24&to=2025-11-24", "not after"),
        ("from=2025-11-24&to=2025-11-23", "not after"),
        ("from=2025-11-24&to=2026-11-24", "62 days"),
        ("from=yesterday&to=2025-11-24", "from"),
        ("from=0001-01-01&to=2025-11-24", "year"),
        ("from=2025-11-24", "to"),
        ("from=2025-11-24&to=2025-11-25&tz=Nowhere", "Nowhere"),
    ],
)
async def test_a_wrong_range_names_its_fault(house: House, query: str, names: str) -> None:
    status, problem = await house.ask("GET", f"agents/a1/adherence?{query}", house.token(Role.ANALYST))
    assert (status, names in problem["detail"]) == (422, True), problem


async def test_where_no_schedules_are_kept_it_says_so() -> None:
    async with open_house() as bare:
        status, problem = await bare.ask("GET", f"agents/a1/schedule?day={DAY}", bare.token(Role.ADMIN))
        assert (status, problem["type"]) == (503, "unavailable")
