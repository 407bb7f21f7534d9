"""Plans as people write them: local times on the command line, and a whole team's in a CSV file.

A stretch whose end is before its begin ends on the next day; 24:00 is the day's end. Where clocks are changed,
messages/localtime.py says what a time means.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from agents.schedule import Activity, DayPlan, Planned, PlanRecord, checked
from messages.errors import Invalid
from messages.ids import AgentId
from messages.localtime import day_of, instant

COLUMNS = ("agent", "day", "from", "to", "activity")
TOLD = 20
"""Mistakes of a file that are told at once."""
_TIME = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?")


class TeamPlan(NamedTuple):
    """A file's plans, and the line that each stretch stands on."""

    days: list[DayPlan]
    lines: dict[tuple[AgentId, datetime], int]


class _Line(NamedTuple):
    number: int
    agent: AgentId
    day: date
    planned: Planned


def read_day(text: str) -> date:
    """Return a day. Raises Invalid."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid(f"day: {text!r} is no day such as 2026-11-24") from None


def read_stretch(day: date, begin: str, end: str, activity: str, where: ZoneInfo) -> Planned:
    """Return a stretch of a day from its local times. Raises Invalid."""
    if activity not in set(Activity):
        raise Invalid(f"activity: {activity!r} is none of {', '.join(Activity)}")
    first, last = _offset("from", begin), _offset("to", end)
    if first >= timedelta(days=1):
        raise Invalid(f"from: {begin} is the end of a day")
    if last == first:
        raise Invalid(f"to: {end} is also where it begins")
    if last < first:
        last += timedelta(days=1)
    at = datetime.combine(day, time())
    [planned] = checked([Planned(instant(at + first, where), instant(at + last, where), Activity(activity))])
    return planned


def read_stretches(day: date, texts: Iterable[str], where: ZoneInfo) -> tuple[Planned, ...]:
    """Return the stretches of texts such as `08:00-12:00=working`. Raises Invalid."""
    found = []
    for text in texts:
        clock, equals, activity = text.partition("=")
        begin, dash, end = clock.partition("-")
        if not (equals and dash):
            raise Invalid(f"{text!r} is no stretch such as 08:00-12:00=working")
        found.append(read_stretch(day, begin, end, activity, where))
    return checked(found)


def day_plan(agent: AgentId, day: date, planned: Iterable[Planned], where: ZoneInfo) -> DayPlan:
    """Return an agent's plan of a local day. Raises Invalid."""
    since, until = day_of(day, where)
    return DayPlan(agent=agent, since=since, until=until, planned=tuple(planned))


def read_team(file: Path, agents: Collection[str], where: ZoneInfo) -> TeamPlan:
    """Return a team's plans. Raises Invalid that names file and line of each mistake: then nothing is to be used."""
    wrong: dict[int, str] = {}
    lines: list[_Line] = []
    for number, row in _rows(file):
        try:
            lines.append(_line(number, row, agents, where))
        except Invalid as error:
            wrong[number] = str(error)
    by_agent: dict[AgentId, list[_Line]] = defaultdict(list)
    for line in lines:
        by_agent[line.agent].append(line)
    for its_lines in by_agent.values():
        its_lines.sort(key=lambda line: line.planned.begin)
        for one, following in pairwise(its_lines):
            if following.planned.begin < one.planned.end:
                wrong.setdefault(
                    max(one.number, following.number), f"overlaps line {min(one.number, following.number)}"
                )
    if wrong:
        told = [f"{file}:{number}: {wrong[number]}" for number in sorted(wrong)[:TOLD]]
        raise Invalid("\n".join(told + [f"and {len(wrong) - TOLD} more"] * (len(wrong) > TOLD)))
    days: dict[tuple[AgentId, date], list[Planned]] = defaultdict(list)
    for line in lines:
        days[line.agent, line.day].append(line.planned)
    return TeamPlan(
        [day_plan(agent, day, planned, where) for (agent, day), planned in days.items()],
        {(line.agent, line.planned.begin): line.number for line in lines},
    )


def row_of(one: PlanRecord, where: ZoneInfo) -> dict[str, str]:
    """Return a stretch as a line of such a file."""
    begin, end = one.begin.astimezone(where), one.end.astimezone(where)
    midnight = end.time() == time() and end.date() == begin.date() + timedelta(days=1)
    return {
        "agent": one.agent,
        "day": str(begin.date()),
        "from": _clock(begin),
        "to": "24:00" if midnight else _clock(end),
        "activity": str(one.activity),
    }


def _rows(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Return a file's lines that are not empty, after its header. Raises Invalid."""
    try:
        with file.open(newline="", encoding="utf-8-sig") as opened:
            reader = csv.reader(opened, strict=True)
            header = next(reader, [])
            if [name.strip() for name in header] != list(COLUMNS):
                raise Invalid(f"{file}:1: the first line must be {','.join(COLUMNS)}")
            for row in reader:
                if any(cell.strip() for cell in row):
                    yield reader.line_num, [cell.strip() for cell in row]
    except OSError as error:
        raise Invalid(f"{file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Invalid(f"{file}: is not UTF-8") from error
    except csv.Error as error:
        raise Invalid(f"{file}:{reader.line_num}: {error}") from error


def _line(number: int, row: list[str], agents: Collection[str], where: ZoneInfo) -> _Line:
    if len(row) != len(COLUMNS):
        raise Invalid(f"{len(row)} columns in the place of {len(COLUMNS)}")
    agent, day, begin, end, activity = row
    if agent not in agents:
        raise Invalid(f"no agent {agent!r} in the settings")
    on = read_day(day)
    return _Line(number, AgentId(agent), on, read_stretch(on, begin, end, activity, where))


def _offset(name: str, text: str) -> timedelta:
    """Return how far into a day a time is on the clock."""
    match = _TIME.fullmatch(text)
    offset = timedelta(hours=25)
    if match:
        hours, minutes, seconds = (int(part or 0) for part in match.groups())
        offset = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if offset > timedelta(days=1):
        raise Invalid(f"{name}: {text!r} is no time such as 08:00")
    return offset


def _clock(at: datetime) -> str:
    return at.time().isoformat("minutes" if not at.second and not at.microsecond else "auto")
