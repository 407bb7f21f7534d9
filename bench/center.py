"""Messages a CPU second through `center.apply` in a big centre, the slowest of them, memory, and how the cost grows.

`python -m bench.center` prints JSON lines. 200 queues of all strategies, 40 skills, agents in three queues each with
ranks and three skills, half of the calls asking for one or two; half as many calls waiting as there are agents.
`against`: the same entries only encoded as JSON by msgspec, the least that any journalled centre must do.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from datetime import UTC, datetime, timedelta
from random import Random

import msgspec

from agents.agent import AgentSettings
from center.apply import Center, Message
from center.settings import CenterSettings
from messages import commands, facts, requests
from messages.events import Entry
from messages.ids import AgentId, CallId, ContactId, LegId, NodeId, Phone, QueueId, UserId
from messages.values import LegEnd, Need
from queueing.settings import QueueSettings, Route, Strategy

START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
NODE, BY = NodeId("n1"), UserId("bench")
QUEUES, SKILLS = 200, 40
WRAP_UP_S = 0.2


def settings(agents: int, random: Random) -> CenterSettings:
    """Return a centre of so many agents; queues are ring-all rarely, for that multiplies the offers."""
    usual = [each for each in Strategy if each is not Strategy.RING_ALL]
    queues = tuple(
        QueueSettings(
            id=QueueId(f"q{n}"),
            wrap_up_s=WRAP_UP_S,
            strategy=Strategy.RING_ALL if n % 50 == 49 else usual[n % len(usual)],
            ring_all_at_most=3,
            max_wait_s=3600.0,
        )
        for n in range(QUEUES)
    )
    return CenterSettings(
        queues=queues,
        agents=tuple(_agent(n, random) for n in range(agents)),
        routes=tuple(
            Route(did=f"d{n}-", queue=QueueId(f"q{n % QUEUES}"), needs=_needs(n, random)) for n in range(2 * QUEUES)
        ),
    )


def _agent(n: int, random: Random) -> AgentSettings:
    queues = [QueueId(f"q{each}") for each in random.sample(range(QUEUES), 3)]
    return AgentSettings(
        id=AgentId(f"a{n}"),
        phone=Phone(f"{n}"),
        queues=tuple(queues),
        ranks={queue: random.randint(1, 3) for queue in queues},
        skills={f"s{skill}": random.randint(1, 10) for skill in random.sample(range(SKILLS), 3)},
    )


def _needs(n: int, random: Random) -> tuple[Need, ...]:
    """Return nothing, or one or two skills: insisted on for a while, or only preferred."""
    wanted = random.sample(range(SKILLS), n % 4 if n % 4 < 3 else 0)
    return tuple(Need(f"s{skill}", random.randint(1, 3), random.choice((0.0, 0.5, 2.0))) for skill in wanted)


class Bench:
    """A busy centre: everybody talks, calls wait everywhere."""

    def __init__(self, agents: int, waiting: int) -> None:
        self.random, self.agents = Random(12345), agents
        self.center, self.now = Center(settings(agents, self.random)), START
        self.talking: list[str] = []
        self.entries: list[Entry] = []
        self.took: list[int] = []
        self.center.start(self.now)
        self.run([facts.NodeUp(occurred=self.now, node=NODE)])
        for n in range(agents):
            self.run([requests.LogIn(by=BY, agent=AgentId(f"a{n}")), requests.GoReady(by=BY, agent=AgentId(f"a{n}"))])
        for n in range(agents * 2):
            if len(self.talking) >= 0.9 * agents and self.waiting >= waiting:
                break
            self.pass_time(1)
            self.run(self.arrival(f"w{n}"))
        self.took.clear()
        self.entries.clear()

    @property
    def waiting(self) -> int:
        """How many calls wait."""
        return sum(line.count for line in self.center.state.lines.values())

    def pass_time(self, milliseconds: float) -> None:
        """Move the clock, letting deadlines pass on the way."""
        self.now += timedelta(milliseconds=milliseconds)
        while (deadline := self.center.next_deadline()) is not None and deadline <= self.now:
            self.run([requests.Tick()])

    def run(self, messages: list[Message]) -> None:
        """Apply messages, timing each; whoever is offered a call answers at once."""
        for message in messages:
            began = time.perf_counter_ns()
            outcome = self.center.apply(message, self.now)
            self.took.append(time.perf_counter_ns() - began)
            self.entries += outcome.entries
            for command in outcome.commands:
                if isinstance(command, commands.OfferCall):
                    leg = str(command.legs[0].leg)
                    self.talking.append(leg)
                    self.run(self.answered(leg))

    def arrival(self, call: str) -> list[Message]:
        """Return a call's arrival in a queue that somebody serves."""
        agent = self.center.state.settings.agents[self.random.randrange(self.agents)]
        queue = int(self.random.choice(agent.queues)[1:])
        did = f"d{queue + self.random.choice((0, QUEUES))}-"
        about = {"occurred": self.now, "node": NODE, "call": CallId(call)}
        return [
            facts.CallArrived(contact=ContactId(call), number="13800001234", did=did, **about),  # type: ignore[arg-type]
            facts.CallQueued(queue=QueueId("q0"), noticed=True, **about),  # type: ignore[arg-type]
        ]

    def answered(self, leg: str) -> list[Message]:
        """Return what AMI tells when an agent answers."""
        about = {"occurred": self.now, "node": NODE, "call": CallId(leg.split("/")[0]), "leg": LegId(leg)}
        return [facts.LegRinging(phone=Phone(""), **about), facts.LegAnswered(phone=Phone(""), **about)]  # type: ignore[arg-type]

    def ending(self, leg: str) -> list[Message]:
        """Return what AMI and AGI tell when a call ends."""
        about = {"occurred": self.now, "node": NODE, "call": CallId(leg.split("/")[0])}
        return [
            facts.LegEnded(leg=LegId(leg), phone=Phone(""), why=LegEnd.AGENT_HUNG_UP, **about),  # type: ignore[arg-type]
            facts.DialReturned(leg=LegId(leg), status="ANSWER", **about),  # type: ignore[arg-type]
            facts.CallHungUp(by_citizen=False, **about),  # type: ignore[arg-type]
        ]

    def end_one(self) -> None:
        """Let somebody hang up."""
        if not self.talking:
            return
        at = self.random.randrange(len(self.talking))
        self.talking[at], self.talking[-1] = self.talking[-1], self.talking[at]
        leg = self.talking.pop()
        self.run(self.ending(leg))


def measure(agents: int, waiting: int, calls: int) -> dict[str, float]:
    """Run calls through a busy centre."""
    bench = Bench(agents, waiting)
    gc.collect()
    began = time.process_time()
    for n in range(calls):
        bench.pass_time(20)
        bench.end_one()
        bench.run(bench.arrival(f"n{n}"))
    spent = time.process_time() - began
    applied, took = len(bench.took), sorted(bench.took)
    encode = msgspec.json.Encoder().encode
    began = time.process_time()
    for entry in bench.entries:
        encode(entry)
    encoding = max(time.process_time() - began, 1e-9)
    return {
        "apply": applied / spent,
        "encode": applied / encoding,
        "us": 1e6 * spent / applied,
        "p99_us": took[int(0.99 * applied)] / 1000,
        "max_us": took[-1] / 1000,
        "entries": len(bench.entries) / applied,
        "waiting": bench.waiting,
        "mb": _resident_mb(),
    }


def _resident_mb() -> float:
    with open("/proc/self/status") as status:  # noqa: PTH123 - not a file
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=4000)
    calls = parser.parse_args().calls
    base: float | None = None
    for agents, waiting in ((100, 50), (1000, 500), (10_000, 5000)):
        result = measure(agents, waiting, calls)
        base = base or result["us"]
        line = {
            "bench": f"center.apply, {agents} agents, {QUEUES} queues, {result['waiting']:.0f} waiting",
            "value": round(result["apply"]),
            "unit": "messages/CPU s",
            "against": "encoding their entries as JSON, alone",
            "ratio": round(result["apply"] / result["encode"], 3),
            "us_per_message": round(result["us"], 1),
            "p99_us": round(result["p99_us"]),
            "max_us": round(result["max_us"]),
            "entries_per_message": round(result["entries"], 2),
            "growth_over_100_agents": round(result["us"] / base, 2),
            "resident_mb": round(result["mb"]),
        }
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
