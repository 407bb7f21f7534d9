"""Leaders' duties, and the calls in their scope."""

from datetime import datetime

import msgspec

from messages.duty import AnsweredBy, DutyEnd, Every
from messages.ids import AgentId, CallId, ContactId, DutyId, QueueId, UserId
from messages.values import ContactOutcome


class DutyRecord(msgspec.Struct, kw_only=True):
    """A leader's duty session as it was planned last, when it went on, and how it ended.

    What its scope names stands with spaces between; `leader` and `aide` are seats.
    """

    duty: DutyId
    leader: AgentId
    name: str = ""
    title: str = ""
    post: str = ""
    unit: str = ""
    aide: AgentId | None = None
    begins_at: datetime
    ends_at: datetime
    dids: str = ""
    areas: str = ""
    queues: str = ""
    topics: str = ""
    notice: str = ""
    ring_s: float
    tenant: str = ""
    every: Every | None = None
    planned_by: UserId
    planned_at: datetime
    changed_by: UserId | None = None
    changed_at: datetime | None = None
    reason: str = ""
    """Why it was planned otherwise, or ended before its time."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    end: DutyEnd | None = None
    ended_by: UserId | None = None


class DutyCallRecord(msgspec.Struct, kw_only=True):
    """One contact in the scope of a duty: who served it first, and how often the leader's phone rang for it, in vain.

    `handed_over`: the aide went on with it; `aide_joined`: the aide came into the leader's talk.
    """

    duty: DutyId
    contact: ContactId
    call: CallId
    queue: QueueId | None = None
    leader: AgentId
    aide: AgentId | None = None
    called_at: datetime
    offered: int = 0
    missed: int = 0
    answered_at: datetime | None = None
    answered_by: AnsweredBy | None = None
    agent: AgentId | None = None
    handed_over: bool = False
    aide_joined: bool = False
    ended_at: datetime | None = None
    outcome: ContactOutcome | None = None
