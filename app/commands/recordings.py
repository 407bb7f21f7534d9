"""What recordings are kept, whether they are whole, and `hotline recordings`: their keys."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import msgspec
import typer

from app.auditing import audited
from app.commands.common import Given, Told, current, progress
from app.commands.evidence import evidence, evidence_key
from app.commands.holds import held, hold, proof, release
from app.recordings import vault_of
from app.settings import Settings
from app.wiring import now
from storage.database import Database
from storage.recordings.files import RecordingFiles
from storage.recordings.vault import Vault
from storage.recordings.verify import Report, rewrap, rotate
from storage.recordings.verify import verify as verify_recordings

T = TypeVar("T")

recordings = typer.Typer(no_args_is_help=True, help="Recordings that are kept.")
recordings.command("hold")(hold)
recordings.command("release")(release)
recordings.command("list")(held)
recordings.command("deleted")(proof)
recordings.command("evidence")(evidence)
recordings.command("evidence-key")(evidence_key)


def verify(settings: Settings, *, as_json: bool) -> bool:
    """Compare recordings with what was written, print what is found, and tell whether all is well."""

    async def work(files: RecordingFiles, vault: Vault, told: Told) -> Report:
        return await verify_recordings(files, vault, settings.asterisk.recordings, now, told)

    report = asyncio.run(_reading(settings, "recordings", work))
    if as_json:
        typer.echo(msgspec.json.encode({"well": report.well} | msgspec.structs.asdict(report)).decode())
    else:
        _print(report)
    return report.well


@recordings.command("rotate-keys")
def rotate_keys(
    context: typer.Context,
    resume: Annotated[bool, typer.Option("--resume", help="Make no new key: go on to the newest.")] = False,
) -> None:
    """Make a new master key and wrap every recording's key by it; the old ones stay until you take them away."""
    given: Given = context.obj
    settings = given.settings()

    async def work() -> int:
        async with audited(given, now, "recordings.rotate_keys", "resumed" if resume else "") as database:
            with progress("keys") as told:
                return await (rewrap if resume else rotate)(RecordingFiles(database), vault_of(settings), told)

    count = asyncio.run(work())
    vault = vault_of(settings)
    typer.echo(f"{count} recordings are now under master key {vault.keys.newest()} in {vault.keys.directory}")


async def _reading(settings: Settings, what: str, work: Callable[[RecordingFiles, Vault, Told], Awaitable[T]]) -> T:
    async with Database(settings.database_url) as database:
        await current(database)
        with progress(what) as told:
            return await work(RecordingFiles(database), vault_of(settings), told)


def _print(report: Report) -> None:
    for kind in ("orphans", "missing", "broken", "failed", "left_on_host", "unfinished"):
        for line in getattr(report, kind):
            typer.echo(f"{kind.replace('_', ' ')}: {line}")
    end = "all is well" if report.well else "WRONG"
    typer.echo(f"{report.checked} recordings are whole, {report.bytes} bytes; {end}")
