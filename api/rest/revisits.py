"""Revisits (回访): citizens asked weeks later how satisfied they are with what became of their case."""

from __future__ import annotations

from datetime import datetime

import msgspec

from api.rest.bodies import Id, Text, check_offset
from api.rest.callbacks import CallbackAnswer, CallbacksAnswer, list_callbacks, sees
from api.rest.contacts import check_there
from api.rest.endpoint import Answer, Asked
from messages import requests
from messages.errors import Forbidden, NotFound
from messages.ids import CallbackId, ContactId, QueueId
from messages.values import Asker, CallbackKind


class RevisitBody(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to ask about which case; through `queue`; not before `due_at`; `contact`: the call that the case is from.

    `by`: an agent asks, or a survey by keypad.
    """

    number: Id
    case_no: Id
    queue: str = ""
    contact: Id | None = None
    due_at: datetime | None = None
    by: Asker = Asker.AGENT


class RevisitResultBody(msgspec.Struct, frozen=True, kw_only=True):
    """What the citizen said, and in which call."""

    case_no: Id
    satisfied: bool
    reason: Text = ""
    contact: Id | None = None


async def ask_revisit(asked: Asked) -> Answer:
    """Have a citizen asked about a case; the same case and number again stays one task."""
    body: RevisitBody = asked.body
    check_offset(due_at=body.due_at)
    tenant = asked.services.mirror.state.tenant_of(QueueId(body.queue))
    if not asked.services.scope.may_reach(asked.principal, tenant):
        raise Forbidden("revisits go through your own line's queues, or the city's")
    reply = await asked.decide(
        requests.AskRevisit(
            by=asked.principal.user,
            number=body.number,
            case_no=body.case_no,
            queue=QueueId(body.queue),
            contact=ContactId(body.contact) if body.contact else None,
            due_at=body.due_at,
            asker=body.by,
        )
    )
    return Answer(CallbackAnswer(id=reply.id), 201)


async def list_revisits(asked: Asked) -> Answer:
    """Return the revisits that are still to be made."""
    everybody: CallbacksAnswer = (await list_callbacks(asked)).content
    return Answer(CallbacksAnswer(items=[one for one in everybody.items if one.kind is CallbackKind.REVISIT]))


async def answer_revisit(asked: Asked) -> Answer:
    """Keep what the citizen said; kept again, the last counts."""
    body: RevisitResultBody = asked.body
    _check_ours(asked, CallbackId(asked.path["revisit"]), body.contact)
    if body.contact is not None:
        await check_there(asked, ContactId(body.contact))
    await asked.decide(
        requests.AnswerRevisit(
            by=asked.principal.user,
            revisit=CallbackId(asked.path["revisit"]),
            case_no=body.case_no,
            satisfied=body.satisfied,
            reason=body.reason,
            contact=ContactId(body.contact) if body.contact else None,
            agent=asked.principal.agent,
        )
    )
    return Answer(None, 204)


def _check_ours(asked: Asked, revisit: CallbackId, contact: str | None) -> None:
    """Raise NotFound for a revisit of another tenant; whose one is that is over, only its contact tells."""
    still_open = asked.services.mirror.state.callbacks.get(revisit)
    if still_open is not None and not sees(asked, still_open):
        raise NotFound(f"no revisit {revisit}")
    if still_open is None and contact is None and asked.principal.tenant:
        raise NotFound(f"no open revisit {revisit}; of one that is over, name the contact in which it was said")
