"""Agents, their phones and desktops."""

from datetime import datetime

from messages.events.event import Event
from messages.ids import AgentId, CallId, LegId, Phone, UserId
from messages.values import AgentState


class AgentStateChanged(Event, frozen=True, kw_only=True, tag="agent.state"):
    """An agent went from one state to another."""

    agent: AgentId
    before: AgentState
    after: AgentState
    phone: Phone
    reason: str = ""
    call: CallId | None = None
    leg: LegId | None = None
    until: datetime | None = None
    by: UserId | None = None
    forced: bool = False
    seat: str = ""


class WrapUpExtended(Event, frozen=True, kw_only=True, tag="agent.wrap_up_extended"):
    """The agent wraps up until a later instant."""

    agent: AgentId
    until: datetime


class PhoneChanged(Event, frozen=True, kw_only=True, tag="phone.changed"):
    """A phone answers Asterisk, or no longer does: then nobody who sits there is offered a call."""

    phone: Phone
    reachable: bool


class DesktopChanged(Event, frozen=True, kw_only=True, tag="desktop.changed"):
    """An agent's desktop is there, or is gone: then the agent is offered no call."""

    agent: AgentId
    connected: bool


class AgentPlanned(Event, frozen=True, kw_only=True, tag="agent.planned"):
    """The agent is to be not ready after this call (`reason`), or no longer (empty)."""

    agent: AgentId
    reason: str
