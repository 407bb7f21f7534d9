"""The centre's orders for a call that waits, and what is done until there is one."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from telephony.agi.errors import AgiHangup
from telephony.agi.orders import LetGo, Offer, Parting, Telling
from telephony.agi.session import AgiSession

T = TypeVar("T")
Order = Offer | Parting | Telling | LetGo

HELD_S = 30
"""How long after our last word a call that waits goes to the safety net: we may hang with an open socket."""
CUT = "D"
"""A key that no telephone has: pressed by us, it cuts an announcement short (ASTERISK.md)."""


class Orders:
    """Those of one held call, in order. `told`: the caller hears something that CUT ends."""

    def __init__(self, session: AgiSession) -> None:
        self.told = False
        self._session = session
        self._queue: asyncio.Queue[Order] = asyncio.Queue()

    def __repr__(self) -> str:
        return f"<Orders: {self._queue.qsize()} waiting>"

    @property
    def empty(self) -> bool:
        """Whether there is none."""
        return self._queue.empty()

    def put(self, order: Order) -> None:
        """Dial these phones, part with the caller, or tell them something, as soon as the call is free for it."""
        self._queue.put_nowait(order)

    def waiting(self) -> list[Order]:
        """Return those that are still to be carried out."""
        return list(self._queue._queue)  # type: ignore[attr-defined]

    async def next(self) -> Order:
        """Wait, music playing, for the centre's word. Raises AgiHangup when the citizen or the channel leaves."""
        waiting = asyncio.ensure_future(self._queue.get())
        leaving = asyncio.ensure_future(self._session.wait_hangup())
        try:
            while True:
                if self.empty and not waiting.done():
                    await self._session.be_missed_after(HELD_S)
                await asyncio.wait((waiting, leaving), timeout=HELD_S / 3, return_when=asyncio.FIRST_COMPLETED)
                if leaving.done():
                    raise AgiHangup("the caller left while held")
                if waiting.done():
                    return waiting.result()
        finally:
            waiting.cancel()
            leaving.cancel()

    async def unless_ordered(self, doing: Coroutine[Any, Any, T]) -> T | None:
        """Do something that CUT ends, unless there is an order already: then None."""
        if not self.empty:
            doing.close()
            return None
        self.told = True
        try:
            return await doing
        finally:
            self.told = False
