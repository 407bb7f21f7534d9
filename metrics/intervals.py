"""Intervals on the wall clock of a time zone, and how a stretch of time is cut at their boundaries. Pure.

A short step (minutes that divide a day) is counted from local midnight. Where clocks are changed, an interval ends at
the next time on the wall that is a multiple of the step: those of an hour that comes twice come twice, those of a
skipped hour not at all, none is longer than its step by more than the change. Longer steps are days of the calendar.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from functools import reduce
from math import gcd

from messages.errors import Invalid
from messages.localtime import instant

MOST = 120_000
"""Intervals of one report."""
_DAY_MIN = 1440
_MINUTE = timedelta(minutes=1)


class Unit(StrEnum):
    """Steps of the calendar; a week begins on Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


Step = int | Unit | None
"""Minutes, a unit of the calendar, or None for the whole range at once."""

_WORDS: dict[str, Step] = {
    "": None,
    "whole": None,
    "hour": 60,
    "half-hour": 30,
    "quarter-hour": 15,
    "1d": Unit.DAY,
    "1w": Unit.WEEK,
    **{str(unit): unit for unit in Unit},
}


def step_of(text: str) -> Step:
    """Return the step of a text such as 30m, 1h, half-hour, day or quarter. Raises Invalid."""
    if text in _WORDS:
        return _WORDS[text]
    found = re.fullmatch(r"(\d{1,4})(m|min|h)", text)
    minutes = int(found[1]) * (60 if found[2] == "h" else 1) if found else 0
    if minutes == _DAY_MIN:
        return Unit.DAY
    if not found or minutes < 1 or _DAY_MIN % minutes:
        words = ", ".join(word for word in _WORDS if word)
        raise Invalid(f"interval: {text!r} does not divide a day; give 15m, 30m, 1h, 2h, … or one of {words}")
    return minutes


def edges(since: datetime, until: datetime, step: Step, where: tzinfo) -> list[datetime]:
    """Return where intervals begin, in UTC, from the one that holds `since` on, and where the last one ends.

    Raises Invalid where there are more than MOST.
    """
    if step is None:
        return [since, until]
    found = [_begin(since, step, where)]
    while found[-1] < until:
        if len(found) > MOST:
            raise Invalid(f"interval: more than {MOST} of them; ask for longer ones or a shorter range")
        found.append(_next(found[-1], step, where))
    return found


def grid(bounds: Sequence[datetime]) -> tuple[int, int]:
    """Return the coarsest grid that has all the boundaries: where it begins (s since 1970) and its mesh (s).

    What falls into one mesh falls into one interval, whatever the zone does. Whole seconds, but for a single interval.
    """
    at = [int(bound.timestamp()) for bound in bounds]
    if len(at) == 2:
        return at[0], max(1, at[1] - at[0] + 1)
    return at[0], reduce(gcd, (later - at[0] for later in at[1:]))


class Slices:
    """The intervals of a report, by mesh of their grid."""

    def __init__(self, since: datetime, until: datetime, step: Step, where: tzinfo) -> None:
        self.since, self.until = since, until
        self.bounds = edges(since, until, step, where)
        self.base, self.mesh = grid(self.bounds)
        self._at = [int(bound.timestamp()) for bound in self.bounds]

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def of_cell(self, cell: int) -> int:
        """Return which interval a mesh is of."""
        return min(bisect_right(self._at, self.base + cell * self.mesh), len(self)) - 1

    def interval(self, n: int) -> tuple[datetime, datetime]:
        """Return where an interval begins and ends within the range."""
        return max(self.bounds[n], self.since), min(self.bounds[n + 1], self.until)

    def cut(self, start: datetime, end: datetime) -> Iterator[tuple[int, int]]:
        """Yield the intervals that a stretch of time reaches into, with how long it is in each (µs)."""
        start, end = max(start, self.since), min(end, self.until)
        if end <= start:
            return
        n = bisect_right(self.bounds, start) - 1
        while n < len(self) and self.bounds[n] < end:
            begin, stop = max(start, self.bounds[n]), min(end, self.bounds[n + 1])
            yield n, (stop - begin) // timedelta(microseconds=1)
            n += 1


def _begin(at: datetime, step: int | Unit, where: tzinfo) -> datetime:
    local = at.astimezone(where)
    if isinstance(step, Unit):
        return instant(_midnight(_first(local.date(), step)), where)
    past = timedelta(minutes=(local.hour * 60 + local.minute) % step, seconds=local.second)
    begin = at - past - timedelta(microseconds=local.microsecond)
    if begin.astimezone(where).utcoffset() == local.utcoffset():
        return begin.astimezone(UTC)
    return _begin(_change(begin, at, where) - _MINUTE, step, where)  # it began on the wall as it was before


def _next(begin: datetime, step: int | Unit, where: tzinfo) -> datetime:
    local = begin.astimezone(where)
    if isinstance(step, Unit):
        return instant(_midnight(_after(local.date(), step)), where)
    end = begin + timedelta(minutes=step - (local.hour * 60 + local.minute) % step)
    if end.astimezone(where).utcoffset() == local.utcoffset():
        return end
    return _aligned(_change(begin, end, where), step, where)


def _aligned(change: datetime, step: int, where: tzinfo) -> datetime:
    """Return the first time on the wall after a change of the clocks that is a multiple of the step."""
    local = change.astimezone(where)
    return change + timedelta(minutes=-(local.hour * 60 + local.minute) % step)


def _change(early: datetime, late: datetime, where: tzinfo) -> datetime:
    """Return the minute at which the offset changes, the first one after `early`."""
    early, late = early.astimezone(UTC), late.astimezone(UTC)
    before = early.astimezone(where).utcoffset()
    while late - early > _MINUTE:
        middle = early + (late - early) // (2 * _MINUTE) * _MINUTE
        if middle.astimezone(where).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a local time, made an instant by the caller


def _first(day: date, unit: Unit) -> date:
    match unit:
        case Unit.DAY:
            return day
        case Unit.WEEK:
            return day - timedelta(days=day.weekday())
        case Unit.MONTH:
            return day.replace(day=1)
        case Unit.QUARTER:
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case Unit.YEAR:
            return day.replace(month=1, day=1)


def _after(day: date, unit: Unit) -> date:
    first = _first(day, unit)
    match unit:
        case Unit.DAY:
            return first + timedelta(days=1)
        case Unit.WEEK:
            return first + timedelta(days=7)
        case _:
            months = {Unit.MONTH: 1, Unit.QUARTER: 3, Unit.YEAR: 12}[unit]
            year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
            return date(year, month + 1, 1)
