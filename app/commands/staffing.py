"""`hotline staffing`: how many agents a load needs, by Erlang C, or Erlang A where callers lose patience."""

from __future__ import annotations

import math
from typing import Annotated

import msgspec
import typer

from messages.errors import Invalid
from metrics.erlang import Forecast, agents_needed, erlang_a
from metrics.question import duration_s


def staffing(
    calls: Annotated[float, typer.Option(help="Calls in an interval.")],
    aht: Annotated[str, typer.Option(help="Handling time a call: talk, hold and wrap-up, such as 180 or 3m.")],
    per: Annotated[str, typer.Option(help="The interval.")] = "30m",
    target: Annotated[float, typer.Option(help="Share of calls to be answered in time, from 0 to 1.")] = 0.8,
    within: Annotated[str, typer.Option(help="What is in time.")] = "15s",
    patience: Annotated[str, typer.Option(help="Mean patience of callers; endless where empty.")] = "",
    agents: Annotated[int | None, typer.Option(help="Evaluate so many agents instead of searching.")] = None,
    shrinkage: Annotated[float, typer.Option(help="Share of paid time that agents are not there, from 0.")] = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Print how many agents are needed, and what callers and agents then meet."""
    per_s, aht_s, within_s = duration_s(per, "per"), duration_s(aht, "aht"), duration_s(within, "within")
    patience_s = duration_s(patience, "patience") if patience else math.inf
    if not (
        0 < calls < math.inf and per_s > 0 and aht_s > 0 and within_s >= 0 and patience_s > 0 and 0 <= shrinkage < 1
    ):
        raise Invalid("calls, per, aht and patience are above 0, within 0 or more, shrinkage from 0 to below 1")
    if not 0 < target < 1:
        raise Invalid("target: a share above 0 and below 1, such as 0.8")
    if agents is not None and agents < 1:
        raise Invalid("agents: 1 or more")
    rate = calls / per_s
    count = agents or agents_needed(
        rate=rate, aht_s=aht_s, service_level=target, within_s=within_s, patience_s=patience_s
    )
    found = erlang_a(count, rate=rate, aht_s=aht_s, patience_s=patience_s, within_s=within_s)
    shown = _shown(count, found) | {"scheduled": math.ceil(count / (1 - shrinkage) - 1e-9)}
    if as_json:
        typer.echo(msgspec.json.encode(shown).decode())
        return
    model = "Erlang C" if math.isinf(patience_s) else "Erlang A"
    typer.echo(f"{model}, {rate * aht_s:.2f} Erlangs, in time: {within_s:g} s")
    for name, value in shown.items():
        typer.echo(f"{name:18} {'-' if value is None else f'{value:.4g}' if isinstance(value, float) else value}")


def _shown(count: int, found: Forecast) -> dict[str, float | int | None]:
    """Return the figures; a wait that has no bound is None."""
    figures = {
        "service_level": found.service_level,
        "wait_probability": found.wait_probability,
        "asa_s": found.asa_s,
        "occupancy": found.occupancy,
        "abandonment": found.abandonment,
    }
    return {"agents": count} | {name: value if math.isfinite(value) else None for name, value in figures.items()}
