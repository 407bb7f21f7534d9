"""`hotline notify`: try the way to the provider of short messages."""

from __future__ import annotations

import asyncio
import secrets
from typing import Annotated

import typer

from app.commands.common import Given
from app.notices import sender_of
from calls.callback import can_be_called
from messages.errors import Invalid
from messages.masking import masked
from notify.errors import NotSent
from notify.senders import Sms

notify = typer.Typer(no_args_is_help=True, help=__doc__)


@notify.callback()
def group() -> None:
    """Try the way to the provider of short messages."""


@notify.command("test")
def test(
    context: typer.Context,
    number: Annotated[str, typer.Option(help="To whom.")],
    text: Annotated[str, typer.Option(help="What it says.")] = "12345热线测试短信 Hotline test message",
) -> None:
    """Send one message now and say what the provider answered."""
    if not can_be_called(number):
        raise Invalid("--number: 5 digits or more, a leading + allowed")
    given: Given = context.obj
    settings = given.settings()

    async def work() -> str:
        sender = sender_of(settings.notify, settings.data)
        try:
            return await sender.send(Sms(f"test-{secrets.token_hex(8)}", number, text))
        finally:
            await sender.close()

    try:
        answer = asyncio.run(work())
    except NotSent as error:
        typer.echo(f"{masked(number)}: not accepted ({type(error).__name__}): {error.answer}", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{masked(number)}: accepted, answer {answer}")
