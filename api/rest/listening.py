"""Listening: asked for, approved or refused by somebody else, switched, ended, noted; what goes on and what was.

Who may listen to whom is the centre's to say, by its rules; here is only what is of another tenant.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from api.masking import all_masked
from api.rest.bodies import Id, Short, Text, check_offset
from api.rest.endpoint import Answer, Asked
from api.rights import oversees, watches_all_listening
from api.views import ListeningView, listening_views
from messages import requests
from messages.errors import Forbidden, NotFound
from messages.ids import AgentId, CallId, Phone, QueueId, SessionId
from messages.values import ListeningMode
from supervision.listening import Listening


class ListeningBody(msgspec.Struct, frozen=True, kw_only=True):
    """What to listen to: a call, an agent's calls, or a queue's next one; why; from which phone (one's own seat's where
    none is named)."""

    call: Id | None = None
    agent: Id | None = None
    queue: Id | None = None
    purpose: Text
    phone: Short = ""
    mode: ListeningMode = ListeningMode.LISTEN


class ListeningModeBody(msgspec.Struct, frozen=True, kw_only=True):
    """How to go on listening."""

    mode: ListeningMode


class RefuseBody(msgspec.Struct, frozen=True, kw_only=True):
    """Why somebody may not listen."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class ListeningNoteBody(msgspec.Struct, frozen=True, kw_only=True):
    """What one noted on what one heard."""

    note: Annotated[str, msgspec.Meta(min_length=1, max_length=4000)]


class ListeningAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The session that is being set up, and the operation that tells what becomes of it."""

    session: str
    operation: str


class ListeningList(msgspec.Struct, frozen=True, kw_only=True):
    """The sessions that run, wait, or are being set up."""

    items: list[ListeningView]


class PastSessionsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which sessions, by the instant they were asked for (a foreign one's: began) in [from, to); `cursor` is the `next`
    of the page before."""

    since: datetime | None = msgspec.field(name="from", default=None)
    until: datetime | None = msgspec.field(name="to", default=None)
    by: Short | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=400)] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 100


class PastSessionsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A page, newest first, each session with what it `heard`; `next` is null at the end."""

    items: list[dict[str, Any]]
    next: str | None = None


async def list_listening(asked: Asked) -> Answer:
    """Return the listening sessions that run, wait for a call or for approval, or are being set up."""
    services = asked.services
    return Answer(ListeningList(items=listening_views(services.mirror.state, services.scope, asked.principal)))


async def list_past_sessions(asked: Asked) -> Answer:
    """Return a page of sessions past and present, with each call heard, and the notes; leaders see their own."""
    query: PastSessionsQuery = asked.query
    check_offset(since=query.since, until=query.until)
    wanted = msgspec.structs.asdict(query) | {"tenant": asked.principal.tenant or None}
    if not watches_all_listening(asked.principal):
        wanted |= {"by": asked.principal.user, "tenant": None}
    found, cursor = await asked.services.history.listening(**wanted)
    return Answer(PastSessionsAnswer(items=all_masked(found), next=cursor or None))


async def start_listening(asked: Asked) -> Answer:
    """Listen to a call, to an agent call after call, or to a queue's next one, once somebody approves where the rules
    want it; the operation tells what becomes of it."""
    body: ListeningBody = asked.body
    _check_target(asked, body)
    reply = await asked.decide(
        requests.StartListening(
            by=asked.principal.user,
            call=CallId(body.call) if body.call else None,
            agent=AgentId(body.agent) if body.agent else None,
            queue=QueueId(body.queue) if body.queue else None,
            phone=Phone(body.phone or _own_phone(asked)),
            purpose=body.purpose,
            mode=body.mode,
            roles=asked.principal.roles,
            tenant=asked.principal.tenant,
        )
    )
    where = {"Location": f"/api/v1/operations/{reply.operation}"}
    return Answer(ListeningAnswer(session=reply.id, operation=reply.operation), 202, where)


async def switch_listening(asked: Asked) -> Answer:
    """Go on in another mode in one's own session; the operation tells when Asterisk has."""
    body: ListeningModeBody = asked.body
    session = _session(asked)
    if session.by != asked.principal.user:
        raise Forbidden("that session is somebody else's")
    reply = await asked.decide(requests.SwitchListening(by=asked.principal.user, session=session.id, mode=body.mode))
    where = {"Location": f"/api/v1/operations/{reply.operation}"}
    return Answer(ListeningAnswer(session=reply.id, operation=reply.operation), 202, where)


async def stop_listening(asked: Asked) -> Answer:
    """End a session, or take one's request back: one's own, or any for a supervisor."""
    session = _session(asked)
    if session.by != asked.principal.user and not oversees(asked.principal):
        raise Forbidden("that session is somebody else's")
    await asked.decide(requests.StopListening(by=asked.principal.user, session=session.id))
    return Answer(ListeningAnswer(session=session.id, operation=session.operation or ""), 202)


async def approve_listening(asked: Asked) -> Answer:
    """Let somebody else listen who asked to; the listener's phone is rung."""
    session = _session(asked)
    request = requests.DecideListening(by=asked.principal.user, session=session.id, approved=True)
    asked.note(purpose=session.purpose)
    await asked.decide(request)
    return Answer(None, 204)


async def refuse_listening(asked: Asked) -> Answer:
    """Do not let somebody listen who asked to, for a reason."""
    session, body = _session(asked), asked.body
    said: RefuseBody = body
    request = requests.DecideListening(by=asked.principal.user, session=session.id, approved=False, reason=said.reason)
    await asked.decide(request)
    return Answer(None, 204)


async def write_note(asked: Asked) -> Answer:
    """Keep a note on a session of one's own, while it runs or afterwards; written again, the last counts."""
    name, body = SessionId(asked.path["session"]), asked.body
    said: ListeningNoteBody = body
    live = asked.services.mirror.state.listening.get(name)
    kept = None if live else await asked.services.history.listening_session(name)
    if live is None and kept is None:
        raise NotFound(f"no listening session {name}")
    by = live.by if live else (kept or {}).get("by")
    if by != asked.principal.user:
        raise NotFound(f"no listening session {name} of yours")
    await asked.decide(requests.WriteListeningNote(by=asked.principal.user, session=name, note=said.note))
    return Answer(None, 204)


def _session(asked: Asked) -> Listening:
    """Return a session that runs. Raises NotFound, also for one that is another tenant's."""
    name = SessionId(asked.path["session"])
    session = asked.services.mirror.state.listening.get(name)
    if session is None or not asked.services.scope.has_session(asked.principal, session):
        raise NotFound(f"no listening session {name}")
    _note_call(asked, session.call)
    return session


def _note_call(asked: Asked, name: CallId | None) -> None:
    """Have the audit name the contact."""
    call = asked.services.mirror.state.calls.get(name) if name else None
    if call is not None:
        asked.note(contact=call.contact, tenant=call.tenant)


def _check_target(asked: Asked, body: ListeningBody) -> None:
    """Raise NotFound for what is of another tenant; what is not there is the centre's to say."""
    state, scope, principal = asked.services.mirror.state, asked.services.scope, asked.principal
    call = state.calls.get(CallId(body.call or ""))
    agent = state.roster.by_id.get(AgentId(body.agent or ""))
    queue = state.queues.get(QueueId(body.queue or ""))
    if call is not None and not scope.has_call(principal, call):
        raise NotFound(f"no live call {body.call}")
    _note_call(asked, call.id if call else None)
    if agent is not None and not scope.has_agent(principal, agent):
        raise NotFound(f"no agent {body.agent}")
    if queue is not None and not scope.has_queue(principal, queue):
        raise NotFound(f"no queue {body.queue}")


def _own_phone(asked: Asked) -> str:
    agent = asked.services.mirror.state.roster.by_id.get(asked.principal.agent) if asked.principal.agent else None
    return agent.phone if agent else ""
