"""Calls that we dial."""

from datetime import datetime

from messages.events.event import Event
from messages.ids import AgentId, ContactId, LegId, NodeId, OperationId, Phone, UserId


class PreviewShown(Event, frozen=True, kw_only=True, tag="preview.shown"):
    """An agent is shown a number to dial, or to decline, until an instant."""

    operation: OperationId
    agent: AgentId
    by: UserId
    number: str
    until: datetime
    purpose: str = ""
    about: ContactId | None = None
    case_no: str = ""
    unit: str = ""
    confidential: bool = False


class PreviewEnded(Event, frozen=True, kw_only=True, tag="preview.ended"):
    """The agent dials what they were shown, declined it, or let it pass."""

    operation: OperationId
    agent: AgentId
    dialled: bool


class DialledOut(Event, frozen=True, kw_only=True, tag="call.dialled_out"):
    """An agent's phone is rung in order to dial a number; without an agent, it is the citizen's own that rings."""

    operation: OperationId
    leg: LegId
    agent: AgentId | None
    by: UserId
    phone: Phone
    node: NodeId
    number: str
    caller_id: str
    ring_until: datetime
    purpose: str = ""
    about: ContactId | None = None
    case_no: str = ""
    """The case it is about."""
    unit: str = ""
    """The unit that calls the citizen about it."""
    confidential: bool = False


class DialOutEnded(Event, frozen=True, kw_only=True, tag="call.dial_out_ended"):
    """An outbound call ended before there was a citizen's channel."""

    operation: OperationId
    leg: LegId
    agent: AgentId | None
    why: str
