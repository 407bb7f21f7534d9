"""The one file that wires: from settings to a running hotline, role `all`."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import msgspec
import structlog
from aiohttp import web
from redis.asyncio import Redis

from api.audience import Audience
from api.oidc.entry import Oidc
from api.rest import Services, make_app
from api.stream.server import StreamServer
from app.auditing import note_start, trail_of
from app.backfill import LOGS_S, Backfill
from app.directory import directory
from app.exports import FileExports
from app.figures import Figures
from app.flows import flows_of, open_at, texts_of
from app.identity import Doorkeeper, people_of
from app.listening import ListeningWatch
from app.missed import PATIENCE_S, MissedCalls
from app.notices import sender_of
from app.recordings import evidence_of, keeper_of, vault_of
from app.rolling import RollingRates
from app.settings import Settings
from app.settings_check import warnings
from app.softphones import sip_server, softphones
from center import snapshot
from center.apply import Center
from center.loop import CenterLoop
from center.mirror import Mirror
from center.pops import PopGate
from center.restore import Snapshots, restore
from ivr.flow import flow_for
from ivr.steps import Flow
from messages.commands import Command
from messages.errors import JournalError, Unavailable
from messages.events import Position
from messages.facts import Fact
from messages.ids import NodeId
from messages.values import Source
from notify.outbox import Outbox
from storage.audit.listened import ListeningAudit
from storage.cursors import Cursors
from storage.database import Database
from storage.duties import Duties
from storage.journal import FileJournal
from storage.migrations import upgrade
from storage.notices import Notices
from storage.places import Places
from storage.quality import Quality
from storage.queries import Queries
from storage.recordings.files import RecordingFiles
from storage.recordings.holds import Holds
from storage.recordings.playback import Playback
from storage.redis_log import RedisLog
from storage.reports import Reports
from storage.rows import RowWriter
from storage.schedules import Schedules
from storage.snapshots import FileSnapshots
from telephony.asterisk.child import AsteriskChild
from telephony.asterisk.prompts import provide_prompts
from telephony.bridge import Bridge

log = structlog.get_logger()

TIDY_S = 600.0
PRUNE_S = 3600.0
WEB = Path(__file__).resolve().parent.parent / "web"


def now() -> datetime:
    """Return the present instant, UTC."""
    return datetime.now(UTC)


class Hotline:
    """Everything in one process. `async with` it: parts start in order and end in the opposite one."""

    def __init__(self, settings: Settings, report: Callable[[str], None] = lambda line: None) -> None:
        self.settings = settings
        self.pops = PopGate()
        self.database = Database(settings.database_url)
        self._report = report
        self.failed = asyncio.Event()
        """Set when a part has failed for good."""
        self._stack = AsyncExitStack()

    def __repr__(self) -> str:
        return f"<Hotline {self.settings.asterisk.systemname}>"

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    async def _start(self) -> None:
        settings, enter = self.settings, self._stack.enter_async_context
        settings.data.mkdir(parents=True, exist_ok=True)
        flows = flows_of(settings)
        for line in warnings(settings, now().date()):
            log.warning(line)
        await enter(self.database)
        await upgrade(self.database)
        self.audit = trail_of(settings, self.database)
        await note_start(self.audit, settings, now)
        if settings.run_asterisk:
            self._report("starting Asterisk")
            await enter(AsteriskChild(settings.asterisk, self._report))
        await asyncio.to_thread(_provide_flow_prompts, settings, flows)
        self.journal, snapshots = await self._open_log()
        center = msgspec.structs.replace(settings.center, logs_s=settings.center.logs_s or LOGS_S)
        state = await restore(self.journal, snapshots, center)
        self.mirror = Mirror(self.journal, snapshot.decode(snapshot.encode(state), center))
        self.listening = ListeningWatch()
        self.mirror.listeners.append(self.listening.take)
        self.loop = CenterLoop(Center(center, state), self.journal, self, now, settings.loop, snapshots)
        self.backfill = await self._open_backfill()
        flow = settings.flow
        self.bridge = Bridge(
            settings.asterisk,
            lambda did: flow_for(did, flow, flows),
            self._tell,
            self.pops,
            now,
            lambda calendar: open_at(settings.center, calendar, now()),
            self.backfill.since,
        )
        self.loop.on_pressure = self.bridge.hold_back
        self.rows = RowWriter(self.journal, self.database)
        self.vault = vault_of(settings)
        self.keeper = keeper_of(settings, self.journal, self.audit, self.vault, now)
        self.listened = ListeningAudit(self.journal, Cursors(self.database), self.audit)
        self.notices = Notices(self.database)
        self.outbox: Outbox | None = None
        if settings.notify.kinds:
            sender = sender_of(settings.notify, settings.data)
            self.outbox = Outbox(self.journal, self.notices, sender, settings.notify, now, self.rows.reached)
        self.reports = Reports(self.database, now, directory(settings.center))
        self.rolling = RollingRates(self.reports, now)
        await self._follow()
        await self._serve()
        await enter(self.bridge)

    async def _open_log(self) -> tuple[FileJournal | RedisLog, Snapshots]:
        """Return the log and where snapshots go: files, or Redis with its snapshots in files."""
        directory = self.settings.data / "journal"
        if not self.settings.storage.redis:
            journal = await self._stack.enter_async_context(FileJournal(directory))
            return journal, journal
        directory.mkdir(parents=True, exist_ok=True)
        redis = await self._stack.enter_async_context(Redis.from_url(self.settings.storage.redis))
        return RedisLog(redis, f"hotline:{self.settings.asterisk.systemname}"), FileSnapshots(directory)

    async def _open_backfill(self) -> Backfill:
        """Open Asterisk's own logs, before anything new can stand in them."""
        asterisk = self.settings.asterisk
        files = {Source.CEL: asterisk.cel_file, Source.QUEUE_LOG: asterisk.queue_log_file}
        ended = Queries(self.database).ended
        backfill = Backfill(NodeId(asterisk.systemname), files, Places(self.database), ended, self.loop, now)
        self._stack.callback(backfill.close)
        await backfill.begin()
        return backfill

    def _tell(self, fact: Fact) -> None:
        """Hand over what the bridge saw."""
        self.loop.tell(fact)
        self.backfill.seen(fact)

    def execute(self, command: Command) -> None:
        """Hand a command to the node's switchboard; the loop's port."""
        self.bridge.switchboard.execute(command)

    async def _follow(self) -> None:
        """Start what runs beside everything else; if one of them fails, the process ends and is started again."""
        asterisk = self.settings.asterisk
        missed = MissedCalls(asterisk.spool, NodeId(asterisk.systemname), self.loop, patience_s=PATIENCE_S)
        works = [self.loop.run(), self.mirror.run(), self.rows.run(), self.keeper.run(), self.backfill.run()]
        works.append(self.listened.run())
        if self.outbox is not None:
            works.append(self.outbox.run())
        if days := self.settings.audit.days:
            works.append(self._prune_audit(days))
        for work in (*works, self._tidy(), self._take_missed(missed), self.rolling.run()):
            task = asyncio.create_task(work)
            task.add_done_callback(self._ended)
            self._stack.push_async_callback(_cancel, task)

    async def _take_missed(self, missed: MissedCalls) -> None:
        """Take in missed calls once the logs, which know more of their contacts, have been asked."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOGS_S):
                await self.backfill.read_once.wait()
        await missed.run()

    async def _tidy(self) -> None:
        """Let go of what neither a start nor the rows need any more."""
        while True:
            await asyncio.sleep(TIDY_S)
            if self.loop.snapshot_at > Position():
                with contextlib.suppress(JournalError):  # away now: next time
                    await self.journal.forget(min(self._read_to()))

    async def _prune_audit(self, days: int) -> None:
        """Let entries of the audit go that are past their days."""
        while True:
            at = now()
            try:
                await self.audit.prune(at - timedelta(days=days), at)
            except (Unavailable, OSError) as error:  # away now: next time
                log.warning("the audit could not be pruned", error=str(error))
            await asyncio.sleep(PRUNE_S)

    def _read_to(self) -> list[Position]:
        """Return how far those have read whom the journal is kept for."""
        readers = [self.loop.snapshot_at, self.rows.position, self.keeper.position, self.listened.position]
        return [*readers, self.outbox.position] if self.outbox is not None else readers

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.critical("a part failed; ending", error=str(error), exc_info=error)
            self.failed.set()

    async def _serve(self) -> None:
        settings = self.settings
        queries = Queries(self.database)
        await queries.recent_contacts("-")  # the first pop need not wait for a connection and a compiled query
        people = people_of(settings, self.database, now, self.audit.append)
        identity = Doorkeeper(settings.accounts, people, now)
        self.audience = Audience(queries, self.pops, self.mirror.state)
        self.stream = await self._stack.enter_async_context(
            StreamServer(
                settings.api,
                self.mirror,
                self.journal,
                self.audience,
                identity,
                Cursors(self.database),
                now,
                self.loop.tell,
                self.rolling.by_queue,
            )
        )
        self.rest = Services(
            settings=settings.api,
            mirror=self.mirror,
            inbox=self.loop,
            identity=identity,
            history=queries,
            exports=FileExports(self.database),
            schedules=Schedules(self.database, now, settings.schedules.reasons),
            audit=self.audit,
            recordings=Playback(self.vault, RecordingFiles(self.database)),
            quality=Quality(self.database),
            holds=Holds(self.database, now),
            evidence=evidence_of(settings, self.audit, self.vault, now),
            notices=self.notices,
            softphones=softphones(settings.asterisk),
            sip_servers=(sip_server(settings.asterisk),),
            duties=Duties(self.database),
            reports=self.reports,
            rolling=self.rolling.by_queue,
            people=people,
            oidc=Oidc(settings.oidc, settings.api.public_url, now) if settings.oidc else None,
            clock=now,
            ready=self.not_ready,
            metrics=Figures(self).text,
            web=Path(settings.api.web_dir) if settings.api.web_dir else WEB,
        )
        runner = web.AppRunner(make_app(self.rest), access_log=None, handle_signals=False)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, settings.api.host, settings.api.port).start()

    def not_ready(self) -> list[str]:
        """Return why calls cannot be served now; empty when they can."""
        reasons = []
        if not self.bridge.link.is_up:
            reasons.append("the link to Asterisk's manager is away")
        if self.loop.pressed:
            reasons.append("the journal is behind; new calls go to the fallback queue")
        return reasons


def _provide_flow_prompts(settings: Settings, flows: dict[str, Flow]) -> None:
    """Have the flows' own texts spoken where Asterisk looks for prompts."""
    if any(flow.prompts for flow in flows.values()):
        asterisk = settings.asterisk
        provide_prompts(
            asterisk.instance / "prompts",
            asterisk.prompts_dir,
            asterisk.root,
            texts=texts_of(flows),
            engine=asterisk.speech_command,
        )


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
