"""`hotline recordings evidence` and `evidence-key`: archives that are verified without us, and how to."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from api.masking import for_evidence
from app.auditing import audited, trail_of
from app.commands.common import Given, who
from app.recordings import evidence_of, vault_of
from app.settings import Settings
from app.wiring import now
from center.auditing import Act
from messages.errors import NotFound, SettingsError
from messages.ids import ContactId
from storage.evidence import verify
from storage.evidence.archive import Asked
from storage.evidence.signing import SigningKey
from storage.queries import Queries


def evidence(
    context: typer.Context,
    contact: Annotated[str, typer.Argument(help="The contact's id.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The ZIP file to write.")],
    purpose: Annotated[str, typer.Option("--purpose", help="What it is for; it stands in the audit and the archive.")],
    whole: Annotated[bool, typer.Option("--full-numbers", help="Numbers whole instead of masked.")] = False,
) -> None:
    """Write one archive of a contact: recordings, what is kept of it, its audit, hashes and a signature."""
    if not purpose.strip():
        raise typer.BadParameter("say what the evidence is for", param_hint="--purpose")
    given: Given = context.obj
    settings = given.settings()
    asked = Asked(contact=ContactId(contact), by=who(), purpose=purpose, whole=whole)
    asyncio.run(_write(given, settings, asked, output))
    typer.echo(f"{output}: evidence of {contact}, signed by {SigningKey(vault_of(settings).keys.directory).public()}")


async def _write(given: Given, settings: Settings, asked: Asked, output: Path) -> None:
    act, said = Act(), f"numbers {'whole' if asked.whole else 'masked'}, to {output}"
    about: dict[str, Any] = {"contact": asked.contact, "purpose": asked.purpose, "act": act}
    async with audited(given, now, "evidence.make", said, **about) as database:
        found = await Queries(database).contact(asked.contact)
        if found is None:
            raise NotFound(f"no contact {asked.contact}")
        act.note(tenant=str(found["tenant"]))
        part = output.with_name(f"{output.name}.part")
        part.unlink(missing_ok=True)
        shown = for_evidence(str(found["number"] or ""), whole=asked.whole)
        making = evidence_of(settings, trail_of(settings, database), vault_of(settings), now)
        try:
            await making.write(part, asked, shown)
            part.replace(output)
        except OSError as error:
            raise SettingsError(f"{output}: {error.strerror}") from error
        finally:
            part.unlink(missing_ok=True)


def evidence_key(
    context: typer.Context,
    verifier: Annotated[Path | None, typer.Option("--verifier", help="Write the stand-alone verify.py here.")] = None,
) -> None:
    """Print the public key that evidence is signed with, to be made known; write what verifies it."""
    given: Given = context.obj
    typer.echo(SigningKey(vault_of(given.settings()).keys.directory).public())
    if verifier is not None:
        verifier.write_bytes(Path(verify.__file__).read_bytes())
