"""The rows of legal holds. Who holds and releases is audited by whoever lets them, before it counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from center.ports import Clock
from messages.ids import ContactId, UserId
from recording.holds import Hold, check_reason
from storage.columns import harmless, to_row
from storage.database import Database, asking
from storage.tables import recording_files, recording_holds

HOLD, RELEASE = "recordings.hold", "recordings.release"


class Holds:
    """Who holds which contacts' recordings. Every method raises Unavailable where the database is away."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def __repr__(self) -> str:
        return f"<Holds in {self._database.url}>"

    async def hold(self, contact: ContactId, reason: str, by: UserId) -> Hold:
        """Hold a contact's recordings; held already, the first hold stays, with its reason. Raises Invalid."""
        reason, at = check_reason(reason), self._clock()
        held = Hold(contact=contact, reason=reason, by=by, held_at=at)
        insert: Any = (postgresql if self._database.kind == "postgresql" else sqlite).insert(recording_holds)
        async with asking(self._database.writing()) as connection:
            # Whoever removes a recording locks its row before looking for a hold: either of us comes first.
            its = recording_files.c.contact == harmless(contact)
            await connection.execute(select(recording_files.c.recording).where(its).with_for_update())
            await connection.execute(insert.on_conflict_do_nothing(), [to_row(held)])
        return await self.of(contact) or held

    async def release(self, contact: ContactId, reason: str) -> bool:
        """Let the rules have a contact's recordings again; return False where they were not held. Raises Invalid."""
        check_reason(reason)
        gone = delete(recording_holds).where(recording_holds.c.contact == harmless(contact))
        async with asking(self._database.writing()) as connection:
            return bool((await connection.execute(gone)).rowcount)

    async def of(self, contact: ContactId) -> Hold | None:
        """Return a contact's hold, None where there is none."""
        query = select(recording_holds).where(recording_holds.c.contact == harmless(contact))
        async with asking(self._database.looking()) as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else _of(row)

    async def all(self) -> Sequence[Hold]:
        """Return every hold, the oldest first."""
        query = select(recording_holds).order_by(recording_holds.c.held_at, recording_holds.c.contact)
        async with asking(self._database.looking()) as connection:
            return [_of(row) for row in await connection.execute(query)]


def _of(row: Any) -> Hold:
    return msgspec.convert({str(name): value for name, value in row._mapping.items()}, Hold)
