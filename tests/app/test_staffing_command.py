"""`hotline staffing`, as it is typed."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from app.__main__ import main

Run = Callable[..., tuple[int, str, str]]
LOAD = ("--calls", "100", "--per", "30m", "--aht", "180", "--target", "0.8", "--within", "20")


@pytest.fixture
def hotline(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give a way to type a command: its exit code, output and errors come back."""

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["hotline", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run


def test_ten_erlangs_need_fourteen_agents(hotline: Run) -> None:
    """The worked example of many Erlang C tables: 100 calls in 30 min of 180 s, 80 % within 20 s."""
    found = json.loads(hotline("staffing", *LOAD, "--json")[1])
    assert set(found) >= {"agents", "service_level", "wait_probability", "asa_s", "occupancy", "abandonment"}
    assert (found["agents"], round(found["occupancy"], 3)) == (14, 0.714)
    assert round(found["service_level"], 3) == 0.888
    assert round(found["wait_probability"], 3) == 0.174
    one_less = json.loads(hotline("staffing", *LOAD, "--agents", "13", "--json")[1])
    assert one_less["agents"] == 13
    assert one_less["service_level"] < 0.8


def test_callers_who_leave_need_fewer_and_absent_agents_more(hotline: Run) -> None:
    impatient = json.loads(hotline("staffing", *LOAD, "--patience", "60", "--json")[1])
    assert impatient["agents"] < 14
    assert impatient["abandonment"] > 0
    assert json.loads(hotline("staffing", *LOAD, "--shrinkage", "0.3", "--json")[1])["scheduled"] == 20
    overloaded = json.loads(hotline("staffing", *LOAD, "--agents", "9", "--json")[1])
    assert overloaded["asa_s"] is None, "the queue has no bound"
    assert "Erlang C, 10.00 Erlangs" in hotline("staffing", *LOAD)[1]


@pytest.mark.parametrize(
    "wrong", [("--target", "1"), ("--aht", "0"), ("--calls", "-1"), ("--agents", "0"), ("--per", "soon")]
)
def test_bad_input_is_one_clear_line(hotline: Run, wrong: tuple[str, str]) -> None:
    code, out, error = hotline("staffing", *LOAD, *wrong)
    assert (code, out, error.count("\n")) == (1, "", 1)
