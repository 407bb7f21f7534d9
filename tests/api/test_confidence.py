"""Confidence: from the moment a citizen asks for it, the number leaves by no way; who may have it says why first."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from api.rest.endpoint import needs_body
from api.rest.exports import ExportBody
from api.rest.table import ROUTES
from app.exports import FileExports
from messages import commands, events, facts
from messages.events import Position
from messages.ids import CallId, ContactId, LegId
from messages.values import LegEnd, Role
from storage.database import Database
from storage.duties import Duties
from storage.migrations import upgrade
from storage.quality import Quality
from storage.queries import Queries
from storage.recordings.holds import Holds
from storage.rows import RowWriter
from tests.api.house import Client, House, now, open_house
from tests.api.test_rest import BODIES
from tests.center.world import NODE
from tests.storage.trails import trail_in

NUMBER = "13987654321"
QUIET_S = 0.5
WHATS = get_args(next(field.type for field in msgspec.structs.fields(ExportBody) if field.name == "what"))
REVEAL = "/contacts/{contact}/reveal"
EVERYTHING: tuple[Role, ...] = tuple(Role)


class Stored:
    """A house over SQLite, and whether its rows are as new as its log."""

    def __init__(self, house: House, rows: RowWriter) -> None:
        self.house = house
        self.rows = rows

    async def written(self) -> None:
        """Wait until the rows hold all that was recorded."""
        async with asyncio.timeout(20):
            await self.rows.reached(self.house.mirror.state.position)

    async def raw(self, method: str, path: str, token: str, body: Any = None) -> tuple[int, bytes]:
        """Ask REST; return what came over the wire, headers included."""
        async with self.house.session.request(
            method,
            f"{self.house.rest}/api/v1{path}",
            data=msgspec.json.encode(body) if body is not None else None,
            headers={"Authorization": f"Bearer {token}"},
        ) as answer:
            return answer.status, repr(dict(answer.headers)).encode() + await answer.read()


@pytest.fixture
async def stored(tmp_path: Path) -> AsyncIterator[Stored]:
    """Give a house whose history and audit are in SQLite."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database(f"sqlite:///{tmp_path / 'hotline.db'}"))
        await upgrade(database)
        kept: dict[str, Any] = {
            "history": Queries(database),
            "exports": FileExports(database),
            "audit": trail_in(database, tmp_path),
            "duties": Duties(database),
            "quality": Quality(database),
            "holds": Holds(database, now),
        }
        house = await stack.enter_async_context(open_house(agents=3, kept=kept))
        rows = RowWriter(house.log, database)
        writing = asyncio.create_task(rows.run())
        try:
            yield Stored(house, rows)
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)


async def _on_duty(house: House) -> str:
    """A leader has a duty, in whose scope everybody is; return it."""
    boss, begin = house.token(Role.SUPERVISOR), now()
    body = {"leader": "a1", "aide": "a2", "begin": begin, "end": begin + timedelta(hours=1), "notice": "duty"}
    status, planned = await house.ask("POST", "duty-sessions", boss, body)
    assert status == 201, planned
    return str(planned["ids"][0])


async def _confide(house: House, call: str = "c1") -> None:
    """A citizen talks to a1, who marks the contact."""
    await house.ready("a1")
    await house.arrive(call, NUMBER)
    await house.leg(facts.LegRinging, f"{call}/1")
    await house.leg(facts.LegAnswered, f"{call}/1")
    agent = house.token(Role.AGENT, agent="a1")
    assert (await house.ask("PUT", f"contacts/k{call}/confidential", agent))[0] == 204


async def _call_back(house: House) -> dict[str, str]:
    """The citizen is owed a call, which a2 dials; return what there is to ask for by name."""
    cases, agent = house.token(Role.CASE_SYSTEM), house.token(Role.AGENT, agent="a2")
    await house.ready("a2")
    status, owed = await house.ask("POST", "callbacks", cases, {"contact": "kc1"})
    assert status == 201, owed
    status, dialled = await house.ask("POST", f"callbacks/{owed['id']}/dial", agent)
    assert status == 202, dialled
    leg = next(iter(house.mirror.state.outbound))
    about: dict[str, Any] = {"occurred": now(), "node": NODE, "call": CallId("o1")}
    await house.settled(
        facts.CallArrived(contact=ContactId("ko1"), number=NUMBER, did="12345", outbound=LegId(leg), **about)
    )
    return {"callback": owed["id"], "operation": dialled["operation"], "leg": leg}


async def _exported(stored: Stored, token: str) -> list[str]:
    """Export everything there is, as somebody who sees numbers; return the exports' ids."""
    found = []
    for what in WHATS:
        status, job = await stored.house.ask("POST", "exports", token, {"what": what, "format": "jsonl"})
        assert status == 202, job
        found.append(job["id"])
    await asyncio.gather(*stored.house.services.jobs._running.values())
    return found


async def _reviewed(house: House) -> dict[str, list[str]]:
    """A1's talk is reviewed and held, and those who do it write down the number; return what there is to name."""
    boss, admin = house.token(Role.SUPERVISOR, user="wang"), house.token(Role.ADMIN)
    form = {"name": "x", "questions": [{"id": "a", "text": "x"}]}
    assert (await house.ask("PUT", "quality/forms/f", boss, form))[0] == 200
    status, sample = await house.ask("POST", "quality/samples", boss, BODIES["/quality/samples"])
    assert status == 201, sample
    status, review = await house.ask("POST", "quality/reviews", boss, {"form": "f", "contact": "kc1"})
    assert status == 201, review
    path, written = f"quality/reviews/{review['review']}", {"answers": {"a": 1}, "comment": f"{NUMBER} is angry"}
    assert (await house.ask("PUT", path, boss, written))[0] == 200
    assert (await house.ask("POST", f"{path}/sign", boss))[0] == 200
    appeal = {"reason": f"{NUMBER} hung up"}
    assert (await house.ask("POST", f"{path}/appeal", house.token(Role.AGENT, agent="a1"), appeal))[0] == 200
    assert (await house.ask("PUT", "contacts/kc1/hold", admin, {"reason": f"{NUMBER} sues"}))[0] == 200
    return {"form": ["f"], "sample": [sample["sample"]], "review": [review["review"]]}


async def _walk(stored: Stored, names: dict[str, list[str]], methods: tuple[str, ...], *roles: Role) -> int:
    """Ask every route with everything there is to name, and find the number in no answer."""
    token, seen = stored.house.token(*roles, agent="a1"), 0
    for route in ROUTES:
        if route.method not in methods or route.path == REVEAL or route.path.startswith("/sessions"):
            continue
        needs = re.findall(r"{(\w+)}", route.path)
        for name in names[needs[0]] if needs else [""]:
            path = re.sub(r"{\w+}", name, route.path, count=1)
            path = re.sub(r"{\w+}", "GD1", path)
            body = BODIES.get(route.path)
            assert body is not None or not needs_body(route), f"what is to be sent to {route.path}?"
            status, answer = await stored.raw(route.method, path, token, body)
            assert NUMBER.encode() not in answer, (route.method, path, roles, answer)
            assert status != 500, (route.method, path, answer)
            seen += status < 300
    return seen


async def _heard(client: Client) -> list[bytes]:
    """Return every frame until there has been none for a while: what is sent again may come after a pong."""
    frames: list[bytes] = []
    with suppress(TimeoutError):
        while True:
            async with asyncio.timeout(QUIET_S):
                said = await client.connection.recv()
            frames.append(said if isinstance(said, bytes) else said.encode())
    return frames


async def test_a_confidential_number_leaves_by_no_route_and_by_no_op_of_the_stream(stored: Stored) -> None:
    house = stored.house
    start = house.mirror.state.position
    duty = await _on_duty(house)
    await _confide(house)
    everything = house.token(*EVERYTHING, user="everything", agent="a2")
    async with house.subscribed(everything) as client:
        assert NUMBER not in str(client.snapshot)
        named = await _call_back(house)
        agent = house.token(Role.AGENT, agent="a1")
        note = {"code": "x", "note": f"call {NUMBER} after six"}
        assert (await house.ask("PUT", "contacts/kc1/wrap-up", agent, note))[0] == 204
        proposal = {"contacts": ["kc1"], "kind": "malicious", "reason": f"threatens from {NUMBER}"}
        status, label = await house.ask("POST", "callers/labels", agent, proposal)
        assert status == 201, label
        await stored.written()
        names = {
            "contact": ["kc1", "ko1"],
            "case_no": ["GD1"],
            "call": ["c1", "o1"],
            "agent": ["me", "a2"],
            "queue": ["12345"],
            "session": ["s1"],
            "label": [label["id"]],
            "duty": [duty],
            "callback": [named["callback"]],
            "revisit": [named["callback"]],
            "operation": [named["operation"]],
            "export": await _exported(stored, everything),
            "id": ["s1"],
            "user": ["li"],
            "issuer": ["none"],
            **await _reviewed(house),
        }
        frames = await _heard(client)
        assert len(frames) > 8
        assert not [frame for frame in frames if NUMBER.encode() in frame]
    for roles in (EVERYTHING, *((role,) for role in Role)):
        async with house.connected(house.token(*roles, user="reader", agent="a2")) as client:
            await client.send(op="subscribe", resume_from={"epoch": start.epoch, "seq": start.seq})
            frames = await _heard(client)
            assert not [frame for frame in frames if NUMBER.encode() in frame]
        assert await _walk(stored, names, ("GET",), *roles) > 3 or roles == (Role.AUDITOR,)
        async with house.subscribed(house.token(*roles, user="fresh", agent="a2")) as client:
            assert NUMBER not in str(client.snapshot)
    assert await _walk(stored, names, ("GET",), *EVERYTHING) > 30
    await _walk(stored, names, ("PUT", "PATCH", "POST", "DELETE"), *EVERYTHING)
    await stored.written()
    names["export"] = await _exported(stored, everything)
    await _walk(stored, names, ("GET",), *EVERYTHING)


async def test_the_case_system_sees_the_number_until_the_moment_and_no_longer(stored: Stored) -> None:
    house = stored.house
    await house.ready("a1")
    async with house.subscribed(house.token(Role.CASE_SYSTEM), kinds=["contact.arrived"]) as cases:
        await house.arrive("c1", NUMBER)
        assert (await cases.event())["event"]["number"] == NUMBER
        at = cases.seen
    await house.ask("PUT", "contacts/kc1/confidential", house.token(Role.SUPERVISOR))
    async with house.connected(house.token(Role.CASE_SYSTEM)) as cases:
        await cases.send(op="subscribe", kinds=["contact.arrived"], resume_from={"epoch": at.epoch, "seq": at.seq - 1})
        cases.seen = Position(at.epoch, at.seq - 1)
        assert (await cases.event())["event"]["number"] == "139****4321"


async def test_who_confided_is_not_found_by_the_number_but_the_agents_know_of_it(stored: Stored) -> None:
    house = stored.house
    await _confide(house)
    await house.ask("PUT", "contacts/kc1/cases/GD1", house.token(Role.CASE_SYSTEM), {})
    await house.leg(facts.LegEnded, "c1/1", why=LegEnd.AGENT_HUNG_UP)
    await house.hang_up("c1")
    await stored.written()
    await house.ready("a1")
    async with (
        house.subscribed(house.token(Role.CASE_SYSTEM), kinds=["screen_pop"]) as cases,
        house.subscribed(house.token(Role.AGENT, agent="a1"), kinds=["screen_pop"]) as agent,
    ):
        await house.arrive("c2", NUMBER)
        whole, masked = (await cases.event())["event"], (await agent.event())["event"]
    assert (whole["number"], whole["recent_contacts"], whole["cases"]) == (NUMBER, [], [])
    assert (masked["number"], masked["cases"]) == ("139****4321", ["GD1"])
    assert [(one["contact"], one["number"]) for one in masked["recent_contacts"]] == [("kc1", "139****4321")]
    assert whole["flags"]["repeat"] and masked["flags"]["repeat"]
    await stored.written()
    for role in (Role.AGENT, Role.CASE_SYSTEM):
        token = house.token(role, agent="a1")
        found = (await house.ask("POST", "callers/lookup", token, {"number": NUMBER}))[1]
        assert ([one["contact"] for one in found["recent_contacts"]], found["cases"]) == (["kc2"], [])


async def test_the_agent_who_calls_back_in_confidence_dials_without_seeing(stored: Stored) -> None:
    house = stored.house
    await _confide(house)
    agent = house.token(Role.AGENT, agent="a2")
    async with house.subscribed(agent) as client:
        await _call_back(house)
        told = [message["event"] for message in await client.until("call.offered")]
        numbers = [event["target"]["to"] for event in told if event["kind"] == "operation.started"]
        numbers += [event["number"] for event in told if event["kind"] == "call.dialled_out"]
        assert numbers == ["139****4321"] * 2
    [call] = [one for one in (await house.ask("GET", "calls", agent))[1]["items"] if one["id"] == "o1"]
    assert (call["number"], call["confidential"]) == ("139****4321", True)
    [arrived] = [e.event for e in await house.entries(Position(), events.ContactArrived)][1:]
    assert isinstance(arrived, events.ContactArrived)
    assert arrived.confidential
    [command] = [one for one in house.switchboard.commands if isinstance(one, commands.DialOut)]
    assert command.number == NUMBER


async def test_marked_twice_it_is_one_event_and_by_strangers_none(stored: Stored) -> None:
    house = stored.house
    await _confide(house)
    await house.ask("PUT", "contacts/kc1/confidential", house.token(Role.SUPERVISOR))
    assert len(await house.entries(Position(), events.ContactConfidential)) == 1
    stranger = house.token(Role.AGENT, agent="a3")
    assert (await house.ask("PUT", "contacts/kc1/confidential", stranger))[0] == 403
    assert (await house.ask("PUT", "contacts/nobody/confidential", stranger))[0] == 404
    await house.hang_up("c1")
    await stored.written()
    [kept] = (await house.ask("GET", "contacts", house.token(Role.SUPERVISOR)))[1]["items"]
    assert kept["confidential"] and kept["confidential_at"] >= kept["arrived_at"]


async def test_a_past_contact_becomes_confidential_too(stored: Stored) -> None:
    house = stored.house
    await house.ready("a1")
    await house.whole_call("c1", NUMBER)
    await stored.written()
    cases = house.token(Role.CASE_SYSTEM)
    assert (await house.ask("GET", "contacts/kc1", cases))[1]["number"] == NUMBER
    assert (await house.ask("PUT", "contacts/kc1/confidential", house.token(Role.AGENT, agent="a1")))[0] == 204
    assert (await house.ask("GET", "contacts/kc1", cases))[1]["number"] == "139****4321"
    await stored.written()
    kept = (await house.ask("GET", "contacts/kc1", cases))[1]
    assert (kept["number"], kept["confidential"]) == ("139****4321", True)


async def test_a_number_is_revealed_for_a_purpose_that_is_audited_first(stored: Stored) -> None:
    house = stored.house
    await house.ready("a1")
    await house.arrive("c1", NUMBER)
    boss, auditor = house.token(Role.SUPERVISOR), house.token(Role.AUDITOR)
    why = {"purpose": "ambulance needs the address"}
    assert await house.ask("POST", "contacts/kc1/reveal", boss, why) == (200, {"number": NUMBER})
    assert (await house.ask("POST", "contacts/kc1/reveal", boss, {"purpose": " "}))[0] == 422
    assert (await house.ask("POST", "contacts/kc1/reveal", house.token(Role.AGENT, agent="a1"), why))[0] == 403
    await house.ask("PUT", "contacts/kc1/confidential", boss)
    status, refused = await house.ask("POST", "contacts/kc1/reveal", boss, why)
    assert (status, "confidence" in refused["detail"]) == (403, True)
    assert await house.ask("POST", "contacts/kc1/reveal", auditor, why) == (200, {"number": NUMBER})
    status, page = await house.ask("GET", "audit?action=contacts.reveal", auditor)
    assert [(one["by"], one["contact"], one["result"], one["about"]) for one in page["items"]] == [
        ("auditor", "kc1", "granted", "confidential"),
        ("supervisor", "kc1", "refused", "confidential"),
        ("agent-a1", "kc1", "refused", ""),
        ("supervisor", "kc1", "refused", ""),
        ("supervisor", "kc1", "granted", ""),
    ]
    assert [one["purpose"] for one in page["items"]] == [why["purpose"], why["purpose"], "", " ", why["purpose"]]
    assert {one["origin"] for one in page["items"]} == {"127.0.0.1"}
    assert NUMBER not in str(page)
    assert (await house.ask("GET", "audit", boss))[0] == 403
    query = "audit?action=contacts.reveal&by=supervisor"
    one = (await house.ask("GET", f"{query}&limit=1", auditor))[1]
    rest = (await house.ask("GET", f"{query}&cursor={one['next']}", auditor))[1]
    assert [item["result"] for item in one["items"] + rest["items"]] == ["refused", "refused", "granted"]
    assert (await house.ask("GET", "audit?cursor=x", auditor))[0] == 422


async def test_no_number_is_shown_that_cannot_be_audited() -> None:
    async with open_house() as house:
        house.history.add("k1", NUMBER)
        house.audit.away = True
        status, answer = await house.ask(
            "POST", "contacts/k1/reveal", house.token(Role.SUPERVISOR), {"purpose": "a fire"}
        )
        assert status == 503
        assert NUMBER not in str(answer)
