"""Agents: desktops over the public REST and stream, which go ready and receive screen pops."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from time import monotonic
from types import TracebackType

import aiohttp
from websockets.exceptions import WebSocketException

from simulation.accounts import Account
from simulation.reconcile import Pop
from simulation.stream import SNAPSHOT, Received, StreamRefused, subscribed

KINDS = ("screen_pop", "screen_pop.withdrawn", "agent.state")
MISSED = ("rona", "phone_unavailable")
LATER = (409, 503)
"""The phone is not there yet; the centre is behind."""
SEATED_SECONDS = 60.0
RECONNECT_SECONDS = 1.0
AT_ONCE = 16
"""REST connections that all desks share."""


class Desks:
    """The desktops of all simulated agents, as a context manager; entering waits until every agent is ready.

    `recover_s`: seconds after which an agent who missed a call takes calls again.
    """

    def __init__(
        self,
        rest: str,
        stream: str,
        accounts: Sequence[Account],
        *,
        recover_s: float = 2.0,
        on_pop: Callable[[Pop], None] = lambda pop: None,
    ) -> None:
        self.rest, self.stream, self.recover_s, self.on_pop = rest, stream, recover_s, on_pop
        self.pops: list[Pop] = []
        self.complaints: Counter[str] = Counter()
        self._desks = [_Desk(account, self) for account in accounts]
        self._running: list[asyncio.Task[None]] = []
        self._changed = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Desks: {self.count('ready')} of {len(self._desks)} ready, {len(self.pops)} pops>"

    async def __aenter__(self) -> Desks:
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=AT_ONCE), timeout=aiohttp.ClientTimeout(total=30)
        )
        self._running = [asyncio.create_task(desk.run(), name=f"desk {desk.agent}") for desk in self._desks]
        try:
            await self.until_all("ready", SEATED_SECONDS)
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._close()

    def count(self, *states: str) -> int:
        """Return how many agents are in one of these states."""
        return sum(desk.state in states for desk in self._desks)

    def states(self) -> dict[str, str]:
        """Return every agent's state as the server last said it."""
        return {desk.agent: desk.state for desk in self._desks}

    async def until_all(self, state: str, seconds: float) -> None:
        """Wait until every agent is in a state. Raises TimeoutError that says what the desks complained of."""
        try:
            async with asyncio.timeout(seconds):
                while self.count(state) < len(self._desks):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            common = "; ".join(text for text, _ in self.complaints.most_common(3))
            raise TimeoutError(f"{self!r} after {seconds:g} s. {common}") from None

    def note(self) -> None:
        """Say that a desk's state changed."""
        self._changed.set()

    async def _close(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self.session.close()


class _Desk:
    """One agent's desktop."""

    def __init__(self, account: Account, hall: Desks) -> None:
        self.agent, self.state = account.agent or "", "logged_out"
        self._account, self._hall = account, hall
        self._open: dict[str, Pop] = {}

    def __repr__(self) -> str:
        return f"<Desk {self.agent}: {self.state}>"

    async def run(self) -> None:
        """Be there for ever: a connection that ends is opened again."""
        while True:
            try:
                async with (
                    asyncio.TaskGroup() as tasks,
                    subscribed(self._hall.stream, self._account.token, KINDS) as stream,
                ):
                    async for received in stream:
                        self._take(received, tasks)
            except* (OSError, WebSocketException, StreamRefused, aiohttp.ClientError) as errors:
                self._hall.complaints[str(errors.exceptions[0])] += 1
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _take_calls(self, after_s: float = 0.0) -> None:
        """Go ready, as soon as that is possible: a phone may still be on its way to register."""
        await asyncio.sleep(after_s)
        url = f"{self._hall.rest}/api/v1/agents/{self.agent}/state"
        while True:
            async with self._hall.session.put(url, json={"state": "ready"}, headers=self._account.bearer()) as answer:
                if answer.status < 400:
                    return
                self._hall.complaints[f"{answer.status} for ready: {await answer.text()}"] += 1
                if answer.status not in LATER:
                    return
            await asyncio.sleep(RECONNECT_SECONDS)

    def _take(self, received: Received, tasks: asyncio.TaskGroup) -> None:
        if received.kind == "screen_pop":
            pop = Pop(
                agent=self.agent,
                contact=received.text("contact"),
                leg=received.text("leg"),
                at=received.at,
                received_at=received.received_at,
                monotonic_s=monotonic(),
            )
            self._open = {pop.leg: pop}
            self._hall.pops.append(pop)
            self._hall.on_pop(pop)
        elif received.kind == "screen_pop.withdrawn" and (open_pop := self._open.get(received.text("leg"))):
            open_pop.withdrawn = received.text("why")
        elif received.kind == "agent.state" and received.text("agent") == self.agent:
            self._is_now(received.text("after"))
            if self.state == "not_ready" and received.text("reason") in MISSED:
                tasks.create_task(self._take_calls(self._hall.recover_s))
        elif received.kind == SNAPSHOT:
            (seat,) = received.event["agents"]
            self._is_now(seat["state"])
            if self.state in ("logged_out", "not_ready"):
                tasks.create_task(self._take_calls())

    def _is_now(self, state: str) -> None:
        self.state = state
        self._hall.note()
