"""Leaders' duty sessions (领导接听): planned, changed and ended, each act audited; what came of them."""

from __future__ import annotations

from typing import Any

from api.ports import Duties
from api.rest.bodies import check_offset
from api.rest.duty_bodies import (
    ChangeBody,
    DutiesAnswer,
    DutyQuery,
    DutyView,
    PlanBody,
    PlannedAnswer,
    ReportAnswer,
    WhyQuery,
    of_duty,
    of_row,
)
from api.rest.endpoint import Answer, Asked
from api.rest.seats import agent_named
from api.rights import WATCHERS
from calendars.occasions import unknown_years
from messages import requests
from messages.duty import DutyPlan, DutyRule, DutyScope
from messages.errors import NotFound, Unavailable
from messages.ids import AgentId, DutyId, QueueId
from messages.requests import Request
from messages.values import Role
from metrics.duty import DutyFigures, figures
from supervision.duty import Duty

SEE_ALL = WATCHERS | {Role.AUDITOR}


async def list_duties(asked: Asked) -> Answer:
    """Return duty sessions: those of one's own seat, all for those who watch."""
    query: DutyQuery = asked.query
    check_offset(since=query.since, until=query.until)
    live = {
        duty.id: of_duty(duty)
        for duty in asked.services.mirror.state.duties.values()
        if (query.since is None or duty.plan.begin >= query.since)
        and (query.until is None or duty.plan.begin < query.until)
    }
    kept, tenant = asked.services.duties, asked.principal.tenant or None
    past = [of_row(row) for row in await kept.sessions(query.since, query.until, tenant)] if kept else []
    views = [*live.values(), *(view for view in past if view.id not in live)]
    shown = sorted((view for view in views if _may_see(asked, view)), key=lambda view: (view.begin, view.id))
    return Answer(DutiesAnswer(items=shown[::-1]))


async def get_duty(asked: Asked) -> Answer:
    """Return one duty session."""
    return Answer(await _view(asked))


async def plan_duty(asked: Asked) -> Answer:
    """Plan a leader's duty, or one on each day of a rule."""
    body: PlanBody = asked.body
    rule = DutyRule(every=body.rule.every, until=body.rule.until, tz=body.rule.tz) if body.rule else None
    plan = _plan(asked, body)
    request = requests.PlanDuty(by=asked.principal.user, plan=plan, rule=rule)
    made = await _decide(asked, request, plan)
    asked.note(about=made.partition(" ")[0])
    years = unknown_years(body.begin.date(), body.rule.until) if body.rule else []
    return Answer(PlannedAnswer(ids=made.split(), unknown_years=years), 201)


async def change_duty(asked: Asked) -> Answer:
    """Plan a session otherwise; of one that has begun, not its leader or its beginning."""
    body: ChangeBody = asked.body
    duty, plan = _live(asked), _plan(asked, asked.body)
    fields = [name for name in plan.__struct_fields__ if getattr(plan, name) != getattr(duty.plan, name)]
    request = requests.ChangeDuty(by=asked.principal.user, duty=duty.id, plan=plan, reason=body.reason)
    asked.note(purpose=f"{body.reason} ({', '.join(fields)})".strip())
    await _decide(asked, request, plan)
    return Answer(of_duty(asked.services.mirror.state.duties[duty.id]))


async def end_duty(asked: Asked) -> Answer:
    """End a session before its time, or cancel one that has not begun; calls that are under way go on."""
    query: WhyQuery = asked.query
    duty = _live(asked)
    request = requests.EndDuty(by=asked.principal.user, duty=duty.id, reason=query.reason)
    await _decide(asked, request, duty.plan)
    return Answer(None, 204)


async def report_duty(asked: Asked) -> Answer:
    """Return what came of a session."""
    view = await _view(asked)
    found = await _kept(asked).report(DutyId(view.id))
    if found is None:  # planned a moment ago
        return Answer(ReportAnswer(session=view, figures=DutyFigures(), calls=[], listened=[]))
    return Answer(
        ReportAnswer(
            session=view, figures=figures(found["calls"]), calls=found["calls"], listened=_listened(asked, found)
        )
    )


async def _view(asked: Asked) -> DutyView:
    """Return the session that the address names, if the asker may see it. Raises NotFound."""
    name = DutyId(asked.path["duty"])
    live = asked.services.mirror.state.duties.get(name)
    row = None if live else await _kept(asked).session(name)
    view = of_duty(live) if live else of_row(row) if row else None
    if view is None or not _may_see(asked, view):
        raise NotFound(f"no duty session {name}")
    return view


def _may_see(asked: Asked, view: DutyView) -> bool:
    own = asked.principal.agent is not None and asked.principal.agent in (view.leader, view.aide)
    ours = asked.principal.tenant in ("", view.tenant)
    return own or (ours and not asked.roles.isdisjoint(SEE_ALL))


def _listened(asked: Asked, found: dict[str, Any]) -> list[dict[str, Any]]:
    """Return who listened to whom; agents are not told."""
    listened: list[dict[str, Any]] = found["listened"]
    return [] if asked.roles.isdisjoint(SEE_ALL) else listened


def _live(asked: Asked) -> Duty:
    name = DutyId(asked.path["duty"])
    duty = asked.services.mirror.state.duties.get(name)
    if duty is None or asked.principal.tenant not in ("", duty.plan.tenant):
        raise NotFound(f"no duty {name} that is planned or goes on")
    return duty


def _plan(asked: Asked, body: ChangeBody) -> DutyPlan:
    """Return the plan of a body; its line is that of the leader's seat. Raises NotFound for what is another line's."""
    leader = agent_named(asked, AgentId(body.leader))
    if body.aide:
        agent_named(asked, AgentId(body.aide))
    for name in body.scope.queues:
        queue = asked.services.mirror.state.queues.get(QueueId(name))
        if queue is None or not asked.services.scope.has_queue(asked.principal, queue):
            raise NotFound(f"no queue {name}")
    scope = body.scope
    return DutyPlan(
        leader=leader.id,
        begin=body.begin,
        end=body.end,
        name=body.name,
        title=body.title,
        post=body.post,
        unit=body.unit,
        aide=AgentId(body.aide) if body.aide else None,
        scope=DutyScope(
            dids=tuple(scope.dids),
            areas=tuple(scope.areas),
            queues=tuple(map(QueueId, scope.queues)),
            topics=tuple(scope.topics),
        ),
        notice=body.notice,
        ring_s=body.ring_s,
        tenant=leader.tenant,
    )


async def _decide(asked: Asked, request: Request, plan: DutyPlan) -> str:
    """Let the centre decide, and have the audit say for whose line; return what it made, with spaces between."""
    asked.note(tenant=plan.tenant)
    return (await asked.decide(request)).id


def _kept(asked: Asked) -> Duties:
    if asked.services.duties is None:
        raise Unavailable("duty sessions are not kept here")
    return asked.services.duties
