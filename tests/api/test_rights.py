"""Role × action × scope over the live API: every route is asked as every role, of one's own line and of another one."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from agents.schedule import ScheduleSettings
from api.rest.endpoint import Route, needs_body
from api.rest.rights_page import rights_page
from api.rest.table import LINE, MAY, OWN, QUEUES, REACH, ROUTES, TEAM, reach
from app.exports import FileExports
from messages import facts
from messages.ids import CallbackId, SessionId, UserId
from messages.values import Role
from storage.audit import AuditTrail
from storage.database import Database
from storage.identity import Identity
from storage.migrations import upgrade
from storage.notices import Notices
from storage.queries import Queries
from storage.rows import RowWriter
from storage.schedules import Schedules
from tests.api.city import call_of, city, talk
from tests.api.house import House, now, open_house
from tests.api.test_rest import BODIES
from tests.storage.test_identity import QUICK

PAGE = Path(__file__).resolve().parents[2] / "docs" / "rights.md"
DAY = "day=2026-11-24"
PASSWORD = "Streetlight-7"
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

NAME_IN_THE_BODY = {("POST", f"/{path}") for path in ("calls", "callbacks", "revisits", "listening", "callers/labels")}
SOMEBODYS = ("operation", "export", "session", "id")
"""What belongs to whoever made it."""


class World:
    """A city with a northern and a southern line; in the north n1 and n2 talk, and everything has something in it."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.names: dict[str, str] = {}
        self.others: dict[str, str] = {}
        self.bodies: dict[str, Any] = {}

    def token(self, role: Role, tenant: str = "north") -> str:
        """Return a token of somebody with a role on a line, who, but for leaders, has a seat there."""
        seat = None if role is Role.LEADER else f"{tenant[0]}1"
        return self.house.token(role, user=f"{role}-{tenant}", agent=seat, tenant=tenant)

    async def furnish(self) -> None:
        """Let the north have one of each thing that an address can name."""
        house, north = self.house, {"queue": "north"}
        for number in (1, 2):
            await house.ready(f"n{number}")
            await call_of(house, f"cn{number}", "north", f"1380000000{number}")
            await talk(house, f"cn{number}")
        boss = house.token(Role.SUPERVISOR, user="boss", tenant="north")
        cases = house.token(Role.CASE_SYSTEM, user="cases", tenant="north")

        async def made(method: str, path: str, token: str, body: Any = None) -> Any:
            status, answer = await house.ask(method, path, token, body)
            assert status < 300, (method, path, status, answer)
            return answer

        owed = await made("POST", "callbacks", cases, {"number": "13900000001", **north})
        asked = await made("POST", "revisits", cases, {"number": "13900000002", "case_no": "GD1", **north})
        label = await made(
            "POST", "callers/labels", boss, {"contacts": ["kcn2"], "kind": "malicious", "reason": "threatens"}
        )
        heard = await made(
            "POST", "listening", self.token(Role.SUPERVISOR), {"call": "cn2", "purpose": "coaching", "phone": "9001"}
        )
        export = await made("POST", "exports", boss, {"what": "contacts"})
        await asyncio.gather(*house.services.jobs._running.values())
        session = house.mirror.state.listening[SessionId(heard["session"])]
        await house.settled(
            facts.SpyStarted(occurred=now(), node=session.node, session=session.id, spied="", spyer="9001")
        )
        self.names = {
            "agent": "n1",
            "call": "cn1",
            "contact": "kcn1",
            "queue": "north",
            "callback": owed["id"],
            "revisit": asked["id"],
            "label": label["id"],
            "session": heard["session"],
            "operation": heard["operation"],
            "export": export["id"],
            "case_no": "GD1",
            "n": "1",
        }
        self.others = {"agent": "n2", "call": "cn2", "contact": "kcn2"}
        assert CallbackId(owed["id"]) in house.mirror.state.callbacks
        self.bodies = BODIES | {
            "/calls": {"number": "13900000003", "agent": "n1"},
            "/callbacks": {"contact": "kcn1", **north},
            "/revisits": {"number": "13900000004", "case_no": "GD2", "contact": "kcn1", **north},
            "/listening": {"call": "cn1", "purpose": "coaching", "phone": "9002"},
            "/listening/{session}": {"mode": "listen"},
            "/callers/labels": {"contacts": ["kcn1"], "kind": "malicious", "reason": "rings all night"},
            "/calls/{call}/transfer": {"agent": "n2"},
            "/calls/{call}/consult": {"agent": "n2"},
            "/calls/{call}/three-way": {"agent": "n2"},
            "/agents/{agent}/state": {"state": "not_ready", "reason": "meal"},
            "/queues/{queue}/open": {"open": False, "reason": "flood"},
        }

    async def settle(self, people: Identity) -> None:
        """Let people of the north and the south log in: one for each role, and Zhao, a northern agent."""
        for tenant in ("north", "south"):
            for role in Role:
                await people.set_user(UserId(f"{role}-{tenant}"), PASSWORD, [role], tenant=tenant)
        await people.set_user(UserId("zhao"), PASSWORD, [Role.AGENT], tenant="north")
        session = await people.log_in("zhao", PASSWORD)
        assert session is not None
        self.names |= {"user": "zhao", "id": session.id}

    async def ask(self, route: Route, token: str, **other: str) -> tuple[int, Any]:
        """Ask a route about the north's things."""
        path = re.sub(r"{(\w+)}", lambda found: (self.names | other)[found[1]], route.path)
        body = self.bodies.get(route.path)
        assert body is not None or not needs_body(route), f"what is to be sent to {route.path}?"
        query = {
            "schedule": f"?{DAY}",
            "recordings": "?purpose=complaint",
            "adherence": "?from=2026-11-24&to=2026-11-25" if "{agent}" in path or "/agents/" in path else f"?{DAY}",
        }
        for word, text in query.items():
            if word in path.split("/"):
                path += text
        return await self.house.ask(route.method, f"/api/v1{path}", token, body)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Give the city, over SQLite, with something of everything in the north."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database(f"sqlite:///{tmp_path / 'hotline.db'}"))
        await upgrade(database)
        kept: dict[str, Any] = {
            "history": Queries(database),
            "exports": FileExports(database),
            "audit": AuditTrail(database),
            "schedules": Schedules(database, now, ScheduleSettings().reasons),
            "notices": Notices(database),
        }
        people = Identity(database, now, hasher=QUICK, keys=tmp_path / "keys")
        kept["people"] = people
        house = await stack.enter_async_context(open_house(center=city(), kept=kept, agents_hear_own=True))
        rows = RowWriter(house.log, database)
        writing = asyncio.create_task(rows.run())
        try:
            world = World(house)
            await world.furnish()
            await world.settle(people)
            async with asyncio.timeout(30):
                await rows.reached(house.mirror.state.position)
            yield world
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)


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
        status, answer = await world.ask(route, world.token(role, "south"))
        names_something = "{" in route.path or (route.method, route.path) in NAME_IN_THE_BODY
        if names_something:
            assert status in (403, 404), (route.method, route.path, status, answer)
        else:
            assert status < 400, (route.method, route.path, status, answer)
            assert not _is_the_norths(answer), (route.path, answer)
    assert world.house.mirror.state.position == before


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
        no_sound = status == 404 and route.action == "recordings.play"
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
