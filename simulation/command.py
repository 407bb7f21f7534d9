"""`hotline simulate` from its options to its exit code."""

from __future__ import annotations

import asyncio
import sys

import uvloop
from rich.console import Console

from messages.errors import HotlineError
from simulation.options import Options
from simulation.report import as_json, difference_lines, progress, table
from simulation.runner import SimulationFailed, simulate
from simulation.sipp import SippFailed
from simulation.world import WorldFailed


def run(options: Options, *, json: bool = False) -> int:
    """Simulate and print the result; `json`: one object on stdout. Returns 0 if every record agrees, else 1."""
    console = Console(stderr=json, highlight=False)
    try:
        with progress(console) as report, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            result = runner.run(simulate(options, report))
    except (SimulationFailed, SippFailed, WorldFailed, HotlineError, OSError, TimeoutError) as error:
        Console(stderr=True, highlight=False).print(f"simulate: {error}", soft_wrap=True, markup=False)
        return 1
    if json:
        sys.stdout.write(as_json(result) + "\n")
    else:
        console.print(table(result))
        for line in difference_lines(result):
            console.print(line, soft_wrap=True, markup=False)
    return 0 if result.agrees else 1
