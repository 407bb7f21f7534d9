"""A stream's connection: sends many messages with one wait, and is cut off where nobody reads."""

from __future__ import annotations

from collections.abc import Iterable

from websockets.asyncio.server import ServerConnection

MOST_UNREAD = 8 * 1024 * 1024
"""Bytes in the write buffer at which the connection is cut off."""


class GuardedConnection(ServerConnection):
    """The library's connection with what it lacks."""

    async def send_all(self, messages: Iterable[bytes]) -> None:
        """Send JSON messages as text frames; returns once the buffer is not full. Raises ConnectionClosed."""
        async with self.send_context():
            for message in messages:
                self.protocol.send_text(message)

    def data_received(self, data: bytes) -> None:
        """Take bytes in. Pongs are written by the library without waiting: who pings and never reads fills memory."""
        super().data_received(data)
        if self.transport.get_write_buffer_size() > MOST_UNREAD:
            self.transport.abort()
