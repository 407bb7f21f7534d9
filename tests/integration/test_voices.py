"""Who is heard in each recording: the citizen on the left, on the right exactly the parties of that leg."""

from __future__ import annotations

import asyncio

import pytest

from center.records import LegRecord
from messages import events, requests
from messages.ids import AgentId, LegId, Phone
from messages.values import Verb
from recording.recording import recording_of
from tests.integration.hall import BY
from tests.integration.tones import Heard, sides
from tests.integration.town import CITIZEN, OUTSIDE, PITCHES, POLICE_HZ, Town, agent, outside, proof_only

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

CITIZENS, A1, A2, DEPARTMENT = (PITCHES[number] for number in (CITIZEN, "1001", "1002", OUTSIDE))
ALL = (CITIZENS, A1, A2, DEPARTMENT, POLICE_HZ, PITCHES["9001"])
SPEECH_S = 1.2
"""Seconds that each part of a talk lasts."""


def begin_high(town: Town) -> None:
    """Let the first agent's RTP count higher than that of whoever speaks after: so it is every other time."""
    town["1001"].media.sequence = 20_000


async def speak() -> None:
    """Let them talk."""
    await asyncio.sleep(SPEECH_S)


class Recorded:
    """The two sides of one leg's recording."""

    def __init__(self, town: Town, leg: LegId) -> None:
        left, right = sides(town.settings.recordings / f"{recording_of(leg)}.wav")
        self.left, self.right = Heard(left, ALL), Heard(right, ALL)
        print(f"\n{leg}\n  left  {self.left.said()}\n  right {self.right.said()}")

    def holds(self, *right: int, left: int = CITIZENS, most: float = 0.85) -> None:
        """Check who is heard: on the left one, on the right these for most of the time, and nobody else ever."""
        assert self.left.share(left) >= most
        for hz in ALL:
            if hz != left:
                assert self.left.share(hz) == 0, f"{hz} Hz on the left"
            if hz in right:
                assert self.right.share(hz) >= most, f"{hz} Hz on the right"
            else:
                assert self.right.share(hz) == 0, f"{hz} Hz on the right"


async def recordings(town: Town) -> list[Recorded]:
    """Return the finished recordings of the talks, in order."""
    await town.until(events.ContactEnded)
    await town.comes_to(lambda: town.books.open_recordings(), "recordings")
    talks = sorted((leg for leg in town.books.legs if leg.answered_at), key=_answered)
    return [Recorded(town, leg.leg) for leg in talks]


def _answered(leg: LegRecord) -> float:
    assert leg.answered_at is not None
    return leg.answered_at.timestamp()


@proof_only
async def test_a_plain_talk(town: Town) -> None:
    await town.talk()
    await speak()
    town.caller.hang_up()
    [one] = await recordings(town)
    one.holds(A1)
    assert abs(one.left.seconds - SPEECH_S) < 0.4


@proof_only
async def test_each_agent_of_a_transferred_citizen_has_a_recording_of_their_own(town: Town) -> None:
    begin_high(town)
    call, _ = await town.talk()
    await speak()
    await town.ready("a2")
    await town.do(Verb.TRANSFER, call, target=agent("a2"))
    await town.until(events.CallAnswered, agent=AgentId("a2"))
    await speak()
    town.caller.hang_up()
    first, second = await recordings(town)
    first.holds(A1)
    second.holds(A2)


async def test_the_private_talk_of_a_consultation_is_in_no_recording_of_the_citizens(town: Town) -> None:
    begin_high(town)
    call, _ = await town.talk()
    await speak()
    await town.ready("a2")
    await town.do(Verb.CONSULT, call, target=agent("a2"))
    await speak()
    await town.do(Verb.COMPLETE, call)
    await town.until(events.CallAnswered, agent=AgentId("a2"))
    await speak()
    town.caller.hang_up()
    first, second = await recordings(town)
    assert first.left.share(CITIZENS) > 0.8
    assert 0.2 < first.right.share(A1) < 0.75, "until the consultation, and not during it"
    assert first.right.share(A2) == 0, "whom the agent consults is not heard before it is over"
    second.holds(A2)


@proof_only
async def test_in_a_three_way_call_both_are_heard(town: Town) -> None:
    call, leg = await town.talk()
    await town.do(Verb.THREE_WAY, call, target=outside())
    party = await town.until(events.CallAnswered, phone=Phone(OUTSIDE))
    await speak()
    await speak()
    town.outside.hang_up()
    await town.until(events.LegEnded, leg=party.leg)
    await speak()
    town.caller.hang_up()
    first, second = await recordings(town)
    assert first.right.share(A1) > 0.85
    assert 0.5 < first.right.share(DEPARTMENT) < 0.9, "until it leaves"
    second.holds(A1, DEPARTMENT)
    assert leg != party.leg


async def test_the_hand_over_to_the_police_is_recorded_without_a_gap(town: Town) -> None:
    begin_high(town)
    town.outside.media.tone_hz = POLICE_HZ
    call, leg = await town.talk()
    await speak()
    await town.do(Verb.EMERGENCY, call, digits="110")
    await town.until(events.CallAnswered, phone=Phone("110"))
    await speak()
    await town.do(Verb.LEAVE, call)
    await town.until(events.LegEnded, leg=leg)
    await speak()
    town.caller.hang_up()
    first, second = await recordings(town)
    assert first.right.share(A1) > 0.8
    assert 0.2 < first.right.share(POLICE_HZ) < 0.8
    assert second.right.share(POLICE_HZ) > 0.85
    assert 0.2 < second.right.share(A1) < 0.8
    tapes = {record.leg: record for record in town.books.recordings}
    talks = {record.leg: record for record in town.books.legs}
    for record, heard in zip(sorted(talks.values(), key=_answered), (first, second), strict=True):
        began_s = (tapes[record.leg].started_at - record.answered_at).total_seconds()  # type: ignore[operator]
        talked_s = (record.ended_at - record.answered_at).total_seconds()  # type: ignore[operator]
        print(f"  talked {talked_s:.3f} s, recorded {heard.left.seconds:.3f} s, begun {began_s * 1000:.1f} ms after")
        assert began_s < 0.1
        assert talked_s - heard.left.seconds < 0.25, "the gap as the agent leaves"


@proof_only
async def test_who_takes_a_call_over_is_recorded(town: Town) -> None:
    begin_high(town)
    call, _ = await town.talk()
    await speak()
    await town.do(Verb.TAKE_OVER, call, None, phone=Phone("9001"))
    await speak()
    town.caller.hang_up()
    first, second = await recordings(town)
    assert first.right.share(A1) > 0.85
    assert second.right.share(PITCHES["9001"]) > 0.8
    assert second.right.share(A1) < 0.3


@proof_only
async def test_a_call_dialled_out_is_recorded_after_its_notice(town: Town) -> None:
    await town.ready("a1")
    await town.loop.ask(requests.DialOut(by=BY, agent=AgentId("a1"), number=OUTSIDE))
    await town.until(events.CallAnswered)
    await speak()
    town.outside.hang_up()
    await town.until(events.ContactEnded)
    [one] = await recordings(town)
    assert one.left.share(PITCHES[OUTSIDE]) > 0.8
    assert one.right.share(A1) > 0.8
