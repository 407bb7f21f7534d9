"""What is audited: who did, or was refused, what, from where, why, when, and how it went."""

from datetime import datetime
from enum import StrEnum

import msgspec

from messages.ids import ContactId, UserId


class AuditResult(StrEnum):
    """How it went; `asked`: written before the act, whose end is an entry of its own."""

    ASKED = "asked"
    GRANTED = "granted"
    REFUSED = "refused"
    FAILED = "failed"


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One act, or one act's end. `about`: what it was done with, where that is no contact; no number stands here.

    `origin`: the address it was asked from, or the shell; `of`: the `seq` of the entry that this one is the end of.
    Instants in UTC.
    """

    at: datetime
    by: UserId
    action: str
    contact: ContactId | None = None
    about: str = ""
    tenant: str = ""
    purpose: str = ""
    result: AuditResult = AuditResult.GRANTED
    why: str = ""
    origin: str = ""
    of: int | None = None
