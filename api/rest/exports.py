"""Exports: asked for, waited for, fetched."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from api.masking import sees_numbers
from api.rest.bodies import check_offset
from api.rest.endpoint import Answer, Asked
from api.rest.jobs import Job, Wanted
from messages.errors import Conflict, Forbidden, NotFound
from messages.values import Role

CITYS = frozenset({"agent-states", "surges"})
"""What is about no contact."""


class ExportBody(msgspec.Struct, frozen=True, kw_only=True):
    """Which records of which period, [from, to), in which form."""

    what: Literal[
        "contacts",
        "visits",
        "legs",
        "operations",
        "three-way",
        "callbacks",
        "revisits",
        "labels",
        "agent-states",
        "surges",
        "surveys",
        "listening",
        "hearings",
        "recordings",
    ]
    form: Literal["csv", "jsonl"] = msgspec.field(name="format", default="csv")
    since: datetime | None = msgspec.field(name="from", default=None)
    until: datetime | None = msgspec.field(name="to", default=None)


class ExportAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How far an export is; once `done`, its file is at `/exports/{id}/download`."""

    id: str
    what: str
    form: str = msgspec.field(name="format")
    state: Literal["pending", "done", "failed"]
    rows: int
    why: str


async def start_export(asked: Asked) -> Answer:
    """Begin an export; its progress is at the address in Location."""
    body: ExportBody = asked.body
    check_offset(since=body.since, until=body.until)
    principal = asked.principal
    if principal.tenant and body.what in CITYS:
        raise Forbidden(f"{body.what} are of the whole city, not of one line")
    wanted = Wanted(
        body.what,
        body.since,
        body.until,
        body.form,
        full=sees_numbers(principal),
        tenant=principal.tenant,
        hidden=frozenset(asked.services.mirror.state.confidential),
    )
    job = asked.services.jobs.start(principal.user, wanted)
    numbers = "numbers whole" if wanted.full else "numbers masked"
    asked.note(about=f"export {job.id}, {body.what} as {body.form}, {_span(body)}, {numbers}")
    return Answer(_answer(job), 202, {"Location": f"/api/v1/exports/{job.id}"})


async def get_export(asked: Asked) -> Answer:
    """Return how far an export is."""
    return Answer(_answer(_job(asked)))


async def download_export(asked: Asked) -> Answer:
    """Return an export's file."""
    job = _job(asked)
    if job.state != "done":
        raise Conflict(f"the export is {job.state}; its file is there once it is done")
    asked.note(about=f"export {job.id}, {job.what} as {job.form}, {job.rows} rows")
    kind = "text/csv; charset=utf-8" if job.form == "csv" else "application/jsonl"
    return Answer(
        job.file,
        headers={"Content-Type": kind, "Content-Disposition": f'attachment; filename="{job.what}.{job.form}"'},
    )


def _span(body: ExportBody) -> str:
    """Return which period it is of, for the audit."""
    since, until = (end.isoformat() if end else "…" for end in (body.since, body.until))
    return f"{since} to {until}"


def _job(asked: Asked) -> Job:
    job = asked.services.jobs.get(asked.path["export"])
    if job is None or asked.principal.tenant not in ("", job.tenant):
        raise NotFound("no such export, or it is no longer kept")
    if job.by != asked.principal.user and Role.ADMIN not in asked.roles:
        raise Forbidden("that export is somebody else's")
    return job


def _answer(job: Job) -> ExportAnswer:
    return ExportAnswer(
        id=job.id,
        what=job.what,
        form=job.form,
        state=job.state,
        rows=job.rows,
        why=job.why,
    )
