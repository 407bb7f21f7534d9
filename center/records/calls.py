"""The parts of a call: queues, legs, operations, third parties, recordings; and bursts of calls."""

from datetime import datetime

import msgspec

from messages.ids import AgentId, CallId, ContactId, LegId, OperationId, Phone, QueueId, RecordingId, UserId
from messages.values import ContactOutcome, LegEnd, LegKind, Refusal, Source, Verb


class VisitRecord(msgspec.Struct, kw_only=True):
    """One contact at one queue: what the queue's own ledger is made of. `joined`: false if refused at the door.

    For each queue, asked = refused at the door + joined, and joined = the sum over outcomes + those still there.
    """

    contact: ContactId
    n: int
    call: CallId
    queue: QueueId
    tenant: str = ""
    asked_at: datetime
    joined: bool = True
    transferred: bool = False
    position: int = 0
    estimated_s: float | None = None
    left_at: datetime | None = None
    outcome: ContactOutcome | None = None
    agent: AgentId | None = None
    refused: Refusal | None = None
    to: QueueId | None = None
    source: Source = Source.LIVE


class LegRecord(msgspec.Struct, kw_only=True):
    """One party's part in a contact, an offer that came to nothing included."""

    leg: LegId
    contact: ContactId
    call: CallId
    queue: QueueId | None = None
    agent: AgentId | None = None
    phone: Phone = Phone("")
    queued_at: datetime | None = None
    offered_at: datetime
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    end: LegEnd | None = None
    held_since: datetime | None = None
    hold_s: float = 0.0
    holds: int = 0
    transferred_to: str = ""
    wrap_up_until: datetime | None = None
    wrap_up_s: float | None = None
    role: LegKind = LegKind.AGENT
    operation: OperationId | None = None
    consulted_at: datetime | None = None
    source: Source = Source.LIVE


class OperationRecord(msgspec.Struct, kw_only=True):
    """Something a person had done with a call: who, what, why, and how it went."""

    operation: OperationId
    verb: Verb
    by: UserId
    contact: ContactId | None = None
    call: CallId | None = None
    leg: LegId | None = None
    party: LegId | None = None
    agent: AgentId | None = None
    target: str = ""
    reason: str = ""
    asked_at: datetime
    ended_at: datetime | None = None
    done: bool | None = None
    failed: str = ""
    confidential: bool = False


class ThreeWayRecord(msgspec.Struct, kw_only=True):
    """Somebody called into a contact: who was called, when they answered, how it ended.

    `response_s`: seconds from asking to the answer, the department's response time; None where nobody answered.
    """

    operation: OperationId
    contact: ContactId
    call: CallId
    leg: LegId
    kind: LegKind
    by: UserId
    agent: AgentId | None = None
    called: str
    asked_at: datetime
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    end: LegEnd | None = None
    response_s: float | None = None


class RecordingRecord(msgspec.Struct, kw_only=True):
    """One talking leg's recording. `gaps`: when silence was recorded, as `FROM/TO` in ISO 8601, by spaces."""

    recording: RecordingId
    contact: ContactId
    call: CallId
    leg: LegId
    started_at: datetime
    ended_at: datetime | None = None
    failed: str = ""
    gaps: str = ""


class SurgeRecord(msgspec.Struct, kw_only=True):
    """One burst of calls; `deflected`: the callers who were told something or sent elsewhere because of it."""

    surge: str
    key: str
    started_at: datetime
    ended_at: datetime | None = None
    deflected: int = 0
