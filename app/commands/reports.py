"""`hotline report intervals|agents|queues|day|month`: the telephone's figures over a time, with their definitions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from app.commands.common import Given, current
from app.directory import directory
from app.sheets import FORMS, Format, Sheet, deliver
from app.wiring import now
from messages.localtime import SHANGHAI, span, zone
from metrics.definitions import definitions
from metrics.question import Attribution, By, Directory, Question, duration_s
from metrics.service_level import Variant
from storage.database import Database
from storage.reports import Reports


class Kind(msgspec.Struct, frozen=True):
    """A report, what it is by and its usual interval."""

    name: str
    help: str
    interval: str
    by: By = By.ALL
    agents_only: bool = False


KINDS = (
    Kind("intervals", "The hotline's figures by half hour, or another interval; each contact counts once.", "30m"),
    Kind("queues", "Each queue's figures: every stay of a call at it.", "", By.QUEUE),
    Kind("agents", "Each agent's offers, and time in state cut at the boundaries.", "", By.AGENT, agents_only=True),
    Kind("day", "The hotline's figures by day.", "day"),
    Kind("month", "The hotline's figures by month.", "month"),
)

Since = Annotated[str, typer.Option("--from", help="A local day or time, or an instant with its offset.")]
Until = Annotated[str, typer.Option("--to", help="The same, exclusive.")]
Zone = Annotated[str, typer.Option("--tz", help="The time zone of days, intervals and printed times.")]
Output = Annotated[Path | None, typer.Option("-o", "--output", help="The file to write, instead of printing.")]
Form = Annotated[Format, typer.Option("--format", help="How it is printed.")]


def add_to(reports: typer.Typer) -> None:
    """Add every kind of report to the commands."""
    for kind in KINDS:
        reports.command(kind.name, help=kind.help)(_command(kind))


def _command(kind: Kind) -> Callable[..., None]:
    def report(
        context: typer.Context,
        since: Since,
        until: Until,
        interval: Annotated[str, typer.Option(help="15m, 30m, 1h, day, week, month, …; whole: no intervals.")] = (
            kind.interval
        ),
        tz: Zone = SHANGHAI,
        by: Annotated[By, typer.Option(help="What the rows are by.")] = kind.by,
        threshold: Annotated[float, typer.Option(help="T of the service level, in seconds.")] = 15.0,
        short: Annotated[float, typer.Option(help="S of short abandons, in seconds.")] = 5.0,
        variant: Annotated[Variant, typer.Option(help="Of the service level.")] = Variant.OFFERED,
        attribution: Annotated[Attribution, typer.Option(help="By which instant.")] = Attribution.ARRIVAL,
        repeat: Annotated[str, typer.Option(help="Count repeated callers within this time, such as 7d.")] = "0",
        queue: Annotated[str, typer.Option(help="Only of this queue.")] = "",
        tenant: Annotated[str, typer.Option(help="Only of this line.")] = "",
        did: Annotated[str, typer.Option(help="Only of this number dialled.")] = "",
        agent: Annotated[str, typer.Option(help="Only of this agent.")] = "",
        team: Annotated[str, typer.Option(help="Only of this team.")] = "",
        ids: Annotated[str, typer.Option(help="Print the contacts behind this figure instead.")] = "",
        form: Form = Format.TABLE,
        output: Output = None,
    ) -> None:
        begin, end = span(since, until, zone(tz))
        question = Question(
            since=begin,
            until=end,
            interval=interval,
            tz=tz,
            by=by,
            agents_only=kind.agents_only,
            threshold_s=threshold,
            short_s=short,
            variant=variant,
            attribution=attribution,
            repeat_s=duration_s(repeat, "repeat"),
            queue=queue,
            tenant=tenant,
            did=did,
            agent=agent,
            team=team,
        )
        given: Given = context.obj
        if ids:
            deliver(asyncio.run(_ids(given, question, ids, form)), output)
        else:
            deliver(asyncio.run(_report(given, question, form)), output)

    return report


async def _report(given: Given, question: Question, form: Format) -> bytes:
    async with Database(given.database_url()) as database:
        await current(database)
        rows = await Reports(database, now, known(given)).rows(question)
    return FORMS[form](Sheet(definitions(question), rows, zone(question.tz)))


async def _ids(given: Given, question: Question, figure: str, form: Format) -> bytes:
    async with Database(given.database_url()) as database:
        await current(database)
        found = await Reports(database, now, known(given)).ids(question, figure)
    if form is Format.JSON:
        content = {"definitions": definitions(question), "figure": figure, "contacts": found}
        return msgspec.json.format(msgspec.json.encode(content)) + b"\n"
    if form is Format.TABLE:
        return "".join(f"{contact}\n" for contact in found).encode()
    return FORMS[form](Sheet(definitions(question), [{"contact": contact} for contact in found], zone(question.tz)))


def known(given: Given) -> Directory:
    """Return what the settings name, nothing where a database alone was named. Raises SettingsError."""
    settings = given.known_settings()
    return directory(settings.center) if settings else Directory()
