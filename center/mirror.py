"""A follower's copy of the state: what has been journalled, and nothing else."""

import asyncio
from collections.abc import Callable

import structlog

from center.evolving import evolve
from center.ports import EventLog, follow
from center.state import State
from messages.errors import JournalError, TooOld
from messages.events import Entry, Position

log = structlog.get_logger()

RETRY_S = 0.5


class Mirror:
    """Follows the log; its listeners are called with each batch after it has been evolved, in order."""

    def __init__(self, log: EventLog, state: State) -> None:
        self.log = log
        self.state = state
        self.listeners: list[Callable[[list[Entry]], None]] = []
        self._moved = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Mirror {self.state!r}, {len(self.listeners)} listeners>"

    async def run(self) -> None:
        """Follow for ever, through the log's absences. Raises TooOld if what comes next is no longer kept."""
        while True:
            try:
                async for entries in follow(self.log, self.state.position):
                    self._take(entries)
            except TooOld:
                raise
            except JournalError as error:
                log.warning("the log cannot be read; trying again", error=str(error))
                await asyncio.sleep(RETRY_S)

    def _take(self, entries: list[Entry]) -> None:
        for entry in entries:
            evolve(self.state, entry)
        for listener in self.listeners:
            listener(entries)
        self._moved.set()
        self._moved = asyncio.Event()

    async def reached(self, position: Position) -> None:
        """Return once the copy is at least as new as a position."""
        while self.state.position < position:
            await self._moved.wait()
