"""Local time: what a day, an hour on the wall or an end of a range is as an instant in UTC.

One rule where clocks are changed: a time that comes twice is the first of the two, a time that is skipped is the
instant at which the clocks were put forward. So what was in order on the wall stays in order, and what met still meets.
"""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from messages.errors import Invalid

SHANGHAI = "Asia/Shanghai"
DAY = timedelta(days=1)
YEARS = range(1970, 3000)
_STEP = timedelta(microseconds=1)


def zone(name: str) -> ZoneInfo:
    """Return a time zone by its IANA name. Raises Invalid."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise Invalid(f"tz: there is no time zone {name!r}; give one such as {SHANGHAI}") from None


def instant(wall: datetime, where: tzinfo) -> datetime:
    """Return the instant of a local time without an offset, by the rule above. Raises Invalid far from our times."""
    _check_year(wall)
    first, second = (wall.replace(tzinfo=where, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first.astimezone(where).replace(tzinfo=None) == wall.replace(fold=0):
        return first
    # A skipped time (PEP 495): read with the offset before the change it lies after it, and the other way round.
    early, late = second, first
    before = early.astimezone(where).utcoffset()
    while late - early > _STEP:
        middle = early + (late - early) // 2
        if middle.astimezone(where).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late


def day_of(day: date, where: tzinfo) -> tuple[datetime, datetime]:
    """Return where a local day begins, and where the next one does. Raises Invalid."""
    _check_year(day)
    return instant(datetime.combine(day, time()), where), instant(datetime.combine(day + DAY, time()), where)


def bound(text: str, where: tzinfo, name: str) -> datetime:
    """Return an end of a range: a day (its begin), a local time, or an instant with its offset. Raises Invalid."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(
            f"{name}: {text!r} is no day or instant, such as 2026-11-24 or 2026-11-24T08:00:00+08:00"
        ) from None
    if at.tzinfo is None:
        return instant(at, where)
    _check_year(at)
    return at.astimezone(UTC)


def span(since: str, until: str, where: tzinfo) -> tuple[datetime, datetime]:
    """Return a range's ends, the second not included. Raises Invalid where it does not end after its begin."""
    begin, end = bound(since, where, "from"), bound(until, where, "to")
    if end <= begin:
        raise Invalid(f"to: {until} is not after {since}")
    return begin, end


def _check_year(at: date) -> None:
    if at.year not in YEARS:
        raise Invalid(f"{at}: the year is none of {YEARS[0]} to {YEARS[-1]}")
