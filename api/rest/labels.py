"""Labels of nuisance callers: proposed with evidence, decided by somebody else, revoked; each act is audited."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from api.masking import shown, shown_text
from api.rest.bodies import Id
from api.rest.contacts import check_there, number_of
from api.rest.endpoint import Answer, Asked
from calls.label import Label
from messages import requests
from messages.errors import Invalid, NotFound
from messages.ids import ContactId, LabelId
from messages.values import LabelKind

Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class ProposeBody(msgspec.Struct, frozen=True, kw_only=True):
    """Which contacts show it, all of one caller, whose number is labelled; as what, and why."""

    contacts: Annotated[list[Id], msgspec.Meta(min_length=1, max_length=50)]
    kind: LabelKind
    reason: Reason


class ApproveBody(msgspec.Struct, frozen=True, kw_only=True):
    """For how many days; as many as the settings allow where it is left out."""

    days: Annotated[int, msgspec.Meta(ge=1, le=3650)] | None = None


class BecauseBody(msgspec.Struct, frozen=True, kw_only=True):
    """Why."""

    reason: Reason


class LabelView(msgspec.Struct, frozen=True, kw_only=True):
    """A label that is proposed (`approved_by` null) or in force; `until`: when it ends by itself."""

    id: str
    kind: LabelKind
    number: str
    tenant: str
    reason: str
    evidence: tuple[str, ...]
    proposed_by: str
    proposed_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    until: datetime
    confidential: bool


class LabelsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Those that are proposed or in force, the first to end first."""

    items: list[LabelView]


class ProposedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The label that is proposed."""

    id: str


async def list_labels(asked: Asked) -> Answer:
    """Return the labels that are proposed or in force; those that have ended are exported."""
    ours = [one for one in asked.services.mirror.state.labels.values() if _is_ours(asked, one)]
    ours.sort(key=lambda one: (one.until, one.id))
    return Answer(LabelsAnswer(items=[_view(asked, one) for one in ours]))


async def propose_label(asked: Asked) -> Answer:
    """Have a caller labelled; agents name contacts of their own. It has no effect until somebody else approves."""
    body: ProposeBody = asked.body
    callers = {await _caller(asked, ContactId(contact)) for contact in body.contacts}
    if len(callers) != 1:
        raise Invalid("contacts: all of one caller, on one line")
    [(number, tenant)] = callers
    request = requests.ProposeLabel(
        by=asked.principal.user,
        number=number,
        tenant=tenant,
        kind=body.kind,
        reason=body.reason,
        evidence=tuple(map(ContactId, body.contacts)),
    )
    asked.note(tenant=tenant, contact=ContactId(body.contacts[0]))
    reply = await asked.decide(request)
    asked.note(about=f"label {reply.id}, kind {body.kind}")
    return Answer(ProposedAnswer(id=reply.id), 201)


async def approve_label(asked: Asked) -> Answer:
    """Put a label in force, until it expires; whoever proposed it may not."""
    label, body = _label(asked), asked.body
    said: ApproveBody = body
    request = requests.ApproveLabel(by=asked.principal.user, label=label.id, days=said.days)
    await asked.decide(request)
    return Answer(None, 204)


async def refuse_label(asked: Asked) -> Answer:
    """Do not label, for a reason."""
    label, body = _label(asked), asked.body
    said: BecauseBody = body
    request = requests.RefuseLabel(by=asked.principal.user, label=label.id, reason=said.reason)
    await asked.decide(request)
    return Answer(None, 204)


async def revoke_label(asked: Asked) -> Answer:
    """End a label before its time, or take a proposal back, for a reason."""
    label, body = _label(asked), asked.body
    said: BecauseBody = body
    request = requests.RevokeLabel(by=asked.principal.user, label=label.id, reason=said.reason)
    await asked.decide(request)
    return Answer(None, 204)


async def _caller(asked: Asked, contact: ContactId) -> tuple[str, str]:
    """Return the number and the tenant of a contact that the asker may name as evidence."""
    await check_there(asked, contact)
    number = await number_of(asked, contact)
    if kept := await asked.services.history.contact(contact):
        return number, str(kept.get("tenant", ""))
    live = (call.tenant for call in asked.services.mirror.state.calls.values() if call.contact == contact)
    return number, next(live, "")


def _label(asked: Asked) -> Label:
    """Return the label that the address names. Raises NotFound, also for another tenant's."""
    name = LabelId(asked.path["label"])
    label = asked.services.mirror.state.labels.get(name)
    if label is None or not _is_ours(asked, label):
        raise NotFound(f"no label {name} that is proposed or in force")
    asked.note(tenant=label.tenant)
    return label


def _is_ours(asked: Asked, label: Label) -> bool:
    return asked.principal.tenant in ("", label.tenant)


def _view(asked: Asked, label: Label) -> LabelView:
    confidential = label.confidential or asked.services.mirror.state.is_confidential(*label.evidence)
    return LabelView(
        id=label.id,
        kind=label.kind,
        number=shown(label.number, asked.principal, confidential=confidential),
        tenant=label.tenant,
        reason=shown_text(label.reason, asked.principal, confidential=confidential),
        evidence=label.evidence,
        proposed_by=label.proposed_by,
        proposed_at=label.proposed_at,
        approved_by=label.approved_by,
        approved_at=label.approved_at,
        until=label.until,
        confidential=confidential,
    )
