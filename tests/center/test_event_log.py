"""The log in memory: what is its own beside the suite that all logs share (tests/storage/test_event_log.py)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from center.memory_log import MemoryLog
from messages.errors import TooOld
from messages.events import CenterStarted, Entry, Position

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def entry(epoch: int, seq: int) -> Entry:
    """Return an entry of no importance."""
    return Entry(epoch, seq, NOW, CenterStarted())


async def test_it_keeps_the_newest_entries_and_refuses_to_read_before_them() -> None:
    log = MemoryLog(keep=10)
    for seq in range(1, 1001):
        await log.append([entry(1, seq)])
    kept = await log.read(Position(1, 990))
    assert [each.seq for each in kept] == list(range(991, 1001))
    with pytest.raises(TooOld):
        await log.read(Position(1, 979))
    with pytest.raises(TooOld):
        await log.read(Position())


async def test_nothing_in_between_is_skipped_where_it_begins_to_forget() -> None:
    log = MemoryLog(keep=3)
    await log.append([entry(1, seq) for seq in range(1, 8)])
    with pytest.raises(TooOld):
        await log.read(Position(1, 3))
    assert [each.seq for each in await log.read(Position(1, 4))] == [5, 6, 7]


async def test_it_goes_on_where_another_log_ended() -> None:
    log = MemoryLog(after=Position(4, 17))
    assert await log.last() == Position(4, 17)
    assert await log.read(Position(4, 17)) == []
    with pytest.raises(TooOld):
        await log.read(Position(4, 16))
    await log.append([entry(4, 18)])
    assert await log.read(Position(4, 17)) == [entry(4, 18)]
