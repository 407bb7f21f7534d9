"""What the case system reports: steps of cases, and contacts that came on other channels than the telephone."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

import msgspec

from api.rest.bodies import Text, check_offset
from api.rest.endpoint import Answer, Asked
from messages import requests
from messages.errors import Conflict, Forbidden
from messages.ids import ContactId
from messages.values import CaseStep, UnitKind


class ContactBody(msgspec.Struct, frozen=True, kw_only=True):
    """A contact that was no call. `id`: the channel's own for it; with it, the same again changes nothing."""

    channel: Text
    id: Text = ""
    number: Text = ""
    at: datetime | None = None


class ContactAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The contact's id: cases are tied to it as to a call's."""

    contact: str


class CaseEventBody(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a case. `id`: the case system's own; `misdirected`: the unit was the wrong one."""

    id: Text
    type: CaseStep
    at: datetime
    due_at: datetime | None = None
    unit: Text = ""
    unit_kind: UnitKind | None = None
    misdirected: bool = False
    satisfied: bool | None = None


class CaseEventsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What was reported of a case, in order."""

    items: list[dict[str, Any]]


async def note_contact(asked: Asked) -> Answer:
    """Keep a contact of another channel (WeChat, a web form): counted beside calls, never as one."""
    body: ContactBody = asked.body
    check_offset(at=body.at)
    principal, services = asked.principal, asked.services
    name = ContactId(f"{body.channel.strip().lower()}-{body.id or secrets.token_hex(8)}")
    kept = await services.history.contact(name) if body.id else None
    if kept is not None and not services.scope.has_kept(principal, kept):
        raise Conflict("there is another contact with that id")
    if kept is None:
        await asked.decide(
            requests.NoteContact(
                by=principal.user,
                contact=name,
                channel=body.channel,
                number=body.number,
                occurred=body.at or services.clock(),
                tenant=principal.tenant,
            )
        )
    return Answer(ContactAnswer(contact=name), 201)


async def report_case(asked: Asked) -> Answer:
    """Keep a step of a case; the same id again changes nothing, the same id for something else is refused."""
    body: CaseEventBody = asked.body
    check_offset(at=body.at, due_at=body.due_at)
    principal, case_no = asked.principal, asked.path["case_no"]
    told = {(one["id"]): one for one in await asked.services.history.case_events(case_no)}
    if earlier := told.get(body.id):
        if principal.tenant not in ("", earlier["tenant"]):
            raise Forbidden("that case is another line's")
        if any(earlier[_KEPT_AS.get(name, name)] != value for name, value in msgspec.structs.asdict(body).items()):
            raise Conflict(f"{body.id} was reported before, as something else; give what follows another id")
        return Answer(None, 204)
    await asked.decide(
        requests.ReportCase(
            by=principal.user,
            case_no=case_no,
            id=body.id,
            step=body.type,
            occurred=body.at,
            tenant=principal.tenant,
            due_at=body.due_at,
            unit=body.unit,
            unit_kind=body.unit_kind,
            misdirected=body.misdirected,
            satisfied=body.satisfied,
        )
    )
    return Answer(None, 204)


_KEPT_AS = {"type": "step"}


async def list_case_events(asked: Asked) -> Answer:
    """Return what was reported of a case, in order."""
    tenant = asked.principal.tenant
    found = await asked.services.history.case_events(asked.path["case_no"])
    return Answer(CaseEventsAnswer(items=[one for one in found if tenant in ("", one["tenant"])]))
