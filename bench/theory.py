"""The real centre in virtual time beside the formulas of queueing theory, and the virtual calls a CPU second.

`python -m bench.theory` prints JSON lines. `value`: simulated; `against`: the formula, whose value is `formula`;
`half_99`: half the simulated figure's 99 % confidence interval. Heavy loads are given as many calls as they need. The
calls a CPU second are set against Kiefer and Wolfowitz's recursion over the same callers, the least that any
first-come simulation must do.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

from agents.agent import AgentSettings
from center.settings import CenterSettings
from messages.ids import AgentId, Phone
from metrics.erlang import erlang_a
from simulation.batch_means import BATCHES, Estimate, observe, relaxing_calls
from simulation.kiefer_wolfowitz import waits
from simulation.virtual import START, Stream, exponential, joins, population

AHT_S, PATIENCE_S, SEED = 180.0, 90.0, 12345
GRID = [(agents, occupancy) for agents in (2, 5, 20, 50) for occupancy in (0.5, 0.8, 0.95)]
FIGURES = {
    "wait_probability": "share",
    "service_level": "share within 15 s",
    "asa_s": "s",
    "occupancy": "share",
    "abandonment": "share",
}


def world(agents: int) -> CenterSettings:
    """Return one queue without wrap-up, and its agents."""
    base = CenterSettings()
    queue = type(base.queues[0])(id=base.queues[0].id, wrap_up_s=0)
    staff = tuple(AgentSettings(id=AgentId(f"a{n}"), phone=Phone(f"{n}"), queues=(queue.id,)) for n in range(agents))
    return CenterSettings(queues=(queue,), agents=staff)


def line(bench: str, value: float, unit: str, against: str, ratio: float, **more: float) -> dict[str, Any]:
    """Return one figure as every bench prints it."""
    ratio = round(ratio, 4) if math.isfinite(ratio) else 0.0
    return {"bench": bench, "value": round(value, 5), "unit": unit, "against": against, "ratio": ratio, **more}


def measure(agents: int, occupancy: float, patience_s: float, calls: int) -> Iterator[dict[str, Any]]:
    """Yield the lines of one grid point."""
    settings, rate = world(agents), agents * occupancy / AHT_S
    patience = None if math.isinf(patience_s) else exponential(patience_s)
    stream = Stream(
        name="citizens", rate=rate, talk=exponential(AHT_S), patience=patience, queued=joins(settings.queues[0].id)
    )
    began = time.process_time()
    observer, hotline = observe(settings, [stream], calls=calls, seed=SEED + agents)
    spent, figures = time.process_time() - began, observer.figures()
    model = "Erlang C" if patience is None else "Erlang A"
    expected = erlang_a(agents, rate=rate, aht_s=AHT_S, patience_s=patience_s)
    point = f"N={agents} rho={occupancy}{'' if patience is None else f' patience={patience_s:g}s'}"
    for name, unit in FIGURES.items():
        found, formula = getattr(figures, name), getattr(expected, name)
        if isinstance(found, Estimate) and (patience is not None or name != "abandonment"):
            more = {"formula": round(formula, 5), "half_99": round(found.half(), 5)}
            yield line(f"centre {name}, {point}", found.value, unit, model, found.value / formula, **more)
    began = time.process_time()
    count = sum(1 for _ in waits(islice(population(stream, SEED), calls), agents=agents, start=START))
    alone = count / (time.process_time() - began)
    began_to_end = (hotline.now - START).total_seconds()
    done = began_to_end * rate
    yield line(
        f"virtual calls, {point}",
        done / spent,
        "calls/CPU s",
        "Kiefer and Wolfowitz's recursion over the same callers",
        done / spent / alone,
        messages_per_cpu_s=round(hotline.messages / spent),
        times_real_time=round(began_to_end / spent),
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=20_000, help="a grid point, at the least")
    least = parser.parse_args().calls
    for patience_s in (math.inf, PATIENCE_S):
        for agents, occupancy in GRID:
            relaxing = relaxing_calls(occupancy) if math.isinf(patience_s) else 0.0
            calls = max(least, round(5 * BATCHES * relaxing))
            for one in measure(agents, occupancy, patience_s, calls):
                print(json.dumps(one), flush=True)


if __name__ == "__main__":
    main()
