"""What every log promises, whatever it is made of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import pytest
from redis.asyncio import Redis

from center.memory_log import MemoryLog
from center.ports import EventLog, follow
from messages.errors import Fenced, JournalError, TooOld
from messages.events import Entry, NodeDown, Position
from messages.ids import NodeId
from storage.journal import FileJournal
from storage.redis_log import RedisLog

START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


class Forgetting(EventLog, Protocol):
    async def forget(self, before: Position) -> int: ...


def entries(epoch: int, first: int, last: int, why: str = "test") -> list[Entry]:
    """Return entries `first` to `last` of an epoch."""
    return [
        Entry(epoch, seq, START + timedelta(seconds=seq), NodeDown(node=NodeId("n1"), occurred=START, reason=why))
        for seq in range(first, last + 1)
    ]


@pytest.fixture(params=["memory", "files", "files without memory", "redis"])
async def log(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[EventLog]:
    """Give each kind of log, empty."""
    if request.param == "memory":
        yield MemoryLog()
    elif request.param == "redis":
        async with Redis.from_url(request.getfixturevalue("redis_server").url) as redis:
            await redis.flushall()
            yield RedisLog(redis, "test")
    else:
        tail = 1 if request.param == "files without memory" else 10
        async with FileJournal(tmp_path, lambda: START, tail=tail, segment_bytes=1000) as journal:
            yield journal


async def test_an_empty_log_has_nothing_and_begins_at_the_beginning(log: EventLog) -> None:
    assert await log.last() == Position(0, 0)
    assert await log.read(Position()) == []
    await log.append([])
    assert await log.last() == Position(0, 0)


async def test_what_was_appended_is_read_in_order_after_any_position(log: EventLog) -> None:
    await log.append(entries(1, 1, 3))
    await log.append(entries(1, 4, 7))
    await log.append(entries(2, 1, 2))
    everything = entries(1, 1, 7) + entries(2, 1, 2)
    assert await log.last() == Position(2, 2)
    assert await log.read(Position()) == everything
    for at, entry in enumerate(everything, 1):
        assert await log.read(entry.position) == everything[at:]
        assert await log.read(entry.position, 2) == everything[at : at + 2]


async def test_appending_again_what_is_there_changes_nothing(log: EventLog) -> None:
    await log.append(entries(1, 1, 5))
    await log.append(entries(1, 1, 5))
    await log.append(entries(1, 4, 7))
    assert await log.read(Position()) == entries(1, 1, 7)


async def test_a_gap_is_refused_and_leaves_nothing_behind(log: EventLog) -> None:
    await log.append(entries(1, 1, 2))
    for gap in (entries(1, 4, 5), entries(2, 2, 3), entries(1, 3, 3) + entries(1, 5, 5)):
        with pytest.raises(JournalError):
            await log.append(gap)
    assert await log.read(Position()) == entries(1, 1, 2)
    await log.append(entries(1, 3, 3))


async def test_one_append_is_of_one_epoch(log: EventLog) -> None:
    with pytest.raises(JournalError):
        await log.append(entries(1, 1, 2) + entries(2, 1, 1))
    assert await log.last() == Position()


async def test_a_newer_epoch_fences_the_older_one(log: EventLog) -> None:
    await log.append(entries(1, 1, 2))
    await log.append(entries(2, 1, 1))
    for old in (entries(1, 3, 3), entries(1, 2, 2)):
        with pytest.raises(Fenced):
            await log.append(old)
    assert await log.last() == Position(2, 1)


async def test_two_centres_in_the_same_epoch_are_told_apart(log: EventLog) -> None:
    await log.append(entries(1, 1, 2, "one"))
    with pytest.raises(Fenced):
        await log.append(entries(1, 1, 3, "other"))
    assert await log.read(Position()) == entries(1, 1, 2, "one")


async def test_waiting_ends_with_the_next_entry(log: EventLog) -> None:
    await log.append(entries(1, 1, 2))
    await log.wait(Position(1, 1))
    waiting = asyncio.create_task(log.wait(Position(1, 2)))
    await asyncio.sleep(0.02)
    assert not waiting.done()
    await log.append(entries(1, 3, 3))
    await waiting


async def test_followers_see_every_entry_once_and_in_order(log: EventLog) -> None:
    async def collect(after: Position) -> list[Entry]:
        seen: list[Entry] = []
        async for batch in follow(log, after, 7):
            seen += batch
            if seen[-1].position == Position(2, 20):
                return seen
        raise AssertionError

    await log.append(entries(1, 1, 5))
    early = asyncio.create_task(collect(Position()))
    for first in range(6, 30, 3):
        await log.append(entries(1, first, first + 2))
    late = asyncio.create_task(collect(Position(1, 20)))
    for seq in range(1, 21):
        await log.append(entries(2, seq, seq))
    everything = entries(1, 1, 29) + entries(2, 1, 20)
    assert await early == everything
    assert await late == everything[20:]


async def test_appends_made_at_once_keep_their_order(log: EventLog) -> None:
    await asyncio.gather(*(log.append(entries(1, seq, seq)) for seq in range(1, 101)))
    assert await log.read(Position()) == entries(1, 1, 100)


async def test_what_is_forgotten_is_said_to_be_too_old(log: Forgetting) -> None:
    if isinstance(log, MemoryLog):
        pytest.skip("forgets by itself")
    await log.append(entries(1, 1, 30))
    await log.append(entries(2, 1, 30))
    await log.append(entries(2, 31, 60))
    await log.forget(Position(2, 40))
    with pytest.raises(TooOld):
        await log.read(Position())
    with pytest.raises(TooOld):
        await log.read(Position(1, 20))
    assert await log.read(Position(2, 40)) == entries(2, 41, 60)
    await log.append(entries(2, 61, 61))


async def test_a_log_that_begins_later_says_so(log: EventLog) -> None:
    await log.append(entries(3, 1, 2))
    with pytest.raises(TooOld):
        await log.read(Position())
    assert await log.read(Position(3, 0)) == entries(3, 1, 2)
