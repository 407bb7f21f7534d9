"""What is kept of each contact, leg, agent state, listening session and recording:
one record each, one row each."""

from datetime import datetime

import msgspec

from messages.ids import AgentId, CallId, ContactId, LegId, NodeId, Phone, QueueId, RecordingId, SessionId, UserId
from messages.values import AgentState, ContactOutcome, LegEnd, ListeningMode


class ContactRecord(msgspec.Struct, kw_only=True):
    """One citizen's interaction. Instants in UTC, µs. Complete once `ended_at` is set."""

    contact: ContactId
    call: CallId | None = None
    channel: str = "call"
    source: str = "live"
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


class LegRecord(msgspec.Struct, kw_only=True):
    """One agent's part in a contact, an offer that came to nothing included."""

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


class AgentStateRecord(msgspec.Struct, kw_only=True):
    """One stretch of one agent's state; open while `ended_at` is None."""

    agent: AgentId
    state: AgentState
    reason: str = ""
    phone: Phone = Phone("")
    call: CallId | None = None
    started_at: datetime
    ended_at: datetime | None = None
    epoch: int
    seq: int


class ListeningRecord(msgspec.Struct, kw_only=True):
    """One listening session, as Asterisk reported it."""

    session: SessionId
    by: UserId | None
    phone: Phone = Phone("")
    contact: ContactId
    call: CallId
    agent: AgentId | None = None
    queue: QueueId | None = None
    mode: ListeningMode
    purpose: str = ""
    foreign: bool = False
    requested_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    failed: str = ""


class RecordingRecord(msgspec.Struct, kw_only=True):
    """One talking leg's recording."""

    recording: RecordingId
    contact: ContactId
    call: CallId
    leg: LegId
    started_at: datetime
    ended_at: datetime | None = None
    failed: str = ""


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


class WrapUpRecord(msgspec.Struct, kw_only=True):
    """The agent's code and note on a contact; written again, the last counts."""

    contact: ContactId
    by: UserId
    code: str
    note: str = ""
    written_at: datetime


Record = (
    ContactRecord | LegRecord | AgentStateRecord | ListeningRecord | RecordingRecord | CaseLinkRecord | WrapUpRecord
)
