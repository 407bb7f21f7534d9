"""`hotline export` and `hotline replay`."""

from __future__ import annotations

import asyncio
import enum
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from app.auditing import audited
from app.commands.common import Given, instant
from app.wiring import now
from storage.export_schema import What
from storage.exports import export_rows
from telephony.replay import replay as replay_file


class Format(enum.StrEnum):
    """An export's form."""

    CSV = "csv"
    JSONL = "jsonl"


def export(
    context: typer.Context,
    what: Annotated[What, typer.Argument(help="Which records.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The file to write.")],
    since: Annotated[str, typer.Option("--from", help="RFC 3339; everything from the beginning where empty.")] = "",
    until: Annotated[str, typer.Option("--to", help="RFC 3339, exclusive; to the end where empty.")] = "",
    form: Annotated[Format, typer.Option("--format", help="The file's form.")] = Format.CSV,
    full: Annotated[bool, typer.Option("--full-numbers", help="Numbers whole instead of masked.")] = False,
) -> None:
    """Write contacts, queue visits, legs, operations, agent states and the rest to a file."""
    given: Given = context.obj

    async def work() -> int:
        numbers = "numbers whole" if full else "numbers masked"
        about = f"{what} as {form}, {since or '…'} to {until or '…'}, {numbers}, to {output}"
        async with audited(given, now, "exports.write", about) as database:
            with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
                task = progress.add_task(str(what), total=None)
                return await export_rows(
                    database,
                    what,
                    instant(since, "--from"),
                    instant(until, "--to"),
                    str(form),
                    output,
                    full=full,
                    progress=lambda done: progress.update(task, completed=done),
                )

    count = asyncio.run(work())
    typer.echo(f"{output}: {count} {what}", err=True)


def replay(
    file: Annotated[Path, typer.Argument(help="A captured AMI byte stream.")],
    as_json: Annotated[bool, typer.Option("--json", help="One object a line for each contact.")] = False,
) -> None:
    """Print the events and contacts that a captured AMI byte stream implies; nothing is stored."""
    raise typer.Exit(replay_file(file, sys.stdout, sys.stderr, as_json=as_json))
