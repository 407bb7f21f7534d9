"""The missed calls that the emergency script spooled: taken in, one by one, and only then let go of."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from center.ports import Inbox
from messages.errors import Refused, Unavailable
from messages.ids import NodeId, UserId
from messages.requests import TakeMissedCall
from telephony.agi.spool import MissedCall, read_spool

log = structlog.get_logger()

EVERY_S = 10.0
PATIENCE_S = 90.0
SPOOL = UserId("spool")
TAKEN = ".taken"


class MissedCalls:
    """Looks into the spool of one node, for ever."""

    def __init__(
        self, directory: Path, node: NodeId, inbox: Inbox, every_s: float = EVERY_S, patience_s: float = 0.0
    ) -> None:
        self.taken = 0
        self._directory = directory
        self._node = node
        self._inbox = inbox
        self._every_s = every_s
        self._patience_s = patience_s
        """How old a spooled call is at least: Asterisk's logs, which know more of it, may be asked before."""

    def __repr__(self) -> str:
        return f"<MissedCalls in {self._directory}: {self.taken} taken>"

    async def run(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Take in what is there, then look again."""
        while True:
            with contextlib.suppress(Unavailable, OSError):  # behind, or the disk is away: next time
                await self.look()
            await sleep(self._every_s)

    async def look(self) -> None:
        """Take in each spooled call; its file is renamed once the call stands in the journal. Raises Unavailable."""
        for path, call in await asyncio.to_thread(read_spool, self._directory):
            if time.time() - path.stat().st_mtime < self._patience_s:
                continue
            try:
                await self._inbox.ask(self._request(call))
            except Refused as refusal:
                log.error("a missed call was refused", path=str(path), why=str(refusal))
                await asyncio.to_thread(path.rename, path.with_suffix(".bad"))
                continue
            await asyncio.to_thread(path.rename, path.with_suffix(TAKEN))
            self.taken += 1
            log.info("a missed call was taken in", contact=call.contact, reason=call.reason)

    def _request(self, call: MissedCall) -> TakeMissedCall:
        return TakeMissedCall(
            by=SPOOL,
            contact=call.contact,
            node=self._node,
            number=call.number,
            did=call.did,
            arrived=call.arrived or call.taken,
            ended=call.ended,
            recording=call.recording or "",
            reason=call.reason,
        )
