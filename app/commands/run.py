"""`hotline run` and `hotline check`."""

from __future__ import annotations

import asyncio
import enum
import gc
import signal
from pathlib import Path
from typing import Annotated

import msgspec
import typer
import uvloop

from app import demo
from app.check import findings
from app.commands.common import Given, log_plainly
from app.settings import Settings
from app.wiring import Hotline
from messages.errors import SettingsError

Config = Annotated[Path | None, typer.Option("--config", help="The settings file.")]


class RoleName(enum.StrEnum):
    """What one process does; the roles other than `all` come with more than one machine."""

    ALL = "all"


def run(
    context: typer.Context,
    config: Config = None,
    role: Annotated[RoleName, typer.Option(help="What this process does.")] = RoleName.ALL,
    with_demo: Annotated[
        bool, typer.Option("--demo", help="Simulated citizens and agents; one seat is yours.")
    ] = False,
) -> None:
    """Run the hotline until interrupted."""
    log_plainly()
    given: Given = context.obj
    if with_demo and not (config or given.config):
        uvloop.run(_serve_demo())
    elif with_demo:
        raise SettingsError("--demo makes its own settings; leave out --config")
    else:
        uvloop.run(_serve(given.settings(config)))


async def _serve(settings: Settings) -> None:
    stop = _stop_signal()
    async with Hotline(settings, typer.echo) as hotline:
        _spare_the_collector()
        typer.echo(f"hotline: REST and pages on http://{settings.api.host}:{settings.api.port}")
        await _first(stop, hotline.failed)
    if hotline.failed.is_set():
        raise RuntimeError("a part failed; the log says which")


async def _serve_demo() -> None:
    stop = _stop_signal()
    prepared = await demo.prepare(typer.echo)
    async with Hotline(prepared.settings, typer.echo) as hotline:
        await demo.add_people(hotline.database)
        async with demo.traffic(prepared, hotline, typer.echo):
            await _first(stop, hotline.failed)


def _spare_the_collector() -> None:
    """What was made at the start lives as long as the process: do not look through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def _first(*events: asyncio.Event) -> None:
    waits = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()


def check(
    context: typer.Context,
    config: Config = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Say what is wrong and what to do: settings, Asterisk, database, Redis, disk, clock."""
    given: Given = context.obj
    found = asyncio.run(findings(given.settings(config)))
    if as_json:
        typer.echo(msgspec.json.encode({"ok": all(one.ok for one in found), "findings": found}).decode())
    else:
        for one in found:
            mark = "WARN " if one.warns else "ok   " if one.ok else "WRONG"
            typer.echo(f"{mark} {one.what}: {one.says}")
    if not all(one.ok for one in found):
        raise typer.Exit(1)
