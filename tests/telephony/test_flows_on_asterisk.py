"""A flow with a menu on a real Asterisk: keys pressed, wrong, and none at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from ivr.reading import read
from messages import facts
from messages.values import Need
from tests.sip_fixture import eventually
from tests.telephony.floor import Floor, open_floor

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

MENU = """
language: zh
queue: city
steps:
  - {do: notice}
  - {do: menu, label: main, prompt: greeting, keys: {1: social, 0: human}, otherwise: human, seconds: 1, attempts: 2}
  - {do: set, label: social, priority: 5, needs: [{skill: social, level: 2}]}
  - {do: queue, queue: social}
  - {do: queue, label: human, queue: city}
"""

HOURS = """
queue: city
steps:
  - {do: hours, calendar: office, closed: night}
  - {do: queue, queue: city}
  - {do: queue, label: night, queue: night}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened(tmp_path_factory: pytest.TempPathFactory, asterisk_root: Path) -> AsyncIterator[Floor]:
    """Give one floor for all tests, whose number has a menu."""
    async with open_floor(tmp_path_factory.mktemp("flows"), asterisk_root) as floor:
        floor.flows["12345"] = read(MENU).flow
        yield floor


@pytest_asyncio.fixture(loop_scope="module")
async def floor(opened: Floor) -> AsyncIterator[Floor]:
    """Give the floor with nobody on the phone."""
    yield opened
    await opened.quiet()


async def queued_after(floor: Floor, *keys: tuple[float, str]) -> facts.CallQueued:
    """Let the citizen call and press keys, each so many seconds after the one before; return how they are queued."""
    floor.mark()
    floor.citizen.call("12345", (floor.settings.host, floor.settings.sip_udp))
    call = (await floor.until(facts.CallArrived)).call
    for seconds, key in keys:
        await asyncio.sleep(seconds)
        channel = floor.bridge.channels.citizen_of(call) or next(iter(floor.bridge.script.held.values())).channel
        await floor.bridge.link.action("PlayDTMF", {"Channel": channel, "Digit": key, "Receive": "true"})
    return await floor.until(facts.CallQueued, 15.0)


async def test_a_key_leads_where_the_menu_says_and_the_centre_is_told_what_was_keyed(floor: Floor) -> None:
    queued = await queued_after(floor, (1.2, "1"))
    assert (queued.queue, queued.priority, queued.needs) == ("social", 5, (Need("social", 2),))
    assert queued.noticed
    assert [step.rpartition("=")[2] for step in queued.path] == ["1"]
    assert 0 < queued.menu_s < 5


async def test_who_presses_nothing_is_queued_all_the_same(floor: Floor) -> None:
    queued = await queued_after(floor)
    assert (queued.queue, queued.priority) == ("city", 0)


async def test_a_wrong_key_is_told_and_asked_for_again(floor: Floor) -> None:
    queued = await queued_after(floor, (1.2, "7"), (1.2, "1"))
    assert queued.queue == "social"


async def test_who_hangs_up_in_the_menu_is_gone_and_held_by_nobody(floor: Floor) -> None:
    floor.mark()
    floor.citizen.call("12345", (floor.settings.host, floor.settings.sip_udp))
    await floor.until(facts.CallArrived)
    await asyncio.sleep(1.0)
    floor.citizen.hang_up()
    await floor.until(facts.CallHungUp)
    assert not [fact for fact in floor.facts[floor.seen :] if isinstance(fact, facts.CallQueued)]
    await eventually(lambda: not floor.bridge.script.held, 5)


async def test_hours_lead_elsewhere_while_the_calendar_says_closed(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(floor.flows, "12345", read(HOURS).flow)
    monkeypatch.setattr(floor, "closed", {"office"})
    assert (await queued_after(floor)).queue == "night"
    await floor.quiet()
    floor.closed.clear()
    assert (await queued_after(floor)).queue == "city"
