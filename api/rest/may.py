"""Who may do what over REST, action by action, and how far it reaches: one page. docs/rights.md is made from it."""

from api.stream.ops import STREAM
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
    "evidence.make": frozenset({SUPERVISOR, AUDITOR, ADMIN}),
    "holds.read": frozenset({SUPERVISOR, AUDITOR, ADMIN}),
    "holds.set": frozenset({AUDITOR, ADMIN}),
    "quality.forms": frozenset({AGENT, SUPERVISOR, LEADER, AUDITOR, ADMIN}),
    "quality.write_forms": frozenset({SUPERVISOR, ADMIN}),
    "quality.sample": frozenset({SUPERVISOR, ADMIN}),
    "quality.review": frozenset({SUPERVISOR, ADMIN}),
    "quality.read": frozenset({AGENT, SUPERVISOR, LEADER, AUDITOR, ADMIN}),
    "quality.appeal": frozenset({AGENT}),
    "quality.averages": frozenset({SUPERVISOR, LEADER, AUDITOR, ADMIN}),
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
