"""The `hotline` command."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

from app.commands import (
    annual,
    asterisk,
    audit,
    calendars,
    closing,
    common,
    data,
    duty,
    flows,
    imports,
    notify,
    people,
    recordings,
    reports,
    rights,
    run,
    schedules,
    simulate,
    staffing,
    tokens,
    verify,
)
from messages.errors import HotlineError

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)


@cli.callback()
def hotline(
    context: typer.Context,
    config: Annotated[Path | None, typer.Option(help="The settings file (default: hotline.toml).")] = None,
    db: Annotated[
        str, typer.Option(envvar="HOTLINE_DATABASE_URL", help="Another database than the settings name.")
    ] = "",
) -> None:
    """Contact-centre middleware for a city's 12345 government hotline."""
    common.log_plainly(logging.WARNING)
    context.obj = common.Given(config, db)


cli.command("run")(run.run)
cli.command("check")(run.check)
cli.command("simulate")(simulate.simulate)
cli.command("replay")(data.replay)
cli.command("export")(data.export)
cli.command("verify")(verify.verify)
cli.command("staffing")(staffing.staffing)
cli.add_typer(closing.closing, name="close")
cli.command("rights")(rights.rights)
cli.add_typer(recordings.recordings, name="recordings")
cli.add_typer(audit.cli, name="audit")
cli.add_typer(asterisk.cli, name="asterisk")
cli.add_typer(imports.imports, name="import")
cli.add_typer(flows.flows, name="flow")
cli.add_typer(calendars.cli, name="calendar")
cli.add_typer(duty.duty, name="duty")
cli.add_typer(notify.notify, name="notify")
cli.add_typer(people.users, name="user")
cli.add_typer(tokens.tokens, name="token")
cli.add_typer(schedules.schedules, name="schedule")
reports.add_to(schedules.reports)
schedules.reports.command("year")(annual.report_year)
cli.add_typer(schedules.reports, name="report")


def main() -> None:
    """Run the command: exit 0 done, 1 refused or failed with one line that says why, 2 usage."""
    try:
        cli(standalone_mode=True)
    except (HotlineError, RuntimeError, OSError, ValueError) as error:
        print(f"hotline: {error}", file=sys.stderr)  # noqa: T201 - the command's one line
        sys.exit(1)


if __name__ == "__main__":
    main()
