"""hotline.toml: what it names must be there; the documented examples are right, and settings survive being written."""

from __future__ import annotations

import re
import tomllib
import typing
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.settings import Settings, decode
from center.settings import CenterSettings
from messages.errors import SettingsError
from messages.values import Need, Then
from queueing.settings import Announcements, Overflow
from simulation.toml_text import toml

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "settings.md").read_text()
EXAMPLES = re.findall(r"```toml\n(.+?)```", PAGE, re.DOTALL)


def _example() -> dict[str, Any]:
    """Return the worked example as builtins."""
    built: dict[str, Any] = msgspec.to_builtins(decode(EXAMPLES[0].encode()))
    return built


def _decoded(settings: dict[str, Any]) -> Settings:
    return decode(toml(settings).encode())


@pytest.mark.parametrize("text", EXAMPLES)
def test_the_documented_examples_are_right_and_survive_being_written(text: str) -> None:
    settings = decode(text.encode())
    assert decode(toml(msgspec.to_builtins(settings)).encode()) == settings


def test_the_worked_example_says_what_it_is_said_to() -> None:
    center = decode(EXAMPLES[0].encode()).center
    queues = {queue.id: queue for queue in center.queues}
    assert queues["dialect"].needs == (Need("dialect", 7, 20.0), Need("dialect", 3, 45.0))  # type: ignore[index]
    assert queues["north"].overflow.full == Overflow(to="12345")  # type: ignore[index,arg-type]
    assert queues["12345"].overflow.too_long.then is Then.CALLBACK  # type: ignore[index]
    assert {route.did: route.queue for route in center.routes}["6008888"] == "enterprise"


def _structs(kind: Any, seen: set[type]) -> Iterator[type[msgspec.Struct]]:
    for part in (kind, *typing.get_args(kind)):
        if isinstance(part, type) and typing.get_origin(part) is None and issubclass(part, msgspec.Struct):
            if part not in seen:
                seen.add(part)
                yield part
                for field in msgspec.structs.fields(part):
                    yield from _structs(field.type, seen)
        elif part is not kind:
            yield from _structs(part, seen)


def test_every_field_of_the_centre_is_documented() -> None:
    for struct in _structs(CenterSettings, set()):
        for field in struct.__struct_fields__:
            assert f"`{field}`" in PAGE or f"center.{field}]" in PAGE or f"{field} =" in PAGE, (struct, field)


WRONG: list[tuple[str, Any, str]] = [
    ("queues", {"id": "x", "overflow": {"full": {"to": "gone"}}}, "queue x, overflow.full leads to queue gone"),
    ("queues", {"id": "x", "overflow": {"nobody": {"to": "x"}}}, "queue x, overflow.nobody leads to the queue itself"),
    ("queues", {"id": "x", "tenant": "east"}, "queue x is of tenant east"),
    ("queues", {"id": "x", "needs": [{"skill": "d", "level": 11}]}, "queue x needs d at level 11"),
    ("queues", {"id": "north"}, "[[center.queues]] names north 2 times"),
    ("routes", {"did": "9", "queue": "gone"}, "the route of did 9, caller any leads to queue gone"),
    ("routes", {"queue": "north", "tenant": "east"}, "the route of did any, caller any is of tenant east"),
    ("routes", {"queue": "north", "needs": [{"skill": "d", "level": 0}]}, "needs d at level 0"),
    ("agents", {"id": "li", "phone": "1001"}, "[[center.agents]] names li 2 times"),
    ("agents", {"id": "x", "phone": "1001", "queues": ["gone"]}, "agent x serves queue gone"),
    ("agents", {"id": "x", "phone": "1001", "ranks": {"north": 2}}, "agent x has a rank in queue north"),
    ("agents", {"id": "x", "phone": "1001", "ranks": {"12345": 0}}, "agent x has rank 0 in queue 12345"),
    ("agents", {"id": "x", "phone": "1001", "skills": {"d": 12}}, "agent x has d at level 12"),
    ("agents", {"id": "x", "phone": "1001", "team": "night"}, "agent x is in team night"),
    ("agents", {"id": "x", "phone": "1001", "tenant": "east"}, "agent x is of tenant east"),
    ("agents", {"id": "x", "phone": "1999"}, "agent x has phone 1999"),
    ("seats", {"id": "B", "phone": "1999"}, "seat B has phone 1999"),
    ("seats", {"id": "A-07", "phone": "1001"}, "[[center.seats]] names A-07 2 times"),
    ("surges", {"id": "area", "calls": 9}, "[[center.surges]] names area 2 times"),
    ("surges", {"id": "x", "calls": 9, "overflow": {"to": "gone"}}, "surge x, overflow leads to queue gone"),
    ("surges", {"id": "x", "calls": 1}, "surge x begins at 1 calls"),
    ("surges", {"id": "x", "calls": 9, "by": "moon"}, "surge x is by moon"),
    ("surges", {"id": "x", "calls": 9, "by": "area", "digits": 11}, "surge x takes 11 digits for an area"),
    ("tenants", {"id": "north"}, "[[center.tenants]] names north 2 times"),
    ("tenants", {"id": "x", "calendar": "gone"}, "tenant x has calendar gone"),
    ("queues", {"id": "x", "calendar": "gone"}, "queue x has calendar gone"),
    ("calendars", {"id": "always"}, "calendar always is there already"),
    ("calendars", {"id": "x", "tz": "Asia/Nowhere"}, "calendar x: no time zone 'Asia/Nowhere'"),
    (
        "calendars",
        {"id": "x", "days": [{"date": date(2026, 10, 2), "until": date(2026, 10, 1)}]},
        "the days from 2026-10-02 end on",
    ),
    (
        "calendars",
        {"id": "x", "days": [{"date": date(2026, 10, 1), "until": date(2026, 10, 3)}, {"date": date(2026, 10, 3)}]},
        "calendar x has 2026-10-03 twice",
    ),
    ("alerts", {"id": "x", "figure": "waiting", "at": 5, "queue": "gone"}, "alert x looks at queue gone"),
    ("alerts", {"id": "x", "figure": "node_down", "at": 5, "queue": "north"}, "alert x is of nodes"),
    ("alerts", {"id": "x", "figure": "waiting", "at": 0}, "alert x is raised at 0"),
    ("alerts", {"id": "x", "figure": "waiting", "at": 5, "clear_at": 5}, "alert x is cleared at 5"),
    ("alerts", {"id": "x", "figure": "waiting", "at": 5, "hold_s": -1}, "alert x stands -1 s"),
    ("teams", {"id": "day"}, "[[center.teams]] names day 2 times"),
]


@pytest.mark.parametrize(("section", "entry", "says"), WRONG)
def test_what_is_named_and_is_not_there_gets_one_line(section: str, entry: Any, says: str) -> None:
    settings = _example()
    settings["center"][section] = [*settings["center"].get(section, ()), entry]
    with pytest.raises(SettingsError) as error:
        _decoded(settings)
    [line] = str(error.value).splitlines()
    assert line.startswith("hotline.toml: ")
    assert says in line
    assert ": " in line.removeprefix("hotline.toml: "), "it says what to do"


@pytest.mark.parametrize(
    ("nuisance", "says"),
    [
        ({"queue": "gone"}, "[center.nuisance] leads to queue gone"),
        ({"announce": ""}, "[center.nuisance] announces nothing"),
        ({"days": 0}, "[center.nuisance] days is 0"),
        ({"days": 1000}, "[center.nuisance] days is 1000"),
    ],
)
def test_labelled_callers_are_told_and_go_to_a_queue_that_is_there(nuisance: dict[str, Any], says: str) -> None:
    settings = _example()
    settings["center"]["nuisance"] = nuisance
    with pytest.raises(SettingsError) as error:
        _decoded(settings)
    [line] = str(error.value).splitlines()
    assert says in line


@pytest.mark.parametrize(
    ("callbacks", "says"),
    [
        ({"since": "21:00", "until": "08:00"}, "[center.callbacks] since is not before until"),
        ({"since": "8 o'clock"}, "[center.callbacks] since is"),
        ({"keypad": -1}, "[center.callbacks] keypad"),
        ({"first": "nobody"}, "first"),
    ],
)
def test_citizens_are_called_back_in_hours_that_are_there(callbacks: dict[str, Any], says: str) -> None:
    settings = _example()
    settings["center"]["callbacks"] = callbacks
    with pytest.raises(SettingsError) as error:
        _decoded(settings)
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({"roles": ["leader"], "teams": ["gone"]}, "1 names teams 'gone'"),
        ({"roles": ["leader"], "queues": ["gone"]}, "1 names queues 'gone'"),
        ({"roles": ["leader"], "tenants": ["gone"]}, "1 names tenants 'gone'"),
        ({"roles": ["analyst"]}, "1 is for analyst"),
        ({"roles": ["leader"], "limit_s": 0}, "1 limit_s is 0"),
    ],
)
def test_a_rule_of_listening_can_be_met(rule: dict[str, Any], says: str) -> None:
    settings = _example()
    settings["center"]["supervision"] = {"rules": [rule]}
    with pytest.raises(SettingsError) as error:
        _decoded(settings)
    [line] = str(error.value).splitlines()
    assert f"[[center.supervision.rules]] {says}" in line


def test_everything_that_is_wrong_is_said_at_once() -> None:
    settings = _example()
    settings["flow"]["queue"] = "gone"
    settings["center"]["seats"] = [{"id": "B", "phone": "1999"}]
    with pytest.raises(SettingsError) as error:
        _decoded(settings)
    assert len(str(error.value).splitlines()) == 2


def test_a_hotline_without_a_queue_is_told_so() -> None:
    settings = _example() | {"center": {"queues": []}}
    with pytest.raises(SettingsError, match="names no queue"):
        _decoded(settings)


def test_tenants_and_teams_that_nobody_lists_may_be_named() -> None:
    settings = _example()
    settings["center"] |= {"tenants": [], "teams": []}
    assert _decoded(settings).center.agents[-1].tenant == "north"


def test_the_fallback_queue_announces_what_the_default_queue_does_unless_it_is_said() -> None:
    example = _example()
    del example["asterisk"]["announcements"]
    example["flow"]["queue"] = "north"
    [north] = [queue for queue in example["center"]["queues"] if queue["id"] == "north"]
    north["announcements"] = {"every_s": 20, "comfort": ["busy"]}
    assert _decoded(example).asterisk.announcements == Announcements(every_s=20, comfort=("busy",))
    example["asterisk"]["announcements"] = {"position": False}
    assert _decoded(example).asterisk.announcements == Announcements(position=False)


def test_odd_values_survive_being_written() -> None:
    odd = {
        "a key": {"b.c": '\x7f\x01\\"\n', "none": None, "inf": float("inf"), "list": [[1], ["x", None]]},
        "tables": [{"in": {"deep": [{"er": 1}]}, "none": None}],
    }
    assert tomllib.loads(toml(odd)) == {
        "a key": {"b.c": '\x7f\x01\\"\n', "inf": float("inf"), "list": [[1], ["x"]]},
        "tables": [{"in": {"deep": [{"er": 1}]}}],
    }


BASE = """
[asterisk]
systemname = "hl1"
directory = "/tmp/asterisk"
ami_secret = "a long secret"
[[center.queues]]
id = "12345"
"""
PROVIDER = """
[[oidc]]
id = "gov"
issuer = "https://id.example"
client_id = "hotline"
roles = {a = ["agent"]}
"""
IDENTITY = (Path(__file__).resolve().parents[2] / "docs" / "identity.md").read_text()


def test_the_documented_provider_is_right_but_for_its_secret_that_is_not_here() -> None:
    [example] = re.findall(r"((?:    [^\n]*\n|\n)*    \[\[oidc\]\]\n(?:    [^\n]+\n)+)", IDENTITY)
    text = BASE + "\n".join(line.strip() for line in example.splitlines())
    with pytest.raises(SettingsError) as wrong:
        decode(text.encode())
    assert str(wrong.value).splitlines() == [
        "hotline.toml: [[oidc]] gov: client_secret_file /etc/hotline/oidc.secret is not there"
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (PROVIDER, "public_url is not an https address"),
        (f'[api]\npublic_url = "http://hotline.example"\n{PROVIDER}', "public_url is not an https address"),
        (f'[api]\npublic_url = "https://h.example"\n{PROVIDER.replace("https://id", "http://id")}', "is not https"),
        (f'[api]\npublic_url = "https://h.example"\n{PROVIDER.replace("roles", "tenants")}', "Expected `str`"),
        (f'[api]\npublic_url = "https://h.example"\n{PROVIDER}{PROVIDER}', "[[oidc]] names gov 2 times"),
        (f'[api]\npublic_url = "https://h.example"\n{PROVIDER.replace("gov", "a/b")}', "ASCII letters"),
        ("[identity.lock_out]\nfailures = 0", "failures must be more than 0"),
        ("[identity.passwords]\nlength = 4", "ask for 8 or more"),
        ("[identity.totp]\nrequired = ['king']", "Invalid enum value 'king'"),
        (
            "[[accounts]]\nname = 'x'\nroles = ['agent']\ntoken_sha256 = ''\nscopes = ['all']",
            "scope all, which is none",
        ),
    ],
)
def test_what_would_let_nobody_in_or_everybody_is_said(text: str, says: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        decode((BASE + text).encode())
    assert says in str(wrong.value)
