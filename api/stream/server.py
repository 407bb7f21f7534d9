"""The stream's server: websockets on a port of its own, at /v1/stream."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Self, cast
from urllib.parse import urlsplit

import msgspec
import structlog
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from api.audience import Audience
from api.ports import Cursors, Identity
from api.queue_views import UNKNOWN
from api.settings import ApiSettings
from api.stream.client import StreamClient
from api.stream.connection import GuardedConnection
from api.stream.desktops import Desktops
from api.stream.ops import CloseCode
from center.mirror import Mirror
from center.ports import Clock, EventLog
from messages.facts import Fact
from metrics.counts import Rolling

log = structlog.get_logger()

PATH = "/v1/stream"
WRITE_LIMIT = 256 * 1024
"""Bytes in a connection's write buffer at which sending to it waits."""


class StreamCounts(msgspec.Struct):
    """What became of the connections."""

    connected: int = 0
    stuck: int = 0
    refused_origin: int = 0
    refused_full: int = 0
    failed: int = 0


class StreamServer:
    """`async with` it."""

    def __init__(
        self,
        settings: ApiSettings,
        mirror: Mirror,
        log: EventLog,
        audience: Audience,
        identity: Identity,
        cursors: Cursors,
        clock: Clock,
        tell: Callable[[Fact], None],
        rolling: Mapping[str, Rolling] = UNKNOWN,
    ) -> None:
        self.settings = settings
        self.rolling = rolling
        self.mirror = mirror
        self.log = log
        self.audience = audience
        self.identity = identity
        self.cursors = cursors
        self.clock = clock
        self.desktops = Desktops(tell, clock, settings.desktop_grace_s)
        self.counts = StreamCounts()
        self.port = settings.stream_port
        self._server: Server | None = None
        self._open = 0
        self._clients: set[StreamClient] = set()
        self._soon: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"<StreamServer {self.settings.host}:{self.port}: {self.audience!r}>"

    async def __aenter__(self) -> Self:
        self.mirror.listeners.append(self.audience.show)
        self.identity.listeners.append(self._sessions_ended)
        self._server = await serve(
            self._connected,
            self.settings.host,
            self.settings.stream_port,
            process_request=self._check,
            compression=None,
            max_size=64 * 1024,
            write_limit=WRITE_LIMIT,
            ping_interval=self.settings.ping_s,
            ping_timeout=self.settings.ping_s,
            create_connection=GuardedConnection,
        )
        self.port = next(iter(self._server.sockets)).getsockname()[1]
        self.desktops.begin(self.mirror.state)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.desktops.close()
        self.mirror.listeners.remove(self.audience.show)
        with suppress(ValueError):  # stopped already
            self.identity.listeners.remove(self._sessions_ended)
        if self._server is not None:
            self._server.close(code=CloseCode.GOING_AWAY, reason="the server stops; connect again")
            await self._server.wait_closed()
        await asyncio.gather(*self._soon, return_exceptions=True)
        await self.audience.close()

    def soon(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something from where nothing can be awaited."""
        task = asyncio.get_running_loop().create_task(work)
        self._soon.add(task)
        task.add_done_callback(self._soon.discard)

    def _sessions_ended(self, sessions: frozenset[str]) -> None:
        for client in self._clients:
            client.ended(sessions)

    def _check(self, connection: ServerConnection, request: Request) -> Response | None:
        """Refuse other paths, browsers on pages that are not ours, and more clients than we can serve."""
        if urlsplit(request.path).path != PATH:
            return connection.respond(HTTPStatus.NOT_FOUND, f"the stream is at {PATH}\n")
        origin = request.headers.get("Origin")
        if origin and not self._is_ours(origin, request.headers.get("Host", "")):
            self.counts.refused_origin += 1
            return connection.respond(HTTPStatus.FORBIDDEN, "this origin may not open the stream\n")
        if self._open >= self.settings.clients:
            self.counts.refused_full += 1
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "too many streams are open\n")
        return None

    def _is_ours(self, origin: str, host: str) -> bool:
        if origin in self.settings.origins:
            return True
        return urlsplit(origin).hostname == urlsplit(f"//{host}").hostname

    async def _connected(self, connection: ServerConnection) -> None:
        self.counts.connected += 1
        self._open += 1
        client = StreamClient(self, cast(GuardedConnection, connection))
        self._clients.add(client)
        try:
            await client.run()
        except Exception as error:  # one client's fault must not touch another
            self.counts.failed += 1
            log.exception("a stream client's session failed", error=str(error))
        finally:
            self._clients.discard(client)
            self._open -= 1
