"""What goes out to one stream client: what it missed or a snapshot first, then events as they come."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from websockets.exceptions import ConnectionClosed

from api import views
from api.stream.connection import GuardedConnection
from api.stream.ops import ENCODER
from api.stream.subscription import Subscription, Waiting
from messages.errors import TooOld
from messages.events import Position

if TYPE_CHECKING:
    from api.stream.server import StreamServer

AT_ONCE = 64
"""Events handed to a connection before its buffer is looked at again."""


class Sender:
    """Sends for one client's subscription, the newest one; run it beside what reads the client's ops."""

    def __init__(self, server: StreamServer, connection: GuardedConnection) -> None:
        self.subscription: Subscription | None = None
        self._server = server
        self._connection = connection
        self._member = 0
        self._catch_up: Position | None = None
        self._wants_snapshot = False
        self._wake = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Sender for {self.subscription!r}>"

    def begin(self, subscription: Subscription, after: Position | None) -> None:
        """Send for a subscription: from a position, or a snapshot first where none is given or it is not there yet."""
        if after is not None and after <= self._server.mirror.state.position:
            self._catch_up = after
            subscription.restart(after)
        else:
            self._catch_up = None
        self._wants_snapshot = self._catch_up is None
        self.subscription = subscription
        self._member = self._server.audience.join(subscription, self._wake.set)
        self._wake.set()

    def end(self) -> None:
        """Send for the subscription no more."""
        if self.subscription is not None:
            self._server.audience.leave(self._member)
            self.subscription.clear()
            self.subscription = None

    async def run(self) -> None:
        """Send what waits, for ever; a client that takes nothing for too long is gone."""
        while True:
            self._wake.clear()
            try:
                if self.subscription is not None:
                    await self._send_waiting(self.subscription)
            except TimeoutError:
                self._server.counts.stuck += 1
                self._connection.transport.abort()
                return
            except ConnectionClosed:
                return
            await self._wake.wait()

    async def _send_waiting(self, subscription: Subscription) -> None:
        """Send what was missed or a snapshot first, then events as they come."""
        while self.subscription is subscription:
            if subscription.lagging and subscription.wish.cursor:
                self._catch_up = subscription.rejoin()  # what a reader has not acknowledged may not be left out
            if self._catch_up is not None:
                after, self._catch_up = self._catch_up, None
                try:
                    await self._send_missed(subscription, after)
                except TooOld:
                    self._wants_snapshot = True
            elif subscription.lagging or self._wants_snapshot:
                self._wants_snapshot = False
                await self._send(self._snapshot(subscription))
            elif batch := subscription.take(AT_ONCE):
                await self._send_events(subscription, batch)
            else:
                return

    async def _send_events(self, subscription: Subscription, batch: list[Waiting]) -> None:
        """Send events; what is awaited elsewhere is done when the client's pong says that it is there."""
        awaited = [waiting for waiting in batch if waiting.sent is not None]
        try:
            await self._send(*(subscription.frame(waiting.entry, waiting.tail) for waiting in batch))
            if awaited:
                pong = asyncio.ensure_future(await self._connection.ping())
                pong.add_done_callback(lambda _: _done(awaited))
        except BaseException:
            _done(awaited)
            raise

    async def _send(self, *messages: bytes) -> None:
        """Hand messages to the connection; waits while its buffer is full. Raises TimeoutError."""
        async with asyncio.timeout(self._server.settings.stuck_s):
            await self._connection.send_all(messages)

    async def _send_missed(self, subscription: Subscription, after: Position) -> None:
        """Send what lies between a position and now, marked as replayed. Raises TooOld."""
        principal = subscription.principal
        while after < self._server.mirror.state.position and self.subscription is subscription:
            entries = await self._server.log.read(after)
            if not entries:
                return
            for entry in entries:
                self._server.audience.scope.note(entry.event)
                if subscription.wants(entry.event):
                    whole = self._server.audience.sees_whole(entry.event, principal)
                    tail = self._server.audience.tail(entry, whole)
                    await self._send(subscription.frame(entry, tail, replayed=True))
            after = entries[-1].position
            subscription.covered(after)

    def _snapshot(self, subscription: Subscription) -> bytes:
        state = self._server.mirror.state
        subscription.restart(state.position)
        server = self._server
        content = views.snapshot(state, server.audience.scope, subscription.principal, server.clock(), server.rolling)
        position = state.position
        return ENCODER.encode({"op": "snapshot", "epoch": position.epoch, "seq": position.seq, **content})


def _done(awaited: list[Waiting]) -> None:
    for waiting in awaited:
        waiting.done()
