"""`hotline verify --recordings` and `hotline recordings`: what is kept, whether it is whole, and its keys."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress

from app.commands.common import Given
from app.commands.evidence import evidence, evidence_key
from app.commands.holds import held, hold, proof, release
from app.recordings import vault_of
from app.settings import Settings
from app.wiring import now
from messages.errors import SettingsError
from storage.database import Database
from storage.migrations import newest, revision
from storage.recordings.files import RecordingFiles
from storage.recordings.vault import Vault
from storage.recordings.verify import Report, rewrap, rotate
from storage.recordings.verify import verify as verify_recordings

T = TypeVar("T")
Told = Callable[[int, int], None]

recordings = typer.Typer(no_args_is_help=True, help="Recordings that are kept.")
recordings.command("hold")(hold)
recordings.command("release")(release)
recordings.command("list")(held)
recordings.command("deleted")(proof)
recordings.command("evidence")(evidence)
recordings.command("evidence-key")(evidence_key)


def verify(
    context: typer.Context,
    of_recordings: Annotated[bool, typer.Option("--recordings", help="Recordings and their store.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Compare what is kept with what was written; exit 1 where anything is missing, changed or nobody's."""
    if not of_recordings:
        raise typer.BadParameter("say what: --recordings")
    given: Given = context.obj
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
            if await revision(database) != newest():
                raise SettingsError(f"{database.url} is not of this version; `hotline run` makes it so")
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
