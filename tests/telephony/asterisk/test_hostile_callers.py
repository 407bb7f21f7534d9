"""Callers who forge their number: nothing of it may become an event of Asterisk's manager."""

from __future__ import annotations

import asyncio

import pytest

from simulation.ports import free_port
from tests.asterisk_fixture import LogIn, StartAsterisk
from tests.sip_fixture import RtpEar, Sipp, caller_scenario

pytestmark = pytest.mark.integration

FORGED = "138%0D%0A%0D%0AEvent%3A%20Hangup%0D%0AUniqueid%3A%20victim-1.0%0D%0AX%3A%201"


@pytest.mark.parametrize("talk_ms", [800, 0])
async def test_a_number_with_line_feeds_forges_no_manager_event(
    asterisk: StartAsterisk, ami_of: LogIn, sipp: Sipp, ear: RtpEar, talk_ms: int
) -> None:
    child = await asterisk()
    ami = await ami_of(child)
    target = f"127.0.0.1:{child.settings.sip_udp}"
    forger = await sipp.start(caller_scenario("12345", FORGED, ear.port, talk_ms=talk_ms), free_port(), target)
    assert await forger.wait() == 0
    honest = await sipp.start(caller_scenario("12345", "13800000001", ear.port, talk_ms=300), free_port(), target)
    seen: list[dict[str, str]] = []
    async with asyncio.timeout(30):
        while not (seen and seen[-1].get("Event") == "Hangup" and seen[-1].get("CallerIDNum") == "13800000001"):
            seen.append(await ami.read())
    assert await honest.wait() == 0
    assert all("victim" not in value for message in seen for value in message.values())
    assert len({message.get("Uniqueid") for message in seen if message.get("Event") == "Hangup"}) == 2
