"""`hotline user`: people who log in, kept in the database; passwords are read from standard input only."""

from __future__ import annotations

import asyncio
import getpass
import sys
from typing import Annotated

import typer

from app.auditing import audited
from app.commands.common import Given
from app.wiring import now
from messages.ids import AgentId, UserId
from messages.values import Role
from storage.identity import Identity

users = typer.Typer(no_args_is_help=True, help=__doc__)


@users.command("add")
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The name to log in with.")],
    role: Annotated[list[Role], typer.Option(help="May be given several times.")],
    agent: Annotated[str, typer.Option(help="The agent this person is.")] = "",
    tenant: Annotated[str, typer.Option(help="The county or department whose line it is; none: the city's.")] = "",
) -> None:
    """Add a person, or give one another password and roles."""
    password = getpass.getpass("password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    given: Given = context.obj

    async def work() -> None:
        about = f"user {name}, roles {' '.join(role)}, agent {agent or 'none'}, tenant {tenant or 'none'}"
        async with audited(given, now, "users.set", about, upgrades=True) as database:
            await Identity(database, now).set_user(
                UserId(name), password, tuple(role), AgentId(agent) if agent else None, tenant=tenant
            )

    asyncio.run(work())
    typer.echo(f"{name}: {', '.join(role)}")


@users.command("disable")
def disable(context: typer.Context, name: Annotated[str, typer.Argument(help="Who may no longer log in.")]) -> None:
    """Let somebody in no more; what they did stays."""
    given: Given = context.obj

    async def work() -> None:
        async with audited(given, now, "users.disable", f"user {name}") as database:
            await Identity(database, now).disable(UserId(name))

    asyncio.run(work())
    typer.echo(f"{name}: disabled")
