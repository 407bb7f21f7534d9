"""Events: what the centre recorded. The journal is a list of these; folding them gives the state back.

Every event is journalled inside an `Entry` with `epoch` (raised at each start of a centre), `seq` (gapless within
the epoch) and `at` (UTC, µs, the instant it was decided). `occurred`, where present, is when it happened in Asterisk.
The tag of each class is its kind on the stream.
"""

from datetime import datetime

import msgspec

from messages.ids import (
    AgentId,
    CallbackId,
    CallId,
    ContactId,
    LabelId,
    LegId,
    NodeId,
    OperationId,
    Phone,
    QueueId,
    RecordingId,
    SessionId,
    UserId,
)
from messages.values import (
    AgentState,
    CallbackEnd,
    CallbackKind,
    ContactOutcome,
    Direction,
    LabelEnd,
    LabelKind,
    LegEnd,
    LegKind,
    ListeningMode,
    Need,
    Refusal,
    Source,
    Target,
    Then,
    Verb,
)


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", gc=False):
    """Something that is now so."""


class CenterStarted(Event, frozen=True, kw_only=True, tag="center.started"):
    """A centre took over the log: the first event of its epoch."""


class ContactArrived(Event, frozen=True, kw_only=True, tag="contact.arrived"):
    """A citizen reached us, or we dial one (`out`). `number` is as the trunk gave it and never changes."""

    contact: ContactId
    call: CallId
    node: NodeId
    number: str
    did: str
    occurred: datetime
    linkedid: str = ""
    tenant: str = ""
    direction: Direction = Direction.IN
    about: ContactId | None = None
    """The contact that an outbound call is about."""
    unit: str = ""
    """The unit that called the citizen about a case."""
    source: Source = Source.LIVE
    """`backfill`: Asterisk's logs told us later."""
    confidential: bool = False
    label: LabelId | None = None
    """The label of the caller's number that is in force."""


class ContactBlocked(Event, frozen=True, kw_only=True, tag="contact.blocked"):
    """A queue did not take the call: it is full or closed, or the burst that the call is part of is deflected."""

    contact: ContactId
    call: CallId
    queue: QueueId
    occurred: datetime
    why: Refusal
    outcome: ContactOutcome


class ContactEnded(Event, frozen=True, kw_only=True, tag="contact.ended"):
    """The citizen's call is over; exactly one per contact. `source`: whose word that is."""

    contact: ContactId
    call: CallId
    outcome: ContactOutcome
    occurred: datetime
    by_citizen: bool = True
    queue: QueueId | None = None
    agent: AgentId | None = None
    source: Source = Source.LIVE


class ContactLinked(Event, frozen=True, kw_only=True, tag="contact.linked"):
    """The case system tied a case to the contact."""

    contact: ContactId
    case_no: str
    by: UserId
    valid: bool | None = None
    category: str = ""
    area: str = ""
    summary: str = ""


class ContactConfidential(Event, frozen=True, kw_only=True, tag="contact.confidential"):
    """The citizen asks for confidence: from now on nobody is shown the number, whatever it is part of."""

    contact: ContactId
    by: UserId
    call: CallId | None = None
    agent: AgentId | None = None


class ContactWrappedUp(Event, frozen=True, kw_only=True, tag="contact.wrapped_up"):
    """The agent's code and note on the contact."""

    contact: ContactId
    by: UserId
    code: str
    note: str = ""


class MessageLeft(Event, frozen=True, kw_only=True, tag="contact.message_left"):
    """The emergency script took the call, or a flow a message; `recording`: its file, empty where there is none.

    `call` and `seconds` (how long it is) are known of a flow's.
    """

    contact: ContactId
    number: str
    did: str
    occurred: datetime
    recording: str = ""
    reason: str = ""
    call: CallId | None = None
    seconds: float = 0.0


class CallEvent(Event, frozen=True, kw_only=True):
    """About one live call."""

    contact: ContactId
    call: CallId
    occurred: datetime
    queue: QueueId | None = None


class CallQueued(CallEvent, frozen=True, kw_only=True, tag="call.queued"):
    """The call waits. `noticed`: the recording notice was played; `by_asterisk`: the fallback queue holds it.

    `position`: its place, 1 for the next; `estimated_s`: the wait to be expected, None where nothing honest is known.
    `path`: the menus it came through and what was keyed there; `menu_s`: seconds in them.
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
    """The citizen is asked a survey's question about the talk with `agent`, the last one."""

    question: str
    agent: AgentId | None = None


class SurveyAnswered(CallEvent, frozen=True, kw_only=True, tag="survey.answered"):
    """The citizen has answered it by a key. `satisfied` None: the question was another one."""

    question: str
    key: str
    satisfied: bool | None
    asked_at: datetime
    agent: AgentId | None = None


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


class RevisitAnswered(Event, frozen=True, kw_only=True, tag="revisit.answered"):
    """A citizen said how satisfied they are with what became of a case; `contact`: in which call."""

    revisit: CallbackId
    case_no: str
    satisfied: bool
    by: UserId
    reason: str = ""
    contact: ContactId | None = None
    agent: AgentId | None = None


class CallbackDue(Event, frozen=True, kw_only=True, tag="callback.due"):
    """The time to call back has come; it waits for an agent."""

    callback: CallbackId
    queue: QueueId


class CallbackOffered(Event, frozen=True, kw_only=True, tag="callback.offered"):
    """An agent is shown the number to dial."""

    callback: CallbackId
    agent: AgentId
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


class CallDetached(CallEvent, frozen=True, kw_only=True, tag="call.detached"):
    """Our session no longer holds the call: it is not offered until it comes back; AMI says whether it is gone."""


class CallVanished(CallEvent, frozen=True, kw_only=True, tag="call.vanished"):
    """Asterisk no longer has the call, and nobody heard how it ended: its logs may say so, until `until`."""

    until: datetime


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

    `noticed`: the recording notice was played at the answer, as to whom we dial.
    """

    waited_s: float
    noticed: bool = False
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


class CallAbandoned(CallEvent, frozen=True, kw_only=True, tag="call.abandoned"):
    """The citizen left while waiting. `waited_s`: seconds in the queue."""

    waited_s: float


class CallEnded(CallEvent, frozen=True, kw_only=True, tag="call.ended"):
    """The citizen's channel is gone."""

    cause: int = 0
    by_citizen: bool = True


class ScreenPop(Event, frozen=True, kw_only=True, tag="screen_pop"):
    """What the agent's screen shows before the phone rings; the audience adds what is known of the number.

    `path`: the menus the caller came through and what was keyed there; `confidential`: nobody sees the whole number;
    `malicious`: the number is labelled; `priority`: the points the call has in line.
    """

    contact: ContactId
    call: CallId
    leg: LegId
    agent: AgentId
    queue: QueueId
    number: str
    did: str
    waited_s: float
    expires_at: datetime
    path: tuple[str, ...] = ()
    confidential: bool = False
    malicious: bool = False
    priority: int = 0


class ScreenPopWithdrawn(Event, frozen=True, kw_only=True, tag="screen_pop.withdrawn"):
    """The offer behind a pop ended without this agent answering."""

    contact: ContactId
    call: CallId
    leg: LegId
    agent: AgentId
    why: LegEnd


class AgentStateChanged(Event, frozen=True, kw_only=True, tag="agent.state"):
    """An agent went from one state to another."""

    agent: AgentId
    before: AgentState
    after: AgentState
    phone: Phone
    reason: str = ""
    call: CallId | None = None
    leg: LegId | None = None
    until: datetime | None = None
    by: UserId | None = None
    forced: bool = False
    seat: str = ""


class WrapUpExtended(Event, frozen=True, kw_only=True, tag="agent.wrap_up_extended"):
    """The agent wraps up until a later instant."""

    agent: AgentId
    until: datetime


class PhoneChanged(Event, frozen=True, kw_only=True, tag="phone.changed"):
    """A phone answers Asterisk, or no longer does: then nobody who sits there is offered a call."""

    phone: Phone
    reachable: bool


class DesktopChanged(Event, frozen=True, kw_only=True, tag="desktop.changed"):
    """An agent's desktop is there, or is gone: then the agent is offered no call."""

    agent: AgentId
    connected: bool


class QueueChanged(Event, frozen=True, kw_only=True, tag="queue.changed"):
    """A queue was opened or closed: by hand, or by its `calendar`, whose next change is at `until`."""

    queue: QueueId
    open: bool
    by: UserId
    reason: str = ""
    calendar: str = ""
    until: datetime | None = None


class SurgeStarted(Event, frozen=True, kw_only=True, tag="surge.started"):
    """So many calls of one area or DID came within a short time that they are handled as the settings say."""

    surge: str
    key: str
    calls: int


class SurgeEnded(Event, frozen=True, kw_only=True, tag="surge.ended"):
    """The burst is over; `deflected`: the callers who were told something instead of queued at once."""

    surge: str
    key: str
    deflected: int


class CallDeflected(CallEvent, frozen=True, kw_only=True, tag="call.deflected"):
    """The call is part of a burst, or of what a queue does not take: the caller is told something."""

    why: Refusal
    announce: str
    then: Then
    surge: str = ""


class CallUrgent(CallEvent, frozen=True, kw_only=True, tag="call.urgent"):
    """A labelled caller pressed the key for emergencies: from now on the call is treated as everybody's."""


class LabelEvent(Event, frozen=True, kw_only=True):
    """About the label of a number, for one tenant's line."""

    label: LabelId
    number: str
    tenant: str = ""
    confidential: bool = False


class LabelProposed(LabelEvent, frozen=True, kw_only=True, tag="caller.label_proposed"):
    """Somebody would have a caller labelled as `what`, for a reason; it lapses at `until` if nobody decides."""

    what: LabelKind
    reason: str
    evidence: tuple[ContactId, ...]
    by: UserId
    until: datetime


class CallerLabelled(LabelEvent, frozen=True, kw_only=True, tag="caller.labelled"):
    """Somebody else approved: the label is in force until an instant."""

    by: UserId
    until: datetime


class LabelEnded(LabelEvent, frozen=True, kw_only=True, tag="caller.label_ended"):
    """The label is refused, revoked or expired (`by` nobody)."""

    end: LabelEnd
    by: UserId | None = None
    reason: str = ""


class OperationStarted(Event, frozen=True, kw_only=True, tag="operation.started"):
    """Somebody asked for something that Asterisk must carry out; `until`: when it has failed if nothing is heard."""

    operation: OperationId
    verb: Verb
    by: UserId
    until: datetime
    contact: ContactId | None = None
    call: CallId | None = None
    leg: LegId | None = None
    party: LegId | None = None
    agent: AgentId | None = None
    queue: QueueId | None = None
    target: Target | None = None
    """Whom or what it is about: an agent, a queue, an outside number, an emergency service."""
    session: SessionId | None = None
    """The listening session it is about."""
    reason: str = ""
    confidential: bool = False


class PreviewShown(Event, frozen=True, kw_only=True, tag="preview.shown"):
    """An agent is shown a number to dial, or to decline, until an instant."""

    operation: OperationId
    agent: AgentId
    by: UserId
    number: str
    until: datetime
    purpose: str = ""
    about: ContactId | None = None
    case_no: str = ""
    unit: str = ""
    confidential: bool = False


class PreviewEnded(Event, frozen=True, kw_only=True, tag="preview.ended"):
    """The agent dials what they were shown, declined it, or let it pass."""

    operation: OperationId
    agent: AgentId
    dialled: bool


class DialledOut(Event, frozen=True, kw_only=True, tag="call.dialled_out"):
    """An agent's phone is rung in order to dial a number."""

    operation: OperationId
    leg: LegId
    agent: AgentId
    by: UserId
    phone: Phone
    node: NodeId
    number: str
    caller_id: str
    ring_until: datetime
    purpose: str = ""
    about: ContactId | None = None
    case_no: str = ""
    """The case it is about."""
    unit: str = ""
    """The unit that calls the citizen about it."""
    confidential: bool = False


class DialOutEnded(Event, frozen=True, kw_only=True, tag="call.dial_out_ended"):
    """An outbound call ended before there was a citizen's channel."""

    operation: OperationId
    leg: LegId
    agent: AgentId
    why: str


class AgentPlanned(Event, frozen=True, kw_only=True, tag="agent.planned"):
    """The agent is to be not ready after this call (`reason`), or no longer (empty)."""

    agent: AgentId
    reason: str


class ListeningRequested(Event, frozen=True, kw_only=True, tag="listening.requested"):
    """A supervisor asked to hear a call; their phone is rung."""

    session: SessionId
    operation: OperationId
    by: UserId
    phone: Phone
    contact: ContactId
    call: CallId
    leg: LegId
    agent: AgentId | None
    mode: ListeningMode
    purpose: str
    queue: QueueId | None = None


class ListeningEvent(Event, frozen=True, kw_only=True):
    """About a listening session that Asterisk reported."""

    session: SessionId
    contact: ContactId
    call: CallId
    agent: AgentId | None
    by: UserId | None
    occurred: datetime
    queue: QueueId | None = None


class ListeningStarted(ListeningEvent, frozen=True, kw_only=True, tag="listening.started"):
    """The supervisor hears the call; `foreign`: nobody asked us for it."""

    mode: ListeningMode
    foreign: bool = False


class ListeningModeChanged(ListeningEvent, frozen=True, kw_only=True, tag="listening.mode"):
    """The supervisor only hears from here on, or is heard by the agent (whisper), or by both (barge)."""

    mode: ListeningMode
    before: ListeningMode


class ListeningEnded(ListeningEvent, frozen=True, kw_only=True, tag="listening.ended"):
    """The supervisor no longer hears the call, or never did (`failed`)."""

    failed: str = ""


class RecordingEvent(Event, frozen=True, kw_only=True):
    """About one leg's recording, as Asterisk reported it."""

    recording: RecordingId
    contact: ContactId
    call: CallId
    leg: LegId
    occurred: datetime


class RecordingStarted(RecordingEvent, frozen=True, kw_only=True, tag="recording.started"):
    """Asterisk records."""


class RecordingStopped(RecordingEvent, frozen=True, kw_only=True, tag="recording.stopped"):
    """The file is complete; `failed` says why there is none."""

    failed: str = ""


class OperationDone(Event, frozen=True, kw_only=True, tag="operation.done"):
    """Asterisk carried out what was asked."""

    operation: OperationId
    by: UserId | None = None


class OperationFailed(Event, frozen=True, kw_only=True, tag="operation.failed"):
    """Asterisk could not carry out what was asked."""

    operation: OperationId
    why: str
    by: UserId | None = None


class NodeUp(Event, frozen=True, kw_only=True, tag="node.up"):
    """An Asterisk is heard again."""

    node: NodeId
    occurred: datetime


class NodeDown(Event, frozen=True, kw_only=True, tag="node.down"):
    """An Asterisk is not heard; its calls go on as they are."""

    node: NodeId
    occurred: datetime
    reason: str


class ResyncRepaired(Event, frozen=True, kw_only=True, tag="resync.repaired"):
    """After a reconnect, `repairs` facts were made up for what had been missed."""

    node: NodeId
    repairs: int


AnyEvent = (
    CenterStarted
    | ContactArrived
    | ContactBlocked
    | ContactEnded
    | ContactLinked
    | ContactConfidential
    | ContactWrappedUp
    | MessageLeft
    | CallQueued
    | CallLeftQueue
    | FlowEnded
    | CallRelaxed
    | CallAnnounced
    | SurveyAsked
    | SurveyAnswered
    | CallRouted
    | CallParked
    | CallDeflected
    | CallbackRequested
    | CallbackNoted
    | RevisitAnswered
    | CallbackDue
    | CallbackOffered
    | CallbackAttempted
    | CallbackDone
    | CallDetached
    | CallVanished
    | CallOffered
    | CallRinging
    | CallAnswered
    | CallConsulted
    | CallHeld
    | CallResumed
    | CallTransferred
    | LegEnded
    | CallAbandoned
    | CallEnded
    | ScreenPop
    | ScreenPopWithdrawn
    | AgentStateChanged
    | AgentPlanned
    | PhoneChanged
    | DesktopChanged
    | WrapUpExtended
    | QueueChanged
    | SurgeStarted
    | SurgeEnded
    | CallUrgent
    | LabelProposed
    | CallerLabelled
    | LabelEnded
    | OperationStarted
    | PreviewShown
    | PreviewEnded
    | DialledOut
    | DialOutEnded
    | ListeningRequested
    | ListeningStarted
    | ListeningModeChanged
    | ListeningEnded
    | RecordingStarted
    | RecordingStopped
    | OperationDone
    | OperationFailed
    | NodeUp
    | NodeDown
    | ResyncRepaired
)


class Position(msgspec.Struct, frozen=True, order=True, gc=False):
    """A place in the log: entries are read *after* it. (0, 0) is the beginning."""

    epoch: int = 0
    seq: int = 0


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One line of the journal."""

    epoch: int
    seq: int
    at: datetime
    event: AnyEvent

    @property
    def position(self) -> Position:
        """The place of this entry in the log."""
        return Position(self.epoch, self.seq)
