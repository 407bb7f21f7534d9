"""Citizens' numbers: kept in confidence, revealed for a purpose, and the audit of who had one revealed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from api.masking import all_masked, is_confidential
from api.rest.bodies import Short, check_offset
from api.rest.contacts import check_there, number_of
from api.rest.endpoint import Answer, Asked
from api.rights import REVEALS_CONFIDENTIAL
from messages import requests
from messages.errors import Forbidden, Invalid, NotFound, Unavailable
from messages.ids import ContactId


class RevealBody(msgspec.Struct, frozen=True, kw_only=True):
    """What the number is needed for; it stands in the audit."""

    purpose: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class RevealAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The whole number."""

    number: str


class AuditQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries, by their instant in [from, to); `cursor` is the `next` of the page before."""

    since: datetime | None = msgspec.field(name="from", default=None)
    until: datetime | None = msgspec.field(name="to", default=None)
    by: Short | None = None
    action: Short | None = None
    contact: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    cursor: Short = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 100


class AuditAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A page, newest first; `next` is null at the end."""

    items: list[dict[str, Any]]
    next: str | None = None


async def mark_confidential(asked: Asked) -> Answer:
    """Show the contact's number to nobody from now on; the agents of the contact may, and supervisors."""
    name = ContactId(asked.path["contact"])
    await check_there(asked, name)
    kept = await asked.services.history.contact(name)
    if kept is None or not kept.get("confidential"):
        await asked.decide(requests.MarkConfidential(by=asked.principal.user, contact=name))
    return Answer(None, 204)


async def reveal(asked: Asked) -> Answer:
    """Return a contact's whole number; that it was asked for, and why, is audited first."""
    name, body = ContactId(asked.path["contact"]), asked.body
    wanted: RevealBody = body
    if not wanted.purpose.strip():
        raise Invalid("purpose: say what the number is needed for")
    state = asked.services.mirror.state
    number = await number_of(asked, name)
    kept = await asked.services.history.contact(name) or {"contact": name}
    live = next((call for call in state.calls.values() if call.contact == name), None)
    confidential = is_confidential(kept, state) or (live is not None and state.is_confidential(live.about))
    may = not confidential or not asked.roles.isdisjoint(REVEALS_CONFIDENTIAL)
    tenant = kept.get("tenant", live.tenant if live else "")
    asked.note(about="confidential" if confidential else "", tenant=tenant)
    if not may:
        raise Forbidden(f"the citizen asked for confidence: {', '.join(sorted(REVEALS_CONFIDENTIAL))} only")
    if not number:
        raise NotFound("the call came without a number")
    return Answer(RevealAnswer(number=number), headers={"Cache-Control": "no-store"})


async def list_audit(asked: Asked) -> Answer:
    """Return a page of the audit; of one's tenant, where one has one."""
    query: AuditQuery = asked.query
    check_offset(since=query.since, until=query.until)
    wanted = msgspec.structs.asdict(query) | {"tenant": asked.principal.tenant or None}
    if asked.services.audit is None:
        raise Unavailable("there is no audit here")
    found, cursor = await asked.services.audit.entries(**wanted)
    return Answer(AuditAnswer(items=all_masked(found), next=cursor or None))
