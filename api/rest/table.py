"""Every route of REST and who may use it, on one page. OpenAPI is made from this."""

from __future__ import annotations

from typing import Any

from api.queue_views import QueueView
from api.rest import (
    callbacks,
    calls,
    confidence,
    contacts,
    exports,
    labels,
    live,
    notices,
    oidc,
    recordings,
    reports,
    revisits,
    schedules,
    seats,
    sessions,
    users,
)
from api.rest.bodies import (
    AgentsAnswer,
    AgentStateBody,
    CallsAnswer,
    CaseBody,
    ContactsAnswer,
    ContactsQuery,
    ListeningAnswer,
    ListeningBody,
    ListeningList,
    ListeningModeBody,
    LogInBody,
    LookupAnswer,
    LookupBody,
    OpenBody,
    PreviewBody,
    QueuesAnswer,
    SessionAnswer,
    SurgesAnswer,
    WrapUpBody,
    WrapUpExtensionBody,
)
from api.rest.call_bodies import (
    DialBody,
    DigitsBody,
    EmergencyBody,
    OperationAnswer,
    ReasonBody,
    TakeOverBody,
    TargetBody,
)
from api.rest.endpoint import Handler, Route
from api.rest.recall import Operation
from api.stream.ops import STREAM
from api.views import AgentView
from messages.values import Role

AGENT, SUPERVISOR, LEADER, ANALYST, AUDITOR, ADMIN, CASE_SYSTEM = Role
EVERYBODY = frozenset(Role)

MAY: dict[str, frozenset[Role]] = {
    "session.refresh": EVERYBODY,
    "session.close": EVERYBODY,
    "session.list": EVERYBODY,
    "session.end": EVERYBODY,
    "session.password": EVERYBODY,
    "session.totp": EVERYBODY,
    "people.read": frozenset({AUDITOR, ADMIN}),
    "people.manage": frozenset({ADMIN}),
    "agents.list": frozenset({SUPERVISOR, LEADER, ANALYST, ADMIN}),
    "agents.read": frozenset({AGENT, SUPERVISOR, LEADER, ANALYST, ADMIN}),
    "agents.set_state": frozenset({AGENT, SUPERVISOR, LEADER, ADMIN}),
    "agents.preview": frozenset({AGENT, SUPERVISOR, ADMIN}),
    "queues.read": frozenset({AGENT, SUPERVISOR, LEADER, ANALYST, ADMIN}),
    "queues.open": frozenset({SUPERVISOR, ADMIN}),
    "callbacks.read": frozenset({AGENT, SUPERVISOR, LEADER, ANALYST, ADMIN, CASE_SYSTEM}),
    "callbacks.ask": frozenset({AGENT, SUPERVISOR, ADMIN, CASE_SYSTEM}),
    "callbacks.dial": frozenset({AGENT, SUPERVISOR}),
    "callbacks.close": frozenset({SUPERVISOR, ADMIN, CASE_SYSTEM}),
    "revisits.ask": frozenset({SUPERVISOR, ADMIN, CASE_SYSTEM}),
    "revisits.read": frozenset({AGENT, SUPERVISOR, LEADER, ANALYST, ADMIN, CASE_SYSTEM}),
    "revisits.answer": frozenset({AGENT, SUPERVISOR, CASE_SYSTEM}),
    "notices.read": frozenset({SUPERVISOR, AUDITOR, ADMIN}),
    "surges.list": frozenset({SUPERVISOR, LEADER, ANALYST, ADMIN}),
    "calls.list": frozenset({AGENT, SUPERVISOR, LEADER, ADMIN, CASE_SYSTEM}),
    "calls.dial": frozenset({AGENT, SUPERVISOR, ADMIN, CASE_SYSTEM}),
    "calls.control": frozenset({AGENT, SUPERVISOR, ADMIN}),
    "calls.take_over": frozenset({SUPERVISOR, ADMIN}),
    "listening.list": frozenset({SUPERVISOR, LEADER, AUDITOR, ADMIN}),
    "listening.use": frozenset({SUPERVISOR, LEADER}),
    "operations.read": EVERYBODY,
    "contacts.read": frozenset({AGENT, SUPERVISOR, LEADER, ANALYST, AUDITOR, ADMIN, CASE_SYSTEM}),
    "contacts.link": frozenset({AGENT, SUPERVISOR, CASE_SYSTEM}),
    "contacts.wrap_up": frozenset({AGENT, SUPERVISOR}),
    "contacts.confidential": frozenset({AGENT, SUPERVISOR, ADMIN}),
    "contacts.reveal": frozenset({SUPERVISOR, AUDITOR, ADMIN}),
    "audit.read": frozenset({AUDITOR, ADMIN}),
    "labels.read": frozenset({SUPERVISOR, LEADER, AUDITOR, ADMIN}),
    "labels.propose": frozenset({AGENT, SUPERVISOR, ADMIN}),
    "labels.decide": frozenset({SUPERVISOR, ADMIN}),
    "callers.look_up": frozenset({AGENT, SUPERVISOR, CASE_SYSTEM}),
    "reports.read": frozenset({SUPERVISOR, LEADER, ANALYST, AUDITOR, ADMIN}),
    "recordings.play": frozenset({AGENT, SUPERVISOR, AUDITOR, ADMIN}),
    "exports.use": frozenset({SUPERVISOR, ANALYST, AUDITOR, ADMIN}),
    "schedules.read": frozenset({AGENT, SUPERVISOR, LEADER, ANALYST, ADMIN}),
    "schedules.write": frozenset({SUPERVISOR, ADMIN}),
    "adherence.read": frozenset({AGENT, SUPERVISOR, LEADER, ANALYST, ADMIN}),
    "adherence.list": frozenset({SUPERVISOR, LEADER, ANALYST, ADMIN}),
}
"""Roles by action; an action's name is also the scope of an API token. How far each reaches: REACH."""

OWN, TEAM, QUEUES, LINE = "own", "team", "queues", "line"

_AGENTS_OWN = {AGENT: OWN}

REACH: dict[str, dict[Role, str]] = {
    "session.refresh": dict.fromkeys(Role, OWN),
    "session.close": dict.fromkeys(Role, OWN),
    "session.list": dict.fromkeys(set(Role) - {ADMIN}, OWN),
    "session.end": dict.fromkeys(set(Role) - {ADMIN}, OWN),
    "session.password": dict.fromkeys(Role, OWN),
    "session.totp": dict.fromkeys(Role, OWN),
    "agents.read": _AGENTS_OWN,
    "agents.set_state": {AGENT: OWN, LEADER: TEAM},
    "agents.preview": dict.fromkeys(Role, OWN),
    "callbacks.read": {AGENT: QUEUES},
    "callbacks.dial": {AGENT: QUEUES},
    "revisits.read": {AGENT: QUEUES},
    "revisits.answer": {AGENT: QUEUES},
    "calls.list": _AGENTS_OWN,
    "calls.dial": _AGENTS_OWN,
    "calls.control": _AGENTS_OWN,
    "listening.use": {LEADER: OWN},
    "operations.read": dict.fromkeys(set(Role) - {SUPERVISOR, ADMIN}, OWN),
    "contacts.read": _AGENTS_OWN,
    "contacts.link": _AGENTS_OWN,
    "contacts.wrap_up": _AGENTS_OWN,
    "contacts.confidential": _AGENTS_OWN,
    "labels.propose": _AGENTS_OWN,
    "recordings.play": _AGENTS_OWN,
    "exports.use": dict.fromkeys(set(Role) - {ADMIN}, OWN),
    "schedules.read": _AGENTS_OWN,
    "adherence.read": _AGENTS_OWN,
}
"""How far an action reaches for a role where that is less than all of one's line: LINE is a tenant's things, for the
city's people everybody's. The handlers see to it (api/rights.py); tests/api/test_rights.py walks every cell."""

SCOPES = frozenset(action for action in MAY if not action.startswith(("session.", "people."))) | {STREAM}
"""What a program's token may be made for: all but its owner's own affairs and other people's."""


def reach(action: str, role: Role) -> str:
    """Return how far an action reaches for a role that may do it."""
    return REACH.get(action, {}).get(role, LINE)


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


def _call(word: str, handler: Handler, body: object, action: str = "calls.control") -> Route:
    return _route("POST", f"/calls/{{call}}/{word}", action, handler, body=body, answer=OperationAnswer, status=202)


def _label(word: str, handler: Handler, body: object) -> Route:
    return _route("POST", f"/callers/labels/{{label}}/{word}", "labels.decide", handler, body=body, status=204)


def _secret(method: str, path: str, action: str, handler: Handler, body: object, answer: object) -> Route:
    return _route(method, path, action, handler, body=body, answer=answer, repeats=False)


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
    _route(
        "GET",
        "/sessions",
        "session.list",
        sessions.list_sessions,
        query=sessions.SessionsQuery,
        answer=sessions.SessionsAnswer,
    ),
    _route("DELETE", "/sessions/{id}", "session.end", sessions.end_session, status=204),
    _secret("POST", "/me/totp", "session.totp", sessions.begin_totp, sessions.ProofBody, sessions.TotpAnswer),
    _secret("PUT", "/me/totp", "session.totp", sessions.confirm_totp, sessions.CodeBody, sessions.EnrolledAnswer),
    _route(
        "DELETE",
        "/me/totp",
        "session.totp",
        sessions.drop_totp,
        body=sessions.ProofBody,
        status=204,
        repeats=False,
    ),
    _secret("PUT", "/me/password", "session.password", sessions.change_password, sessions.PasswordBody, SessionAnswer),
    _route("GET", "/oidc/{issuer}/start", "session.open", oidc.begin, status=303),
    _route("GET", "/oidc/{issuer}/callback", "session.open", oidc.come_back, query=oidc.CallbackQuery, status=303),
    _route("POST", "/oidc/session", "session.open", oidc.take_session, answer=SessionAnswer, repeats=False),
    _route("GET", "/users", "people.read", users.list_users, answer=users.UsersAnswer),
    _secret("POST", "/users/{user}/password", "people.manage", users.reset_password, None, users.TemporaryAnswer),
    _route("DELETE", "/users/{user}/totp", "people.manage", users.reset_totp, status=204),
    _route("DELETE", "/users/{user}/lock", "people.manage", users.unlock_user, status=204),
    _route("DELETE", "/users/{user}/sessions", "people.manage", users.end_sessions, status=204),
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
    _route(
        "POST",
        "/agents/{agent}/wrap-up-extension",
        "agents.set_state",
        seats.extend_wrap_up,
        body=WrapUpExtensionBody,
        answer=AgentView,
    ),
    _route(
        "POST",
        "/agents/{agent}/preview",
        "agents.preview",
        seats.answer_preview,
        body=PreviewBody,
        answer=OperationAnswer,
        status=202,
    ),
    _route("GET", "/queues", "queues.read", live.list_queues, answer=QueuesAnswer),
    _route("GET", "/queues/{queue}", "queues.read", live.get_queue, answer=QueueView),
    _route("PUT", "/queues/{queue}/open", "queues.open", live.open_queue, body=OpenBody, answer=QueueView),
    _route("GET", "/calls", "calls.list", live.list_calls, answer=CallsAnswer),
    _route("GET", "/surges", "surges.list", live.list_surges, answer=SurgesAnswer),
    _route("GET", "/callbacks", "callbacks.read", callbacks.list_callbacks, answer=callbacks.CallbacksAnswer),
    _route(
        "POST",
        "/callbacks",
        "callbacks.ask",
        callbacks.ask_callback,
        body=callbacks.CallbackBody,
        answer=callbacks.CallbackAnswer,
        status=201,
    ),
    _route(
        "POST",
        "/callbacks/{callback}/dial",
        "callbacks.dial",
        callbacks.dial_callback,
        answer=OperationAnswer,
        status=202,
    ),
    _route(
        "POST",
        "/callbacks/{callback}/close",
        "callbacks.close",
        callbacks.close_callback,
        body=callbacks.CloseBody,
        status=204,
    ),
    _route("GET", "/revisits", "revisits.read", revisits.list_revisits, answer=callbacks.CallbacksAnswer),
    _route(
        "POST",
        "/revisits",
        "revisits.ask",
        revisits.ask_revisit,
        body=revisits.RevisitBody,
        answer=callbacks.CallbackAnswer,
        status=201,
    ),
    _route(
        "PUT",
        "/revisits/{revisit}/result",
        "revisits.answer",
        revisits.answer_revisit,
        body=revisits.RevisitResultBody,
        status=204,
    ),
    _route("POST", "/calls", "calls.dial", calls.dial_out, body=DialBody, answer=OperationAnswer, status=202),
    *(_call(one.word, calls.plain(one), ReasonBody) for one in calls.PLAIN),
    _call("dtmf", calls.dtmf, DigitsBody),
    _call("transfer", calls.transfer, TargetBody),
    _call("consult", calls.consult, TargetBody),
    _call("three-way", calls.three_way, TargetBody),
    _call("emergency", calls.emergency, EmergencyBody),
    _call("pickup", calls.pick_up, ReasonBody),
    _call("take-over", calls.take_over, TakeOverBody, "calls.take_over"),
    _call("hangup", calls.hang_up, ReasonBody),
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
    _route(
        "PATCH",
        "/listening/{session}",
        "listening.use",
        live.switch_listening,
        body=ListeningModeBody,
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
    _route(
        "GET",
        "/contacts/{contact}/recordings/{n}",
        "recordings.play",
        recordings.play_recording,
        query=recordings.PlayQuery,
    ),
    _route(
        "PUT", "/contacts/{contact}/confidential", "contacts.confidential", confidence.mark_confidential, status=204
    ),
    # Each time a number is shown, that is audited: no answer is kept for repeats.
    _route(
        "POST",
        "/contacts/{contact}/reveal",
        "contacts.reveal",
        confidence.reveal,
        body=confidence.RevealBody,
        answer=confidence.RevealAnswer,
        repeats=False,
    ),
    _route(
        "GET",
        "/audit",
        "audit.read",
        confidence.list_audit,
        query=confidence.AuditQuery,
        answer=confidence.AuditAnswer,
    ),
    _route("POST", "/callers/lookup", "callers.look_up", contacts.look_up, body=LookupBody, answer=LookupAnswer),
    _route("GET", "/callers/labels", "labels.read", labels.list_labels, answer=labels.LabelsAnswer),
    _route(
        "POST",
        "/callers/labels",
        "labels.propose",
        labels.propose_label,
        body=labels.ProposeBody,
        answer=labels.ProposedAnswer,
        status=201,
    ),
    _label("approve", labels.approve_label, labels.ApproveBody),
    _label("refuse", labels.refuse_label, labels.BecauseBody),
    _label("revoke", labels.revoke_label, labels.BecauseBody),
    _route(
        "GET",
        "/reports/satisfaction",
        "reports.read",
        reports.get_satisfaction,
        query=reports.SatisfactionQuery,
        answer=reports.SatisfactionAnswer,
    ),
    _route(
        "POST",
        "/exports",
        "exports.use",
        exports.start_export,
        body=exports.ExportBody,
        answer=exports.ExportAnswer,
        status=202,
    ),
    _route("GET", "/notices", "notices.read", notices.list_notices, query=notices.Query, answer=notices.NoticesAnswer),
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
