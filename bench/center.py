"""Messages a CPU second through `center.apply`, with many agents and many waiting; and how the cost grows.

`python -m bench.center` prints JSON lines. `against`: the same messages only encoded as JSON by msgspec, the
least that any journalled centre must do.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import deque
from datetime import UTC, datetime, timedelta

import msgspec

from agents.agent import AgentSettings
from center.apply import Center, Message
from center.settings import CenterSettings
from messages import commands, facts, requests
from messages.events import Entry
from messages.ids import AgentId, CallId, ContactId, LegId, NodeId, Phone, QueueId, UserId
from messages.values import LegEnd
from queueing.settings import QueueSettings

START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
NODE, QUEUE, BY = NodeId("n1"), QueueId("12345"), UserId("bench")


def crowd(agents: int, waiting: int) -> tuple[Center, datetime]:
    """Return a centre whose agents all talk, with calls waiting."""
    settings = CenterSettings(
        queues=(QueueSettings(id=QUEUE, wrap_up_s=0.2),),
        agents=tuple(AgentSettings(id=AgentId(f"a{n}"), phone=Phone(f"{n}")) for n in range(agents)),
    )
    center, now = Center(settings), START
    center.start(now)
    center.apply(facts.NodeUp(occurred=now, node=NODE), now)
    for n in range(agents):
        center.apply(requests.LogIn(by=BY, agent=AgentId(f"a{n}")), now)
        center.apply(requests.GoReady(by=BY, agent=AgentId(f"a{n}")), now)
    for n in range(agents + waiting):
        now += timedelta(milliseconds=1)
        for message in arrival(f"w{n}", now):
            center.apply(message, now)
    for leg in list(center.state.legs):
        for message in answered(leg, now):
            center.apply(message, now)
    return center, now


def arrival(call: str, now: datetime) -> list[Message]:
    """Return a call's arrival in the queue."""
    return [
        facts.CallArrived(
            occurred=now, node=NODE, call=CallId(call), contact=ContactId(call), number="13800001234", did="12345"
        ),
        facts.CallQueued(occurred=now, node=NODE, call=CallId(call), queue=QUEUE, noticed=True),
    ]


def answered(leg: str, now: datetime) -> list[Message]:
    """Return what AMI tells when an agent answers."""
    call = CallId(leg.split("/", maxsplit=1)[0])
    about = {"occurred": now, "node": NODE, "call": call, "leg": LegId(leg), "phone": Phone("")}
    return [facts.LegRinging(**about), facts.LegAnswered(**about)]  # type: ignore[arg-type]


def ending(leg: str, now: datetime) -> list[Message]:
    """Return what AMI and AGI tell when a call ends."""
    call = CallId(leg.split("/", maxsplit=1)[0])
    about = {"occurred": now, "node": NODE, "call": call}
    return [
        facts.LegEnded(leg=LegId(leg), phone=Phone(""), why=LegEnd.AGENT_HUNG_UP, **about),  # type: ignore[arg-type]
        facts.DialReturned(leg=LegId(leg), status="ANSWER", **about),  # type: ignore[arg-type]
        facts.CallHungUp(by_citizen=False, **about),  # type: ignore[arg-type]
    ]


def measure(agents: int, waiting: int, calls: int) -> dict[str, float]:
    """Run calls through a busy centre; return messages a CPU second, and that of encoding their entries alone."""
    center, now = crowd(agents, waiting)
    talking = deque(str(leg) for leg in center.state.legs)
    applied, spent = 0, 0.0
    entries: list[Entry] = []

    def run(messages: list[Message]) -> None:
        nonlocal applied, spent
        began = time.process_time()
        outcomes = [center.apply(message, now) for message in messages]
        spent += time.process_time() - began
        applied += len(messages)
        entries.extend(entry for outcome in outcomes for entry in outcome.entries)
        for outcome in outcomes:
            for command in outcome.commands:
                if isinstance(command, commands.OfferCall):
                    talking.append(str(command.leg))
                    run(answered(str(command.leg), now))

    for n in range(calls):
        now += timedelta(milliseconds=50)
        while (deadline := center.next_deadline()) is not None and deadline <= now:
            run([requests.Tick()])
        run([*ending(talking.popleft(), now), *arrival(f"n{n}", now)])
    encode = msgspec.json.Encoder().encode
    began = time.process_time()
    for entry in entries:
        encode(entry)
    encoding = time.process_time() - began
    return {
        "apply": applied / spent,
        "encode": applied / max(encoding, 1e-9),
        "us": 1e6 * spent / applied,
        "entries": len(entries) / applied,
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=4000)
    calls = parser.parse_args().calls
    base: float | None = None
    for agents, waiting in ((10, 5), (100, 50), (1000, 500), (10_000, 5000)):
        result = measure(agents, waiting, calls)
        base = base or result["us"]
        line = {
            "bench": f"center.apply, {agents} agents, {waiting} waiting",
            "value": round(result["apply"]),
            "unit": "messages/CPU s",
            "against": "encoding their entries as JSON, alone",
            "ratio": round(result["apply"] / result["encode"], 3),
            "us_per_message": round(result["us"], 1),
            "entries_per_message": round(result["entries"], 2),
            "growth_over_10_agents": round(result["us"] / base, 2),
        }
        print(json.dumps(line))


if __name__ == "__main__":
    main()
