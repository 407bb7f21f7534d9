"""The audit: whether it is what was written, and the keys that vouch for it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import typer

from app.auditing import audited, signer_of, trail_of
from app.commands.common import Given, current, progress
from app.settings import Settings
from app.wiring import now
from storage.audit.heads import public_key
from storage.audit.report import Report
from storage.audit.verify import verify as verify_audit
from storage.database import Database

cli = typer.Typer(no_args_is_help=True, help="The audit's keys.")


def verify(settings: Settings, keys: list[str], copies: list[Path], *, as_json: bool) -> bool:
    """Verify the audit by the keys named, else the settings' own; print what is found, and tell whether all is well."""
    trusted = [public_key(key) for key in keys] if keys else signer_of(settings).public()
    report = asyncio.run(_compare(settings, trusted, copies))
    typer.echo(_as_json(report) if as_json else _as_text(report))
    return report.well


async def _compare(settings: Settings, trusted: list[str], copies: list[Path]) -> Report:
    async with Database(settings.database_url) as database:
        await current(database)
        with progress("audit") as told:
            return await verify_audit(database, trail_of(settings, database).heads, trusted, copies, told)


def _as_json(report: Report) -> str:
    return msgspec.json.encode({"well": report.well} | msgspec.structs.asdict(report)).decode()


def _as_text(report: Report) -> str:
    lines = [
        f"{f'entry {one.seq}' if one.seq == one.to else f'entries {one.seq} to {one.to}'}: {one.fault}: {one.says}"
        for one in report.findings
    ]
    end = "all is well 完好" if report.well else "WRONG 有误"
    return "\n".join([*lines, f"{report.entries} entries, {report.first} to {report.last}; {end}"])


@cli.command("keys")
def keys_command(context: typer.Context) -> None:
    """Print the public keys that heads are signed by, oldest first; keep them elsewhere, for --public-key."""
    given: Given = context.obj
    for version, key in enumerate(signer_of(given.settings()).public(), 1):
        typer.echo(f"{version} {key}")


@cli.command("rotate-key")
def rotate_key(context: typer.Context) -> None:
    """Make a new key that heads are signed by from now on; the old ones stay, to verify by."""
    given: Given = context.obj
    signer = signer_of(given.settings())

    async def work() -> None:
        async with audited(given, now, "audit.rotate_key"):
            signer.keys.add()

    asyncio.run(work())
    typer.echo(f"heads are now signed by {signer.public()[-1]}")
