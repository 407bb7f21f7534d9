"""The loop around the centre: a bounded inbox in, the journal and then commands out."""

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import datetime

import msgspec
import structlog

from center import snapshot
from center.apply import Center, Message
from center.ports import Clock, EventLog, Reply, Switchboard
from center.restore import Snapshots
from center.turn import Outcome
from messages.commands import MirrorAgent, StopRecording
from messages.errors import Fenced, JournalError, Overloaded, Refused
from messages.events import Entry, Position
from messages.facts import Fact
from messages.requests import Request, Tick

log = structlog.get_logger()

_PATIENT = (MirrorAgent, StopRecording)
"""Commands that may wait for others."""

Answer = asyncio.Future[Reply] | None


class LoopSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds: messages waiting, entries not yet journalled, seconds behind before it is said, entries a snapshot.

    `linger_s`: how long what nobody waits for may gather before it is written; each write has its price.
    """

    inbox: int = 20_000
    unwritten: int = 50_000
    behind_s: float = 0.2
    snapshot_every: int = 100_000
    retry_s: float = 0.5
    linger_s: float = 0.02


class CenterLoop:
    """Feeds the centre one message at a time; nothing leaves before it is in the journal.

    `on_pressure(True)` asks the sources to hold back (AMI stops reading, new calls go to the fallback queue) when a
    bound is reached, `on_pressure(False)` tells that it is over.
    """

    def __init__(
        self,
        center: Center,
        journal: EventLog,
        switchboard: Switchboard,
        clock: Clock,
        settings: LoopSettings | None = None,
        snapshots: Snapshots | None = None,
    ) -> None:
        self.center = center
        self.settings = settings or LoopSettings()
        self.on_pressure: Callable[[bool], None] = lambda on: None
        self.applied = 0
        self.refused = 0
        self.pressed = False
        self.snapshot_at = Position()
        """Up to where a start need not read the log."""
        self._journal = journal
        self._switchboard = switchboard
        self._clock = clock
        self._snapshots = snapshots
        self._inbox: deque[tuple[Message, Answer]] = deque()
        self._decided: deque[tuple[datetime, Outcome, Answer]] = deque()
        self._unwritten = 0
        self._since_snapshot = 0
        self._refused_by_journal = False
        self._wake = asyncio.Event()
        self._written = asyncio.Event()
        self._urgent = asyncio.Event()

    def __repr__(self) -> str:
        return f"<CenterLoop: {len(self._inbox)} in, {self._unwritten} unwritten, {self.applied} applied>"

    def tell(self, fact: Fact) -> None:
        """Hand over a fact; never waits and never loses it."""
        self._inbox.append((fact, None))
        self._wake.set()
        if len(self._inbox) > self.settings.inbox:
            self._press(True)

    async def ask(self, request: Request) -> Reply:
        """Hand over a request and return its answer once it is journalled. Raises Refused, Overloaded."""
        if self.pressed:
            raise Overloaded("the centre is behind; try again in a moment")
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._inbox.append((request, answer))
        self._wake.set()
        return await answer

    @property
    def backlog(self) -> int:
        """How many messages wait to be decided."""
        return len(self._inbox)

    def behind_s(self, now: datetime) -> float:
        """Return how long the oldest decision has waited for the journal, in seconds."""
        return (now - self._decided[0][0]).total_seconds() if self._decided else 0.0

    async def run(self) -> None:
        """Begin a new epoch, then decide and write for ever. Raises Fenced when a newer centre took over."""
        started = self.center.start(self._clock())
        self._decided.append((self._clock(), started, None))
        self._unwritten = len(started.entries)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._decide(), name="decide")
            tasks.create_task(self._write(), name="write")

    async def _decide(self) -> None:
        while True:
            await self._sleep()
            for _ in range(min(len(self._inbox), 256)):
                self._apply(*self._inbox.popleft())
            deadline = self.center.next_deadline()
            if deadline is not None and deadline <= self._clock():
                self._apply(Tick(), None)
            self._relieve()
            await asyncio.sleep(0)

    async def _sleep(self) -> None:
        """Return when there is something to decide: a message, or a deadline that has come."""
        if self._inbox:
            return
        self._wake.clear()
        deadline = self.center.next_deadline()
        if deadline is None:
            await self._wake.wait()
            return
        delay = max(0.0, (deadline - self._clock()).total_seconds())
        alarm = asyncio.get_running_loop().call_later(delay, self._wake.set)
        await self._wake.wait()
        alarm.cancel()

    def _apply(self, message: Message, answer: Answer) -> None:
        before = self.center.position
        try:
            outcome = self.center.apply(message, self._clock())
        except Refused as refusal:
            if self.center.position != before:  # half a decision: only a start from the journal is safe
                raise JournalError(f"{message} was refused half-way") from refusal
            self.refused += 1
            if answer is not None and not answer.done():
                answer.set_exception(refusal)
            return
        self.applied += 1
        if outcome.entries or outcome.commands or answer is not None:
            self._decided.append((self._clock(), outcome, answer))
            self._unwritten += len(outcome.entries)
            self._written.set()
            if answer is not None or any(type(command) not in _PATIENT for command in outcome.commands):
                self._urgent.set()
            if self._unwritten > self.settings.unwritten:
                self._press(True)

    async def _write(self) -> None:
        while True:
            await self._something_to_write()
            batch = list(self._decided)
            entries = [entry for _, outcome, _ in batch for entry in outcome.entries]
            if entries:
                kept = self._take_snapshot(len(entries))
                await self._append(entries)
                if kept:
                    await asyncio.to_thread(self._save, *kept)
            for _ in batch:
                self._decided.popleft()
            self._unwritten -= len(entries)
            for _, outcome, answer in batch:
                self._release(outcome, answer)
            self._relieve()

    async def _something_to_write(self) -> None:
        """Return when there is something that somebody waits for, or something has lingered long enough."""
        if not self._decided:
            self._written.clear()
            await self._written.wait()
        alarm = asyncio.get_running_loop().call_later(self.settings.linger_s, self._urgent.set)
        await self._urgent.wait()
        alarm.cancel()
        self._urgent.clear()

    def _release(self, outcome: Outcome, answer: Answer) -> None:
        for command in outcome.commands:
            self._switchboard.execute(command)
        if answer is not None and not answer.done():
            position = outcome.entries[-1].position if outcome.entries else Position()
            answer.set_result(Reply(position, outcome.id, outcome.operation))

    async def _append(self, entries: list[Entry]) -> None:
        """Write until it is written: a full disk or a dead Redis holds the calls' progress, but loses nothing."""
        while True:
            try:
                await self._journal.append(entries)
            except Fenced:
                raise
            except JournalError as error:
                self._refused_by_journal = True
                log.error("journal does not take entries; new calls go to the fallback queue", error=str(error))
                self._press(True)
                await asyncio.sleep(self.settings.retry_s)
            else:
                self._refused_by_journal = False
                return

    def _take_snapshot(self, entries: int) -> tuple[Position, bytes] | None:
        """Encode the state when one is due: only while everything decided is in the batch being written."""
        self._since_snapshot += entries
        if self._snapshots is None or self._since_snapshot < self.settings.snapshot_every:
            return None
        self._since_snapshot = 0
        return self.center.position, snapshot.encode(self.center.state)

    def _save(self, position: Position, data: bytes) -> None:
        if self._snapshots is None:
            return
        try:
            self._snapshots.save_snapshot(position, data)
            self.snapshot_at = position
        except JournalError as error:  # the next start folds more; nothing is lost
            log.error("no snapshot could be kept", error=str(error))

    def _press(self, on: bool) -> None:
        if self.pressed != on:
            self.pressed = on
            log.warning("holding back" if on else "no longer holding back", loop=repr(self))
            self.on_pressure(on)

    def _relieve(self) -> None:
        if not self.pressed or self._refused_by_journal:
            return
        few = len(self._inbox) < self.settings.inbox // 2 and self._unwritten < self.settings.unwritten // 2
        if few and self.behind_s(self._clock()) < self.settings.behind_s:
            self._press(False)
