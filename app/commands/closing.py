"""`hotline close`: figures of a month that no longer change."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer

from app.closing import close, month_of
from app.commands.common import Given, current, who
from app.commands.reports import Output, Zone, known
from app.sheets import deliver
from app.wiring import now
from messages.localtime import SHANGHAI
from storage.closings import Closing, Closings
from storage.database import Database
from storage.reports import Reports

T = TypeVar("T")
closing = typer.Typer(no_args_is_help=True, help="Months whose figures are frozen, and their restatements.")
Month = Annotated[str, typer.Argument(help="Such as 2026-10.")]


@closing.command("month")
def close_month(
    context: typer.Context,
    month: Month,
    tz: Zone = SHANGHAI,
    restate: Annotated[str, typer.Option(help="Why figures of a closed month are corrected.")] = "",
) -> None:
    """Freeze a month's figures with their hash; closed again, they must be the same or are restated with a reason."""

    _, until = month_of(month, tz)
    given: Given = context.obj

    async def work(database: Database) -> tuple[Closing, bool]:
        reports = Reports(database, lambda: until, known(given))
        return await close(Closings(database), reports, month, tz, now(), who(), restate)

    found, is_new = _with(context, work)
    did = "closed" if found.version == 1 else f"restated ({found.reason})"
    typer.echo(f"{month}: {did if is_new else 'closed before, nothing has changed'}; sha256 {found.sha256}")
    for line in found.changed.splitlines() if is_new else ():
        typer.echo(line)


@closing.command("show")
def show(
    context: typer.Context,
    month: Month,
    version: Annotated[int, typer.Option(help="1: as it was closed; further ones: restated.")] = 1,
    output: Output = None,
) -> None:
    """Print a closed month's figures as JSON, byte by byte as they were closed."""
    month_of(month, SHANGHAI)
    found = _with(context, lambda database: Closings(database).get(month, version))
    deliver(found.content.encode(), output)


@closing.command("list")
def list_(context: typer.Context) -> None:
    """Print what is closed and what was restated, by whom and why."""
    for one in _with(context, lambda database: Closings(database).of()):
        did = f"restated: {one.reason}" if one.version > 1 else "closed"
        typer.echo(f"{one.period}  {one.version}  {one.closed_at:%FT%TZ}  {one.by}  {one.sha256}  {did}")
        for line in one.changed.splitlines():
            typer.echo(f"    {line}")


def _with(context: typer.Context, work: Callable[[Database], Awaitable[T]]) -> T:
    given: Given = context.obj

    async def inner() -> T:
        async with Database(given.database_url()) as database:
            return await work(await current(database))

    return asyncio.run(inner())
