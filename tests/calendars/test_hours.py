"""Open or closed, to the second, through midnights, holidays, and clocks that change."""

from __future__ import annotations

import datetime as dt
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calendars import china
from calendars.hours import hours_of, is_open, name_of, next_change
from calendars.settings import WEEKDAYS, Calendar, Hours, SpecialDay, Weekday

OFFICE: dict[Weekday, Hours] = dict.fromkeys(WEEKDAYS[:5], ("08:30-12:00", "14:00-18:00"))
SHANGHAI = ZoneInfo("Asia/Shanghai")


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


def office(**changes: object) -> Calendar:
    return Calendar(id="office", week=OFFICE, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("at", "open_", "changes"),
    [
        ("2026-11-25T08:29:59.999999", False, "2026-11-25T08:30:00"),
        ("2026-11-25T08:30:00", True, "2026-11-25T12:00:00"),
        ("2026-11-25T12:00:00", False, "2026-11-25T14:00:00"),
        ("2026-11-27T18:00:00", False, "2026-11-30T08:30:00"),  # Friday evening
    ],
)
def test_an_office_is_open_to_the_second(at: str, open_: bool, changes: str) -> None:
    assert is_open(office(), shanghai(at)) is open_
    assert next_change(office(), shanghai(at)) == shanghai(changes)


def test_a_night_shift_goes_on_over_midnight_and_whole_days_have_no_seam() -> None:
    night = Calendar(id="night", week={"fri": ("22:00-06:00",)})
    assert is_open(night, shanghai("2026-11-28T05:59:59"))
    assert next_change(night, shanghai("2026-11-27T23:00:00")) == shanghai("2026-11-28T06:00:00")
    whole = Calendar(id="whole", week={"fri": ("00:00-24:00",), "sat": ("00:00-09:00",)})
    assert next_change(whole, shanghai("2026-11-27T12:00:00")) == shanghai("2026-11-28T09:00:00")


def test_what_is_always_open_or_never_has_no_next_change() -> None:
    always = Calendar(id="a", week=dict.fromkeys(WEEKDAYS, ("00:00-24:00",)))
    assert is_open(always, shanghai("2026-11-28T00:00:00"))
    assert next_change(always, shanghai("2026-11-28T00:00:00")) is None
    assert next_change(Calendar(id="never"), shanghai("2026-11-28T00:00:00")) is None


def test_statutory_holidays_are_closed_and_a_weekend_worked_instead_is_open() -> None:
    calendar = office(holidays="cn")
    assert hours_of(calendar, dt.date(2026, 10, 1)) == ()
    assert name_of(calendar, dt.date(2026, 10, 1)) == "国庆节"
    assert name_of(calendar, dt.date(2026, 10, 4)) == "国庆节", "its Sunday too"
    assert hours_of(calendar, dt.date(2026, 10, 10)) == OFFICE["mon"], "Saturday, worked instead"
    assert name_of(calendar, dt.date(2026, 10, 10)) == "调休上班"
    assert (hours_of(calendar, dt.date(2026, 11, 28)), name_of(calendar, dt.date(2026, 11, 28))) == ((), "")
    assert hours_of(office(holidays="cn", on_holidays=("10:00-16:00",)), dt.date(2026, 10, 1)) == ("10:00-16:00",)


def test_days_by_hand_win_over_holidays_and_weekdays() -> None:
    day = SpecialDay(date=dt.date(2026, 10, 1), until=dt.date(2026, 10, 2), hours=("09:00-10:00",), name="值班")
    calendar = office(holidays="cn", days=(day,))
    assert hours_of(calendar, dt.date(2026, 10, 2)) == ("09:00-10:00",)
    assert name_of(calendar, dt.date(2026, 10, 1)) == "值班"
    assert hours_of(calendar, dt.date(2026, 10, 3)) == ()


def test_a_year_whose_holidays_are_not_announced_has_its_weekends() -> None:
    assert not china.known(2090)
    assert [china.is_workday(dt.date(2090, 1, day)) for day in range(2, 9)] == [True] * 5 + [False] * 2
    assert hours_of(office(holidays="cn"), dt.date(2090, 1, 2)) == OFFICE["mon"]


def test_the_first_workday_of_the_year_is_no_holiday() -> None:
    assert china.first_workday(dt.date(2026, 1, 1), dt.date(2027, 1, 1)) == dt.date(2026, 1, 4), "a Sunday, worked"
    assert china.first_workday(dt.date(2026, 10, 1), dt.date(2026, 10, 2)) is None
    october = [day.day for day in china.workdays(dt.date(2026, 10, 1), dt.date(2026, 10, 13))]
    assert october == [8, 9, 10, 12], "eight days' holiday less the Saturday worked for it"


@pytest.mark.parametrize("text", ["8:30-12:00", "24:00-06:00", "12:00-25:00", "12:00", "12:00-12:60"])
def test_hours_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"id": "x", "week": {"mon": [text]}}, Calendar)


_time = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 15, 30, 59]))
_spans = st.lists(st.builds("{}-{}".format, _time, _time | st.just("24:00")), max_size=3).map(tuple)
_weeks = st.dictionaries(st.sampled_from(WEEKDAYS), _spans)
_zones = st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York"])
_instants = st.datetimes(datetime(2026, 3, 20), datetime(2026, 11, 10), timezones=st.just(UTC))  # noqa: DTZ001


@given(_weeks, _zones, _instants)
@settings(max_examples=150)
def test_nothing_changes_before_the_next_change_and_something_does_then(
    week: dict[Weekday, Hours], tz: str, at: datetime
) -> None:
    calendar = Calendar(id="any", tz=tz, week=week)
    change, now = next_change(calendar, at), is_open(calendar, at)
    if change is None:
        assert all(is_open(calendar, at + timedelta(hours=n)) is now for n in range(24 * 8))
        return
    assert change > at
    step = (change - at) / 50
    assert all(is_open(calendar, at + n * step) is now for n in range(50))
    assert is_open(calendar, change - timedelta(microseconds=1)) is now
    assert is_open(calendar, change) is not now


@given(_weeks, st.datetimes(datetime(2026, 1, 5), datetime(2026, 12, 20)))  # noqa: DTZ001
def test_where_clocks_never_change_it_is_what_the_wall_clock_says(week: dict[Weekday, Hours], local: datetime) -> None:
    """The brute way: minutes of the week, each span and what it spills into the next day."""
    minutes = local.hour * 60 + local.minute
    wanted = False
    for back in (0, 1):
        for span in week.get(WEEKDAYS[(local.weekday() - back) % 7], ()):
            begin, end = (int(text[:2]) * 60 + int(text[3:]) for text in span.split("-"))
            end += 1440 if end <= begin else 0
            wanted = wanted or begin <= minutes + 1440 * back < end
    calendar = Calendar(id="any", week=week)
    assert is_open(calendar, local.replace(tzinfo=SHANGHAI).astimezone(UTC)) is wanted


@pytest.mark.parametrize(
    "spans", [("02:30-02:45", "03:00-04:00"), ("02:30-03:10",), ("02:10-02:50",), ("01:00-02:30", "02:45-05:00")]
)
def test_hours_that_a_zone_leaves_out_begin_when_its_clock_goes_on(spans: Hours) -> None:
    """Berlin's 29 March 2026 has no time from 02:00 to 03:00; minute by minute both functions agree."""
    calendar = Calendar(id="berlin", tz="Europe/Berlin", week={"sun": spans})
    at, end = datetime(2026, 3, 29, 0, 0, tzinfo=UTC), datetime(2026, 3, 29, 4, 0, tzinfo=UTC)
    minutes = [at + timedelta(minutes=n) for n in range(int((end - at).total_seconds() // 60))]
    opened = [is_open(calendar, minute) for minute in minutes]
    turns = [minute for before, now, minute in zip(opened, opened[1:], minutes[1:], strict=False) if before is not now]
    told, change = [], next_change(calendar, at)
    while change is not None and change < end:
        told.append(change)
        change = next_change(calendar, change)
    assert told == turns
