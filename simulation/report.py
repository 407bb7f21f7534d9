"""What is shown of a simulation: its progress, a table for people, one JSON object for programs."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from simulation.options import SimulationResult

Report = Callable[[str, int, int], None]
"""Told what goes on, how many calls are done, and of how many."""

SHOWN = 20
"""Differences that the table lists; the JSON has all of them."""


def as_json(result: SimulationResult) -> str:
    """Return the one object of `simulate --json`."""
    return msgspec.json.encode(result).decode()


def as_table(result: SimulationResult) -> str:
    """Return the result as people read it: the figures, then the differences."""
    console = Console(file=io.StringIO(), width=100)
    with console.capture() as text:
        console.print(_table(result))
    return "\n".join([text.get().rstrip(), *_difference_lines(result)])


def _table(result: SimulationResult) -> Table:
    grid = Table(title="simulation", show_header=False)
    grid.add_column(style="bold")
    grid.add_column(justify="right")
    pop, margin, cpu, each = result.pop_ms, result.margin_ms, result.cpu_s, result.cpu_ms_per_call
    for name, value in (
        ("calls", str(result.calls)),
        ("answered", str(result.answered)),
        ("abandoned", str(result.abandoned)),
        ("lost", str(result.lost)),
        ("screen pops", str(result.pops)),
        ("… before the phone's INVITE", str(result.pops_before_invite)),
        ("pop, decision to client (ms)", f"p50 {_figure(pop['p50'])}, p99 {_figure(pop['p99'])}"),
        ("INVITE after the pop (ms)", f"least {_figure(margin['min'])}, p50 {_figure(margin['p50'])}"),
        ("CPU hotline (s, ms a call)", f"{cpu['hotline']:.2f}, {each['hotline']:.1f}"),
        ("CPU Asterisk (s, ms a call)", f"{cpu['asterisk']:.2f}, {each['asterisk']:.1f}"),
        ("hotline ÷ Asterisk", _figure(result.cpu_ratio)),
        (
            "waits for an answer (s)",
            f"p50 {_figure(result.wait_s.get('p50'))}, most {_figure(result.wait_s.get('max'))}",
        ),
        *_faults(result),
        ("differences", str(len(result.differences))),
        ("took (s)", f"{result.seconds:.1f}"),
    ):
        grid.add_row(name, value)
    return grid


def _faults(result: SimulationResult) -> list[tuple[str, str]]:
    """Return the rows that only a run with faults has."""
    if not result.faults:
        return []
    recovered = ", ".join(f"{one.kind} {_figure(one.recovered_s)}" for one in result.faults)
    return [
        ("ready again after (s)", recovered),
        ("from Asterisk's logs", str(result.backfilled)),
        ("explained by the faults", str(len(result.explained))),
    ]


def _difference_lines(result: SimulationResult) -> Iterator[str]:
    """Yield the differences as lines, the first 20 of them, then how many there are of each kind."""
    for one in result.differences[:SHOWN]:
        yield f"{one.kind}  {one.contact or '-'}  {one.number or '-'}  {one.text}"
    if len(result.differences) > SHOWN:
        kinds = Counter(one.kind for one in result.differences)
        yield "in all: " + ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())


@contextmanager
def reporting(console: Console | None = None) -> Iterator[Report]:
    """Give a reporter: a bar on a terminal (default: stderr), a plain line for every step and tenth elsewhere."""
    console = console or Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield _plain(console)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, refresh_per_second=2) as bar:
        task = bar.add_task("", total=None)

        def report(text: str, done: int, total: int) -> None:
            bar.update(task, description=text, completed=done, total=total)

        yield report


def _plain(console: Console) -> Report:
    said = ("", -1)

    def report(text: str, done: int, total: int) -> None:
        nonlocal said
        tenth = done * 10 // total
        if said != (text, tenth):
            said = (text, tenth)
            console.file.write(f"{text}: {done} of {total}\n")  # not rendered: that would hold up the agents' clients
            console.file.flush()

    return report


def _figure(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"
