"""Calls owed to citizens, and revisits."""

from datetime import datetime

import msgspec

from messages.ids import AgentId, CallbackId, ContactId, QueueId, UserId
from messages.values import Asker, CallbackEnd, CallbackKind


class CallbackRecord(msgspec.Struct, kw_only=True):
    """One citizen's call back: why, for how many of their contacts, how often tried, and how it ended.

    `contact`: the one in which they were served, `agent`: by whom.
    """

    callback: CallbackId
    kind: CallbackKind
    number: str
    tenant: str = ""
    queue: QueueId
    noted_at: datetime
    due_at: datetime
    contacts: int = 0
    first_contact: ContactId | None = None
    attempts: int = 0
    attempted_at: datetime | None = None
    done_at: datetime | None = None
    end: CallbackEnd | None = None
    contact: ContactId | None = None
    agent: AgentId | None = None
    closed_by: UserId | None = None
    reason: str = ""
    case_no: str = ""
    """The case that a revisit is about."""
    asker: Asker = Asker.AGENT
    """Who asks the citizen in a revisit."""
    confidential: bool = False


class RevisitRecord(msgspec.Struct, kw_only=True):
    """What a citizen said when they were asked about a case; said again, the last counts. Not service satisfaction."""

    revisit: CallbackId
    case_no: str
    satisfied: bool
    reason: str = ""
    contact: ContactId | None = None
    agent: AgentId | None = None
    by: UserId
    answered_at: datetime
    keyed: str = ""
    """Each question of a survey by keypad with the key that answered it, with spaces between."""
