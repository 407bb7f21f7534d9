"""How wrong the estimated wait is that a caller could be told, in virtual time.

`python -m bench.estimate` prints JSON lines. Callers who joined a line and were answered count: `value` is the mean of
|estimated - waited|, `ratio` sets it against the mean of |waited - mean wait|, the error of telling everybody the
mean. `against` is the textbook guess, position x handling time / agents, given the true handling time beforehand.
"""

from __future__ import annotations

import argparse
import json
from datetime import timedelta
from statistics import fmean

from agents.agent import AgentSettings
from center.settings import CenterSettings
from messages import events
from messages.events import Entry
from messages.ids import AgentId, CallId, Phone, QueueId
from queueing.settings import QueueSettings
from simulation.virtual import START, Stream, VirtualHotline, exponential, joins, lognormal

AHT_S = 180.0


class Ear:
    """What was said at joining, and how long it took."""

    def __init__(self, agents: int) -> None:
        self.agents = agents
        self.said: dict[CallId, tuple[float, float]] = {}
        self.pairs: list[tuple[float, float, float]] = []
        self.silent = 0

    def hear(self, entry: Entry) -> None:
        """Take an entry in."""
        match entry.event:
            case events.CallQueued(call=call, estimated_s=estimated, position=position):
                if estimated is None:
                    self.silent += 1
                elif estimated > 0:
                    self.said[call] = (estimated, position * AHT_S / self.agents)
            case events.CallAnswered(call=call, waited_s=waited) if call in self.said:
                self.pairs.append((*self.said.pop(call), waited))
            case events.ContactEnded(call=call):
                self.said.pop(call, None)


def measure(agents: int, load: float, hours: float) -> dict[str, object]:
    """Return the line of one hall: impatient callers, talks as talks are (lognormal), two queues sharing the agents."""
    queues = tuple(QueueSettings(id=QueueId(name), wrap_up_s=0.0) for name in ("general", "dialect"))
    settings = CenterSettings(
        queues=queues,
        agents=tuple(
            AgentSettings(
                id=AgentId(f"a{n}"), phone=Phone(f"{n}"), queues=tuple(q.id for q in (queues if n % 2 else queues[:1]))
            )
            for n in range(agents)
        ),
    )
    streams = [
        Stream(
            name=queue.id,
            rate=agents * load * share / AHT_S,
            talk=lognormal(AHT_S, 0.9),
            patience=exponential(240.0),
            queued=joins(queue.id),
        )
        for queue, share in zip(queues, (0.75, 0.25), strict=True)
    ]
    ear = Ear(agents)
    VirtualHotline(settings, streams, watch=ear.hear).run(START + timedelta(hours=hours))
    mean = fmean(waited for *_, waited in ear.pairs)
    error = fmean(abs(said - waited) for said, _, waited in ear.pairs)
    textbook = fmean(abs(guess - waited) for _, guess, waited in ear.pairs)
    return {
        "bench": f"estimated wait, {agents} agents, load {load}",
        "value": round(error, 1),
        "unit": "s, mean absolute error",
        "against": "telling everybody the mean wait",
        "ratio": round(error / fmean(abs(waited - mean) for *_, waited in ear.pairs), 2),
        "textbook_s": round(textbook, 1),
        "bias_s": round(fmean(said - waited for said, _, waited in ear.pairs), 1),
        "mean_wait_s": round(mean, 1),
        "callers": len(ear.pairs),
        "told_nothing": ear.silent,
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=100.0)
    hours = parser.parse_args().hours
    for agents, load in ((5, 1.0), (20, 1.0), (50, 1.05), (50, 1.3)):
        print(json.dumps(measure(agents, load, hours)), flush=True)


if __name__ == "__main__":
    main()
