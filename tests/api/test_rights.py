"""Role × action × scope over the live API: every route is asked as every role, of one's own line and of another one."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from api.rest.endpoint import Route
from api.rest.may import LINE, MAY, OWN, QUEUES, REACH, TEAM, reach
from api.rest.rights_page import rights_page
from api.rest.table import ROUTES
from messages.values import Role
from tests.api.furnished import World, furnished

PAGE = Path(__file__).resolve().parents[2] / "docs" / "rights.md"
SPENDS = (
    "confidential",
    "hangup",
    "take-over",
    "transfer",
    "leave",
    "park",
    "close",
    "approve",
    "refuse",
    "revoke",
    "refresh",
    "password",
)
"""What takes its thing away comes last, and is asked once."""

NAME_IN_THE_BODY = {
    ("POST", f"/{path}")
    for path in ("calls", "callbacks", "revisits", "listening", "callers/labels", "duty-sessions", "quality/reviews")
}
OF_ANY_LINE = {("POST", "/contacts"), ("GET", "/quality/forms/{form}"), ("PUT", "/quality/forms/{form}")}
"""Beside cases, whose numbers are the case system's: a line sees its own steps of them."""
SOMEBODYS = ("operation", "export", "session", "id", "duty")
"""What belongs to whoever made it."""


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Give the city, over SQLite, with something of everything in the north."""
    async with furnished(tmp_path) as world:
        yield world


def _behind_the_log_in() -> list[Route]:
    """Return the routes that somebody must be logged in for, those that take something away last."""
    routes = [route for route in ROUTES if route.roles is not None]
    return sorted(routes, key=lambda route: route.method == "DELETE" or route.path.split("/")[-1] in SPENDS)


def _is_the_norths(answer: Any) -> bool:
    return re.search(r'"(n[12]|k?cn[12]|north)"', str(answer).replace("'", '"')) is not None


@pytest.mark.parametrize("role", list(Role))
async def test_what_a_role_may_not_do_is_refused_on_every_route_and_changes_nothing(world: World, role: Role) -> None:
    before = world.house.mirror.state.position
    for route in _behind_the_log_in():
        assert (await world.ask(route, ""))[0] == 401, route
        assert (await world.ask(route, "made-up"))[0] == 401, route
        if role not in (route.roles or ()):
            status, problem = await world.ask(route, world.token(role))
            assert (status, problem["type"]) == (403, "forbidden"), (route, problem)
    assert world.house.mirror.state.position == before


@pytest.mark.parametrize("role", list(Role))
async def test_another_lines_things_are_not_there_for_any_role(world: World, role: Role) -> None:
    before = world.house.mirror.state.position
    for route in _behind_the_log_in():
        if role not in (route.roles or ()) or (route.action.startswith("session.") and "{" not in route.path):
            continue
        if (route.method, route.path) in OF_ANY_LINE or route.path == "/cases/{case_no}/events":
            continue
        status, answer = await world.ask(route, world.token(role, "south"))
        names_something = "{" in route.path or (route.method, route.path) in NAME_IN_THE_BODY
        if names_something:
            assert status in (403, 404), (route.method, route.path, status, answer)
            continue
        no_seat = status == 409 and route.path.startswith("/agents/me/")
        assert status < 400 or no_seat, (route.method, route.path, status, answer)
        if route.path == "/audit":  # what they themselves asked for just now names things of the north
            answer = [item for item in answer["items"] if not item["by"].endswith("-south")]
        assert not _is_the_norths(answer), (route.path, answer)
    assert world.house.mirror.state.position == before


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.CASE_SYSTEM])
async def test_a_line_sees_the_steps_of_its_own_cases_only(world: World, role: Role) -> None:
    seen = {}
    for tenant in ("north", "south"):
        _, answer = await world.house.ask("GET", "cases/GD1/events", world.token(role, tenant))
        seen[tenant] = len(answer["items"])
    assert seen == {"north": 1, "south": 0}


@pytest.mark.parametrize("role", list(Role))
async def test_what_a_role_may_do_is_done_for_it_on_every_route(world: World, role: Role) -> None:
    token, asked = world.token(role), 0
    for route in _behind_the_log_in():
        if role not in (route.roles or ()) or route.action == "session.close":
            continue
        far = reach(route.action, role)
        if far == OWN and any(f"{{{name}}}" in route.path for name in SOMEBODYS):
            assert (await world.ask(route, token))[0] in (403, 404), (route, "somebody else's")
            continue
        if route.action == "quality.review" and "{review}" in route.path:
            assert (await world.ask(route, token))[0] in (403, 409), (route, "somebody else's, and signed")
            continue
        if far == TEAM:
            assert (await world.ask(route, token))[0] == 403, (route, "not one's team")
            leader = world.house.token(role, user="leader-of-day", tenant="north")
            status, answer = await world.ask(route, leader)
        else:
            status, answer = await world.ask(route, token)
        assert status not in (401, 403, 500), (route.method, route.path, status, answer)
        if route.path == "/me/totp":
            assert status in (200, 204, 422), answer  # a made-up code is of no secret
            continue
        no_sound = status in (404, 503) and route.action in ("recordings.play", "evidence.make")
        assert status < 300 or status == 409 or no_sound, (route.method, route.path, status, answer)
        asked += status < 300
        if route.action == "session.refresh":
            token = answer["token"]
    assert asked >= 2, "a walk on which nothing succeeds proves nothing"


async def test_who_may_act_on_their_own_only_is_refused_what_is_a_colleagues(world: World) -> None:
    token, before, refused = world.token(Role.AGENT), world.house.mirror.state.position, set()
    for route in _behind_the_log_in():
        if Role.AGENT not in (route.roles or ()) or reach(route.action, Role.AGENT) != OWN:
            continue
        named = set(re.findall(r"{(\w+)}", route.path))
        if named & world.others.keys():
            status, answer = await world.ask(route, token, **world.others)
            if route.path == "/calls/{call}/pickup":
                assert status == 409, "a call that talks cannot be picked up; a parked one is anybody's of the queue"
                continue
            if route.action == "recordings.play":
                assert status in (403, 404), answer
                continue
            assert status == 403, (route.method, route.path, status, answer)
            refused.add(route.action)
    assert world.house.mirror.state.position == before
    assert len(refused) > 8, refused


def test_the_page_of_the_rights_is_current() -> None:
    assert PAGE.read_text() == rights_page(), "run: hotline rights > docs/rights.md"


def test_each_reach_is_of_a_role_that_may() -> None:
    for action, reaches in REACH.items():
        assert set(reaches.values()) <= {OWN, TEAM, QUEUES, LINE}
        if set(reaches) != set(Role):
            assert set(reaches) & MAY[action], action
