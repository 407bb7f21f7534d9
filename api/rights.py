"""Which live events a principal may see, on one page."""

from __future__ import annotations

from messages import events
from messages.events import Event
from messages.principal import Principal
from messages.values import Role

_CALLS: tuple[type[Event], ...] = (events.CallEvent, events.ContactArrived, events.ContactEnded, events.ContactLinked)
_POPS: tuple[type[Event], ...] = (events.ScreenPop, events.ScreenPopWithdrawn)
_LISTENING: tuple[type[Event], ...] = (events.ListeningRequested, events.ListeningEvent)

SEES: dict[Role, tuple[type[Event], ...]] = {
    Role.ADMIN: (Event,),
    Role.SUPERVISOR: (Event,),
    Role.LEADER: (*_CALLS, events.AgentStateChanged, events.NodeUp, events.NodeDown),
    Role.ANALYST: (*_CALLS, events.AgentStateChanged),
    Role.AUDITOR: (*_LISTENING, events.OperationDone, events.OperationFailed),
    Role.CASE_SYSTEM: (*_CALLS, *_POPS, events.ContactWrappedUp, events.RecordingEvent),
    Role.AGENT: (),
}
"""Everything of these kinds; beside it everybody sees what is about themselves."""


def sees_everything(principal: Principal) -> bool:
    """Tell whether the live state is shown whole."""
    return any(role in (Role.ADMIN, Role.SUPERVISOR, Role.LEADER, Role.CASE_SYSTEM) for role in principal.roles)


def kinds_seen(principal: Principal) -> tuple[type[Event], ...]:
    """Return the kinds a principal sees whole, whoever they are about."""
    return tuple(kind for role in principal.roles for kind in SEES[role])


def is_about(event: Event, principal: Principal) -> bool:
    """Tell whether an event is about the principal: their seat, their offer, their operation.

    Agents are not told that somebody listens to them; whoever asked for it is.
    """
    if getattr(event, "by", None) == principal.user:
        return True
    if principal.agent is None or isinstance(event, _LISTENING):
        return False
    return getattr(event, "agent", None) == principal.agent


def may_see(event: Event, principal: Principal) -> bool:
    """Tell whether an event may be sent to a principal."""
    return isinstance(event, kinds_seen(principal)) or is_about(event, principal)
