"""Every route of REST and who may use it, on one page. OpenAPI is made from this."""

from __future__ import annotations

from typing import Any

from api.rest import contacts, exports, live, schedules, seats, sessions
from api.rest.bodies import (
    AgentsAnswer,
    AgentStateBody,
    CallAnswer,
    CallsAnswer,
    CaseBody,
    ContactsAnswer,
    ContactsQuery,
    ListeningAnswer,
    ListeningBody,
    ListeningList,
    LogInBody,
    LookupAnswer,
    LookupBody,
    QueuesAnswer,
    SessionAnswer,
    WrapUpBody,
)
from api.rest.endpoint import Handler, Route
from api.rest.recall import Operation
from api.views import AgentView, QueueView
from messages.values import Role

AGENT, SUPERVISOR, LEADER, ANALYST, AUDITOR, ADMIN, CASE_SYSTEM = Role
EVERYBODY = frozenset(Role)

MAY: dict[str, frozenset[Role]] = {
    "session.refresh": EVERYBODY,
    "session.close": EVERYBODY,
    "agents.list": frozenset({SUPERVISOR, LEADER, ANALYST, ADMIN}),
    "agents.read": frozenset({AGENT, SUPERVISOR, LEADER, ANALYST, ADMIN}),
    "agents.set_state": frozenset({AGENT, SUPERVISOR, ADMIN}),
    "queues.read": frozenset({AGENT, SUPERVISOR, LEADER, ANALYST, ADMIN}),
    "calls.list": frozenset({AGENT, SUPERVISOR, LEADER, ADMIN, CASE_SYSTEM}),
    "calls.hang_up": frozenset({AGENT, SUPERVISOR, ADMIN}),
    "listening.list": frozenset({SUPERVISOR, LEADER, AUDITOR, ADMIN}),
    "listening.use": frozenset({SUPERVISOR, LEADER}),
    "operations.read": EVERYBODY,
    "contacts.read": frozenset({AGENT, SUPERVISOR, LEADER, ANALYST, AUDITOR, ADMIN, CASE_SYSTEM}),
    "contacts.link": frozenset({AGENT, SUPERVISOR, CASE_SYSTEM}),
    "contacts.wrap_up": frozenset({AGENT, SUPERVISOR}),
    "callers.look_up": frozenset({AGENT, SUPERVISOR, CASE_SYSTEM}),
    "exports.use": frozenset({SUPERVISOR, ANALYST, AUDITOR, ADMIN}),
    "schedules.read": frozenset({AGENT, SUPERVISOR, LEADER, ANALYST, ADMIN}),
    "schedules.write": frozenset({SUPERVISOR, ADMIN}),
    "adherence.read": frozenset({AGENT, SUPERVISOR, LEADER, ANALYST, ADMIN}),
    "adherence.list": frozenset({SUPERVISOR, LEADER, ANALYST, ADMIN}),
}
"""Roles by action. Where an agent may do a thing, it is for their own seat, calls and contacts."""


def _route(
    method: str,
    path: str,
    action: str,
    handler: Handler,
    *,
    answer: object = None,
    status: int = 200,
    body: object = None,
    query: object = None,
    repeats: bool = True,
) -> Route:
    return Route(
        method=method,
        path=path,
        action=action,
        handler=handler,
        summary=(handler.__doc__ or "").strip(),
        roles=MAY.get(action),
        answer=answer,
        status=status,
        body=body,
        query=query,
        repeats=repeats,
    )


# A session's answer holds a token: it is not kept for repeats.
ROUTES: tuple[Route, ...] = (
    _route(
        "POST",
        "/sessions",
        "session.open",
        sessions.open_session,
        body=LogInBody,
        answer=SessionAnswer,
        status=201,
        repeats=False,
    ),
    _route(
        "POST", "/sessions/refresh", "session.refresh", sessions.refresh_session, answer=SessionAnswer, repeats=False
    ),
    _route("DELETE", "/sessions", "session.close", sessions.close_session, status=204, repeats=False),
    _route("GET", "/agents", "agents.list", seats.list_agents, answer=AgentsAnswer),
    _route("GET", "/agents/{agent}", "agents.read", seats.get_agent, answer=AgentView),
    _route(
        "PUT",
        "/agents/{agent}/state",
        "agents.set_state",
        seats.put_agent_state,
        body=AgentStateBody,
        answer=AgentView,
    ),
    _route("GET", "/queues", "queues.read", live.list_queues, answer=QueuesAnswer),
    _route("GET", "/queues/{queue}", "queues.read", live.get_queue, answer=QueueView),
    _route("GET", "/calls", "calls.list", live.list_calls, answer=CallsAnswer),
    _route("POST", "/calls/{call}/hangup", "calls.hang_up", live.hang_up, answer=CallAnswer, status=202),
    _route("GET", "/listening", "listening.list", live.list_listening, answer=ListeningList),
    _route(
        "POST",
        "/listening",
        "listening.use",
        live.start_listening,
        body=ListeningBody,
        answer=ListeningAnswer,
        status=202,
    ),
    _route("DELETE", "/listening/{session}", "listening.use", live.stop_listening, answer=ListeningAnswer, status=202),
    _route("GET", "/operations/{operation}", "operations.read", live.get_operation, answer=Operation),
    _route("GET", "/contacts", "contacts.read", contacts.list_contacts, query=ContactsQuery, answer=ContactsAnswer),
    _route("GET", "/contacts/{contact}", "contacts.read", contacts.get_contact, answer=dict[str, Any]),
    _route(
        "PUT", "/contacts/{contact}/cases/{case_no}", "contacts.link", contacts.link_case, body=CaseBody, status=204
    ),
    _route(
        "PUT", "/contacts/{contact}/wrap-up", "contacts.wrap_up", contacts.write_wrap_up, body=WrapUpBody, status=204
    ),
    _route("POST", "/callers/lookup", "callers.look_up", contacts.look_up, body=LookupBody, answer=LookupAnswer),
    _route(
        "POST",
        "/exports",
        "exports.use",
        exports.start_export,
        body=exports.ExportBody,
        answer=exports.ExportAnswer,
        status=202,
    ),
    _route("GET", "/exports/{export}", "exports.use", exports.get_export, answer=exports.ExportAnswer),
    _route("GET", "/exports/{export}/download", "exports.use", exports.download_export),
    _route(
        "GET",
        "/agents/{agent}/schedule",
        "schedules.read",
        schedules.get_schedule,
        query=schedules.DayQuery,
        answer=schedules.ScheduleAnswer,
    ),
    _route(
        "PUT",
        "/agents/{agent}/schedule",
        "schedules.write",
        schedules.put_schedule,
        query=schedules.DayQuery,
        body=schedules.ScheduleBody,
        answer=schedules.ScheduleAnswer,
    ),
    _route(
        "GET",
        "/agents/{agent}/adherence",
        "adherence.read",
        schedules.get_adherence,
        query=schedules.RangeQuery,
        answer=schedules.AdherenceAnswer,
    ),
    _route(
        "GET",
        "/adherence",
        "adherence.list",
        schedules.list_adherence,
        query=schedules.DayQuery,
        answer=schedules.AdherenceAnswer,
    ),
)
