"""Cases, as the case system reports them, and contacts that were no call."""

from datetime import datetime

from messages.events.event import Event
from messages.ids import ContactId, UserId
from messages.values import CaseStep, UnitKind


class ContactNoted(Event, frozen=True, kw_only=True, tag="contact.noted"):
    """A citizen reached the city on another channel than the telephone."""

    contact: ContactId
    channel: str
    number: str
    occurred: datetime
    by: UserId
    tenant: str = ""


class CaseReported(Event, frozen=True, kw_only=True, tag="case.reported"):
    """The case system reports a step of a case; `id` is its own for it, `due_at` when the unit is to reply."""

    case_no: str
    id: str
    step: CaseStep
    occurred: datetime
    by: UserId
    tenant: str = ""
    due_at: datetime | None = None
    unit: str = ""
    unit_kind: UnitKind | None = None
    misdirected: bool = False
    satisfied: bool | None = None
