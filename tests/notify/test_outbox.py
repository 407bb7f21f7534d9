"""The outbox: nothing is lost, nothing is sent twice but what a crash cut off, and nobody is woken at night."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from messages import events
from messages.events import Entry, Position
from messages.ids import CallbackId, QueueId
from messages.notices import Notice, NoticeKind, NoticeState
from messages.values import CallbackKind
from notify.errors import TryAgain, WillNotSend
from storage.database import Database
from tests.notify.office import NOON, Office, until


def notice(name: str = "1-1-missed", **more: Any) -> Notice:
    """Return a queued notice."""
    kept: dict[str, Any] = {"id": name, "kind": NoticeKind.MISSED, "number": "13800001234", "text": "您好"}
    return Notice(**kept | {"created_at": NOON, "next_at": NOON} | more)


@pytest.fixture
def office(database: Database) -> Office:
    """Give an office that sends everything."""
    return Office(database)


async def test_a_message_that_is_accepted_is_sent_once(office: Office) -> None:
    await office.keep(notice())
    assert await office.round() == 1
    assert await office.round() == 0
    [kept] = await office.all()
    assert (kept.state, kept.attempts, kept.answer, kept.sent_at) == (NoticeState.SENT, 1, "200", NOON)
    assert [one.id for one in office.sender.tried] == ["1-1-missed"]


async def test_one_that_is_refused_is_not_tried_again(office: Office) -> None:
    office.sender.error = WillNotSend("400")
    await office.keep(notice())
    assert await office.round() == 1
    office.clock.forward(hours=2)
    assert await office.round() == 0
    [kept] = await office.all()
    assert (kept.state, kept.answer) == (NoticeState.FAILED, "400")


async def test_a_provider_that_is_down_for_an_hour_loses_nothing_and_is_not_pestered(office: Office) -> None:
    office.sender.error = TryAgain("503")
    wanted = [notice(f"1-{n}-missed", number=f"138000012{n}") for n in range(30, 50)]
    await office.keep(*wanted)
    for _ in range(3600 // 5):
        await office.round()
        office.clock.forward(seconds=5)
    tries = len(office.sender.tried)
    assert 20 * 5 < tries < 20 * 40, tries
    assert office.outbox.counts.retried == tries
    office.sender.error = None
    office.clock.forward(seconds=office.settings.retry_at_most_s)
    assert await office.round() == 20
    assert {kept.state for kept in await office.all()} == {NoticeState.SENT}
    assert sorted(one.id for one in office.sender.tried[tries:]) == [one.id for one in wanted]


async def test_a_notice_that_is_too_old_is_given_up(office: Office) -> None:
    office.sender.error = TryAgain("503")
    await office.keep(notice())
    await office.round()
    office.clock.forward(seconds=office.settings.keep_trying_s)
    assert await office.round() == 0
    [kept] = await office.all()
    assert (kept.state, kept.answer) == (NoticeState.GIVEN_UP, "too late, last: 503")


async def test_no_try_comes_before_the_provider_wants_it(office: Office) -> None:
    office.sender.error = TryAgain("429", 120)
    await office.keep(notice())
    async with office.open() as outbox:
        await until(lambda: _is(outbox.counts.retried == 1))
        office.sender.error = None
        await office.keep(notice("1-2-missed", number="13800009999"))
        await asyncio.sleep(1.5)
        assert len(office.sender.tried) == 1, "another message waits too"
        assert (await office.all())[0].next_at >= NOON + timedelta(seconds=120)
        office.clock.forward(seconds=130)
        await until(lambda: _states(office, NoticeState.SENT, 2))


async def test_citizens_are_not_woken_at_night_but_people_on_duty_are(office: Office) -> None:
    office.clock.now = NOON + timedelta(hours=11)  # 23:00 in Shanghai
    late: dict[str, Any] = {"created_at": office.clock.now, "next_at": office.clock.now}
    await office.keep(notice(**late), notice("1-1-alert-0", kind=NoticeKind.ALERT, number="13700000001", **late))
    assert await office.round() == 1
    assert [one.id for one in office.sender.tried] == ["1-1-alert-0"]
    waiting = (await office.all())[1]
    assert waiting.next_at == NOON + timedelta(hours=20)  # 08:00
    office.clock.now = waiting.next_at
    assert await office.round() == 1


async def test_a_number_gets_only_so_many_a_day_alerts_apart(office: Office) -> None:
    await office.keep(*(notice(f"1-{n}-missed") for n in range(5)))
    await office.keep(*(notice(f"1-{n}-alert-0", kind=NoticeKind.ALERT) for n in range(5)))
    await office.keep(notice("1-9-missed", number="13900000000"))
    assert await office.round() == office.settings.per_day + 5 + 1
    left = [one for one in await office.all() if one.state is NoticeState.GIVEN_UP]
    assert [one.answer for one in left] == ["enough for a day"] * 2
    office.clock.forward(hours=25)
    await office.keep(notice("1-7-missed", created_at=office.clock.now, next_at=office.clock.now))
    assert await office.round() == 1


async def test_alerts_overtake(office: Office) -> None:
    await office.keep(*(notice(f"1-{n}-missed", number=f"1380000123{n}") for n in range(3)))
    await office.keep(notice("2-1-alert-0", kind=NoticeKind.ALERT))
    await office.round()
    assert office.sender.tried[0].id == "2-1-alert-0"


async def test_the_rate_is_kept(database: Database) -> None:
    office = Office(database, per_second=10.0)
    await office.keep(*(notice(f"1-{n}-missed", number=f"1380000123{n}") for n in range(6)))
    began = asyncio.get_running_loop().time()
    async with office.open():
        await until(lambda: _states(office, NoticeState.SENT, 6))
    assert asyncio.get_running_loop().time() - began >= 5 / 10


async def test_a_message_cut_off_is_sent_once_more_and_marked_and_then_never_again(office: Office) -> None:
    office.sender.hangs = True
    await office.keep(notice())
    for _ in range(4):
        office.sender.arrived.clear()
        async with office.open():
            try:
                async with asyncio.timeout(1):
                    await office.sender.arrived.wait()
            except TimeoutError:
                break
        assert office.sender.closed
    assert [one.id for one in office.sender.tried] == ["1-1-missed"] * 2, "the provider sees the same id"
    [kept] = await office.all()
    assert (kept.state, kept.maybe_sent, kept.attempts) == (NoticeState.GIVEN_UP, True, 2)
    assert kept.answer == "cut off again, maybe sent"


async def test_a_message_cut_off_once_says_so_when_it_is_sent(office: Office) -> None:
    office.sender.hangs = True
    await office.keep(notice())
    async with office.open():
        await office.sender.arrived.wait()
    office.sender.hangs = False
    async with office.open() as outbox:
        await until(lambda: _states(office, NoticeState.SENT, 1))
        assert outbox.counts.maybe_sent == 1
    assert (await office.all())[0].maybe_sent


async def test_killed_anywhere_each_notice_is_sent_and_only_what_was_cut_off_twice(office: Office) -> None:
    await office.store.begin(Position())
    await office.log.append([_noted(n) for n in range(1, 41)])
    for kills in range(60):
        async with office.open():
            await asyncio.sleep(0.05 + kills * 0.03)
        if await _states(office, NoticeState.SENT, 40):
            break
    kept = await office.all()
    assert len(kept) == 40
    assert {one.state for one in kept} <= {NoticeState.SENT, NoticeState.GIVEN_UP}
    tried = [one.id for one in office.sender.tried]
    for one in kept:
        times = tried.count(one.id)
        assert times == 1 or (one.maybe_sent and times <= 2), one
        assert one.state is NoticeState.SENT or one.answer == "cut off again, maybe sent"


async def test_the_first_start_tells_nobody_of_what_was_before(office: Office) -> None:
    await office.log.append([_noted(n) for n in range(1, 4)])
    async with office.open() as outbox:
        await until(lambda: _is(outbox.position == Position(1, 3)))
        await office.log.append([_noted(4)])
        await until(lambda: _states(office, NoticeState.SENT, 1))
    assert [one.id for one in await office.all()] == ["1-4-missed"]


async def test_after_long_with_notices_off_old_news_is_no_news(office: Office) -> None:
    await office.store.begin(Position())
    await office.log.append([_noted(1)])
    office.clock.forward(hours=30)
    async with office.open() as outbox:
        await until(lambda: _is(outbox.position == Position(1, 1)))
    assert await office.all() == []


async def test_a_log_that_no_longer_has_what_comes_next_is_taken_up_at_its_end(office: Office) -> None:
    await office.store.begin(Position())
    office.log = type(office.log)(after=Position(3, 7))
    outbox = office.new_outbox()
    async with office.running(outbox.run()):
        await until(lambda: _is(outbox.position == Position(3, 7)))


async def _is(what: bool) -> bool:
    return what


async def _states(office: Office, state: NoticeState, count: int) -> bool:
    return [one.state for one in await office.all()].count(state) == count


def _noted(seq: int) -> Entry:
    number = f"138{seq:08d}"
    event = events.CallbackNoted(
        callback=CallbackId(f"b{seq}"),
        cause=CallbackKind.MISSED,
        number=number,
        tenant="",
        queue=QueueId("12345"),
        due_at=NOON,
        contacts=1,
    )
    return Entry(1, seq, NOON, event)
