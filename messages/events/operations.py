"""Operations: what was asked of Asterisk, and what came of it."""

from datetime import datetime

from messages.events.event import Event
from messages.ids import AgentId, CallId, ContactId, LegId, OperationId, QueueId, SessionId, UserId
from messages.values import Target, Verb


class OperationStarted(Event, frozen=True, kw_only=True, tag="operation.started"):
    """Somebody asked for something that Asterisk must carry out; `until`: when it has failed if nothing is heard."""

    operation: OperationId
    verb: Verb
    by: UserId
    until: datetime
    contact: ContactId | None = None
    call: CallId | None = None
    leg: LegId | None = None
    party: LegId | None = None
    agent: AgentId | None = None
    queue: QueueId | None = None
    target: Target | None = None
    """Whom or what it is about: an agent, a queue, an outside number, an emergency service."""
    session: SessionId | None = None
    """The listening session it is about."""
    reason: str = ""
    confidential: bool = False


class OperationDone(Event, frozen=True, kw_only=True, tag="operation.done"):
    """Asterisk carried out what was asked."""

    operation: OperationId
    by: UserId | None = None


class OperationFailed(Event, frozen=True, kw_only=True, tag="operation.failed"):
    """Asterisk could not carry out what was asked."""

    operation: OperationId
    why: str
    by: UserId | None = None
