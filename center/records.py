"""What is kept of each contact, queue visit, leg, operation, agent state, listening session, recording and surge:
one record each, one row each."""

from datetime import datetime

import msgspec

from messages.duty import AnsweredBy, DutyEnd, Every
from messages.ids import (
    AgentId,
    CallbackId,
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
    SessionId,
    UserId,
)
from messages.values import (
    AgentState,
    Asker,
    CallbackEnd,
    CallbackKind,
    CaseStep,
    ContactOutcome,
    Direction,
    LabelEnd,
    LabelKind,
    LegEnd,
    LegKind,
    ListeningEnd,
    ListeningMode,
    ListeningScope,
    Refusal,
    Source,
    UnitKind,
    Verb,
)


class ContactRecord(msgspec.Struct, kw_only=True):
    """One citizen's interaction. Instants in UTC, µs. Complete once `ended_at` is set."""

    contact: ContactId
    call: CallId | None = None
    channel: str = "call"
    source: Source = Source.LIVE
    node: NodeId | None = None
    linkedid: str = ""
    number: str = ""
    did: str = ""
    arrived_at: datetime
    noticed: bool = False
    queue: QueueId | None = None
    queued_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: ContactOutcome | None = None
    by_citizen: bool | None = None
    agent: AgentId | None = None
    transferred: bool = False
    by_asterisk: bool = False
    tenant: str = ""
    direction: Direction = Direction.IN
    about: ContactId | None = None
    refused: Refusal | None = None
    """Why a queue did not take or keep it."""
    deflected: bool = False
    """Whether it was told something because of a burst."""
    visits: int = 0
    confidential: bool = False
    confidential_at: datetime | None = None
    menu_s: float = 0.0
    """Seconds in the flow's menus, until it was queued."""
    unit: str = ""
    """The handling unit whose call to the citizen it is."""
    label: LabelId | None = None
    """Of the caller's number, in force when they came."""
    urgent: bool = False
    """Whether the caller, labelled, pressed the key for emergencies."""
    path: str = ""
    """The menus and what was keyed there, numbers masked."""


class ConfidentialRecord(msgspec.Struct, kw_only=True):
    """What is changed of a contact that is over, whose citizen asks for confidence."""

    contact: ContactId
    confidential: bool = True
    confidential_at: datetime


class VisitRecord(msgspec.Struct, kw_only=True):
    """One contact at one queue: what the queue's own ledger is made of. `joined`: false if refused at the door.

    For each queue, asked = refused at the door + joined, and joined = the sum over outcomes + those still there.
    """

    contact: ContactId
    n: int
    call: CallId
    queue: QueueId
    tenant: str = ""
    asked_at: datetime
    joined: bool = True
    transferred: bool = False
    position: int = 0
    estimated_s: float | None = None
    left_at: datetime | None = None
    outcome: ContactOutcome | None = None
    agent: AgentId | None = None
    refused: Refusal | None = None
    to: QueueId | None = None
    source: Source = Source.LIVE


class SurveyRecord(msgspec.Struct, kw_only=True):
    """One question put to a citizen by keypad; without `answered_at` they pressed nothing that means something."""

    contact: ContactId
    question: str
    call: CallId
    queue: QueueId | None = None
    agent: AgentId | None = None
    asked_at: datetime
    answered_at: datetime | None = None
    key: str = ""
    satisfied: bool | None = None


class LegRecord(msgspec.Struct, kw_only=True):
    """One party's part in a contact, an offer that came to nothing included."""

    leg: LegId
    contact: ContactId
    call: CallId
    queue: QueueId | None = None
    agent: AgentId | None = None
    phone: Phone = Phone("")
    queued_at: datetime | None = None
    offered_at: datetime
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    end: LegEnd | None = None
    held_since: datetime | None = None
    hold_s: float = 0.0
    holds: int = 0
    transferred_to: str = ""
    wrap_up_until: datetime | None = None
    wrap_up_s: float | None = None
    role: LegKind = LegKind.AGENT
    operation: OperationId | None = None
    consulted_at: datetime | None = None
    source: Source = Source.LIVE


class OperationRecord(msgspec.Struct, kw_only=True):
    """Something a person had done with a call: who, what, why, and how it went."""

    operation: OperationId
    verb: Verb
    by: UserId
    contact: ContactId | None = None
    call: CallId | None = None
    leg: LegId | None = None
    party: LegId | None = None
    agent: AgentId | None = None
    target: str = ""
    reason: str = ""
    asked_at: datetime
    ended_at: datetime | None = None
    done: bool | None = None
    failed: str = ""
    confidential: bool = False


class ThreeWayRecord(msgspec.Struct, kw_only=True):
    """Somebody called into a contact: who was called, when they answered, how it ended.

    `response_s`: seconds from asking to the answer, the department's response time; None where nobody answered.
    """

    operation: OperationId
    contact: ContactId
    call: CallId
    leg: LegId
    kind: LegKind
    by: UserId
    agent: AgentId | None = None
    called: str
    asked_at: datetime
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    end: LegEnd | None = None
    response_s: float | None = None


class CallbackRecord(msgspec.Struct, kw_only=True):
    """One citizen's call back: why, for how many of their contacts, how often tried, and how it ended.

    `contact`: the one in which they were served, `agent`: by whom.
    """

    callback: CallbackId
    kind: CallbackKind
    number: str
    tenant: str = ""
    queue: QueueId
    noted_at: datetime
    due_at: datetime
    contacts: int = 0
    first_contact: ContactId | None = None
    attempts: int = 0
    attempted_at: datetime | None = None
    done_at: datetime | None = None
    end: CallbackEnd | None = None
    contact: ContactId | None = None
    agent: AgentId | None = None
    closed_by: UserId | None = None
    reason: str = ""
    case_no: str = ""
    """The case that a revisit is about."""
    asker: Asker = Asker.AGENT
    """Who asks the citizen in a revisit."""
    confidential: bool = False


class RevisitRecord(msgspec.Struct, kw_only=True):
    """What a citizen said when they were asked about a case; said again, the last counts. Not service satisfaction."""

    revisit: CallbackId
    case_no: str
    satisfied: bool
    reason: str = ""
    contact: ContactId | None = None
    agent: AgentId | None = None
    by: UserId
    answered_at: datetime
    keyed: str = ""
    """Each question of a survey by keypad with the key that answered it, with spaces between."""


class LabelRecord(msgspec.Struct, kw_only=True):
    """A caller's label: who proposed it, with what evidence (contacts, with spaces between), who approved, its end."""

    label: LabelId
    what: LabelKind
    number: str
    tenant: str = ""
    reason: str
    evidence: str
    proposed_by: UserId
    proposed_at: datetime
    approved_by: UserId | None = None
    approved_at: datetime | None = None
    until: datetime
    ended_at: datetime | None = None
    end: LabelEnd | None = None
    ended_by: UserId | None = None
    why: str = ""
    confidential: bool = False


class DutyRecord(msgspec.Struct, kw_only=True):
    """A leader's duty session as it was planned last, when it went on, and how it ended.

    What its scope names stands with spaces between; `leader` and `aide` are seats.
    """

    duty: DutyId
    leader: AgentId
    name: str = ""
    title: str = ""
    post: str = ""
    unit: str = ""
    aide: AgentId | None = None
    begins_at: datetime
    ends_at: datetime
    dids: str = ""
    areas: str = ""
    queues: str = ""
    topics: str = ""
    notice: str = ""
    ring_s: float
    tenant: str = ""
    every: Every | None = None
    planned_by: UserId
    planned_at: datetime
    changed_by: UserId | None = None
    changed_at: datetime | None = None
    reason: str = ""
    """Why it was planned otherwise, or ended before its time."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    end: DutyEnd | None = None
    ended_by: UserId | None = None


class DutyCallRecord(msgspec.Struct, kw_only=True):
    """One contact in the scope of a duty: who served it first, and how often the leader's phone rang for it, in vain.

    `handed_over`: the aide went on with it; `aide_joined`: the aide came into the leader's talk.
    """

    duty: DutyId
    contact: ContactId
    call: CallId
    queue: QueueId | None = None
    leader: AgentId
    aide: AgentId | None = None
    called_at: datetime
    offered: int = 0
    missed: int = 0
    answered_at: datetime | None = None
    answered_by: AnsweredBy | None = None
    agent: AgentId | None = None
    handed_over: bool = False
    aide_joined: bool = False
    ended_at: datetime | None = None
    outcome: ContactOutcome | None = None


class MessageRecord(msgspec.Struct, kw_only=True):
    """What a flow or the emergency script took down of a contact: a message, or that none was left."""

    contact: ContactId
    number: str
    did: str = ""
    left_at: datetime
    recording: str = ""
    reason: str = ""
    seconds: float = 0.0


class SurgeRecord(msgspec.Struct, kw_only=True):
    """One burst of calls; `deflected`: the callers who were told something or sent elsewhere because of it."""

    surge: str
    key: str
    started_at: datetime
    ended_at: datetime | None = None
    deflected: int = 0


class AgentStateRecord(msgspec.Struct, kw_only=True):
    """One stretch of one agent's state; open while `ended_at` is None."""

    agent: AgentId
    state: AgentState
    reason: str = ""
    phone: Phone = Phone("")
    call: CallId | None = None
    started_at: datetime
    ended_at: datetime | None = None
    epoch: int
    seq: int
    by: UserId | None = None
    forced: bool = False


class ListeningRecord(msgspec.Struct, kw_only=True):
    """One listening session, from its request to its end; `contact` to `queue`: of what it heard first.

    `followed`: the agent or queue it was for; `limit_s`: seconds it was to last at the most.
    """

    session: SessionId
    by: UserId | None
    phone: Phone = Phone("")
    contact: ContactId | None
    call: CallId | None
    agent: AgentId | None = None
    queue: QueueId | None = None
    mode: ListeningMode
    modes: str = ""
    """Those it went on in, in order."""
    purpose: str = ""
    foreign: bool = False
    requested_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    failed: str = ""
    scope: ListeningScope = ListeningScope.CALL
    followed: str = ""
    hearings: int = 0
    """How many calls it heard."""
    approval: bool = False
    approver: UserId | None = None
    approved: bool | None = None
    decided_at: datetime | None = None
    limit_s: float | None = None
    told: bool = False
    end: ListeningEnd | None = None
    note: str = ""
    note_at: datetime | None = None


class ListeningNoteRecord(msgspec.Struct, kw_only=True):
    """What the listener noted once a session was over."""

    session: SessionId
    note: str
    note_at: datetime


class HearingRecord(msgspec.Struct, kw_only=True):
    """One call that a listening session heard, from ChanSpyStart to ChanSpyStop; `spyer`: the channel that heard it."""

    session: SessionId
    n: int
    contact: ContactId | None
    call: CallId | None
    agent: AgentId | None = None
    queue: QueueId | None = None
    mode: ListeningMode
    modes: str = ""
    spyer: str = ""
    foreign: bool = False
    started_at: datetime
    ended_at: datetime | None = None


class RecordingRecord(msgspec.Struct, kw_only=True):
    """One talking leg's recording. `gaps`: when silence was recorded, as `FROM/TO` in ISO 8601, by spaces."""

    recording: RecordingId
    contact: ContactId
    call: CallId
    leg: LegId
    started_at: datetime
    ended_at: datetime | None = None
    failed: str = ""
    gaps: str = ""


class CaseLinkRecord(msgspec.Struct, kw_only=True):
    """A case tied to a contact."""

    contact: ContactId
    case_no: str
    by: UserId
    linked_at: datetime
    valid: bool | None = None
    category: str = ""
    area: str = ""
    summary: str = ""


class CaseEventRecord(msgspec.Struct, kw_only=True):
    """A step of a case, as the case system reported it; `at`: when it was taken, `noted_at`: when we heard of it."""

    case_no: str
    id: str
    step: CaseStep
    at: datetime
    by: UserId
    noted_at: datetime
    tenant: str = ""
    due_at: datetime | None = None
    unit: str = ""
    unit_kind: UnitKind | None = None
    misdirected: bool = False
    satisfied: bool | None = None


class WrapUpRecord(msgspec.Struct, kw_only=True):
    """The agent's code and note on a contact; written again, the last counts."""

    contact: ContactId
    by: UserId
    code: str
    note: str = ""
    written_at: datetime


Record = (
    ContactRecord
    | ConfidentialRecord
    | VisitRecord
    | SurveyRecord
    | LegRecord
    | OperationRecord
    | ThreeWayRecord
    | CallbackRecord
    | RevisitRecord
    | LabelRecord
    | DutyRecord
    | DutyCallRecord
    | MessageRecord
    | SurgeRecord
    | AgentStateRecord
    | ListeningRecord
    | ListeningNoteRecord
    | HearingRecord
    | RecordingRecord
    | CaseLinkRecord
    | CaseEventRecord
    | WrapUpRecord
)
