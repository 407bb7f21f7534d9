"""Demo traffic: citizens who never stop calling and a few agents, on a hotline that runs already."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from websockets.exceptions import WebSocketException

from simulation.accounts import Account
from simulation.agents import Desks
from simulation.citizens import Citizens, numbers
from simulation.options import Mix
from simulation.phones import Phones
from simulation.sipp import Target
from simulation.stream import StreamRefused, subscribed
from telephony.asterisk.settings import Phone

CITIZENS = 500
"""Numbers that call, one after the other, over and over: some citizens are known already."""
EVERY_SECONDS = 6.0
TALK_SECONDS = 20.0
RING_SECONDS = 2.0
RESTART_SECONDS = 5.0
MIX = Mix(abandoning=0.04, citizen_hangs_up=0.4, held=0.2, unanswered=0.03, abandon_s=10.0, patience_s=40.0, held_s=5.0)
_COUNTERS = {"contact.arrived": "calls", "contact.ended": "", "listening.started": "listens"}


class Demo:
    """Demo traffic as a context manager; entering waits until its agents are ready; `counters` for a live line.

    `agents` maps each simulated agent's account to their phone; a seat that is to stay free is left out.
    `watcher` may see all contacts.
    """

    def __init__(
        self,
        *,
        rest: str,
        stream: str,
        target: Target,
        did: str,
        agents: Sequence[tuple[Account, Phone]],
        watcher: Account,
        directory: Path,
        every_s: float = EVERY_SECONDS,
    ) -> None:
        self.counters: Counter[str] = Counter(calls=0, pops=0, answered=0, abandoned=0, lost=0, listens=0)
        self._stream, self._watcher, self._every_s = stream, watcher, every_s
        accounts = [account for account, _ in agents]
        phones = [phone for _, phone in agents]
        self._desks = Desks(rest, stream, accounts, on_pop=lambda pop: self._count("pops"))
        self._phones = Phones(target, directory, phones, ring_s=RING_SECONDS, talk_s=TALK_SECONDS, mix=MIX)
        self._citizens = Citizens(target, directory, did=did, numbers=numbers(CITIZENS, MIX), mix=MIX)
        self._running: list[asyncio.Task[None]] = []

    def __repr__(self) -> str:
        return f"<Demo: {dict(self.counters)}>"

    async def __aenter__(self) -> Demo:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._phones.stop)
            stack.push_async_callback(self._citizens.stop)
            stack.push_async_callback(self._cancel)
            self._run(self._watch())
            self._run(self._keep(self._phones.start_endless, self._phones.wait))
            await stack.enter_async_context(self._desks)
            self._run(self._keep(self._call, self._citizens.wait))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        self._running.append(asyncio.create_task(work))

    async def _cancel(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _call(self) -> None:
        await self._citizens.start(1 / self._every_s, rtp=True, endless=True)

    async def _keep(self, start: Callable[[], Awaitable[None]], wait: Callable[[], Awaitable[None]]) -> None:
        """Start something again whenever it ends."""
        while True:
            await start()
            await wait()
            await asyncio.sleep(RESTART_SECONDS)

    async def _watch(self) -> None:
        while True:
            with contextlib.suppress(OSError, WebSocketException, StreamRefused):
                async with subscribed(self._stream, self._watcher.token, tuple(_COUNTERS)) as stream:
                    async for received in stream:
                        self._count(_COUNTERS.get(received.kind) or received.text("outcome"))
            await asyncio.sleep(RESTART_SECONDS)

    def _count(self, what: str) -> None:
        if what:
            self.counters[what] += 1
