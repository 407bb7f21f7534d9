"""`hotline asterisk`: the development root, and the configuration that the settings imply."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.commands.common import Given
from app.commands.run import Config
from telephony.asterisk.render import render
from telephony.asterisk.root import build_root

cli = typer.Typer(no_args_is_help=True, help=__doc__)


@cli.command("render")
def render_command(
    context: typer.Context,
    directory: Annotated[Path, typer.Argument(help="Where the files go.")],
    config: Config = None,
) -> None:
    """Write Asterisk's whole configuration as the settings imply it."""
    given: Given = context.obj
    typer.echo(render(given.settings(config).asterisk, directory.absolute()))


@cli.command("root")
def root_command(
    directory: Annotated[Path | None, typer.Argument(help="Where it goes (default: the user's cache).")] = None,
) -> None:
    """Build the development Asterisk, with SIPp (Debian, root)."""
    typer.echo(build_root(directory.absolute() if directory else None, typer.echo))
