"""A listening session: who hears whom, why, by whose leave, and how far it has come."""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from messages.errors import Invalid
from messages.ids import AgentId, CallId, ContactId, LegId, NodeId, OperationId, Phone, QueueId, SessionId, UserId
from messages.values import ListeningEnd, ListeningMode, ListeningScope, Role


class ListeningStage(StrEnum):
    """How far a session has come."""

    ASKED = "asked"
    """Somebody else must approve it."""
    WAITING = "waiting"
    """For the next call."""
    RINGING = "ringing"
    """The listener's phone is rung, or the listener is being connected."""
    HEARING = "hearing"
    ENDING = "ending"
    """Asterisk was told to hang the listener up."""


class Listening(msgspec.Struct, kw_only=True):
    """A session from its request (or, if foreign, from Asterisk's report) to its end.

    `target`: the agent it follows, or the queue whose next call it is for. `contact` to `queue`: of what is heard, or
    is about to be; of what was heard last while it waits. `limit_s`: seconds it lasts from when it first heard
    somebody. `hearing`: how many calls it has heard. `until`: when it ends by itself.
    """

    id: SessionId
    by: UserId | None
    operation: OperationId | None
    node: NodeId
    contact: ContactId | None
    call: CallId | None
    leg: LegId | None
    agent: AgentId | None
    queue: QueueId | None
    mode: ListeningMode
    purpose: str
    scope: ListeningScope = ListeningScope.CALL
    target: str = ""
    phone: Phone = Phone("")
    roles: tuple[Role, ...] = ()
    tenant: str = ""
    approval: bool = False
    approved_by: UserId | None = None
    limit_s: float | None = None
    told: bool = False
    rung: bool = False
    hearing: int = 0
    started_at: datetime | None = None
    heard_since: datetime | None = None
    requested_at: datetime | None = None
    until: datetime | None = None
    ending: ListeningEnd | None = None
    awaits: bool = False
    """It has no call to hear yet, or no more."""

    def __post_init__(self) -> None:
        """Take over a session of a snapshot from when it heard one call at the most."""
        if self.started_at is not None and not self.hearing:
            self.rung, self.hearing, self.heard_since = True, 1, self.started_at

    def __repr__(self) -> str:
        return f"<Listening {self.id}: {self.by or 'foreign'} {self.stage} {self.scope} {self.target or self.call}>"

    @property
    def stage(self) -> ListeningStage:
        """How far it has come."""
        if self.ending:
            return ListeningStage.ENDING
        if self.heard_since is not None:
            return ListeningStage.HEARING
        if self.approval and self.approved_by is None:
            return ListeningStage.ASKED
        return ListeningStage.WAITING if self.awaits else ListeningStage.RINGING

    def limit(self, first: datetime | None = None) -> datetime | None:
        """Return when it must end, None if never; `first`: when it first hears somebody, if it has not yet."""
        begun = self.started_at or first
        return begun + timedelta(seconds=self.limit_s) if begun and self.limit_s is not None else None

    def awaits_call_of(self, agent: AgentId | None, queue: QueueId | None) -> bool:
        """Tell whether a call of this agent, through this queue, is the one it waits for."""
        if self.stage is not ListeningStage.WAITING:
            return False
        return self.target == (agent if self.scope is ListeningScope.AGENT else queue)


MAX_PURPOSE = 500
MAX_NOTE = 4000


def check_purpose(purpose: str) -> str:
    """Return the purpose, trimmed. Raises Invalid if there is none: nobody listens without saying why."""
    text = purpose.strip()
    if not text:
        raise Invalid("purpose: say why you listen; the session is logged with it")
    if len(text) > MAX_PURPOSE:
        raise Invalid(f"purpose: at most {MAX_PURPOSE} characters")
    return text


def check_note(note: str) -> str:
    """Return the note on what was heard, trimmed. Raises Invalid if there is none."""
    text = note.strip()
    if not text or len(text) > MAX_NOTE:
        raise Invalid(f"note: write one, of at most {MAX_NOTE} characters")
    return text
