"""Legal holds: the contacts whose recordings nothing removes, whatever the rules on how long they are kept."""

from datetime import datetime

import msgspec

from messages.errors import Invalid
from messages.ids import ContactId, UserId

MAX_REASON = 400


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """A contact's hold: why, by whom, since when."""

    contact: ContactId
    reason: str
    by: UserId
    held_at: datetime


def check_reason(reason: str) -> str:
    """Return a reason without what is around it. Raises Invalid where there is none, or too much."""
    reason = reason.strip()
    if not 1 <= len(reason) <= MAX_REASON:
        raise Invalid(f"reason: 1 to {MAX_REASON} characters")
    return reason
