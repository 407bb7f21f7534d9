"""Requests: what people and programs ask of the centre. Each is answered from its Outcome or refused."""

from datetime import datetime

import msgspec

from messages.duty import DutyPlan, DutyRule
from messages.ids import (
    AgentId,
    CallbackId,
    CallId,
    ContactId,
    DutyId,
    LabelId,
    LegId,
    NodeId,
    Phone,
    QueueId,
    SessionId,
    UserId,
)
from messages.values import (
    AgentState,
    Asker,
    CaseStep,
    ContactOutcome,
    Direction,
    LabelKind,
    LegEnd,
    ListeningMode,
    Role,
    Target,
    UnitKind,
    Verb,
)


class Request(msgspec.Struct, frozen=True, kw_only=True, tag_field="request"):
    """Something a signed-in user asks for; `by` is who."""

    by: UserId


class LogIn(Request, frozen=True, kw_only=True, tag="agent.log_in"):
    """Take a seat: the agent is reached at `phone`, else at that of `seat`, else at their usual one; not ready yet."""

    agent: AgentId
    phone: Phone = Phone("")
    seat: str = ""


class LogOut(Request, frozen=True, kw_only=True, tag="agent.log_out"):
    """Leave the seat."""

    agent: AgentId


class GoReady(Request, frozen=True, kw_only=True, tag="agent.ready"):
    """Take calls; ends wrap-up early."""

    agent: AgentId


class GoNotReady(Request, frozen=True, kw_only=True, tag="agent.not_ready"):
    """Take no calls, for a reason; during a call, after it."""

    agent: AgentId
    reason: str


class ForceState(Request, frozen=True, kw_only=True, tag="agent.force"):
    """A supervisor brings an agent to ready, not_ready or logged_out, for a reason; during a call, after it."""

    agent: AgentId
    state: AgentState
    reason: str


class ExtendWrapUp(Request, frozen=True, kw_only=True, tag="agent.extend_wrap_up"):
    """Wrap up for `seconds` longer, up to the queue's maximum."""

    agent: AgentId
    seconds: float


class OpenQueue(Request, frozen=True, kw_only=True, tag="queue.open"):
    """Open or close a queue, for a reason; those who wait in it stay."""

    queue: QueueId
    open: bool
    reason: str = ""


class ControlCall(Request, frozen=True, kw_only=True, tag="call.control"):
    """Do something with a live call.

    `agent`: on whose behalf; None for a supervisor's act on whoever talks. `target`: of transfer, consult and
    three_way. `digits`: of dtmf, and of emergency (110, 119, 120 or 122). `phone`: the supervisor's, of take_over.
    """

    call: CallId
    verb: Verb
    agent: AgentId | None = None
    target: Target | None = None
    digits: str = ""
    phone: Phone = Phone("")
    reason: str = ""


class DialOut(Request, frozen=True, kw_only=True, tag="call.dial_out"):
    """Call an outside number for an agent: their phone rings first. `contact`, `case_no`: what the call is about, if
    anything; `unit`: the handling unit whose call about the case it is.

    `preview_s`: seconds the agent is shown the number and may dial or decline; 0 dials at once. `confidential`: the
    number is shown to nobody, the agent included.
    """

    agent: AgentId
    number: str
    purpose: str = ""
    contact: ContactId | None = None
    preview_s: float = 0.0
    case_no: str = ""
    unit: str = ""
    confidential: bool = False


class AnswerPreview(Request, frozen=True, kw_only=True, tag="call.answer_preview"):
    """The agent dials what they were shown, or declines."""

    agent: AgentId
    dial: bool


class AskCallback(Request, frozen=True, kw_only=True, tag="callback.ask"):
    """Have a number called back: at once, or not before `due_at`; through the first queue where none is named."""

    number: str
    queue: QueueId = QueueId("")
    contact: ContactId | None = None
    due_at: datetime | None = None


class AskRevisit(Request, frozen=True, kw_only=True, tag="revisit.ask"):
    """Have a citizen asked how satisfied they are with what became of a case; as AskCallback otherwise."""

    number: str
    case_no: str
    queue: QueueId = QueueId("")
    contact: ContactId | None = None
    due_at: datetime | None = None
    asker: Asker = Asker.AGENT


class AnswerRevisit(Request, frozen=True, kw_only=True, tag="revisit.answer"):
    """What the citizen said when asked about a case, in their call `contact`."""

    revisit: CallbackId
    case_no: str
    satisfied: bool
    reason: str = ""
    contact: ContactId | None = None
    agent: AgentId | None = None


class CloseCallback(Request, frozen=True, kw_only=True, tag="callback.close"):
    """End a call back that is no longer owed, for a reason."""

    callback: CallbackId
    reason: str


class DialCallback(Request, frozen=True, kw_only=True, tag="callback.dial"):
    """An agent takes a call back of their own accord: it is dialled at once."""

    callback: CallbackId
    agent: AgentId


class ProposeLabel(Request, frozen=True, kw_only=True, tag="label.propose"):
    """Have a tenant's caller labelled, for a reason; `evidence`: the contacts that show it, one at least."""

    number: str
    tenant: str
    kind: LabelKind
    reason: str
    evidence: tuple[ContactId, ...]


class ApproveLabel(Request, frozen=True, kw_only=True, tag="label.approve"):
    """Put a proposed label in force, for so many days; as many as may be where `days` is None."""

    label: LabelId
    days: int | None = None


class RefuseLabel(Request, frozen=True, kw_only=True, tag="label.refuse"):
    """Refuse a proposed label, for a reason."""

    label: LabelId
    reason: str


class RevokeLabel(Request, frozen=True, kw_only=True, tag="label.revoke"):
    """End a label before its time, or take its proposal back, for a reason."""

    label: LabelId
    reason: str


class TakeMissedCall(Request, frozen=True, kw_only=True, tag="contact.take_missed"):
    """A caller whom nobody took while we were away, as the emergency script spooled it. Instants in UTC.

    `recording`: the message they left, empty where they left none; `reason`: how it went.
    """

    contact: ContactId
    node: NodeId
    number: str
    did: str
    arrived: datetime
    ended: datetime
    recording: str = ""
    reason: str = ""


class PastVisit(msgspec.Struct, frozen=True, kw_only=True):
    """A stay in Asterisk's own queue, as its logs tell. Instants in UTC."""

    queue: QueueId
    asked: datetime
    left: datetime
    outcome: ContactOutcome


class PastLeg(msgspec.Struct, frozen=True, kw_only=True):
    """A phone's part in a past call, as Asterisk's logs tell; `agent`: who the queue said it was. Instants in UTC."""

    leg: LegId
    phone: Phone
    agent: AgentId | None = None
    offered: datetime
    answered: datetime | None = None
    ended: datetime
    why: LegEnd
    transferred_to: str = ""


class TakeBackfill(Request, frozen=True, kw_only=True, tag="contact.take_backfill"):
    """How a contact went that ended while we were away, as Asterisk's logs tell. What we heard ourselves stays."""

    contact: ContactId
    call: CallId
    node: NodeId
    number: str
    did: str
    linkedid: str = ""
    direction: Direction = Direction.IN
    arrived: datetime
    ended: datetime
    outcome: ContactOutcome
    by_citizen: bool | None = None
    visits: tuple[PastVisit, ...] = ()
    legs: tuple[PastLeg, ...] = ()


class StartListening(Request, frozen=True, kw_only=True, tag="listening.start"):
    """Listen from the user's phone, for a purpose: to a call; or to an agent, call after call; or to the next call of
    a queue. One of the three. `roles`, `tenant`: the user's, by which the rules are asked."""

    call: CallId | None = None
    agent: AgentId | None = None
    queue: QueueId | None = None
    phone: Phone
    purpose: str
    mode: ListeningMode = ListeningMode.LISTEN
    roles: tuple[Role, ...] = ()
    tenant: str = ""


class DecideListening(Request, frozen=True, kw_only=True, tag="listening.decide"):
    """Approve that somebody else listens, or refuse it, for a reason."""

    session: SessionId
    approved: bool
    reason: str = ""


class WriteListeningNote(Request, frozen=True, kw_only=True, tag="listening.note"):
    """What the listener notes on a session of theirs; written again, the last counts."""

    session: SessionId
    note: str


class SwitchListening(Request, frozen=True, kw_only=True, tag="listening.switch"):
    """Go on listening in another mode: only hearing, heard by the agent, heard by both."""

    session: SessionId
    mode: ListeningMode


class StopListening(Request, frozen=True, kw_only=True, tag="listening.stop"):
    """End a listening session."""

    session: SessionId


class LinkCase(Request, frozen=True, kw_only=True, tag="contact.link"):
    """A contact became a case, or more was learned of it; the same again changes nothing."""

    contact: ContactId
    case_no: str
    valid: bool | None = None
    category: str = ""
    area: str = ""
    summary: str = ""


class NoteContact(Request, frozen=True, kw_only=True, tag="contact.note"):
    """A citizen came on another channel than the telephone; the same contact again changes nothing."""

    contact: ContactId
    channel: str
    number: str = ""
    occurred: datetime
    tenant: str = ""


class ReportCase(Request, frozen=True, kw_only=True, tag="case.report"):
    """A step of a case; the same id again changes nothing."""

    case_no: str
    id: str
    step: CaseStep
    occurred: datetime
    tenant: str = ""
    due_at: datetime | None = None
    unit: str = ""
    unit_kind: UnitKind | None = None
    misdirected: bool = False
    satisfied: bool | None = None


class MarkConfidential(Request, frozen=True, kw_only=True, tag="contact.mark_confidential"):
    """The citizen of a contact asks for confidence; asked again, nothing changes."""

    contact: ContactId


class WriteWrapUp(Request, frozen=True, kw_only=True, tag="contact.wrap_up"):
    """What the agent noted about a contact."""

    contact: ContactId
    code: str
    note: str = ""


class PlanDuty(Request, frozen=True, kw_only=True, tag="duty.plan"):
    """Plan a leader's duty; by a rule, one on each of its days."""

    plan: DutyPlan
    rule: DutyRule | None = None


class ChangeDuty(Request, frozen=True, kw_only=True, tag="duty.change"):
    """Plan a duty otherwise; of one that has begun neither the leader nor the beginning."""

    duty: DutyId
    plan: DutyPlan
    reason: str = ""


class EndDuty(Request, frozen=True, kw_only=True, tag="duty.end"):
    """End a duty before its time, or cancel one that has not begun."""

    duty: DutyId
    reason: str = ""


class Tick(msgspec.Struct, frozen=True, tag="tick", tag_field="request"):
    """A deadline has passed; `now` says which."""
