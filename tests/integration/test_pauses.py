"""Recordings that are paused: what was said meanwhile is in none of them, and what was said around it is."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from center.records import RecordingRecord
from messages import events
from messages.errors import Refused
from messages.ids import AgentId, Phone
from messages.values import Verb
from recording.gaps import parsed
from recording.recording import recording_of
from tests.integration.test_voices import begin_high, speak
from tests.integration.tones import WINDOW, Heard, sides
from tests.integration.town import CITIZEN, ON_DEMAND, OUTSIDE, PITCHES, Town, agent, outside

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

CITIZENS, A1, A2, DEPARTMENT = (PITCHES[number] for number in (CITIZEN, "1001", "1002", OUTSIDE))
SECRET = 2300
"""What the citizen hums while a card number is given; the agent repeats it an octave and a half lower."""
REPEATED = 860
SAID_S = 1.2
NOT_A_PACKET_DB = -38
"""One packet of 20 ms of a pitch is at -26 dB in its window; another pitch's sudden end, below -45."""
PACKET_S = 0.2
"""Seconds that sound takes through phones, buffers and windows."""


async def give_the_card_number(town: Town, seat: str = "1001") -> None:
    """Let citizen and agent say what is not for keeping, and have it said to the end."""
    town.caller.media.tone_hz, town[seat].media.tone_hz = SECRET, REPEATED
    await asyncio.sleep(SAID_S)
    town.caller.media.tone_hz, town[seat].media.tone_hz = CITIZENS, PITCHES[seat]
    await asyncio.sleep(PACKET_S)


class Tape:
    """A finished recording: its row and what is heard in it."""

    def __init__(self, town: Town, record: RecordingRecord) -> None:
        self.record = record
        left, right = sides(town.settings.recordings / f"{record.recording}.wav")
        ones = (CITIZENS, A1, A2, DEPARTMENT, SECRET, REPEATED)
        self.left, self.right = Heard(left, ones), Heard(right, ones)
        print(f"\n{record.recording} {record.gaps}\n  left  {self.left.said()}\n  right {self.right.said()}")

    def keeps_the_secret(self) -> None:
        """Check that nothing of what was said in the pause is in it, on neither side."""
        for hz in (SECRET, REPEATED):
            assert self.left.loudest(hz) < NOT_A_PACKET_DB
            assert self.right.loudest(hz) < NOT_A_PACKET_DB

    def silent_in_its_gaps(self) -> float:
        """Check that the citizen is heard outside the gaps and nobody inside; return the gaps' seconds."""
        total = 0.0
        levels = self.left.levels[CITIZENS]
        for gap in parsed(self.record.gaps):
            assert gap.until is not None
            since, until = ((at - self.record.started_at).total_seconds() for at in (gap.since, gap.until))
            total += until - since
            margin = round(PACKET_S / (WINDOW / 8000))
            first, last = int(since * 10), int(until * 10)
            assert all(db < -60 for db in levels[first + margin : last - margin]), "silence in the pause"
            assert all(db > -24 for db in levels[max(0, first - 6) : first - margin]), "the citizen just before it"
            assert all(db > -24 for db in levels[last + margin : last + 5]), "the citizen just after it"
        return total


async def tapes(town: Town) -> list[Tape]:
    """Return the finished recordings, in order."""
    await town.until(events.ContactEnded)
    await town.comes_to(lambda: town.books.open_recordings(), "recordings")
    return [Tape(town, record) for record in sorted(town.books.recordings, key=lambda one: one.started_at)]


async def test_what_is_said_in_a_pause_is_silence_and_the_rest_is_there(town: Town) -> None:
    call, leg = await town.talk()
    await speak()
    await town.do(Verb.PAUSE_RECORDING, call)
    paused = await town.until(events.RecordingPaused, call=call)
    assert (paused.recording, paused.agent, paused.by) == (recording_of(leg), AgentId("a1"), "tester")
    await give_the_card_number(town)
    await town.do(Verb.RESUME_RECORDING, call)
    await speak()
    town.caller.hang_up()
    [tape] = await tapes(town)
    tape.keeps_the_secret()
    assert tape.silent_in_its_gaps() > SAID_S
    assert tape.left.seconds > 3 * SAID_S, "the pause keeps its place in time"


async def test_a_pause_lasts_through_hold_and_ends_with_a_transfer(town: Town) -> None:
    begin_high(town)
    call, _ = await town.talk()
    await speak()
    await town.do(Verb.PAUSE_RECORDING, call)
    await town.do(Verb.HOLD, call)
    await asyncio.sleep(0.4)
    await town.do(Verb.RESUME, call)
    await give_the_card_number(town)
    await town.ready("a2")
    await town.do(Verb.TRANSFER, call, target=agent("a2"))
    await town.until(events.CallAnswered, agent=AgentId("a2"))
    await speak()
    town.caller.hang_up()
    first, second = await tapes(town)
    first.keeps_the_secret()
    second.keeps_the_secret()
    assert first.record.gaps and not second.record.gaps
    assert parsed(first.record.gaps)[-1].until is not None, "closed with the recording"
    assert second.left.share(CITIZENS) > 0.85
    assert second.right.share(A2) > 0.85


async def test_who_joins_and_leaves_during_a_pause_does_not_end_it(town: Town) -> None:
    call, _ = await town.talk()
    await speak()
    await town.do(Verb.PAUSE_RECORDING, call)
    town.caller.media.tone_hz = SECRET
    await town.do(Verb.THREE_WAY, call, target=outside())
    party = await town.until(events.CallAnswered, phone=Phone(OUTSIDE))
    await asyncio.sleep(SAID_S)
    town.outside.hang_up()
    await town.until(events.LegEnded, leg=party.leg)
    await asyncio.sleep(SAID_S)
    town.caller.media.tone_hz = CITIZENS
    await asyncio.sleep(PACKET_S)
    await town.do(Verb.RESUME_RECORDING, call)
    await speak()
    town.caller.hang_up()
    first, second = await tapes(town)
    first.keeps_the_secret()
    second.keeps_the_secret()
    assert first.left.levels[CITIZENS][-3] > -24, "recorded again at the end"
    assert second.record.gaps


async def test_a_pause_ends_by_itself(town: Town) -> None:
    call, _ = await town.talk()
    await town.until(events.RecordingStarted, call=call)
    settings = town.center.state.settings
    await speak()
    await town.do(Verb.PAUSE_RECORDING, call)
    paused = await town.until(events.RecordingPaused, call=call)
    assert paused.until - paused.occurred <= timedelta(seconds=settings.pause_at_most_s + 1)
    resumed = await town.until(events.RecordingResumed, settings.pause_at_most_s + 10, call=call)
    assert resumed.by is None
    assert resumed.occurred >= paused.until
    await speak()
    town.caller.hang_up()
    [tape] = await tapes(town)
    assert tape.silent_in_its_gaps() >= settings.pause_at_most_s


async def test_on_demand_only_what_was_asked_for_is_recorded_each_time_in_a_file_of_its_own(town: Town) -> None:
    call, leg = await town.talk(did=ON_DEMAND)
    town.caller.media.tone_hz = SECRET
    await asyncio.sleep(SAID_S)
    with pytest.raises(Refused, match="not being recorded"):
        await town.ask(Verb.PAUSE_RECORDING, call)
    town.caller.media.tone_hz = CITIZENS
    await asyncio.sleep(PACKET_S)
    for _ in range(2):
        await town.do(Verb.START_RECORDING, call)
        await speak()
        await town.do(Verb.STOP_RECORDING, call)
        town.caller.media.tone_hz = SECRET
        await asyncio.sleep(SAID_S)
        town.caller.media.tone_hz = CITIZENS
        await asyncio.sleep(PACKET_S)
    town.caller.hang_up()
    found = await tapes(town)
    assert [tape.record.recording for tape in found] == [recording_of(leg), recording_of(leg, 1)]
    for tape in found:
        tape.keeps_the_secret()
        assert tape.left.share(CITIZENS) > 0.85
        assert tape.right.share(A1) > 0.85
