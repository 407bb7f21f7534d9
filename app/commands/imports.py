"""`hotline import queue-log` and `hotline import cel`: what Asterisk wrote down, into the database."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from rich.console import Console
from rich.progress import Progress

from app.auditing import audited
from app.commands.common import Given
from app.imports import Imported, import_file
from app.wiring import now
from imports.digest import Cel, Digest, QueueLog
from imports.names import Names, QueueMap, read_map
from messages.errors import Invalid
from telephony import FALLBACK_QUEUE

imports = typer.Typer(no_args_is_help=True, help="Import Asterisk's own logs; again = no change.")

_EVERY_S = 5.0
"""Seconds between lines of progress where there is no terminal."""

File = Annotated[Path, typer.Argument(help="The file, as Asterisk wrote it.")]
QueueMapFile = Annotated[
    Path | None, typer.Option("--queue-map", help='TOML: [queues] "600" = "12345" and [agents] "SIP/1001" = "li".')
]
Zone = Annotated[str, typer.Option("--tz", help="Where that Asterisk stood; for times that are not since 1970.")]
Node = Annotated[str, typer.Option("--node", help="Put before ids of an Asterisk without a systemname of its own.")]


@imports.command("queue-log")
def queue_log(
    context: typer.Context, file: File, queue_map: QueueMapFile = None, tz: Zone = "Asia/Shanghai", node: Node = ""
) -> None:
    """Make contacts, queue visits, legs and agent states of a queue_log of Asterisk 1.4 to 22."""
    _import(context.obj, file, queue_map, tz, node, cel_first=False)


@imports.command("cel")
def cel(
    context: typer.Context, file: File, queue_map: QueueMapFile = None, tz: Zone = "Asia/Shanghai", node: Node = ""
) -> None:
    """Make contacts and legs, those that are missing from the journal, of a CEL file in CSV."""
    _import(context.obj, file, queue_map, tz, node, cel_first=True)


def _import(given: Given, file: Path, queue_map: Path | None, tz: str, node: str, *, cel_first: bool) -> None:
    try:
        zone = ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError):
        raise Invalid(f"--tz: {tz!r} is no time zone such as Asia/Shanghai") from None
    text = _read(queue_map) if queue_map else ""
    names = Names(read_map(text, str(queue_map), _queues(given)) if queue_map else QueueMap(), node)

    def digests() -> list[Digest]:
        kinds: list[Digest] = [QueueLog(names, zone, frozenset({FALLBACK_QUEUE})), Cel(names, zone)]
        return kinds[::-1] if cel_first else kinds

    async def work(progress: Callable[[int, int], None]) -> Imported:
        about = f"{'cel' if cel_first else 'queue-log'} {file}"
        async with audited(given, now, "imports.run", about, upgrades=True) as database:
            return await import_file(database, file, digests, node=node, told=f"{tz}\n{text}", progress=progress)

    if sys.stderr.isatty():
        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(file.name)
            found = asyncio.run(work(lambda done, size: bar.update(task, completed=done, total=size)))
    else:
        found = asyncio.run(work(_lines(file)))
    typer.echo(told(file, found), err=True)


def told(file: Path, found: Imported) -> str:
    """Return what became of a file, in one line."""
    parts = [f"{found.lines} lines, {found.contacts} contacts, {found.agents} agents"]
    if found.live:
        parts.append(f"{found.live} contacts left as the live journal has them")
    if found.malformed:
        parts.append(f"{found.malformed} lines malformed")
    if found.unknown:
        parts.append("unknown " + " ".join(f"{name}×{count}" for name, count in sorted(found.unknown.items())))
    if found.skipped:
        parts.append(f"{found.skipped} bytes were read before")
    if found.unfinished:
        parts.append("the last line is half-written and waits for the next time")
    return f"{file}: " + "; ".join(parts)


def _lines(file: Path) -> Callable[[int, int], None]:
    last = time.monotonic()

    def progress(done: int, size: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _EVERY_S:
            last = time.monotonic()
            typer.echo(f"{file}: {done} of {size} bytes", err=True)

    return progress


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise Invalid(f"{path}: is not UTF-8") from None


def _queues(given: Given) -> frozenset[str]:
    """Return the queues of the settings; none where only a database is named."""
    settings = given.known_settings()
    return frozenset(queue.id for queue in settings.center.queues) if settings else frozenset()
