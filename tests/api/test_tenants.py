"""Tenant scope: a county's people see and act on their county's queues, agents and calls, the city's on all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from messages import facts
from messages.ids import OperationId
from messages.values import Role
from tests.api.city import DIDS, call_of, city, talk
from tests.api.house import Client, House, now, open_house
from tests.center.world import NODE, QUEUE


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Give a city with two counties."""
    async with open_house(center=city()) as opened:
        yield opened


def _ids(answer: Any) -> list[str]:
    return [one["id"] for one in answer[1]["items"]]


async def _sees(house: House, token: str) -> tuple[list[str], list[str], list[str]]:
    return (
        _ids(await house.ask("GET", "queues", token)),
        _ids(await house.ask("GET", "agents", token)),
        _ids(await house.ask("GET", "calls", token)),
    )


async def test_everybody_sees_what_is_theirs_and_the_city_sees_all(house: House) -> None:
    await call_of(house, "cc")
    await call_of(house, "cn", "north")
    await call_of(house, "cs", "south")
    city_ = house.token(Role.SUPERVISOR)
    assert await _sees(house, city_) == (
        ["12345", "north", "south"],
        ["a1", "a2", "n1", "n2", "s1"],
        ["cc", "cn", "cs"],
    )
    assert await _sees(house, house.token(Role.SUPERVISOR, tenant="north")) == (["north"], ["n1", "n2"], ["cn"])
    assert await _sees(house, house.token(Role.LEADER, tenant="south")) == (["south"], ["s1"], ["cs"])
    nobody = house.token(Role.SUPERVISOR, tenant="elsewhere")
    assert await _sees(house, nobody) == ([], [], [])


async def test_agents_see_the_colleagues_of_their_county_who_are_there(house: House) -> None:
    await house.ready("n1", "n2", "s1", "a1")
    own = house.token(Role.AGENT, agent="n1", tenant="north")
    status, answer = await house.ask("GET", "agents/me/colleagues", own)
    assert (status, answer["items"]) == (200, [{"id": "n2", "name": "", "team": "", "state": "ready"}])


async def test_an_overflowed_call_is_of_the_county_whose_line_it_came_in_on(house: House) -> None:
    await call_of(house, "cn", "north")
    [call] = (await house.ask("GET", "calls", house.token(Role.SUPERVISOR, tenant="north")))[1]["items"]
    assert (call["queue"], call["tenant"], call["position"]) == ("12345", "north", 1)


OTHERS: list[tuple[str, str, Any]] = [
    ("GET", "queues/south", None),
    ("PUT", "queues/south/open", {"open": False, "reason": "x"}),
    ("GET", "agents/s1", None),
    ("PUT", "agents/s1/state", {"state": "not_ready", "reason": "x"}),
    ("POST", "agents/s1/wrap-up-extension", {"seconds": 10}),
    ("POST", "agents/s1/preview", {"dial": True}),
    ("POST", "calls", {"number": "02000005678", "agent": "s1"}),
    ("POST", "calls/cs/hold", None),
    ("POST", "calls/cs/hangup", {"reason": "x"}),
    ("POST", "calls/cs/take-over", {"phone": "9", "reason": "x"}),
    ("POST", "calls/cs/pickup", None),
    ("POST", "listening", {"call": "cs", "purpose": "x", "phone": "9"}),
    ("POST", "listening", {"agent": "s1", "purpose": "x", "phone": "9"}),
    ("POST", "listening", {"queue": "south", "purpose": "x", "phone": "9"}),
    ("GET", "contacts/old-south", None),
    ("PUT", "contacts/kcs/cases/GD1", {}),
    ("PUT", "contacts/old-south/cases/GD1", {}),
]


@pytest.mark.parametrize(("method", "path", "body"), OTHERS)
async def test_another_countys_things_are_not_there(house: House, method: str, path: str, body: Any) -> None:
    await house.ready("s1")
    await call_of(house, "cs", "south")
    await talk(house, "cs")
    house.history.add("old-south", "13800001234", tenant="south")
    token = house.token(Role.SUPERVISOR, agent="n1", tenant="north")
    status, problem = await house.ask(method, path, token, body)
    assert (status, problem["type"]) == (404, "not-found"), problem
    own = house.token(Role.SUPERVISOR, agent="s1", tenant="south")
    assert (await house.ask(method, path, own, body))[0] in (200, 202, 204, 409)


async def test_calls_are_passed_within_the_county_and_to_the_city(house: House) -> None:
    await house.ready("n1")
    await call_of(house, "cn", "north")
    await talk(house, "cn")
    token = house.token(Role.AGENT, agent="n1", tenant="north")
    for body in ({"queue": "south"}, {"agent": "s1"}, {"target": {"kind": "agent", "to": "s1"}}):
        for word in ("transfer", "consult", "three-way"):
            assert (await house.ask("POST", f"calls/cn/{word}", token, body))[0] == 403
    assert (await house.ask("POST", "calls/cn/transfer", token, {"queue": "12345"}))[0] == 202


async def test_an_operation_of_another_county_is_not_there(house: House) -> None:
    await house.ready("n1")
    await call_of(house, "cn", "north")
    await talk(house, "cn")
    token = house.token(Role.AGENT, agent="n1", tenant="north")
    name = OperationId((await house.ask("POST", "calls/cn/hold", token))[1]["operation"])
    for tenant, status in (("", 200), ("north", 200), ("south", 404)):
        supervisor = house.token(Role.SUPERVISOR, tenant=tenant)
        assert (await house.ask("GET", f"operations/{name}", supervisor))[0] == status
    house.services.recall.begin(house.services.scope)
    assert (await house.ask("GET", f"operations/{name}", house.token(Role.SUPERVISOR, tenant="south")))[0] == 404
    assert (await house.ask("GET", f"operations/{name}", house.token(Role.SUPERVISOR, tenant="north")))[0] == 200


async def test_past_contacts_are_the_countys_own(house: House) -> None:
    house.history.add("k-city", "13800001234", cases=["GD1"])
    house.history.add("k-north", "13800001234", tenant="north", cases=["GD2"])
    house.history.add("k-passed-on", "13800001234", visits=[{"queue": "north"}])
    house.history.add("k-helped", "13800001234", legs=[{"agent": "n1"}])
    token = house.token(Role.SUPERVISOR, agent="n1", tenant="north")
    assert [one["contact"] for one in (await house.ask("GET", "contacts", token))[1]["items"]] == ["k-north"]
    for name, status in (("k-north", 200), ("k-passed-on", 200), ("k-helped", 200), ("k-city", 404)):
        assert (await house.ask("GET", f"contacts/{name}", token))[0] == status
    found = (await house.ask("POST", "callers/lookup", token, {"number": "13800001234"}))[1]
    assert (found["cases"], len(found["recent_contacts"])) == (["GD2"], 3)
    assert len((await house.ask("GET", "contacts", house.token(Role.SUPERVISOR)))[1]["items"]) == 4


async def test_a_countys_pop_tells_of_the_countys_contacts_only(house: House) -> None:
    house.history.add("k-city", "13800001234", cases=["GD1"])
    house.history.add("k-north", "13800001234", tenant="north", cases=["GD2"])
    await house.ready("n1", "a1")
    for agent, tenant, cases in (("n1", "north", ["GD2"]), ("a1", "", ["GD1", "GD2"])):
        async with house.subscribed(house.token(Role.AGENT, agent=agent, tenant=tenant)) as client:
            about: dict[str, Any] = {"occurred": now(), "node": NODE, "call": f"c-{agent}"}
            arrived = facts.CallArrived(contact="k", number="13800001234", did=DIDS[tenant], **about)  # type: ignore[arg-type]
            await house.settled(arrived)
            await house.audience.callers.settled()
            await house.settled(facts.CallQueued(queue=QUEUE, **about))
            assert (await client.until("screen_pop"))[-1]["event"]["cases"] == cases


async def test_what_is_of_the_whole_city_is_not_exported_to_a_county(house: House) -> None:
    token = house.token(Role.ANALYST, tenant="north")
    for what, status in (("agent-states", 403), ("surges", 403), ("contacts", 503)):
        assert (await house.ask("POST", "exports", token, {"what": what}))[0] == status


async def test_bursts_are_the_citys_but_for_those_of_the_countys_numbers(house: House) -> None:
    for number in range(4):
        await call_of(house, f"c{number}", "north")
    seen = {}
    for tenant in ("", "north", "south"):
        answer = await house.ask("GET", "surges", house.token(Role.SUPERVISOR, tenant=tenant))
        seen[tenant] = sorted((one["surge"], one["key"]) for one in answer[1]["items"])
    assert seen == {"": [("burst", "0100"), ("north-burst", "0100")], "north": [("north-burst", "0100")], "south": []}


async def _calls_heard(client: Client) -> set[str]:
    """Return the calls of which something was heard so far."""
    await client.send(op="ping", id="so far")
    heard = set()
    while (message := await client.receive())["op"] != "pong":
        event = client.take(message)["event"]
        heard |= {event.get("call"), event.get("contact", "k")[1:], event.get("agent"), event.get("queue")}
    return heard - {None, ""}


async def test_the_stream_shows_each_county_its_own_from_arrival_to_end_live_and_again(house: House) -> None:
    await house.ready("n1", "s1")
    tokens = {tenant: house.token(Role.SUPERVISOR, tenant=tenant) for tenant in ("north", "south")}
    async with house.subscribed(tokens["north"]) as north, house.subscribed(tokens["south"]) as south:
        start = north.seen
        assert [queue["id"] for queue in north.snapshot["queues"]] == ["north"]
        assert [agent["id"] for agent in north.snapshot["agents"]] == ["n1", "n2"]
        for call, tenant in (("cn", "north"), ("cs", "south"), ("cc", "")):
            await call_of(house, call, tenant)
        for call in ("cn", "cs"):
            await talk(house, call)
            await house.ask("PUT", f"contacts/k{call}/cases/GD1", house.token(Role.SUPERVISOR), {})
        for call in ("cn", "cs", "cc"):
            await house.hang_up(call)
            await house.ask("PUT", f"contacts/k{call}/wrap-up", house.token(Role.SUPERVISOR), {"code": "x"})
        assert await _calls_heard(north) == {"cn", "n1", "north"}
        assert await _calls_heard(south) == {"cs", "s1", "south"}
    house.audience.scope._of.clear()  # as after a restart
    async with house.connected(tokens["north"]) as again:
        again.seen = start
        await again.send(op="subscribe", resume_from={"epoch": start.epoch, "seq": start.seq})
        replayed = await again.until("contact.wrapped_up")
        assert {one["event"].get("call", "cn") for one in replayed} == {"cn"}
        assert "contact.linked" in [one["kind"] for one in replayed]


async def test_a_county_hears_of_asterisk_and_of_an_ivr_call_that_never_queued(house: House) -> None:
    async with house.subscribed(house.token(Role.SUPERVISOR, tenant="north")) as client:
        about: dict[str, Any] = {"occurred": now(), "node": NODE, "call": "ci"}
        await house.settled(facts.CallArrived(contact="kci", number="1", did="0100", **about))  # type: ignore[arg-type]
        await house.hang_up("ci")
        await house.settled(facts.NodeDown(occurred=now(), node=NODE, reason="cut"))
        kinds = [message["kind"] for message in await client.until("node.down")]
        assert kinds == ["contact.arrived", "call.ended", "contact.ended", "node.down"]
