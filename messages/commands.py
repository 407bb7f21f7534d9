"""Commands: what the centre wants done on a node, in the imperative."""

from datetime import datetime

import msgspec

from messages.ids import (
    AgentId,
    CallId,
    CommandId,
    ContactId,
    LegId,
    NodeId,
    OperationId,
    Phone,
    QueueId,
    RecordingId,
    SessionId,
)
from messages.values import LegKind, ListeningMode, Then, Verb


class Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", gc=False):
    """To be carried out once, on `node`, before `deadline` (UTC) or not at all."""

    id: CommandId
    node: NodeId
    deadline: datetime


class Ringing(msgspec.Struct, frozen=True):
    """One leg of an offer and the phone to ring for it."""

    leg: LegId
    phone: Phone


class OfferCall(Command, frozen=True, kw_only=True, tag="call.offer"):
    """Ring for a held call, at most `ring_s` seconds: one agent's phone, or several at once, of which the first wins.

    `outside`: the one number is outside, shown `caller_id`.
    """

    call: CallId
    legs: tuple[Ringing, ...]
    ring_s: float
    outside: bool = False
    caller_id: str = ""


class WithdrawOffer(Command, frozen=True, kw_only=True, tag="call.withdraw"):
    """Stop ringing; the citizen stays held."""

    call: CallId
    leg: LegId


class LeaveQueue(Command, frozen=True, kw_only=True, tag="call.leave_queue"):
    """Tell a held caller something (a prompt's name, or nothing) and go on as `then` says; WAIT queues again.

    `key`: offered with it; who presses it queues again, whatever `then` says.
    """

    call: CallId
    announce: str
    then: Then
    key: str = ""


class Announce(Command, frozen=True, kw_only=True, tag="call.announce"):
    """Tell a held caller the prompt `comfort`, their `position` (0: do not) and `minutes` to wait (None: do not), and
    offer a call back by key; an offer of a call to an agent cuts it short."""

    call: CallId
    position: int = 0
    minutes: int | None = None
    comfort: str = ""
    callback: bool = False


class ActOnLeg(Command, frozen=True, kw_only=True, tag="leg.act"):
    """Do with a talking leg what a verb says: hold, resume, mute, unmute, dtmf, transfer, park, consult, complete,
    cancel, swap, leave.

    `phone` or `number`: whom to consult (an agent's phone, or an outside number shown `caller_id`) as `party`.
    """

    operation: OperationId
    call: CallId
    leg: LegId
    verb: Verb
    digits: str = ""
    party: LegId = LegId("")
    phone: Phone = Phone("")
    number: str = ""
    caller_id: str = ""
    ring_s: float = 30.0


class CallParty(Command, frozen=True, kw_only=True, tag="party.call"):
    """Ring a phone or an outside number and let whoever answers join the citizen's talk, as a leg of its own."""

    operation: OperationId
    contact: ContactId
    call: CallId
    leg: LegId
    kind: LegKind
    phone: Phone = Phone("")
    number: str = ""
    caller_id: str = ""
    ring_s: float = 30.0


class DropLeg(Command, frozen=True, kw_only=True, tag="leg.drop"):
    """Hang one leg up; the citizen and the others stay."""

    call: CallId
    leg: LegId


class DialOut(Command, frozen=True, kw_only=True, tag="call.dial_out"):
    """Ring the agent's phone; when they answer, dial the number for them, as `leg`.

    `notice`: whoever answers there hears the recording notice before the two talk.
    """

    operation: OperationId
    leg: LegId
    phone: Phone
    number: str
    caller_id: str
    ring_s: float = 30.0
    notice: bool = False


class CallCitizen(Command, frozen=True, kw_only=True, tag="citizen.call"):
    """Ring a citizen without an agent, as a call of their own that carries `leg`.

    Who answers hears a notice and is held for `queue`; where that is empty, is asked by keypad and nothing else.
    """

    operation: OperationId
    leg: LegId
    number: str
    caller_id: str
    queue: QueueId = QueueId("")
    ring_s: float = 30.0


class CancelDialOut(Command, frozen=True, kw_only=True, tag="call.cancel_dial_out"):
    """Stop an outbound call that has no citizen's channel yet."""

    leg: LegId


class BringBack(Command, frozen=True, kw_only=True, tag="call.bring_back"):
    """Take a caller out of the fallback queue, back to us, keeping the place in line."""

    call: CallId


class HangUp(Command, frozen=True, kw_only=True, tag="call.hang_up"):
    """End the citizen's call."""

    call: CallId


class StartRecording(Command, frozen=True, kw_only=True, tag="recording.start"):
    """Record a talking leg, citizen left, agent right; `paused`: silence from its first moment."""

    recording: RecordingId
    contact: ContactId
    call: CallId
    leg: LegId
    paused: bool = False


class PauseRecordings(Command, frozen=True, kw_only=True, tag="recording.pause"):
    """Write silence to all of a call's recordings, or (`paused` false) what is said again."""

    call: CallId
    paused: bool
    operation: OperationId = OperationId("")


class StopRecording(Command, frozen=True, kw_only=True, tag="recording.stop"):
    """The leg is over; complete its file."""

    recording: RecordingId
    call: CallId


class StartSpy(Command, frozen=True, kw_only=True, tag="spy.start"):
    """Ring the listener's phone and let it hear the leg; not `rings`: it is there already and waits."""

    session: SessionId
    leg: LegId
    phone: Phone
    mode: ListeningMode
    follows: bool = False
    """When the leg is over the listener stays, and waits for another."""
    rings: bool = True


class SwitchSpy(Command, frozen=True, kw_only=True, tag="spy.switch"):
    """Let a listener go on in another mode."""

    operation: OperationId
    session: SessionId
    mode: ListeningMode


class StopSpy(Command, frozen=True, kw_only=True, tag="spy.stop"):
    """Hang the listener up."""

    session: SessionId


class MirrorAgent(Command, frozen=True, kw_only=True, tag="agent.mirror"):
    """Keep the fallback queue's member in step: `present` and, if so, taking calls, when free, if `ready`."""

    agent: AgentId
    phone: Phone
    present: bool
    ready: bool


AnyCommand = (
    OfferCall
    | WithdrawOffer
    | LeaveQueue
    | Announce
    | ActOnLeg
    | CallParty
    | DropLeg
    | DialOut
    | CallCitizen
    | CancelDialOut
    | BringBack
    | HangUp
    | StartRecording
    | StopRecording
    | PauseRecordings
    | StartSpy
    | SwitchSpy
    | StopSpy
    | MirrorAgent
)
