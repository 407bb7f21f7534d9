"""One connected stream client: says who it is, subscribes, and is sent what it subscribed to."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
from websockets.exceptions import ConnectionClosed

from api.stream.bookmark import Bookmark
from api.stream.connection import GuardedConnection
from api.stream.ops import (
    ENCODER,
    STREAM,
    Ack,
    CloseCode,
    Error,
    Expiring,
    Hello,
    Ping,
    Pong,
    ResumeFrom,
    Subscribe,
    Token,
    Welcome,
    decode,
)
from api.stream.sender import Sender
from api.stream.subscription import Subscription
from messages.errors import Forbidden, HotlineError, Invalid, Refused
from messages.events import Position
from messages.ids import AgentId
from messages.principal import Principal, Session
from messages.values import Role

if TYPE_CHECKING:
    from api.stream.server import StreamServer


WARN_S = 60.0
"""Seconds before a token expires at which its client is warned."""
LONGEST_CURSOR = 64


class Rejected(Exception):
    """The stream is closed with a code and a text."""

    def __init__(self, code: CloseCode, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class StreamClient:
    """Reads the client's ops; a task of its own sends."""

    def __init__(self, server: StreamServer, connection: GuardedConnection) -> None:
        self._server = server
        self._connection = connection
        self._session: Session | None = None
        self._sender = Sender(server, connection)
        self._bookmark: Bookmark | None = None
        self._recheck: asyncio.TimerHandle | None = None
        self._warned = False
        self._seat: AgentId | None = None

    def __repr__(self) -> str:
        return f"<StreamClient {self._session.principal.user if self._session else '?'}: {self._sender!r}>"

    async def run(self) -> None:
        """Serve the connection to its end."""
        sender: asyncio.Task[None] | None = None
        try:
            await self._hello()
            sender = asyncio.create_task(self._sender.run(), name="stream sender")
            async for message in self._connection:
                await self._take(message)
        except Rejected as rejection:
            await self._connection.close(rejection.code, rejection.text[:100])
        except ConnectionClosed:
            pass
        finally:
            if self._recheck is not None:
                self._recheck.cancel()
            if self._seat is not None:
                self._server.desktops.closed(self._seat)
            await self._unsubscribe()
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
        if (agent := self.principal.agent) is not None:
            self._seat = agent
            self._server.desktops.opened(agent)
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
        scopes = session.principal.scopes
        if scopes is not None and STREAM not in scopes:
            raise Rejected(CloseCode.FORBIDDEN, "this token is not for the stream")
        if self._session is not None and session.principal != self._session.principal:
            raise Rejected(CloseCode.FORBIDDEN, "that token is somebody else's, or of other rights; connect again")
        self._session = session
        self._watch(session)

    def _watch(self, session: Session) -> None:
        """Look at the token again in time to warn, to close when it has expired, and to see that it was revoked."""
        if self._recheck is not None:
            self._recheck.cancel()
        left = (session.expires_at - self._server.clock()).total_seconds()
        if left > WARN_S:
            self._warned, left = False, left - WARN_S
        delay = max(0.01, min(left, self._server.settings.recheck_s))
        self._recheck = asyncio.get_running_loop().call_later(delay, lambda: self._server.soon(self._look_again()))

    def ended(self, sessions: frozenset[str]) -> None:
        """Look at once whether the session is still good, where it is among those that were ended."""
        if self._session is not None and self._session.id in sessions:
            self._server.soon(self._look_again())

    async def _look_again(self) -> None:
        session = self._session
        assert session is not None
        try:
            await self._identify(session.token)
            if not self._warned and session.expires_at - self._server.clock() <= timedelta(seconds=WARN_S):
                self._warned = True
                await self._say(Expiring(session.expires_at))
        except Rejected as rejection:
            await self._connection.close(rejection.code, rejection.text)
        except ConnectionClosed:
            pass
        except HotlineError:
            self._watch(session)

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
                    wish = self._sender.subscription.wish if self._sender.subscription else Subscribe()
                    await self._subscribe(msgspec.structs.replace(wish, resume_from=Position(epoch, seq), cursor=""))
                case Ack(epoch, seq):
                    self._acknowledge(Position(epoch, seq))
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
        server = self._server
        subscription = Subscription(
            self.principal, wish, self._position, server.settings.backlog, server.audience.scope
        )
        await self._unsubscribe()
        after = wish.resume_from
        if wish.cursor:
            after = await self._open_bookmark(wish.cursor) or after
        self._sender.begin(subscription, after)

    @property
    def _position(self) -> Position:
        return self._server.mirror.state.position

    async def _open_bookmark(self, name: str) -> Position | None:
        """Return a reader's place; a new one's is here. A user's cursors are their own. Raises Forbidden, Invalid."""
        if Role.CASE_SYSTEM not in self.principal.roles:
            raise Forbidden("cursor: only services keep one; use resume_from")
        if len(name) > LONGEST_CURSOR:
            raise Invalid(f"cursor: at most {LONGEST_CURSOR} characters")
        bookmark = Bookmark(self._server.cursors, f"stream:{self.principal.user}:{name}")
        place = await bookmark.load()
        if place is None:
            await bookmark.place(self._position)
        self._bookmark = bookmark
        self._keeping = asyncio.create_task(bookmark.run(), name="stream bookmark")
        return place

    def _acknowledge(self, position: Position) -> None:
        subscription = self._sender.subscription
        if subscription is None or self._bookmark is None:
            raise Invalid("ack: subscribe with a cursor to acknowledge")
        if position > subscription.prev:
            raise Invalid("ack: that has not been sent to you")
        self._bookmark.move(position)

    async def _unsubscribe(self) -> None:
        self._sender.end()
        if self._bookmark is not None:
            bookmark, self._bookmark = self._bookmark, None
            self._keeping.cancel()
            await bookmark.close()

    async def _say(self, message: msgspec.Struct) -> None:
        await self._connection.send(ENCODER.encode(message), text=True)
