"""Contacts: whom we spoke to, or should have."""

from datetime import datetime

from messages.events.event import Event
from messages.ids import AgentId, CallId, ContactId, LabelId, NodeId, OperationId, QueueId, UserId
from messages.values import ContactOutcome, Direction, Refusal, Source


class ContactArrived(Event, frozen=True, kw_only=True, tag="contact.arrived"):
    """A citizen reached us, or we dial one (`out`). `number` is as the trunk gave it and never changes."""

    contact: ContactId
    call: CallId
    node: NodeId
    number: str
    did: str
    occurred: datetime
    linkedid: str = ""
    tenant: str = ""
    direction: Direction = Direction.IN
    about: ContactId | None = None
    """The contact that an outbound call is about."""
    unit: str = ""
    """The unit that called the citizen about a case."""
    source: Source = Source.LIVE
    """`backfill`: Asterisk's logs told us later."""
    confidential: bool = False
    label: LabelId | None = None
    """The label of the caller's number that is in force."""
    operation: OperationId | None = None
    """What dials the citizen where no agent does."""


class ContactBlocked(Event, frozen=True, kw_only=True, tag="contact.blocked"):
    """A queue did not take the call: it is full or closed, or the burst that the call is part of is deflected."""

    contact: ContactId
    call: CallId
    queue: QueueId
    occurred: datetime
    why: Refusal
    outcome: ContactOutcome


class ContactEnded(Event, frozen=True, kw_only=True, tag="contact.ended"):
    """The citizen's call is over; exactly one per contact. `source`: whose word that is."""

    contact: ContactId
    call: CallId
    outcome: ContactOutcome
    occurred: datetime
    by_citizen: bool = True
    queue: QueueId | None = None
    agent: AgentId | None = None
    source: Source = Source.LIVE


class ContactLinked(Event, frozen=True, kw_only=True, tag="contact.linked"):
    """The case system tied a case to the contact."""

    contact: ContactId
    case_no: str
    by: UserId
    valid: bool | None = None
    category: str = ""
    area: str = ""
    summary: str = ""


class ContactConfidential(Event, frozen=True, kw_only=True, tag="contact.confidential"):
    """The citizen asks for confidence: from now on nobody is shown the number, whatever it is part of."""

    contact: ContactId
    by: UserId
    call: CallId | None = None
    agent: AgentId | None = None


class ContactWrappedUp(Event, frozen=True, kw_only=True, tag="contact.wrapped_up"):
    """The agent's code and note on the contact."""

    contact: ContactId
    by: UserId
    code: str
    note: str = ""


class MessageLeft(Event, frozen=True, kw_only=True, tag="contact.message_left"):
    """The emergency script took the call, or a flow a message; `recording`: its file, empty where there is none.

    `call` and `seconds` (how long it is) are known of a flow's.
    """

    contact: ContactId
    number: str
    did: str
    occurred: datetime
    recording: str = ""
    reason: str = ""
    call: CallId | None = None
    seconds: float = 0.0
