"""Calls back over REST: who is owed one, who may see, dial and close them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from calls.callback import CallbackSettings
from messages import commands, facts
from messages.ids import CallId, ContactId
from messages.values import Role
from tests.api.city import call_of, city
from tests.api.house import House, now, open_house
from tests.center.world import NODE


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Give a city with two counties."""
    async with open_house(center=city()) as opened:
        yield opened


async def test_who_hung_up_unserved_stands_in_the_list_and_is_called_back_by_an_agent(house: House) -> None:
    await call_of(house, "c1")
    await house.hang_up("c1")
    agent = house.token(Role.AGENT, agent="a1")
    status, answer = await house.ask("GET", "callbacks", agent)
    [owed] = answer["items"]
    assert (status, owed["kind"], owed["number"], owed["contacts"]) == (200, "missed", "138****1234", ["kc1"])
    whole = (await house.ask("GET", "callbacks", house.token(Role.CASE_SYSTEM)))[1]["items"]
    assert whole[0]["number"] == "13800001234"
    path = f"callbacks/{owed['id']}"
    assert (await house.ask("POST", f"{path}/dial", agent))[0] == 409, "not at a seat"
    await house.ready("a1")
    status, started = await house.ask("POST", f"{path}/dial", agent)
    assert (status, started["agent"]) == (202, "a1")
    assert [c.number for c in house.switchboard.commands if isinstance(c, commands.DialOut)] == ["13800001234"]
    assert (await house.ask("GET", "callbacks", agent))[1]["items"][0]["agent"] == "a1"
    closing = {"reason": "solved"}
    assert (await house.ask("POST", f"{path}/close", house.token(Role.SUPERVISOR), closing))[0] == 409


async def test_calls_back_are_asked_for_once_a_number_and_closed_with_a_reason(house: House) -> None:
    system, supervisor = house.token(Role.CASE_SYSTEM), house.token(Role.SUPERVISOR)
    wish = {"number": "13900001111", "due_at": "2099-01-01T09:00:00+08:00"}
    status, first = await house.ask("POST", "callbacks", system, wish)
    assert status == 201
    assert (await house.ask("POST", "callbacks", system, {"number": "13900001111"}))[1] == first
    for wrong in ({"number": "12"}, {"number": "13900001111", "due_at": "2099-01-01T09:00:00"}, {}):
        assert (await house.ask("POST", "callbacks", system, wrong))[0] == 422
    assert (await house.ask("POST", "callbacks", system, {"number": "13900001111", "queue": "no"}))[0] == 404
    path = f"callbacks/{first['id']}/close"
    assert (await house.ask("POST", path, supervisor, {"reason": " "}))[0] == 422
    assert (await house.ask("POST", path, supervisor, {"reason": "solved by mail"}))[0] == 204
    assert (await house.ask("GET", "callbacks", supervisor))[1]["items"] == []
    assert (await house.ask("POST", path, supervisor, {"reason": "again"}))[0] == 404


async def test_a_county_sees_whom_its_own_line_owes_a_call(house: House) -> None:
    await call_of(house, "c1")
    await house.hang_up("c1")
    countys = house.token(Role.SUPERVISOR, tenant="north")
    assert (await house.ask("GET", "callbacks", countys))[1]["items"] == []
    [owed] = (await house.ask("GET", "callbacks", house.token(Role.SUPERVISOR)))[1]["items"]
    assert (await house.ask("POST", f"callbacks/{owed['id']}/close", countys, {"reason": "x"}))[0] == 404


async def test_a_revisit_is_asked_for_by_the_case_system_made_by_an_agent_and_answered(house: House) -> None:
    system, agent = house.token(Role.CASE_SYSTEM), house.token(Role.AGENT, agent="a1")
    wish = {"number": "13900001111", "case_no": "GD1"}
    status, made = await house.ask("POST", "revisits", system, wish)
    assert status == 201
    assert (await house.ask("POST", "revisits", agent, wish))[0] == 403
    assert (await house.ask("POST", "revisits", system, {**wish, "due_at": "2099-01-01T09:00:00"}))[0] == 422
    [shown] = (await house.ask("GET", "revisits", agent))[1]["items"]
    assert (shown["kind"], shown["case_no"], shown["number"]) == ("revisit", "GD1", "139****1111")
    await house.ready("a1")
    assert (await house.ask("POST", f"callbacks/{made['id']}/dial", agent))[0] == 202
    result = {"case_no": "GD1", "satisfied": False, "reason": "慢"}
    async with house.subscribed(system) as following:
        assert (await house.ask("PUT", f"revisits/{made['id']}/result", agent, result))[0] == 204
        event = (await following.until("revisit.answered"))[-1]["event"]
    assert (event["case_no"], event["satisfied"], event["agent"]) == ("GD1", False, "a1")


async def test_a_revisit_by_keypad_tells_the_case_system_what_was_keyed() -> None:
    day = CallbackSettings(since="00:00", until="23:59:59.999999")
    async with open_house(center=msgspec.structs.replace(city(), callbacks=day)) as house:
        await house.settled(facts.NodeUp(occurred=now(), node=NODE))
        await _asked_by_keypad(house)


async def _asked_by_keypad(house: House) -> None:
    system = house.token(Role.CASE_SYSTEM)
    wish = {"number": "13900001111", "case_no": "GD1", "by": "keypad"}
    assert (await house.ask("POST", "revisits", system, {**wish, "by": "pigeon"}))[0] == 422
    async with house.subscribed(system) as following:
        made = (await house.ask("POST", "revisits", system, wish))[1]
        await house.settled()
        [rung] = [c for c in house.switchboard.commands if isinstance(c, commands.CallCitizen)]
        [shown] = (await house.ask("GET", "revisits", system))[1]["items"]
        assert (shown["by"], shown["agent"], shown["operation"]) == ("keypad", None, rung.operation)
        about: dict[str, Any] = {"occurred": now(), "node": rung.node, "call": CallId("c9")}
        arrived = facts.CallArrived(**about, contact=ContactId("c9"), number="", did="", outbound=rung.leg)
        await house.settled(
            arrived,
            facts.CitizenReached(**about),
            facts.SurveyAsked(**about, question="survey"),
            facts.SurveyAnswered(**about, question="survey", key="2", satisfied=True),
            facts.CallHungUp(**about),
        )
        event = (await following.until("revisit.answered"))[-1]["event"]
    assert (event["revisit"], event["satisfied"], event["keyed"]) == (made["id"], True, ["survey=2"])
    assert (await house.ask("GET", "revisits", system))[1]["items"] == []
