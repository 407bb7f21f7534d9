"""What Asterisk reported of listening, also what nobody asked us for, put in the audit as the log tells it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

import structlog

from center.ports import EventLog
from messages.audit import AuditEntry, AuditResult
from messages.errors import JournalError, TooOld, Unavailable
from messages.events import Entry, ListeningEnded, ListeningModeChanged, ListeningStarted, Position
from messages.ids import UserId
from storage.audit.trail import AuditTrail
from storage.cursors import Cursors

log = structlog.get_logger()
T = TypeVar("T")

NAME = "audit-listening"
UNKNOWN = UserId("unknown")
ORIGIN = "asterisk"
RETRY_S, RETRY_AT_MOST_S = 1.0, 60.0
Listened = ListeningStarted | ListeningModeChanged | ListeningEnded


class ListeningAudit:
    """Follows the log; each event is in the audit once, also where we were killed in between."""

    def __init__(self, entries: EventLog, cursors: Cursors, trail: AuditTrail) -> None:
        self.position = Position()
        self._log = entries
        self._cursors = cursors
        self._trail = trail

    def __repr__(self) -> str:
        return f"<ListeningAudit at {self.position.epoch}-{self.position.seq}>"

    async def run(self) -> None:
        """Follow for ever."""
        known: Position | None = await _patiently(lambda: self._cursors.load(NAME))
        self.position = known if known is not None else await _patiently(self._log.last)
        may_be_known = True
        while True:
            try:
                entries = await _patiently(lambda: self._log.read(self.position))
            except TooOld:
                log.critical("listening in a part of the log that is gone is not in the audit", after=self.position)
                self.position = await _patiently(self._log.last)
                continue
            for entry in entries:
                if isinstance(entry.event, Listened):
                    await self._keep(entry, entry.event, may_be_known=may_be_known)
            if entries:
                await _patiently(partial(self._cursors.save, NAME, entries[-1].position))
                self.position, may_be_known = entries[-1].position, False
            else:
                await self._log.wait(self.position)

    async def _keep(self, entry: Entry, event: Listened, *, may_be_known: bool) -> None:
        made = _entry(entry, event)
        if may_be_known and await _patiently(lambda: self._is_known(made)):
            return
        await _patiently(lambda: self._trail.append(made))

    async def _is_known(self, entry: AuditEntry) -> bool:
        page, _ = await self._trail.entries(action=entry.action, contact=entry.contact, limit=1000)
        return any(one["about"] == entry.about for one in page)


def _entry(entry: Entry, event: Listened) -> AuditEntry:
    said = [f"session {event.session}", f"agent {event.agent or 'none'}"]
    if not isinstance(event, ListeningEnded):
        said.append(f"mode {event.mode}")
    if isinstance(event, ListeningStarted) and event.foreign:
        said.append("foreign")
    said.append(f"event {entry.epoch}-{entry.seq}")
    failed = event.failed if isinstance(event, ListeningEnded) else ""
    kinds: dict[type[Listened], str] = {
        ListeningStarted: "listening.started",
        ListeningModeChanged: "listening.switched",
        ListeningEnded: "listening.ended",
    }
    return AuditEntry(
        at=event.occurred,
        by=event.by or UNKNOWN,
        action=kinds[type(event)],
        contact=event.contact,
        about=", ".join(said),
        result=AuditResult.FAILED if failed else AuditResult.GRANTED,
        why=failed,
        origin=ORIGIN,
    )


async def _patiently(work: Callable[[], Awaitable[T]]) -> T:
    delay = RETRY_S
    while True:
        try:
            return await work()
        except TooOld:
            raise
        except (Unavailable, JournalError) as error:
            log.error("listening is not put in the audit just now", error=str(error))
            await asyncio.sleep(delay)
            delay = min(2 * delay, RETRY_AT_MOST_S)
