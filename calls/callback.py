"""Calls back: a citizen we owe a call, because they asked for it or because nobody answered theirs."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from messages.ids import AgentId, CallbackId, ContactId, OperationId, QueueId
from messages.values import Asker, CallbackKind, ContactOutcome, RingsFirst

MISSED = frozenset(
    {
        ContactOutcome.ABANDONED,
        ContactOutcome.BLOCKED,
        ContactOutcome.CLOSED,
        ContactOutcome.TIMED_OUT,
        ContactOutcome.NO_AGENTS,
        ContactOutcome.LOST,
    }
)
"""What a contact came to that somebody is owed a call for; the contact itself stays what it was (DOMAIN 漏接回拨)."""

WITHHELD = 5
"""Digits that a number must have to be called back."""


class CallbackSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When and how often citizens are called back.

    `missed`: whether missed calls are; `messages`: whether who left a message in a flow is; `automatic`: whether free
    agents are shown them to dial, else they only stand in the list. `reserve`: how many agents of a queue stay free for
    live callers; who asked to be called back while waiting keeps the place in line and needs none. No call outside
    [`since`, `until`) of the day in `tz`. `first`: whose phone rings first; the citizen's once the kept place, where
    they wait then, is `lead_s` from an agent at most. `keypad`: how many are asked by keypad at once. Else seconds.
    """

    missed: bool = True
    messages: bool = True
    automatic: bool = False
    first: RingsFirst = RingsFirst.AGENT
    lead_s: float = 15.0
    keypad: int = 4
    after_s: float = 60.0
    retry_s: float = 1800.0
    declined_s: float = 30.0
    attempts: int = 3
    preview_s: float = 20.0
    reserve: int = 1
    since: str = "08:00"
    until: str = "21:00"
    tz: str = "Asia/Shanghai"


class Callback(msgspec.Struct, kw_only=True):
    """One citizen's call back, however many of their calls it is for. `operation`: the attempt under way."""

    id: CallbackId
    kind: CallbackKind
    number: str
    tenant: str
    queue: QueueId
    due_at: datetime
    contacts: tuple[ContactId, ...]
    case_no: str = ""
    """The case that a revisit is about."""
    asker: Asker = Asker.AGENT
    """Who asks the citizen about it."""
    place: datetime | None = None
    """The place in line it has, of who asked for it while waiting; without one it comes after all live callers."""
    waits: bool = False
    """It is due, and waits for an agent."""
    attempts: int = 0
    agent: AgentId | None = None
    """Who dials in the attempt under way; None where the citizen is rung without an agent."""
    operation: OperationId | None = None
    confidential: bool = False
    """One of its contacts is: the number is shown to nobody."""
    dialled: bool = False
    """The present attempt has come as far as the citizen's phone."""

    @property
    def purpose(self) -> str:
        """What the citizen is called for, in few words."""
        return f"revisit {self.case_no}" if self.kind is CallbackKind.REVISIT else f"callback {self.kind}"

    def __repr__(self) -> str:
        return f"<Callback {self.id}: {self.kind} for {len(self.contacts)} contacts, {self.attempts} attempts>"


def owed_for(number: str, case_no: str) -> str:
    """Return under what a tenant's call back is found: one a number, and for revisits one a number and case."""
    return f"{number} {case_no}" if case_no else number


def can_be_called(number: str) -> bool:
    """Tell whether there is a number to call: not where it was withheld."""
    digits = number.removeprefix("+")
    return digits.isascii() and digits.isdecimal() and len(digits) >= WITHHELD


def allowed_from(at: datetime, settings: CallbackSettings) -> datetime:
    """Return the first instant from `at` on that is not in the quiet hours (UTC)."""
    local = at.astimezone(ZoneInfo(settings.tz))
    since, until = time.fromisoformat(settings.since), time.fromisoformat(settings.until)
    if since <= local.time() < until:
        return at
    day = local.date() if local.time() < since else local.date() + timedelta(days=1)
    return datetime.combine(day, since, ZoneInfo(settings.tz)).astimezone(at.tzinfo)
