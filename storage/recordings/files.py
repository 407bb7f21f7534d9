"""The rows of recordings' files."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import case, func, literal, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from messages.errors import Unavailable
from messages.ids import ContactId, RecordingId
from recording.files import OPEN, FileState, RecordingFile, may_go
from storage.columns import Instant, harmless, to_row
from storage.database import Database, asking
from storage.tables import contacts, recording_files, recording_holds, recordings

files = recording_files.c
PAGE = 500

SETTLE_TRIES, SETTLE_PAUSE_S = 100, 0.05


class RecordingFiles:
    """What is known of recordings' files. Every method raises Unavailable where the database is away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __repr__(self) -> str:
        return f"<RecordingFiles in {self._database.url}>"

    async def take(self, found: Iterable[RecordingFile]) -> None:
        """Add recordings that are complete on the host; those that are known already stay as they are."""
        if not (rows := [to_row(file) for file in found]):
            return
        insert: Any = (postgresql if self._database.kind == "postgresql" else sqlite).insert(recording_files)
        async with asking(self._database.writing()) as connection:
            await connection.execute(insert.on_conflict_do_nothing(), rows)

    async def left_behind(self) -> list[RecordingFile]:
        """Return the recordings that are over and have no file's row."""
        query = (
            select(recordings.c.recording, recordings.c.contact, recordings.c.ended_at)
            .outerjoin(recording_files, files.recording == recordings.c.recording)
            .where(recordings.c.ended_at.is_not(None), recordings.c.failed == "", files.recording.is_(None))
        )
        async with asking(self._database.reading()) as connection:
            return [
                RecordingFile(recording=row.recording, contact=row.contact, ended_at=row.ended_at)
                for row in await connection.execute(query)
            ]

    async def open(self, limit: int = 100) -> Sequence[RecordingFile]:
        """Return what there is still to do: first what has not failed yet, the oldest first."""
        query = (
            select(recording_files)
            .where(files.state.in_(OPEN))
            .order_by(case((files.error == "", 0), else_=1), files.ended_at, files.recording)
            .limit(limit)
        )
        async with asking(self._database.looking()) as connection:
            return [_of(row) for row in await connection.execute(query)]

    async def get(self, recording: RecordingId) -> RecordingFile | None:
        """Return one recording's."""
        query = select(recording_files).where(files.recording == harmless(recording))
        async with asking(self._database.looking()) as connection:
            row = (await connection.execute(query)).one_or_none()
        return _of(row) if row is not None else None

    async def of(self, contact: ContactId) -> dict[str, RecordingFile]:
        """Return a contact's, by recording."""
        query = select(recording_files).where(files.contact == harmless(contact))
        async with asking(self._database.looking()) as connection:
            return {row.recording: _of(row) for row in await connection.execute(query)}

    async def move(self, old: RecordingFile, new: RecordingFile) -> bool:
        """Write what has become of a recording; return False where it had changed meanwhile. Raises ValueError."""
        if new.state is not old.state and not may_go(old.state, new.state):
            raise ValueError(f"{old.recording}: not from {old.state} to {new.state}")
        update = (
            recording_files.update()
            .where(
                files.recording == old.recording,
                files.state == old.state,
                files.key_version == old.key_version,
            )
            .values(to_row(new))
        )
        async with asking(self._database.writing()) as connection:
            return bool((await connection.execute(update)).rowcount)

    async def claim_expired(self, file: RecordingFile) -> RecordingFile | None:
        """Mark a recording as being removed; return None where it is held, or has changed meanwhile.

        Its row is locked before the holds are looked at, and `Holds.hold` locks it before it writes one.
        """
        mine = files.recording == file.recording
        held = select(recording_holds.c.contact).where(recording_holds.c.contact == file.contact)
        new = msgspec.structs.replace(file, state=FileState.EXPIRING)
        async with asking(self._database.writing()) as connection:
            state = await connection.scalar(select(files.state).where(mine).with_for_update())
            if state not in (FileState.KEPT, FileState.EXPIRING) or (await connection.execute(held)).first():
                return None
            await connection.execute(recording_files.update().where(mine).values(state=FileState.EXPIRING))
        return new

    async def settle(self) -> None:
        """Return once what was written survives a power cut: SQLite in WAL mode syncs later than it commits."""
        if self._database.kind != "sqlite":
            return
        for _ in range(SETTLE_TRIES):
            async with asking(self._database.looking()) as connection:
                busy = (await connection.exec_driver_sql("PRAGMA wal_checkpoint(FULL)")).first()
            if busy is not None and not busy[0]:
                return
            await asyncio.sleep(SETTLE_PAUSE_S)  # somebody else writes just now
        raise Unavailable("the database is busy")

    async def again(self) -> int:
        """Let what was missing or failed be tried again; return how many."""
        tried = (FileState.MISSING, FileState.FAILED)
        update = recording_files.update().where(files.state.in_(tried)).values(state=FileState.TAKEN)
        async with asking(self._database.writing()) as connection:
            return int((await connection.execute(update)).rowcount)

    async def all(self) -> AsyncIterator[RecordingFile]:
        """Yield every row, in the order of the recordings' names, a page a transaction."""
        after = ""
        while True:
            query = select(recording_files).where(files.recording > after).order_by(files.recording).limit(PAGE)
            async with asking(self._database.looking()) as connection:
                page = [_of(row) for row in await connection.execute(query)]
            for file in page:
                yield file
            if len(page) < PAGE:
                return
            after = page[-1].recording

    async def counts(self, states: Iterable[FileState] = FileState) -> Counter[FileState]:
        """Return how many there are in each of these states."""
        query = select(files.state, func.count()).where(files.state.in_(tuple(states))).group_by(files.state)
        async with asking(self._database.looking()) as connection:
            return Counter({FileState(state): count for state, count in await connection.execute(query)})

    async def kept_before(self, at: datetime) -> AsyncIterator[tuple[RecordingFile, str, str]]:
        """Yield what is kept, or was being removed, and ended before an instant, with its queue and tenant."""
        query = (
            select(recording_files, contacts.c.queue.label("of_queue"), contacts.c.tenant.label("of_tenant"))
            .outerjoin(contacts, contacts.c.contact == files.contact)
            .where(files.state.in_((FileState.KEPT, FileState.EXPIRING)), files.ended_at < at)
            .order_by(files.ended_at, files.recording)
            .limit(PAGE)
        )
        after: tuple[datetime, str] | None = None
        while True:
            place = tuple_(files.ended_at, files.recording)
            page = query if after is None else query.where(place > tuple_(literal(after[0], Instant), after[1]))
            async with asking(self._database.looking()) as connection:
                found = (await connection.execute(page)).all()
            for row in found:
                yield _of(row), row.of_queue or "", row.of_tenant or ""
            if len(found) < PAGE:
                return
            after = found[-1].ended_at, found[-1].recording


def _of(row: Any) -> RecordingFile:
    # str(): SQLAlchemy names reserved words by a subclass that msgspec does not take for text.
    values = {str(name): value for name, value in row._mapping.items() if not str(name).startswith("of_")}
    return msgspec.convert(values, RecordingFile)
