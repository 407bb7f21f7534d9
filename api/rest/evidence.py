"""Evidence of a contact: one archive, made for a purpose, which is audited before anything of it goes out."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from api.masking import for_evidence, is_confidential
from api.rest.endpoint import Answer, Asked, Stream
from api.rights import REVEALS_CONFIDENTIAL
from messages.errors import Forbidden, Invalid, NotFound, Unavailable
from messages.ids import ContactId


class EvidenceBody(msgspec.Struct, frozen=True, kw_only=True):
    """What it is for; it stands in the audit and in the archive. And whether citizens' numbers stand in it whole."""

    purpose: Annotated[str, msgspec.Meta(min_length=1, max_length=400)]
    numbers: Literal["masked", "whole"] = "masked"


async def make_evidence(asked: Asked) -> Answer:
    """Return an archive of a contact's recordings, records and audit, signed; that it is made stands in it."""
    name, body = ContactId(asked.path["contact"]), asked.body
    wanted: EvidenceBody = body
    if not wanted.purpose.strip():
        raise Invalid("purpose: say what the evidence is for")
    services = asked.services
    found = await services.history.contact(name)
    if found is None or not services.scope.has_kept(asked.principal, found):
        raise NotFound(f"no contact {name}")
    if services.evidence is None:
        raise Unavailable("no recordings are kept here")
    whole = wanted.numbers == "whole"
    confidential = is_confidential(found, services.mirror.state)
    may = not (whole and confidential) or not asked.roles.isdisjoint(REVEALS_CONFIDENTIAL)
    asked.note(tenant=str(found.get("tenant") or ""))
    if not may:
        raise Forbidden(f"the citizen asked for confidence: {', '.join(sorted(REVEALS_CONFIDENTIAL))} only")
    shown = for_evidence(str(found.get("number") or ""), whole=whole)
    made = await services.evidence.make(name, by=asked.principal.user, purpose=wanted.purpose, whole=whole, shown=shown)
    headers = {"Content-Type": "application/zip", "Content-Disposition": 'attachment; filename="evidence.zip"'}
    return Answer(Stream(made.pieces(), made.size), headers=headers)
