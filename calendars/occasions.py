"""The days on which something recurs by the statutory workdays: a year's or a month's first, or a weekday."""

import datetime as dt
from collections.abc import Iterator

from calendars import china
from calendars.settings import WEEKDAYS

DAY = dt.timedelta(days=1)


def first_workdays(since: dt.date, until: dt.date, *, yearly: bool) -> Iterator[dt.date]:
    """Yield the first workday of each month (or year) that lies in [since, until]."""
    months = (1,) if yearly else range(1, 13)
    for year in range(since.year, until.year + 1):
        for month in months:
            begin = dt.date(year, month, 1)
            day = china.first_workday(begin, _next(begin, yearly=yearly))
            if day is not None and since <= day <= until:
                yield day


def weekly(weekday: str, since: dt.date, until: dt.date) -> Iterator[dt.date]:
    """Yield a weekday's days in [since, until] that are worked; a weekend's are taken as they are, but for holidays."""
    wanted = WEEKDAYS.index(weekday)
    for day in (since + n * DAY for n in range((until - since).days + 1)):
        if day.weekday() == wanted and not china.holiday(day):
            yield day


def unknown_years(since: dt.date, until: dt.date) -> list[int]:
    """Return the years whose holidays have not been announced: of them only the weekends are known."""
    return [year for year in range(since.year, until.year + 1) if not china.known(year)]


def _next(begin: dt.date, *, yearly: bool) -> dt.date:
    if yearly or begin.month == 12:
        return dt.date(begin.year + 1, 1, 1)
    return dt.date(begin.year, begin.month + 1, 1)
