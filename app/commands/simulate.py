"""`hotline simulate`: real SIP citizens and phones on a hotline of their own, reckoned up at the end."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
import uvloop

from app.commands.common import log_plainly
from simulation.faults import Fault
from simulation.options import Mix, Options
from simulation.report import as_json, as_table, reporting
from simulation.runner import simulate as run_simulation
from telephony.asterisk.root import build_root, own_asterisk


def simulate(
    calls: Annotated[int, typer.Option(help="How many citizens call.")] = 10,
    rate: Annotated[float, typer.Option(help="Calls a second.")] = 2.0,
    agents: Annotated[int, typer.Option(help="How many agents serve them.")] = 4,
    talk: Annotated[float, typer.Option(help="Seconds of each talk.")] = 3.0,
    wrap: Annotated[float, typer.Option(help="Seconds of each wrap-up.")] = 1.0,
    rtp: Annotated[bool, typer.Option("--rtp", help="Both sides speak.")] = False,
    mix: Annotated[Path | None, typer.Option(help="A TOML file: how citizens and agents behave.")] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="What befalls us and when, such as kill@4.5, asterisk@8, disk@6+10; several times."),
    ] = None,
    evidence: Annotated[Path | None, typer.Option(help="Where every frame, pop, CEL and CDR is kept.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Call, answer, reconcile; exit 1 if SIPp's counts, our contacts and Asterisk's records differ anywhere."""
    log_plainly()
    options = Options.of(
        calls=calls,
        rate=rate,
        agents=agents,
        talk=talk,
        wrap=wrap,
        rtp=rtp,
        mix=Mix.read(mix) if mix else Mix(),
        faults=tuple(map(Fault.read, fault or ())),
        evidence=str(evidence) if evidence else "",
        root="" if own_asterisk() else str(build_root(report=lambda line: typer.echo(line, err=True))),
    )
    with reporting() as report:
        result = uvloop.run(run_simulation(options, report))
    typer.echo(as_json(result) if json else as_table(result))
    if result.differences:
        raise typer.Exit(1)
