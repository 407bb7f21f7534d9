"""`hotline report year`: the office's own figures of a year, and the telephone's."""

from __future__ import annotations

import asyncio
import enum
from typing import Annotated, Any

import msgspec
import typer

from app.annual import TELEPHONE, Annual, annual, read_weights
from app.annual_page import NAMES, page, shown
from app.commands.common import Given, current
from app.commands.reports import Output, Since, Until, Zone, known
from app.sheets import Sheet, as_csv, as_xlsx, deliver
from app.wiring import now
from messages.errors import Invalid
from messages.localtime import SHANGHAI, span, zone
from metrics.question import Question, duration_s
from metrics.service_level import Variant
from storage.database import Database
from storage.reports import Reports


class Form(enum.StrEnum):
    """How the year is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"
    HTML = "html"


def report_year(
    context: typer.Context,
    since: Since,
    until: Until,
    tz: Zone = SHANGHAI,
    threshold: Annotated[float, typer.Option(help="T of the service level, in seconds.")] = 15.0,
    short: Annotated[float, typer.Option(help="S of short abandons, in seconds.")] = 5.0,
    variant: Annotated[Variant, typer.Option(help="Of the service level.")] = Variant.OFFERED,
    repeat: Annotated[str, typer.Option(help="Within how long the same number is a repeat.")] = "7d",
    tenant: Annotated[str, typer.Option(help="Only of this line.")] = "",
    weights: Annotated[str, typer.Option(help="Of the units' score: on_time_rate=0.4,completion_rate=0.3,…")] = "",
    form: Annotated[Form, typer.Option("--format", help="How it is printed; html is a page in Chinese.")] = Form.TABLE,
    output: Output = None,
) -> None:
    """The office's own figures of a year, and the telephone's, with every definition."""
    where = zone(tz)
    begin, end = span(since, until, where)
    question = Question(
        since=begin,
        until=end,
        tz=tz,
        threshold_s=threshold,
        short_s=short,
        variant=variant,
        repeat_s=duration_s(repeat, "repeat"),
        tenant=tenant,
    )
    given: Given = context.obj
    try:
        its_weights = read_weights(weights)
    except ValueError as error:
        raise Invalid(str(error)) from error

    async def work() -> Annual:
        async with Database(given.database_url()) as database:
            await current(database)
            return await annual(Reports(database, now, known(given)), question, its_weights)

    found = asyncio.run(work())
    match form:
        case Form.JSON:
            content = msgspec.json.format(msgspec.json.encode(found)) + b"\n"
        case Form.HTML:
            content = page(found, begin, end, where)
        case Form.TABLE:
            content = _table(found)
        case _:
            sheet = Sheet(found.definitions, [_flat(found)], where)
            content = as_csv(sheet) if form is Form.CSV else as_xlsx(sheet)
    deliver(content, output)


def _flat(found: Annual) -> dict[str, Any]:
    """Return the figures that are one number each."""
    [telephone] = found.rows
    plain = {name: value for name, value in found.office.items() if not isinstance(value, list | dict)}
    return {"from": telephone["from"], "to": telephone["to"], **plain} | {
        name: telephone[name] for name in TELEPHONE if name not in plain
    }


def _table(found: Annual) -> bytes:
    figures = _flat(found)
    lines = [f"{figures.pop('from'):%F %T} - {figures.pop('to'):%F %T} UTC"]
    for name, value in figures.items():
        lines.append(f"{NAMES.get(name, name)}  {name}  {shown(name, value)}    {found.definitions[name]}")
    lines += [f"{name}  {count:,}" for name, count in found.office["received_otherwise"].items()]
    lines += [f"{row['tenant'] or '-'}  {row['did']}  {row['calls']:,}" for row in found.office["lines"]]
    for rank, row in enumerate(found.office["units"], start=1):
        told = "  ".join(shown(name, value) for name, value in row.items() if name != "unit")
        lines.append(f"{rank}. {row['unit']}  {told}")
    if found.office["units"]:
        lines.append("units: " + "  ".join(name for name in found.office["units"][0] if name != "unit"))
        lines.append(f"score: {found.definitions['score']}")
    return ("\n".join(lines) + "\n").encode()
