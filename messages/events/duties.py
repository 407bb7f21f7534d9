"""Leader duty sessions."""

from messages.duty import DutyEnd, DutyPlan, Every
from messages.events.calls import CallEvent
from messages.events.event import Event
from messages.ids import AgentId, DutyId, UserId


class DutyEvent(Event, frozen=True, kw_only=True):
    """About one duty session; `agent` is its leader's seat, `aide` the one beside."""

    duty: DutyId
    agent: AgentId
    aide: AgentId | None = None
    tenant: str = ""


class DutyPlanned(DutyEvent, frozen=True, kw_only=True, tag="duty.planned"):
    """A duty is planned, or planned otherwise (`changed`). `every`: the rule that it came from."""

    plan: DutyPlan
    by: UserId
    every: Every | None = None
    reason: str = ""
    changed: bool = False


class DutyStarted(DutyEvent, frozen=True, kw_only=True, tag="duty.started"):
    """The window has begun: calls in scope go to the leader's seat first."""


class DutyEnded(DutyEvent, frozen=True, kw_only=True, tag="duty.ended"):
    """No further call goes to the leader; calls that are under way go on."""

    end: DutyEnd
    by: UserId | None = None
    reason: str = ""


class DutyCalled(CallEvent, frozen=True, kw_only=True, tag="duty.called"):
    """A call in scope asks for a queue during a duty: it is the session's from now on."""

    duty: DutyId
    agent: AgentId
    aide: AgentId | None = None
