"""Mixes, citizens' numbers, settings as TOML, and the result's shapes."""

import io
import tomllib
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from imports.reconcile import Difference, Kind
from messages.errors import SettingsError
from simulation.accounts import Account
from simulation.case_system import case_number
from simulation.citizens import ABANDONS, LEAVES, STAYS, numbers
from simulation.faults import Fault, FaultKind, kills
from simulation.options import Mix, Options, SimulationResult
from simulation.report import as_json, as_table, reporting
from simulation.toml_text import toml
from simulation.world import World


def result(differences: int = 0) -> SimulationResult:
    return SimulationResult(
        calls=2,
        answered=2,
        abandoned=0,
        lost=0,
        pops=2,
        pops_before_invite=2,
        pop_ms={"p50": 1.5, "p99": 2.5},
        margin_ms={"min": 0.5, "p50": 3.0},
        differences=[Difference(Kind.NO_POP, f"n-1.{k}", "13800000001", "no pop") for k in range(differences)],
        cpu_s={"hotline": 0.1, "asterisk": 0.5},
        cpu_ms_per_call={"hotline": 50.0, "asterisk": 250.0},
        cpu_ratio=0.2,
        agents=1,
    )


def test_citizens_behave_in_the_shares_of_the_mix_each_from_a_number_of_their_own() -> None:
    mix = Mix(abandoning=0.1, citizen_hangs_up=0.3)
    people = numbers(100, mix)
    assert len(set(people)) == 100
    assert [sum(number.startswith(prefix) for number in people) for prefix in (ABANDONS, LEAVES, STAYS)] == [10, 30, 60]
    assert people == numbers(100, mix)
    assert people != numbers(100, Mix(abandoning=0.1, citizen_hangs_up=0.3, seed=2))
    assert numbers(1, Mix()) == ["13800000001"]


def test_a_mix_is_read_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "mix.toml"
    file.write_text("abandoning = 0.1\nheld = 1\n")
    assert Mix.read(file) == Mix(abandoning=0.1, held=1)


@pytest.mark.parametrize("text", ["abandoning = 1.5", "unknown = 1", "held = 'often'", "held = ", "\x00"])
def test_a_mix_that_makes_no_sense_is_refused_with_its_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "mix.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=r"mix\.toml"):
        Mix.read(file)


@pytest.mark.parametrize("values", [{"calls": 0}, {"rate": -1.0}, {"agents": 10**6}, {"talk": "long"}])
def test_options_that_make_no_sense_are_refused_with_their_name(values: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match=next(iter(values))):
        Options.of(**values)


def test_settings_survive_the_way_through_toml() -> None:
    settings = {
        "data_dir": 'a "quoted" dir\\',
        "accounts": [{"name": "desk", "agent": None, "roles": ["agent"]}],
        "center": {"queues": [{"id": "12345", "wrap_up_s": 1.5, "record": True}], "agents": []},
    }
    del settings["accounts"][0]["agent"]  # type: ignore[index]
    assert tomllib.loads(toml(settings)) == settings
    assert tomllib.loads(toml({"top": 1, "table": {"there": "市民", "absent": None}})) == {
        "top": 1,
        "table": {"there": "市民"},
    }


def test_the_settings_file_names_no_token(tmp_path: Path) -> None:
    world = World(tmp_path, tmp_path / "log", Options(agents=2))
    text = toml(world.settings())
    accounts = tomllib.loads(text)["accounts"]
    assert [account["agent"] for account in accounts if "agent" in account] == ["1001", "1002"]
    assert not any(account.token in text for account in (*world.desks, world.supervisor, world.case_system))


def test_an_account_never_shows_its_token() -> None:
    account = Account.new("desk", "agent", agent="1001")
    assert account.token not in repr(account)
    assert account.entry()["token_sha256"] != Account.new("desk", "agent").entry()["token_sha256"]


def test_the_json_is_one_object_with_the_promised_names() -> None:
    decoded = msgspec.json.decode(as_json(result(1)))
    assert set(decoded) >= {"calls", "answered", "abandoned", "lost", "pops", "pops_before_invite", "differences"}
    assert decoded["pop_ms"] == {"p50": 1.5, "p99": 2.5}
    assert decoded["cpu_s"] == {"hotline": 0.1, "asterisk": 0.5}
    assert decoded["differences"] == [
        {"kind": "no_pop", "contact": "n-1.0", "number": "13800000001", "text": "no pop"},
    ]


def test_many_differences_are_listed_and_then_counted() -> None:
    assert result().agrees
    lines = as_table(result(25)).splitlines()
    assert sum(line.startswith("no_pop  n-1.") for line in lines) == 20
    assert lines[-1] == "in all: 25 no_pop"


def test_away_from_a_terminal_progress_is_plain_lines() -> None:
    said = io.StringIO()
    with reporting(Console(file=said)) as report:
        for done in range(101):
            report("calling", done, 100)
    assert said.getvalue().splitlines()[:2] == ["calling: 0 of 100", "calling: 10 of 100"]
    assert len(said.getvalue().splitlines()) == 11


def test_the_table_says_what_is_unknown() -> None:
    unknown = result()
    unknown.cpu_ratio = None
    assert "unknown" in as_table(unknown)


def test_a_contact_always_gets_the_same_case() -> None:
    assert case_number("bj1-1795492744.0") == case_number("bj1-1795492744.0") == "GDbj117954927440"


def test_faults_are_named_by_kind_moment_and_duration() -> None:
    assert Fault.read("kill@4.5") == Fault(kind=FaultKind.KILL, at_s=4.5)
    assert Fault.read("disk@6+10") == Fault(kind=FaultKind.DISK, at_s=6, seconds=10)
    for text in ("kill", "kill@", "flood@3", "disk@6+long"):
        with pytest.raises(SettingsError, match="is no fault"):
            Fault.read(text)


def test_one_seed_gives_the_same_moments() -> None:
    moments = [fault.at_s for fault in kills(10, 23, 7)]
    assert moments == sorted(moments) == [fault.at_s for fault in kills(10, 23, 7)]
    assert len(moments) == 10 and moments[0] >= 0 and moments[-1] <= 23
    assert moments != [fault.at_s for fault in kills(10, 23, 8)]
