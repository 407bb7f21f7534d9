"""Intervals on the wall, on days whose clocks are changed, too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.errors import Invalid
from metrics.intervals import Slices, Step, Unit, edges, step_of

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ("Asia/Shanghai", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns", "Africa/Cairo")
STEPS: list[Step] = [None, 1, 5, 10, 15, 30, 60, 240, 720, *Unit]


def _walls(day: str, step: Step) -> list[str]:
    begin = datetime.fromisoformat(day).replace(tzinfo=BERLIN)
    end = (datetime.fromisoformat(day) + timedelta(days=1)).replace(tzinfo=BERLIN)
    return [
        f"{one.astimezone(BERLIN):%H:%M}" for one in edges(begin.astimezone(UTC), end.astimezone(UTC), step, BERLIN)
    ]


def test_a_day_of_23_hours_has_no_skipped_hour() -> None:
    walls = _walls("2026-03-29", 60)
    assert (len(walls) - 1, walls[:4]) == (23, ["00:00", "01:00", "03:00", "04:00"])
    assert _walls("2026-03-29", 240)[:3] == ["00:00", "04:00", "08:00"]


def test_an_hour_that_comes_twice_comes_twice() -> None:
    walls = _walls("2026-10-25", 30)
    assert len(walls) - 1 == 50
    assert walls[4:9] == ["02:00", "02:30", "02:00", "02:30", "03:00"]


def test_days_weeks_months_quarters_and_years_are_the_calendars() -> None:
    since, until = datetime(2024, 2, 28, 16, tzinfo=UTC), datetime(2025, 4, 2, tzinfo=UTC)
    shanghai = ZoneInfo("Asia/Shanghai")

    def begins(unit: Unit) -> list[str]:
        return [f"{one.astimezone(shanghai):%F}" for one in edges(since, until, unit, shanghai)]

    assert begins(Unit.DAY)[:3] == ["2024-02-29", "2024-03-01", "2024-03-02"]
    assert begins(Unit.WEEK)[:2] == ["2024-02-26", "2024-03-04"]
    assert begins(Unit.MONTH)[:2] == ["2024-02-01", "2024-03-01"]
    assert begins(Unit.QUARTER) == ["2024-01-01", "2024-04-01", "2024-07-01", "2024-10-01", "2025-01-01", "2025-04-01",
                                    "2025-07-01"]  # fmt: skip
    assert begins(Unit.YEAR) == ["2024-01-01", "2025-01-01", "2026-01-01"]


def test_steps_are_minutes_that_divide_a_day_or_of_the_calendar() -> None:
    assert [step_of(text) for text in ("30m", "half-hour", "1h", "24h", "quarter", "")] == [
        *(30, 30, 60, Unit.DAY, Unit.QUARTER, None)
    ]
    for wrong in ("7m", "0m", "25h", "1.5h", "m", "-30m", "fortnight", "30 m"):
        with pytest.raises(Invalid, match="does not divide a day"):
            step_of(wrong)
    with pytest.raises(Invalid, match="more than"):
        edges(datetime(2020, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC), 1, BERLIN)


instants = st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@given(instants, st.timedeltas(timedelta(microseconds=1), timedelta(days=9)), st.sampled_from(STEPS),
       st.sampled_from(ZONES), st.lists(st.floats(-0.2, 1.2), min_size=2, max_size=2))  # fmt: skip
def test_intervals_tile_the_range_and_cut_every_stretch_without_loss(
    since: datetime, length: timedelta, step: Step, name: str, stretch: list[float]
) -> None:
    until, where = since + length, ZoneInfo(name)
    slices = Slices(since, until, step, where)
    parts = [slices.interval(n) for n in range(len(slices))]
    assert parts[0][0] == since
    assert parts[-1][1] == until
    assert all(end == begin for (_, end), (begin, _) in pairwise(parts))
    assert all(begin < end for begin, end in parts)
    if isinstance(step, int):
        longest = timedelta(minutes=step) + timedelta(hours=1)
        assert all(later - early <= longest for early, later in pairwise(slices.bounds))
        for bound in slices.bounds:
            local = bound.astimezone(where)
            assert (local.hour * 60 + local.minute) % step == 0
    start, end = sorted(since + fraction * length for fraction in stretch)
    inside = max(timedelta(), min(end, until) - max(start, since))
    assert sum(us for _, us in slices.cut(start, end)) == inside // timedelta(microseconds=1)
    for n, us in slices.cut(start, end):
        begin, stop = slices.interval(n)
        assert 0 < us <= (stop - begin) // timedelta(microseconds=1)


@given(instants, st.sampled_from(STEPS), st.sampled_from(ZONES), st.floats(0, 0.999))
def test_an_instants_mesh_is_of_the_interval_that_it_lies_in(
    since: datetime, step: Step, name: str, fraction: float
) -> None:
    until = since + timedelta(days=3)
    slices = Slices(since, until, step, ZoneInfo(name))
    at = since + fraction * (until - since)
    mesh = (int(at.timestamp()) - slices.base) // slices.mesh
    begin, end = slices.interval(slices.of_cell(mesh))
    assert begin <= at < end
