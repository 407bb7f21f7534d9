"""A registered phone that dies makes its agent not ready within the qualify time, and ready again when it is back."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from messages import events
from messages.ids import AgentId
from messages.values import AgentState, ContactOutcome, Reason
from telephony.asterisk.settings import Phone as PhoneSettings
from tests.integration.town import PHONES, Town, open_town
from tests.sip_phone import SipPhone, one

pytestmark = pytest.mark.integration

QUALIFY_S = 1
NOT_HEARD_S = 3.0
"""Asterisk's qualify_timeout: how long it waits for an answer."""


@pytest.fixture
async def watched(tmp_path: Path, asterisk_root: Path) -> AsyncIterator[Town]:
    """Give a town in which phones register, and are asked each second whether they are there."""
    seats = tuple(PhoneSettings(number=number, secret="a-test-secret") for number in PHONES)
    async with open_town(tmp_path, asterisk_root, phones=seats, qualify_seconds=QUALIFY_S) as town:
        yield town


async def register(town: Town, phone: SipPhone) -> None:
    """Register a phone, with the password Asterisk asks for."""
    server = (town.settings.host, town.settings.sip_udp)
    answer = await phone.register(server)
    realm, nonce = (re.findall(rf'{name}="([^"]*)"', one(answer, "WWW-Authenticate"))[0] for name in ("realm", "nonce"))
    uri = f"sip:{server[0]}:{server[1]}"
    ha1, ha2 = (_md5(text) for text in (f"{phone.number}:{realm}:a-test-secret", f"REGISTER:{uri}"))
    proof = f'Digest username="{phone.number}",realm="{realm}",nonce="{nonce}",uri="{uri}",algorithm=MD5'
    accepted = await phone.register(server, f'{proof},response="{_md5(f"{ha1}:{nonce}:{ha2}")}"')
    assert accepted.startswith("SIP/2.0 200"), accepted


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


async def test_a_phone_that_dies_makes_its_agent_not_ready_and_ready_again(watched: Town) -> None:
    town, a1, loop = watched, AgentId("a1"), asyncio.get_running_loop()
    await register(town, town["1001"])
    await town.until(events.PhoneChanged, phone="1001", reachable=True)
    await town.ready("a1")
    town.mark()
    town["1001"].unplug()
    died = loop.time()
    await town.until(events.AgentStateChanged, agent=a1, after=AgentState.NOT_READY, reason=Reason.DEAF_PHONE)
    print(f"\nnot ready {loop.time() - died:.2f} s after the phone died")
    assert loop.time() - died < QUALIFY_S + NOT_HEARD_S + 3
    call = await town.arrive()
    await asyncio.sleep(0.5)
    assert town.of(events.CallOffered) == [], "no offer reaches a deaf seat"
    await town["1001"].plug_in()
    back = loop.time()
    await register(town, town["1001"])
    await town.until(events.AgentStateChanged, agent=a1, after=AgentState.READY)
    print(f"ready {loop.time() - back:.2f} s after it was back")
    assert (await town.until(events.CallAnswered, call=call)).agent == "a1"
    town.caller.hang_up()
    await town.until(events.ContactEnded, outcome=ContactOutcome.ANSWERED)
    await town.settled()
