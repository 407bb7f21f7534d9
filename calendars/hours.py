"""Open or closed, and until when. Instants are UTC; hours are a calendar's own time, also where that changes."""

import datetime as dt
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from calendars import china
from calendars.settings import WEEKDAYS, Calendar, Hours

DAY = timedelta(days=1)
FORESEEN = timedelta(days=400)
"""How far ahead the next change is looked for: every calendar that changes does so within a year."""

_MINUTE = timedelta(minutes=1)
_Stretch = tuple[datetime, datetime]


class Spell(msgspec.Struct, frozen=True):
    """Open, or closed, until an instant; None: for ever."""

    open: bool
    until: datetime | None = None


def hours_of(calendar: Calendar, day: dt.date) -> Hours:
    """Return a day's hours as they begin on it."""
    for special in calendar.days:
        if special.date <= day <= (special.until or special.date):
            return special.hours
    if calendar.holidays == "cn":
        if china.holiday(day):
            return calendar.on_holidays
        if china.is_moved(day):
            return calendar.week.get(calendar.moved, ())
    return calendar.week.get(WEEKDAYS[day.weekday()], ())


def name_of(calendar: Calendar, day: dt.date) -> str:
    """Return what a day is called: a special day's name, a holiday's, or that it is worked instead; else empty."""
    for special in calendar.days:
        if special.date <= day <= (special.until or special.date):
            return special.name
    if calendar.holidays == "cn":
        return china.holiday(day) or ("调休上班" if china.is_moved(day) else "")
    return ""


def unknown_years(calendar: Calendar, first: dt.date, last: dt.date) -> list[int]:
    """Return the years from one day to another whose statutory holidays a calendar asks for and nobody knows yet."""
    return [year for year in range(first.year, last.year + 1) if calendar.holidays == "cn" and not china.known(year)]


def is_open(calendar: Calendar, at: datetime) -> bool:
    """Tell whether a calendar is open at an instant."""
    day = at.astimezone(ZoneInfo(calendar.tz)).date()
    return any(begin <= at < end for begin, end in _stretches(calendar, (day - DAY, day)))


def next_change(calendar: Calendar, at: datetime) -> datetime | None:
    """Return when a calendar opens or closes next after an instant, None where it never does."""
    day = at.astimezone(ZoneInfo(calendar.tz)).date() - DAY
    days = (day + n * DAY for n in range(FORESEEN.days))
    for begin, end in _joined(_stretches(calendar, days)):
        for instant in (begin, end):
            if instant > at:
                return instant if instant - at < FORESEEN - 2 * DAY else None
    return None


def spell(calendar: Calendar | None, at: datetime) -> Spell:
    """Return whether a calendar is open at an instant, and until when it stays so; without a calendar it is always."""
    return Spell(is_open(calendar, at), next_change(calendar, at)) if calendar else Spell(True)


def _stretches(calendar: Calendar, days: Iterable[dt.date]) -> Iterator[_Stretch]:
    """Yield when the hours that begin on some days are, in order of the days."""
    zone = ZoneInfo(calendar.tz)
    for day in days:
        for span in sorted(hours_of(calendar, day)):
            first, last = (_minutes(text) for text in span.split("-"))
            begin, end = _instant(day, first, zone), _instant(day, last + (1440 if last <= first else 0), zone)
            if begin < end:
                yield begin, end


def _joined(stretches: Iterable[_Stretch]) -> Iterator[_Stretch]:
    """Yield stretches with those that touch or overlap made one."""
    open_: _Stretch | None = None
    for begin, end in stretches:
        if open_ is None:
            open_ = begin, end
        elif begin <= open_[1]:
            open_ = open_[0], max(open_[1], end)
        else:
            yield open_
            open_ = begin, end
    if open_ is not None:
        yield open_


def _minutes(text: str) -> int:
    hour, minute = text.split(":")
    return 60 * int(hour) + int(minute)


def _instant(day: dt.date, minutes: int, zone: ZoneInfo) -> datetime:
    """Return the instant of a time on the wall: its first if it comes twice, when the clock goes on if it is left out.

    So a later time is never an earlier instant.
    """
    local = (datetime.combine(day, dt.time()) + timedelta(minutes=minutes)).replace(tzinfo=zone)
    left_out = False
    while (at := local.astimezone(UTC)) > local.replace(fold=1).astimezone(UTC):
        left_out, local = True, local - _MINUTE
    return at + _MINUTE if left_out else at
