"""Labels on callers."""

from datetime import datetime

from messages.events.event import Event
from messages.ids import ContactId, LabelId, UserId
from messages.values import LabelEnd, LabelKind


class LabelEvent(Event, frozen=True, kw_only=True):
    """About the label of a number, for one tenant's line."""

    label: LabelId
    number: str
    tenant: str = ""
    confidential: bool = False


class LabelProposed(LabelEvent, frozen=True, kw_only=True, tag="caller.label_proposed"):
    """Somebody would have a caller labelled as `what`, for a reason; it lapses at `until` if nobody decides."""

    what: LabelKind
    reason: str
    evidence: tuple[ContactId, ...]
    by: UserId
    until: datetime


class CallerLabelled(LabelEvent, frozen=True, kw_only=True, tag="caller.labelled"):
    """Somebody else approved: the label is in force until an instant."""

    by: UserId
    until: datetime


class LabelEnded(LabelEvent, frozen=True, kw_only=True, tag="caller.label_ended"):
    """The label is refused, revoked or expired (`by` nobody)."""

    end: LabelEnd
    by: UserId | None = None
    reason: str = ""
