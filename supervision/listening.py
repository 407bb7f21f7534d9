"""A listening session: who hears whom, why, and how far it has come."""

from datetime import datetime

import msgspec

from messages.errors import Invalid
from messages.ids import AgentId, CallId, ContactId, LegId, NodeId, OperationId, QueueId, SessionId, UserId
from messages.values import ListeningMode


class Listening(msgspec.Struct, kw_only=True):
    """A session from its request (or, if foreign, from Asterisk's report) to its end."""

    id: SessionId
    by: UserId | None
    operation: OperationId | None
    node: NodeId
    contact: ContactId
    call: CallId
    leg: LegId
    agent: AgentId | None
    queue: QueueId | None
    mode: ListeningMode
    purpose: str
    started_at: datetime | None = None

    def __repr__(self) -> str:
        return f"<Listening {self.id}: {self.by or 'foreign'} hears {self.agent} on {self.call}>"


MAX_PURPOSE = 500


def check_purpose(purpose: str) -> str:
    """Return the purpose, trimmed. Raises Invalid if there is none: nobody listens without saying why."""
    text = purpose.strip()
    if not text:
        raise Invalid("purpose: say why you listen; the session is logged with it")
    if len(text) > MAX_PURPOSE:
        raise Invalid(f"purpose: at most {MAX_PURPOSE} characters")
    return text
