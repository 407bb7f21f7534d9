"""Requests: what people and programs ask of the centre. Each is answered from its Outcome or refused."""

import msgspec

from messages.ids import AgentId, CallId, ContactId, Phone, SessionId, UserId
from messages.values import ListeningMode


class Request(msgspec.Struct, frozen=True, kw_only=True, tag_field="request"):
    """Something a signed-in user asks for; `by` is who."""

    by: UserId


class LogIn(Request, frozen=True, kw_only=True, tag="agent.log_in"):
    """Take a seat: the agent is reached at `phone` (their usual one where empty) and is not ready yet."""

    agent: AgentId
    phone: Phone = Phone("")


class LogOut(Request, frozen=True, kw_only=True, tag="agent.log_out"):
    """Leave the seat."""

    agent: AgentId


class GoReady(Request, frozen=True, kw_only=True, tag="agent.ready"):
    """Take calls; ends wrap-up early."""

    agent: AgentId


class GoNotReady(Request, frozen=True, kw_only=True, tag="agent.not_ready"):
    """Take no calls, for a reason; during a call, after it."""

    agent: AgentId
    reason: str


class StartListening(Request, frozen=True, kw_only=True, tag="listening.start"):
    """Listen to a call from the user's phone, for a purpose."""

    call: CallId
    phone: Phone
    purpose: str
    mode: ListeningMode = ListeningMode.LISTEN


class StopListening(Request, frozen=True, kw_only=True, tag="listening.stop"):
    """End a listening session."""

    session: SessionId


class HangUpCall(Request, frozen=True, kw_only=True, tag="call.hang_up"):
    """End a live call."""

    call: CallId


class LinkCase(Request, frozen=True, kw_only=True, tag="contact.link"):
    """A contact became a case, or more was learned of it; the same again changes nothing."""

    contact: ContactId
    case_no: str
    valid: bool | None = None
    category: str = ""
    area: str = ""
    summary: str = ""


class WriteWrapUp(Request, frozen=True, kw_only=True, tag="contact.wrap_up"):
    """What the agent noted about a contact."""

    contact: ContactId
    code: str
    note: str = ""


class Tick(msgspec.Struct, frozen=True, tag="tick", tag_field="request"):
    """A deadline has passed; `now` says which."""
