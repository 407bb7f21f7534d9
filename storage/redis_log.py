"""The log over a Redis Stream whose ids are `epoch-seq`: an EventLog that several processes share."""

import asyncio
from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from center.memory_log import floor_of
from messages.codec import decode, encode
from messages.errors import Fenced, JournalError, TooOld
from messages.events import Entry, Position

# The stream decides, not the writer: a centre that was paused and comes back finds its epoch refused.
_APPEND = """
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local epoch, seq = 0, 0
if last[1] then
  local e, s = string.match(last[1][1], '(%d+)-(%d+)')
  epoch, seq = tonumber(e), tonumber(s)
end
local mine, first = tonumber(ARGV[1]), tonumber(ARGV[2])
if mine < epoch then return redis.error_reply('FENCED epoch ' .. epoch .. ' has written') end
if mine > epoch then seq = 0 end
if first > seq + 1 then return redis.error_reply('GAP ' .. mine .. '-' .. first .. ' after ' .. epoch .. '-' .. seq) end
for i = 3, #ARGV do
  local id = ARGV[1] .. '-' .. string.format('%d', first + i - 3)
  if first + i - 3 <= seq then
    local there = redis.call('XRANGE', KEYS[1], id, id)
    if there[1] and there[1][2][2] ~= ARGV[i] then
      return redis.error_reply('FENCED another centre wrote ' .. id)
    end
  else
    redis.call('XADD', KEYS[1], id, 'e', ARGV[i])
  end
end
return #ARGV - 2
"""


class RedisLog:
    """An EventLog in the stream `key`. Its durability is the server's: `appendonly yes` there."""

    def __init__(self, redis: "Redis", key: str = "hotline:log", *, block_s: float = 5.0) -> None:
        self._redis = redis
        self._key = key
        self._block_ms = int(block_s * 1000)
        self._script = redis.register_script(_APPEND)
        self._order = asyncio.Lock()

    def __repr__(self) -> str:
        return f"<RedisLog {self._key}>"

    async def append(self, entries: Sequence[Entry]) -> None:
        """Add entries in one step, all or none. Raises Fenced, JournalError (may be tried again)."""
        if not entries:
            return
        first = entries[0].position
        for index, entry in enumerate(entries):
            if entry.position != Position(first.epoch, first.seq + index):
                raise JournalError(f"gap: {entry.epoch}-{entry.seq} in an append that began at {first}")
        async with self._order:
            try:
                await self._script([self._key], [first.epoch, first.seq, *map(encode, entries)])
            except ResponseError as error:
                text = str(error)
                raise (
                    Fenced(text[7:]) if text.startswith("FENCED ") else JournalError(f"Redis refuses: {text}")
                ) from error
            except (RedisError, OSError) as error:
                raise JournalError(f"Redis is away: {error}") from error

    async def read(self, after: Position, limit: int = 1000) -> list[Entry]:
        """Return up to `limit` entries after a position. Raises TooOld, JournalError."""
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.xrange(self._key, count=1)
                pipe.xrange(self._key, min=f"({after.epoch}-{after.seq}", count=limit)
                oldest, found = await pipe.execute()
        except (RedisError, OSError) as error:
            raise JournalError(f"Redis is away: {error}") from error
        if oldest and after < floor_of(_position(oldest[0][0])):
            raise TooOld(f"entries after {after.epoch}-{after.seq} are no longer kept")
        return [decode(fields[b"e"]) for _, fields in found]

    async def wait(self, after: Position) -> None:
        """Return once there is an entry after the position. Raises JournalError."""
        while True:
            try:
                if await self._redis.xread({self._key: f"{after.epoch}-{after.seq}"}, 1, self._block_ms):
                    return
            except RedisTimeoutError:  # a client whose own time-out is shorter than the block
                continue
            except (RedisError, OSError) as error:
                raise JournalError(f"Redis is away: {error}") from error

    async def last(self) -> Position:
        """Return the position of the newest entry. Raises JournalError."""
        try:
            newest: Any = await self._redis.xrevrange(self._key, count=1)
        except (RedisError, OSError) as error:
            raise JournalError(f"Redis is away: {error}") from error
        return _position(newest[0][0]) if newest else Position()

    async def forget(self, before: Position) -> int:
        """Delete entries that nobody needs who has read up to `before`; return how many. Raises JournalError."""
        try:
            return int(await self._redis.xtrim(self._key, minid=f"{before.epoch}-{before.seq}", approximate=False))
        except (RedisError, OSError) as error:
            raise JournalError(f"Redis is away: {error}") from error


def _position(stream_id: bytes) -> Position:
    epoch, _, seq = stream_id.partition(b"-")
    return Position(int(epoch), int(seq))
