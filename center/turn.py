"""One message's turn: what is recorded and commanded while it is decided."""

from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec

from agents.agent import Agent
from agents.transitions import Cause, after
from calls.call import Call, Leg
from center.evolving import evolve
from center.state import State
from messages.commands import Command
from messages.errors import NotFound
from messages.events import AgentStateChanged, CallEvent, CallLegEvent, Entry, Event, OperationStarted
from messages.ids import CallId, CommandId, LegId, NodeId, OperationId, UserId
from messages.values import Verb

CommandT = TypeVar("CommandT", bound=Command)


class Outcome(msgspec.Struct, frozen=True):
    """What a message led to. `id` names what a request made (a session), `operation` what it set going."""

    entries: list[Entry]
    commands: list[Command]
    id: str = ""
    operation: str = ""


class Turn:
    """Collects entries (each evolved at once, so that what follows sees it) and commands."""

    __slots__ = ("commands", "entries", "id", "now", "operation", "state")

    def __init__(self, state: State, now: datetime) -> None:
        self.state = state
        self.now = now
        self.entries: list[Entry] = []
        self.commands: list[Command] = []
        self.id = ""
        self.operation = ""

    def record(self, event: Event) -> None:
        """Make an event so."""
        position = self.state.position
        entry = Entry(position.epoch, position.seq + 1, self.now, event)  # type: ignore[arg-type]
        evolve(self.state, entry)
        self.entries.append(entry)

    def record_call(self, kind: type[CallEvent], call: Call, occurred: datetime, **fields: Any) -> None:
        """Record an event about a call."""
        self.record(kind(contact=call.contact, call=call.id, queue=call.queue, occurred=occurred, **fields))

    def record_leg(self, kind: type[CallLegEvent], call: Call, leg: Leg, occurred: datetime, **fields: Any) -> None:
        """Record an event about a leg of a call."""
        self.record_call(kind, call, occurred, leg=leg.id, phone=leg.phone, agent=leg.agent, **fields)

    def command(self, make: type[CommandT], node: NodeId, *, within_s: float = 10.0, **fields: Any) -> None:
        """Ask a node for something; `within_s`: seconds after which it is void."""
        position = self.state.position
        name = CommandId(f"{position.epoch}-{position.seq}-{len(self.commands)}")
        self.commands.append(make(id=name, node=node, deadline=self.now + timedelta(seconds=within_s), **fields))

    def new_id(self, letter: str) -> str:
        """Return an id that no other turn can make: from the place of the entry recorded next."""
        position = self.state.position
        return f"{letter}{position.epoch}-{position.seq + 1}"

    def move(
        self,
        agent: Agent,
        cause: Cause,
        *,
        reason: str = "",
        call: CallId | None = None,
        leg: LegId | None = None,
        until: datetime | None = None,
        by: UserId | None = None,
        phone: str = "",
        seat: str = "",
        forced: bool = False,
    ) -> None:
        """Record an agent's next state. Raises IllegalTransition."""
        self.record(
            AgentStateChanged(
                agent=agent.id,
                before=agent.state,
                after=after(agent.state, cause),
                phone=phone or agent.phone,  # type: ignore[arg-type]
                reason=reason,
                call=call,
                leg=leg,
                until=until,
                by=by,
                forced=forced,
                seat=seat or agent.seat,
            )
        )

    def start(self, verb: Verb, by: UserId, *, until: datetime | None = None, **fields: Any) -> OperationId:
        """Record that an operation is under way and return its id; it fails by itself at `until`."""
        operation = OperationId(self.new_id("o"))
        until = until or self.now + timedelta(seconds=self.state.settings.operation_s)
        self.record(OperationStarted(operation=operation, verb=verb, by=by, until=until, **fields))
        self.id = self.operation = operation
        return operation

    def live_call(self, call: CallId) -> Call:
        """Return a live call. Raises NotFound."""
        found = self.state.calls.get(call)
        if found is None:
            raise NotFound(f"no live call {call}")
        return found

    def call(self, call: CallId) -> Call | None:
        """Return a live call, None for one that ended or is unknown."""
        return self.state.calls.get(call)

    def leg_agent(self, leg: Leg) -> Agent | None:
        """Return the agent whose present leg this is: not one who has moved on."""
        agent = self.state.roster.by_id.get(leg.agent) if leg.agent else None
        return agent if agent and agent.leg == leg.id else None
