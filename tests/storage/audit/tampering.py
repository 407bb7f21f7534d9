"""Somebody who may write to the database and to the heads, past all triggers."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert, select

from messages.audit import AuditEntry, AuditResult
from messages.ids import ContactId, UserId
from storage.audit.chain import FIRST, hash_of
from storage.audit.report import Report
from storage.audit.trail import AuditTrail
from storage.audit.verify import verify
from storage.database import Database
from storage.tables import audit
from tests.center.world import START

Rows = list[dict[str, Any]]


def entry(n: int, **fields: Any) -> AuditEntry:
    """Return the nth entry, with something in every field."""
    said: dict[str, Any] = {
        "at": START + timedelta(seconds=n, microseconds=n),
        "by": UserId(f"王{n % 3}"),
        "action": "contacts.reveal",
        "contact": ContactId(f"c{n}") if n % 4 else None,
        "about": f'recording "{n}"\n',
        "tenant": "qihe" if n % 2 else "",
        "purpose": f"a fire 火 \\{n}",
        "result": AuditResult.REFUSED if n % 5 == 0 else AuditResult.GRANTED,
        "why": "confidential" if n % 5 == 0 else "",
        "origin": "10.0.0.1",
        "of": n - 1 if n % 3 == 0 else None,
    }
    return AuditEntry(**said | fields)


async def rows_of(database: Database) -> Rows:
    """Return what is there."""
    async with database.reading() as connection:
        found = await connection.execute(select(audit).order_by(audit.c.seq))
        return [{str(name): value for name, value in row._mapping.items()} for row in found]


async def disarm(database: Database) -> None:
    """Take the triggers away."""
    statements = {
        "sqlite": ["DROP TRIGGER IF EXISTS audit_no_update", "DROP TRIGGER IF EXISTS audit_no_delete"],
        "postgresql": ["ALTER TABLE audit DISABLE TRIGGER ALL"],
    }
    async with database.writing() as connection:
        for statement in statements[database.kind]:
            await connection.exec_driver_sql(statement)


async def put(database: Database, rows: Rows) -> None:
    """Have these rows there, and no others."""
    async with database.writing() as connection:
        await connection.execute(delete(audit))
        if rows:
            await connection.execute(insert(audit), rows)


def hashed_anew(rows: Rows, since: int) -> Rows:
    """Return a chain in which everything from the row at `since` (an index) on fits again."""
    made: Rows = [dict(row) for row in rows]
    for at in range(since, len(made)):
        row = made[at]
        row["seq"] = made[at - 1]["seq"] + 1 if at else 1
        row["prev"] = made[at - 1]["hash"] if at else FIRST
        row["hash"] = hash_of("sha256", row["seq"], row["prev"], row)
    return made


def heads_file(trail: AuditTrail) -> Path:
    """Return the only file of heads."""
    [file] = trail.heads.files()
    return file


async def look(trail: AuditTrail, *copies: Path, trusted: list[str] | None = None) -> Report:
    """Verify."""
    return await verify(trail.database, trail.heads, trusted or trail.signer.public(), copies)


def told(report: Report) -> list[tuple[int, int, str]]:
    """Return what was found, without words."""
    return [(one.seq, one.to, str(one.fault)) for one in report.findings]
