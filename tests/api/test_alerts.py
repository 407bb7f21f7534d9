"""Alerts over REST and on the stream: who sees those that stand, and of which line."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from alerts.rule import AlertRule
from messages.values import AlertFigure, Role
from tests.api.city import call_of, city
from tests.api.house import House, open_house

RULE = AlertRule(id="many", figure=AlertFigure.WAITING, at=1, hold_s=0)


async def standing(house: House, token: str, count: int) -> list[dict[str, Any]]:
    """Return the alerts that stand, once they are so many."""
    async with asyncio.timeout(30):
        while True:
            status, answer = await house.ask("GET", "alerts", token)
            assert status == 200
            if len(answer["items"]) == count:
                return list(answer["items"])
            await asyncio.sleep(0.2)


async def test_an_alert_is_listed_while_it_stands_to_whom_it_concerns() -> None:
    center = msgspec.structs.replace(city(), alerts=(RULE,))
    async with open_house(center=center) as house:
        boss, south = house.token(Role.SUPERVISOR), house.token(Role.LEADER, tenant="south")
        north = house.token(Role.LEADER, tenant="north")
        async with (
            house.subscribed(boss, kinds=["alert.raised", "alert.cleared"]) as all_of_it,
            house.subscribed(south, kinds=["alert.raised", "alert.cleared"]) as of_the_south,
        ):
            await call_of(house, "c1", "south")
            raised = (await all_of_it.event())["event"]
            assert (raised["rule"], raised["key"], raised["tenant"], raised["value"]) == ("many", "south", "south", 1.0)
            [listed] = await standing(house, boss, 1)
            assert {name: listed[name] for name in ("rule", "figure", "key", "severity", "value", "at")} == {
                "rule": "many",
                "figure": "waiting",
                "key": "south",
                "severity": "warning",
                "value": 1.0,
                "at": 1.0,
            }
            assert listed["id"] == raised["alert"]
            assert await standing(house, south, 1) == [listed]
            assert await standing(house, north, 0) == []
            await house.hang_up("c1")
            assert (await all_of_it.event())["event"]["alert"] == raised["alert"]
            told = [(await of_the_south.event())["event"]["kind"] for _ in range(2)]
            assert told == ["alert.raised", "alert.cleared"]
        assert await standing(house, boss, 0) == []
        assert (await house.ask("GET", "alerts", house.token(Role.AGENT, agent="a1")))[0] == 403
