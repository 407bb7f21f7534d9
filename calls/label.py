"""Labels of nuisance callers: proposed with evidence, in force once somebody else approved them, and never for good."""

from datetime import datetime, timedelta

import msgspec

from messages.ids import ContactId, LabelId, QueueId, UserId
from messages.values import LabelKind

URGENT_KEY = "0"
"""The key for emergencies, offered with everything that a labelled caller is told: who presses it is treated as
everybody is."""

DAY = timedelta(days=1)


class NuisanceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of labelled callers: they are told `announce` (a prompt's name), then wait in `queue` (None: in the
    one they would have come to) with `priority` more. A label ends after `days` at the latest."""

    queue: QueueId | None = None
    priority: int = -10
    announce: str = "nuisance"
    days: int = 30


class Label(msgspec.Struct, kw_only=True):
    """A number's label of one tenant, proposed (`approved_by` None) or in force; `until`: when it ends by itself."""

    id: LabelId
    kind: LabelKind
    number: str
    tenant: str
    reason: str
    evidence: tuple[ContactId, ...]
    proposed_by: UserId
    proposed_at: datetime
    until: datetime
    approved_by: UserId | None = None
    approved_at: datetime | None = None
    confidential: bool = False

    def __repr__(self) -> str:
        return f"<Label {self.id}: {self.kind}, {'in force' if self.approved_by else 'proposed'} until {self.until}>"

    def in_force(self, now: datetime) -> bool:
        """Tell whether the label has an effect."""
        return self.approved_by is not None and now < self.until
