"""A client of the event stream, as a desktop or a case system would have one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, cast

import msgspec
from websockets.asyncio.client import ClientConnection, connect

LARGEST_FRAME = 16 * 2**20
"""Bytes; a snapshot of a large hall is big."""


class StreamRefused(RuntimeError):
    """The server does not let us in or does not know what we ask for; the message says what it said."""


SNAPSHOT = "snapshot"


class Received(msgspec.Struct, frozen=True):
    """An event (or a snapshot, by that kind) and the instant (UTC) at which this client got it."""

    kind: str
    epoch: int
    seq: int
    at: datetime
    received_at: datetime
    event: dict[str, Any]
    replayed: bool = False

    def text(self, name: str) -> str:
        """Return a field of the event as text, empty where it is absent or null."""
        return str(self.event.get(name) or "")


class _Stamped(ClientConnection):
    """Knows when bytes last came in: a frame's own instant, whatever our loop does before it reads the frame."""

    received_at: datetime

    def data_received(self, data: bytes) -> None:
        self.received_at = datetime.now(UTC)
        super().data_received(data)


class Stream:
    """One subscribed connection: iterate over it for snapshots and events."""

    def __init__(self, connection: _Stamped) -> None:
        self._connection = connection

    def __repr__(self) -> str:
        return f"<Stream {self._connection.remote_address}>"

    async def ack(self, received: Received) -> None:
        """Say that everything up to this event has been dealt with."""
        await self._send({"op": "ack", "epoch": received.epoch, "seq": received.seq})

    async def _send(self, message: dict[str, object]) -> None:
        await self._connection.send(msgspec.json.encode(message), text=True)

    async def _enter(self, token: str, subscription: dict[str, object]) -> None:
        await self._send({"op": "hello", "token": token})
        await self._expect("hello")
        await self._send({"op": "subscribe", **subscription})

    async def _expect(self, op: str) -> dict[str, Any]:
        message: dict[str, Any] = msgspec.json.decode(await self._connection.recv())
        if message.get("op") != op:
            raise StreamRefused(f"the stream answered {message} where {op} was due")
        return message

    async def __aiter__(self) -> AsyncIterator[Received]:
        """Yield what comes until the connection is closed in order. Raises StreamRefused, ConnectionClosed."""
        async for frame in self._connection:
            message = msgspec.json.decode(frame)
            if message["op"] in ("event", SNAPSHOT):
                yield _received(message, self._connection.received_at)
            elif message["op"] == "error":
                raise StreamRefused(str(message))


@asynccontextmanager
async def subscribed(url: str, token: str, kinds: Sequence[str], cursor: str = "") -> AsyncIterator[Stream]:
    """Give a stream of these kinds; with a `cursor` the server remembers what was acknowledged under that name.

    Raises StreamRefused, OSError, websockets.InvalidHandshake, websockets.ConnectionClosed.
    """
    options: dict[str, Any] = {"compression": None, "max_size": LARGEST_FRAME, "open_timeout": 30, "proxy": None}
    async with connect(url, create_connection=_Stamped, **options) as connection:
        stream = Stream(cast(_Stamped, connection))
        await stream._enter(token, {"kinds": list(kinds), **({"cursor": cursor} if cursor else {})})
        yield stream


def _received(message: dict[str, Any], received_at: datetime) -> Received:
    at = message.get("at")
    return Received(
        kind=message.get("kind", SNAPSHOT),
        epoch=message["epoch"],
        seq=message["seq"],
        at=datetime.fromisoformat(at) if at else received_at,
        received_at=received_at,
        event=message.get("event", message),
        replayed=bool(message.get("replayed")),
    )
