"""A small world for the centre's tests: messages with as little typing as possible, and what came of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from agents.agent import Agent, AgentSettings
from alerts.rule import AlertRule
from calls.call import Call
from center import snapshot
from center.apply import Center, Message
from center.evolving import evolve
from center.ledger import Ledger
from center.settings import CenterSettings
from center.state import State
from center.turn import Outcome
from messages import events, facts, requests
from messages.commands import Command
from messages.errors import Refused
from messages.events import Entry
from messages.ids import AgentId, CallId, ContactId, LegId, NodeId, Phone, QueueId, UserId
from messages.values import AgentState, LegEnd, Verb
from queueing.settings import QueueSettings, Surge

START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
NODE = NodeId("n1")
QUEUE = QueueId("12345")
BY = UserId("tester")
RecordT = TypeVar("RecordT")


def settings(
    agents: int = 2,
    *,
    ring_s: float = 15,
    wrap_up_s: float = 10,
    surges: tuple[Surge, ...] = (),
    alerts: tuple[AlertRule, ...] = (),
) -> CenterSettings:
    """One queue and agents a1…aN at phones 1001…"""
    return CenterSettings(
        queues=(QueueSettings(id=QUEUE, ring_s=ring_s, wrap_up_s=wrap_up_s),),
        agents=tuple(
            AgentSettings(id=AgentId(f"a{n}"), phone=Phone(str(1000 + n)), queues=(QUEUE,))
            for n in range(1, agents + 1)
        ),
        surges=surges,
        alerts=alerts,
    )


class World:
    """A centre, a clock that moves when told, and everything it recorded and commanded."""

    def __init__(self, agents: int = 2, *, whole: CenterSettings | None = None, **kwargs: Any) -> None:
        self.settings = whole or settings(agents, **kwargs)
        self.inbox: list[tuple[Message, datetime]] = []
        self.center = Center(self.settings)
        self.now = START
        self.entries: list[Entry] = []
        self.commands: list[Command] = []
        self._take(self.center.start(self.now))
        self.do(facts.NodeUp(occurred=self.now, node=NODE))

    def _take(self, outcome: Outcome) -> Outcome:
        self.entries += outcome.entries
        self.commands += outcome.commands
        return outcome

    def do(self, message: Message, after: float = 0.0) -> Outcome:
        """Give the centre a message `after` seconds, letting deadlines pass on the way."""
        until = self.now + timedelta(seconds=after)
        self._tick(until)
        self.now = until
        outcome = self._apply(message)
        self._tick(until)
        return outcome

    def _tick(self, until: datetime) -> None:
        """Let deadlines pass, as the loop does."""
        ticks = 0
        while (deadline := self.center.next_deadline()) is not None and deadline <= until:
            self.now = max(self.now, deadline)
            self._apply(requests.Tick())
            ticks += 1
            assert ticks < 1000, f"the centre is busy with nothing: {self.center.state.deadlines}"

    def _apply(self, message: Message) -> Outcome:
        self.inbox.append((message, self.now))
        try:
            return self._take(self.center.apply(message, self.now))
        except Refused as error:
            assert isinstance(message, requests.Request), f"only requests are refused, not {message}: {error}"
            raise

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.do(requests.Tick(), seconds)

    def ready(self, *agents: str) -> None:
        """Log agents in and make them ready."""
        for agent in agents:
            self.do(requests.LogIn(by=BY, agent=AgentId(agent)))
            self.do(requests.GoReady(by=BY, agent=AgentId(agent)))

    def arrive(self, call: str, number: str = "13800001234", did: str = "12345") -> None:
        """A citizen's call comes in."""
        self.do(
            facts.CallArrived(
                occurred=self.now, node=NODE, call=CallId(call), contact=ContactId(call), number=number, did=did
            )
        )

    def queue(
        self, call: str, *, noticed: bool = True, by_asterisk: bool = False, queue: str = QUEUE, asked: str = ""
    ) -> None:
        """The call joins the queue."""
        self.do(
            facts.CallQueued(
                occurred=self.now,
                node=NODE,
                call=CallId(call),
                queue=QueueId(queue),
                noticed=noticed,
                by_asterisk=by_asterisk,
                asked=asked,
            )
        )

    def come(self, call: str, number: str = "13800001234", did: str = "12345", queue: str = QUEUE) -> None:
        """A citizen's call comes in and asks for a queue."""
        self.arrive(call, number, did)
        self.queue(call, queue=queue)

    def held_again(self, call: str, asked: str = "") -> None:
        """Our session holds a call that was passed on."""
        self.queue(call, queue="", asked=asked)

    def control(self, call: str, verb: Verb, **fields: Any) -> str:
        """Somebody does something with a call; return the operation."""
        return self.do(requests.ControlCall(by=BY, call=CallId(call), verb=verb, **fields)).operation

    def talk(self, leg: str) -> None:
        """The phone rings and is answered."""
        self.ring(leg)
        self.answer(leg)

    def agent(self, name: str) -> Agent:
        """Return an agent."""
        return self.center.state.roster.by_id[AgentId(name)]

    def call(self, name: str) -> Call:
        """Return a live call."""
        return self.center.state.calls[CallId(name)]

    def records(self, kind: type[RecordT]) -> list[RecordT]:
        """Return the records of a kind that the ledger makes of what was recorded, in the order of their beginning."""
        ledger, found = Ledger(), {}
        for entry in self.entries:
            for record in ledger.fold(entry):
                if isinstance(record, kind):
                    found[id(record)] = record
        return list(found.values())

    def operation(self, name: str) -> str:
        """Return how an operation is: pending, done, or why it failed."""
        for entry in self.entries:
            if isinstance(entry.event, events.OperationDone) and entry.event.operation == name:
                return "done"
            if isinstance(entry.event, events.OperationFailed) and entry.event.operation == name:
                return entry.event.why
        return "pending"

    def leg(self, kind: type[facts.LegFact], leg: str, **fields: Any) -> None:
        """Something happens to a leg `CALL/N`; its phone is looked up."""
        call = self.center.state.legs.get(LegId(leg)) or CallId(leg.split("/", maxsplit=1)[0])
        known = self.center.state.calls.get(call)
        phone = fields.pop("phone", None) or (
            known.legs[LegId(leg)].phone if known and LegId(leg) in known.legs else ""
        )
        self.do(kind(occurred=self.now, node=NODE, call=call, leg=LegId(leg), phone=Phone(phone), **fields))

    def ring(self, leg: str, **fields: Any) -> None:
        """The phone rings."""
        self.leg(facts.LegRinging, leg, **fields)

    def answer(self, leg: str, **fields: Any) -> None:
        """The agent answers."""
        self.leg(facts.LegAnswered, leg, **fields)

    def end_leg(self, leg: str, why: LegEnd = LegEnd.AGENT_HUNG_UP) -> None:
        """The leg ends."""
        self.leg(facts.LegEnded, leg, why=why)

    def hang_up(self, call: str, *, by_citizen: bool = True) -> None:
        """The citizen's channel is gone."""
        self.do(facts.CallHungUp(occurred=self.now, node=NODE, call=CallId(call), by_citizen=by_citizen))

    def state(self, agent: str) -> AgentState:
        """Return an agent's state."""
        return self.center.state.roster.by_id[AgentId(agent)].state

    def kinds(self) -> list[str]:
        """Return the kinds of all events so far."""
        return [str(type(entry.event).__struct_config__.tag) for entry in self.entries]

    def of(self, kind: type[events.Event]) -> list[Any]:
        """Return the events of one kind."""
        return [entry.event for entry in self.entries if type(entry.event) is kind]

    def commanded(self, kind: type[Command]) -> list[Any]:
        """Return the commands of one kind."""
        return [command for command in self.commands if type(command) is kind]

    def replayed(self) -> State:
        """Fold what was recorded into a fresh state."""
        state = State(self.settings)
        for entry in self.entries:
            evolve(state, entry)
        return state


def same(one: State, other: State) -> bool:
    """Whether two states are the same in everything that counts."""
    return snapshot.encode(one) == snapshot.encode(other) and all(
        one.lines[queue].everybody_waiting() == other.lines[queue].everybody_waiting()
        and one.lines[queue].free_agents() == other.lines[queue].free_agents()
        and one.lines[queue].reserved_agents() == other.lines[queue].reserved_agents()
        and one.lines[queue].staff == other.lines[queue].staff
        for queue in one.lines
    )
