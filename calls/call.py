"""A citizen's live call and its legs."""

from datetime import datetime

import msgspec

from calls.transitions import CallState, LegState
from messages.ids import (
    AgentId,
    CallId,
    ContactId,
    DutyId,
    LabelId,
    LegId,
    NodeId,
    OperationId,
    Phone,
    QueueId,
    RecordingId,
)
from messages.values import ContactOutcome, Direction, LegKind, Need, Target


class Leg(msgspec.Struct, kw_only=True):
    """One party's part in a call; `agent` is None where nobody is known at `phone`."""

    id: LegId
    phone: Phone
    agent: AgentId | None
    state: LegState = LegState.OFFERED
    offered_at: datetime
    ring_until: datetime | None = None
    """The end of our own offer; Asterisk's own queue keeps time for its legs."""
    role: LegKind = LegKind.AGENT
    operation: OperationId | None = None
    answered_at: datetime | None = None
    transferred_to: str = ""
    recording: RecordingId | None = None
    recorded: int = 0
    """How many recordings it has had."""

    @property
    def alive(self) -> bool:
        """Whether the leg rings or talks."""
        return self.state is not LegState.ENDED

    @property
    def talks(self) -> bool:
        """Whether citizen and agent are connected, on hold or not."""
        return self.state is LegState.TALKING or self.state is LegState.HELD


class Surveyed(msgspec.Struct, frozen=True, array_like=True):
    """When a question was put, the key that answered it (empty: none yet), and whether that was a satisfied one."""

    asked_at: datetime
    key: str = ""
    satisfied: bool | None = None


class Call(msgspec.Struct, kw_only=True):
    """A citizen's call from arrival to hang-up.

    `queued_at` is when it first joined a queue and is kept for good; `joined_at` is when it joined the present one.
    `by_asterisk`: the fallback queue holds it; `detached`: no session of ours does. Either way it is not ours to offer.
    """

    id: CallId
    contact: ContactId
    node: NodeId
    number: str
    did: str
    arrived_at: datetime
    direction: Direction = Direction.IN
    tenant: str = ""
    about: ContactId | None = None
    state: CallState = CallState.ARRIVED
    queue: QueueId | None = None
    queued_at: datetime | None = None
    joined_at: datetime | None = None
    needs: tuple[Need, ...] = ()
    """All it asked for."""
    asks: tuple[tuple[str, int], ...] = ()
    """What of it it insists on now: skills and levels."""
    priority: int = 0
    place: datetime | None = None
    """By which it is ordered in line."""
    kept: datetime | None = None
    """The place kept from the call in which the citizen asked to be called back."""
    operation: OperationId | None = None
    """What dialled the citizen without an agent."""
    reached: bool = False
    """The citizen dialled so has picked up."""
    estimated_s: float | None = None
    routed: Target | None = None
    """Whom it was passed to, until it is held again."""
    aside: bool = False
    """Somebody is rung for it who was not found by waiting in a queue."""
    parking: bool = False
    """It was passed to nobody, to be picked up."""
    deflected: tuple[str, ...] = ()
    """The bursts and refusals its citizen has been told of."""
    announced: int = 0
    """How often it was told something while it waits in the present queue."""
    announce_at: datetime | None = None
    """When it is told something next."""
    told_position: int = 0
    """The best place it was told there; 0 for none."""
    surveyed: dict[str, Surveyed] = {}
    """What it was asked in surveys, by question."""
    noticed: bool = False
    confidential: bool = False
    label: LabelId | None = None
    """Of the caller's number, in force when they came."""
    urgent: bool = False
    """The caller, labelled, pressed the key for emergencies."""
    duty: DutyId | None = None
    """The leader's duty in whose scope it came."""
    path: tuple[str, ...] = ()
    """The menus it came through and what was keyed there."""
    message: bool = False
    """Its citizen left a message, and is owed a call."""
    by_asterisk: bool = False
    detached: bool = False
    vanished: datetime | None = None
    """Since when Asterisk is known not to have it, while its logs may still tell how it ended."""
    answered: bool = False
    left: ContactOutcome | None = None
    """What it comes to if it ends now."""
    recording: RecordingId | None = None
    """The fallback queue's own recording, which is of the call and not of one leg."""
    legs: dict[LegId, Leg] = {}

    def __repr__(self) -> str:
        return f"<Call {self.id}: {self.state} in {self.queue}, {len(self.legs)} legs>"

    @property
    def satisfied(self) -> bool | None:
        """What the first of the answers that says so said."""
        return next((one.satisfied for one in self.surveyed.values() if one.satisfied is not None), None)

    @property
    def in_line(self) -> bool:
        """Whether the call waits and is ours to offer."""
        return self.state is CallState.WAITING and not (self.by_asterisk or self.detached or self.vanished)

    def alive_legs(self) -> list[Leg]:
        """Return the legs that ring or talk."""
        return [leg for leg in self.legs.values() if leg.state is not LegState.ENDED]

    def talking_legs(self) -> list[Leg]:
        """Return the legs that talk, the oldest first."""
        return [leg for leg in self.legs.values() if leg.talks]

    def talking_leg(self) -> Leg | None:
        """Return the leg that has talked longest, if one does."""
        return next((leg for leg in self.legs.values() if leg.talks), None)

    def consulted(self) -> Leg | None:
        """Return the leg that is consulted, or rung to be."""
        return next((leg for leg in self.alive_legs() if leg.role is LegKind.CONSULT and not leg.talks), None)

    @property
    def restrained(self) -> bool:
        """Whether the label has its effect: until the caller presses the key for emergencies."""
        return self.label is not None and not self.urgent

    def next_leg(self) -> LegId:
        """Return the id of the leg that would be opened next."""
        return LegId(f"{self.id}/{len(self.legs) + 1}")

    def waited_s(self, now: datetime) -> float:
        """Return seconds since joining the present queue; 0 where it never did."""
        return max(0.0, (now - self.joined_at).total_seconds()) if self.joined_at else 0.0

    def outcome(self) -> ContactOutcome:
        """Return what the contact comes to if the call ends now (DOMAIN §5)."""
        if self.answered:
            return ContactOutcome.ANSWERED
        if self.left is not None:
            return self.left
        if self.direction is Direction.OUT and not self.reached and self.queued_at is None:
            return ContactOutcome.NOT_REACHED
        if self.queued_at is not None:
            return ContactOutcome.ABANDONED
        return ContactOutcome.ENDED_IN_IVR
