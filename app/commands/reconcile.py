"""`hotline verify --reconcile`: our contacts against what Asterisk wrote down, call by call."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path

import msgspec
import typer

from app.commands.common import Given, current
from app.reconcile import Files, reconciled, rotated
from app.wiring import now
from imports.reconcile import Reconciled
from messages.localtime import bound, zone
from storage.database import Database

DAY = timedelta(days=1)


def verify_reconcile(given: Given, since: str, until: str, tz: str, cel: list[Path], *, as_json: bool) -> bool:
    """Print how our contacts of a period agree with Asterisk's records; the last 24 hours where none is named."""
    settings, where = given.settings(), zone(tz)
    end = bound(until, where, "to") if until else now()
    begin = bound(since, where, "from") if since else end - DAY
    asterisk = settings.asterisk
    files = Files(
        cel=cel or rotated(asterisk.cel_file),
        cdr=rotated(asterisk.cdr_file),
        queue_log=rotated(asterisk.queue_log_file),
    )
    phones = {str(agent.id): str(agent.phone) for agent in settings.center.agents}

    async def work() -> Reconciled:
        async with Database(given.database_url()) as database:
            await current(database)
            return await reconciled(database, files, phones, begin, end)

    found = asyncio.run(work())
    well = not found.differences
    if as_json:
        content = {"well": well, "from": begin, "to": end} | msgspec.structs.asdict(found)
        typer.echo(msgspec.json.encode(content).decode())
        return well
    for one in found.differences:
        typer.echo(f"{one.kind}  {one.contact or '-'}  {one.number or '-'}  {one.text}")
    counts = ", ".join(f"{count} {kind}" for kind, count in Counter(one.kind for one in found.differences).items())
    typer.echo(
        f"{found.calls} calls by Asterisk's CEL, {found.contacts} contacts of ours, {found.answered} answered, "
        f"{found.going_on} going on; {counts or 'all agree'}"
    )
    return well
