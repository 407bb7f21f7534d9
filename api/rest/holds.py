"""Legal holds: a contact's recordings stay, whatever the rules on how long they are kept."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from api.ports import Holds
from api.rest.endpoint import Answer, Asked
from messages.errors import NotFound, Unavailable
from messages.ids import ContactId
from messages.masking import scrubbed
from recording.holds import Hold


class HoldBody(msgspec.Struct, frozen=True, kw_only=True):
    """Why; it stands in the audit."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=400)]


class HoldQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Why it ends; it stands in the audit."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=400)]


async def hold_contact(asked: Asked) -> Answer:
    """Let nothing remove a contact's recordings; held already, the first hold stays."""
    found, holds = await _contact(asked)
    body: HoldBody = asked.body
    held = await holds.hold(found["contact"], body.reason, asked.principal.user)
    return _shown(held)


async def release_contact(asked: Asked) -> Answer:
    """End a hold: the rules on how long recordings are kept count again."""
    found, holds = await _contact(asked)
    query: HoldQuery = asked.query
    if not await holds.release(found["contact"], query.reason):
        raise NotFound("the contact is not held")
    return Answer(None, 204)


async def get_hold(asked: Asked) -> Answer:
    """Return a contact's hold."""
    found, holds = await _contact(asked)
    held: Hold | None = await holds.of(found["contact"])
    if held is None:
        raise NotFound("the contact is not held")
    return _shown(held)


def _shown(held: Hold) -> Answer:
    return Answer(msgspec.structs.replace(held, reason=scrubbed(held.reason)))


async def _contact(asked: Asked) -> tuple[dict[str, Any], Holds]:
    name, holds = ContactId(asked.path["contact"]), asked.services.holds
    found = await asked.services.history.contact(name)
    if found is None or not asked.services.scope.has_kept(asked.principal, found):
        raise NotFound(f"no contact {name}")
    asked.note(tenant=str(found.get("tenant") or ""))
    if holds is None:
        raise Unavailable("no recordings are kept here")
    return dict(found), holds
