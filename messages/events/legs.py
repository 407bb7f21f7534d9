"""Legs: the phones of ours in a call."""

from datetime import datetime

from messages.events.calls import CallEvent
from messages.ids import AgentId, LegId, OperationId, Phone
from messages.values import LegEnd, LegKind, RecordPolicy, Source


class CallLegEvent(CallEvent, frozen=True, kw_only=True):
    """About one agent's leg of a live call; `agent` is None where nobody is known at `phone`."""

    leg: LegId
    phone: Phone
    agent: AgentId | None = None


class CallOffered(CallLegEvent, frozen=True, kw_only=True, tag="call.offered"):
    """An agent is reserved for the call, or somebody is called into it (`role`, for operation `operation`).

    `waited_s`: seconds in the queue so far; `ring_until`: the offer's end.
    """

    waited_s: float
    ring_until: datetime | None = None
    role: LegKind = LegKind.AGENT
    operation: OperationId | None = None
    source: Source = Source.LIVE


class CallRinging(CallLegEvent, frozen=True, kw_only=True, tag="call.ringing"):
    """The agent's phone rings."""


class CallAnswered(CallLegEvent, frozen=True, kw_only=True, tag="call.answered"):
    """Citizen and agent talk. `waited_s`: seconds from joining the queue, ringing included.

    `noticed`: the recording notice was played at the answer, as to whom we dial. `record`: the queue's policy.
    """

    waited_s: float
    noticed: bool = False
    record: RecordPolicy | None = None
    source: Source = Source.LIVE


class CallConsulted(CallLegEvent, frozen=True, kw_only=True, tag="call.consulted"):
    """Whom the agent consults has answered; the citizen is held."""


class CallHeld(CallLegEvent, frozen=True, kw_only=True, tag="call.held"):
    """The agent put the citizen on hold."""


class CallResumed(CallLegEvent, frozen=True, kw_only=True, tag="call.resumed"):
    """The agent took the citizen back."""


class CallTransferred(CallLegEvent, frozen=True, kw_only=True, tag="call.transferred"):
    """The agent passed the citizen on to `to`."""

    to: str
    attended: bool = False


class LegEnded(CallLegEvent, frozen=True, kw_only=True, tag="leg.ended"):
    """The agent's part is over: an offer that came to nothing, or the end of the talk, which wrap-up may follow."""

    why: LegEnd
    talked: bool
    wraps_up: bool = False
    role: LegKind = LegKind.AGENT
