"""China's statutory holidays and the weekend days worked instead (调休), from the kept library chinesecalendar.

The State Council announces a year's holidays late in the year before; of a year that the library does not know yet only
weekends are free.
"""

import datetime as dt
from collections.abc import Iterator

import chinese_calendar


def known(year: int) -> bool:
    """Tell whether a year's holidays have been announced and are in the library."""
    try:
        chinese_calendar.is_workday(dt.date(year, 1, 1))
    except NotImplementedError:
        return False
    return True


def holiday(day: dt.date) -> str:
    """Return a statutory holiday's Chinese name, the weekend's days within it included; empty for another day."""
    if not known(day.year):
        return ""
    free, name = chinese_calendar.get_holiday_detail(day)
    return _NAMES.get(name, name) if free and name else ""


def is_moved(day: dt.date) -> bool:
    """Tell whether a day of a weekend is worked instead of a holiday."""
    return known(day.year) and day.weekday() >= 5 and bool(chinese_calendar.is_workday(day))


def is_workday(day: dt.date) -> bool:
    """Tell whether a day is a statutory workday."""
    return bool(chinese_calendar.is_workday(day)) if known(day.year) else day.weekday() < 5


def workdays(begin: dt.date, end: dt.date) -> Iterator[dt.date]:
    """Yield the statutory workdays of [begin, end), in order."""
    days = (begin + dt.timedelta(days=n) for n in range((end - begin).days))
    return (day for day in days if is_workday(day))


def first_workday(begin: dt.date, end: dt.date) -> dt.date | None:
    """Return the first statutory workday of [begin, end), None where there is none."""
    return next(workdays(begin, end), None)


_NAMES = {one.value: one.chinese for one in chinese_calendar.Holiday}
