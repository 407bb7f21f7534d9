"""The days on which duties recur, against the plain reading of the statutory calendar."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calendars import china
from calendars.occasions import first_workdays, unknown_years, weekly
from calendars.settings import WEEKDAYS

DAY = dt.timedelta(days=1)
days = st.dates(dt.date(2018, 1, 1), dt.date(2028, 12, 31))


@given(days, st.integers(0, 800), st.booleans())
def test_a_first_workday_has_no_workday_before_it_in_its_month_or_year(
    since: dt.date, length: int, yearly: bool
) -> None:
    until = since + length * DAY
    found = list(first_workdays(since, until, yearly=yearly))

    def period(day: dt.date) -> tuple[int, ...]:
        return (day.year,) if yearly else (day.year, day.month)

    expected, seen = [], set()
    day = dt.date(since.year, 1, 1)
    while day <= until:
        if china.is_workday(day) and period(day) not in seen:
            seen.add(period(day))
            if day >= since:
                expected.append(day)
        day += DAY
    assert found == expected


@given(days, st.integers(0, 400), st.sampled_from(WEEKDAYS))
def test_a_weekday_is_each_of_its_days_that_is_no_holiday(since: dt.date, length: int, weekday: str) -> None:
    until = since + length * DAY
    every = [since + n * DAY for n in range(length + 1)]
    wanted = [day for day in every if WEEKDAYS[day.weekday()] == weekday and not china.holiday(day)]
    assert list(weekly(weekday, since, until)) == wanted


@pytest.mark.parametrize(
    ("year", "day"), [(2024, dt.date(2024, 1, 2)), (2025, dt.date(2025, 1, 2)), (2026, dt.date(2026, 1, 4))]
)
def test_the_first_workday_of_a_year_comes_after_its_holidays(year: int, day: dt.date) -> None:
    [found] = first_workdays(dt.date(year, 1, 1), dt.date(year, 12, 31), yearly=True)
    assert found == day


def test_a_year_whose_holidays_are_not_announced_is_told() -> None:
    assert unknown_years(dt.date(2025, 6, 1), dt.date(2036, 1, 1)) == [
        year for year in range(2025, 2037) if not china.known(year)
    ]
    assert 2036 in unknown_years(dt.date(2025, 6, 1), dt.date(2036, 1, 1))
