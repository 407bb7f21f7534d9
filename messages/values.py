"""Values that several rooms share: states, outcomes and reasons; needs and targets."""

from enum import StrEnum

import msgspec


class AgentState(StrEnum):
    """What an agent is doing; DOMAIN's eight states."""

    LOGGED_OUT = "logged_out"
    READY = "ready"
    RESERVED = "reserved"
    RINGING = "ringing"
    TALKING = "talking"
    HOLDING = "holding"
    WRAP_UP = "wrap_up"
    NOT_READY = "not_ready"


class ContactOutcome(StrEnum):
    """How a contact ended, each contact exactly one."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    TIMED_OUT = "timed_out"
    LEFT_BY_KEY = "left_by_key"
    NO_AGENTS = "no_agents"
    WITHDRAWN = "withdrawn"
    BLOCKED = "blocked"
    CLOSED = "closed"
    ENDED_IN_IVR = "ended_in_ivr"
    CALLBACK = "callback"
    OVERFLOWED = "overflowed"
    NOT_REACHED = "not_reached"
    """An outbound call that nobody answered."""
    LOST = "lost"


class Source(StrEnum):
    """Whose word a record is."""

    LIVE = "live"
    PRESUMED = "presumed"
    """Ended while we did not hear Asterisk, and its logs did not say how."""
    BACKFILL = "backfill"
    """Asterisk's logs told us later what had happened, or ended, while we were away."""
    QUEUE_LOG = "queue_log"
    CEL = "cel"


class Direction(StrEnum):
    """Who called whom."""

    IN = "in"
    OUT = "out"


class LegEnd(StrEnum):
    """Why an agent's leg ended."""

    AGENT_HUNG_UP = "agent_hung_up"
    CITIZEN_HUNG_UP = "citizen_hung_up"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    UNAVAILABLE = "unavailable"
    WITHDRAWN = "withdrawn"
    CITIZEN_GONE = "citizen_gone"
    ANSWERED_ELSEWHERE = "answered_elsewhere"
    TRANSFERRED = "transferred"
    TAKEN_OVER = "taken_over"
    LEFT = "left"
    """Left a three-way call that went on."""
    LOST = "lost"
    PHONE_DIED = "phone_died"
    """Nothing more was heard of the phone in mid-talk."""


class LegKind(StrEnum):
    """Why somebody takes part in a call."""

    AGENT = "agent"
    CONSULT = "consult"
    THREE_WAY = "three_way"
    EMERGENCY = "emergency"
    TAKE_OVER = "take_over"
    OUTBOUND = "outbound"


class ListeningMode(StrEnum):
    """How a supervisor takes part: only hearing, heard by the agent, or heard by both."""

    LISTEN = "listen"
    WHISPER = "whisper"
    BARGE = "barge"


class ListeningScope(StrEnum):
    """What a listening session is for."""

    CALL = "call"
    AGENT = "agent"
    """The calls of one agent, one after the other."""
    QUEUE = "queue"
    """The next call of a queue."""


class ListeningEnd(StrEnum):
    """How a listening session came to its end."""

    OVER = "over"
    """The call is over, or the listener hung up."""
    STOPPED = "stopped"
    """On request."""
    LIMIT = "limit"
    """Its time was up."""
    CONFIDENTIAL = "confidential"
    """The citizen asked for confidence."""
    REFUSED = "refused"
    LAPSED = "lapsed"
    """Nobody approved, or no call came, in time."""
    FAILED = "failed"
    """The listener's phone did not answer, or could not be rung."""
    LOST = "lost"
    """Gone when Asterisk was heard again."""


class Role(StrEnum):
    """What a signed-in person or program may do."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    LEADER = "leader"
    ANALYST = "analyst"
    AUDITOR = "auditor"
    ADMIN = "admin"
    CASE_SYSTEM = "case_system"


class Reason(StrEnum):
    """Reasons of not-ready that the centre itself gives; people give their own in words."""

    LOGGED_IN = "logged_in"
    RONA = "rona"
    PHONE_UNAVAILABLE = "phone_unavailable"
    DEAF_PHONE = "deaf_phone"
    """The phone does not answer Asterisk any more."""
    DEAF_DESKTOP = "deaf_desktop"
    """The desktop that was there is gone."""


class CallbackKind(StrEnum):
    """Why a citizen is called back."""

    REQUESTED = "requested"
    MISSED = "missed"
    REVISIT = "revisit"
    """The case system wants to know how satisfied a citizen is with what became of a case."""


class Asker(StrEnum):
    """Who asks the citizen in a revisit."""

    AGENT = "agent"
    KEYPAD = "keypad"
    """Nobody: questions are played, and answered by key."""


class RingsFirst(StrEnum):
    """Whose phone rings first when a citizen is called back."""

    AGENT = "agent"
    CITIZEN = "citizen"


class CallbackEnd(StrEnum):
    """How a call back came to its end."""

    SERVED = "served"
    """An agent has talked to the citizen, whoever called whom; or the citizen has answered by key."""
    GAVE_UP = "gave_up"
    """Not reached in as many attempts as are made."""
    CLOSED = "closed"
    """Closed by hand, for a reason."""


class LabelKind(StrEnum):
    """What a number is labelled as."""

    MALICIOUS = "malicious"
    HARASSING = "harassing"
    REPEAT_EMPTY = "repeat_empty"
    """Calls again and again, and says nothing."""


class LabelEnd(StrEnum):
    """How a label, or the proposal of one, came to its end."""

    REFUSED = "refused"
    REVOKED = "revoked"
    EXPIRED = "expired"


class AlertFigure(StrEnum):
    """A live figure that may be alerted of."""

    LONGEST_WAIT = "longest_wait"
    """How long the one who has waited longest in a queue has, in seconds."""
    WAITING = "waiting"
    """How many wait in it."""
    NOBODY_READY = "nobody_ready"
    """The longest wait while none of its agents is ready, in seconds."""
    NODE_DOWN = "node_down"
    """Since when an Asterisk is not heard, in seconds."""


class Severity(StrEnum):
    """How bad it is."""

    WARNING = "warning"
    CRITICAL = "critical"


class CaseStep(StrEnum):
    """What the case system reports of a case."""

    DIRECT_ANSWER = "direct_answer"
    DISPATCHED = "dispatched"
    RETURNED = "returned"
    """By the unit: it is not its business, or not as it was put."""
    REPLIED = "replied"
    COMPLETED = "completed"
    SUPERVISED = "supervised"
    REVISITED = "revisited"
    WITHDRAWN = "withdrawn"


class UnitKind(StrEnum):
    """What a handling unit is."""

    COUNTY = "county"
    DEPARTMENT = "department"


class Verb(StrEnum):
    """What may be done with a live call; each is an operation that Asterisk carries out."""

    HOLD = "hold"
    RESUME = "resume"
    MUTE = "mute"
    UNMUTE = "unmute"
    DTMF = "dtmf"
    TRANSFER = "transfer"
    PARK = "park"
    PICK_UP = "pick_up"
    CONSULT = "consult"
    COMPLETE = "complete"
    CANCEL = "cancel"
    SWAP = "swap"
    THREE_WAY = "three_way"
    EMERGENCY = "emergency"
    TAKE_OVER = "take_over"
    LEAVE = "leave"
    HANG_UP = "hang_up"
    DIAL_OUT = "dial_out"
    LISTENING_MODE = "listening_mode"
    PAUSE_RECORDING = "pause_recording"
    RESUME_RECORDING = "resume_recording"
    START_RECORDING = "start_recording"
    STOP_RECORDING = "stop_recording"


class RecordPolicy(StrEnum):
    """Whether the talks of a queue's calls are recorded, once the citizen has heard the notice."""

    ALWAYS = "always"
    ON_DEMAND = "on_demand"
    """From when the agent or a supervisor asks for it."""
    NEVER = "never"


class TargetKind(StrEnum):
    """Whom a call may be passed to."""

    AGENT = "agent"
    QUEUE = "queue"
    NUMBER = "number"
    """Outside, through the trunk."""


class Target(msgspec.Struct, frozen=True):
    """Whom a call is passed to, or who is called into it: an agent's id, a queue's id, or an outside number."""

    kind: TargetKind
    to: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.to}"


class Need(msgspec.Struct, frozen=True):
    """A skill a call asks for, at a level (1 to 10) or above.

    An agent without it does not get the call until it has waited `wait_s` seconds (None: ever); from then on agents who
    have it only come first. So 0 is a preference, and the same skill twice relaxes in steps.
    """

    skill: str
    level: int = 1
    wait_s: float | None = None


class Refusal(StrEnum):
    """Why a queue does not take, or no longer keeps, a call."""

    FULL = "full"
    TOO_LONG = "too_long"
    NOBODY = "nobody"
    """No agent of it is logged in."""
    CLOSED = "closed"
    SURGE = "surge"
    NUISANCE = "nuisance"
    """Its caller's number is labelled: they are told so, and not turned away."""


class Then(StrEnum):
    """What follows the announcement to a caller whom a queue does not take."""

    END = "end"
    CALLBACK = "callback"
    """A call back is offered by key; who does not take it is said goodbye to."""
    WAIT = "wait"
    """The caller joins the queue all the same."""
