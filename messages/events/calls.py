"""Calls: what becomes of a citizen on the line."""

from datetime import datetime

from messages.events.event import Event
from messages.ids import AgentId, CallbackId, CallId, ContactId, QueueId
from messages.values import ContactOutcome, Need, Refusal, Target, Then


class CallEvent(Event, frozen=True, kw_only=True):
    """About one live call."""

    contact: ContactId
    call: CallId
    occurred: datetime
    queue: QueueId | None = None


class CallQueued(CallEvent, frozen=True, kw_only=True, tag="call.queued"):
    """The call waits. `noticed`: the recording notice was played; `by_asterisk`: the fallback queue holds it.

    `position`: its place, 1 for the next; `estimated_s`: the wait to be expected, None where nothing honest is known.
    `path`: the menus it came through and what was keyed there; `menu_s`: seconds in them. `place`: the one in line that
    is kept from the call in which the citizen asked to be called back.
    """

    noticed: bool = False
    by_asterisk: bool = False
    needs: tuple[Need, ...] = ()
    priority: int = 0
    position: int = 0
    estimated_s: float | None = None
    transferred: bool = False
    confidential: bool = False
    path: tuple[str, ...] = ()
    menu_s: float = 0.0
    place: datetime | None = None


class CallReached(CallEvent, frozen=True, kw_only=True, tag="call.reached"):
    """A citizen whom we rang without an agent has picked up."""


class CallLeftQueue(CallEvent, frozen=True, kw_only=True, tag="call.left_queue"):
    """The call stopped waiting without an agent. `to`: the queue it overflowed to; `why`: what limit was reached."""

    outcome: ContactOutcome
    why: Refusal | None = None
    to: QueueId | None = None


class CallAnnounced(CallEvent, frozen=True, kw_only=True, tag="call.announced"):
    """The waiting citizen is told something: `position` in line (0: not told), `estimated_s` still to wait (None: not
    told), the prompt `comfort`, and whether a call back is offered."""

    position: int = 0
    estimated_s: float | None = None
    comfort: str = ""
    callback: bool = False


class SurveyAsked(CallEvent, frozen=True, kw_only=True, tag="survey.asked"):
    """The citizen is asked a survey's question about the talk with `agent`, the last one; or about a case, where
    `revisit` names what asks."""

    question: str
    agent: AgentId | None = None
    revisit: CallbackId | None = None


class SurveyAnswered(CallEvent, frozen=True, kw_only=True, tag="survey.answered"):
    """The citizen has answered it by a key. `satisfied` None: the question was another one."""

    question: str
    key: str
    satisfied: bool | None
    asked_at: datetime
    agent: AgentId | None = None
    revisit: CallbackId | None = None


class FlowEnded(CallEvent, frozen=True, kw_only=True, tag="call.flow_ended"):
    """The flow ended without a queue. `path`: the menus and what was keyed there; `menu_s`: seconds in them."""

    path: tuple[str, ...] = ()
    menu_s: float = 0.0
    confidential: bool = False


class CallRelaxed(CallEvent, frozen=True, kw_only=True, tag="call.relaxed"):
    """The call has waited long enough for agents without some of its needs; `needs`: those it still insists on."""

    needs: tuple[Need, ...]


class CallParked(CallEvent, frozen=True, kw_only=True, tag="call.parked"):
    """The call is held without a queue until somebody picks it up, at `until` at the latest."""

    until: datetime


class CallRouted(CallEvent, frozen=True, kw_only=True, tag="call.routed"):
    """An agent passes the call to `target`: there it goes once it is held again."""

    target: Target | None
    parked: bool = False


class CallDetached(CallEvent, frozen=True, kw_only=True, tag="call.detached"):
    """Our session no longer holds the call: it is not offered until it comes back; AMI says whether it is gone."""


class CallVanished(CallEvent, frozen=True, kw_only=True, tag="call.vanished"):
    """Asterisk no longer has the call, and nobody heard how it ended: its logs may say so, until `until`."""

    until: datetime


class CallAbandoned(CallEvent, frozen=True, kw_only=True, tag="call.abandoned"):
    """The citizen left while waiting. `waited_s`: seconds in the queue."""

    waited_s: float


class CallEnded(CallEvent, frozen=True, kw_only=True, tag="call.ended"):
    """The citizen's channel is gone."""

    cause: int = 0
    by_citizen: bool = True


class CallDeflected(CallEvent, frozen=True, kw_only=True, tag="call.deflected"):
    """The call is part of a burst, or of what a queue does not take: the caller is told something."""

    why: Refusal
    announce: str
    then: Then
    surge: str = ""


class CallUrgent(CallEvent, frozen=True, kw_only=True, tag="call.urgent"):
    """A labelled caller pressed the key for emergencies: from now on the call is treated as everybody's."""
