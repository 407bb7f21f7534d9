"""Listening by agent, to a queue's next call, with leave, by several: who hears whom, and what is recorded of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from center.records import HearingRecord, ListeningRecord
from messages import events, requests
from messages.ids import AgentId, CallId, Phone, QueueId, SessionId, UserId
from messages.values import ListeningEnd, ListeningMode, Role, Verb
from supervision.governance import ListeningRule, SupervisionSettings
from supervision.listening import ListeningStage
from tests.integration.ears import ears
from tests.integration.hall import BY
from tests.integration.town import CITIZEN, SECOND, TOWN, Town, agent, open_town
from tests.sip_fixture import eventually

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

CHIEF = UserId("chief")
LISTENER = "9001"
LIMIT_S = 4.0
RULES = SupervisionSettings(
    rules=(
        ListeningRule(roles=(Role.SUPERVISOR,), modes=tuple(ListeningMode), tell_agent=True),
        ListeningRule(roles=(Role.LEADER,), approval=True, limit_s=LIMIT_S),
    )
)
HAND = (ListeningMode.LISTEN, ListeningMode.WHISPER, ListeningMode.BARGE)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened_town(tmp_path_factory: pytest.TempPathFactory, asterisk_root: Path) -> AsyncIterator[Town]:
    """Give one town whose leaders need leave."""
    rules = msgspec.structs.replace(TOWN, supervision=RULES)
    async with open_town(tmp_path_factory.mktemp("town"), asterisk_root, rules) as town:
        yield town


async def listen(town: Town, phone: str = LISTENER, *, by: UserId = BY, **what: Any) -> SessionId:
    """Let somebody, a supervisor unless it is said, listen."""
    asked = {"roles": (Role.SUPERVISOR,), "purpose": "coaching"} | what
    reply = await town.loop.ask(requests.StartListening(by=by, phone=Phone(phone), **asked))
    return SessionId(reply.id)


async def heard(town: Town, session: SessionId, **having: Any) -> events.ListeningStarted:
    """Wait until a session hears a call."""
    return await town.until(events.ListeningStarted, session=session, **having)


async def switch(town: Town, session: SessionId, mode: ListeningMode) -> None:
    """Go on in another mode."""
    await town.loop.ask(requests.SwitchListening(by=BY, session=session, mode=mode))
    await town.until(events.ListeningModeChanged, session=session, mode=mode)


async def stop(town: Town, session: SessionId) -> events.ListeningEnded:
    """End a session."""
    await town.loop.ask(requests.StopListening(by=BY, session=session))
    return await town.until(events.ListeningEnded, session=session)


def stage(town: Town, session: SessionId) -> ListeningStage | None:
    """Return how far a session has come; None for one that is over."""
    found = town.center.state.listening.get(session)
    return found.stage if found else None


def kept(town: Town, session: SessionId) -> tuple[ListeningRecord, list[HearingRecord]]:
    """Return what is kept of a session, and of each call it heard."""
    books = town.books
    [record] = [one for one in books.of(ListeningRecord) if one.session == session]
    return record, [one for one in books.of(HearingRecord) if one.session == session]


async def test_a_session_follows_an_agent_from_call_to_call_and_is_heard_by_nobody(town: Town) -> None:
    first, _ = await town.talk()
    session = await listen(town, agent=AgentId("a1"))
    await heard(town, session, call=first)
    talk = {CITIZEN: {"1001"}, "1001": {CITIZEN}, LISTENER: {CITIZEN, "1001"}}
    assert await ears(town, *talk) == talk
    await switch(town, session, ListeningMode.WHISPER)
    assert await ears(town, *talk) == talk | {"1001": {CITIZEN, LISTENER}}
    town.caller.hang_up()
    await town.until(events.ListeningWaiting, session=session)
    assert await ears(town, LISTENER) == {LISTENER: set()}
    assert town[LISTENER].talking.is_set(), "the listener's phone stays off the hook between calls"
    await town.loop.ask(requests.GoReady(by=BY, agent=AgentId("a1")))
    second = await town.arrive(citizen=town.second)
    assert (await heard(town, session, call=second)).mode is ListeningMode.LISTEN, "each call begins unheard"
    talk = {SECOND: {"1001"}, "1001": {SECOND}, LISTENER: {SECOND, "1001"}}
    assert await ears(town, *talk) == talk
    await switch(town, session, ListeningMode.BARGE)
    assert await ears(town, *talk) == talk | {SECOND: {"1001", LISTENER}, "1001": {SECOND, LISTENER}}
    await stop(town, session)
    assert await ears(town, SECOND, "1001") == {SECOND: {"1001"}, "1001": {SECOND}}
    record, hearings = kept(town, session)
    assert (record.scope, record.followed, record.hearings, record.end) == ("agent", "a1", 2, ListeningEnd.STOPPED)
    assert [(one.call, one.agent, one.mode, one.modes) for one in hearings] == [
        (first, "a1", "listen", "whisper"),
        (second, "a1", "listen", "barge"),
    ]
    assert all(one.ended_at and one.ended_at > one.started_at for one in hearings)
    assert hearings[0].ended_at and hearings[0].ended_at < hearings[1].started_at


async def test_who_waits_for_a_queues_next_call_hears_that_one_and_no_other(town: Town) -> None:
    session = await listen(town, queue=QueueId("12345"))
    also = await listen(town, "1003", by=CHIEF, queue=QueueId("12345"))
    elsewhere = await listen(town, "1002", by=UserId("third"), queue=QueueId("complaints"))
    await asyncio.sleep(0.5)
    assert not town[LISTENER].talking.is_set(), "no phone rings before there is a call"
    call, _ = await town.talk()
    await heard(town, session, call=call)
    await heard(town, also, call=call)
    talk = {CITIZEN: {"1001"}, "1001": {CITIZEN}, LISTENER: {CITIZEN, "1001"}, "1003": {CITIZEN, "1001"}}
    assert await ears(town, *talk) == talk
    town.caller.hang_up()
    await town.until(events.ListeningEnded, session=session)
    await town.until(events.ListeningEnded, session=also)
    assert stage(town, elsewhere) is ListeningStage.WAITING
    await town.loop.ask(requests.StopListening(by=BY, session=elsewhere))
    record, [hearing] = kept(town, session)
    assert (record.scope, record.followed, record.end, hearing.call) == ("queue", "12345", ListeningEnd.OVER, call)
    assert kept(town, elsewhere)[1] == []


async def test_a_leader_hears_once_somebody_else_approves_until_the_time_is_up(town: Town) -> None:
    call, _ = await town.talk()
    session = await listen(town, by=UserId("leader"), roles=(Role.LEADER,), call=call)
    await asyncio.sleep(0.5)
    assert (stage(town, session), town[LISTENER].talking.is_set()) == (ListeningStage.ASKED, False)
    await town.loop.ask(requests.DecideListening(by=BY, session=session, approved=True))
    started = await heard(town, session, call=call)
    talk = {CITIZEN: {"1001"}, "1001": {CITIZEN}, LISTENER: {CITIZEN, "1001"}}
    assert await ears(town, *talk) == talk
    ended = await town.until(events.ListeningEnded, session=session)
    assert ended.end is ListeningEnd.LIMIT
    assert (ended.occurred - started.occurred).total_seconds() >= LIMIT_S
    assert await ears(town, CITIZEN, "1001") == {CITIZEN: {"1001"}, "1001": {CITIZEN}}, "the call goes on"
    record, [_] = kept(town, session)
    assert (record.approver, record.approved, record.limit_s) == (BY, True, LIMIT_S)


async def test_several_listen_to_one_call_each_in_their_own_way(town: Town) -> None:
    call, _ = await town.talk()
    phones = (LISTENER, "1002", "1003")
    sessions = [
        await listen(town, phone, by=UserId(f"u{phone}"), call=call, mode=mode)
        for phone, mode in zip(phones, HAND, strict=True)
    ]
    for session in sessions:
        await heard(town, session)
    hearing = await ears(town, CITIZEN, "1001", *phones)
    assert hearing[CITIZEN] == {"1001", "1003"}, "who barges in"
    assert hearing["1001"] == {CITIZEN, "1002", "1003"}, "and who whispers, too"
    for phone in phones:
        assert {CITIZEN, "1001"} <= hearing[phone]
        assert LISTENER not in hearing[phone], "who only listens is heard by no other listener either"
    for session in sessions:
        await town.loop.ask(requests.StopListening(by=BY, session=session))
        await town.until(events.ListeningEnded, session=session)


async def test_a_call_made_confidential_is_heard_no_longer(town: Town) -> None:
    call, _ = await town.talk()
    session = await listen(town, call=call)
    started = await heard(town, session)
    assert started.contact is not None
    await town.loop.ask(requests.MarkConfidential(by=BY, contact=started.contact))
    assert (await town.until(events.ListeningEnded, session=session)).end is ListeningEnd.CONFIDENTIAL
    assert await ears(town, CITIZEN, "1001") == {CITIZEN: {"1001"}, "1001": {CITIZEN}}


async def test_an_agent_who_is_heard_is_free_before_the_spied_channel_is_gone(town: Town) -> None:
    call, leg = await town.talk()
    session = await listen(town, call=call)
    await heard(town, session)
    town["1001"].media.send_to(None)  # without reverse media ChanSpy holds the spied hang-up back, by up to 2 s
    town.caller.hang_up()
    over = await town.until(events.LegEnded, leg=leg)
    ended = await town.until(events.ListeningEnded, session=session)
    assert over.occurred <= ended.occurred, "the leg ends with the bridge and not with the channel"


async def test_whoever_is_listened_to_can_be_transferred_and_taken_over(town: Town) -> None:
    call, _ = await town.talk()
    session = await listen(town, agent=AgentId("a1"))
    await heard(town, session, call=call)
    await town.ready("a2")
    await town.do(Verb.TRANSFER, call, target=agent("a2"))
    await town.until(events.CallAnswered, agent=AgentId("a2"))
    await town.until(events.ListeningWaiting, session=session)
    talk: dict[str, set[str]] = {CITIZEN: {"1002"}, "1002": {CITIZEN}, LISTENER: set()}
    assert await ears(town, *talk) == talk, "the session stays with its agent"
    await stop(town, session)
    session = await listen(town, call=call)
    await heard(town, session, agent=AgentId("a2"))
    await town.do(Verb.TAKE_OVER, call, None, phone=Phone("1003"), reason="complaint")
    await town.until(events.ListeningEnded, session=session)
    assert await ears(town, CITIZEN, "1003") == {CITIZEN: {"1003"}, "1003": {CITIZEN}}


async def test_a_session_goes_on_while_we_are_killed_and_back(town: Town) -> None:
    town.sighted = False
    call, _ = await town.talk()
    session = await listen(town, agent=AgentId("a1"))
    await heard(town, session, call=call)
    await town.die()
    await town.come_back()
    assert stage(town, session) is ListeningStage.HEARING
    talk = {CITIZEN: {"1001"}, "1001": {CITIZEN}, LISTENER: {CITIZEN, "1001"}}
    assert await ears(town, *talk) == talk
    await switch(town, session, ListeningMode.WHISPER)
    assert await ears(town, *talk) == talk | {"1001": {CITIZEN, LISTENER}}
    await town.die()
    town.caller.hang_up()
    await asyncio.sleep(1)
    await town.come_back()
    await town.until(events.ListeningWaiting, session=session)
    await town.die()
    town[LISTENER].hang_up()
    await asyncio.sleep(0.5)
    await town.come_back()
    ended = await town.until(events.ListeningEnded, session=session)
    assert ended.end is ListeningEnd.LOST
    record, [hearing] = kept(town, session)
    assert record.ended_at is not None
    assert (hearing.call, hearing.modes) == (call, "whisper")
    assert hearing.ended_at is not None


async def test_a_session_that_begins_while_we_are_away_is_found(town: Town) -> None:
    town.sighted = False
    call, _ = await town.talk()
    town[LISTENER].answers_after = 1.5
    town[LISTENER].ringing.clear()
    session = await listen(town, call=call)
    await eventually(town[LISTENER].ringing.is_set, 5)
    await town.die()
    await asyncio.wait_for(town[LISTENER].talking.wait(), 5)
    await asyncio.sleep(0.5)
    await town.come_back()
    started = await heard(town, session)
    assert (started.call, started.foreign) == (call, False)
    await stop(town, session)
    assert kept(town, session)[1][0].ended_at is not None


async def spy_by_hand(town: Town, **originate: str | list[str]) -> None:
    """Start a ChanSpy as anybody with a console could."""
    wanted = {"Channel": f"PJSIP/{LISTENER}", "Application": "ChanSpy", "Data": "PJSIP/1001-,q", "Async": "true"}
    await town.bridge.link.action("Originate", wanted | originate)


async def test_a_chanspy_started_by_any_other_way_is_recorded_as_foreign(town: Town) -> None:
    call, _ = await town.talk()
    await spy_by_hand(town)
    started = await town.until(events.ListeningStarted, foreign=True)
    assert (started.call, started.agent, started.by, started.told) == (call, "a1", None, False)
    assert started.spyer.startswith("PJSIP/9001-")
    [view] = town.center.state.listening.values()
    assert view.by is None
    town[LISTENER].hang_up()
    await town.until(events.ListeningEnded, session=started.session)
    record, [hearing] = kept(town, started.session)
    assert (record.foreign, hearing.foreign, hearing.call) == (True, True, call)
    assert hearing.ended_at is not None


async def test_a_foreign_chanspy_cannot_pass_for_a_session_of_ours(town: Town) -> None:
    call, _ = await town.talk()
    ours = await listen(town, "1003", call=call)
    await heard(town, ours)
    await spy_by_hand(town, Variable=[f"HOTLINE_LISTENING={ours}", "HOTLINE_FOLLOWS=1"])
    started = await town.until(events.ListeningStarted, foreign=True)
    assert (started.session != ours, started.call) == (True, call)
    await town.loop.ask(requests.StopListening(by=BY, session=started.session))
    await town.until(events.ListeningEnded, session=started.session)
    assert stage(town, ours) is ListeningStage.HEARING
    await stop(town, ours)


async def test_a_foreign_chanspy_that_was_there_before_us_is_found(town: Town) -> None:
    town.sighted = False
    call, _ = await town.talk()
    await town.die()
    hand = town._bridge()
    async with hand:
        await hand.link.wait_up()
        wanted = {"Channel": f"PJSIP/{LISTENER}", "Application": "ChanSpy", "Data": "PJSIP/1001-,q", "Async": "true"}
        await hand.link.action("Originate", wanted)
        await asyncio.sleep(1)
    await town.come_back()
    started = await town.until(events.ListeningStarted, foreign=True)
    assert started.call == call
    town[LISTENER].hang_up()
    await town.until(events.ListeningEnded, session=started.session)


async def test_a_foreign_chanspy_on_no_call_of_ours_is_recorded_too(town: Town) -> None:
    await town.bridge.link.action("Originate", {"Channel": "PJSIP/1002", "Application": "MusicOnHold", "Async": "true"})
    await asyncio.wait_for(town["1002"].talking.wait(), 5)
    await spy_by_hand(town, Data="PJSIP/1002-,q")
    started = await town.until(events.ListeningStarted, foreign=True)
    assert (started.call, started.contact, started.node) == (None, None, town.bridge.node)
    town["1002"].hang_up()
    town[LISTENER].hang_up()
    await town.until(events.ListeningEnded, session=started.session)


async def test_a_call_that_ends_while_the_listeners_phone_rings_is_not_heard(town: Town) -> None:
    town[LISTENER].answers_after = 2.0
    town[LISTENER].ringing.clear()
    session = await listen(town, agent=AgentId("a1"))
    await town.talk()
    await town.until(events.ListeningRinging, session=session)
    await eventually(town[LISTENER].ringing.is_set, 5)
    town.caller.hang_up()
    await town.until(events.ListeningWaiting, session=session)
    await town.loop.ask(requests.GoReady(by=BY, agent=AgentId("a1")))
    second: CallId = await town.arrive(citizen=town.second)
    started = await heard(town, session)
    assert (started.call, started.hearing) == (second, 1)
    talk = {SECOND: {"1001"}, "1001": {SECOND}, LISTENER: {SECOND, "1001"}}
    assert await ears(town, *talk) == talk
    await stop(town, session)


async def test_a_session_that_is_stopped_while_the_phone_rings_never_hears(town: Town) -> None:
    town[LISTENER].answers_after = None
    town[LISTENER].ringing.clear()
    call, _ = await town.talk()
    session = await listen(town, call=call)
    ended = await stop(town, session)
    assert (ended.end, bool(ended.failed)) == (ListeningEnd.STOPPED, True)
    await asyncio.sleep(0.5)
    assert not town[LISTENER].talking.is_set()
    assert kept(town, session)[1] == []
