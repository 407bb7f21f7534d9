"""What Asterisk reports of listening is in the audit once, also what nobody asked for, and across being killed."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from center.memory_log import MemoryLog
from messages.audit import AuditEntry
from messages.errors import Unavailable
from messages.events import AnyEvent, Entry, ListeningEnded, ListeningModeChanged, ListeningStarted, Position
from messages.ids import AgentId, CallId, ContactId, SessionId, UserId
from messages.values import ListeningMode
from storage.audit import listened
from storage.audit.listened import NAME, ListeningAudit
from storage.audit.trail import AuditTrail
from storage.cursors import Cursors
from storage.database import Database
from tests.center.world import START
from tests.storage.audit.tampering import look, rows_of
from tests.storage.trails import trail_in


def entries(by: str | None = "wang", failed: str = "") -> list[Entry]:
    """Return what the log holds of one session."""
    about: dict[str, Any] = {
        "session": SessionId("s1"),
        "contact": ContactId("k1"),
        "call": CallId("c1"),
        "agent": AgentId("a1"),
        "by": UserId(by) if by else None,
    }
    told: list[AnyEvent] = [
        ListeningStarted(mode=ListeningMode.LISTEN, foreign=by is None, occurred=START, **about),
        ListeningModeChanged(
            mode=ListeningMode.BARGE, before=ListeningMode.LISTEN, occurred=START + timedelta(seconds=5), **about
        ),
        ListeningEnded(occurred=START + timedelta(seconds=9), failed=failed, **about),
    ]
    return [Entry(1, seq, START, event) for seq, event in enumerate(told, 1)]


async def follow(log: MemoryLog, trail: AuditTrail, upto: Position) -> None:
    """Follow the log until there."""
    follower = ListeningAudit(log, Cursors(trail.database), trail)
    running = asyncio.create_task(follower.run())
    async with asyncio.timeout(30):
        while follower.position < upto:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def begun(database: Database) -> MemoryLog:
    """Return a log that is followed from its beginning."""
    await Cursors(database).save(NAME, Position())
    return MemoryLog()


async def test_a_session_is_in_the_audit_as_asterisk_reported_it(database: Database, tmp_path: Path) -> None:
    log, trail = await begun(database), trail_in(database, tmp_path)
    await log.append(entries())
    await follow(log, trail, Position(1, 3))
    rows = await rows_of(database)
    assert [(row["by"], row["action"], row["about"], row["result"], row["contact"], row["at"]) for row in rows] == [
        ("wang", "listening.started", "session s1, agent a1, mode listen, event 1-1", "granted", "k1", START),
        (
            "wang",
            "listening.switched",
            "session s1, agent a1, mode barge, event 1-2",
            "granted",
            "k1",
            START + timedelta(seconds=5),
        ),
        ("wang", "listening.ended", "session s1, agent a1, event 1-3", "granted", "k1", START + timedelta(seconds=9)),
    ]
    assert (await look(trail)).well


async def test_what_nobody_asked_for_and_what_failed_say_so(database: Database, tmp_path: Path) -> None:
    log, trail = await begun(database), trail_in(database, tmp_path)
    await log.append(entries(by=None, failed="no answer"))
    await follow(log, trail, Position(1, 3))
    rows = await rows_of(database)
    assert [(row["by"], row["result"], row["why"]) for row in rows] == [
        ("unknown", "granted", ""),
        ("unknown", "granted", ""),
        ("unknown", "failed", "no answer"),
    ]
    assert "foreign" in rows[0]["about"]


async def test_killed_before_the_place_is_kept_it_is_in_the_audit_once(database: Database, tmp_path: Path) -> None:
    log, trail = await begun(database), trail_in(database, tmp_path)
    await log.append(entries())
    await trail.append(listened._entry(entries()[0], entries()[0].event))  # type: ignore[arg-type]
    await follow(log, trail, Position(1, 3))
    assert [row["action"] for row in await rows_of(database)] == [
        "listening.started",
        "listening.switched",
        "listening.ended",
    ]


async def test_while_the_audit_is_away_it_waits(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, trail = await begun(database), trail_in(database, tmp_path)
    await log.append(entries())
    monkeypatch.setattr(listened, "RETRY_S", 0.01)
    append, left = trail.append, [3]

    async def away(entry: AuditEntry) -> int:
        left[0] -= 1
        if left[0] >= 0:
            raise Unavailable("away")
        return await append(entry)

    monkeypatch.setattr(trail, "append", away)
    await follow(log, trail, Position(1, 3))
    assert len(await rows_of(database)) == 3
