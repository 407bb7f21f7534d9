"""`hotline duty` and `hotline export duty`, as they are typed: over what is kept, and to a hotline that runs."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from app.__main__ import main
from center.records import DutyRecord
from messages.events import Entry
from messages.ids import UserId
from messages.principal import Principal
from messages.values import Role
from storage.database import Database
from storage.migrations import upgrade
from tests.api.duty_office import Office, open_office
from tests.center.world import World
from tests.storage.history import write
from tests.storage.test_duties import a_duty

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def hotline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give a way to type a command against a database: its exit code, output and errors come back."""

    def run(*words: str, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["hotline", "--db", f"sqlite:///{tmp_path / 'hotline.db'}", *words])
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        capsys.readouterr()
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Give a duty that is over, in the database."""
    made = a_duty()
    asyncio.run(_kept(tmp_path, made.entries))
    return made


async def _kept(directory: Path, entries: list[Entry]) -> None:
    async with Database(f"sqlite:///{directory / 'hotline.db'}") as database:
        await upgrade(database)
        await write(database, entries)


def test_a_session_is_listed_shown_and_reported(hotline: Run, world: World) -> None:
    [session] = world.records(DutyRecord)
    code, said, _ = hotline("duty", "list")
    assert code == 0
    assert session.duty in said and "市长 mayor" in said and "areas 0534" in said and "by_hand" in said
    code, said, _ = hotline("duty", "list", "--to", "2020-01-01", "--format", "json")
    assert (code, json.loads(said)) == (0, [])
    code, said, _ = hotline("duty", "show", session.duty)
    assert code == 0
    assert "unit" in said and "市政府" in said and "2026-11-24 16:00:00" in said
    code, said, _ = hotline("duty", "report", session.duty)
    assert code == 0
    assert "G1 (closed)" in said and "by_leader" in said and "abandoned" in said
    code, said, _ = hotline("duty", "report", session.duty, "--format", "json")
    assert (json.loads(said)["figures"]["by_leader"], len(json.loads(said)["calls"])) == (2, 4)


def test_what_is_not_there_is_said_in_one_line(hotline: Run, world: World) -> None:
    for command in ("show", "report"):
        code, said, errors = hotline("duty", command, "nothing")
        assert (code, said, errors) == (1, "", "hotline: no duty session nothing\n")


def test_sessions_and_their_contacts_are_exported(hotline: Run, world: World, tmp_path: Path) -> None:
    for what, count in (("duty", 1), ("duty-calls", 4)):
        assert hotline("export", what, "-o", str(tmp_path / "out.csv"))[0] == 0
        with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == count
        assert {row["duty"] for row in rows} == {world.records(DutyRecord)[0].duty}


class Running:
    """A hotline that runs in a thread of its own."""

    def __init__(self, directory: Path) -> None:
        self.url = ""
        self.office: Office | None = None
        self._directory, self._over = directory, threading.Event()
        self._up = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    async def _run(self) -> None:
        async with open_office(self._directory) as office:
            office.house.identity.people["wang"] = Principal(user=UserId("wang"), name="王", roles=(Role.SUPERVISOR,))
            self.office = office
            self.url = office.house.rest
            self._up.set()
            await asyncio.to_thread(self._over.wait)

    def __enter__(self) -> Running:
        self._thread.start()
        assert self._up.wait(30)
        return self

    def __exit__(self, *_: Any) -> None:
        self._over.set()
        self._thread.join()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """Give a hotline that runs."""
    (tmp_path / "running").mkdir()
    with Running(tmp_path / "running") as one:
        yield one


def test_a_duty_is_added_to_the_hotline_that_runs(hotline: Run, running: Running) -> None:
    words = ["duty", "add", "--leader", "mayor", "--aide", "aide", "--user", "wang", "--url", running.url]
    words += ["--begin", "2036-12-01T09:00", "--end", "2036-12-01T11:00", "--area", "0534", "--title", "市长"]
    code, said, errors = hotline(*words, "--every", "mon", "--until", "2036-12-21", typed="gnaw\n")
    assert (code, len(said.split())) == (0, 3), errors
    assert "the holidays of 2036 are not known yet" in errors
    assert running.office is not None
    plans = [duty.plan for duty in running.office.house.mirror.state.duties.values()]
    assert [plan.begin for plan in plans] == [datetime.fromisoformat(f"2036-12-{n:02}T01:00Z") for n in (1, 8, 15)]
    code, said, errors = hotline(*words, typed="gnaw\n")
    assert (code, said) == (1, "")
    assert "another duty" in errors
    code, _, errors = hotline(*words, typed="wrong\n")
    assert code == 1
    assert "wrong" in errors.lower()
    assert hotline(*words, "--every", "mon", typed="gnaw\n")[0] == 1


def test_where_no_hotline_answers_that_is_said(hotline: Run) -> None:
    words = ["duty", "add", "--leader", "mayor", "--user", "wang", "--url", "http://127.0.0.1:9"]
    code, _, errors = hotline(*words, "--begin", "2036-12-01T09:00", "--end", "2036-12-01T11:00", typed="gnaw\n")
    assert code == 1
    assert "no hotline answers there" in errors
