"""The outbox: follows the log, keeps each notice before it is sent, and sends it until it is accepted or too late."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Protocol

import msgspec
import structlog

from calls.callback import CallbackSettings, allowed_from
from center.ports import Clock, EventLog
from messages.errors import JournalError, TooOld, Unavailable
from messages.events import Entry, Position
from messages.masking import masked
from messages.notices import Known, Notice, NoticeKind, NoticeState
from notify.deriving import notices_of, subject_of, withdrawn_by
from notify.errors import TryAgain, WillNotSend
from notify.senders import Sms, SmsSender
from notify.settings import NotifySettings

log = structlog.get_logger()

BATCH = 200
DAY = timedelta(days=1)
IDLE_S = 1.0
"""How often is looked for what has become due."""


class NoticeStore(Protocol):
    """Where notices are kept. Every method raises Unavailable where it is away."""

    async def begin(self, last: Position) -> Position:
        """Return how far the log has been seen to, `last` the first time or where another log was followed."""

    async def move(self, to: Position) -> None:
        """Take `to` for how far the log has been seen to."""

    async def known(self, contact: str, callback: str) -> Known | None:
        """Return what is kept of a contact or call back, None if nothing is."""

    async def take(self, notices: Sequence[Notice], withdrawn: Sequence[str], after: Position, to: Position) -> None:
        """Keep new notices, drop the queued ones of some calls back, and how far that is, all or none."""

    async def recover(self) -> int:
        """Queue what was being sent when we ended, once; return how many there were."""

    async def due(self, now: datetime, limit: int) -> Sequence[Notice]:
        """Return queued notices whose time has come, alerts first, then the oldest."""

    async def sent_to(self, number: str, since: datetime) -> int:
        """Return how many citizens' notices a number has been sent since an instant."""

    async def save(self, notice: Notice) -> None:
        """Keep what became of a notice."""


class OutboxCounts(msgspec.Struct):
    """What became of notices."""

    queued: int = 0
    sent: int = 0
    retried: int = 0
    failed: int = 0
    given_up: int = 0
    maybe_sent: int = 0


class Outbox:
    """Follows the log and sends. `reached` returns once what an entry leads to is kept in the database.

    One message is sent at a time, so at most one is in doubt after a crash; it is sent once more, with the same id.
    """

    def __init__(
        self,
        entries: EventLog,
        store: NoticeStore,
        sender: SmsSender,
        settings: NotifySettings,
        clock: Clock,
        reached: Callable[[Position], Awaitable[None]],
        random: Random | None = None,
    ) -> None:
        self.counts = OutboxCounts()
        self.position = Position()
        self._log = entries
        self._store = store
        self._sender = sender
        self._settings = settings
        self._hours = CallbackSettings(since=settings.since, until=settings.until, tz=settings.tz)
        self._clock = clock
        self._reached = reached
        self._random = random or Random()
        self._more = asyncio.Event()
        self._paused_until: datetime | None = None

    def __repr__(self) -> str:
        return f"<Outbox at {self.position.epoch}-{self.position.seq}: {self.counts.sent} sent>"

    async def run(self) -> None:
        """Follow and send for ever, through absences of the log, the database and the provider."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._patiently(self._follow))
                group.create_task(self._patiently(self._send_all))
        finally:
            await self._sender.close()

    async def _patiently(self, work: Callable[[], Awaitable[None]]) -> None:
        delay = 0.1
        while True:
            began = asyncio.get_running_loop().time()
            try:
                await work()
            except (Unavailable, JournalError) as error:
                log.warning("notices wait for the database or the log", error=str(error))
                delay = 0.1 if asyncio.get_running_loop().time() - began > 10 * delay else min(2 * delay, 5.0)
                await asyncio.sleep(delay)

    async def _follow(self) -> None:
        self.position = await self._store.begin(await self._log.last())
        while True:
            try:
                entries = await self._log.read(self.position, BATCH)
            except TooOld:
                # Notices had been off for long: what happened meanwhile is no news any more.
                log.warning("notices begin at the log's end: what came before is no longer kept")
                await self._store.move(await self._log.last())
                self.position = await self._log.last()
                continue
            if entries:
                await self.take(entries)
            else:
                await self._log.wait(self.position)

    async def take(self, entries: Sequence[Entry]) -> None:
        """Keep what notices follow from entries. Raises Unavailable."""
        await self._reached(entries[-1].position)
        oldest = self._clock() - timedelta(seconds=self._settings.keep_trying_s)
        notices = [notice for entry in entries if entry.at > oldest for notice in await self._derived(entry)]
        withdrawn = [name for entry in entries if (name := withdrawn_by(entry.event))]
        await self._store.take(notices, withdrawn, self.position, entries[-1].position)
        self.position = entries[-1].position
        self.counts.queued += len(notices)
        if notices:
            self._more.set()

    async def _derived(self, entry: Entry) -> list[Notice]:
        subject = subject_of(entry.event, self._settings)
        known = await self._store.known(subject.contact, subject.callback) if subject else None
        return notices_of(entry, self._settings, known)

    async def _send_all(self) -> None:
        if found := await self._store.recover():
            self.counts.maybe_sent += found
            log.warning("messages were cut off while being sent; each is sent once more", messages=found)
        while True:
            self._more.clear()
            due = [] if self._is_paused() else await self._store.due(self._clock(), BATCH)
            for notice in due:
                if await self.send(notice):
                    await asyncio.sleep(1 / self._settings.per_second)
                if self._is_paused() or self._more.is_set():
                    break
            else:
                if len(due) < BATCH:
                    await self._idle()

    async def _idle(self) -> None:
        try:
            async with asyncio.timeout(IDLE_S):
                await self._more.wait()
        except TimeoutError:
            pass
        if self._is_paused():
            await asyncio.sleep(IDLE_S)

    def _is_paused(self) -> bool:
        return self._paused_until is not None and self._clock() < self._paused_until

    async def send(self, notice: Notice) -> bool:
        """Send a notice whose time has come, if it may be sent now; tell whether it was tried. Raises Unavailable."""
        now = self._clock()
        if held := await self._held(notice, now):
            self.counts.given_up += held.state is NoticeState.GIVEN_UP
            await self._store.save(held)
            return False
        replace = msgspec.structs.replace
        notice = replace(notice, state=NoticeState.SENDING, attempts=notice.attempts + 1)
        await self._store.save(notice)
        try:
            answer = await self._sender.send(Sms(notice.id, notice.number, notice.text))
            notice = replace(notice, state=NoticeState.SENT, answer=answer, sent_at=self._clock())
            self.counts.sent += 1
        except WillNotSend as error:
            notice = replace(notice, state=NoticeState.FAILED, answer=error.answer)
            self.counts.failed += 1
        except TryAgain as error:
            notice = self._again(notice, error)
        await self._saved(notice)
        if notice.state is not NoticeState.SENT:
            log.warning(
                "a message was not accepted",
                notice=notice.id,
                number=masked(notice.number),
                answer=notice.answer,
                state=str(notice.state),
            )
        return True

    async def _saved(self, notice: Notice) -> None:
        """Keep what became of a message, however long the database is away: asking it anew would send it again."""
        while True:
            try:
                await self._store.save(notice)
            except Unavailable:
                await asyncio.sleep(IDLE_S)
            else:
                return

    async def _held(self, notice: Notice, now: datetime) -> Notice | None:
        """Return what becomes of a notice that is not sent now, None for one that is."""
        replace = msgspec.structs.replace
        if now >= notice.created_at + timedelta(seconds=self._settings.keep_trying_s):
            return replace(notice, state=NoticeState.GIVEN_UP, answer=f"too late, last: {notice.answer or 'not tried'}")
        if notice.kind is NoticeKind.ALERT:
            return None
        allowed = allowed_from(now, self._hours)
        if allowed > now:
            return replace(notice, next_at=allowed)
        if not notice.attempts and await self._store.sent_to(notice.number, now - DAY) >= self._settings.per_day:
            return replace(notice, state=NoticeState.GIVEN_UP, answer="enough for a day")
        return None

    def _again(self, notice: Notice, error: TryAgain) -> Notice:
        """Return a notice that is tried again later: exponential back-off with full jitter, never before asked to."""
        now = self._clock()
        most = min(self._settings.retry_s * 2.0 ** min(notice.attempts - 1, 30), self._settings.retry_at_most_s)
        if error.after_s:
            self._paused_until = now + timedelta(seconds=error.after_s)
        self.counts.retried += 1
        self.counts.maybe_sent += error.maybe_sent
        return msgspec.structs.replace(
            notice,
            state=NoticeState.QUEUED,
            answer=error.answer,
            maybe_sent=notice.maybe_sent or error.maybe_sent,
            next_at=now + timedelta(seconds=error.after_s + self._random.uniform(0, most)),
        )
