"""Every step of a flow on a real Asterisk, keyed by RFC 4733: what goes right, what goes wrong, and who hangs up."""

from __future__ import annotations

import array
import asyncio
import math
import os
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from ivr.reading import read
from messages import facts
from telephony import FALLBACK_QUEUE
from tests.sip_fixture import eventually
from tests.telephony.floor import CITIZEN, FactT, Floor, open_floor

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]
proof_only = pytest.mark.skipif(not os.environ.get("HOTLINE_PROOF"), reason="make proof")

PROMPTS = {"long": 3.0, "short": 0.2, "tale": 0.6, "en/tale": 1.8}
"""Seconds: how long something sounds tells which it was."""
MENU = "{do: menu, label: m, prompt: long, keys: {1: yes}, otherwise: no, seconds: 0.6, attempts: 2}"
ENDS = "{do: queue, label: yes, queue: one}, {do: queue, label: no, queue: none}"
COLLECT = (
    "{do: collect, label: c, prompt: short, into: id, least: 3, most: 4, seconds: 0.8, attempts: 2, otherwise: no}"
)
FORK = "{do: condition, value: id, begins: {12: yes}, otherwise: no}"
MESSAGE = "{do: message, prompt: short, most_s: 20}"
OURS = {"linkedid": ""}
"""An arrival that AGI told; AMI's knows the linkedid."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened(tmp_path_factory: pytest.TempPathFactory, asterisk_root: Path) -> AsyncIterator[Floor]:
    """Give one floor for all tests."""
    async with open_floor(tmp_path_factory.mktemp("steps"), asterisk_root) as floor:
        for name, seconds in PROMPTS.items():
            write_tone(floor.settings.instance / "prompts" / f"{name}.wav", seconds)
        yield floor


@pytest_asyncio.fixture(loop_scope="module")
async def floor(opened: Floor) -> AsyncIterator[Floor]:
    """Give the floor with nobody on the phone."""
    yield opened
    await opened.quiet()
    opened.citizen.media.tone_hz = 0


def write_tone(path: Path, seconds: float) -> None:
    """Write a prompt."""
    path.parent.mkdir(exist_ok=True)
    samples = array.array("h", (round(6000 * math.sin(0.35 * n)) for n in range(round(8000 * seconds))))
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(samples.tobytes())


async def call(floor: Floor, steps: str, *keys: tuple[float, str]) -> facts.CallArrived:
    """Let the citizen call a flow of these steps and press keys, each so many seconds after the one before."""
    flow = f"queue: city\nsteps: [{steps}]\nflows: {{sub: [{{do: say, prompt: short}}, {{do: set, priority: 2}}]}}\n"
    floor.flows["12345"] = read(flow).flow
    floor.mark()
    floor.citizen.media.heard = 0
    floor.citizen.call("12345", (floor.settings.host, floor.settings.sip_udp))
    arrived = await floor.until(facts.CallArrived, **OURS)
    for seconds, key in keys:
        await asyncio.sleep(seconds)
        floor.citizen.media.key(key)
    return arrived


async def queued(floor: Floor, steps: str, *keys: tuple[float, str]) -> facts.CallQueued:
    """Let the citizen call and press keys; return how they are queued."""
    await call(floor, steps, *keys)
    return await floor.until(facts.CallQueued, 20.0)


async def over(floor: Floor) -> list[facts.Fact]:
    """Wait until the call is over; return its facts, and none of a call before it, which AMI may tell late."""
    call = (await floor.until(facts.CallArrived, **OURS)).call
    await floor.until(facts.CallHungUp, 20.0, call=call)
    await eventually(lambda: not floor.bridge.script.held, 5)
    return [fact for fact in floor.facts[floor.seen :] if getattr(fact, "call", call) == call]


def of(kind: type[FactT], told: list[facts.Fact]) -> list[FactT]:
    """Return the facts of one kind."""
    return [fact for fact in told if isinstance(fact, kind)]


# say, notice, language, set, hours, condition, sub-flow: what asks for nothing


@pytest.mark.parametrize(("language", "seconds"), [("zh", PROMPTS["tale"]), ("en", PROMPTS["en/tale"])])
async def test_the_prompt_of_the_language_is_heard(floor: Floor, language: str, seconds: float) -> None:
    await queued(floor, f"{{do: language, language: {language}}}, {{do: say, prompt: tale}}, {{do: queue, queue: x}}")
    assert floor.citizen.media.heard == pytest.approx(seconds * 50, abs=15)


async def test_what_the_silent_steps_say_reaches_the_queue(floor: Floor) -> None:
    found = await queued(
        floor,
        "{do: flow, flow: sub}, {do: notice}, {do: set, needs: [{skill: tax}], confidential: true},"
        "{do: hours, calendar: always, open: yes, closed: no},"
        f"{{do: condition, label: yes, value: number, begins: {{'{CITIZEN[:3]}': go}}, otherwise: no}},"
        "{do: queue, label: no, queue: wrong}, {do: queue, label: go, queue: right}",
    )
    assert (found.queue, found.priority, found.noticed, found.confidential) == ("right", 2, True, True)
    assert [need.skill for need in found.needs] == ["tax"]
    assert (found.path, found.menu_s) == ((), 0.0)


@pytest.mark.parametrize("to", ["1001", "02988886666", "city"])
async def test_a_transfer_asks_the_centre_for_a_phone_an_outside_number_or_a_queue(floor: Floor, to: str) -> None:
    found = await queued(floor, f"{{do: say, prompt: short}}, {{do: transfer, to: '{to}'}}")
    assert (found.queue, found.asked) == ("", to)


# menu and collect


async def test_a_key_cuts_a_menu_short(floor: Floor) -> None:
    found = await queued(floor, f"{MENU}, {ENDS}", (0.5, "1"))
    assert (found.queue, found.path) == ("one", ("m=1",))
    assert found.menu_s < PROMPTS["long"] - 1


async def test_without_barge_in_a_key_during_the_prompt_is_not_heard(floor: Floor) -> None:
    menu = MENU.replace("attempts: 2", "attempts: 1, barge_in: false").replace("long", "tale")
    assert (await queued(floor, f"{menu}, {ENDS}", (0.3, "1"))).queue == "none"


@pytest.mark.parametrize(
    ("keys", "queue", "path"),
    [
        ("124", "one", ("c=124",)),
        ("1245", "one", ("c=1245",)),
        ("124#", "one", ("c=124",)),
        ("999#", "none", ("c=999",)),
    ],
)
async def test_digits_end_by_a_pause_their_number_or_a_hash(
    floor: Floor, keys: str, queue: str, path: tuple[str, ...]
) -> None:
    found = await queued(floor, f"{COLLECT}, {FORK}, {ENDS}", (0.6, keys[0]), *((0.3, key) for key in keys[1:]))
    assert (found.queue, found.path) == (queue, path)


async def test_digits_that_are_too_few_are_asked_for_again_and_then_it_goes_otherwise(floor: Floor) -> None:
    found = await queued(floor, f"{COLLECT}, {FORK}, {ENDS}", (0.6, "1"), (0.3, "#"))
    assert (found.queue, found.path) == ("none", ())
    assert found.menu_s > 1.6, "asked twice"


async def test_digits_beyond_the_most_do_not_answer_the_next_question(floor: Floor) -> None:
    keys = ((0.6, "1"), (0.3, "2"), (0.3, "4"), (0.3, "5"), (0.3, "1"))
    found = await queued(floor, f"{COLLECT}, {MENU.replace('long', 'short')}, {ENDS}", *keys)
    assert found.path[0] == "c=1245"


# callback and survey


async def test_who_takes_the_call_back_is_let_go(floor: Floor) -> None:
    await call(floor, "{do: callback, label: cb}, {do: queue, queue: x}", (0.5, "1"))
    told = await over(floor)
    assert of(facts.CallbackWanted, told) and not of(facts.CallQueued, told)
    [ended] = of(facts.FlowEnded, told)
    assert (ended.path, of(facts.CallHungUp, told)[0].by_citizen) == (("cb=1",), False)


async def test_who_does_not_take_it_goes_on(floor: Floor) -> None:
    found = await queued(floor, "{do: callback, seconds: 0.3}, {do: queue, queue: x}")
    assert (found.queue, of(facts.CallbackWanted, floor.facts[floor.seen :])) == ("x", [])


async def test_the_answer_to_a_survey_reaches_the_centre_although_the_call_ends_there(floor: Floor) -> None:
    await call(floor, "{do: survey, label: q, prompt: long}, {do: hang_up}", (0.5, "3"))
    [ended] = of(facts.FlowEnded, await over(floor))
    assert ended.path == ("q=3",)
    assert 0 < ended.menu_s < PROMPTS["long"]


# message


async def message(floor: Floor, speaks_s: float, then: str) -> tuple[str, list[facts.Fact]]:
    """Let the citizen speak for some seconds after the tone and press a key or hang up (empty)."""
    arrived = await call(floor, MESSAGE)
    floor.citizen.media.tone_hz = 700
    await floor.until(facts.RecordingStarted)
    await asyncio.sleep(0.4 + speaks_s)
    if then:
        floor.citizen.media.key(then)
    else:
        floor.citizen.hang_up()
    return str(arrived.contact), await over(floor)


@pytest.mark.parametrize("then", ["#", ""])
async def test_a_message_is_kept_whether_it_ends_by_hash_or_by_hanging_up(floor: Floor, then: str) -> None:
    contact, told = await message(floor, 2.0, then)
    [left], [stopped] = of(facts.MessageLeft, told), of(facts.RecordingStopped, told)
    assert (left.contact, left.number, left.recording) == (contact, CITIZEN, f"{contact}-message.wav")
    assert stopped.failed == ""
    with wave.open(str(floor.settings.recordings / left.recording)) as file:
        length = file.getnframes() / file.getframerate()
        loud = max(abs(one) for one in array.array("h", file.readframes(file.getnframes())))
    assert left.seconds == pytest.approx(length, abs=0.3)
    assert length == pytest.approx(2.0, abs=0.8)
    assert loud > 2000, "the citizen's voice is on it"
    assert not of(facts.CallQueued, told)


async def test_who_hangs_up_at_the_tone_left_no_message(floor: Floor) -> None:
    _, told = await message(floor, -0.35, "")
    assert not of(facts.MessageLeft, told)
    assert of(facts.RecordingStopped, told)[0].failed


async def test_where_no_message_can_be_written_the_caller_is_queued(floor: Floor) -> None:
    recordings = floor.settings.recordings
    mode = recordings.stat().st_mode & 0o777
    owner = recordings.stat()
    try:
        os.chown(recordings, 0, 0)
        recordings.chmod(0o500)
        found = await queued(floor, MESSAGE)
    finally:
        os.chown(recordings, owner.st_uid, owner.st_gid)
        recordings.chmod(mode)
    assert found.queue == "city"
    assert of(facts.RecordingStopped, floor.facts[floor.seen :])[0].failed


# in each step: the citizen leaves, a prompt is missing, our link breaks

ASKS = {
    "menu": f"{MENU}, {ENDS}",
    "collect": f"{COLLECT.replace('short', 'long')}, {ENDS}",
    "survey": "{do: survey, prompt: long}, {do: queue, queue: none}",
    "callback": "{do: callback, prompt: long}, {do: queue, queue: none}",
}
PLAYS = {
    "say": "{do: say, prompt: long}, {do: queue, queue: none}",
    "notice": "{do: notice, prompt: long}, {do: queue, queue: none}",
    "hang_up": "{do: hang_up, prompt: long}",
    "message": "{do: message, prompt: long}",
}
EACH = {**ASKS, **PLAYS}
FAST = "menu"


def each(*left_out: str) -> list[object]:
    """Return every step that takes time, most of them for `make proof`."""
    return [pytest.param(name, marks=[] if name == FAST else [proof_only]) for name in EACH if name not in left_out]


@pytest.mark.parametrize("step", each())
async def test_who_hangs_up_in_a_step_is_held_by_nobody_and_the_seconds_are_known(floor: Floor, step: str) -> None:
    await call(floor, EACH[step])
    await asyncio.sleep(0.6)
    floor.citizen.hang_up()
    told = await over(floor)
    assert not of(facts.CallQueued, told) and of(facts.CallHungUp, told)[0].by_citizen
    assert [ended.menu_s > 0.3 for ended in of(facts.FlowEnded, told)] == ([True] if step in ASKS else [])


@pytest.mark.parametrize("step", each("hang_up"))
async def test_a_step_without_its_prompt_loses_nobody(floor: Floor, step: str) -> None:
    await call(floor, EACH[step].replace("long", "nowhere"))
    if step == "message":
        assert await floor.until(facts.RecordingStarted), "the tone asks for it all the same"
    else:
        found = await floor.until(facts.CallQueued)
        assert (found.queue, found.noticed) == ("none", False)


@pytest.mark.parametrize("step", each())
async def test_a_link_that_breaks_in_a_step_leads_to_the_safety_net(floor: Floor, step: str) -> None:
    await call(floor, EACH[step])
    await asyncio.sleep(0.6)
    for held in floor.bridge.script.held.values():
        held.session.close()
    found = await floor.until(facts.CallQueued, by_asterisk=True)
    assert found.queue == FALLBACK_QUEUE
