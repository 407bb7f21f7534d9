"""Seats, queues and dialling over REST: forced states, team leaders, seats, wrap-up, opening, previews, bursts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from messages import commands, events, facts
from messages.ids import CallId, Phone
from messages.values import LegEnd, Role
from tests.api.city import call_of, city, talk
from tests.api.house import House, now, open_house
from tests.center.world import NODE


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Give a city with two counties."""
    async with open_house(center=city()) as opened:
        yield opened


async def test_a_seat_brings_its_phone(house: House) -> None:
    token = house.token(Role.AGENT, agent="a1")
    status, seen = await house.ask("PUT", "agents/me/state", token, {"state": "ready", "seat": "desk-7"})
    assert (status, seen["phone"], seen["seat"], seen["forced"]) == (200, "1777", "desk-7", False)
    other = house.token(Role.AGENT, agent="a2")
    assert (await house.ask("PUT", "agents/me/state", other, {"state": "ready", "seat": "nowhere"}))[0] == 404
    assert (await house.ask("PUT", "agents/me/state", other, {"state": "ready", "seat": 7}))[0] == 422


async def test_a_state_is_forced_with_a_reason_by_supervisors_and_the_teams_leaders(
    house: House,
) -> None:
    await house.ready("a1", "a2")
    leader = house.token(Role.AGENT, user="leader-of-day")
    forced = {"state": "not_ready", "reason": "too long"}
    for token in (house.token(Role.SUPERVISOR), house.token(Role.ADMIN), leader):
        assert (await house.ask("PUT", "agents/a1/state", token, {"state": "ready"}))[0] == 422, "no reason"
        status, seen = await house.ask("PUT", "agents/a1/state", token, forced)
        assert (status, seen["state"], seen["reason"], seen["forced"]) == (200, "not_ready", "too long", True)
    for token in (leader, house.token(Role.LEADER), house.token(Role.AGENT, agent="a1")):
        assert (await house.ask("PUT", "agents/a2/state", token, forced))[0] == 403, "not of their team"
    assert (await house.ask("GET", "agents/a1", leader))[0] == 200
    assert (await house.ask("GET", "agents/a2", leader))[0] == 403
    last = (await house.entries(events.Position(), events.AgentStateChanged))[-1].event
    assert isinstance(last, events.AgentStateChanged)
    assert (last.by, last.forced) == ("leader-of-day", True)
    status, problem = await house.ask("PUT", "agents/n1/state", leader, {"state": "ready", "reason": "come"})
    assert (status, problem["type"]) == (409, "illegal-transition"), "a seat is taken by who sits there"


async def test_during_a_call_a_forced_state_is_what_follows_it(house: House) -> None:
    await house.ready("a1")
    await call_of(house, "c1")
    await talk(house, "c1")
    token = house.token(Role.SUPERVISOR)
    status, seen = await house.ask("PUT", "agents/a1/state", token, {"state": "not_ready", "reason": "talk to me"})
    assert (status, seen["state"], seen["planned"]) == (200, "talking", "talk to me")
    assert (await house.ask("PUT", "agents/a1/state", token, {"state": "logged_out", "reason": "x"}))[0] == 409


async def test_wrap_up_is_extended_up_to_the_queues_most(house: House) -> None:
    await house.ready("a1")
    token = house.token(Role.AGENT, agent="a1")
    path = "agents/me/wrap-up-extension"
    assert (await house.ask("POST", path, token, {"seconds": 30}))[0] == 409
    await call_of(house, "c1")
    await talk(house, "c1")
    await house.leg(facts.LegEnded, "c1/1", why=LegEnd.AGENT_HUNG_UP)
    before = (await house.ask("GET", "agents/me", token))[1]["until"]
    for seconds in (0, -1, 3601, "x", None):
        assert (await house.ask("POST", path, token, {"seconds": seconds}))[0] == 422
    assert (
        await house.ask("POST", "agents/a1/wrap-up-extension", house.token(Role.AGENT, agent="a2"), {"seconds": 9})
    )[0] == 403
    status, seen = await house.ask("POST", path, token, {"seconds": 30})
    assert (status, seen["until"] > before) == (200, True)
    assert (await house.ask("POST", path, token, {"seconds": 3600}))[0] == 200
    assert (await house.ask("POST", path, token, {"seconds": 1}))[0] == 409


async def test_a_queue_is_closed_and_opened_by_supervisors(house: House) -> None:
    token = house.token(Role.SUPERVISOR)
    for body in ({}, {"open": "no"}, {"open": False, "reason": "x" * 501}):
        assert (await house.ask("PUT", "queues/12345/open", token, body))[0] == 422
    assert (await house.ask("PUT", "queues/nowhere/open", token, {"open": False}))[0] == 404
    status, seen = await house.ask("PUT", "queues/12345/open", token, {"open": False, "reason": "drill"})
    assert (status, seen["open"]) == (200, False)
    await call_of(house, "c1")
    assert house.mirror.state.calls[CallId("c1")].state == "left"
    assert (await house.ask("PUT", "queues/12345/open", token, {"open": True}))[1]["open"] is True


async def test_a_queue_tells_its_strategy_staff_estimate_and_bound(house: House) -> None:
    token = house.token(Role.SUPERVISOR)
    seen = (await house.ask("GET", "queues/12345", token))[1]
    assert (seen["strategy"], seen["max_waiting"], seen["staffed"], seen["estimated_s"]) == ("longest_idle", 5, 0, None)
    await house.ready("a1")
    seen = (await house.ask("GET", "queues/12345", token))[1]
    assert (seen["staffed"], seen["estimated_s"], seen["agents"]["ready"]) == (1, 0.0, 1)
    assert (await house.ask("GET", "queues", token))[1]["items"][0] == seen


async def test_a_call_tells_what_it_asks_for_and_where_it_stands(house: House) -> None:
    token = house.token(Role.SUPERVISOR)
    await house.ready("n1")
    for call in ("c1", "c2", "c3"):
        await call_of(house, call, "north")
    first, second, third = (await house.ask("GET", "calls", token))[1]["items"]
    assert (first["state"], first["position"]) == ("offered", None)
    assert [call["position"] for call in (second, third)] == [1, 2]
    assert second["needs"] == [{"skill": "dialect", "level": 3, "wait_s": 30.0}]
    assert (second["direction"], second["priority"], second["estimated_s"]) == ("in", 0, None)
    agent = (await house.ask("GET", "agents/n1", token))[1]
    assert (agent["skills"], agent["ranks"], agent["tenant"], agent["deaf"]) == ({"dialect": 5}, {}, "north", None)


async def test_a_seat_says_why_it_is_deaf(house: House) -> None:
    await house.ready("a1")
    token = house.token(Role.AGENT, agent="a1")
    async with house.subscribed(token) as client:
        await house.settled(facts.PhoneSeen(occurred=now(), node=NODE, phone=Phone("1001"), reachable=False))
        assert [(await client.event())["kind"] for _ in range(2)] == ["phone.changed", "agent.state"]
    seen = (await house.ask("GET", "agents/me", token))[1]
    assert (seen["state"], seen["deaf"]) == ("not_ready", "deaf_phone")
    assert (await house.ask("PUT", "agents/me/state", token, {"state": "ready"}))[0] == 409


async def test_an_agent_dials_a_number_and_sees_it_whole_as_nobody_else_does(house: House) -> None:
    await house.ready("a1")
    token, watching = house.token(Role.AGENT, agent="a1"), house.token(Role.SUPERVISOR)
    async with house.subscribed(token) as own, house.subscribed(watching) as other:
        status, made = await house.ask("POST", "calls", token, {"number": "13800005678", "purpose": "revisit"})
        assert (status, made["agent"]) == (202, "a1")
        for client, number in ((own, "13800005678"), (other, "138****5678")):
            started, *_, dialled = await client.until("call.dialled_out")
            assert (started["event"]["target"]["to"], dialled["event"]["number"]) == (number, number)
    command = next(one for one in house.switchboard.commands if isinstance(one, commands.DialOut))
    assert (command.phone, command.number) == ("1001", "13800005678")
    arrived = facts.CallArrived(
        occurred=now(),
        node=NODE,
        call=CallId("o1"),
        contact="ko1",  # type: ignore[arg-type]
        number="13800005678",
        did="",
        outbound=command.leg,
    )
    await house.settled(arrived)
    for asked_by, number in ((token, "13800005678"), (watching, "138****5678")):
        [call] = (await house.ask("GET", "calls", asked_by))[1]["items"]
        assert (call["number"], call["direction"], call["legs"][0]["role"]) == (number, "out", "outbound")
    await house.leg(facts.LegAnswered, command.leg)
    assert (await house.ask("GET", f"operations/{made['operation']}", token))[1]["state"] == "done"


async def test_a_preview_is_dialled_or_declined_by_whom_it_is_shown_to(house: House) -> None:
    await house.ready("a1")
    token, cases = house.token(Role.AGENT, agent="a1"), house.token(Role.CASE_SYSTEM)
    assert (await house.ask("POST", "agents/me/preview", token, {"dial": True}))[0] == 409
    body = {"number": "13800005678", "agent": "a1", "preview_s": 30}
    for dial in (False, True):
        async with house.subscribed(token) as own, house.subscribed(house.token(Role.SUPERVISOR)) as other:
            status, made = await house.ask("POST", "calls", cases, body)
            assert status == 202
            assert (await own.until("preview.shown"))[-1]["event"]["number"] == "13800005678"
            assert (await other.until("preview.shown"))[-1]["event"]["number"] == "138****5678"
        for asked_by, number in ((token, "13800005678"), (house.token(Role.SUPERVISOR), "138****5678")):
            preview = (await house.ask("GET", "agents/a1", asked_by))[1]["preview"]
            assert (preview["number"], preview["operation"]) == (number, made["operation"])
        for wrong in ({}, {"dial": "yes"}):
            assert (await house.ask("POST", "agents/me/preview", token, wrong))[0] == 422
        supervisor = house.token(Role.SUPERVISOR)
        assert (await house.ask("POST", "agents/a1/preview", supervisor, {"dial": True}))[0] == 403
        status, answer = await house.ask("POST", "agents/me/preview", token, {"dial": dial})
        assert (status, answer["operation"]) == (202, made["operation"])
        state = (await house.ask("GET", f"operations/{made['operation']}", cases))[1]["state"]
        assert state == ("pending" if dial else "failed")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"number": ""}, 422),
        ({"number": "12"}, 422),
        ({"number": "13800005678", "preview_s": 601}, 422),
        ({"number": "13800005678", "preview_s": -1}, 422),
        ({"number": "13800005678", "purpose": "x" * 501}, 422),
        ({"number": "13800005678", "agent": "nobody"}, 404),
        ({"number": "13800005678", "contact": "none"}, 404),
        ({"number": "13800005678", "agent": "a2"}, 403),
        ({"number": ["13800005678"]}, 422),
    ],
)
async def test_a_call_that_cannot_be_made_says_why(house: House, body: dict[str, Any], status: int) -> None:
    await house.ready("a1")
    got, problem = await house.ask("POST", "calls", house.token(Role.AGENT, agent="a1"), body)
    assert got == status, problem
    assert (await house.ask("POST", "calls", house.token(Role.SUPERVISOR), {"number": "13800005678"}))[0] == 409


async def test_a_burst_is_told_with_how_many_it_deflected(house: House) -> None:
    token = house.token(Role.SUPERVISOR)
    assert (await house.ask("GET", "surges", token))[1] == {"items": []}
    for number in range(5):
        await call_of(house, f"c{number}")
    [burst] = (await house.ask("GET", "surges", token))[1]["items"]
    assert (burst["surge"], burst["by"], burst["key"], burst["deflected"]) == ("burst", "did", "12345", 2)
    assert (burst["announce"], burst["then"], burst["to"]) == ("surge", "wait", None)
    async with house.subscribed(token) as client:
        assert client.snapshot["surges"] == [burst]


async def test_a_seats_phone_is_shown_to_whoever_sits_there_alone(house: House) -> None:
    own = house.token(Role.AGENT, agent="a1")
    assert await house.ask("GET", "agents/me/phone", own) == (200, {"number": "1001", "account": None})
    status, problem = await house.ask("GET", "agents/me/phone", house.token(Role.SUPERVISOR))
    assert (status, "no seat" in problem["detail"]) == (409, True)
    assert (await house.ask("GET", "agents/a1/phone", own))[0] == 404
