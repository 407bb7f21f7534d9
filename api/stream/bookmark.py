"""Where a named reader is: acknowledged often, kept a few times a second at the most."""

from __future__ import annotations

import asyncio

from api.ports import Cursors
from messages.events import Position

KEEP_EVERY_S = 0.2


class Bookmark:
    """One reader's durable place. Run it beside the reader, and close it to keep the last place."""

    def __init__(self, cursors: Cursors, name: str) -> None:
        self._cursors = cursors
        self._name = name
        self._kept: Position | None = None
        self._at: Position | None = None
        self._moved = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Bookmark {self._name} at {self._at}>"

    async def load(self) -> Position | None:
        """Return the place, None for a reader who was never here."""
        self._kept = self._at = await self._cursors.load(self._name)
        return self._at

    async def place(self, position: Position) -> None:
        """Keep a place at once."""
        self.move(position)
        await self.close()

    def move(self, position: Position) -> None:
        """Note that everything up to here has been dealt with; never backwards."""
        if self._at is None or position > self._at:
            self._at = position
            self._moved.set()

    async def run(self) -> None:
        """Keep the place as it moves, for ever."""
        while True:
            await self._moved.wait()
            await asyncio.sleep(KEEP_EVERY_S)
            await self.close()

    async def close(self) -> None:
        """Keep the place if it has moved."""
        self._moved.clear()
        if self._at is not None and self._at != self._kept:
            at = self._at
            await self._cursors.save(self._name, at)
            self._kept = at
