"""What the waiting hear, and the survey after the talk, on a real Asterisk with real RTP."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from ivr.flow import FlowSettings, flow_for
from ivr.texts import TEXTS
from messages import commands, facts
from messages.ids import CallId
from messages.values import Verb
from tests.sip_fixture import eventually
from tests.telephony.floor import Floor, now, open_floor

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

LONG_S, SHORT_S = 4.0, 0.5


def write_prompt(directory: Path, name: str, seconds: float) -> None:
    """Write a prompt of a tone's length."""
    with wave.open(str(directory / f"{name}.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(b"\x00\x10\x00\xf0" * round(seconds * 4000))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened(tmp_path_factory: pytest.TempPathFactory, asterisk_root: Path) -> AsyncIterator[Floor]:
    """Give one floor for all tests, with a long word of comfort and a survey."""
    directory = tmp_path_factory.mktemp("waiting")
    async with open_floor(directory, asterisk_root) as floor:
        prompts = Path(floor.settings.prompts_dir)
        for name in TEXTS:
            write_prompt(prompts, name, SHORT_S)
        write_prompt(prompts, "comfort", LONG_S)
        used = floor.settings.instance / "prompts"
        for name in ("comfort", "callback-offer", "callback-taken", "survey", "goodbye", "position-2"):
            (used / f"{name}.wav").write_bytes((prompts / f"{name}.wav").read_bytes())
        floor.flows["12345"] = flow_for("12345", FlowSettings(survey=True))
        yield floor


@pytest_asyncio.fixture(loop_scope="module")
async def floor(opened: Floor) -> AsyncIterator[Floor]:
    """Give the floor with nobody on the phone."""
    yield opened
    await opened.quiet()


async def key(floor: Floor, call: CallId, digit: str) -> None:
    """Press a citizen's key."""
    channel = floor.bridge.script.held[call].channel
    await floor.bridge.link.action("PlayDTMF", {"Channel": channel, "Digit": digit, "Receive": "true"})


async def test_an_announcement_never_delays_an_offer(floor: Floor) -> None:
    call = await floor.arrive()
    for pause_s in (0.3, 1.0, 0.0):
        floor.do(commands.Announce, call=call, comfort="comfort", position=2, minutes=None)
        await asyncio.sleep(pause_s)
        floor.mark()
        floor["1001"].refuses = "486 Busy Here"
        offered = now()
        floor.offer(call, {"1": "1001"})
        returned = await floor.until(facts.DialReturned)
        assert (returned.occurred - offered).total_seconds() < 1.5 < LONG_S - pause_s
        floor["1001"].refuses = ""
    floor.mark()
    floor.offer(call, {"2": "1001"})
    await floor.until(facts.LegAnswered)
    assert floor["1001"].media.digits == "", "the agent hears no key of ours"


async def test_a_call_back_is_taken_by_key_during_or_after_the_offer(floor: Floor) -> None:
    for pause_s in (0.2, SHORT_S + 0.5):
        call = await floor.arrive()
        floor.do(commands.Announce, call=call, callback=True)
        await asyncio.sleep(pause_s)
        await key(floor, call, "1")
        await floor.until(facts.CallbackWanted)
        await floor.until(facts.CallHungUp, by_citizen=False)
        await floor.quiet()


async def test_who_presses_nothing_waits_on_and_is_offered(floor: Floor) -> None:
    call = await floor.arrive()
    floor.do(commands.Announce, call=call, callback=True)
    await asyncio.sleep(SHORT_S + 0.3)
    floor.mark()
    offered = now()
    floor.offer(call, {"1": "1001"})
    answered = await floor.until(facts.LegAnswered)
    assert (answered.occurred - offered).total_seconds() < 2.0, "the wait for a key was cut short"
    assert not [fact for fact in floor.facts[floor.seen :] if isinstance(fact, facts.CallbackWanted)]


async def test_the_agents_hang_up_asks_the_citizen_and_the_key_is_told(floor: Floor) -> None:
    call, leg = await floor.talk()
    floor["1001"].hang_up()
    await floor.until(facts.LegEnded, leg=leg)
    await floor.until(facts.SurveyAsked, call=call, question="survey")
    await asyncio.sleep(0.2)
    await key(floor, call, "2")
    answered = await floor.until(facts.SurveyAnswered)
    assert (answered.key, answered.satisfied) == ("2", True)
    await floor.until(facts.CallHungUp, by_citizen=False)


async def test_a_citizen_who_hangs_up_first_or_in_the_survey_is_let_go(floor: Floor) -> None:
    await floor.talk()
    floor.citizen.hang_up()
    await floor.until(facts.CallHungUp)
    await floor.quiet()
    assert not [fact for fact in floor.facts[floor.seen :] if isinstance(fact, facts.SurveyAsked)]
    await floor.talk()
    floor["1001"].hang_up()
    await floor.until(facts.SurveyAsked)
    floor.citizen.hang_up()
    await floor.until(facts.CallHungUp, by_citizen=True)
    await eventually(lambda: not floor.bridge.script.held, 5)
    assert not [fact for fact in floor.facts[floor.seen :] if isinstance(fact, facts.SurveyAnswered)]


async def test_who_is_passed_on_is_asked_only_after_the_last_agent(floor: Floor) -> None:
    call, leg = await floor.talk()
    floor.act(Verb.TRANSFER, call, leg)
    await floor.until(facts.CallQueued)
    assert not [fact for fact in floor.facts[floor.seen :] if isinstance(fact, facts.SurveyAsked)]
    floor.offer(call, {"2": "1002"})
    await floor.until(facts.LegAnswered)
    await asyncio.sleep(0.2)
    floor["1002"].hang_up()
    await floor.until(facts.SurveyAsked)
