"""Contacts, and what was said of them."""

from datetime import datetime

import msgspec

from messages.ids import AgentId, CallId, ContactId, LabelId, NodeId, QueueId, UserId
from messages.values import CaseStep, ContactOutcome, Direction, Refusal, Source, UnitKind


class ContactRecord(msgspec.Struct, kw_only=True):
    """One citizen's interaction. Instants in UTC, µs. Complete once `ended_at` is set."""

    contact: ContactId
    call: CallId | None = None
    channel: str = "call"
    source: Source = Source.LIVE
    node: NodeId | None = None
    linkedid: str = ""
    number: str = ""
    did: str = ""
    arrived_at: datetime
    noticed: bool = False
    queue: QueueId | None = None
    queued_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: ContactOutcome | None = None
    by_citizen: bool | None = None
    agent: AgentId | None = None
    transferred: bool = False
    by_asterisk: bool = False
    tenant: str = ""
    direction: Direction = Direction.IN
    about: ContactId | None = None
    refused: Refusal | None = None
    """Why a queue did not take or keep it."""
    deflected: bool = False
    """Whether it was told something because of a burst."""
    visits: int = 0
    confidential: bool = False
    confidential_at: datetime | None = None
    menu_s: float = 0.0
    """Seconds in the flow's menus, until it was queued."""
    unit: str = ""
    """The handling unit whose call to the citizen it is."""
    label: LabelId | None = None
    """Of the caller's number, in force when they came."""
    urgent: bool = False
    """Whether the caller, labelled, pressed the key for emergencies."""
    path: str = ""
    """The menus and what was keyed there, numbers masked."""


class ConfidentialRecord(msgspec.Struct, kw_only=True):
    """What is changed of a contact that is over, whose citizen asks for confidence."""

    contact: ContactId
    confidential: bool = True
    confidential_at: datetime


class SurveyRecord(msgspec.Struct, kw_only=True):
    """One question put to a citizen by keypad; without `answered_at` they pressed nothing that means something."""

    contact: ContactId
    question: str
    call: CallId
    queue: QueueId | None = None
    agent: AgentId | None = None
    asked_at: datetime
    answered_at: datetime | None = None
    key: str = ""
    satisfied: bool | None = None


class MessageRecord(msgspec.Struct, kw_only=True):
    """What a flow or the emergency script took down of a contact: a message, or that none was left."""

    contact: ContactId
    number: str
    did: str = ""
    left_at: datetime
    recording: str = ""
    reason: str = ""
    seconds: float = 0.0


class CaseLinkRecord(msgspec.Struct, kw_only=True):
    """A case tied to a contact."""

    contact: ContactId
    case_no: str
    by: UserId
    linked_at: datetime
    valid: bool | None = None
    category: str = ""
    area: str = ""
    summary: str = ""


class CaseEventRecord(msgspec.Struct, kw_only=True):
    """A step of a case, as the case system reported it; `at`: when it was taken, `noted_at`: when we heard of it."""

    case_no: str
    id: str
    step: CaseStep
    at: datetime
    by: UserId
    noted_at: datetime
    tenant: str = ""
    due_at: datetime | None = None
    unit: str = ""
    unit_kind: UnitKind | None = None
    misdirected: bool = False
    satisfied: bool | None = None


class WrapUpRecord(msgspec.Struct, kw_only=True):
    """The agent's code and note on a contact; written again, the last counts."""

    contact: ContactId
    by: UserId
    code: str
    note: str = ""
    written_at: datetime
