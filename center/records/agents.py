"""What agents did, state by state."""

from datetime import datetime

import msgspec

from messages.ids import AgentId, CallId, Phone, UserId
from messages.values import AgentState


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
    by: UserId | None = None
    forced: bool = False
