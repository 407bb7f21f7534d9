"""The FastAGI server: limits, deadlines and a graceful end around the sessions' handler."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Self

import msgspec
import structlog

from telephony.agi.errors import AgiError, AgiHangup
from telephony.agi.session import AgiSession

log = structlog.get_logger()


class AgiCounts(msgspec.Struct):
    """What became of the connections so far.

    `silent` came and went without a whole environment, `timed_out` stayed without one.
    """

    accepted: int = 0
    refused: int = 0
    silent: int = 0
    timed_out: int = 0
    malformed: int = 0
    crashed: int = 0


class AgiServer:
    """Listens as long as its block lasts; whatever it does not take, the dialplan takes.

    `environment_s`: seconds a client has to say who it is; `drain_s`: seconds that sessions have to end at closing.
    """

    def __init__(
        self,
        handler: Callable[[AgiSession], Awaitable[None]],
        host: str,
        port: int,
        *,
        max_sessions: int = 2000,
        environment_s: float = 5.0,
        drain_s: float = 0.0,
    ) -> None:
        self.accepting = True
        self.counts = AgiCounts()
        self.port = port
        self._handler = handler
        self._host = host
        self._max_sessions = max_sessions
        self._environment_s = environment_s
        self._drain_s = drain_s
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"<AgiServer {self._host}:{self.port}: {len(self._tasks)} sessions, {self.counts}>"

    @property
    def active(self) -> int:
        """How many connections are open."""
        return len(self._tasks)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: AgiSession(self._connected), self._host, self.port, backlog=1024
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Refuse new sessions, let those that talk end for `drain_s`, then hand the rest to the dialplan."""
        self.accepting = False
        if self._server is not None:
            self._server.close()
        if self._tasks and self._drain_s:
            await asyncio.wait(self._tasks, timeout=self._drain_s)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _connected(self, session: AgiSession) -> None:
        if not self.accepting or len(self._tasks) >= self._max_sessions:
            self.counts.refused += 1
            session.close()
            return
        task = asyncio.get_running_loop().create_task(self._run(session))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, session: AgiSession) -> None:
        try:
            await self._serve(session)
        finally:
            session.close()

    async def _serve(self, session: AgiSession) -> None:
        if not await self._begin(session):
            return
        self.counts.accepted += 1
        try:
            await self._handler(session)
        except AgiHangup:
            pass  # the end of any call
        except Exception as error:  # whatever is wrong with one call must not touch another
            self.counts.crashed += 1
            contact = session.environment.get("agi_arg_1", "")
            log.exception(
                "a session's handler failed; the dialplan goes on",
                contact=contact,
                session=repr(session),
                error=str(error),
            )

    async def _begin(self, session: AgiSession) -> bool:
        try:
            async with asyncio.timeout(self._environment_s):
                await session.begin()
        except TimeoutError:
            self.counts.timed_out += 1
        except EOFError:
            self.counts.silent += 1
        except AgiError as error:
            self.counts.malformed += 1
            log.warning("not an AGI client", error=str(error))
        else:
            return True
        return False
