"""One connected stream client: says who it is, subscribes, and is sent what it subscribed to."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from api import rights, views
from api.masking import sees_numbers
from api.stream.ops import (
    ENCODER,
    Ack,
    CloseCode,
    Error,
    Hello,
    Ping,
    Pong,
    ResumeFrom,
    Subscribe,
    Token,
    Welcome,
    decode,
)
from api.stream.subscription import Subscription
from messages.errors import HotlineError, Refused, TooOld
from messages.events import Position
from messages.principal import Principal, Session

if TYPE_CHECKING:
    from api.stream.server import StreamServer


class Rejected(Exception):
    """The stream is closed with a code and a text."""

    def __init__(self, code: CloseCode, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class StreamClient:
    """Reads the client's ops; a task of its own sends."""

    def __init__(self, server: StreamServer, connection: ServerConnection) -> None:
        self._server = server
        self._connection = connection
        self._session: Session | None = None
        self._subscription: Subscription | None = None
        self._member = 0
        self._catch_up: Position | None = None
        self._wants_snapshot = False
        self._wake = asyncio.Event()
        self._expiry: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<StreamClient {self._session.principal.user if self._session else '?'}: {self._subscription!r}>"

    async def run(self) -> None:
        """Serve the connection to its end."""
        sender: asyncio.Task[None] | None = None
        try:
            await self._hello()
            sender = asyncio.create_task(self._send_all(), name="stream sender")
            async for message in self._connection:
                await self._take(message)
        except Rejected as rejection:
            await self._connection.close(rejection.code, rejection.text[:100])
        except ConnectionClosed:
            pass
        finally:
            self._unsubscribe()
            if self._expiry is not None:
                self._expiry.cancel()
            if sender is not None:
                sender.cancel()
                await asyncio.gather(sender, return_exceptions=True)

    @property
    def principal(self) -> Principal:
        """Who the client is."""
        assert self._session is not None
        return self._session.principal

    async def _hello(self) -> None:
        try:
            async with asyncio.timeout(self._server.settings.hello_s):
                first = decode(await self._connection.recv())
        except TimeoutError:
            raise Rejected(CloseCode.NO_TOKEN, "no hello in time") from None
        except msgspec.MsgspecError as error:
            raise Rejected(CloseCode.BAD_MESSAGE, str(error)) from error
        if not isinstance(first, Hello):
            raise Rejected(CloseCode.NO_TOKEN, "say hello first")
        await self._identify(first.token)
        await self._welcome()

    async def _welcome(self) -> None:
        session = self._session
        assert session is not None
        principal = session.principal
        roles = tuple(str(role) for role in principal.roles)
        await self._connection.send(
            ENCODER.encode(
                Welcome(user=principal.user, roles=roles, agent=principal.agent, expires_at=session.expires_at)
            ),
            text=True,
        )

    async def _identify(self, token: str) -> None:
        session = await self._server.identity.authenticate(token)
        if session is None:
            raise Rejected(CloseCode.NO_TOKEN, "the token is unknown or has expired; log in again")
        if self._session is not None and session.principal.user != self._session.principal.user:
            raise Rejected(CloseCode.FORBIDDEN, "that token is somebody else's")
        self._session = session
        if self._expiry is not None:
            self._expiry.cancel()
        left = (session.expires_at - self._server.clock()).total_seconds()
        loop = asyncio.get_running_loop()
        self._expiry = loop.call_later(max(0.0, min(left, 86_400.0)), self._expired, session.expires_at)

    def _expired(self, at: datetime) -> None:
        if self._server.clock() < at:  # the timer is bounded to a day
            left = (at - self._server.clock()).total_seconds()
            self._expiry = asyncio.get_running_loop().call_later(max(0.0, min(left, 86_400.0)), self._expired, at)
            return
        self._server.close_soon(self._connection, CloseCode.NO_TOKEN, "the token has expired; log in again")

    async def _take(self, message: str | bytes) -> None:
        try:
            op = decode(message)
        except msgspec.MsgspecError as error:
            await self._say(Error("bad-message", str(error)))
            return
        try:
            match op:
                case Subscribe():
                    await self._subscribe(op)
                case ResumeFrom(epoch, seq):
                    wish = self._subscription.wish if self._subscription else Subscribe()
                    await self._subscribe(msgspec.structs.replace(wish, resume_from=Position(epoch, seq), cursor=""))
                case Ack(epoch, seq):
                    await self._acknowledge(Position(epoch, seq))
                case Ping(name):
                    await self._say(Pong(name))
                case Token(token):
                    await self._identify(token)
                    await self._welcome()
                case Hello():
                    await self._say(Error("bad-message", "hello was said already"))
        except Refused as refusal:
            await self._say(Error(refusal.type, str(refusal)))
        except HotlineError as error:
            await self._say(Error("unavailable", str(error)))

    async def _subscribe(self, wish: Subscribe) -> None:
        """Begin anew: first what was missed or a snapshot, then what comes."""
        after = wish.resume_from
        if wish.cursor:
            after = await self._server.cursors.load(self._cursor(wish.cursor)) or after
        now = self._server.mirror.state.position
        subscription = Subscription(self.principal, wish, after or now, self._server.settings.backlog)
        self._unsubscribe()
        self._catch_up = after if after is not None and after <= now else None
        self._wants_snapshot = self._catch_up is None
        self._subscription = subscription
        self._member = self._server.audience.join(subscription, self._wake.set)
        self._wake.set()

    def _cursor(self, name: str) -> str:
        """Return the durable name: a user's cursors are their own."""
        return f"stream:{self.principal.user}:{name}"

    async def _acknowledge(self, position: Position) -> None:
        if self._subscription is None or not self._subscription.wish.cursor:
            await self._say(Error("no-cursor", "subscribe with a cursor to acknowledge"))
            return
        await self._server.cursors.save(self._cursor(self._subscription.wish.cursor), position)

    def _unsubscribe(self) -> None:
        if self._subscription is not None:
            self._server.audience.leave(self._member)
            self._subscription.clear()
            self._subscription = None

    async def _say(self, message: msgspec.Struct) -> None:
        await self._connection.send(ENCODER.encode(message), text=True)

    async def _send_all(self) -> None:
        """Send what waits, for ever; a client that takes nothing for too long is gone."""
        while True:
            self._wake.clear()
            try:
                if self._subscription is not None:
                    await self._send_waiting(self._subscription)
            except TimeoutError:
                self._server.counts.stuck += 1
                self._connection.transport.abort()
                return
            except ConnectionClosed:
                return
            await self._wake.wait()

    async def _send_waiting(self, subscription: Subscription) -> None:
        """Send what was missed or a snapshot first, then events as they come."""
        if self._catch_up is not None:
            after, self._catch_up = self._catch_up, None
            try:
                await self._send_missed(subscription, after)
            except TooOld:
                self._wants_snapshot = True
        while self._subscription is subscription:
            if subscription.lagging or self._wants_snapshot:
                self._wants_snapshot = False
                await self._send(self._snapshot(subscription))
            waiting = subscription.take()
            if waiting is None:
                return
            try:
                await self._send(subscription.frame(waiting.entry, waiting.body))
            finally:
                waiting.done()

    async def _send(self, data: bytes) -> None:
        """Hand a message to the connection; waits while its buffer is full. Raises TimeoutError."""
        async with asyncio.timeout(self._server.settings.stuck_s):
            await self._connection.send(data, text=True)

    async def _send_missed(self, subscription: Subscription, after: Position) -> None:
        """Send what lies between a position and now, marked as replayed. Raises TooOld."""
        whole = sees_numbers(self.principal)
        while after < self._server.mirror.state.position and self._subscription is subscription:
            entries = await self._server.log.read(after)
            if not entries:
                return
            for entry in entries:
                if subscription.wants(entry.event):
                    body = self._server.audience.body(entry.event, whole)
                    await self._send(subscription.frame(entry, body, replayed=True))
            after = entries[-1].position
            subscription.covered(after)

    def _snapshot(self, subscription: Subscription) -> bytes:
        state = self._server.mirror.state
        subscription.restart(state.position)
        everything = rights.sees_everything(self.principal)
        content = views.snapshot(state, self.principal, everything, self._server.clock())
        position = state.position
        return ENCODER.encode({"op": "snapshot", "epoch": position.epoch, "seq": position.seq, **content})
