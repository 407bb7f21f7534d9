"""What people do over REST is in the audit: before it is done, or it is not; also what they may not, and from where."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from api.rest.auditing import origin_of
from api.rest.table import ROUTES
from center.auditing import Act, acting
from messages import facts
from messages.audit import AuditEntry, AuditResult
from messages.errors import NotFound, Unavailable
from messages.ids import UserId
from messages.principal import Principal
from messages.values import Role
from storage.database import Database
from storage.migrations import upgrade
from tests.api.house import House, now, open_house
from tests.api.test_rest import BODIES
from tests.postgres_fixture import PostgresServer
from tests.storage.audit.tampering import look
from tests.storage.trails import trail_in

AUDITED = [route for route in ROUTES if route.audit is not None]
NAMES = {"agent": "a1", "queue": "12345", "call": "c1", "contact": "kc1", "session": "s1", "callback": "o1"}
QUERIES = {
    "/contacts/{contact}/recordings/{n}": "?purpose=why",
    "/contacts/{contact}/hold": "?reason=why",
    "/agents/{agent}/schedule": "?day=2026-11-24",
}
EVERYTHING: tuple[Role, ...] = tuple(Role)


class Exported:
    """Exports of one line."""

    async def write(self, *about: Any, progress: Any, **more: Any) -> int:
        """Write it."""
        output: Path = about[4]
        output.write_text("contact\nk1\n")
        return 1


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Give a house in which a citizen talks to a1."""
    async with open_house(agents=2, kept={"exports": Exported()}) as house:
        await house.ready("a1")
        await house.arrive("c1")
        await house.leg(facts.LegRinging, "c1/1")
        await house.leg(facts.LegAnswered, "c1/1")
        yield house


def kept(house: House, *fields: str) -> list[tuple[Any, ...]]:
    """Return what is in the audit, oldest first, by these fields."""
    return [tuple(getattr(one, name) for name in fields) for one in reversed(house.audit.kept)]


def path_of(path: str) -> str:
    """Return a route's path with everything named."""
    return re.sub(r"{(\w+)}", lambda found: NAMES.get(found[1], "1"), path)


@pytest.mark.parametrize("route", AUDITED, ids=lambda route: f"{route.method} {route.path}")
async def test_what_cannot_be_audited_is_not_done(house: House, route: Any) -> None:
    token = house.token(*EVERYTHING, user="everything", agent="a2")
    house.identity.people["li"] = Principal(user=UserId("li"))
    before, commanded = house.mirror.state.position, len(house.switchboard.commands)
    sessions = set(house.identity.sessions)
    house.audit.away = True
    body = {"user": "li", "password": "il"} if route.path == "/sessions" else BODIES.get(route.path)
    query = QUERIES.get(route.path, "")
    given = "" if route.roles is None else token
    status, answer = await house.ask(route.method, path_of(route.path).removeprefix("/") + query, given, body)
    assert (status, answer["type"]) == (503, "unavailable"), answer
    assert "token" not in answer
    house.audit.away = False
    assert house.mirror.state.position == before
    assert len(house.switchboard.commands) == commanded
    assert set(house.identity.sessions) >= sessions
    assert house.audit.kept == []


async def test_logging_out_is_audited(house: House) -> None:
    house.identity.people["li"] = Principal(user=UserId("li"), roles=(Role.AGENT,), tenant="north")
    status, session = await house.ask("POST", "sessions", body={"user": "li", "password": "il"})
    assert status == 201
    assert (await house.ask("DELETE", "sessions", session["token"]))[0] == 204
    assert kept(house, "by", "action", "result", "tenant", "origin") == [
        ("li", "session.close", "asked", "north", "127.0.0.1"),
        ("li", "session.close", "granted", "north", "127.0.0.1"),
    ]


async def test_listening_is_audited_from_the_request_to_the_end(house: House) -> None:
    boss = house.token(Role.SUPERVISOR, user="wang")
    wish = {"call": "c1", "purpose": "a complaint", "phone": "9001"}
    status, started = await house.ask("POST", "listening", boss, wish)
    assert status == 202, started
    session = started["session"]
    await house.ask("PATCH", f"listening/{session}", boss, {"mode": "whisper"})
    await house.ask("DELETE", f"listening/{session}", boss)
    await house.ask("POST", "listening", house.token(Role.AGENT, agent="a2"), wish)
    found = kept(house, "by", "action", "result", "contact", "about", "purpose")
    assert found[:2] == [
        ("wang", "listening.start", "asked", None, "call c1, mode listen, phone 9001", "a complaint"),
        ("wang", "listening.start", "granted", "kc1", "call c1, mode listen, phone 9001", "a complaint"),
    ]
    assert [one[1:3] for one in found[2:]] == [
        ("listening.switch", "asked"),
        ("listening.switch", found[3][2]),
        ("listening.stop", "asked"),
        ("listening.stop", "granted"),
        ("listening.start", "refused"),
    ]
    assert {one[3] for one in found if one[2] != "asked"} == {"kc1", None}
    assert [entry.of for entry in reversed(house.audit.kept)] == [None, 1, None, 3, None, 5, None]


async def test_only_what_is_forced_on_others_is_audited(house: House) -> None:
    boss, own = house.token(Role.SUPERVISOR, user="wang"), house.token(Role.AGENT, agent="a2")
    await house.ask("PUT", "agents/me/state", own, {"state": "ready"})
    await house.ask("PUT", "agents/a2/state", own, {"state": "not_ready", "reason": "tea"})
    assert house.audit.kept == []
    await house.ask("PUT", "agents/a2/state", boss, {"state": "logged_out", "reason": "went home"})
    await house.ask("PUT", "queues/12345/open", boss, {"open": False, "reason": "a drill"})
    await house.ask("POST", "calls/c1/hangup", boss, {"reason": "threats"})
    assert kept(house, "action", "result", "about", "purpose") == [
        ("agents.force_state", "asked", "agent a2, state logged_out", "went home"),
        ("agents.force_state", "granted", "agent a2, state logged_out", "went home"),
        ("queues.open", "asked", "queue 12345, open no", "a drill"),
        ("queues.open", "granted", "queue 12345, open no", "a drill"),
        ("calls.hang_up", "asked", "call c1", "threats"),
        ("calls.hang_up", "granted", "call c1", "threats"),
    ]


async def test_exports_are_audited_as_they_are_made_and_as_they_are_fetched(house: House) -> None:
    token = house.token(Role.ANALYST, user="zhao")
    period = {"what": "contacts", "from": "2026-11-01T00:00:00Z"}
    _, job = await house.ask("POST", "exports", token, period)
    await asyncio.gather(*house.services.jobs._running.values())
    assert (await house.ask("GET", f"exports/{job['id']}/download", token))[0] == 200
    assert (await house.ask("GET", f"exports/{job['id']}/download", house.token(Role.SUPERVISOR)))[0] == 403
    name = f"export {job['id']}"
    assert kept(house, "by", "action", "result", "about") == [
        ("zhao", "exports.create", "asked", "what contacts, form csv, since 2026-11-01T00:00:00+00:00"),
        (
            "zhao",
            "exports.create",
            "granted",
            f"{name}, contacts as csv, 2026-11-01T00:00:00+00:00 to …, numbers masked",
        ),
        ("zhao", "exports.download", "granted", f"{name}, contacts as csv, 1 rows"),
        ("supervisor", "exports.download", "refused", name),
    ]


async def test_who_reads_the_audit_is_an_auditor_and_in_it(house: House) -> None:
    assert (await house.ask("GET", "audit", house.token(Role.ADMIN)))[0] == 403
    assert (await house.ask("GET", "audit?by=wang", house.token(Role.AUDITOR)))[0] == 200
    assert kept(house, "by", "action", "result", "about") == [
        ("admin", "audit.read", "refused", ""),
        ("auditor", "audit.read", "granted", "by wang"),
    ]


async def test_the_same_request_again_is_one_act(house: House) -> None:
    boss = house.token(Role.SUPERVISOR)
    for _ in range(3):
        status, _ = await house.ask("PUT", "queues/12345/open", boss, {"open": False}, Idempotency_Key="one")
        assert status == 200
    assert kept(house, "result") == [("asked",), ("granted",)]


class Request:
    """What of a request says where it came from."""

    def __init__(self, remote: str | None, *forwarded: str) -> None:
        self.remote = remote
        self.headers = self
        self._forwarded = forwarded

    def getall(self, name: str, default: Any) -> Any:
        """Return the header's lines."""
        assert name == "X-Forwarded-For"
        return self._forwarded or default

    def get(self, name: str, default: str) -> str:
        """Return another header."""
        return default


@pytest.mark.parametrize(
    ("request_", "proxies", "origin"),
    [
        (Request("10.1.1.1", "6.6.6.6"), (), "10.1.1.1"),
        (Request("10.1.1.1", "6.6.6.6, 20.0.0.2"), ("10.0.0.0/8",), "20.0.0.2"),
        (Request("10.1.1.1", "6.6.6.6", "20.0.0.2, 10.9.9.9"), ("10.0.0.0/8",), "20.0.0.2"),
        (Request("10.1.1.1", "what"), ("10.0.0.0/8",), "what"),
        (Request("::1", "2001:db8::1"), ("::1",), "2001:db8::1"),
        (Request("10.1.1.1"), ("10.0.0.0/8",), "10.1.1.1"),
        (Request(None), ("10.0.0.0/8",), ""),
    ],
)
def test_the_origin_is_the_nearest_that_is_no_proxy_of_ours(
    request_: Any, proxies: tuple[str, ...], origin: str
) -> None:
    assert origin_of(request_, proxies).address == origin


def _entry() -> AuditEntry:
    return AuditEntry(at=now(), by=UserId("li"), action="x")


async def test_an_act_whose_end_cannot_be_written_is_in_the_audit_as_asked_for() -> None:
    written: list[AuditEntry] = []

    async def append(entry: AuditEntry) -> int:
        if written:
            raise Unavailable("away")
        written.append(entry)
        return 1

    async with acting(append, _entry(), Act()):
        pass
    assert [one.result for one in written] == [AuditResult.ASKED]
    with pytest.raises(Unavailable):  # but nothing is shown
        async with acting(append, _entry(), Act(), shows=True):
            pass


@pytest.mark.parametrize(
    ("error", "result", "why"),
    [
        (NotFound("no x"), "refused", "no x"),
        (Unavailable("away"), "failed", "away"),
        (KeyError("k"), "failed", "KeyError"),
    ],
)
async def test_what_goes_wrong_is_told_apart(error: Exception, result: str, why: str) -> None:
    written: list[AuditEntry] = []

    async def append(entry: AuditEntry) -> int:
        written.append(entry)
        return len(written)

    act = Act()
    with pytest.raises(type(error)):
        async with acting(append, _entry(), act):
            act.note(about="found")
            raise error
    assert [(one.result, one.why, one.about, one.of) for one in written] == [
        ("asked", "", "", None),
        (result, why, "found", 1),
    ]


async def test_while_the_database_is_away_a_real_audit_refuses_and_afterwards_goes_on(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    async with Database(postgres_server.new_database()) as database:
        await upgrade(database)
        trail = trail_in(database, tmp_path)
        async with open_house(kept={"audit": trail}) as house:
            house.history.add("k1", "13987654321")
            boss, why = house.token(Role.SUPERVISOR), {"purpose": "a fire"}
            assert (await house.ask("POST", "contacts/k1/reveal", boss, why))[0] == 200
            postgres_server.stop()
            try:
                status, answer = await house.ask("POST", "contacts/k1/reveal", boss, why)
                assert (status, answer["type"], "1398765" in str(answer)) == (503, "unavailable", False)
                status, _ = await house.ask("PUT", "queues/12345/open", boss, {"open": False})
                assert status == 503
            finally:
                postgres_server.start()
            assert (await house.ask("GET", "queues/12345", boss))[1]["open"]
            assert (await house.ask("POST", "contacts/k1/reveal", boss, why))[0] == 200
        report = await look(trail)
        assert (report.well, report.entries) == (True, 2)
