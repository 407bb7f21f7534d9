"""Listening to conversations."""

from datetime import datetime

from messages.events.event import Event
from messages.ids import AgentId, CallId, ContactId, LegId, NodeId, OperationId, Phone, QueueId, SessionId, UserId
from messages.values import ListeningEnd, ListeningMode, ListeningScope, Role


class ListeningRequested(Event, frozen=True, kw_only=True, tag="listening.requested"):
    """Somebody asked to hear a call, an agent's calls or a queue's next one (`target`).

    `approval`: once somebody else approves, else it lapses at `until`, as it does where no call comes. Without either,
    the listener's phone is rung. `limit_s`: seconds it may last; `told`: the agent is shown it.
    """

    session: SessionId
    operation: OperationId
    by: UserId
    phone: Phone
    contact: ContactId | None = None
    call: CallId | None = None
    leg: LegId | None = None
    agent: AgentId | None = None
    mode: ListeningMode
    purpose: str
    queue: QueueId | None = None
    scope: ListeningScope = ListeningScope.CALL
    target: str = ""
    roles: tuple[Role, ...] = ()
    tenant: str = ""
    approval: bool = False
    until: datetime | None = None
    limit_s: float | None = None
    told: bool = False


class ListeningEvent(Event, frozen=True, kw_only=True):
    """About a session of `by`, on a call of `agent` (None: none was heard); `told`: the agent is told, too."""

    session: SessionId
    contact: ContactId | None
    call: CallId | None
    agent: AgentId | None
    by: UserId | None
    occurred: datetime
    queue: QueueId | None = None
    told: bool = False


class ListeningDecided(ListeningEvent, frozen=True, kw_only=True, tag="listening.decided"):
    """Somebody else approved the session, or refused it; approved, it waits for a call `until` then."""

    approver: UserId
    approved: bool
    reason: str = ""
    until: datetime | None = None


class ListeningRinging(ListeningEvent, frozen=True, kw_only=True, tag="listening.ringing"):
    """There is a call to hear: the listener's phone is rung, or the listener who waits is connected."""

    leg: LegId


class ListeningStarted(ListeningEvent, frozen=True, kw_only=True, tag="listening.started"):
    """The listener hears the call, the session's `hearing`th; `foreign`: nobody asked us for it. `until`: its limit.

    `spyer`: the channel that hears, on `node`.
    """

    mode: ListeningMode
    foreign: bool = False
    hearing: int = 1
    until: datetime | None = None
    node: NodeId = NodeId("")
    spyer: str = ""


class ListeningModeChanged(ListeningEvent, frozen=True, kw_only=True, tag="listening.mode"):
    """The supervisor only hears from here on, or is heard by the agent (whisper), or by both (barge)."""

    mode: ListeningMode
    before: ListeningMode


class ListeningWaiting(ListeningEvent, frozen=True, kw_only=True, tag="listening.waiting"):
    """The call is heard no longer; the session waits for the agent's next, `until` then (a foreign one: for ever)."""

    until: datetime | None = None


class ListeningStopping(ListeningEvent, frozen=True, kw_only=True, tag="listening.stopping"):
    """The listener is being hung up, for `end`; if Asterisk has not done it by `until`, it is told again."""

    end: ListeningEnd
    until: datetime


class ListeningEnded(ListeningEvent, frozen=True, kw_only=True, tag="listening.ended"):
    """The session is over, for `end`; or nothing was ever heard (`failed`)."""

    failed: str = ""
    end: ListeningEnd = ListeningEnd.OVER


class ListeningNoted(Event, frozen=True, kw_only=True, tag="listening.noted"):
    """What the listener noted on a session."""

    session: SessionId
    by: UserId
    note: str
