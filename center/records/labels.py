"""Labels on callers."""

from datetime import datetime

import msgspec

from messages.ids import LabelId, UserId
from messages.values import LabelEnd, LabelKind


class LabelRecord(msgspec.Struct, kw_only=True):
    """A caller's label: who proposed it, with what evidence (contacts, with spaces between), who approved, its end."""

    label: LabelId
    what: LabelKind
    number: str
    tenant: str = ""
    reason: str
    evidence: str
    proposed_by: UserId
    proposed_at: datetime
    approved_by: UserId | None = None
    approved_at: datetime | None = None
    until: datetime
    ended_at: datetime | None = None
    end: LabelEnd | None = None
    ended_by: UserId | None = None
    why: str = ""
    confidential: bool = False
