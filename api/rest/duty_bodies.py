"""What stands in requests and answers about leaders' duty sessions."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from api.rest.bodies import Id
from messages.duty import Every
from metrics.duty import DutyFigures
from supervision.duty import Duty

Line = Annotated[str, msgspec.Meta(max_length=500)]
Names = Annotated[list[Id], msgspec.Meta(max_length=50)]


class ScopeBody(msgspec.Struct, frozen=True, kw_only=True):
    """Which calls: the beginnings of the number dialled (`dids`), of the caller's (`areas`: up to 8 digits) and of what
    was keyed in a menu (`topics`), and queues. What is left out fits every call."""

    dids: Names = []
    areas: Names = []
    queues: Names = []
    topics: Names = []


class ChangeBody(msgspec.Struct, frozen=True, kw_only=True):
    """The whole plan: the leader's and the aide's seats, the window, which calls, and for how many seconds the leader's
    phone rings; `reason`: why it is changed."""

    leader: Id
    begin: datetime
    end: datetime
    name: Line = ""
    title: Line = ""
    post: Line = ""
    unit: Line = ""
    aide: Id | None = None
    scope: ScopeBody = ScopeBody()
    notice: Line = ""
    ring_s: Annotated[float, msgspec.Meta(ge=1, le=120)] = 15.0
    reason: Line = ""


class RuleBody(msgspec.Struct, frozen=True, kw_only=True):
    """On which days it recurs, from that of `begin` to `until`, by China's statutory workdays, at the same hours."""

    every: Every
    until: dt.date
    tz: Annotated[str, msgspec.Meta(max_length=64)] = "Asia/Shanghai"


class PlanBody(ChangeBody, frozen=True, kw_only=True):
    """A plan; with `rule` one session on each of its days."""

    rule: RuleBody | None = None


class PlannedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The sessions; `unknown_years`: those of which the rule knows no holidays yet, only weekends."""

    ids: list[str]
    unknown_years: list[int]


class DutyQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Those whose window begins in [from, to)."""

    since: datetime | None = msgspec.field(name="from", default=None)
    until: datetime | None = msgspec.field(name="to", default=None)


class WhyQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Why."""

    reason: Line = ""


class DutyView(msgspec.Struct, frozen=True, kw_only=True):
    """A session. `state`: planned, on, or how it ended; `aide` and `leader` are seats."""

    id: str
    state: Literal["planned", "on", "over", "by_hand", "cancelled", "missed"]
    leader: str
    name: str
    title: str
    post: str
    unit: str
    aide: str | None
    begin: datetime
    end: datetime
    scope: ScopeBody
    notice: str
    ring_s: float
    tenant: str
    every: Every | None
    planned_by: str
    started_at: datetime | None
    ended_at: datetime | None = None
    ended_by: str | None = None


class DutiesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The sessions, the latest first."""

    items: list[DutyView]


class ReportAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A session, its figures, its contacts with their cases, and beside it the sessions in which leaders listened in.

    Of a case `closed` and `satisfied` are null while nobody has reported them.
    """

    session: DutyView
    figures: DutyFigures
    calls: list[dict[str, Any]]
    listened: list[dict[str, Any]]


def of_duty(duty: Duty) -> DutyView:
    """Return the view of a session that is planned or goes on."""
    plan = duty.plan
    scope = ScopeBody(**{name: list(getattr(plan.scope, name)) for name in plan.scope.__struct_fields__})
    return DutyView(
        id=duty.id,
        state="planned" if duty.started_at is None else "on",
        leader=plan.leader,
        name=plan.name,
        title=plan.title,
        post=plan.post,
        unit=plan.unit,
        aide=plan.aide,
        begin=plan.begin,
        end=plan.end,
        scope=scope,
        notice=plan.notice,
        ring_s=plan.ring_s,
        tenant=plan.tenant,
        every=duty.every,
        planned_by=duty.planned_by,
        started_at=duty.started_at,
    )


def of_row(row: dict[str, Any]) -> DutyView:
    """Return the view of a session that is kept."""
    scope = ScopeBody(**{name: str(row[name]).split() for name in ScopeBody.__struct_fields__})
    same = {name: row[name] for name in DutyView.__struct_fields__ if name in row and name != "end"}
    state: Any = row["end"] or ("on" if row["started_at"] else "planned")
    return DutyView(**same, id=row["duty"], state=state, begin=row["begins_at"], end=row["ends_at"], scope=scope)
