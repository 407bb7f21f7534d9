"""`hotline token`: tokens for programs, for some actions and some time; only their SHA-256 is kept."""

from __future__ import annotations

from typing import Annotated

import typer

from api.rest.may import SCOPES
from app.commands.common import who
from app.commands.people import with_people
from messages.errors import Invalid, NotFound
from messages.ids import UserId
from storage.identity import Identity

tokens = typer.Typer(no_args_is_help=True, help=__doc__)


@tokens.command("add")
def add(
    context: typer.Context,
    user: Annotated[str, typer.Argument(help="On whose behalf; see hotline user add --no-password.")],
    name: Annotated[str, typer.Option(help="What the token is called in lists.")],
    scope: Annotated[list[str], typer.Option(help="An action of docs/rights.md, or stream; may be repeated.")],
    days: Annotated[float, typer.Option(help="How long it lasts.")] = 90,
) -> None:
    """Print a new token; it is shown only now."""
    if unknown := sorted(set(scope) - SCOPES):
        raise Invalid(f"scope {', '.join(unknown)}: give some of {', '.join(sorted(SCOPES))}")
    made = with_people(context, lambda people: people.add_token(UserId(user), name, scope, days, who()))
    typer.echo(made.token)


@tokens.command("list")
def list_tokens(
    context: typer.Context, user: Annotated[str, typer.Argument(help="Whose; none: everybody's.")] = ""
) -> None:
    """List the tokens that are good: id, user, name, last used, until when, for what."""
    whose = UserId(user) if user else None
    for one in with_people(context, lambda people: people.sessions.of(whose, programs=True)):
        until, used = f"{one.expires_at:%F}", f"{one.used_at:%F %H:%M}Z"
        typer.echo("\t".join((one.id, one.user, one.name, used, until, ",".join(one.scopes or ()))))


@tokens.command("revoke")
def revoke(context: typer.Context, token: Annotated[str, typer.Argument(help="Its id, from the list.")]) -> None:
    """Take a token back; running processes know within a minute."""

    async def work(people: Identity) -> None:
        if await people.session(token) is None:
            raise NotFound(f"no token {token}: hotline token list shows their ids")
        await people.end_session(token, who())

    with_people(context, work)
    typer.echo(f"{token}: revoked")
