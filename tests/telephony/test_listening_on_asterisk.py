"""Who is heard by whom while a supervisor listens, whispers and barges in, on a real Asterisk with real RTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from messages import commands, facts
from messages.ids import CallId, LegId, Phone, SessionId
from messages.values import LegEnd, ListeningMode
from tests.telephony.floor import Floor, open_floor

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

LISTENER = "1003"
HEARD = 10
"""Packets of the half second: less is what was still on its way."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened(tmp_path_factory: pytest.TempPathFactory, asterisk_root: Path) -> AsyncIterator[Floor]:
    """Give one floor for all tests."""
    async with open_floor(tmp_path_factory.mktemp("listening"), asterisk_root) as floor:
        yield floor


@pytest_asyncio.fixture(loop_scope="module")
async def floor(opened: Floor) -> AsyncIterator[Floor]:
    """Give the floor with nobody on the phone."""
    yield opened
    for phone in opened.phones.values():
        phone.media.hums = False
    await opened.quiet()


async def listening(floor: Floor, mode: ListeningMode = ListeningMode.LISTEN) -> tuple[CallId, LegId, SessionId]:
    """Let a supervisor hear a talk."""
    call, leg = await floor.talk()
    session = SessionId(f"session-{call}")
    floor.do(commands.StartSpy, session=session, leg=leg, phone=Phone(LISTENER), mode=mode)
    await floor.until(facts.SpyStarted, session=session, spied=leg)
    return call, leg, session


async def switch(floor: Floor, session: SessionId, mode: ListeningMode) -> None:
    """Go on in another mode."""
    floor.mark()
    floor.do(commands.SwitchSpy, session=session, mode=mode)
    await floor.until(facts.SpySwitched, session=session, mode=mode)
    assert not [fact for fact in floor.facts[floor.seen :] if isinstance(fact, facts.SpyStopped)]


async def hears(floor: Floor, speaker: str) -> set[str]:
    """Return who hears whom within half a second."""
    floor[speaker].media.hums = True
    await asyncio.sleep(0.3)
    ears = {"citizen": floor.citizen, "agent": floor["1001"], "listener": floor[LISTENER]}
    before = {name: phone.media.heard for name, phone in ears.items()}
    await asyncio.sleep(0.5)
    heard = {name for name, phone in ears.items() if phone.media.heard - before[name] > HEARD}
    floor[speaker].media.hums = False
    await asyncio.sleep(0.3)
    return heard


async def test_each_mode_lets_exactly_the_right_ones_hear_the_listener(floor: Floor) -> None:
    _, _, session = await listening(floor)
    assert await hears(floor, LISTENER) == set(), "who only listens is heard by nobody"
    assert await hears(floor, "1001") == {"citizen", "listener"}
    await switch(floor, session, ListeningMode.WHISPER)
    assert await hears(floor, LISTENER) == {"agent"}
    await switch(floor, session, ListeningMode.BARGE)
    assert await hears(floor, LISTENER) == {"agent", "citizen"}
    await switch(floor, session, ListeningMode.LISTEN)
    assert await hears(floor, LISTENER) == set()
    floor.do(commands.StopSpy, session=session)
    await floor.until(facts.SpyStopped, session=session, failed="")


async def test_a_session_may_begin_in_any_mode(floor: Floor) -> None:
    _, _, session = await listening(floor, ListeningMode.WHISPER)
    assert await hears(floor, LISTENER) == {"agent"}
    await switch(floor, session, ListeningMode.LISTEN)
    assert await hears(floor, LISTENER) == set()


async def test_no_key_of_the_listener_lets_them_be_heard_and_a_star_ends_it(floor: Floor) -> None:
    _, _, session = await listening(floor)
    channel = floor.bridge.channels.spyer_of(session) or ""
    for key in "#456":
        await floor.bridge.link.action("PlayDTMF", {"Channel": channel, "Digit": key, "Receive": "true"})
        await asyncio.sleep(0.1)
    assert await hears(floor, LISTENER) == set()
    assert await hears(floor, "1001") == {"citizen", "listener"}
    await floor.bridge.link.action("PlayDTMF", {"Channel": channel, "Digit": "*", "Receive": "true"})
    await floor.until(facts.SpyStopped, session=session)


async def test_the_call_ending_in_a_change_of_mode_ends_the_session(floor: Floor) -> None:
    _, leg, session = await listening(floor)
    floor.do(commands.SwitchSpy, session=session, mode=ListeningMode.WHISPER)
    floor.citizen.hang_up()
    await floor.until(facts.LegEnded, leg=leg, why=LegEnd.CITIZEN_HUNG_UP)
    await floor.until(facts.SpyStopped, session=session)


async def test_the_call_ending_in_a_change_of_mode_lets_who_follows_wait_for_the_next(floor: Floor) -> None:
    call, leg = await floor.talk()
    session, about = SessionId(f"session-{call}"), {"phone": Phone(LISTENER), "mode": ListeningMode.LISTEN}
    floor.do(commands.StartSpy, session=session, leg=leg, follows=True, **about)
    await floor.until(facts.SpyStarted, session=session, spied=leg)
    floor.do(commands.SwitchSpy, session=session, mode=ListeningMode.BARGE)
    floor.citizen.hang_up()
    await floor.until(facts.LegEnded, leg=leg)
    await floor.until(facts.SpyStopped, session=session, gone=False)
    await asyncio.wait_for(floor["1001"].over.wait(), 10)
    floor.mark()
    _, second = await floor.talk()
    floor.do(commands.StartSpy, session=session, leg=second, follows=True, rings=False, **about)
    await floor.until(facts.SpyStarted, session=session, spied=second)
    assert await hears(floor, LISTENER) == set(), "the change that came too late is not made up for"
    floor.do(commands.StopSpy, session=session)
    await floor.until(facts.SpyStopped, session=session, gone=True)


async def test_a_listener_who_is_gone_cannot_change_the_mode(floor: Floor) -> None:
    _, _, session = await listening(floor)
    floor[LISTENER].hang_up()
    await floor.until(facts.SpyStopped, session=session)
    await asyncio.sleep(0.2)
    floor.do(commands.SwitchSpy, session=session, mode=ListeningMode.BARGE)
    assert "gone" in (await floor.until(facts.OperationReported)).failed
