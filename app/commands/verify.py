"""`hotline verify`: whether what is kept is what was written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.commands import audit, recordings
from app.commands.common import Given
from app.commands.reconcile import verify_reconcile
from messages.localtime import SHANGHAI


def verify(
    context: typer.Context,
    of_recordings: Annotated[bool, typer.Option("--recordings", help="Recordings and their store.")] = False,
    of_audit: Annotated[bool, typer.Option("--audit", help="The audit's chain and its signed heads.")] = False,
    of_calls: Annotated[bool, typer.Option("--reconcile", help="Contacts against Asterisk's own records.")] = False,
    copies: Annotated[
        list[Path] | None, typer.Option("--heads", help="Of --audit: heads kept elsewhere, a file or a directory.")
    ] = None,
    keys: Annotated[
        list[str] | None, typer.Option("--public-key", help="Of --audit: trust these keys only (hex).")
    ] = None,
    since: Annotated[str, typer.Option("--from", help="Of --reconcile: a local day or time, or an instant.")] = "",
    until: Annotated[str, typer.Option("--to", help="The same, exclusive; now where empty.")] = "",
    tz: Annotated[str, typer.Option("--tz", help="The time zone of days and local times.")] = SHANGHAI,
    cel: Annotated[list[Path] | None, typer.Option("--cel", help="Other CEL files than the settings'.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Compare what is kept with what was written; exit 1 where anything is missing, changed or nobody's."""
    if [of_recordings, of_audit, of_calls].count(True) != 1:
        raise typer.BadParameter("say which: --recordings, --audit or --reconcile")
    given: Given = context.obj
    if of_recordings:
        well = recordings.verify(given.settings(), as_json=as_json)
    elif of_audit:
        well = audit.verify(given.settings(), keys or [], copies or [], as_json=as_json)
    else:
        well = verify_reconcile(given, since, until, tz, cel or [], as_json=as_json)
    if not well:
        raise typer.Exit(1)
