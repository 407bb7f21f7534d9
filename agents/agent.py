"""One agent, and the roster of all."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from messages.errors import Conflict, NotFound
from messages.ids import AgentId, CallId, LegId, Phone, QueueId
from messages.values import AgentState


class AgentSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An agent as the settings name them; `phone` is the usual one.

    `ranks`: 1 (served first) and up, of queues where it is not 1; `skills`: levels from 1 to 10.
    """

    id: AgentId
    name: str = ""
    phone: Phone
    queues: tuple[QueueId, ...] = (QueueId("12345"),)
    ranks: dict[QueueId, int] = {}
    skills: dict[str, int] = {}
    team: str = ""
    tenant: str = ""


class Agent(msgspec.Struct, kw_only=True):
    """What the centre knows of an agent. `since`: when the state began; `idle_since`: the place among the ready."""

    id: AgentId
    name: str
    phone: Phone
    usual_phone: Phone
    queues: tuple[QueueId, ...]
    ranks: dict[QueueId, int] = {}
    skills: dict[str, int] = {}
    team: str = ""
    tenant: str = ""
    seat: str = ""
    desktop: bool | None = None
    """Whether the desktop is there; None where there has been none since logging in."""
    answered: int = 0
    """Calls answered since logging in."""
    offered_at: datetime | None = None
    queue: QueueId | None = None
    """The queue of the last call: its wrap-up is kept."""
    forced: bool = False
    """A supervisor brought the agent into the present state."""
    state: AgentState = AgentState.LOGGED_OUT
    reason: str = ""
    since: datetime | None = None
    idle_since: datetime | None = None
    until: datetime | None = None
    call: CallId | None = None
    leg: LegId | None = None
    planned: str = ""

    def know(self, settings: AgentSettings) -> None:
        """Take over what the settings say of the agent, and nothing of what the agent does."""
        self.name, self.usual_phone, self.team = settings.name, settings.phone, settings.team
        self.queues, self.ranks, self.skills = settings.queues, settings.ranks, settings.skills
        self.tenant = settings.tenant

    def __repr__(self) -> str:
        return f"<Agent {self.id}: {self.state}{' ' + self.reason if self.reason else ''} at {self.phone}>"


class Roster:
    """All agents by id, and those with a seat by phone."""

    def __init__(self, settings: Iterable[AgentSettings]) -> None:
        self.by_id: dict[AgentId, Agent] = {}
        self.by_phone: dict[Phone, Agent] = {}
        for one in settings:
            self.by_id[one.id] = Agent(id=one.id, name="", phone=one.phone, usual_phone=one.phone, queues=())
            self.by_id[one.id].know(one)

    def __repr__(self) -> str:
        return f"<Roster: {len(self.by_id)} agents, {len(self.by_phone)} at a seat>"

    def get(self, agent: AgentId) -> Agent:
        """Return an agent. Raises NotFound."""
        try:
            return self.by_id[agent]
        except KeyError:
            raise NotFound(f"no agent {agent}") from None

    def at(self, phone: Phone) -> Agent | None:
        """Return who sits at a phone."""
        return self.by_phone.get(phone)

    def check_free(self, phone: Phone, agent: Agent) -> None:
        """Raise Conflict if somebody else sits at the phone."""
        holder = self.by_phone.get(phone)
        if holder is not None and holder is not agent:
            raise Conflict(f"phone {phone} is taken by agent {holder.id}; log out there first")

    def seat(self, agent: Agent, phone: Phone) -> None:
        """Put an agent at a phone."""
        agent.phone = phone
        self.by_phone[phone] = agent

    def unseat(self, agent: Agent) -> None:
        """Take an agent from their phone."""
        self.by_phone.pop(agent.phone, None)
        agent.phone, agent.seat = agent.usual_phone, ""
