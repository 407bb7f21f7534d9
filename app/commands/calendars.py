"""`hotline calendar`: when the calendars of the settings are open, day by day."""

from __future__ import annotations

import datetime as dt
from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
import typer

from app.commands.common import Given
from app.settings_check import warnings
from calendars.hours import hours_of, name_of, spell, unknown_years
from calendars.settings import ALWAYS, WEEKDAYS, Calendar
from messages.errors import SettingsError

cli = typer.Typer(no_args_is_help=True, help=__doc__)
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]
_WEEKDAYS_ZH = "一二三四五六日"


@cli.command("list")
def list_command(context: typer.Context, as_json: AsJson = False) -> None:
    """Print each calendar, whether it is open now, and when that changes."""
    given: Given = context.obj
    now = datetime.now(UTC)
    calendars = {ALWAYS: None} | {calendar.id: calendar for calendar in given.settings().center.calendars}
    spells = {name: (calendar, spell(calendar, now)) for name, calendar in calendars.items()}
    if as_json:
        rows = [{"id": name, "open": says.open, "changes_at": says.until} for name, (_, says) in spells.items()]
        typer.echo(msgspec.json.encode({"calendars": rows}).decode())
        return
    for name, (calendar, says) in spells.items():
        zone = ZoneInfo(calendar.tz) if calendar else UTC
        until = f" until {says.until.astimezone(zone):%F %H:%M}" if says.until else ""
        typer.echo(f"{name}: {'open 开' if says.open else 'closed 休'}{until}")


@cli.command("check")
def check_command(context: typer.Context) -> None:
    """Say what is wrong with the calendars, and which holidays are not known yet."""
    given: Given = context.obj
    settings = given.settings()  # raises for what is wrong
    lines = warnings(settings, datetime.now(UTC).date())
    for line in lines or [f"ok: {len(settings.center.calendars)} calendars besides {ALWAYS}"]:
        typer.echo(f"warning: {line}" if lines else line)


@cli.command("show")
def show_command(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="ID", help="The calendar.")],
    since: Annotated[str, typer.Option("--from", help="The first day, such as 2026-10-01; today if left out.")] = "",
    until: Annotated[str, typer.Option("--to", help="The last day; 30 days later if left out.")] = "",
    as_json: AsJson = False,
) -> None:
    """Print a calendar's hours day by day, with holidays and days worked instead."""
    given: Given = context.obj
    calendar = _named(given, name)
    first = _day(since, "--from") or datetime.now(ZoneInfo(calendar.tz)).date()
    last = _day(until, "--to") or first + dt.timedelta(days=30)
    if last < first:
        raise SettingsError(f"--to: {last} is before {first}: name a later day")
    days = [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]
    rows = [_row(calendar, day) for day in days]
    if as_json:
        typer.echo(msgspec.json.encode({"calendar": calendar.id, "days": rows}).decode())
        return
    for day, row in zip(days, rows, strict=True):
        hours = " ".join(row["hours"]) or "休 closed"
        typer.echo(f"{day} 周{_WEEKDAYS_ZH[day.weekday()]}  {hours}  {row['name']}".rstrip())
    for year in unknown_years(calendar, first, last):
        typer.echo(f"the holidays of {year} are not known, only weekends are free: update chinesecalendar", err=True)


def _row(calendar: Calendar, day: dt.date) -> dict[str, Any]:
    return {
        "day": day.isoformat(),
        "weekday": WEEKDAYS[day.weekday()],
        "hours": list(hours_of(calendar, day)),
        "name": name_of(calendar, day),
    }


def _named(given: Given, name: str) -> Calendar:
    calendars = given.settings().center.calendars
    for calendar in calendars:
        if calendar.id == name:
            return calendar
    there = ", ".join(calendar.id for calendar in calendars) or "none"
    raise SettingsError(f"no calendar {name}: [[center.calendars]] names {there}")


def _day(text: str, option: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise SettingsError(f"{option}: {text!r} is not a day such as 2026-10-01") from None
