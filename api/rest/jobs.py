"""Exports under way and done: a few at a time, their files kept until newer ones need the room."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory
from typing import Literal

import msgspec
import structlog

from api.ports import Exports
from messages.errors import HotlineError, Unavailable
from messages.ids import ContactId, UserId

log = structlog.get_logger()

KEPT = 50
AT_ONCE = 2


class Wanted(msgspec.Struct, frozen=True):
    """Which records of which period in which form; `full`: numbers whole, `tenant`: of its contacts only."""

    what: str
    since: datetime | None
    until: datetime | None
    form: str
    full: bool = msgspec.field(default=False)
    tenant: str = msgspec.field(default="")
    hidden: frozenset[ContactId] = frozenset()


class Job(msgspec.Struct, kw_only=True):
    """One export; `rows` counts as it goes."""

    id: str
    by: UserId
    what: str
    form: str
    file: Path
    tenant: str = ""
    state: Literal["pending", "done", "failed"] = "pending"
    rows: int = 0
    why: str = ""


class ExportJobs:
    """`async with jobs.open():` what was not finished by then is given up."""

    def __init__(self, exports: Exports | None) -> None:
        self._exports = exports
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._directory: Path | None = None

    def __repr__(self) -> str:
        return f"<ExportJobs: {len(self._running)} running, {len(self._jobs)} kept>"

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Give the jobs a place for their files."""
        with TemporaryDirectory(prefix="hotline-exports-") as directory:
            self._directory = Path(directory)
            try:
                yield
            finally:
                for task in list(self._running.values()):
                    task.cancel()
                await asyncio.gather(*self._running.values(), return_exceptions=True)

    def start(self, by: UserId, wanted: Wanted) -> Job:
        """Begin an export. Raises Unavailable where nothing can be exported."""
        if self._exports is None or self._directory is None:
            raise Unavailable("exports are not available here")
        name = token_hex(8)
        form = wanted.form
        file = self._directory / f"{name}.{form}"
        job = Job(id=name, by=by, what=wanted.what, form=form, file=file, tenant=wanted.tenant)
        self._jobs[name] = job
        if len(self._jobs) > KEPT:
            self._drop(next(iter(self._jobs)))
        task = self._running[name] = asyncio.get_running_loop().create_task(self._write(self._exports, job, wanted))
        task.add_done_callback(lambda _: self._running.pop(name, None))
        return job

    def get(self, name: str) -> Job | None:
        """Return an export, None if it is unknown or no longer kept."""
        return self._jobs.get(name)

    async def _write(self, exports: Exports, job: Job, wanted: Wanted) -> None:
        def progress(done: int) -> None:
            job.rows = done

        try:
            async with self._turn:
                job.rows = await exports.write(
                    wanted.what,
                    wanted.since,
                    wanted.until,
                    wanted.form,
                    job.file,
                    full=wanted.full,
                    tenant=wanted.tenant,
                    hidden=wanted.hidden,
                    progress=progress,
                )
            job.state = "done"
        except HotlineError as error:
            job.state, job.why = "failed", str(error)
        except Exception as error:
            log.exception("an export failed", export=job.id, error=str(error))
            job.state, job.why = "failed", "internal"

    def _drop(self, name: str) -> None:
        job = self._jobs.pop(name)
        if task := self._running.get(name):
            task.cancel()
        job.file.unlink(missing_ok=True)
