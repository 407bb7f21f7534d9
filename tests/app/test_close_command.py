"""`hotline close`, as it is typed: what is closed stays as it was, what is corrected is restated with its reason."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from app.__main__ import main
from storage.database import Database
from storage.migrations import upgrade
from storage.tables import closings, contacts
from tests.storage.keeping import keep
from tests.storage.test_reports_at_midnight import worked_example

Run = Callable[..., tuple[int, str, str]]


def _change(url: str, statement: object) -> None:
    async def work() -> None:
        async with Database(url) as database, database.writing() as connection:
            await connection.execute(statement)  # type: ignore[call-overload]

    asyncio.run(work())


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of a database with one call, in November 2026."""
    found = f"sqlite:///{tmp_path / 'hotline.db'}"
    if request.param == "postgresql":
        found = request.getfixturevalue("postgres_server").new_database()

    async def fill() -> None:
        async with Database(found) as database:
            await upgrade(database)
            await keep(database, worked_example())

    asyncio.run(fill())
    return found


@pytest.fixture
def hotline(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Give a way to type a command a month later: exit code, output, errors."""
    monkeypatch.chdir(tmp_path)
    later = datetime(2027, 1, 1, tzinfo=UTC)
    monkeypatch.setattr("app.commands.closing.now", lambda: later)

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["hotline", "--db", url, *words])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capfd.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run


def test_a_closed_month_stays_as_it_was_and_a_correction_is_a_restatement(hotline: Run, url: str) -> None:
    code, out, _ = hotline("close", "month", "2026-11")
    assert code == 0
    assert out.startswith("2026-11: closed; sha256 ")
    frozen = hotline("close", "show", "2026-11")[1]
    figures = json.loads(frozen)
    assert (figures["period"], figures["rows"][0]["answered"], figures["office"]["received"]) == ("2026-11", 1, 1)
    assert hotline("close", "month", "2026-11")[1].startswith("2026-11: closed before, nothing has changed; sha256 ")
    _change(url, update(contacts).values(outcome="abandoned", answered_at=None))
    code, out, error = hotline("close", "month", "2026-11")
    assert (code, out) == (1, "")
    assert "figures have changed since; restate it with --restate WHY" in error
    code, out, _ = hotline("close", "month", "2026-11", "--restate", "the agent's phone had been deaf")
    assert code == 0
    assert "rows[0].answered: 1 -> 0" in out
    assert hotline("close", "show", "2026-11")[1] == frozen, "byte by byte"
    restated = json.loads(hotline("close", "show", "2026-11", "--version", "2")[1])
    assert restated["rows"][0]["answered"] == 0
    listed = hotline("close", "list")[1]
    assert "restated: the agent's phone had been deaf" in listed
    assert "    rows[0].answered: 1 -> 0" in listed


def test_what_somebody_changes_in_the_database_is_noticed(hotline: Run, url: str) -> None:
    hotline("close", "month", "2026-11")
    _change(url, update(closings).values(content=closings.c.content + " "))
    code, _, error = hotline("close", "show", "2026-11")
    assert code == 1
    assert error == "hotline: the figures of 2026-11, version 1, were changed after they closed\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("month", "2026-13"), "month: '2026-13' is none such as 2026-10"),
        (("month", "2027-01"), "2027-01 is not over yet"),
        (("show", "2026-10"), "2026-10, version 1, is not closed"),
    ],
)
def test_bad_input_is_one_clear_line(hotline: Run, words: tuple[str, ...], says: str) -> None:
    assert hotline("close", *words) == (1, "", f"hotline: {says}\n")
