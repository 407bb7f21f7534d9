"""What the centre needs from the outside, as small Protocols; each has an in-memory twin and one suite tests all."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from messages.commands import Command
from messages.events import Entry, Position
from messages.facts import Fact
from messages.requests import Request

Clock = Callable[[], datetime]
"""Returns the current instant, aware, UTC."""


class EventLog(Protocol):
    """The ordered, durable list of entries: journal and bus in one."""

    async def append(self, entries: Sequence[Entry]) -> None:
        """Make the entries durable, then visible to readers, all or none.

        Raises Fenced if a newer epoch has written, JournalError if `seq` is not the last plus one or the
        medium fails. Appending again what is there already (same epoch and seq) changes nothing.
        """

    async def read(self, after: Position, limit: int = 1000) -> list[Entry]:
        """Return up to `limit` entries after a position, in order. Raises TooOld if they are no longer kept."""

    async def wait(self, after: Position) -> None:
        """Return once there is an entry after the position."""

    async def last(self) -> Position:
        """Return the position of the newest entry, (0, 0) if there is none."""


async def follow(log: EventLog, after: Position, limit: int = 1000) -> AsyncIterator[list[Entry]]:
    """Yield batches of entries after a position, for ever."""
    while True:
        entries = await log.read(after, limit)
        if entries:
            after = entries[-1].position
            yield entries
        else:
            await log.wait(after)


class Reply(msgspec.Struct, frozen=True):
    """The answer to a request: where in the log it stands, and an id made for it (a session's, an operation's)."""

    position: Position
    id: str = ""
    operation: str = ""


class Inbox(Protocol):
    """The way into the centre."""

    def tell(self, fact: Fact) -> None:
        """Hand over a fact; never waits."""

    async def ask(self, request: Request) -> Reply:
        """Hand over a request and return its answer once it is journalled. Raises Refused or Unavailable."""


class Switchboard(Protocol):
    """What carries commands out."""

    def execute(self, command: Command) -> None:
        """Start carrying a command out; what becomes of it comes back as facts."""
