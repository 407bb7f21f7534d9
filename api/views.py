"""Agents, calls, listening sessions and surges as REST and the stream's snapshot show them; queues: queue_views."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from agents.agent import Agent
from api.masking import keeps_confidence, sees_numbers
from api.queue_views import UNKNOWN, QueueView, queue_views
from api.rights import Scope, sees_everything, sees_listening
from calls.call import Call, Leg
from calls.transitions import LegState
from center.state import State
from messages.ids import CallId, RecordingId
from messages.masking import masked, masked_outside, scrubbed
from messages.principal import Principal
from messages.values import (
    AgentState,
    Direction,
    LegKind,
    ListeningMode,
    ListeningScope,
    Need,
    Reason,
    RecordPolicy,
    Then,
)
from metrics.counts import Rolling
from supervision.listening import Listening, ListeningStage


class PreviewView(msgspec.Struct, frozen=True, kw_only=True):
    """A number that an agent is shown, to dial or to decline; whole for themselves, masked for others."""

    operation: str
    number: str
    until: datetime
    purpose: str
    about: str | None


class AgentView(msgspec.Struct, frozen=True, kw_only=True):
    """An agent now. `deaf`: why the seat is offered nothing; `forced`: a supervisor brought them into this state."""

    id: str
    name: str
    team: str
    tenant: str
    phone: str
    seat: str
    queues: tuple[str, ...]
    ranks: dict[str, int]
    skills: dict[str, int]
    state: AgentState
    reason: str
    forced: bool
    since: datetime | None
    until: datetime | None
    call: str | None
    planned: str
    deaf: Reason | None
    preview: PreviewView | None


class LegView(msgspec.Struct, frozen=True, kw_only=True):
    """One party's leg of a live call."""

    id: str
    agent: str | None
    phone: str
    role: LegKind
    state: str
    held: bool
    offered_at: datetime
    answered_at: datetime | None
    recording: str = ""
    """As Asterisk reported it: `recording`, `paused`, or empty."""


class SurveyView(msgspec.Struct, frozen=True, kw_only=True):
    """A question of a survey that the caller was asked. `key` empty: not answered yet; `satisfied` null: not said."""

    question: str
    key: str
    satisfied: bool | None


class CallView(msgspec.Struct, frozen=True, kw_only=True):
    """A live call. `position`: its place in line now, 1 for the next, null where it is in none.

    `estimated_s`: the wait that was to be expected when it joined its queue. `malicious`: the number is labelled;
    `urgent`: its caller pressed the key for emergencies.
    """

    id: str
    contact: str
    number: str
    did: str
    tenant: str
    direction: Direction
    queue: str | None
    state: str
    priority: int
    needs: tuple[Need, ...]
    position: int | None
    estimated_s: float | None
    arrived_at: datetime
    queued_at: datetime | None
    by_asterisk: bool
    confidential: bool
    malicious: bool
    urgent: bool
    surveys: list[SurveyView]
    legs: list[LegView]
    record: RecordPolicy = RecordPolicy.ALWAYS


class ListeningView(msgspec.Struct, frozen=True, kw_only=True):
    """A listening session now; `by` null: one that nobody asked us for.

    `target`: the agent it follows, or the queue whose next call it is for. `call`, `agent`, `queue`: what is heard, was
    last, or is about to be. `approval`: somebody else had, or has, to approve it. `limit_s`: seconds it may last;
    `until`: when it ends by itself, as far as that is known. `hearing`: how many calls it has heard.
    """

    id: str
    by: str | None
    scope: ListeningScope
    target: str
    stage: ListeningStage
    call: str | None
    agent: str | None
    queue: str | None
    mode: ListeningMode
    purpose: str
    approval: bool
    approved_by: str | None
    limit_s: float | None
    told: bool
    hearing: int
    requested_at: datetime | None
    started_at: datetime | None
    heard_since: datetime | None
    until: datetime | None


class SurgeView(msgspec.Struct, frozen=True, kw_only=True):
    """A burst of calls now. `key`: the number dialled, or the callers' first digits; `over_at`: if it stops now.

    `deflected`: the callers who were told something, or sent elsewhere, because of it.
    """

    surge: str
    by: str
    key: str
    deflected: int
    over_at: datetime | None
    announce: str
    then: Then
    to: str | None


def agent_view(state: State, agent: Agent, principal: Principal) -> AgentView:
    """Return an agent as this principal may see them."""
    return AgentView(
        id=agent.id,
        name=agent.name,
        team=agent.team,
        tenant=agent.tenant,
        phone=agent.phone,
        seat=agent.seat,
        queues=agent.queues,
        ranks={str(queue): rank for queue, rank in agent.ranks.items()},
        skills=agent.skills,
        state=agent.state,
        reason=scrubbed(agent.reason),
        forced=agent.forced,
        since=agent.since,
        until=agent.until,
        call=agent.call,
        planned=agent.planned,
        deaf=state.deaf_reason(agent),
        preview=_preview(state, agent, principal),
    )


def _preview(state: State, agent: Agent, principal: Principal) -> PreviewView | None:
    preview = state.previews.get(agent.id)
    if preview is None:
        return None
    whole = sees_numbers(principal) or agent.id == principal.agent or preview.by == principal.user
    whole = whole and not keeps_confidence(preview, state)
    return PreviewView(
        operation=preview.operation,
        number=preview.number if whole else masked(preview.number),
        until=preview.until,
        purpose=preview.purpose if whole else scrubbed(preview.purpose),
        about=preview.about,
    )


def call_view(state: State, call: Call, principal: Principal) -> CallView:
    """Return a call as this principal may see it; who dialled a number sees it whole."""
    whole = sees_numbers(principal)
    dialled = principal.agent is not None and any(
        leg.role is LegKind.OUTBOUND and leg.agent == principal.agent for leg in call.legs.values()
    )
    confidential = call.confidential or state.is_confidential(call.contact, call.about)
    return CallView(
        id=call.id,
        contact=call.contact,
        number=call.number if (whole or dialled) and not confidential else masked(call.number),
        did=call.did,
        tenant=call.tenant,
        direction=call.direction,
        queue=call.queue,
        state=call.state,
        priority=call.priority,
        needs=call.needs,
        position=_position(state, call),
        estimated_s=call.estimated_s,
        arrived_at=call.arrived_at,
        queued_at=call.queued_at,
        by_asterisk=call.by_asterisk,
        confidential=confidential,
        malicious=call.label is not None,
        urgent=call.urgent,
        surveys=[
            SurveyView(question=name, key=one.key, satisfied=one.satisfied) for name, one in call.surveyed.items()
        ],
        legs=[
            LegView(
                id=leg.id,
                agent=leg.agent,
                phone=leg.phone if whole and not confidential else masked_outside(leg.phone),
                role=leg.role,
                state=leg.state,
                held=leg.state is LegState.HELD,
                offered_at=leg.offered_at,
                answered_at=leg.answered_at,
                recording=_recording(state, call, leg),
            )
            for leg in call.legs.values()
        ],
        record=state.queue_of(call).records,
    )


def _recording(state: State, call: Call, leg: Leg) -> str:
    """Return how a leg is recorded; the fallback queue's recording is of whoever talks."""
    found = state.recordings.get(leg.recording or call.recording or RecordingId(""))
    if found is None or not leg.talks:
        return ""
    return "paused" if found.paused_until else "recording"


def _position(state: State, call: Call) -> int | None:
    if not call.in_line or call.queue is None or call.place is None:
        return None
    return state.line_of(call.queue).position(call.id, call.place)


def listening_views(state: State, scope: Scope, principal: Principal) -> list[ListeningView]:
    """Return the sessions that run or are being set up, as far as the principal may see them."""
    return [
        _listening_view(session, principal)
        for session in state.listening.values()
        if scope.has_session(principal, session)
    ]


def _listening_view(session: Listening, principal: Principal) -> ListeningView:
    return ListeningView(
        id=session.id,
        by=session.by,
        scope=session.scope,
        target=session.target,
        stage=session.stage,
        call=session.call,
        agent=session.agent,
        queue=session.queue,
        mode=session.mode,
        purpose=scrubbed(session.purpose) if sees_listening(principal) or session.by == principal.user else "",
        approval=session.approval,
        approved_by=session.approved_by,
        limit_s=session.limit_s,
        told=session.told,
        hearing=session.hearing,
        requested_at=session.requested_at,
        started_at=session.started_at,
        heard_since=session.heard_since,
        until=session.until,
    )


def surge_views(state: State, scope: Scope, principal: Principal) -> list[SurgeView]:
    """Return the bursts that go on."""
    found = []
    for (name, key), burst in state.bursts.items():
        surge = state.surge_settings.get(name)
        if surge is None or not burst.active or not scope.has_surge(principal, name):
            continue
        found.append(
            SurgeView(
                surge=name,
                by=surge.by,
                key=key,
                deflected=burst.deflected,
                over_at=burst.over_at,
                announce=surge.overflow.announce,
                then=surge.overflow.then,
                to=surge.overflow.to,
            )
        )
    return found


def snapshot(
    state: State, scope: Scope, principal: Principal, now: datetime, rolling: Mapping[str, Rolling] = UNKNOWN
) -> dict[str, Any]:
    """Return what a principal may see of the state: all of it, or only their own part."""
    everything = sees_everything(principal)
    if everything:
        agents = [agent for agent in state.roster.by_id.values() if scope.has_agent(principal, agent)]
        calls = [call for call in state.calls.values() if scope.has_call(principal, call)]
        queues = [queue for queue in state.settings.queues if scope.has_queue(principal, queue)]
    else:
        own = state.roster.by_id.get(principal.agent) if principal.agent else None
        agents = [own] if own else []
        calls = [call for call in (state.calls.get(own.call or CallId("")) if own else None,) if call]
        queues = []
    views: list[QueueView] = queue_views(state, queues, now, rolling) if queues else []
    return {
        "agents": [agent_view(state, agent, principal) for agent in agents],
        "calls": [call_view(state, call, principal) for call in calls],
        "queues": views,
        "listening": listening_views(state, scope, principal),
        "surges": surge_views(state, scope, principal) if everything else [],
    }
