"""`hotline flow`: check, try and draw what a caller hears before a human answers."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from app.commands.common import DEFAULT, Given, instant
from app.flows import known, look_at, open_at, read_flow
from ivr.checking import Known
from ivr.drawing import draw
from ivr.flow import queue_for
from ivr.run import Context
from ivr.schema import schema_text
from ivr.trying import try_out
from messages.ids import QueueId
from messages.localtime import SHANGHAI

flows = typer.Typer(no_args_is_help=True, help=__doc__)
File = Annotated[Path, typer.Argument(help="The flow's YAML file.")]


def _known(given: Given) -> Known:
    """Return what may be named: by the settings where there are any, else everything."""
    if given.config is None and not DEFAULT.exists():
        return Known()
    return known(given.settings())


@flows.command("check")
def check_command(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="The flows' YAML files.")],
) -> None:
    """Say what is wrong, with file, line and mend; with settings, whether queues and prompts are there too."""
    may_name, all_wrong = _known(context.obj), False
    for file in files:
        source, wrong = look_at(file, may_name)
        all_wrong = all_wrong or bool(wrong)
        for line in wrong:
            typer.echo(line)
        if source is not None and not wrong:
            flow = source.flow
            typer.echo(f"{file}: ok, {len(flow.steps)} steps, {len(flow.flows)} sub-flows")
    if all_wrong:
        raise typer.Exit(1)


@flows.command("try")
def try_command(
    context: typer.Context,
    file: File,
    keys: Annotated[str, typer.Option(help="What is pressed at each question: 1,-,x (- nothing, x hangs up).")] = "",
    number: Annotated[str, typer.Option(help="The caller's number.")] = "13800000000",
    did: Annotated[str, typer.Option(help="The number dialled.")] = "12345",
    closed: Annotated[bool, typer.Option("--closed", help="Every calendar says closed.")] = False,
    at: Annotated[
        str, typer.Option(help="When they call, such as 2026-10-01T10:00, Shanghai time; now where left out.")
    ] = "",
) -> None:
    """Print what a caller hears step by step, and what becomes of the call."""
    given: Given = context.obj
    flow = read_flow(file, _known(given))
    settings = given.settings() if given.config or DEFAULT.exists() else None
    queue = queue_for(did, settings.flow) if settings else QueueId("12345")
    when = instant(at, "--at", ZoneInfo(SHANGHAI)) or datetime.now(UTC)

    def is_open(calendar: str) -> bool:
        return not closed and (settings is None or open_at(settings.center, calendar, when))

    for line in try_out(
        flow,
        Context(queue=queue, number=number, did=did, is_open=is_open),
        [key.strip() for key in keys.split(",")] if keys else [],
    ):
        typer.echo(line)


@flows.command("draw")
def draw_command(context: typer.Context, file: File) -> None:
    """Print the flow as a Mermaid flowchart."""
    typer.echo(draw(read_flow(file, _known(context.obj))), nl=False)


@flows.command("schema")
def schema_command() -> None:
    """Print the JSON schema of a flow's file, for editors."""
    typer.echo(schema_text(), nl=False)
