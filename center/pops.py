"""The mark that a screen pop has left: an offer waits for it, but never long."""

import asyncio
from collections import OrderedDict

from messages.ids import LegId


class PopGate:
    """Set by whoever sends pops, awaited by whoever rings phones. `late` counts offers that did not wait longer."""

    def __init__(self, patience_s: float = 0.05, remembered: int = 10_000) -> None:
        self.patience_s = patience_s
        self.late = 0
        self._left: OrderedDict[LegId, None] = OrderedDict()
        self._waiting: dict[LegId, asyncio.Event] = {}
        self._remembered = remembered

    def __repr__(self) -> str:
        return f"<PopGate: {len(self._waiting)} waiting, {self.late} late>"

    def left(self, leg: LegId) -> None:
        """The pop of this leg has been handed to the agent's connection, or nobody is there to see it."""
        if event := self._waiting.get(leg):
            event.set()
            return
        self._left[leg] = None
        if len(self._left) > self._remembered:
            self._left.popitem(last=False)

    async def wait(self, leg: LegId) -> None:
        """Return when the pop has left, after `patience_s` seconds at the latest."""
        if leg in self._left:
            del self._left[leg]
            return
        event = self._waiting[leg] = asyncio.Event()
        try:
            async with asyncio.timeout(self.patience_s):
                await event.wait()
        except TimeoutError:
            self.late += 1
        finally:
            del self._waiting[leg]
