"""`hotline user`: people who log in, kept in the database; passwords are read from standard input only."""

from __future__ import annotations

import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import msgspec
import typer

from app.auditing import check_unaudited, origin, trail_of
from app.commands.common import Given, who
from app.identity import people_of
from app.wiring import now
from messages.audit import AuditEntry
from messages.ids import AgentId, UserId
from messages.values import Role
from storage.database import Database
from storage.identity import Identity
from storage.migrations import upgrade

users = typer.Typer(no_args_is_help=True, help=__doc__)
Name = Annotated[str, typer.Argument(help="The name to log in with.")]
T = TypeVar("T")


def with_people(context: typer.Context, work: Callable[[Identity], Awaitable[T]]) -> T:
    """Do something with the people of the database, under the settings' rules where there are settings.

    Where only a database is named nothing can sign an audit: then it must have none. Raises SettingsError.
    """
    given: Given = context.obj
    settings = given.known_settings()

    async def run() -> T:
        async with Database(given.database_url()) as database:
            await upgrade(database)
            if settings is None:
                await check_unaudited(database)
                return await work(Identity(database, now))
            trail, typed = trail_of(settings, database), origin()

            async def append(entry: AuditEntry) -> int:
                return await trail.append(msgspec.structs.replace(entry, origin=typed))

            return await work(people_of(settings, database, now, append))

    return asyncio.run(run())


@users.command("add")
def add(
    context: typer.Context,
    name: Name,
    role: Annotated[list[Role], typer.Option(help="May be given several times.")],
    agent: Annotated[str, typer.Option(help="The agent this person is.")] = "",
    tenant: Annotated[str, typer.Option(help="The county or department whose line it is; none: the city's.")] = "",
    no_password: Annotated[bool, typer.Option(help="For a program: it has tokens (hotline token) instead.")] = False,
) -> None:
    """Add a person, or give one another password and roles."""
    password = None if no_password else _password()

    async def work(people: Identity) -> None:
        await people.set_user(
            UserId(name), password, tuple(role), AgentId(agent) if agent else None, tenant=tenant, by=who()
        )

    with_people(context, work)
    typer.echo(f"{name}: {', '.join(role)}")


@users.command("list")
def list_users(context: typer.Context) -> None:
    """List who may log in."""
    for one in with_people(context, lambda people: people.people()):
        notes = [
            *(["disabled"] if one.disabled else []),
            *(["must change the password"] if one.must_change else []),
            *(["second factor"] if one.totp else []),
            *([f"locked until {one.locked_until:%F %T}Z"] if one.locked_until else []),
        ]
        typer.echo("\t".join((one.user, ",".join(one.roles), one.tenant or "-", one.agent or "-", ", ".join(notes))))


@users.command("disable")
def disable(context: typer.Context, name: Annotated[str, typer.Argument(help="Who may no longer log in.")]) -> None:
    """Let somebody in no more; what they did stays."""
    with_people(context, lambda people: people.disable(UserId(name), who()))
    typer.echo(f"{name}: disabled")


@users.command("unlock")
def unlock(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Who may try again.")] = "",
    address: Annotated[str, typer.Option(help="The address from where one may try again.")] = "",
) -> None:
    """Let somebody try again who was locked out, or an address."""
    if not name and not address:
        raise typer.BadParameter("name a user or give --address")
    if name:
        with_people(context, lambda people: people.unlock(UserId(name), who()))
    if address:
        with_people(context, lambda people: people.unlock_address(address, who()))
    typer.echo(f"{name or address}: may try again")


@users.command("reset")
def reset(
    context: typer.Context,
    name: Name,
    totp: Annotated[bool, typer.Option(help="Remove the second factor instead: the phone is lost.")] = False,
) -> None:
    """Print a password that must be changed at the first log-in; sessions end."""
    if totp:
        with_people(context, lambda people: people.reset_totp(UserId(name), who()))
        typer.echo(f"{name}: logs in without a code")
    else:
        typer.echo(with_people(context, lambda people: people.reset_password(UserId(name), who())))


def _password() -> str:
    return getpass.getpass("password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
