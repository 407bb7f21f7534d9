"""Listening sessions, and each call heard."""

from datetime import datetime

import msgspec

from messages.ids import AgentId, CallId, ContactId, Phone, QueueId, SessionId, UserId
from messages.values import ListeningEnd, ListeningMode, ListeningScope


class ListeningRecord(msgspec.Struct, kw_only=True):
    """One listening session, from its request to its end; `contact` to `queue`: of what it heard first.

    `followed`: the agent or queue it was for; `limit_s`: seconds it was to last at the most.
    """

    session: SessionId
    by: UserId | None
    phone: Phone = Phone("")
    contact: ContactId | None
    call: CallId | None
    agent: AgentId | None = None
    queue: QueueId | None = None
    mode: ListeningMode
    modes: str = ""
    """Those it went on in, in order."""
    purpose: str = ""
    foreign: bool = False
    requested_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    failed: str = ""
    scope: ListeningScope = ListeningScope.CALL
    followed: str = ""
    hearings: int = 0
    """How many calls it heard."""
    approval: bool = False
    approver: UserId | None = None
    approved: bool | None = None
    decided_at: datetime | None = None
    limit_s: float | None = None
    told: bool = False
    end: ListeningEnd | None = None
    note: str = ""
    note_at: datetime | None = None


class ListeningNoteRecord(msgspec.Struct, kw_only=True):
    """What the listener noted once a session was over."""

    session: SessionId
    note: str
    note_at: datetime


class HearingRecord(msgspec.Struct, kw_only=True):
    """One call that a listening session heard, from ChanSpyStart to ChanSpyStop; `spyer`: the channel that heard it."""

    session: SessionId
    n: int
    contact: ContactId | None
    call: CallId | None
    agent: AgentId | None = None
    queue: QueueId | None = None
    mode: ListeningMode
    modes: str = ""
    spyer: str = ""
    foreign: bool = False
    started_at: datetime
    ended_at: datetime | None = None
