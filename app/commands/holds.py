"""`hotline recordings hold`, `release`, `list` and `deleted`: what must stay, and proof of what did not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, TypeVar

import msgspec
import typer

from app.auditing import audited, trail_of
from app.commands.common import Given, instant, who
from app.recordings import vault_of
from app.wiring import now
from center.auditing import Act
from messages.errors import NotFound
from messages.ids import ContactId
from storage.database import Database
from storage.queries import Queries
from storage.recordings.deletion import Deleted, deleted
from storage.recordings.files import RecordingFiles
from storage.recordings.holds import Holds

T = TypeVar("T")
Contact = Annotated[str, typer.Argument(help="The contact's id.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it stands in the audit.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


def hold(context: typer.Context, contact: Contact, reason: Reason) -> None:
    """Let nothing remove a contact's recordings; held already, the first hold stays."""

    async def work() -> None:
        async with _audited(context, "recordings.hold", contact, reason) as holds:
            held = await holds.hold(ContactId(contact), reason, who())
        typer.echo(f"{contact} is held since {held.held_at:%Y-%m-%dT%H:%M:%SZ} by {held.by}: {held.reason}")

    asyncio.run(work())


def release(context: typer.Context, contact: Contact, reason: Reason) -> None:
    """End a hold: the rules on how long recordings are kept count again."""

    async def work() -> None:
        async with _audited(context, "recordings.release", contact, reason) as holds:
            if not await holds.release(ContactId(contact), reason):
                raise NotFound(f"{contact} is not held")
        typer.echo(f"{contact} is held no longer")

    asyncio.run(work())


def held(context: typer.Context, as_json: AsJson = False) -> None:
    """List the contacts that are held, the oldest hold first."""

    async def work(database: Database) -> None:
        for one in await Holds(database, now).all():
            said = f"{one.contact}  since {one.held_at:%Y-%m-%dT%H:%M:%SZ} by {one.by}: {one.reason}"
            typer.echo(msgspec.json.encode(one).decode() if as_json else said)

    _with_database(context, work)


def proof(
    context: typer.Context,
    since: Annotated[str, typer.Option("--from", help="RFC 3339; from the beginning where empty.")] = "",
    until: Annotated[str, typer.Option("--to", help="RFC 3339, exclusive; to now where empty.")] = "",
    as_json: AsJson = False,
) -> None:
    """Prove which recordings were removed: what the audit says before and after, their hashes, and that nothing of
    them is in the store; exit 1 where any of it cannot be proven."""
    given: Given = context.obj
    begin, end = instant(since, "--from"), instant(until, "--to")

    async def work(database: Database) -> list[Deleted]:
        settings = given.settings()
        trail, vault = trail_of(settings, database), vault_of(settings)
        return await deleted(trail, RecordingFiles(database), vault, begin, end)

    found = _with_database(context, work)
    for one in found:
        if as_json:
            typer.echo(msgspec.json.encode({"proven": one.proven} | msgspec.structs.asdict(one)).decode())
        else:
            gone = f"gone {one.after:%Y-%m-%dT%H:%M:%SZ}" if one.after else "NOT SAID TO BE GONE"
            end_of = f"{one.ended_at:%Y-%m-%dT%H:%M:%SZ}" if one.ended_at else "unknown"
            wrong = "" if one.proven else "  NOT PROVEN" + (": still in the store" if one.still_there else "")
            typer.echo(f"{one.recording}  of {end_of}, {gone}, {one.hash} {one.source_hash}{wrong}")
    if not as_json:
        typer.echo(f"{len(found)} recordings were removed, {sum(one.proven for one in found)} of them proven")
    if not all(one.proven for one in found):
        raise typer.Exit(1)


@asynccontextmanager
async def _audited(context: typer.Context, action: str, contact: str, reason: str) -> AsyncIterator[Holds]:
    """Give the holds for an act on a contact's, which is audited before and after. Raises NotFound."""
    given: Given = context.obj
    act = Act()
    async with audited(given, now, action, contact=ContactId(contact), purpose=reason, act=act) as database:
        found = await Queries(database).contact(ContactId(contact))
        if found is None:
            raise NotFound(f"no contact {contact}")
        act.note(tenant=str(found["tenant"]))
        yield Holds(database, now)


def _with_database(context: typer.Context, work: Callable[[Database], Awaitable[T]]) -> T:
    given: Given = context.obj

    async def inner() -> T:
        async with Database(given.database_url()) as database:
            return await work(database)

    return asyncio.run(inner())
