"""People over REST and the stream, on the real storage: codes, forced changes, sessions, tokens with scopes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pyotp
import pytest

from api.rest.may import MAY, SCOPES
from api.rest.table import ROUTES
from api.stream.ops import CloseCode
from messages.ids import AgentId, UserId
from messages.values import Role
from storage.database import Database
from storage.identity import Identity, IdentitySettings, TotpSettings
from storage.migrations import upgrade
from tests.api.house import House, now, open_house
from tests.storage.test_identity import QUICK
from tests.storage.trails import trail_in

PASSWORD, OTHER = "Streetlight-7", "Zebra crossing 8"
BOSS = UserId("boss")


class Town:
    """A house with people: Li, an agent; Wu, an administrator of the city; Qian of the north; Zhou, an auditor."""

    def __init__(self, house: House, people: Identity) -> None:
        self.house = house
        self.people = people

    async def log_in(self, user: str, password: str = PASSWORD, **more: Any) -> tuple[int, Any]:
        """Ask for a session."""
        return await self.house.ask("POST", "sessions", body={"user": user, "password": password, **more})

    async def token(self, user: str) -> str:
        """Return a session's token."""
        status, session = await self.log_in(user)
        assert status == 201, session
        return str(session["token"])


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """Give the town, over SQLite."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database(f"sqlite:///{tmp_path / 'hotline.db'}"))
        await upgrade(database)
        settings = IdentitySettings(totp=TotpSettings(required=(Role.LEADER,)))
        trail = trail_in(database, tmp_path)
        people = Identity(database, now, settings=settings, hasher=QUICK, keys=tmp_path / "keys", audit=trail.append)
        await people.set_user(UserId("li"), PASSWORD, [Role.AGENT], AgentId("a1"))
        await people.set_user(UserId("wu"), PASSWORD, [Role.ADMIN])
        await people.set_user(UserId("qian"), PASSWORD, [Role.ADMIN], tenant="north")
        await people.set_user(UserId("zhou"), PASSWORD, [Role.AUDITOR])
        await people.set_user(UserId("mayor"), PASSWORD, [Role.LEADER])
        kept: dict[str, Any] = {"identity": people, "people": people, "audit": trail}
        house = await stack.enter_async_context(open_house(kept=kept))
        yield Town(house, people)


async def test_the_answer_to_a_wrong_log_in_is_the_same_for_whoever_and_why_ever(town: Town) -> None:
    answers = [
        await town.log_in("li", "wrong"),
        await town.log_in("nobody", "wrong"),
        await town.log_in("li\0", PASSWORD),
        await town.log_in("li", PASSWORD * 70),
    ]
    for _ in range(6):
        await town.log_in("li", "wrong")
    answers.append(await town.log_in("li"))
    assert [answer for answer in answers if answer != answers[0]] == []
    assert (answers[0][0], answers[0][1]["type"]) == (401, "wrong-credentials")


async def test_who_is_locked_out_is_seen_and_let_in_again_by_an_administrator(town: Town) -> None:
    for _ in range(5):
        await town.log_in("li", "wrong")
    assert (await town.log_in("li"))[0] == 401
    wu, ask = await town.token("wu"), town.house.ask
    li = next(one for one in (await ask("GET", "users", wu))[1]["items"] if one["id"] == "li")
    assert li["locked_until"] is not None
    assert "password" not in li
    assert (await ask("DELETE", "users/li/lock", wu))[0] == 204
    assert (await town.log_in("li"))[0] == 201
    assert (await ask("DELETE", "users/nobody/lock", wu))[0] == 404


async def test_behind_our_own_proxy_an_address_is_who_asked_it_and_nobody_else_is_believed(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database(f"sqlite:///{tmp_path / 'hotline.db'}"))
        await upgrade(database)
        people = Identity(database, now, hasher=QUICK)
        await people.set_user(UserId("li"), PASSWORD, [Role.AGENT])
        for proxies, seen in (
            ((), "127.0.0.1"),
            (("127.0.0.1",), "203.0.113.9"),
            (("127.0.0.1", "203.0.113.9"), "6.6.6.6"),
        ):
            async with open_house(kept={"identity": people, "people": people}, proxies=proxies) as house:
                body = {"user": "li", "password": PASSWORD}
                passed_on = "6.6.6.6, 203.0.113.9"
                status, made = await house.ask(
                    "POST", "sessions", body=body, X_Forwarded_For=passed_on, User_Agent="Firefox"
                )
                assert status == 201
                newest = (await house.ask("GET", "sessions", made["token"]))[1]["items"]
                [one] = [one for one in newest if one["current"]]
                assert (one["address"], one["client"]) == (seen, "Firefox")


async def test_after_a_reset_the_password_must_be_changed_before_anything_else(town: Town) -> None:
    ask, wu = town.house.ask, await town.token("wu")
    before = await town.token("li")
    status, given = await ask("POST", "users/li/password", wu)
    assert status == 200
    assert (await ask("GET", "agents/me", before))[0] == 401
    status, session = await town.log_in("li", given["password"])
    assert (status, session["must"]) == (201, "change_password")
    for method, path in (("GET", "agents/me"), ("GET", "sessions"), ("POST", "sessions/refresh"), ("POST", "me/totp")):
        assert (await ask(method, path, session["token"], {"password": given["password"]}))[0] == 403, path
    async with town.house.connected_raw(session["token"]) as client:
        assert (await client.closed())[0] == CloseCode.FORBIDDEN
    bad = {"old": given["password"], "new": "short"}
    status, problem = await ask("PUT", "me/password", session["token"], bad)
    assert (status, problem["type"], "10 to" in problem["detail"]) == (422, "invalid", True)
    status, after = await ask("PUT", "me/password", session["token"], bad | {"new": OTHER})
    assert (status, after["must"]) == (200, "")
    assert (await ask("GET", "agents/me", after["token"]))[0] == 200
    assert (await ask("GET", "agents/me", session["token"]))[0] == 401


async def test_an_auditors_password_is_not_an_administrators_to_reset(town: Town) -> None:
    wu = await town.token("wu")
    assert (await town.house.ask("POST", "users/zhou/password", wu))[0] == 403
    assert (await town.house.ask("DELETE", "users/zhou/totp", wu))[0] == 403
    assert (await town.log_in("zhou"))[0] == 201


async def test_a_lines_administrator_has_a_say_over_the_lines_people_only(town: Town) -> None:
    qian, ask = await town.token("qian"), town.house.ask
    assert [one["id"] for one in (await ask("GET", "users", qian))[1]["items"]] == ["qian"]
    for method, what in (("POST", "password"), ("DELETE", "totp"), ("DELETE", "lock"), ("DELETE", "sessions")):
        assert (await ask(method, f"users/li/{what}", qian))[0] == 404
    assert (await ask("GET", "sessions?user=li", qian))[0] == 404


async def test_a_second_factor_is_enrolled_and_asked_for(town: Town) -> None:
    ask, token = town.house.ask, await town.token("li")
    assert (await ask("POST", "me/totp", token, {"password": "wrong"}))[0] == 401
    status, secret = await ask("POST", "me/totp", token, {"password": PASSWORD})
    assert status == 200
    app = pyotp.parse_uri(secret["uri"])
    assert isinstance(app, pyotp.TOTP)
    assert (await ask("PUT", "me/totp", token, {"code": "000000"}))[0] == 422
    status, enrolled = await ask("PUT", "me/totp", token, {"code": app.now()})
    assert (status, len(enrolled["recovery_codes"])) == (200, 10)
    assert (await ask("GET", "agents/me", enrolled["session"]["token"]))[0] == 200
    assert (await ask("GET", "agents/me", token))[0] == 401
    status, problem = await town.log_in("li")
    assert (status, problem["type"]) == (401, "totp_required")
    status, problem = await town.log_in("li", code="000000")
    assert (status, problem["type"]) == (401, "wrong-credentials")
    assert (await town.log_in("li", code=enrolled["recovery_codes"][0]))[0] == 201
    assert (await town.log_in("li", code=enrolled["recovery_codes"][0]))[0] == 401
    assert (await ask("DELETE", "users/li/totp", await town.token("wu")))[0] == 204
    assert (await town.log_in("li"))[0] == 201


async def test_who_needs_a_second_factor_is_let_in_to_enrol_one(town: Town) -> None:
    _, session = await town.log_in("mayor")
    assert session["must"] == "enrol_totp"
    assert (await town.house.ask("GET", "agents", session["token"]))[0] == 403
    _, secret = await town.house.ask("POST", "me/totp", session["token"], {"password": PASSWORD})
    _, done = await town.house.ask("PUT", "me/totp", session["token"], {"code": pyotp.TOTP(secret["secret"]).now()})
    assert (await town.house.ask("GET", "agents", done["session"]["token"]))[0] == 200


async def test_a_session_that_is_ended_closes_its_streams_at_once_and_no_others(town: Town) -> None:
    first, second, wu = await town.token("li"), await town.token("li"), await town.token("wu")
    listed = (await town.house.ask("GET", "sessions?user=li", wu))[1]["items"]
    own = (await town.house.ask("GET", "sessions", first))[1]["items"]
    assert [one["id"] for one in listed] == [one["id"] for one in own]
    [name] = [one["id"] for one in own if one["current"]]
    async with town.house.subscribed(first) as ended, town.house.subscribed(second) as other:
        assert (await town.house.ask("DELETE", f"sessions/{name}", wu))[0] == 204
        async with asyncio.timeout(10):
            assert (await ended.closed())[0] == CloseCode.NO_TOKEN
        await other.send(op="ping", id="still here")
        assert (await other.receive())["op"] != "error"
        assert (await town.house.ask("DELETE", "users/li/sessions", wu))[0] == 204
        async with asyncio.timeout(10):
            assert (await other.closed())[0] == CloseCode.NO_TOKEN
    assert (await town.house.ask("GET", "agents/me", first))[0] == 401


async def test_ones_own_sessions_are_ones_own_to_end_and_nobody_elses(town: Town) -> None:
    li, zhou = await town.token("li"), await town.token("zhou")
    [own] = (await town.house.ask("GET", "sessions", li))[1]["items"]
    assert (await town.house.ask("GET", "sessions?user=li", zhou))[0] == 403
    assert (await town.house.ask("DELETE", f"sessions/{own['id']}", zhou))[0] == 404
    assert (await town.house.ask("DELETE", f"sessions/{own['id']}", li))[0] == 204
    assert (await town.house.ask("GET", "agents/me", li))[0] == 401


async def test_a_programs_token_is_good_for_its_scopes_and_its_roles_only(town: Town) -> None:
    await town.people.set_user(UserId("cases"), None, [Role.CASE_SYSTEM])
    assert (await town.log_in("cases", "!"))[0] == 401
    ask = town.house.ask
    made = await town.people.add_token(UserId("cases"), "sync", ["contacts.read", "audit.read"], 30, BOSS)
    assert (await ask("GET", "contacts", made.token))[0] == 200
    assert (await ask("GET", "audit", made.token))[0] == 403, "in its scopes, but not for its role"
    status, problem = await ask("GET", "calls", made.token)
    assert (status, "calls.list" in problem["detail"]) == (403, True)
    for method, path in (
        ("POST", "sessions/refresh"),
        ("GET", "sessions"),
        ("DELETE", "sessions"),
        ("POST", "me/totp"),
    ):
        assert (await ask(method, path, made.token, {"password": ""}))[0] == 403, path
    async with town.house.connected_raw(made.token) as client:
        assert (await client.closed())[0] == CloseCode.FORBIDDEN
    streams = await town.people.add_token(UserId("cases"), "stream", ["stream"], 30, BOSS)
    async with town.house.subscribed(streams.token) as reader:
        assert (await ask("GET", "contacts", streams.token))[0] == 403
        await town.people.end_session(streams.id, BOSS)
        async with asyncio.timeout(10):
            assert (await reader.closed())[0] == CloseCode.NO_TOKEN
    listed = await town.people.sessions.of(programs=True)
    assert [(one.name, one.scopes) for one in listed] == [("sync", ("audit.read", "contacts.read"))]
    assert made.token not in str(listed)


@pytest.mark.parametrize("scope", sorted(SCOPES - {"stream"}))
async def test_each_scope_opens_its_own_routes_and_no_other(town: Town, scope: str) -> None:
    everything = UserId("everything")
    never_both = Role.ADMIN if MAY.get(scope) == frozenset({Role.AUDITOR}) else Role.AUDITOR
    await town.people.set_user(everything, None, set(Role) - {never_both}, AgentId("a1"))
    made = await town.people.add_token(everything, scope, [scope], 1, BOSS)
    for route in ROUTES:
        if route.roles is None:
            continue
        path = route.path.replace("{", "").replace("}", "")
        status, answer = await town.house.ask(route.method, f"/api/v1{path}", made.token, {"reason": "x"})
        why = str(answer and answer.get("detail"))
        refused = status == 403 and (why.startswith(f"{route.action} is for ") or "what this token is for" in why)
        assert refused == (route.action != scope), (route.action, scope, answer)


async def test_everything_an_administrator_does_to_people_is_audited(town: Town) -> None:
    wu, ask = await town.token("wu"), town.house.ask
    await ask("POST", "users/li/password", wu)
    await ask("DELETE", "users/li/totp", wu)
    await ask("DELETE", "users/li/lock", wu)
    await ask("DELETE", "users/li/sessions", wu)
    items = (await ask("GET", "audit?by=wu", await town.token("zhou")))[1]["items"]
    assert [(one["action"], one["about"]) for one in reversed(items)] == [
        ("session.open", "from 127.0.0.1"),
        ("people.reset_password", "li"),
        ("people.reset_totp", "li"),
        ("people.unlock", "li"),
        ("people.end_sessions", "li"),
    ]
