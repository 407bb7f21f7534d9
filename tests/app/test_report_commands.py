"""`hotline report`, as it is typed."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from app.__main__ import main
from storage.database import Database
from storage.migrations import upgrade
from tests.storage.keeping import keep
from tests.storage.test_reports_at_midnight import worked_example

Run = Callable[..., tuple[int, bytes, str]]
DAYS = ("--from", "2026-11-24", "--to", "2026-11-26")


@pytest.fixture
def hotline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Give a way to type a command against a database with the worked example: exit code, output, errors."""
    url = f"sqlite:///{tmp_path / 'hotline.db'}"

    async def fill() -> None:
        async with Database(url) as database:
            await upgrade(database)
            await keep(database, worked_example())

    asyncio.run(fill())
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, bytes, str]:
        monkeypatch.setattr("sys.argv", ["hotline", "--db", url, *words])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capfdbinary.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err.decode()

    return run


def test_the_shape_that_others_read(hotline: Run) -> None:
    code, out, _ = hotline("report", "intervals", *DAYS, "--interval", "day", "--format", "json")
    report = json.loads(out)
    assert (code, set(report)) == (0, {"definitions", "rows"})
    first, second = report["rows"]
    assert (first["from"], first["to"]) == ("2026-11-23T16:00:00Z", "2026-11-24T16:00:00Z")
    for name in (
        *("offered", "answered", "abandoned", "short_abandoned", "timed_out", "left_by_key", "no_agents", "withdrawn"),
        *("blocked", "overflowed", "service_level", "connection_rate", "asa_s", "awt_s", "longest_wait_s", "talk_s"),
        *("hold_s", "wrap_up_s", "aht_s", "occupancy"),
    ):
        assert name in first
        assert report["definitions"][name]
    assert (first["offered"], first["asa_s"], first["service_level"]) == (1, 15.0, 1.0)
    assert (second["offered"], second["asa_s"], second["service_level"]) == (0, None, None), "unknown is null, never 0"
    [queue] = json.loads(hotline("report", "queues", *DAYS, "--format", "json")[1])["rows"]
    assert (queue["queue"], queue["answered"], queue["talk_s"]) == ("12345", 1, 120.0)
    [agent] = json.loads(hotline("report", "agents", *DAYS, "--format", "json")[1])["rows"]
    assert {"agent", "logged_in_s", "ready_s", "not_ready_s", "pause_s", "ringing_s", "rona"} <= set(agent)
    assert (agent["agent"], agent["talk_s"], agent["blocked"]) == ("a1", 120.0, None)


def test_every_form_has_the_definitions(hotline: Run, tmp_path: Path) -> None:
    table = hotline("report", "day", *DAYS)[1].decode()
    assert "2026-11-24 00:00" in table
    assert "service_level: offered: A_T / O with T = 15 s, S = 5 s" in table
    lines = hotline("report", "day", *DAYS, "--format", "csv")[1].decode().splitlines()
    comments, rows = [line for line in lines if line[0] == "#"], [line for line in lines if line[0] != "#"]
    assert any(line.startswith("# asa_s: ") for line in comments)
    first, _ = csv.DictReader(io.StringIO("\n".join(rows)))
    assert (first["from"], first["answered"], first["asa_s"]) == ("2026-11-24T00:00:00+08:00", "1", "15.0")
    file = tmp_path / "day.xlsx"
    assert hotline("report", "day", *DAYS, "--format", "xlsx", "-o", str(file))[0] == 0
    with zipfile.ZipFile(file) as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
        parts = ElementTree.fromstring(book.read("xl/workbook.xml"))
    names = [one.get("name") for one in parts.iter() if one.get("sheetId")]
    assert names == ["figures", "definitions"]
    assert [one.get("state") for one in sheet.iter() if one.tag.endswith("}pane")] == ["frozen"]
    assert not list(tmp_path.glob(".*.half"))


def test_the_contacts_behind_a_figure(hotline: Run) -> None:
    assert hotline("report", "day", *DAYS, "--ids", "answered_in") == (0, b"c\n", "")
    assert hotline("report", "queues", *DAYS, "--ids", "abandoned")[1] == b""
    code, out, error = hotline("report", "day", *DAYS, "--ids", "asa_s")
    assert (code, out) == (1, b"")
    assert error.startswith("hotline: ids: 'asa_s' is no count of contacts; give one of ")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--queue", "54321"), "no queue '54321', neither in the settings nor in what is kept"),
        (("--to", "2026-11-23"), "to: 2026-11-23 is not after 2026-11-24"),
        (("--interval", "7m"), "interval: '7m' does not divide a day"),
        (("--tz", "Mars/Olympus"), "tz: there is no time zone 'Mars/Olympus'"),
        (("--repeat", "soon"), "repeat: 'soon' is no length of time"),
        (("--from", "yesterday"), "from: 'yesterday' is no day or instant"),
    ],
)
def test_bad_input_is_one_clear_line(hotline: Run, words: tuple[str, str], says: str) -> None:
    code, out, error = hotline("report", "intervals", *DAYS, *words)
    assert (code, out) == (1, b"")
    assert error.startswith(f"hotline: {says}")
    assert error.count("\n") == 1


def test_a_full_disk_leaves_nothing_half_done(hotline: Run, tmp_path: Path) -> None:
    assert hotline("report", "day", *DAYS, "-o", "/dev/full/x")[0] == 1
    target = tmp_path / "there" / "x.csv"
    code, _, error = hotline("report", "day", *DAYS, "-o", str(target))
    assert code == 1
    assert error.count("\n") == 1
