"""Who may hear a call: the rules of `supervision`, asked about calls, agents and queues as they are now."""

from calls.call import Call, Leg
from center.state import State
from messages import requests
from messages.ids import QueueId
from messages.values import ListeningMode
from supervision.governance import Heard, Listener, ListeningRule, rule_for
from supervision.listening import Listening


def rule_for_request(state: State, request: requests.StartListening, leg: Leg | None) -> ListeningRule | None:
    """Return the rule by which somebody may listen to what they ask for, a call's `leg` or what is still to come."""
    who = Listener(request.by, request.roles, request.tenant, _leads(state, request.by))
    return rule_for(state.settings.supervision.rules, who, _target_heard(state, request, leg), request.mode)


def may_hear(
    state: State, session: Listening, call: Call, leg: Leg, mode: ListeningMode | None = None
) -> ListeningRule | None:
    """Return the rule by which a session may hear a call, in its mode or another; one that wants approval needs it."""
    if session.by is None:
        return None
    who = Listener(session.by, session.roles, session.tenant, _leads(state, session.by))
    rule = rule_for(state.settings.supervision.rules, who, _heard(state, call, leg), mode or session.mode)
    return rule if rule and (session.approved_by or not rule.approval) else None


def _heard(state: State, call: Call, leg: Leg) -> Heard:
    agent = state.roster.by_id.get(leg.agent) if leg.agent else None
    confidential = call.confidential or state.is_confidential(call.contact, call.about)
    return Heard(state.tenants_of(call), agent.team if agent else "", call.queue, confidential)


def _target_heard(state: State, request: requests.StartListening, leg: Leg | None) -> Heard:
    """Return what a request would hear, as far as it is known before there is a call."""
    if request.call and leg:
        return _heard(state, state.calls[request.call], leg)
    if request.agent:
        agent = state.roster.by_id[request.agent]
        return Heard(frozenset((agent.tenant,)), agent.team)
    return Heard(frozenset((state.tenant_of(request.queue),)), None, QueueId(request.queue or ""))


def _leads(state: State, user: str) -> frozenset[str]:
    return frozenset(team.id for team in state.settings.teams if user in team.leaders)
