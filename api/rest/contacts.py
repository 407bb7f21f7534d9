"""Contacts: past and present, their cases and notes, and what is known of a caller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from api.masking import is_confidential, seen
from api.rest.bodies import (
    CaseBody,
    ContactsAnswer,
    ContactsQuery,
    LookupAnswer,
    LookupBody,
    WrapUpBody,
    check_offset,
)
from api.rest.endpoint import Answer, Asked
from messages import requests
from messages.errors import Forbidden, NotFound
from messages.ids import ContactId
from messages.values import Role

OWN_ONLY = frozenset({Role.AGENT})
MAY_KNOW_LISTENING = frozenset({Role.SUPERVISOR, Role.LEADER, Role.AUDITOR, Role.ADMIN})
LOOKED_UP = 20


async def list_contacts(asked: Asked) -> Answer:
    """Return a page of contacts, newest arrivals as the history orders them; agents see their own."""
    query: ContactsQuery = asked.query
    check_offset(since=query.since, until=query.until)
    wanted = msgspec.structs.asdict(query) | {"tenant": asked.principal.tenant or None}
    if _own_only(asked):
        wanted["agent"] = asked.principal.agent or ""
    found, cursor = await asked.services.history.contacts(**wanted)
    return Answer(ContactsAnswer(items=[_seen(one, asked) for one in found], next=cursor or None))


async def get_contact(asked: Asked) -> Answer:
    """Return a contact with its legs, cases, recordings and wrap-up, and who listened for those who may know."""
    name = ContactId(asked.path["contact"])
    found = await asked.services.history.contact(name)
    if found is None or not asked.services.scope.has_kept(asked.principal, found):
        raise NotFound(f"no contact {name}")
    if _own_only(asked) and not await had_part(asked, name):
        raise Forbidden("agents see their own contacts")
    shown = _seen(found, asked)
    if asked.roles.isdisjoint(MAY_KNOW_LISTENING):
        shown.pop("listening", None)
    return Answer(shown)


async def link_case(asked: Asked) -> Answer:
    """Tie a case to a contact, or tell more of it; the same again changes nothing."""
    name, body = ContactId(asked.path["contact"]), asked.body
    await check_there(asked, name)
    case: CaseBody = body
    await asked.decide(
        requests.LinkCase(
            by=asked.principal.user,
            contact=name,
            case_no=asked.path["case_no"],
            valid=case.valid,
            category=case.category,
            area=case.area,
            summary=case.summary,
        )
    )
    return Answer(None, 204)


async def write_wrap_up(asked: Asked) -> Answer:
    """Keep the code and note on a contact; written again, the last counts."""
    name = ContactId(asked.path["contact"])
    body: WrapUpBody = asked.body
    await check_there(asked, name)
    await asked.decide(requests.WriteWrapUp(by=asked.principal.user, contact=name, code=body.code, note=body.note))
    return Answer(None, 204)


async def look_up(asked: Asked) -> Answer:
    """Return what is known of a number; a confidential contact is not found by it: that would tell whose it is."""
    body: LookupBody = asked.body
    state = asked.services.mirror.state
    recent = await asked.services.history.recent_contacts(body.number, LOOKED_UP)
    ours = [one for one in recent if asked.services.scope.has_kept(asked.principal, one)]
    found = [one for one in ours if not is_confidential(one, state)]
    cases = sorted({str(case) for one in found for case in one.get("cases", ())})
    shown = [_seen(one, asked) for one in found]
    return Answer(LookupAnswer(recent_contacts=shown, cases=cases, repeat=bool(ours)))


def _own_only(asked: Asked) -> bool:
    return asked.roles <= OWN_ONLY


async def check_there(asked: Asked, contact: ContactId, *, own_only: bool = True) -> None:
    """Raise NotFound for a contact nobody knows or of another tenant, Forbidden for one the agent had no part in."""
    if not await _is_there(asked, contact):
        raise NotFound(f"no contact {contact}")
    if own_only and _own_only(asked) and not await had_part(asked, contact):
        raise Forbidden("agents write on their own contacts")


async def _is_there(asked: Asked, contact: ContactId) -> bool:
    scope, principal = asked.services.scope, asked.principal
    if asked.services.recall.agents_of(contact) is not None:
        return scope.has_recent(principal, contact)
    kept = await asked.services.history.contact(contact)
    return kept is not None and scope.has_kept(principal, kept)


async def had_part(asked: Asked, contact: ContactId) -> bool:
    """Tell whether the agent was offered the contact: a recent one from memory, an old one from what is kept."""
    agents = asked.services.recall.agents_of(contact)
    if agents is not None and asked.principal.agent in agents:
        return True
    kept = await asked.services.history.contact(contact) or {}
    return any(one.get("agent") == asked.principal.agent for one in (kept, *kept.get("legs", ())))


async def number_of(asked: Asked, contact: ContactId) -> str:
    """Return the number of a contact that is kept, or live and not yet kept. Raises NotFound, Forbidden."""
    await check_there(asked, contact)
    if kept := await asked.services.history.contact(contact):
        return str(kept["number"])
    return next((call.number for call in asked.services.mirror.state.calls.values() if call.contact == contact), "")


def _seen(found: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    return seen(found, asked.principal, asked.services.mirror.state)
