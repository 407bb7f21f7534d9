"""What a real Asterisk wrote down, imported into an empty database, against what the live centre kept."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.imports import import_file
from center.ledger import Ledger
from center.records import ContactRecord, LegRecord
from imports.digest import Cel, Digest, QueueLog
from imports.names import Names, QueueMap
from messages import events
from messages.ids import AgentId
from messages.values import AgentState
from simulation.ports import free_port
from storage.database import Database
from storage.migrations import upgrade
from storage.tables import KEPT
from telephony import FALLBACK_QUEUE
from telephony.asterisk.settings import AsteriskSettings
from tests.integration.hall import Hall, deaf_phone_scenario, open_hall, phone_scenario
from tests.sip_fixture import RtpEar, Sipp, eventually

pytestmark = pytest.mark.integration

CLOSE_S = 0.05
NAMES = Names(QueueMap(agents={"1001": "a1", "1002": "a2"}, queues={FALLBACK_QUEUE: "12345"}))
SAID = ("outcome", "by_citizen", "agent", "number", "did", "transferred", "direction")
INSTANTS = ("arrived_at", "queued_at", "answered_at", "ended_at")
OF_LEGS = ("agent", "phone", "end")


async def ended(hall: Hall, count: int) -> None:
    """Return once so many contacts have ended."""
    await eventually(lambda: len(hall.of(events.ContactEnded)) >= count, 30)


async def day(hall: Hall, ear: RtpEar) -> None:
    """Let one citizen be answered, one leave, one be passed on to a second agent, and one reach the fallback queue."""
    await hall.citizen(ear.port, talk_ms=2500, number="13800000002")
    await ended(hall, 1)
    await hall.ready("a1")
    await hall.phone("1001", phone_scenario(free_port(), talk_ms=800))
    await hall.citizen(ear.port, number="13800000001")
    await ended(hall, 2)
    await hall.until(events.AgentStateChanged, before=AgentState.WRAP_UP, after=AgentState.READY)
    await hall.ready("a2")
    await hall.phone("1001", deaf_phone_scenario())
    await hall.phone("1002", phone_scenario(free_port()))
    await hall.citizen(ear.port, talk_ms=6500, number="13800000003")
    await hall.until(events.AgentStateChanged, agent=AgentId("a1"), after=AgentState.NOT_READY, reason="rona")
    await ended(hall, 3)
    await eventually(lambda: hall.state("a2") is AgentState.READY, 10)
    await asyncio.sleep(0.5)
    hall.bridge.agi.accepting = False
    await hall.phone("1002", phone_scenario(free_port(), talk_ms=1200))
    await hall.citizen(ear.port, number="13800000004")
    await ended(hall, 4)


def live(hall: Hall) -> tuple[dict[str, ContactRecord], list[LegRecord]]:
    """Return the contacts and legs that the centre's own ledger holds."""
    ledger, contacts, legs = Ledger(), {}, {}
    for entry in hall.entries:
        for record in ledger.fold(entry):
            if isinstance(record, ContactRecord):
                contacts[str(record.contact)] = record
            elif isinstance(record, LegRecord):
                legs[record.leg] = record
    return contacts, list(legs.values())


async def imported(place: Path, settings: AsteriskSettings) -> tuple[dict[str, ContactRecord], list[LegRecord]]:
    """Return what both logs lead to in an empty database, in both orders."""

    def cel() -> Sequence[Digest]:
        return [Cel(NAMES), QueueLog(NAMES, mirrored=frozenset({FALLBACK_QUEUE}))]

    def queue_log() -> Sequence[Digest]:
        return cel()[::-1]

    files = ((settings.cel_file, cel), (settings.queue_log_file, queue_log))
    found: list[Any] = []
    for number, order in enumerate((files, files[::-1])):
        async with Database(f"sqlite:///{place}/{number}.db") as database:
            await upgrade(database)
            for file, digests in order:
                told = await import_file(database, file, digests)
                assert (told.malformed, told.unknown) == (0, {})
            async with database.reading() as connection:
                found.append([])
                for kind in (ContactRecord, LegRecord):
                    kept = KEPT[kind]
                    query = select(kept.table).order_by(*kept.table.primary_key)
                    found[-1].append([kept.of(row) for row in await connection.execute(query)])
    assert found[0] == found[1]
    contacts, legs = found[0]
    return {one.contact: one for one in contacts}, legs


def apart(one: datetime | None, other: datetime | None) -> bool:
    """Tell whether two instants differ, or only one of them is known."""
    if one is None or other is None:
        return one is not other
    return abs((one - other).total_seconds()) > CLOSE_S


def differences(
    ours: tuple[dict[str, ContactRecord], list[LegRecord]], theirs: tuple[dict[str, ContactRecord], list[LegRecord]]
) -> list[str]:
    """Return each value in which contacts and legs differ."""
    found = [f"contact {name} on one side only" for name in ours[0].keys() ^ theirs[0].keys()]

    def compare(what: str, one: Any, other: Any, said: tuple[str, ...], instants: tuple[str, ...]) -> None:
        for name in said + instants:
            a, b = getattr(one, name), getattr(other, name)
            if apart(a, b) if name in instants else a != b:
                found.append(f"{what}.{name}: live {a}, imported {b}")

    for name in ours[0].keys() & theirs[0].keys():
        # Without AGI the centre hears of a citizen when the fallback queue does; CEL knows the arrival before that.
        instants = INSTANTS[1:] if ours[0][name].by_asterisk else INSTANTS
        compare(name, ours[0][name], theirs[0][name], SAID, instants)
    by = [sorted(legs, key=lambda leg: leg.offered_at) for _, legs in (ours, theirs)]
    if len(by[0]) != len(by[1]):
        return [*found, f"{len(by[0])} legs live, {len(by[1])} imported"]
    for one, other in zip(*by, strict=True):
        compare(f"{one.leg}={other.leg}", one, other, OF_LEGS, ("offered_at", "answered_at", "ended_at"))
    return found


async def test_the_logs_of_a_day_lead_to_what_the_live_centre_kept(
    tmp_path: Path, asterisk_root: Path, sipp: Sipp, ear: RtpEar
) -> None:
    async with open_hall(tmp_path, asterisk_root, sipp, ring_s=3) as (hall, _):
        await day(hall, ear)
        await eventually(lambda: hall.settings.cel_file.read_text().count("LINKEDID_END") >= 4)
        await eventually(lambda: "COMPLETE" in hall.settings.queue_log_file.read_text())
        theirs = await imported(tmp_path, hall.settings)
        assert len(theirs[0]) == 4
        assert differences(live(hall), theirs) == []
