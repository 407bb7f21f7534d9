"""Calls owed to citizens, and revisits."""

from datetime import datetime

from messages.events.calls import CallEvent
from messages.events.event import Event
from messages.ids import AgentId, CallbackId, ContactId, OperationId, QueueId, UserId
from messages.values import Asker, CallbackEnd, CallbackKind


class CallbackRequested(CallEvent, frozen=True, kw_only=True, tag="callback.requested"):
    """The citizen asked to be called back instead of waiting."""

    number: str


class CallbackNoted(Event, frozen=True, kw_only=True, tag="callback.noted"):
    """A citizen is owed a call, or is owed it for one contact more, `contacts` in all; `due_at`: not before."""

    callback: CallbackId
    cause: CallbackKind
    number: str
    tenant: str
    queue: QueueId
    due_at: datetime
    contacts: int = 0
    contact: ContactId | None = None
    by: UserId | None = None
    place: datetime | None = None
    """The place in line that who asked for it while waiting keeps."""
    case_no: str = ""
    """The case that a revisit is about."""
    confidential: bool = False
    asker: Asker = Asker.AGENT
    """Who asks the citizen in a revisit."""


class RevisitAnswered(Event, frozen=True, kw_only=True, tag="revisit.answered"):
    """A citizen said how satisfied they are with what became of a case; `contact`: in which call; `keyed`: each
    question of a survey by keypad with the key that answered it."""

    revisit: CallbackId
    case_no: str
    satisfied: bool
    by: UserId
    reason: str = ""
    contact: ContactId | None = None
    agent: AgentId | None = None
    keyed: tuple[str, ...] = ()


class CallbackDue(Event, frozen=True, kw_only=True, tag="callback.due"):
    """The time to call back has come; it waits for an agent."""

    callback: CallbackId
    queue: QueueId


class CallbackOffered(Event, frozen=True, kw_only=True, tag="callback.offered"):
    """An agent is shown the number to dial; without an agent, the citizen is rung."""

    callback: CallbackId
    agent: AgentId | None
    operation: OperationId


class CallbackAttempted(Event, frozen=True, kw_only=True, tag="callback.attempted"):
    """The citizen was not reached in `attempts` so far, or the agent declined (no attempt); again from `due_at` on."""

    callback: CallbackId
    agent: AgentId | None
    why: str
    attempts: int
    due_at: datetime


class CallbackDone(Event, frozen=True, kw_only=True, tag="callback.done"):
    """The call back is over after `attempts`; `contact`: the one in which the citizen was served."""

    callback: CallbackId
    end: CallbackEnd
    attempts: int = 0
    contact: ContactId | None = None
    agent: AgentId | None = None
    by: UserId | None = None
    reason: str = ""
