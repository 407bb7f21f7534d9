"""Listening to conversations."""

from datetime import datetime

from messages.events.event import Event
from messages.ids import AgentId, CallId, ContactId, LegId, OperationId, Phone, QueueId, SessionId, UserId
from messages.values import ListeningMode


class ListeningRequested(Event, frozen=True, kw_only=True, tag="listening.requested"):
    """A supervisor asked to hear a call; their phone is rung."""

    session: SessionId
    operation: OperationId
    by: UserId
    phone: Phone
    contact: ContactId
    call: CallId
    leg: LegId
    agent: AgentId | None
    mode: ListeningMode
    purpose: str
    queue: QueueId | None = None


class ListeningEvent(Event, frozen=True, kw_only=True):
    """About a listening session that Asterisk reported."""

    session: SessionId
    contact: ContactId
    call: CallId
    agent: AgentId | None
    by: UserId | None
    occurred: datetime
    queue: QueueId | None = None


class ListeningStarted(ListeningEvent, frozen=True, kw_only=True, tag="listening.started"):
    """The supervisor hears the call; `foreign`: nobody asked us for it."""

    mode: ListeningMode
    foreign: bool = False


class ListeningModeChanged(ListeningEvent, frozen=True, kw_only=True, tag="listening.mode"):
    """The supervisor only hears from here on, or is heard by the agent (whisper), or by both (barge)."""

    mode: ListeningMode
    before: ListeningMode


class ListeningEnded(ListeningEvent, frozen=True, kw_only=True, tag="listening.ended"):
    """The supervisor no longer hears the call, or never did (`failed`)."""

    failed: str = ""
