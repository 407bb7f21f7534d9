"""`hotline schedule`: what agents are to do. `hotline report adherence`: how well they kept to it."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import enum
import sys
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from agents.adherence import Adherence, Kind
from agents.localtime import SHANGHAI, day_of, span, zone
from agents.schedule import DayPlan, Overlaps, PlanRecord
from api.rest.schedules import adherence_view
from app.commands.common import Given, who
from app.plans import COLUMNS, day_plan, read_day, read_stretches, read_team, row_of
from app.settings import Settings
from app.wiring import now
from messages.errors import Invalid, NotFound, SettingsError
from messages.ids import AgentId
from storage.database import Database
from storage.migrations import newest, revision, upgrade
from storage.schedules import Schedules

schedules = typer.Typer(no_args_is_help=True, help="What agents are to do and when.")
reports = typer.Typer(no_args_is_help=True, help="Figures over a time.")

Zone = Annotated[str, typer.Option("--tz", help="The time zone of days and local times.")]


class Format(enum.StrEnum):
    """How it is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


Form = Annotated[Format, typer.Option("--format", help="How to print it.")]


@schedules.command("set")
def set_(
    context: typer.Context,
    day: Annotated[str, typer.Argument(help="The local day, such as 2026-11-24.")],
    agent: Annotated[str, typer.Argument(help="The agent.")],
    stretches: Annotated[list[str] | None, typer.Argument(help="Such as 08:00-12:00=working; none empties it.")] = None,
    tz: Zone = SHANGHAI,
) -> None:
    """Replace an agent's plan of a day."""
    settings = _given(context)
    where, on = zone(tz), read_day(day)
    plan = day_plan(_known(settings, agent), on, read_stretches(on, stretches or (), where), where)
    asyncio.run(_replace(settings, [plan]))
    typer.echo(f"agent {agent}, {on}: {len(plan.planned)} stretches")


@schedules.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help=f"A CSV file with the columns {','.join(COLUMNS)}.")],
    tz: Zone = SHANGHAI,
) -> None:
    """Replace the plans of the agents and days that a file names, all of them or none."""
    settings = _given(context)
    team = read_team(file, {agent.id for agent in settings.center.agents}, zone(tz))
    try:
        asyncio.run(_replace(settings, team.days))
    except Overlaps as error:
        line = team.lines[error.agent, error.new.begin]
        raise Invalid(f"{file}:{line}: {error}") from error
    typer.echo(f"{file}: {len(team.lines)} stretches on {len(team.days)} days of agents")


@schedules.command("show")
def show(
    context: typer.Context,
    day: Annotated[str, typer.Argument(help="The local day, such as 2026-11-24.")],
    agents: Annotated[list[str] | None, typer.Argument(help="Agents; everybody where none is named.")] = None,
    tz: Zone = SHANGHAI,
    form: Form = Format.TABLE,
) -> None:
    """Print plans of a day in local time; the CSV is what `import` reads."""
    settings = _given(context)
    where = zone(tz)
    since, until = day_of(read_day(day), where)
    named = [_known(settings, agent) for agent in agents or ()]

    async def work() -> list[PlanRecord]:
        async with _reading(settings) as kept:
            wanted = named or await _everybody(kept, settings, since, until)
            return [one for agent in wanted for one in await kept.plan(agent, since, until)]

    found = asyncio.run(work())
    rows = [row_of(one, where) for one in found]
    if form is Format.CSV:
        _print_csv(COLUMNS, rows)
    elif form is Format.JSON:
        _print_json(found)
    else:
        planned = [f"{one.planned_by}, {one.planned_at.astimezone(where):%F %H:%M}" for one in found]
        _print_table([*COLUMNS, "planned by"], [[*row.values(), by] for row, by in zip(rows, planned, strict=True)])


@reports.command("adherence")
def report_adherence(
    context: typer.Context,
    since: Annotated[str, typer.Option("--from", help="A local day or time, or an instant with its offset.")],
    until: Annotated[str, typer.Option("--to", help="The same, exclusive.")],
    tz: Zone = SHANGHAI,
    form: Form = Format.TABLE,
    agents: Annotated[list[str] | None, typer.Option("--agent", help="May be given several times.")] = None,
) -> None:
    """Print how well agents kept to their plans, up to the present."""
    settings = _given(context)
    begin, end = span(since, until, zone(tz))
    end = max(begin, min(end, now()))
    named = [_known(settings, agent) for agent in agents or ()]

    async def work() -> dict[AgentId, Adherence]:
        async with _reading(settings) as kept:
            wanted = named or await _everybody(kept, settings, begin, end)
            return {agent: await kept.adherence(agent, begin, end) for agent in wanted}

    found = asyncio.run(work())
    total = sum(found.values(), Adherence())
    views = [adherence_view(agent, one) for agent, one in found.items()]
    if form is Format.JSON:
        whole = adherence_view("all", total)
        _print_json({"from": begin, "to": end, "tz": tz, "items": views, "total": whole})
    elif form is Format.CSV:
        kinds = [f"{kind}_s" for kind in Kind]
        rows = []
        for view in views:
            row = msgspec.structs.asdict(view)
            out: dict[Kind, float] = row.pop("out")
            rows.append(row | {f"{kind}_s": out.get(kind, 0.0) for kind in Kind})
        _print_csv([*(name for name in adherence_view("", total).__struct_fields__ if name != "out"), *kinds], rows)
    else:
        whole_rows = [*found.items(), ("all", total)] if len(found) != 1 else [*found.items()]
        heads = ["agent", "planned", "adherent", "adherence", "worked", "conformance", "beyond", "out of adherence"]
        _print_table(heads, [_row(agent, one) for agent, one in whole_rows])


def _given(context: typer.Context) -> Settings:
    given: Given = context.obj
    return given.settings()


def _known(settings: Settings, agent: str) -> AgentId:
    """Return an agent's id. Raises NotFound for one whom the settings do not name."""
    if agent not in {one.id for one in settings.center.agents}:
        raise NotFound(f"no agent {agent!r} in the settings")
    return AgentId(agent)


def _kept(database: Database, settings: Settings) -> Schedules:
    return Schedules(database, now, settings.schedules.reasons)


@contextlib.asynccontextmanager
async def _reading(settings: Settings) -> AsyncIterator[Schedules]:
    """Give what is kept. Raises SettingsError where another version, or none, has made the database."""
    async with Database(settings.database_url) as database:
        if await revision(database) != newest():
            raise SettingsError(f"{database.url} is not of this version; `hotline run` makes it so")
        yield _kept(database, settings)


async def _everybody(kept: Schedules, settings: Settings, since: datetime, until: datetime) -> list[AgentId]:
    """Return whom the settings name, and who had a plan or was there."""
    return sorted({agent.id for agent in settings.center.agents} | await kept.agents(since, until))


async def _replace(settings: Settings, plans: Sequence[DayPlan]) -> None:
    async with Database(settings.database_url) as database:
        await upgrade(database)
        await _kept(database, settings).replace(plans, who())


def _row(agent: str, one: Adherence) -> list[str]:
    out = ", ".join(f"{kind} {_length(length)}" for kind, length in one.out.items())
    lengths = [_length(length) for length in (one.planned, one.adherent, one.worked, one.beyond)]
    return [agent, *lengths[:2], _share(one.rate), lengths[2], _share(one.conformance), lengths[3], out]


def _length(length: timedelta) -> str:
    minutes, seconds = divmod(int(length.total_seconds()), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.2%}"


def _print_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def _print_json(content: object) -> None:
    typer.echo(msgspec.json.format(msgspec.json.encode(content)).decode())


def _print_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    table = Table(*heads, box=None)
    for row in rows:
        table.add_row(*row)
    # A pipe has no width: nothing is to be cut there.
    Console(width=None if sys.stdout.isatty() else 500, markup=False, emoji=False, highlight=False).print(table)
