"""The log over Redis: what only it can meet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from messages.errors import JournalError
from messages.events import Position
from storage.redis_log import RedisLog
from tests.redis_fixture import RedisServer
from tests.storage.test_event_log import entries


@pytest.fixture
async def redis(redis_server: RedisServer) -> AsyncIterator[Redis]:
    """Give a client of an empty server."""
    async with Redis.from_url(redis_server.url) as client:
        await client.flushall()
        yield client


async def test_a_redis_that_is_away_is_said_and_the_tail_is_appended_again(
    redis: Redis, redis_server: RedisServer
) -> None:
    log = RedisLog(redis, "test")
    await log.append(entries(1, 1, 3))
    redis_server.stop()
    try:
        for asked in (log.append(entries(1, 4, 5)), log.read(Position()), log.last(), log.wait(Position(1, 3))):
            with pytest.raises(JournalError, match="away"):
                await asked
    finally:
        redis_server.start()
    await log.append(entries(1, 2, 5))
    assert await log.read(Position()) == entries(1, 1, 5)


async def test_two_processes_share_a_log(redis: Redis, redis_server: RedisServer) -> None:
    async with Redis.from_url(redis_server.url) as other:
        reader = RedisLog(other, "test")
        waiting = asyncio.create_task(reader.wait(Position()))
        await RedisLog(redis, "test").append(entries(1, 1, 2))
        await waiting
        assert await reader.read(Position()) == entries(1, 1, 2)
        assert await RedisLog(other, "another key").last() == Position()


async def test_waiting_outlives_the_clients_time_out(redis: Redis, redis_server: RedisServer) -> None:
    async with Redis.from_url(redis_server.url, socket_timeout=0.05) as hasty:
        waiting = asyncio.create_task(RedisLog(hasty, "test", block_s=0.2).wait(Position()))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        await RedisLog(redis, "test").append(entries(1, 1, 1))
        await waiting


async def test_many_entries_are_one_append(redis: Redis) -> None:
    log = RedisLog(redis, "test")
    await log.append(entries(1, 1, 20_000))
    assert await log.last() == Position(1, 20_000)
    assert await log.read(Position(1, 19_998), 10) == entries(1, 19_999, 20_000)
