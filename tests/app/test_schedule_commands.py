"""`hotline schedule` and `hotline report adherence`, as they are typed."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from app.__main__ import main
from center.records import AgentStateRecord
from messages.ids import AgentId
from messages.values import AgentState
from storage.columns import to_row
from storage.database import Database
from storage.tables import agent_states

SETTINGS = """
data_dir = "{directory}/data"
[asterisk]
systemname = "hl1"
directory = "{directory}/asterisk"
ami_secret = "a long secret"
[[asterisk.phones]]
number = "1001"
secret = "a long secret"
[[asterisk.phones]]
number = "1002"
secret = "a long secret"
[[center.queues]]
id = "12345"
[[center.agents]]
id = "a1"
phone = "1001"
[[center.agents]]
id = "a2"
phone = "1002"
[schedules.reasons]
tea = "break"
"""
MIDNIGHT = datetime(2025, 11, 23, 16, tzinfo=UTC)
"""Where 2025-11-24 begins in Shanghai."""
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def hotline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give a way to type a command: its exit code, output and errors come back."""
    config = tmp_path / "hotline.toml"
    config.write_text(SETTINGS.format(directory=tmp_path))
    monkeypatch.delenv("HOTLINE_DATABASE_URL", raising=False)

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["hotline", "--config", str(config), *words])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run


def live(directory: Path, *stretches: tuple[str, str, float, float]) -> None:
    """Write states of 2025-11-24: agent, state or reason, hours."""

    async def work() -> None:
        rows = []
        for number, (agent, what, begin, end) in enumerate(stretches, 1):
            ready = what == "ready"
            record = AgentStateRecord(
                agent=AgentId(agent),
                state=AgentState.READY if ready else AgentState.NOT_READY,
                reason="" if ready else what,
                started_at=MIDNIGHT + timedelta(hours=begin),
                ended_at=MIDNIGHT + timedelta(hours=end),
                epoch=1,
                seq=number,
            )
            rows.append(to_row(record) | {"open": False})
        async with Database(f"sqlite:///{directory}/data/hotline.db") as database, database.writing() as connection:
            await connection.execute(insert(agent_states), rows)

    asyncio.run(work())


def test_a_day_is_set_and_shown(hotline: Run) -> None:
    stretches = ["08:00-12:00=working", "12:00-13:00=meal"]
    assert hotline("schedule", "set", "2025-11-24", "a1", *stretches) == (0, "agent a1, 2025-11-24: 2 stretches\n", "")
    code, shown, _ = hotline("schedule", "show", "2025-11-24", "--format", "csv")
    assert (code, shown) == (
        0,
        "agent,day,from,to,activity\na1,2025-11-24,08:00,12:00,working\na1,2025-11-24,12:00,13:00,meal\n",
    )
    table = hotline("schedule", "show", "2025-11-24", "a1")[1].splitlines()
    assert table[1].split()[:5] == ["a1", "2025-11-24", "08:00", "12:00", "working"]
    [first, _] = json.loads(hotline("schedule", "show", "2025-11-24", "--format", "json")[1])
    assert (first["begin"], first["planned_by"].partition(":")[0]) == ("2025-11-24T00:00:00Z", "shell")
    assert hotline("schedule", "show", "2025-11-24", "a2", "--format", "json")[1] == "[]\n"
    assert hotline("schedule", "set", "2025-11-24", "a1")[1] == "agent a1, 2025-11-24: 0 stretches\n"
    assert hotline("schedule", "show", "2025-11-24", "--format", "csv")[1] == "agent,day,from,to,activity\n"


def test_what_is_shown_is_imported_whole_or_not_at_all(hotline: Run, tmp_path: Path) -> None:
    hotline("schedule", "set", "2025-11-24", "a1", "22:00-06:00=working")
    file = tmp_path / "team.csv"
    file.write_text(hotline("schedule", "show", "2025-11-24", "--format", "csv")[1])
    assert hotline("schedule", "import", str(file))[:2] == (0, f"{file}: 1 stretches on 1 days of agents\n")
    file.write_text("agent,day,from,to,activity\na2,2025-11-25,08:00,09:00,off\na1,2025-11-25,05:00,09:00,working\n")
    code, out, error = hotline("schedule", "import", str(file))
    assert (code, out) == (1, "")
    assert error.startswith(f"hotline: {file}:3: agent a1: working 2025-11-24 21:00+00:00")
    assert error.count("\n") == 1
    assert hotline("schedule", "show", "2025-11-25", "--format", "csv")[1] == "agent,day,from,to,activity\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["schedule", "set", "2025-11-24", "a9", "08:00-12:00=working"], "no agent 'a9' in the settings"),
        (["schedule", "set", "2025-11-24", "a1", "08:00-12:00=working", "--tz", "Mars/X"], "no time zone 'Mars/X'"),
        (["schedule", "set", "2025-11-31", "a1", "08:00-12:00=working"], "'2025-11-31' is no day"),
        (["schedule", "set", "2025-11-24", "a1", "08:00-12:00"], "'08:00-12:00' is no stretch"),
        (["schedule", "show", "today"], "'today' is no day"),
        (["schedule", "show", "2025-11-24", "a9"], "no agent 'a9' in the settings"),
        (["schedule", "import", "/nowhere/team.csv"], "/nowhere/team.csv: No such file"),
        (["report", "adherence", "--from", "2025-11-25", "--to", "2025-11-24"], "2025-11-24 is not after 2025-11-25"),
        (["report", "adherence", "--from", "soon", "--to", "2025-11-24"], "from: 'soon' is no day or instant"),
        (["report", "adherence", "--from", "2025-11-24", "--to", "2025-11-25", "--tz", "X"], "no time zone 'X'"),
        (["report", "adherence", "--from", "2025-11-24", "--to", "2025-11-25", "--agent", "a9"], "no agent 'a9'"),
    ],
)  # fmt: skip
def test_each_mistake_has_one_clear_line(hotline: Run, words: list[str], says: str) -> None:
    code, out, error = hotline(*words)
    assert (code, out) == (1, "")
    assert error.startswith("hotline: ")
    assert says in error
    assert error.count("\n") == 1


def test_a_database_that_nobody_made_is_told_of(hotline: Run) -> None:
    code, out, error = hotline("schedule", "show", "2025-11-24")
    assert (code, out) == (1, "")
    assert "is not of this version" in error
    assert error.count("\n") == 1


def report(hotline: Run, form: str, *more: str) -> str:
    """Return the report of 2025-11-24."""
    words = ["report", "adherence", "--from", "2025-11-24", "--to", "2025-11-25", "--format", form, *more]
    code, out, error = hotline(*words)
    assert (code, error) == (0, "")
    return out


def test_adherence_is_reported_as_table_json_and_csv(hotline: Run, tmp_path: Path) -> None:
    hotline("schedule", "set", "2025-11-24", "a1", "08:00-10:00=working", "10:00-10:30=break", "10:30-12:00=working")
    hotline("schedule", "set", "2025-11-24", "a2", "08:00-12:00=working")
    live(tmp_path, ("a1", "ready", 8, 10), ("a1", "tea", 10, 10.5), ("a1", "ready", 10.5, 12), ("a2", "ready", 9, 12))
    whole = json.loads(report(hotline, "json"))
    assert (whole["from"], whole["to"], whole["tz"]) == (
        "2025-11-23T16:00:00Z",
        "2025-11-24T16:00:00Z",
        "Asia/Shanghai",
    )
    assert [(one["agent"], one["rate"], one["conformance"]) for one in whole["items"]] == [
        ("a1", 1.0, 1.0),
        ("a2", 0.75, 0.75),
    ]
    total: dict[str, Any] = whole["total"]
    assert (total["planned_s"], total["rate"], total["out"]) == (28800.0, 0.875, {"late": 3600.0})
    rows = list(csv.DictReader(io.StringIO(report(hotline, "csv"))))
    assert [(row["agent"], row["rate"], row["late_s"], row["absent_s"]) for row in rows] == [
        ("a1", "1.0", "0.0", "0.0"),
        ("a2", "0.75", "3600.0", "0.0"),
    ]
    lines = report(hotline, "table").splitlines()
    assert lines[1].split() == ["a1", "4:00:00", "4:00:00", "100.00%", "3:30:00", "100.00%", "0:00:00"]
    assert lines[2].split()[-2:] == ["late", "1:00:00"]
    assert lines[3].split()[:4] == ["all", "8:00:00", "7:00:00", "87.50%"]
    [only] = json.loads(report(hotline, "json", "--agent", "a2"))["items"]
    assert only["agent"] == "a2"


def test_nothing_planned_has_no_rate(hotline: Run) -> None:
    hotline("schedule", "set", "2025-11-24", "a1")
    assert json.loads(report(hotline, "json"))["total"]["rate"] is None
    assert report(hotline, "table").splitlines()[1].split() == [
        "a1",
        "0:00:00",
        "0:00:00",
        "-",
        "0:00:00",
        "-",
        "0:00:00",
    ]
