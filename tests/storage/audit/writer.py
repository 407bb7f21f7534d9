"""A process that writes to an audit: URL, directory and how many; told `die`, it is killed at the worst moments.

It prints the seq of each entry once that is kept.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

import structlog

from messages.ids import UserId
from storage.audit.heads import Head, Heads
from storage.database import Database
from tests.storage.audit.tampering import entry
from tests.storage.trails import trail_in


class Dying(Heads):
    """Heads of a process that is killed between an entry and its head, or in the midst of writing that."""

    def __init__(self, directory: Path, how: str) -> None:
        super().__init__(directory)
        self._how = how
        self._left = 3

    def append(self, heads: Iterable[Head]) -> None:
        """Be killed instead, the third time."""
        self._left -= 1
        if self._left == 0:
            if self._how == "die-in-a-line":
                with self.files()[-1].open("ab") as file:
                    file.write(b'{"seq":3,"hash":"sha2')
            os.kill(os.getpid(), signal.SIGKILL)
        super().append(heads)


async def main(url: str, directory: str, count: int, how: str, name: str) -> None:
    """Write entries, some at once."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    async with Database(url) as database:
        trail = trail_in(database, Path(directory))
        if how != "live":
            trail.heads = Dying(trail.heads.directory, how)
        for n in range(0, count, 3):
            some = (entry(n + k, by=UserId(name)) for k in range(min(3, count - n)))
            for seq in await asyncio.gather(*map(trail.append, some)):
                sys.stdout.write(f"{seq}\n")
                sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5]))
