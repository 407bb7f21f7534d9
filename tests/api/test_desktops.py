"""Desktops: the centre hears of an agent's first connection and of the last one's staying away."""

from __future__ import annotations

import asyncio
from typing import Any

from messages.facts import DesktopSeen
from messages.ids import AgentId, NodeId
from messages.values import Role
from tests.api.house import House, open_house

GRACE_S = 0.15


def _told(house: House) -> list[tuple[str, bool]]:
    assert all(isinstance(fact, DesktopSeen) and fact.node == NodeId("") for fact in house.told)
    return [(fact.agent, fact.connected) for fact in house.told if isinstance(fact, DesktopSeen)]


async def _until(house: House, *told: tuple[str, bool]) -> None:
    async with asyncio.timeout(20):
        while _told(house) != list(told):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await house.settled()


async def test_the_first_desktop_is_told_and_the_last_after_the_grace() -> None:
    async with open_house(desktop_grace_s=GRACE_S) as house:
        token = house.token(Role.AGENT, agent="a1")
        async with house.connected(token):
            async with house.connected(token):
                assert _told(house) == [("a1", True)]
            await asyncio.sleep(2 * GRACE_S)
            assert _told(house) == [("a1", True)], "one is still there"
        await _until(house, ("a1", True), ("a1", False))


async def test_a_page_that_is_loaded_again_within_the_grace_changes_nothing() -> None:
    async with open_house(desktop_grace_s=5) as house:
        await house.ready("a1")
        token = house.token(Role.AGENT, agent="a1")
        for _ in range(3):
            async with house.connected(token):
                pass
        assert {connected for _, connected in _told(house)} == {True}
        assert house.mirror.state.roster.by_id[AgentId("a1")].state == "ready"


async def test_a_seat_whose_desktop_is_gone_is_offered_nothing_until_it_is_back() -> None:
    async with open_house(desktop_grace_s=GRACE_S) as house:
        await house.ready("a1")
        token = house.token(Role.AGENT, agent="a1")
        async with house.connected(token):
            pass
        await _until(house, ("a1", True), ("a1", False))
        seen = (await house.ask("GET", "agents/me", token))[1]
        assert (seen["state"], seen["reason"], seen["deaf"]) == ("not_ready", "deaf_desktop", "deaf_desktop")
        async with house.connected(token):
            seen = (await house.ask("GET", "agents/me", token))[1]
            assert (seen["state"], seen["deaf"]) == ("ready", None)


async def test_who_has_no_seat_is_nobodys_desktop_and_a_program_with_one_is() -> None:
    async with open_house(desktop_grace_s=GRACE_S) as house:
        async with house.connected(house.token(Role.SUPERVISOR)), house.connected(house.token(Role.CASE_SYSTEM)):
            assert _told(house) == []
        async with house.connected(house.token(Role.AGENT, Role.CASE_SYSTEM, user="program", agent="a2")):
            assert _told(house) == [("a2", True)]


async def test_desktops_that_were_there_before_a_restart_are_waited_for() -> None:
    async with open_house(desktop_grace_s=GRACE_S) as house:
        await house.ready("a1", "a2")
        for agent in ("a1", "a2"):
            await house.settled(
                DesktopSeen(occurred=house.stream.clock(), node=NodeId(""), agent=AgentId(agent), connected=True)
            )
        house.stream.desktops.begin(house.mirror.state)  # as a server that starts does
        async with house.connected(house.token(Role.AGENT, agent="a2")):
            await _until(house, ("a2", True), ("a1", False))
            states = [house.mirror.state.roster.by_id[AgentId(agent)].state for agent in ("a1", "a2")]
            assert states == ["not_ready", "ready"]


async def test_a_server_that_stops_does_not_say_that_the_desktops_are_gone() -> None:
    async with open_house(desktop_grace_s=0.0) as house, house.connected(house.token(Role.AGENT, agent="a1")):
        house.stream.desktops.close()
        house.stream.desktops.closed(AgentId("a1"))
        await asyncio.sleep(0.05)
        assert _told(house) == [("a1", True)]


async def test_a_connection_that_answers_no_ping_counts_as_gone(monkeypatch: Any) -> None:
    async with open_house(desktop_grace_s=0.0, ping_s=0.1) as house:
        token = house.token(Role.AGENT, agent="a1")
        async with house.connected(token, ping_interval=None) as client:
            monkeypatch.setattr(client.connection.protocol, "receive_data", lambda data: None)  # it is frozen
            await _until(house, ("a1", True), ("a1", False))
            client.connection.transport.abort()
