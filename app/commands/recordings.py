"""`hotline verify --recordings` and `hotline recordings`: what is kept, whether it is whole, and its keys."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress

from app.commands.common import Given, current
from app.commands.reconcile import verify_reconcile
from app.recordings import vault_of
from app.settings import Settings
from app.wiring import now
from messages.localtime import SHANGHAI
from storage.database import Database
from storage.recordings.files import RecordingFiles
from storage.recordings.vault import Vault
from storage.recordings.verify import Report, rewrap, rotate
from storage.recordings.verify import verify as verify_recordings

T = TypeVar("T")
Told = Callable[[int, int], None]

recordings = typer.Typer(no_args_is_help=True, help="Recordings that are kept.")


def verify(
    context: typer.Context,
    of_recordings: Annotated[bool, typer.Option("--recordings", help="Recordings and their store.")] = False,
    of_calls: Annotated[bool, typer.Option("--reconcile", help="Contacts against Asterisk's own records.")] = False,
    since: Annotated[str, typer.Option("--from", help="Of --reconcile: a local day or time, or an instant.")] = "",
    until: Annotated[str, typer.Option("--to", help="The same, exclusive; now where empty.")] = "",
    tz: Annotated[str, typer.Option("--tz", help="The time zone of days and local times.")] = SHANGHAI,
    cel: Annotated[list[Path] | None, typer.Option("--cel", help="Other CEL files than the settings'.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Compare what is kept with what was written; exit 1 where anything is missing, changed or nobody's."""
    if of_recordings is of_calls:
        raise typer.BadParameter("say what: --recordings or --reconcile")
    given: Given = context.obj
    if of_calls:
        if not verify_reconcile(given, since, until, tz, cel or [], as_json=as_json):
            raise typer.Exit(1)
        return
    settings = given.settings()

    async def work(files: RecordingFiles, vault: Vault, told: Told) -> Report:
        return await verify_recordings(files, vault, settings.asterisk.recordings, now, told)

    report = _with_progress(settings, "recordings", work)
    if as_json:
        typer.echo(msgspec.json.encode({"well": report.well} | msgspec.structs.asdict(report)).decode())
    else:
        _print(report)
    if not report.well:
        raise typer.Exit(1)


@recordings.command("rotate-keys")
def rotate_keys(
    context: typer.Context,
    resume: Annotated[bool, typer.Option("--resume", help="Make no new key: go on to the newest.")] = False,
) -> None:
    """Make a new master key and wrap every recording's key by it; the old ones stay until you take them away."""
    given: Given = context.obj
    settings = given.settings()
    count = _with_progress(settings, "keys", rewrap if resume else rotate)
    vault = vault_of(settings)
    typer.echo(f"{count} recordings are now under master key {vault.keys.newest()} in {vault.keys.directory}")


def _with_progress(settings: Settings, what: str, work: Callable[[RecordingFiles, Vault, Told], Awaitable[T]]) -> T:
    async def inner(told: Told) -> T:
        async with Database(settings.database_url) as database:
            await current(database)
            return await work(RecordingFiles(database), vault_of(settings), told)

    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(what, total=None)
        return asyncio.run(inner(lambda done, total: bar.update(task, completed=done, total=total)))


def _print(report: Report) -> None:
    for kind in ("orphans", "missing", "broken", "failed", "left_on_host", "unfinished"):
        for line in getattr(report, kind):
            typer.echo(f"{kind.replace('_', ' ')}: {line}")
    end = "all is well" if report.well else "WRONG"
    typer.echo(f"{report.checked} recordings are whole, {report.bytes} bytes; {end}")
