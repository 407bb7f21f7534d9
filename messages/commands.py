"""Commands: what the centre wants done on a node, in the imperative."""

from datetime import datetime

import msgspec

from messages.ids import AgentId, CallId, CommandId, ContactId, LegId, NodeId, Phone, RecordingId, SessionId
from messages.values import ListeningMode


class Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="command"):
    """To be carried out once, on `node`, before `deadline` (UTC) or not at all."""

    id: CommandId
    node: NodeId
    deadline: datetime


class OfferCall(Command, frozen=True, kw_only=True, tag="call.offer"):
    """Ring an agent's phone for a held call; at most `ring_s` seconds."""

    call: CallId
    leg: LegId
    agent: AgentId
    phone: Phone
    ring_s: float


class WithdrawOffer(Command, frozen=True, kw_only=True, tag="call.withdraw"):
    """Stop ringing; the citizen stays held."""

    call: CallId
    leg: LegId


class BringBack(Command, frozen=True, kw_only=True, tag="call.bring_back"):
    """Take a caller out of the fallback queue, back to us, keeping the place in line."""

    call: CallId


class HangUp(Command, frozen=True, kw_only=True, tag="call.hang_up"):
    """End the citizen's call."""

    call: CallId


class StartRecording(Command, frozen=True, kw_only=True, tag="recording.start"):
    """Record a talking leg, citizen left, agent right."""

    recording: RecordingId
    contact: ContactId
    call: CallId
    leg: LegId


class StopRecording(Command, frozen=True, kw_only=True, tag="recording.stop"):
    """The leg is over; complete its file."""

    recording: RecordingId
    call: CallId


class StartSpy(Command, frozen=True, kw_only=True, tag="spy.start"):
    """Ring the listener's phone and let it hear the leg."""

    session: SessionId
    leg: LegId
    phone: Phone
    mode: ListeningMode


class StopSpy(Command, frozen=True, kw_only=True, tag="spy.stop"):
    """Hang the listener up."""

    session: SessionId


class MirrorAgent(Command, frozen=True, kw_only=True, tag="agent.mirror"):
    """Keep the fallback queue's member in step: `present` and, if so, taking calls when `ready`."""

    agent: AgentId
    phone: Phone
    present: bool
    ready: bool


AnyCommand = OfferCall | WithdrawOffer | HangUp | StartRecording | StopRecording | StartSpy | StopSpy | MirrorAgent
