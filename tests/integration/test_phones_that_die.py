"""A phone that dies in mid-conversation costs the citizen nothing but a moment: another agent goes on with them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from messages import events
from messages.ids import AgentId
from messages.values import AgentState, ContactOutcome, LegEnd, Reason
from tests.integration.town import Town, open_town

pytestmark = pytest.mark.integration

SILENT_S = 2


@pytest.fixture
async def town(tmp_path: Path, asterisk_root: Path) -> AsyncIterator[Town]:
    """Give a town in which a phone may be silent for so long."""
    async with open_town(tmp_path, asterisk_root, rtp_timeout_seconds=SILENT_S) as town:
        yield town


async def test_the_citizen_of_a_phone_unplugged_in_mid_talk_goes_on_with_another_agent(town: Town) -> None:
    call, leg = await town.talk("a1")
    town["1001"].unplug()
    ended = await town.until(events.LegEnded, leg=leg)
    assert (ended.why, ended.talked) == (LegEnd.PHONE_DIED, True)
    queued = await town.until(events.CallQueued, call=call, queue="12345", noticed=True)
    assert queued.by_asterisk is False
    await town.until(
        events.AgentStateChanged, agent=AgentId("a1"), after=AgentState.NOT_READY, reason=Reason.DEAF_PHONE
    )
    await town.ready("a2")
    assert (await town.until(events.CallAnswered, call=call, agent=AgentId("a2"))).leg != leg
    assert town.of(events.CallTransferred) == [], "nobody passed the citizen on"
    town["1002"].hang_up()
    await town.until(events.ContactEnded, outcome=ContactOutcome.ANSWERED)
    await town["1001"].plug_in()
    await town.settled()


async def test_a_citizen_who_sends_nothing_is_not_cut_off(town: Town) -> None:
    await town.talk("a1")
    town.caller.media.send_to(None)
    await asyncio.sleep(SILENT_S + 2)
    assert town.of(events.LegEnded) == []
    town["1001"].hang_up()
    await town.until(events.ContactEnded)
    await town.settled()
