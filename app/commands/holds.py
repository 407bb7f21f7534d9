"""`hotline recordings hold`, `release`, `list` and `deleted`: what must stay, and proof of what did not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import msgspec
import typer

from app.commands.common import Given, instant, who
from app.recordings import vault_of
from app.wiring import now
from messages.errors import NotFound
from messages.ids import ContactId
from storage.audit import AuditTrail
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

    async def work(database: Database) -> None:
        tenant = await _tenant(database, contact)
        held = await _holds(database).hold(ContactId(contact), reason, who(), tenant)
        typer.echo(f"{contact} is held since {held.held_at:%Y-%m-%dT%H:%M:%SZ} by {held.by}: {held.reason}")

    _with_database(context, work)


def release(context: typer.Context, contact: Contact, reason: Reason) -> None:
    """End a hold: the rules on how long recordings are kept count again."""

    async def work(database: Database) -> None:
        tenant = await _tenant(database, contact)
        if not await _holds(database).release(ContactId(contact), reason, who(), tenant):
            raise NotFound(f"{contact} is not held")
        typer.echo(f"{contact} is held no longer")

    _with_database(context, work)


def held(context: typer.Context, as_json: AsJson = False) -> None:
    """List the contacts that are held, the oldest hold first."""

    async def work(database: Database) -> None:
        for one in await _holds(database).all():
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
        vault = vault_of(given.settings())
        return await deleted(AuditTrail(database), RecordingFiles(database), vault, begin, end)

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


def _holds(database: Database) -> Holds:
    return Holds(database, AuditTrail(database), now)


async def _tenant(database: Database, contact: str) -> str:
    found = await Queries(database).contact(ContactId(contact))
    if found is None:
        raise NotFound(f"no contact {contact}")
    return str(found["tenant"])


def _with_database(context: typer.Context, work: Callable[[Database], Awaitable[T]]) -> T:
    given: Given = context.obj

    async def inner() -> T:
        async with Database(given.database_url()) as database:
            return await work(database)

    return asyncio.run(inner())
