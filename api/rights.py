"""Which live things and events a principal may see and act on: by role, by seat, by tenant. One page."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

from agents.agent import Agent
from calls.call import Call
from center.state import State
from messages import events
from messages.events import Event
from messages.ids import AgentId, CallId, ContactId, LegId, QueueId
from messages.principal import Principal
from messages.values import LegKind, ListeningScope, Role, Verb
from queueing.settings import QueueSettings, Surge
from supervision.listening import Listening, ListeningStage

OVERSEERS = frozenset({Role.SUPERVISOR, Role.ADMIN})
WATCHERS = OVERSEERS | {Role.LEADER, Role.ANALYST}
HEARS_RECORDINGS = OVERSEERS | {Role.AUDITOR}
SEE_ALL_CALLS = OVERSEERS | {Role.LEADER, Role.CASE_SYSTEM}
SEES_LISTENING = OVERSEERS | {Role.LEADER, Role.AUDITOR}

REVEALS_CONFIDENTIAL = frozenset({Role.AUDITOR, Role.ADMIN})
"""Who may have the number of a citizen who asked for confidence revealed; of others a supervisor may, too."""

_CALLS: tuple[type[Event], ...] = (
    events.CallEvent,
    events.ContactArrived,
    events.ContactBlocked,
    events.ContactEnded,
    events.ContactLinked,
    events.ContactConfidential,
    events.ContactNoted,
    events.MessageLeft,
)
_DUTIES: tuple[type[Event], ...] = (events.DutyEvent,)
_POPS: tuple[type[Event], ...] = (events.ScreenPop, events.ScreenPopWithdrawn)
_LISTENING: tuple[type[Event], ...] = (events.ListeningRequested, events.ListeningEvent, events.ListeningNoted)
_QUEUES: tuple[type[Event], ...] = (events.QueueChanged, events.SurgeStarted, events.SurgeEnded, events.AlertEvent)
_SEATS: tuple[type[Event], ...] = (
    events.AgentStateChanged,
    events.PhoneChanged,
    events.DesktopChanged,
    events.WrapUpExtended,
)
_CALLBACKS: tuple[type[Event], ...] = (
    events.CallbackNoted,
    events.CallbackDue,
    events.CallbackOffered,
    events.CallbackAttempted,
    events.CallbackDone,
    events.RevisitAnswered,
)
_OPERATIONS: tuple[type[Event], ...] = (events.OperationStarted, events.OperationDone, events.OperationFailed)

SEES: dict[Role, tuple[type[Event], ...]] = {
    Role.ADMIN: (Event,),
    Role.SUPERVISOR: (Event,),
    Role.LEADER: (*_CALLS, *_QUEUES, *_SEATS, *_DUTIES, events.NodeUp, events.NodeDown),
    Role.ANALYST: (*_CALLS, *_QUEUES, *_SEATS, *_DUTIES),
    Role.AUDITOR: (*_LISTENING, *_OPERATIONS, *_DUTIES, events.LabelEvent),
    Role.CASE_SYSTEM: (
        *_CALLS,
        *_CALLBACKS,
        *_POPS,
        events.ContactWrappedUp,
        events.CaseReported,
        events.RecordingEvent,
    ),
    Role.AGENT: (),
}
"""Everything of these kinds; beside it everybody sees what is about themselves."""

_EVERYBODYS = (events.CenterStarted, events.NodeUp, events.NodeDown, events.ResyncRepaired)
"""Of no tenant: whoever may see them by role does."""

_OF_A_TENANT = (
    events.ContactArrived,
    events.ContactNoted,
    events.CaseReported,
    events.LabelEvent,
    events.DutyEvent,
    events.AlertEvent,
)
_CALLED_IN = frozenset({LegKind.CONSULT, LegKind.THREE_WAY, LegKind.EMERGENCY})
REMEMBERED = 50_000


def oversees(principal: Principal) -> bool:
    """Tell whether a principal acts on others' calls and seats."""
    return not OVERSEERS.isdisjoint(principal.roles)


def may_hear(principal: Principal, *, confidential: bool, own: bool, agents_hear_own: bool) -> bool:
    """Tell whether a principal may play a contact's recordings; agents at most their own, none in confidence."""
    if not HEARS_RECORDINGS.isdisjoint(principal.roles):
        return True
    return Role.AGENT in principal.roles and agents_hear_own and own and not confidential


def leads(state: State, principal: Principal, agent: Agent) -> bool:
    """Tell whether a principal leads the team that an agent is in."""
    teams = state.settings.teams
    return bool(agent.team) and any(team.id == agent.team and principal.user in team.leaders for team in teams)


def sees_everything(principal: Principal) -> bool:
    """Tell whether the live state is shown whole."""
    return not SEE_ALL_CALLS.isdisjoint(principal.roles)


def sees_listening(principal: Principal) -> bool:
    """Tell whether a principal watches others' listening sessions."""
    return not SEES_LISTENING.isdisjoint(principal.roles)


def watches_all_listening(principal: Principal) -> bool:
    """Tell whether a principal may look at others' past sessions; leaders at their own."""
    return not (OVERSEERS | {Role.AUDITOR}).isdisjoint(principal.roles)


def kinds_seen(principal: Principal) -> tuple[type[Event], ...]:
    """Return the kinds a principal sees whole, whoever they are about."""
    return tuple(kind for role in principal.roles for kind in SEES[role])


def has_part_in(principal: Principal, call: Call) -> bool:
    """Tell whether the principal is an agent of the call."""
    return principal.agent is not None and any(leg.agent == principal.agent for leg in call.legs.values())


class Scope:
    """Whose tenant queues, agents, calls and events are of; remembers, bounded, the calls and operations that are over.

    A principal without a tenant is the city's and sees all. One with a tenant sees what is of it: its queues, its
    agents, and calls that came in on its line, are in one of its queues, or have one of its agents.
    """

    def __init__(self, state: State) -> None:
        self.state = state
        self._of: OrderedDict[str, frozenset[str]] = OrderedDict()
        self._called_in: OrderedDict[LegId, AgentId] = OrderedDict()
        """Who had whom called in: they are told what becomes of that leg."""
        for call in state.calls.values():
            self._of[call.id] = self._of[call.contact] = self.of_call(call)
            caller = next((leg.agent for leg in call.talking_legs() if leg.agent), None)
            for leg in call.alive_legs():
                if caller is not None and leg.role in _CALLED_IN:
                    self._called_in[leg.id] = caller

    def __repr__(self) -> str:
        return f"<Scope: {len(self._of)} remembered>"

    def has_queue(self, principal: Principal, queue: QueueSettings) -> bool:
        """Tell whether a queue is of the principal's tenant."""
        return principal.tenant in ("", queue.tenant)

    def has_agent(self, principal: Principal, agent: Agent) -> bool:
        """Tell whether an agent is of the principal's tenant, or is themselves."""
        return principal.tenant in ("", agent.tenant) or agent.id == principal.agent

    def has_call(self, principal: Principal, call: Call) -> bool:
        """Tell whether a live call is of the principal's tenant, or they have a part in it."""
        return not principal.tenant or principal.tenant in self.of_call(call) or has_part_in(principal, call)

    def has_session(self, principal: Principal, session: Listening) -> bool:
        """Tell whether a listening session may be shown: one's own; to those who watch them, their tenant's; to an
        agent who is told, the one that hears them."""
        if session.by is not None and session.by == principal.user:
            return True
        if not sees_listening(principal):
            heard = session.stage is ListeningStage.HEARING and session.agent == principal.agent
            return session.told and heard and principal.agent is not None
        call = self.state.calls.get(session.call or CallId(""))
        return (
            not principal.tenant
            or principal.tenant in (session.tenant, self.tenant_followed(session.scope, session.target))
            or (call is not None and self.has_call(principal, call))
        )

    def tenant_followed(self, scope: ListeningScope, target: str) -> str:
        """Return the tenant of the agent or the queue that a session is for; empty for the city's, or a call's."""
        if scope is ListeningScope.AGENT:
            return self._of_agent(AgentId(target))
        return self.state.tenant_of(QueueId(target)) if scope is ListeningScope.QUEUE else ""

    def has_kept(self, principal: Principal, contact: Mapping[str, Any]) -> bool:
        """Tell whether a past contact is of the principal's tenant, or they had a part in it."""
        if principal.tenant in ("", contact.get("tenant", "")):
            return True
        its = (contact, *contact.get("legs", ()), *contact.get("visits", ()))
        own = principal.agent is not None and any(one.get("agent") == principal.agent for one in its)
        return own or any(self.state.tenant_of(one.get("queue")) == principal.tenant for one in its)

    def has_recent(self, principal: Principal, contact: ContactId) -> bool:
        """Tell whether a contact that is remembered from the log is of the principal's tenant."""
        return not principal.tenant or principal.tenant in self._of.get(contact, frozenset())

    def has_surge(self, principal: Principal, surge: str) -> bool:
        """Tell whether a surge looks only at numbers that lead to the principal's tenant."""
        return not principal.tenant or self._of_surge(self.state.surge_settings.get(surge)) == principal.tenant

    def may_reach(self, principal: Principal, tenant: str) -> bool:
        """Tell whether calls may be passed to a tenant's queues and agents: one's own, and the city's."""
        return not principal.tenant or tenant in ("", principal.tenant)

    def of_call(self, call: Call) -> frozenset[str]:
        """Return the tenants that a live call is of."""
        return self.state.tenants_of(call)

    def note(self, event: Event) -> None:
        """Remember whose a call or an operation is; events that come later name no more than its id."""
        match event:
            case events.ContactArrived(contact=contact, call=call):
                self._remember((contact, call), event)
            case events.ContactNoted(contact=contact):
                self._remember((contact,), event)
            case events.CallQueued(contact=contact, call=call) | events.CallOffered(contact=contact, call=call):
                self._remember((contact, call), event)
            case events.OperationStarted() as started:
                self._remember((started.operation,), event)
                if started.party and started.agent and started.verb is not Verb.TAKE_OVER:
                    self._called_in[started.party] = started.agent
                    if len(self._called_in) > REMEMBERED:
                        self._called_in.popitem(last=False)
            case events.ListeningRequested(operation=operation, session=session):
                self._remember((operation, session), event)

    def may_see(self, event: Event, principal: Principal, kinds: tuple[type[Event], ...] | None = None) -> bool:
        """Tell whether an event may be sent to a principal; `kinds`: those seen whole, where they are known already."""
        if isinstance(event, kinds_seen(principal) if kinds is None else kinds) and self._is_ours(event, principal):
            return True
        return is_about(event, principal, self.agents_of(event))

    def _is_ours(self, event: Event, principal: Principal) -> bool:
        return not principal.tenant or isinstance(event, _EVERYBODYS) or principal.tenant in self.tenants(event)

    def agents_of(self, event: Event) -> tuple[AgentId, ...]:
        """Return the agents that an event is about: a phone's is who sits at it, a leg's also who had it called in, a
        duty's also the aide."""
        if isinstance(event, events.PhoneChanged):
            holder = self.state.roster.at(event.phone)
            return (holder.id,) if holder else ()
        agent: AgentId | None = getattr(event, "agent", None)
        own = (agent,) if agent else ()
        if isinstance(event, events.DutyEvent | events.DutyCalled) and event.aide:
            own = (*own, event.aide)
        if isinstance(event, events.CallLegEvent) and (caller := self._called_in.get(event.leg)):
            return (*own, caller)
        return own

    def tenants(self, event: Event) -> frozenset[str]:
        """Return the tenants that an event is of."""
        if isinstance(event, events.SurgeStarted | events.SurgeEnded):
            return frozenset((self._of_surge(self.state.surge_settings.get(event.surge)),))
        found: set[str] = set(self._named(event))
        for field in ("call", "contact", "operation", "session"):
            found |= self._of.get(getattr(event, field, None) or "", frozenset())
        return frozenset(found)

    def _named(self, event: Any) -> Iterable[str]:
        if isinstance(event, _OF_A_TENANT):
            yield event.tenant
        if queue := getattr(event, "queue", None):
            yield self.state.tenant_of(QueueId(queue))
        for agent in self.agents_of(event):
            yield self._of_agent(agent)
        if call := self.state.calls.get(getattr(event, "call", None) or CallId("")):
            yield call.tenant

    def _of_agent(self, agent: AgentId) -> str:
        known = self.state.roster.by_id.get(agent)
        return known.tenant if known else ""

    def _of_surge(self, surge: Surge | None) -> str:
        """Return the one tenant that all the routes of a surge's numbers lead to, else the city."""
        if surge is None or not surge.did:
            return ""
        routes = [route for route in self.state.settings.routes if route.did.startswith(surge.did)]
        tenants = {route.tenant or self.state.tenant_of(route.queue) for route in routes}
        return tenants.pop() if len(tenants) == 1 else ""

    def _remember(self, names: tuple[str, ...], event: Event) -> None:
        tenants = self.tenants(event)
        for name in names:
            self._of[name] = self._of.get(name, frozenset()) | tenants
            self._of.move_to_end(name)
        while len(self._of) > REMEMBERED:
            self._of.popitem(last=False)


def is_about(event: Event, principal: Principal, agents: tuple[AgentId, ...]) -> bool:
    """Tell whether an event, about `agents`, is about the principal: their seat, their offer, their operation.

    Agents are told that somebody listens to them where the rules say so; whoever asked for it always is.
    """
    if getattr(event, "by", None) == principal.user:
        return True
    if principal.agent is None or (isinstance(event, _LISTENING) and not _tells_agent(event)):
        return False
    return principal.agent in agents


def _tells_agent(event: Event) -> bool:
    """Tell whether an agent is told of a session that hears them: from when it does, not what was asked before."""
    told = (events.ListeningStarted, events.ListeningModeChanged, events.ListeningWaiting, events.ListeningEnded)
    return isinstance(event, told) and event.told
