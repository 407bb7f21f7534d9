"""Calls back: who is owed one, asking for one, dialling one, and closing one by hand."""

from __future__ import annotations

from datetime import datetime

import msgspec

from api.masking import shown
from api.rest.bodies import Id, Text, check_offset
from api.rest.call_bodies import OperationAnswer
from api.rest.calls import started
from api.rest.contacts import number_of
from api.rest.endpoint import Answer, Asked
from api.rest.seats import own_seat
from api.rights import WATCHERS
from calls.callback import Callback
from messages import requests
from messages.errors import Forbidden, NotFound
from messages.ids import CallbackId, ContactId, QueueId
from messages.values import Asker, CallbackKind, Role

SEE_ALL = WATCHERS | {Role.CASE_SYSTEM}


class CallbackView(msgspec.Struct, frozen=True, kw_only=True):
    """A citizen who is owed a call; `agent` is who calls back now, None where the citizen is rung without one.

    `by`: who asks in a revisit.
    """

    id: str
    kind: CallbackKind
    number: str
    tenant: str
    case_no: str
    by: Asker
    queue: str
    due_at: datetime
    waits: bool
    attempts: int
    contacts: tuple[str, ...]
    confidential: bool
    agent: str | None
    operation: str | None


class CallbacksAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Those that are open, the first due first."""

    items: list[CallbackView]


class CallbackBody(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to call back: a number, or, left out, that of a `contact`; through `queue`; not before `due_at`."""

    number: Id = ""
    queue: Id = ""
    contact: Id | None = None
    due_at: datetime | None = None


class CallbackAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The call back that was noted, or that the number was owed already."""

    id: str


class CloseBody(msgspec.Struct, frozen=True, kw_only=True):
    """Why no call is owed any more."""

    reason: Text


async def list_callbacks(asked: Asked) -> Answer:
    """Return who is owed a call: all, or those of an agent's own queues."""
    seen = [one for one in asked.services.mirror.state.callbacks.values() if sees(asked, one)]
    seen.sort(key=lambda one: (one.due_at, one.id))
    return Answer(CallbacksAnswer(items=[_view(asked, one) for one in seen]))


async def ask_callback(asked: Asked) -> Answer:
    """Have a number called back; one that is owed a call already stays one task."""
    body: CallbackBody = asked.body
    check_offset(due_at=body.due_at)
    tenant = asked.services.mirror.state.tenant_of(QueueId(body.queue))
    if not asked.services.scope.may_reach(asked.principal, tenant):
        raise Forbidden("calls back go through your own line's queues, or the city's")
    reply = await asked.decide(
        requests.AskCallback(
            by=asked.principal.user,
            number=body.number or (await number_of(asked, ContactId(body.contact)) if body.contact else ""),
            queue=QueueId(body.queue),
            contact=ContactId(body.contact) if body.contact else None,
            due_at=body.due_at,
        )
    )
    return Answer(CallbackAnswer(id=reply.id), 201)


async def dial_callback(asked: Asked) -> Answer:
    """Call a citizen back from one's own seat, now."""
    callback, agent = _callback(asked), own_seat(asked)
    reply = await asked.decide(requests.DialCallback(by=asked.principal.user, callback=callback.id, agent=agent))
    return started(OperationAnswer(operation=reply.operation, agent=agent))


async def close_callback(asked: Asked) -> Answer:
    """Close a call back that is no longer owed, for a reason."""
    callback, body = _callback(asked), asked.body
    said: CloseBody = body
    asked.note(tenant=callback.tenant)
    await asked.decide(requests.CloseCallback(by=asked.principal.user, callback=callback.id, reason=said.reason))
    return Answer(None, 204)


def _callback(asked: Asked) -> Callback:
    """Return the open call back that the address names. Raises NotFound, also for one the asker may not see."""
    name = CallbackId(asked.path["callback"])
    callback = asked.services.mirror.state.callbacks.get(name)
    if callback is None or not sees(asked, callback):
        raise NotFound(f"no open call back {name}")
    return callback


def sees(asked: Asked, callback: Callback) -> bool:
    """Tell whether the asker may see a call back: of their line, or of a queue they serve."""
    if not asked.roles.isdisjoint(SEE_ALL):
        return asked.principal.tenant in ("", callback.tenant)
    roster = asked.services.mirror.state.roster.by_id
    own = roster.get(asked.principal.agent) if asked.principal.agent else None
    return own is not None and callback.queue in own.queues


def _view(asked: Asked, callback: Callback) -> CallbackView:
    return CallbackView(
        id=callback.id,
        kind=callback.kind,
        number=shown(callback.number, asked.principal, confidential=callback.confidential),
        tenant=callback.tenant,
        case_no=callback.case_no,
        by=callback.asker,
        queue=callback.queue,
        due_at=callback.due_at,
        waits=callback.waits,
        attempts=callback.attempts,
        contacts=callback.contacts,
        confidential=callback.confidential,
        agent=callback.agent,
        operation=callback.operation,
    )
