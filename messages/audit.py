"""What is audited: who did, or was refused, what with whose number, why, and when."""

from datetime import datetime
from enum import StrEnum

import msgspec

from messages.ids import ContactId, UserId


class AuditResult(StrEnum):
    """How it went."""

    GRANTED = "granted"
    REFUSED = "refused"


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One act. `about`: what it was done with, where that is no contact; no number stands here. Instants in UTC."""

    at: datetime
    by: UserId
    action: str
    contact: ContactId | None = None
    about: str = ""
    tenant: str = ""
    purpose: str = ""
    result: AuditResult = AuditResult.GRANTED
    why: str = ""
