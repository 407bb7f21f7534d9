"""Facts: what telephony saw happen, in the past tense.

They enter the centre's inbox, are idempotent and legal in any order: AGI answers come milliseconds before the
AMI events of the same moment, and after a reconnect old news may come twice. `occurred` is the instant Asterisk
gives (UTC, µs); the instant of receipt is the centre's `now`.
"""

from datetime import datetime

import msgspec

from messages.ids import AgentId, CallId, ContactId, LegId, NodeId, OperationId, Phone, QueueId, RecordingId, SessionId
from messages.values import ContactOutcome, LegEnd, ListeningMode, Need


class Fact(msgspec.Struct, frozen=True, kw_only=True, tag_field="fact", gc=False):
    """Something that happened on a node at an instant."""

    occurred: datetime
    node: NodeId


class CallArrived(Fact, frozen=True, kw_only=True, tag="call.arrived"):
    """A citizen's channel is up and carries its contact. `outbound`: we dial it, for this leg."""

    call: CallId
    contact: ContactId
    number: str
    did: str
    linkedid: str = ""
    outbound: LegId = LegId("")


class CitizenReached(Fact, frozen=True, kw_only=True, tag="citizen.reached"):
    """A citizen whom we rang without an agent has picked up."""

    call: CallId


class CallQueued(Fact, frozen=True, kw_only=True, tag="call.queued"):
    """The flow asked for a queue, or Asterisk's own queue took the call (`by_asterisk`: we only watch).

    `queue` is empty where the centre is to say. `asked`: the extension an agent's own phone transferred the call to.
    `needs`, `priority`, `confidential`, `path` (menus and keys) and `menu_s` (seconds in menus) are the flow's.
    `keyed`: what the caller pressed at the announcement just now, where a key was offered.
    """

    call: CallId
    queue: QueueId
    asked: str = ""
    noticed: bool = False
    by_asterisk: bool = False
    number: str = ""
    did: str = ""
    linkedid: str = ""
    needs: tuple[Need, ...] = ()
    priority: int = 0
    confidential: bool = False
    path: tuple[str, ...] = ()
    menu_s: float = 0.0
    keyed: str = ""


class CallLeftQueue(Fact, frozen=True, kw_only=True, tag="call.left_queue"):
    """The call left Asterisk's own queue without an agent: why."""

    call: CallId
    outcome: ContactOutcome


class LegFact(Fact, frozen=True, kw_only=True):
    """About one agent's leg of a call; `phone` names the agent where the leg was not opened by the centre."""

    call: CallId
    leg: LegId
    phone: Phone


class LegRinging(LegFact, frozen=True, kw_only=True, tag="leg.ringing"):
    """The agent's phone rings."""


class LegAnswered(LegFact, frozen=True, kw_only=True, tag="leg.answered"):
    """Agent and citizen are in one bridge: from here they talk."""


class LegHeld(LegFact, frozen=True, kw_only=True, tag="leg.held"):
    """The agent put the citizen on hold."""


class LegResumed(LegFact, frozen=True, kw_only=True, tag="leg.resumed"):
    """The agent took the citizen back."""


class LegTransferred(LegFact, frozen=True, kw_only=True, tag="leg.transferred"):
    """The agent passed the citizen on; the leg's talk ends here."""

    to: str
    attended: bool = False


class LegConsulted(LegFact, frozen=True, kw_only=True, tag="leg.consulted"):
    """Whom an agent consults has answered: the two talk, the citizen is held."""


class LegEnded(LegFact, frozen=True, kw_only=True, tag="leg.ended"):
    """The leg is over: unanswered, or after the talk."""

    why: LegEnd


class DialReturned(Fact, frozen=True, kw_only=True, tag="dial.returned"):
    """Our AGI session's Dial came back, with Asterisk's DIALSTATUS."""

    call: CallId
    leg: LegId
    status: str


class CallbackWanted(Fact, frozen=True, kw_only=True, tag="callback.wanted"):
    """The citizen took the offer of a call back, by key."""

    call: CallId


class SurveyAsked(Fact, frozen=True, kw_only=True, tag="survey.asked"):
    """The citizen hears a survey's question."""

    call: CallId
    question: str


class SurveyAnswered(Fact, frozen=True, kw_only=True, tag="survey.answered"):
    """The citizen answered it by a key that means something; `satisfied` None: it asks something else."""

    call: CallId
    question: str
    key: str
    satisfied: bool | None = None


class FlowEnded(Fact, frozen=True, kw_only=True, tag="flow.ended"):
    """The flow ended without asking for a queue: with a goodbye, a hang-up, or a session that broke."""

    call: CallId
    path: tuple[str, ...] = ()
    menu_s: float = 0.0
    confidential: bool = False


class MessageLeft(Fact, frozen=True, kw_only=True, tag="message.left"):
    """The citizen left a message in the flow, `seconds` long; `recording` is its file."""

    call: CallId
    contact: ContactId
    recording: str
    seconds: float
    number: str = ""
    did: str = ""


class OperationReported(Fact, frozen=True, kw_only=True, tag="operation.reported"):
    """Asterisk did what an operation asked for and no other fact will tell of; or it did not (`failed` says why)."""

    operation: OperationId
    failed: str = ""


class PhoneSeen(Fact, frozen=True, kw_only=True, tag="phone.seen"):
    """A phone answers Asterisk, or no longer does."""

    phone: Phone
    reachable: bool


class DesktopSeen(Fact, frozen=True, kw_only=True, tag="desktop.seen"):
    """An agent's desktop is connected to the stream, or has been gone for longer than it takes to reconnect."""

    agent: AgentId
    connected: bool


class CallHungUp(Fact, frozen=True, kw_only=True, tag="call.hung_up"):
    """The citizen's channel is gone, whoever ended it."""

    call: CallId
    cause: int = 0
    by_citizen: bool = True
    number: str = ""
    did: str = ""
    lost: bool = False


class CallsLost(Fact, frozen=True, kw_only=True, tag="calls.lost"):
    """The node restarted or was lost: every call on it ended at this instant at the latest."""


class CallMissing(Fact, frozen=True, kw_only=True, tag="call.missing"):
    """AGI lost the call while AMI is away: a departure is presumed until a resync decides."""

    call: CallId


class SpyStarted(Fact, frozen=True, kw_only=True, tag="spy.started"):
    """A ChanSpy began; `session` is ours, or empty where it was started any other way."""

    session: SessionId
    spied: str
    spyer: str


class SpySwitched(Fact, frozen=True, kw_only=True, tag="spy.switched"):
    """A listener hears, or is heard, in another mode from here on."""

    session: SessionId
    mode: ListeningMode


class SpyStopped(Fact, frozen=True, kw_only=True, tag="spy.stopped"):
    """A ChanSpy ended, or could not be set up (`failed` says why); `gone`: its listener's channel, too."""

    session: SessionId
    failed: str = ""
    gone: bool = False


class RecordingStarted(Fact, frozen=True, kw_only=True, tag="recording.started"):
    """Asterisk reported that it records."""

    recording: RecordingId
    call: CallId


class RecordingStopped(Fact, frozen=True, kw_only=True, tag="recording.stopped"):
    """The recording's file is complete; `failed` says why there is none."""

    recording: RecordingId
    call: CallId
    failed: str = ""


class RecordingPaused(Fact, frozen=True, kw_only=True, tag="recording.paused"):
    """Asterisk writes silence to all of a call's recordings, or (`paused` false) what is said again."""

    call: CallId
    paused: bool


class NodeUp(Fact, frozen=True, kw_only=True, tag="node.up"):
    """AMI is up and the resync is done: these calls, legs and spies are there, and no others.

    `listeners`: those whose phones are there and who hear nobody yet, or no more. `repairs` counts the facts made up
    for what had been missed.
    """

    calls: tuple[CallId, ...] = ()
    legs: tuple[LegId, ...] = ()
    spies: tuple[SessionId, ...] = ()
    listeners: tuple[SessionId, ...] = ()
    repairs: int = 0


class NodeDown(Fact, frozen=True, kw_only=True, tag="node.down"):
    """AMI is away; what happens there is unknown until the resync."""

    reason: str


class LogsRead(Fact, frozen=True, kw_only=True, tag="node.logs_read"):
    """All that Asterisk's logs had to say at this instant of calls that have ended was told."""


AnyFact = (
    CallArrived
    | CitizenReached
    | CallQueued
    | CallLeftQueue
    | LegRinging
    | LegAnswered
    | LegHeld
    | LegResumed
    | LegTransferred
    | LegConsulted
    | LegEnded
    | DialReturned
    | CallbackWanted
    | SurveyAsked
    | SurveyAnswered
    | OperationReported
    | PhoneSeen
    | DesktopSeen
    | CallHungUp
    | CallsLost
    | CallMissing
    | SpyStarted
    | SpySwitched
    | SpyStopped
    | RecordingStarted
    | RecordingStopped
    | NodeUp
    | NodeDown
    | LogsRead
)
