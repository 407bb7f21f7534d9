"""`hotline duty`: leaders' duty sessions (领导接听) as they are kept, their reports, and new ones."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import getpass
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from api.rest.duty_bodies import DutyView, of_row
from app.commands.common import Given, instant
from app.duty_client import open_client
from messages.duty import Every
from messages.errors import Invalid, NotFound, SettingsError
from messages.ids import DutyId
from messages.localtime import SHANGHAI, zone
from metrics.duty import figures
from storage.database import Database
from storage.duties import Duties
from storage.migrations import newest, revision

duty = typer.Typer(no_args_is_help=True, help=__doc__)


class Format(enum.StrEnum):
    """How it is printed."""

    TABLE = "table"
    JSON = "json"


Form = Annotated[Format, typer.Option("--format", help="How to print it.")]
Zone = Annotated[str, typer.Option("--tz", help="The time zone of times without an offset.")]
Names = Annotated[list[str] | None, typer.Option(help="May be given several times; none fits every call.")]
Id = Annotated[str, typer.Argument(help="The session's id, as `hotline duty list` prints it.")]


@duty.command("list")
def list_(
    context: typer.Context,
    since: Annotated[str, typer.Option("--from", help="Windows that begin from here on.")] = "",
    until: Annotated[str, typer.Option("--to", help="Windows that begin before.")] = "",
    tz: Zone = SHANGHAI,
    form: Form = Format.TABLE,
) -> None:
    """Print the sessions, the latest first."""
    where = zone(tz)
    span = instant(since, "--from", where), instant(until, "--to", where)

    async def work() -> Sequence[dict[str, Any]]:
        async with _reading(context.obj) as kept:
            return await kept.sessions(*span)

    views = [of_row(row) for row in asyncio.run(work())]
    if form is Format.JSON:
        _print_json(views)
    else:
        heads = ["id", "begin", "end", "leader", "aide", "scope", "state"]
        _print_table(heads, [_line(view, where) for view in views])


@duty.command("show")
def show(context: typer.Context, session: Id, tz: Zone = SHANGHAI, form: Form = Format.TABLE) -> None:
    """Print one session as it was planned last."""

    async def work() -> dict[str, Any] | None:
        async with _reading(context.obj) as kept:
            return await kept.session(DutyId(session))

    view = of_row(_found(asyncio.run(work()), session))
    if form is Format.JSON:
        _print_json(view)
        return
    rows = {
        name: _said(value, zone(tz)) for name, value in msgspec.to_builtins(view, builtin_types=(datetime,)).items()
    }
    _print_table(["", ""], [[name, text] for name, text in rows.items() if text])


@duty.command("report")
def report(context: typer.Context, session: Id, tz: Zone = SHANGHAI, form: Form = Format.TABLE) -> None:
    """Print what came of a session: its figures, each contact with its cases, and who listened in meanwhile."""
    where = zone(tz)

    async def work() -> dict[str, Any] | None:
        async with _reading(context.obj) as kept:
            return await kept.report(DutyId(session))

    found = _found(asyncio.run(work()), session)
    view, counts = of_row(found), figures(found["calls"])
    if form is Format.JSON:
        parts = {"calls": found["calls"], "listened": found["listened"]}
        _print_json({"session": view, "figures": counts, **parts})
        return
    typer.echo(" ".join(_line(view, where)))
    _print_table(["", ""], [[name, _said(value, where)] for name, value in msgspec.structs.asdict(counts).items()])
    heads = ["called at", "contact", "answered by", "seat", "handed over", "aide joined", "missed", "outcome", "cases"]
    _print_table(heads, [_call(call, where) for call in found["calls"]])
    if found["listened"]:
        heads = ["listened at", "leader", "agent", "purpose"]
        _print_table(heads, [_listened(one, where) for one in found["listened"]])


@duty.command("add")
def add(
    context: typer.Context,
    leader: Annotated[str, typer.Option(help="The leader's seat.")],
    begin: Annotated[str, typer.Option(help="When it begins, such as 2026-12-01T09:00.")],
    end: Annotated[str, typer.Option(help="When it ends.")],
    user: Annotated[str, typer.Option(help="Who plans it; the password is read from standard input.")],
    name: Annotated[str, typer.Option(help="The leader's name.")] = "",
    title: Annotated[str, typer.Option(help="The leader's title.")] = "",
    post: Annotated[str, typer.Option(help="The leader's post.")] = "",
    unit: Annotated[str, typer.Option(help="The leader's unit.")] = "",
    aide: Annotated[str, typer.Option(help="The aide's seat.")] = "",
    did: Names = None,
    area: Names = None,
    queue: Names = None,
    topic: Names = None,
    notice: Annotated[str, typer.Option(help="What is shown beside it.")] = "",
    ring_s: Annotated[float, typer.Option("--ring-s", help="Seconds for which the leader's phone rings.")] = 15.0,
    every: Annotated[Every | None, typer.Option(help="On which days it recurs.")] = None,
    until: Annotated[str, typer.Option(help="The last day on which it recurs.")] = "",
    reason: Annotated[str, typer.Option(help="Why; it stands in the audit.")] = "",
    url: Annotated[str, typer.Option(help="The hotline that runs; none: the settings'.")] = "",
    tz: Zone = SHANGHAI,
) -> None:
    """Have the hotline that runs plan a session, or one on each day of a rule."""
    where = zone(tz)
    if (every is None) is not (until == ""):
        raise Invalid("--every and --until go together")
    body: dict[str, Any] = {
        "leader": leader,
        "begin": _at(begin, "--begin", where),
        "end": _at(end, "--end", where),
        "name": name,
        "title": title,
        "post": post,
        "unit": unit,
        "aide": aide or None,
        "scope": {"dids": did or [], "areas": area or [], "queues": queue or [], "topics": topic or []},
        "notice": notice,
        "ring_s": ring_s,
        "reason": reason,
    }
    if every is not None:
        body["rule"] = {"every": str(every), "until": until, "tz": tz}
    password = getpass.getpass("password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    given: Given = context.obj

    async def work() -> dict[str, Any]:
        async with open_client(url or _url(given)) as client, client.logged_in(user, password):
            return await client.plan(body)

    planned = asyncio.run(work())
    typer.echo("\n".join(planned["ids"]))
    for year in planned["unknown_years"]:
        typer.echo(f"the holidays of {year} are not known yet: look at what falls on them", err=True)


@contextlib.asynccontextmanager
async def _reading(given: Given) -> AsyncIterator[Duties]:
    """Give what is kept. Raises SettingsError where another version, or none, has made the database."""
    async with Database(given.database_url()) as database:
        if await revision(database) != newest():
            raise SettingsError(f"{database.url} is not of this version; `hotline run` makes it so")
        yield Duties(database)


def _found(row: dict[str, Any] | None, session: str) -> dict[str, Any]:
    if row is None:
        raise NotFound(f"no duty session {session}")
    return row


def _at(text: str, option: str, where: ZoneInfo) -> str:
    at = instant(text, option, where)
    if at is None:
        raise Invalid(f"{option}: say when")
    return at.isoformat()


def _url(given: Given) -> str:
    api = given.settings().api
    return f"http://{api.host}:{api.port}"


def _line(view: DutyView, where: ZoneInfo) -> list[str]:
    who = " ".join(filter(None, (view.title, view.name, view.leader)))
    named = {name: getattr(view.scope, name) for name in view.scope.__struct_fields__}
    scope = "; ".join(f"{name} {' '.join(values)}" for name, values in named.items() if values) or "all"
    return [view.id, _said(view.begin, where), _said(view.end, where), who, view.aide or "-", scope, view.state]


def _call(call: dict[str, Any], where: ZoneInfo) -> list[str]:
    marks = ["yes" if call[name] else "" for name in ("handed_over", "aide_joined")]
    cases = "; ".join(f"{case['case_no']} ({_closed(case['closed'])})" for case in call["cases"])
    who = [call["answered_by"] or "nobody", call["agent"] or "-"]
    outcome = call["outcome"] or "going on"
    return [_said(call["called_at"], where), call["contact"], *who, *marks, str(call["missed"]), outcome, cases]


def _closed(closed: bool | None) -> str:
    return "not reported" if closed is None else "closed" if closed else "not closed"


def _listened(one: dict[str, Any], where: ZoneInfo) -> list[str]:
    return [_said(one["started_at"] or one["requested_at"], where), one["by"], one["agent"] or "-", one["purpose"]]


def _said(value: Any, where: ZoneInfo) -> str:
    match value:
        case None | "":
            return ""
        case datetime():
            return f"{value.astimezone(where):%F %H:%M:%S}"
        case dict():
            return "; ".join(f"{name} {_said(one, where)}" for name, one in value.items() if one)
        case list():
            return " ".join(map(str, value))
        case _:
            return str(value)


def _print_json(content: object) -> None:
    typer.echo(msgspec.json.format(msgspec.json.encode(content)).decode())


def _print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(*heads, box=None, show_header=any(heads))
    for row in rows:
        table.add_row(*row)
    # A pipe has no width: nothing is to be cut there.
    Console(width=None if sys.stdout.isatty() else 500, markup=False, emoji=False, highlight=False).print(table)
