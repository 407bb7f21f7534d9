"""The audit: entries are added to the chain, each with a signed head, and read; nothing changes or removes one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import structlog
from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from messages.audit import AuditEntry
from messages.errors import HotlineError, Invalid, Unavailable
from messages.ids import UserId
from storage.audit.chain import BEFORE_THE_CHAIN, FIRST, hash_of, values_of
from storage.audit.heads import Head, HeadKind, Heads, Signer, is_genuine, restored
from storage.columns import harmless
from storage.database import Database, asking
from storage.tables import audit, audit_floor

log = structlog.get_logger()

MOST = 1000
BATCH = 100
"""Entries that are written at once, where so many wait: no more than these can be without their heads after a crash."""
RETENTION = UserId("retention")
PRUNE = "audit.prune"
# An arbitrary number: where heads are kept in several places after all, the chain is one nevertheless.
_LOCK = 1_234_512_346


class AuditCounts(msgspec.Struct):
    """Entries that were kept, those that could not be, and how often the chain's end was found changed."""

    kept: int = 0
    failed: int = 0
    found_changed: int = 0


class AuditTrail:
    """Who did what with what. Every method raises Unavailable where the database, or the heads' disk, is away."""

    def __init__(self, database: Database, heads: Heads, signer: Signer, algorithm: str = "sha256") -> None:
        self.heads = heads
        self.signer = signer
        self.database = database
        self.counts = AuditCounts()
        self._algorithm = algorithm
        self._waiting: list[tuple[AuditEntry, asyncio.Future[int]]] = []
        self._turn = asyncio.Lock()
        self._writing: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<AuditTrail in {self.database.url}>"

    async def append(self, entry: AuditEntry) -> int:
        """Keep an entry and return its seq; once this returns, it is there for good, and its head is signed."""
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, done))
        async with self._turn:
            if not done.done():  # nobody before us took it along
                batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
                self._writing = asyncio.create_task(self._write(batch))
                await asyncio.shield(self._writing)
        return await done

    async def _write(self, batch: list[tuple[AuditEntry, asyncio.Future[int]]]) -> None:
        """Write what waits and tell those who wait; never raises."""
        try:
            first = await self._together([entry for entry, _ in batch])
        except Exception as error:
            if not isinstance(error, HotlineError | OSError):
                log.exception("the audit failed", error=str(error))
            self.counts.failed += len(batch)
            known = error if isinstance(error, Unavailable) else Unavailable(f"the audit cannot be written: {error}")
            for _, done in batch:
                if not done.done():
                    done.set_exception(known)
                    done.exception()  # who waits may be gone
        else:
            self.counts.kept += len(batch)
            for seq, (_, done) in enumerate(batch, first):
                if not done.done():
                    done.set_result(seq)

    async def _together(self, entries: Sequence[AuditEntry]) -> int:
        """Write entries in one go, then their heads; return the first one's seq."""
        async with self.heads.turn():
            last = await asyncio.to_thread(lambda: self.heads.last(self.signer.public()))
            async with asking(self.database.writing(durable=True)) as connection:
                seq, prev = await self._end(connection, last)
                heads = await self._insert(connection, entries, seq, prev)
            await asyncio.to_thread(self.heads.append, heads)
        log.info("audit head", **msgspec.structs.asdict(heads[-1]))
        return heads[0].seq

    async def _end(self, connection: AsyncConnection, signed: Head | None) -> tuple[int, str]:
        """Return seq and hash that the next entry follows; heads that a crash left out are written first."""
        if self.database.kind == "postgresql":
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        newest = select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)
        row = (await connection.execute(newest)).one_or_none()
        seq, prev = (row.seq, row.hash) if row is not None else (0, FIRST)
        if signed is not None and signed.seq >= seq:
            if (signed.seq, signed.hash) != (seq, prev):
                self._changed("what is signed is not there", signed=signed.seq, there=seq)
            return signed.seq, signed.hash  # what is gone stays missing, for all to see
        if seq:
            await self._restore(connection, signed)
        return seq, prev

    async def _restore(self, connection: AsyncConnection, signed: Head | None) -> None:
        """Write the heads that are in the rows and not in the files: those that a crash left out, and no more.

        What has no signature of ours is left without a head, unless it is from before there was a chain.
        """
        columns = (audit.c.seq, audit.c.hash, audit.c.at, audit.c.signature, audit.c.origin)
        query = select(*columns).order_by(audit.c.seq).where(audit.c.seq > (signed.seq if signed is not None else 0))
        rows = (await connection.execute(query)).all()
        old = [] if signed is not None else [row for row in rows if row.origin == BEFORE_THE_CHAIN]
        late = rows[len(old) :]
        if len(late) > BATCH:
            self._changed("heads are gone", entries=len(late))
            late = []
        trusted = await asyncio.to_thread(self.signer.public)
        made = [restored(row.seq, row.hash, row.at, row.signature) for row in late]
        genuine = [head for head in made if is_genuine(head, trusted)]
        if len(genuine) < len(made):
            self._changed("an entry is not ours", after=signed.seq if signed is not None else 0)
        await asyncio.to_thread(self._adopt, [(row.seq, row.hash, row.at) for row in old], genuine)

    def _adopt(self, old: Sequence[tuple[int, str, datetime]], heads: Sequence[Head]) -> None:
        if found := [*self.signer.sign(old, HeadKind.ADOPTED), *heads]:
            self.heads.append(found)

    def _changed(self, what: str, **more: int) -> None:
        self.counts.found_changed += 1
        log.critical(f"the audit was changed: {what}; hotline verify --audit says more", **more)

    async def _insert(
        self, connection: AsyncConnection, entries: Sequence[AuditEntry], seq: int, prev: str
    ) -> list[Head]:
        """Add entries and return their heads, which are yet to be written."""
        rows, hashes = [], []
        for n, entry in enumerate(entries, seq + 1):
            values = values_of(entry)
            own = hash_of(self._algorithm, n, prev, values)
            rows.append({"seq": n, "prev": prev, "hash": own, **values})
            hashes.append((n, own, entry.at))
            prev = own
        heads = await asyncio.to_thread(self.signer.sign, hashes)
        signed = [row | {"signature": head.kept()} for row, head in zip(rows, heads, strict=True)]
        await connection.execute(insert(audit), signed)
        return heads

    async def entries(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        by: str | None = None,
        action: str | None = None,
        contact: str | None = None,
        tenant: str | None = None,
        cursor: str = "",
        limit: int = 100,
    ) -> tuple[Sequence[dict[str, Any]], str]:
        """Return a page, newest first, of [since, until), and the cursor of the next, empty at the end.

        Raises Invalid for a cursor that is not one of ours.
        """
        query = select(audit).order_by(audit.c.seq.desc())
        if since is not None:
            query = query.where(audit.c.at >= since)
        if until is not None:
            query = query.where(audit.c.at < until)
        wanted = ((audit.c.by, by), (audit.c.action, action), (audit.c.contact, contact), (audit.c.tenant, tenant))
        for column, value in wanted:
            if value is not None:
                query = query.where(column == harmless(value))
        if cursor:
            if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= 18):
                raise Invalid("cursor: not one that a page gave")
            query = query.where(audit.c.seq < int(cursor))
        size = max(1, min(limit, MOST))
        async with asking(self.database.reading()) as connection:
            rows = await connection.execute(query.limit(size + 1))
            found = [{str(name): value for name, value in row._mapping.items()} for row in rows]
        page = found[:size]
        return page, str(page[-1]["seq"]) if len(found) > size else ""

    async def prune(self, before: datetime, at: datetime) -> int:
        """Remove what is older, always from the beginning on and never the newest; return how much.

        That it is removed is audited first; then it is signed where the chain goes on; then it goes.
        """
        kept = select(func.min(audit.c.seq)).where(audit.c.at >= before).scalar_subquery()
        query = select(audit.c.seq, audit.c.hash).where(audit.c.seq < kept).order_by(audit.c.seq.desc()).limit(1)
        oldest = select(func.min(audit.c.seq))
        async with asking(self.database.reading()) as connection:
            last = (await connection.execute(query)).one_or_none()
            first = (await connection.execute(oldest)).scalar_one()
        if last is None:
            return 0
        about = f"entries {first} to {last.seq}, the last {last.hash}"
        await self.append(AuditEntry(at=at, by=RETENTION, action=PRUNE, about=about, origin=str(RETENTION)))
        async with self.heads.turn():
            signed = await asyncio.to_thread(self.signer.sign, [(last.seq, last.hash, at)], HeadKind.PRUNED)
            await asyncio.to_thread(self.heads.append, signed)
            async with asking(self.database.writing(durable=True)) as connection:
                await connection.execute(insert(audit_floor), [{"seq": last.seq}])
                removed = (await connection.execute(delete(audit).where(audit.c.seq <= last.seq))).rowcount
            await asyncio.to_thread(self.heads.forget, last.seq)
        log.warning("audit entries were past their days and are gone", entries=removed, upto=last.seq)
        return removed
