"""Reports from the database, held against the same figures counted row by row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from app.rolling import RollingRates
from messages.errors import Invalid, NotFound
from messages.events import Entry
from messages.localtime import span, zone
from metrics.counts import Counts, mean_s
from metrics.definitions import definitions
from metrics.question import Attribution, By, Directory, Question
from metrics.service_level import Variant
from storage.database import Database
from storage.reports import Reports
from tests.storage import recount
from tests.storage.history import AGENTS, day, rows_of, write

US = 1e6
SUMS = ("talk", "hold", "wrap_up", "longest_wait")


def _range(entries: list[Entry]) -> tuple[datetime, datetime]:
    return entries[0].at - timedelta(seconds=1), entries[-1].at + timedelta(seconds=1)


def _counted(row: dict[str, Any]) -> dict[str, int]:
    """Return a report's row as counts again."""
    found = {name: value for name, value in row.items() if name in Counts.__struct_fields__ and value}
    return found | {f"{name}_us": round(row[f"{name}_s"] * US) for name in SUMS if row[f"{name}_s"]}


def _expected(counts: dict[str, int]) -> dict[str, int]:
    left_out = ("waited", "answer_wait_us", "wait_us", "to_human_us")
    return {name: value for name, value in counts.items() if value and name not in left_out}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("attribution", Attribution)
async def test_figures_are_those_counted_row_by_row(database: Database, seed: int, attribution: Attribution) -> None:
    entries = day(seed=seed, steps=300)
    await write(database, entries)
    rows, (since, until) = rows_of(entries), _range(entries)
    reports = Reports(database, lambda: until, Directory(agents=dict.fromkeys(AGENTS, ("", ""))))
    ask = Question(since=since, until=until, interval="15m", attribution=attribution, threshold_s=4.0, short_s=1.5)
    found = await reports.rows(ask)
    bounds = [(row["from"], row["to"]) for row in found]
    assert bounds[0][0] == since
    assert bounds[-1][1] == until
    expected = recount.contacts(rows, ask, bounds)
    assert [_counted(row) for row in found] == [_expected(one) for one in expected]
    for row, one in zip(found, expected, strict=True):
        counts = Counts(**one)
        assert counts.balances
        assert row["asa_s"] == mean_s(counts.answer_wait_us, counts.answered)
        assert row["awt_s"] == mean_s(counts.wait_us, counts.waited)
        assert row["time_to_human_s"] == mean_s(counts.to_human_us, counts.answered)
        assert row["connection_rate"] == (counts.answered / counts.outcomes if counts.outcomes else None)
        assert row["occupancy"] is None or 0 <= row["occupancy"] <= 1
    by_queue = await reports.rows(msgspec.structs.replace(ask, by=By.QUEUE, interval=""))
    assert {row["queue"]: _counted(row) for row in by_queue} == {
        queue: _expected(one) for queue, one in recount.visits(rows, ask, since, until).items()
    }


@pytest.mark.parametrize("seed", range(4))
async def test_agents_time_is_cut_at_the_boundaries_and_none_is_lost(database: Database, seed: int) -> None:
    entries = day(seed=seed, steps=300)
    await write(database, entries)
    rows, (since, until) = rows_of(entries), _range(entries)
    reports = Reports(database, lambda: until)
    for begin in (since, since + (until - since) / 2):
        ask = Question(since=begin, until=until, interval="1m", by=By.AGENT, agents_only=True)
        for row in await reports.rows(ask):
            expected = recount.states(rows, row["from"], row["to"], until)[row["agent"]]
            assert row["logged_in_s"] == sum(expected.values()) / US
            assert row["ready_s"] == expected["ready"] / US
            assert row["ringing_s"] == (expected["reserved"] + expected["ringing"]) / US
            assert (row["talk_s"], row["hold_s"]) == (expected["talking"] / US, expected["holding"] / US)
            assert row["pause_s"] <= row["not_ready_s"]
        whole = await reports.rows(msgspec.structs.replace(ask, interval=""))
        assert {row["agent"]: row["logged_in_s"] for row in whole if row["logged_in_s"]} == {
            agent: sum(times.values()) / US for agent, times in recount.states(rows, begin, until, until).items()
        }


@pytest.mark.parametrize("seed", range(3))
async def test_behind_every_figure_are_as_many_contacts(database: Database, seed: int) -> None:
    entries = day(seed=seed, steps=300)
    await write(database, entries)
    since, until = _range(entries)
    reports = Reports(database, lambda: until)
    ask = Question(since=since, until=until, repeat_s=86_400)
    [row] = await reports.rows(ask)
    known = {one["contact"] for one in rows_of(entries)["contacts"]}
    for figure in ("arrivals", "offered", "answered", "abandoned", "answered_in", "still_waiting", "repeats"):
        found = await reports.ids(ask, figure)
        assert len(found) == row[figure]
        assert set(found) <= known
    assert len(await reports.ids(ask, "rona")) <= row["rona"], "a contact may ring in vain twice"
    with pytest.raises(Invalid, match=r"connection_rate.*no count"):
        await reports.ids(ask, "connection_rate")


async def test_parts_of_a_range_add_up_to_the_whole(database: Database) -> None:
    entries = day(seed=9, steps=400)
    await write(database, entries)
    since, until = _range(entries)
    reports = Reports(database, lambda: until)
    [whole] = await reports.rows(Question(since=since, until=until))
    for interval in ("1m", "15m", "1h", "day", "week", "month", "quarter", "year"):
        parts = await reports.rows(Question(since=since, until=until, interval=interval))
        for name in _counted(whole):
            if name.endswith("_us"):
                continue
            assert sum(part[name] for part in parts) == whole[name], (interval, name)
        assert max(part["longest_wait_s"] or 0 for part in parts) == whole["longest_wait_s"]


async def test_what_there_never_was_is_not_found(database: Database) -> None:
    since, until = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)
    reports = Reports(database, lambda: until, Directory(queues=frozenset({"12345"})))
    await reports.rows(Question(since=since, until=until, queue="12345"))
    for unknown in ({"queue": "54321"}, {"tenant": "nowhere"}, {"team": "none"}, {"agent": "nobody"}):
        with pytest.raises(NotFound, match=r"no (queue|tenant|team|agent) '\w+'"):
            await reports.rows(Question(since=since, until=until, **unknown))  # type: ignore[arg-type]
    with pytest.raises(Invalid, match="is not after"):
        Question(since=until, until=since)
    with pytest.raises(Invalid, match="does not divide a day"):
        await reports.rows(Question(since=since, until=until, interval="7m"))


async def test_every_report_says_by_what_it_counted(database: Database) -> None:
    since, until = span("2026-11-01", "2026-11-02", zone("Asia/Shanghai"))
    reports = Reports(database, lambda: until)
    for variant in Variant:
        ask = Question(since=since, until=until, variant=variant, threshold_s=20.0)
        [row], meaning = await reports.rows(ask), definitions(ask)
        assert set(row) - {"from", "to"} <= set(meaning) | {"repeats", "repeat_rate"}
        assert variant in meaning["service_level"]
        assert "T = 20 s" in meaning["service_level"]
        assert (row["offered"], row["service_level"], row["asa_s"]) == (0, None, None)


async def test_the_last_24_hours_are_what_a_report_says_of_them(database: Database) -> None:
    entries = day(seed=5, steps=400)
    await write(database, entries)
    until = _range(entries)[1]
    reports = Reports(database, lambda: until)
    rates = RollingRates(reports, lambda: until)
    await rates.read()
    since = until - timedelta(hours=24)
    [whole] = await reports.rows(Question(since=since, until=until))
    assert whole["offered"] > whole["answered"] > 0
    queues = await reports.rows(Question(since=since, until=until, by=By.QUEUE))
    for name, row in (("", whole), *((row["queue"], row) for row in queues)):
        assert msgspec.structs.asdict(rates.by_queue[name]) == {
            name: row[name] for name in ("offered", "answered", "connection_rate", "service_level")
        }
    later = RollingRates(Reports(database, lambda: until), lambda: until + timedelta(days=2))
    await later.read()
    assert later.by_queue[""].connection_rate is None, "of nobody there is no rate"
