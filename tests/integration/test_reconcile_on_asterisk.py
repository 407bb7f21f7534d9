"""`hotline verify --reconcile` on a day at a real Asterisk: all agree, and whatever is then changed is found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from app.reconcile import Files, reconciled, rotated
from imports.reconcile import Kind
from storage.database import Database
from storage.migrations import upgrade
from storage.tables import contacts, legs
from tests.integration.hall import open_hall
from tests.integration.test_imports_of_asterisk import day
from tests.sip_fixture import RtpEar, Sipp
from tests.storage.history import write

pytestmark = pytest.mark.integration
PHONES = {"a1": "1001", "a2": "1002"}


async def test_a_flawless_day_reconciles_and_whatever_is_changed_is_found(
    tmp_path: Path, asterisk_root: Path, sipp: Sipp, ear: RtpEar
) -> None:
    async with open_hall(tmp_path, asterisk_root, sipp, ring_s=3) as (hall, child):
        await day(hall, ear)
        since, until = hall.entries[0].at - timedelta(seconds=5), hall.entries[-1].at + timedelta(seconds=5)
        settings = hall.settings
        await child.stop()  # it writes what it still has in hand
    async with Database(f"sqlite:///{tmp_path / 'hotline.db'}") as database:
        await upgrade(database)
        await write(database, hall.entries)
        logs = Files(
            cel=rotated(settings.cel_file),
            cdr=rotated(settings.cdr_file),
            queue_log=rotated(settings.queue_log_file),
        )

        async def kinds() -> list[Kind]:
            found = await reconciled(database, logs, PHONES, since, until)
            assert (found.calls, found.answered) == (4, 3)
            return [one.kind for one in found.differences]

        found = await reconciled(database, logs, PHONES, since, until)
        assert found.differences == []
        assert (found.calls, found.contacts, found.answered, found.going_on) == (4, 4, 3, 0)

        async def change(statement: object) -> None:
            async with database.writing() as connection:
                await connection.execute(statement)  # type: ignore[call-overload]

        answered = contacts.c.outcome == "answered"
        moved = {"answered_at": until - timedelta(hours=3)}
        await change(update(contacts).where(contacts.c.outcome == "abandoned").values(outcome="answered"))
        assert await kinds() == [Kind.OUTCOME]
        await change(update(contacts).where(contacts.c.answered_at.is_(None)).values(outcome="abandoned"))
        assert await kinds() == []
        await change(update(contacts).where(answered).values(moved))
        assert await kinds() == [Kind.ANSWER_INSTANT] * 3
        await change(update(legs).where(legs.c.answered_at.is_not(None)).values(phone="1009"))
        assert Counter(await kinds()) == {Kind.AGENT: 3, Kind.ANSWER_INSTANT: 3}
        await change(delete(contacts).where(answered))
        assert await kinds() == [Kind.NO_CONTACT] * 3
        _rewrite(settings.cel_file, lambda line: "13800000002" not in line)
        lost = await reconciled(database, logs, PHONES, since, until)
        assert Counter(one.kind for one in lost.differences) == {Kind.NO_CONTACT: 3, Kind.UNKNOWN_CONTACT: 1}
        _rewrite(settings.cdr_file, lambda line: False)
        bare = await reconciled(database, logs, PHONES, since, until)
        assert Counter(one.kind for one in bare.differences)[Kind.NO_CDR] == 3


def _rewrite(file: Path, keep: Callable[[str], bool]) -> None:
    file.write_text("".join(line for line in file.read_text().splitlines(keepends=True) if keep(line)))
