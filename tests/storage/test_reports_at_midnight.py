"""DOMAIN §5's worked example: a call that joins the queue 23:59:50 and is answered 00:00:05."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from center.records import AgentStateRecord, ContactRecord, LegRecord, Record, VisitRecord
from messages.ids import AgentId, CallId, ContactId, LegId, QueueId
from messages.values import AgentState, ContactOutcome, LegEnd
from metrics.question import Attribution, By, Question
from storage.database import Database
from storage.reports import Reports
from tests.storage.keeping import keep

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY_1, DAY_2, DAY_3 = (datetime(2026, 11, day, tzinfo=SHANGHAI) for day in (24, 25, 26))
QUEUE, AGENT = QueueId("12345"), AgentId("a1")


def _at(seconds: float) -> datetime:
    """Return an instant by its distance from midnight."""
    return DAY_2 + timedelta(seconds=seconds)


def worked_example() -> list[Record]:
    """Return the records of the call: queued -10 s, answered 5 s, ended 125 s, wrap-up to 155 s."""
    contact, call = ContactId("c"), CallId("c")
    about: dict[str, Any] = {"contact": contact, "call": call, "queue": QUEUE, "agent": AGENT}
    states = [
        (AgentState.READY, -600, 0.5),
        (AgentState.RINGING, 0.5, 5),
        (AgentState.TALKING, 5, 125),
        (AgentState.WRAP_UP, 125, 155),
        (AgentState.READY, 155, 3600),
    ]
    return [
        ContactRecord(
            **about,
            arrived_at=_at(-14),
            queued_at=_at(-10),
            answered_at=_at(5),
            ended_at=_at(125),
            outcome=ContactOutcome.ANSWERED,
            did="12345",
            visits=1,
        ),
        VisitRecord(**about, n=1, asked_at=_at(-10), left_at=_at(5), outcome=ContactOutcome.ANSWERED),
        LegRecord(
            **about,
            leg=LegId("c/1"),
            queued_at=_at(-10),
            offered_at=_at(0.5),
            ringing_at=_at(1),
            answered_at=_at(5),
            ended_at=_at(125),
            end=LegEnd.CITIZEN_HUNG_UP,
            wrap_up_s=30.0,
        ),
        *(
            AgentStateRecord(agent=AGENT, state=state, started_at=_at(start), ended_at=_at(end), epoch=1, seq=n)
            for n, (state, start, end) in enumerate(states)
        ),
    ]


async def _days(database: Database, **more: Any) -> list[dict[str, Any]]:
    reports = Reports(database, lambda: DAY_3)
    ask = Question(since=DAY_1, until=DAY_3, interval="day", **more)
    return await reports.rows(ask)


@pytest.mark.parametrize("by", [By.ALL, By.QUEUE])
async def test_the_call_is_day_ones_and_the_agents_time_day_twos(database: Database, by: By) -> None:
    await keep(database, worked_example())
    first = (await _days(database, by=by))[0]
    assert (first["from"], first["to"]) == (DAY_1, DAY_2)
    assert (first["offered"], first["answered"], first["asa_s"], first["talk_s"]) == (1, 1, 15.0, 120.0)
    assert first["service_level"] == 1.0, "15.0 s are within 15 s"
    assert first["time_to_human_s"] == 19.0
    assert (first["aht_s"], first["wrap_up_s"]) == (150.0, 30.0)
    [stricter] = [row for row in await _days(database, by=by, threshold_s=14.999999) if row["offered"]]
    assert stricter["service_level"] == 0.0
    day_1, day_2 = await _days(database, by=By.AGENT, agents_only=True)
    assert (day_1["talk_s"], day_1["wrap_up_s"], day_1["ready_s"]) == (0.0, 0.0, 600.0)
    assert (day_2["talk_s"], day_2["wrap_up_s"], day_2["ringing_s"]) == (120.0, 30.0, 4.5)
    assert day_2["occupancy"] == 150 / (150 + 3445.5)


async def test_by_answer_and_by_end_it_is_day_twos(database: Database) -> None:
    await keep(database, worked_example())
    for attribution in (Attribution.ANSWER, Attribution.END):
        day_1, day_2 = await _days(database, attribution=attribution)
        assert (day_1["offered"], day_1["talk_s"]) == (0, 0.0)
        assert (day_2["offered"], day_2["asa_s"], day_2["talk_s"]) == (1, 15.0, 120.0)


async def test_another_time_zone_has_it_all_on_one_day(database: Database) -> None:
    await keep(database, worked_example())
    days = await _days(database, tz="UTC")
    assert [row["offered"] for row in days] == [0, 1, 0], "16:00 UTC is in the middle of the day"


async def test_an_unfinished_state_ends_where_the_next_one_began_or_now(database: Database) -> None:
    left_open = msgspec.structs.replace(worked_example()[-1], started_at=_at(-3600), ended_at=None, seq=99)
    last = msgspec.structs.replace(left_open, started_at=_at(7200), seq=100)
    await keep(database, [*worked_example(), left_open, last])
    day_1, day_2 = await _days(database, by=By.AGENT, agents_only=True)
    assert day_1["ready_s"] == 3600.0
    assert day_2["ready_s"] == 3445.5 + (86_400 - 7200)
