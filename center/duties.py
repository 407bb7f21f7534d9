"""Leaders' duties (领导接听): planned, begun and ended; which calls are of them, and that the leader comes first.

A call in scope would rather have the leader, whom nobody else's call is offered to. That is a preference of the router
like any other: where the leader is not free, or has let the phone ring, the call goes on to the agents at the place it
has had from the beginning.
"""

import datetime as dt
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from agents.agent import Agent
from calendars.occasions import first_workdays, weekly
from calls.call import Call
from center.turn import Turn
from messages import events, requests
from messages.duty import DutyEnd, DutyPlan, DutyRule, Every
from messages.errors import Conflict, Invalid, NotFound
from messages.ids import AgentId, DutyId, QueueId, UserId
from messages.localtime import instant, zone
from messages.values import AgentState, Direction, Need
from queueing.line import PERSONAL
from supervision.duty import Duty, in_scope, overlaps

MAX_TEXT = 500
MAX_NAMED = 50
MAX_AREA = 8
MAX_RING_S = 120.0
LONGEST = timedelta(hours=24)
AHEAD = timedelta(days=732)
"""How far ahead a rule may plan: the year that goes on and the next."""


def plan(turn: Turn, request: requests.PlanDuty) -> None:
    """Plan a duty, or one on each day of a rule, all or none. Raises Invalid, NotFound, Conflict."""
    plans = [request.plan] if request.rule is None else _recurring(request.plan, request.rule)
    for one in plans:
        _check(turn, one)
    for n, one in enumerate(plans):
        _check_free(turn, one, plans[:n])
    names = []
    for one in plans:
        names.append(DutyId(turn.new_id("d")))
        every = request.rule.every if request.rule else None
        turn.record(events.DutyPlanned(**_about(names[-1], one), plan=one, by=request.by, every=every))
    turn.id = " ".join(names)


def change(turn: Turn, request: requests.ChangeDuty) -> None:
    """Plan a duty otherwise. Raises NotFound, Invalid, Conflict."""
    duty, to = _duty(turn, request.duty), request.plan
    reason = _text("reason", request.reason)
    goes_on = duty.started_at is not None
    if goes_on and (to.leader, to.begin) != (duty.plan.leader, duty.plan.begin):
        raise Conflict("it has begun: leader and beginning stay; end it and plan another")
    _check(turn, to)
    _check_free(turn, to, (), duty.id)
    if to != duty.plan:
        more: dict[str, Any] = {"plan": to, "by": request.by, "every": duty.every, "reason": reason, "changed": True}
        turn.record(events.DutyPlanned(**_about(duty.id, to), **more))


def end(turn: Turn, request: requests.EndDuty) -> None:
    """End a duty that goes on, or cancel one that is planned. Raises NotFound, Invalid."""
    duty = _duty(turn, request.duty)
    why = DutyEnd.CANCELLED if duty.started_at is None else DutyEnd.BY_HAND
    _end(turn, duty, why, request.by, _text("reason", request.reason))


def due(turn: Turn, name: str) -> None:
    """A duty's window begins, or is over."""
    duty = turn.state.duties[DutyId(name)]
    if turn.now >= duty.plan.end:
        _end(turn, duty, DutyEnd.MISSED if duty.started_at is None else DutyEnd.OVER)
    else:
        turn.record(events.DutyStarted(**_about(duty.id, duty.plan)))


def needs_for(turn: Turn, call: Call, queue: QueueId, path: tuple[str, ...]) -> tuple[Need, ...]:
    """Return whom a call that asks for a queue would rather have: the leader in whose scope it is, until they have let
    it ring in vain. The call is the session's from then on."""
    duty = turn.state.duty_of(call)
    if duty is None and (duty := _duty_for(turn, call, queue, path)) is not None:
        turn.record(
            events.DutyCalled(
                contact=call.contact,
                call=call.id,
                queue=queue,
                occurred=turn.now,
                duty=duty.id,
                agent=duty.plan.leader,
                aide=duty.plan.aide,
            )
        )
    if duty is None or any(leg.agent == duty.plan.leader for leg in call.legs.values()):
        return ()
    return (Need(f"{PERSONAL}{duty.plan.leader}", 1, 0.0),)


def ring_s(turn: Turn, call: Call, agents: list[Agent]) -> float:
    """Return the seconds for which phones ring for a call: the leader's as their duty says, else the queue's."""
    duty = turn.state.duty_of(call)
    if duty is not None and [agent.id for agent in agents] == [duty.plan.leader]:
        return duty.plan.ring_s
    return turn.state.queue_of(call).ring_s


def _duty_for(turn: Turn, call: Call, queue: QueueId, path: tuple[str, ...]) -> Duty | None:
    """Return the duty that a call is of: of several, that of a leader who is free, then the first to have begun."""
    if not turn.state.on_duty or call.direction is Direction.OUT or call.duty or call.restrained:
        return None
    found = [
        duty
        for duty in turn.state.duties.values()
        if duty.started_at is not None
        and duty.plan.tenant in ("", call.tenant, turn.state.tenant_of(queue))
        and in_scope(duty.plan.scope, call.did, call.number, queue, path or call.path)
    ]
    return min(found, key=lambda duty: (not _is_free(turn, duty.plan.leader), duty.plan.begin, duty.id), default=None)


def _is_free(turn: Turn, leader: AgentId) -> bool:
    agent = turn.state.roster.by_id.get(leader)
    return agent is not None and agent.state is AgentState.READY


def _end(turn: Turn, duty: Duty, why: DutyEnd, by: UserId | None = None, reason: str = "") -> None:
    turn.record(events.DutyEnded(**_about(duty.id, duty.plan), end=why, by=by, reason=reason))


def _about(name: DutyId, plan: DutyPlan) -> dict[str, Any]:
    return {"duty": name, "agent": plan.leader, "aide": plan.aide, "tenant": plan.tenant}


def _duty(turn: Turn, name: DutyId) -> Duty:
    duty = turn.state.duties.get(name)
    if duty is None:
        raise NotFound(f"no duty {name} that is planned or goes on")
    return duty


def _check(turn: Turn, plan: DutyPlan) -> None:
    leader = turn.state.roster.get(plan.leader)
    aide = turn.state.roster.get(plan.aide) if plan.aide else None
    if aide is leader:
        raise Invalid("aide: another seat than the leader's")
    if plan.begin.tzinfo is None or plan.end.tzinfo is None:
        raise Invalid("begin, end: give the offset from UTC, such as 2026-11-24T08:00:00+08:00")
    if not timedelta() < plan.end - plan.begin <= LONGEST:
        raise Invalid("end: after the beginning, at most 24 hours")
    if plan.end <= turn.now:
        raise Invalid("end: it is past")
    if not 1 <= plan.ring_s <= MAX_RING_S:
        raise Invalid(f"ring_s: 1 to {MAX_RING_S:.0f} seconds")
    if missing := [queue for queue in plan.scope.queues if queue not in turn.state.queues]:
        raise NotFound(f"no queue {missing[0]}")
    for name in ("name", "title", "post", "unit", "notice"):
        _text(name, getattr(plan, name))
    for named in msgspec.structs.astuple(plan.scope):
        if len(named) > MAX_NAMED or any(not text or len(text) > MAX_TEXT for text in named):
            raise Invalid(f"scope: at most {MAX_NAMED} of a kind, each of 1 to {MAX_TEXT} characters")
    if any(len(area) > MAX_AREA or not area.isascii() or not area.isdecimal() for area in plan.scope.areas):
        raise Invalid(f"scope: an area is the first 1 to {MAX_AREA} digits of its callers' numbers")


def _text(name: str, text: str) -> str:
    if len(text) > MAX_TEXT:
        raise Invalid(f"{name}: at most {MAX_TEXT} characters")
    return text.strip()


def _check_free(turn: Turn, plan: DutyPlan, planned: list[DutyPlan] | tuple[()], own: DutyId | None = None) -> None:
    """Raise Conflict where the leader or the aide has another duty meanwhile."""
    people = {plan.leader, plan.aide} - {None}
    others = [*planned, *(duty.plan for duty in turn.state.duties.values() if duty.id != own)]
    for other in others:
        if overlaps(plan, other) and (both := people & {other.leader, other.aide}):
            raise Conflict(f"{min(filter(None, both))} has another duty from {other.begin.isoformat()}")


def _recurring(first: DutyPlan, rule: DutyRule) -> list[DutyPlan]:
    """Return a duty on each day of a rule, at the hours of the first. Raises Invalid."""
    where = zone(rule.tz)
    if first.begin.tzinfo is None or first.end.tzinfo is None:
        raise Invalid("begin, end: give the offset from UTC, such as 2026-11-24T08:00:00+08:00")
    begin, end = (at.astimezone(where).replace(tzinfo=None) for at in (first.begin, first.end))
    since = begin.date()
    if not since <= rule.until <= since + AHEAD:
        raise Invalid(f"until: from the first day on, at most {AHEAD.days} days later")
    plans = [
        msgspec.structs.replace(first, begin=_on(begin, day - since, where), end=_on(end, day - since, where))
        for day in _days(rule.every, since, rule.until)
    ]
    if not plans:
        raise Invalid("until: no day of the rule before it")
    return plans


def _on(wall: datetime, later: timedelta, where: ZoneInfo) -> datetime:
    return instant(wall + later, where).astimezone(UTC)


def _days(every: Every, since: dt.date, until: dt.date) -> list[dt.date]:
    match every:
        case Every.FIRST_WORKDAY_OF_YEAR | Every.FIRST_WORKDAY_OF_MONTH:
            return list(first_workdays(since, until, yearly=every is Every.FIRST_WORKDAY_OF_YEAR))
        case _:
            return list(weekly(every, since, until))
