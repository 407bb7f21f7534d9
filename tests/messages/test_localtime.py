"""Local times as instants, changes of the clocks included."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.errors import Invalid
from messages.localtime import bound, day_of, instant, span, zone

BERLIN = ZoneInfo("Europe/Berlin")  # 2026: forward 29 March 02:00 to 03:00, back 25 October 03:00 to 02:00
HAVANA = ZoneInfo("America/Havana")  # at midnight
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("wall", "where", "utc"),
    [
        ("2026-11-24T08:00", SHANGHAI, "2026-11-24T00:00"),
        ("2026-03-29T01:59", BERLIN, "2026-03-29T00:59"),
        ("2026-03-29T02:00", BERLIN, "2026-03-29T01:00"),
        ("2026-03-29T02:30", BERLIN, "2026-03-29T01:00"),
        ("2026-03-29T03:00", BERLIN, "2026-03-29T01:00"),
        ("2026-10-25T02:30", BERLIN, "2026-10-25T00:30"),
        ("2026-10-25T03:00", BERLIN, "2026-10-25T02:00"),
        ("2026-03-08T00:00", HAVANA, "2026-03-08T05:00"),
        ("2026-11-01T00:30", HAVANA, "2026-11-01T04:30"),
    ],
)
def test_a_time_twice_is_the_first_and_a_skipped_one_the_change(wall: str, where: ZoneInfo, utc: str) -> None:
    assert instant(datetime.fromisoformat(wall), where) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-10-26", 24)])
def test_a_day_is_as_long_as_it_is(day: str, hours: int) -> None:
    since, until = day_of(date.fromisoformat(day), BERLIN)
    assert until - since == timedelta(hours=hours)


@given(
    st.sampled_from([BERLIN, HAVANA, SHANGHAI, ZoneInfo("Australia/Lord_Howe")]),
    st.lists(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)), min_size=2, max_size=2).map(sorted),  # noqa: DTZ001
)
def test_what_was_in_order_stays_in_order(where: ZoneInfo, walls: list[datetime]) -> None:
    assert instant(walls[0], where) <= instant(walls[1], where)


@given(st.dates(date(1970, 1, 1), date(2037, 1, 1)), st.sampled_from([BERLIN, HAVANA, SHANGHAI]))
def test_days_follow_each_other(day: date, where: ZoneInfo) -> None:
    assert day_of(day, where)[1] == day_of(day + timedelta(days=1), where)[0]
    assert day_of(day, where)[0].astimezone(where).date() == day


@pytest.mark.parametrize("name", ["", "Nowhere/City", "Asia", "../etc/passwd", "\0", "UTC+8", "x" * 5000])
def test_an_unknown_zone_is_named(name: str) -> None:
    with pytest.raises(Invalid, match="tz: there is no time zone"):
        zone(name)


def test_an_end_of_a_range_is_a_day_a_local_time_or_an_instant() -> None:
    at = datetime(2026, 11, 24, tzinfo=UTC)
    for text in ("2026-11-24T08:00", "2026-11-24T00:00Z", "2026-11-24T09:00+09:00"):
        assert bound(text, SHANGHAI, "from") == at
    assert bound("2026-11-24", SHANGHAI, "from") == at - timedelta(hours=8)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-31", "24:00", "0001-01-01", "0001-01-01T00:00+08:00"])
def test_a_wrong_end_of_a_range_is_named(text: str) -> None:
    with pytest.raises(Invalid):
        bound(text, SHANGHAI, "from")


def test_far_days_are_refused() -> None:
    for day in (date.min, date.max):
        with pytest.raises(Invalid):
            day_of(day, SHANGHAI)


@pytest.mark.parametrize("until", ["2026-11-24", "2026-11-23"])
def test_a_range_ends_after_its_begin(until: str) -> None:
    with pytest.raises(Invalid, match=f"to: {until} is not after 2026-11-24"):
        span("2026-11-24", until, SHANGHAI)
