"""Every route of REST and who may use it, on one page. OpenAPI is made from this."""

from __future__ import annotations

from typing import Any

from api.queue_views import QueueView
from api.rest import (
    alerts,
    callbacks,
    calls,
    cases,
    confidence,
    contacts,
    duties,
    duty_bodies,
    exports,
    labels,
    listening,
    live,
    notices,
    oidc,
    recordings,
    reports,
    revisits,
    schedules,
    seats,
    sessions,
    softphones,
    users,
)
from api.rest.auditing import Audited
from api.rest.bodies import (
    AgentsAnswer,
    AgentStateBody,
    CallsAnswer,
    CaseBody,
    ColleaguesAnswer,
    ContactsAnswer,
    ContactsQuery,
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
    "agents.colleagues": frozenset({AGENT, SUPERVISOR, LEADER}),
    "agents.phone": frozenset({AGENT, SUPERVISOR, LEADER}),
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
    "duty.read": frozenset({AGENT, SUPERVISOR, LEADER, ANALYST, AUDITOR, ADMIN}),
    "duty.plan": frozenset({SUPERVISOR, ADMIN}),
    "alerts.list": frozenset({SUPERVISOR, LEADER, ANALYST, ADMIN}),
    "surges.list": frozenset({SUPERVISOR, LEADER, ANALYST, ADMIN}),
    "calls.list": frozenset({AGENT, SUPERVISOR, LEADER, ADMIN, CASE_SYSTEM}),
    "calls.dial": frozenset({AGENT, SUPERVISOR, ADMIN, CASE_SYSTEM}),
    "calls.control": frozenset({AGENT, SUPERVISOR, ADMIN}),
    "calls.take_over": frozenset({SUPERVISOR, ADMIN}),
    "listening.list": frozenset({SUPERVISOR, LEADER, AUDITOR, ADMIN}),
    "listening.use": frozenset({SUPERVISOR, LEADER, ADMIN}),
    "listening.stop": frozenset({SUPERVISOR, LEADER, ADMIN}),
    "listening.decide": frozenset({SUPERVISOR, ADMIN}),
    "operations.read": EVERYBODY,
    "contacts.read": frozenset({AGENT, SUPERVISOR, LEADER, ANALYST, AUDITOR, ADMIN, CASE_SYSTEM}),
    "contacts.note": frozenset({SUPERVISOR, ADMIN, CASE_SYSTEM}),
    "cases.report": frozenset({ADMIN, CASE_SYSTEM}),
    "cases.read": frozenset({SUPERVISOR, ANALYST, ADMIN, CASE_SYSTEM}),
    "contacts.link": frozenset({AGENT, SUPERVISOR, CASE_SYSTEM}),
    "contacts.wrap_up": frozenset({AGENT, SUPERVISOR}),
    "contacts.confidential": frozenset({AGENT, SUPERVISOR, ADMIN}),
    "contacts.reveal": frozenset({SUPERVISOR, AUDITOR, ADMIN}),
    "audit.read": frozenset({AUDITOR}),
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
    "listening.use": {LEADER: OWN, ADMIN: OWN},
    "listening.stop": {LEADER: OWN},
    "duty.read": {AGENT: OWN},
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
    audit: Audited | None = None,
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
        audit=audit,
    )


def _call(
    word: str, handler: Handler, body: object, action: str = "calls.control", audit: Audited | None = None
) -> Route:
    path = f"/calls/{{call}}/{word}"
    return _route("POST", path, action, handler, body=body, answer=OperationAnswer, status=202, audit=audit)


def _label(word: str, handler: Handler, body: object) -> Route:
    path = f"/callers/labels/{{label}}/{word}"
    return _route(
        "POST",
        path,
        "labels.decide",
        handler,
        body=body,
        status=204,
        audit=Audited(name=f"labels.{word}", says=("days",)),
    )


def _secret(method: str, path: str, action: str, handler: Handler, body: object, answer: object) -> Route:
    return _route(method, path, action, handler, body=body, answer=answer, repeats=False)


def _listening(
    method: str,
    word: str,
    handler: Handler,
    body: object = None,
    action: str = "listening.use",
    audit: Audited | None = None,
) -> Route:
    path, answer = f"/listening/{{session}}{word}", None if word else listening.ListeningAnswer
    return _route(method, path, action, handler, body=body, answer=answer, status=204 if word else 202, audit=audit)


# What is audited says so here; api/rest/endpoint.py does it (docs/audit.md).
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
    _route("DELETE", "/sessions", "session.close", sessions.close_session, status=204, repeats=False, audit=Audited()),
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
        audit=Audited(name="agents.force_state", says=("state",), unless=seats.is_own),
    ),
    _route(
        "POST",
        "/agents/{agent}/wrap-up-extension",
        "agents.set_state",
        seats.extend_wrap_up,
        body=WrapUpExtensionBody,
        answer=AgentView,
        audit=Audited(name="agents.extend_wrap_up", says=("seconds",), unless=seats.is_own),
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
    _route("GET", "/agents/me/colleagues", "agents.colleagues", seats.list_colleagues, answer=ColleaguesAnswer),
    _route("GET", "/agents/me/phone", "agents.phone", softphones.get_softphone, answer=softphones.SoftphoneAnswer),
    _route("GET", "/queues", "queues.read", live.list_queues, answer=QueuesAnswer),
    _route("GET", "/queues/{queue}", "queues.read", live.get_queue, answer=QueueView),
    _route(
        "PUT",
        "/queues/{queue}/open",
        "queues.open",
        live.open_queue,
        body=OpenBody,
        answer=QueueView,
        audit=Audited(says=("open",)),
    ),
    _route("GET", "/calls", "calls.list", live.list_calls, answer=CallsAnswer),
    _route("GET", "/alerts", "alerts.list", alerts.list_alerts, answer=alerts.AlertsAnswer),
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
        audit=Audited(),
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
    _route(
        "GET",
        "/duty-sessions",
        "duty.read",
        duties.list_duties,
        query=duty_bodies.DutyQuery,
        answer=duty_bodies.DutiesAnswer,
    ),
    _route(
        "POST",
        "/duty-sessions",
        "duty.plan",
        duties.plan_duty,
        body=duty_bodies.PlanBody,
        answer=duty_bodies.PlannedAnswer,
        audit=Audited(says=("leader", "begin", "end")),
        status=201,
    ),
    _route("GET", "/duty-sessions/{duty}", "duty.read", duties.get_duty, answer=duty_bodies.DutyView),
    _route(
        "PUT",
        "/duty-sessions/{duty}",
        "duty.plan",
        duties.change_duty,
        body=duty_bodies.ChangeBody,
        answer=duty_bodies.DutyView,
        audit=Audited(name="duty.change", says=("leader", "begin", "end")),
    ),
    _route(
        "DELETE",
        "/duty-sessions/{duty}",
        "duty.plan",
        duties.end_duty,
        query=duty_bodies.WhyQuery,
        status=204,
        audit=Audited(name="duty.end"),
    ),
    _route("GET", "/duty-sessions/{duty}/report", "duty.read", duties.report_duty, answer=duty_bodies.ReportAnswer),
    _route("POST", "/calls", "calls.dial", calls.dial_out, body=DialBody, answer=OperationAnswer, status=202),
    *(_call(one.word, calls.plain(one), ReasonBody) for one in calls.PLAIN),
    _call("dtmf", calls.dtmf, DigitsBody),
    _call("transfer", calls.transfer, TargetBody),
    _call("consult", calls.consult, TargetBody),
    _call("three-way", calls.three_way, TargetBody),
    _call("emergency", calls.emergency, EmergencyBody),
    _call("pickup", calls.pick_up, ReasonBody),
    _call("take-over", calls.take_over, TakeOverBody, "calls.take_over", audit=Audited()),
    _call("hangup", calls.hang_up, ReasonBody, audit=Audited(name="calls.hang_up", unless=calls.has_own_part)),
    _route("GET", "/listening", "listening.list", listening.list_listening, answer=listening.ListeningList),
    _route(
        "POST",
        "/listening",
        "listening.use",
        listening.start_listening,
        body=listening.ListeningBody,
        answer=listening.ListeningAnswer,
        status=202,
        audit=Audited(name="listening.start", says=("call", "agent", "queue", "mode", "phone")),
    ),
    _route(
        "GET",
        "/listening/sessions",
        "listening.list",
        listening.list_past_sessions,
        query=listening.PastSessionsQuery,
        answer=listening.PastSessionsAnswer,
    ),
    _listening(
        "PATCH",
        "",
        listening.switch_listening,
        listening.ListeningModeBody,
        audit=Audited(name="listening.switch", says=("mode",)),
    ),
    _listening("DELETE", "", listening.stop_listening, action="listening.stop", audit=Audited(name="listening.stop")),
    _listening("PUT", "/note", listening.write_note, listening.ListeningNoteBody),
    _listening(
        "POST",
        "/approve",
        listening.approve_listening,
        action="listening.decide",
        audit=Audited(name="listening.approve"),
    ),
    _listening(
        "POST",
        "/refuse",
        listening.refuse_listening,
        listening.RefuseBody,
        "listening.decide",
        Audited(name="listening.refuse"),
    ),
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
        audit=Audited(shows=True),
    ),
    _route(
        "PUT",
        "/contacts/{contact}/confidential",
        "contacts.confidential",
        confidence.mark_confidential,
        status=204,
        audit=Audited(),
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
        audit=Audited(shows=True),
    ),
    _route(
        "GET",
        "/audit",
        "audit.read",
        confidence.list_audit,
        query=confidence.AuditQuery,
        answer=confidence.AuditAnswer,
        audit=Audited(shows=True, says=("since", "until", "by", "action", "contact")),
    ),
    _route(
        "POST",
        "/contacts",
        "contacts.note",
        cases.note_contact,
        body=cases.ContactBody,
        answer=cases.ContactAnswer,
        status=201,
    ),
    _route("GET", "/cases/{case_no}/events", "cases.read", cases.list_case_events, answer=cases.CaseEventsAnswer),
    _route(
        "POST",
        "/cases/{case_no}/events",
        "cases.report",
        cases.report_case,
        body=cases.CaseEventBody,
        status=204,
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
        audit=Audited(says=("kind",)),
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
    *(
        _route(
            "GET", f"/reports/{kind}", "reports.read", handler, query=reports.ReportQuery, answer=reports.ReportAnswer
        )
        for kind, handler in (
            ("intervals", reports.get_intervals),
            ("agents", reports.get_agents),
            ("queues", reports.get_queues),
        )
    ),
    _route(
        "POST",
        "/exports",
        "exports.use",
        exports.start_export,
        body=exports.ExportBody,
        answer=exports.ExportAnswer,
        status=202,
        audit=Audited(name="exports.create", says=("what", "form", "since", "until")),
    ),
    _route("GET", "/notices", "notices.read", notices.list_notices, query=notices.Query, answer=notices.NoticesAnswer),
    _route("GET", "/exports/{export}", "exports.use", exports.get_export, answer=exports.ExportAnswer),
    _route(
        "GET",
        "/exports/{export}/download",
        "exports.use",
        exports.download_export,
        audit=Audited(name="exports.download", shows=True),
    ),
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
        audit=Audited(says=("day", "tz")),
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
