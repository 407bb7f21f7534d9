"""The journal's pace: entries a second made durable, by group commit, against one sync an entry; and the rows'."""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from center.memory_log import MemoryLog
from messages.events import AgentStateChanged, AnyEvent, CallOffered, CallQueued, ContactArrived, ContactEnded, Entry
from messages.ids import AgentId, CallId, ContactId, LegId, NodeId, Phone, QueueId
from messages.values import AgentState, ContactOutcome
from storage.database import Database
from storage.journal import FileJournal
from storage.migrations import upgrade
from storage.rows import RowWriter

NOW = datetime(2026, 11, 24, 8, 0, 0, 123456, tzinfo=UTC)
QUEUE = QueueId("12345")
AGENT, PHONE = AgentId("a1"), Phone("1001")


def _call(number: int) -> list[AnyEvent]:
    contact, call = ContactId(f"n1-{number}"), CallId(f"n1-{number}")
    leg = LegId(f"{call}/1")
    return [
        ContactArrived(contact=contact, call=call, node=NodeId("n1"), number="13800001234", did="12345", occurred=NOW),
        CallQueued(contact=contact, call=call, queue=QUEUE, occurred=NOW, noticed=True),
        CallOffered(
            contact=contact, call=call, queue=QUEUE, occurred=NOW, leg=leg, phone=PHONE, agent=AGENT, waited_s=1.5
        ),
        AgentStateChanged(agent=AGENT, before=AgentState.READY, after=AgentState.RESERVED, phone=PHONE, call=call),
        ContactEnded(contact=contact, call=call, outcome=ContactOutcome.ANSWERED, occurred=NOW, queue=QUEUE),
    ]


def entries(count: int) -> list[Entry]:
    """Return entries like those of calls."""
    events: list[AnyEvent] = [event for number in range(-(-count // 5)) for event in _call(number)]
    return [Entry(1, seq, NOW, event) for seq, event in enumerate(events[:count], 1)]


async def append(directory: Path, made: list[Entry], size: int, writers: int) -> float:
    """Return entries a second: `writers` appends of `size` entries under way at once."""
    parts = [made[at : at + size] for at in range(0, len(made), size)]
    async with FileJournal(directory, lambda: datetime.now(UTC)) as journal:
        began = time.perf_counter()
        for at in range(0, len(parts), writers):
            await asyncio.gather(*(journal.append(part) for part in parts[at : at + writers]))
        return len(made) / (time.perf_counter() - began)


async def rows(directory: Path, made: list[Entry]) -> float:
    """Return entries a second folded and written to SQLite."""
    log = MemoryLog(keep=len(made))
    log.put(made)
    async with Database(f"sqlite:///{directory}/rows.db") as database:
        await upgrade(database)
        writer = RowWriter(log, database)
        began = time.perf_counter()
        running = asyncio.create_task(writer.run())
        await writer.reached(made[-1].position)
        spent = time.perf_counter() - began
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return len(made) / spent


def show(name: str, value: float, against: str, other: float) -> None:
    """Print one figure."""
    line = {
        "bench": name,
        "value": round(value),
        "unit": "entries/s",
        "against": against,
        "ratio": round(value / other, 1),
    }
    print(json.dumps(line))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=50_000)
    made = entries(parser.parse_args().entries)
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as place:
        alone = asyncio.run(append(Path(place) / "alone", made[:500], 1, 1))
        show("journal, one entry an append, one after the other", alone, "itself", alone)
        for writers in (10, 100, 1000):
            value = asyncio.run(append(Path(place) / str(writers), made, 1, writers))
            show(f"journal, one entry an append, {writers} at once", value, "one after the other", alone)
        value = asyncio.run(append(Path(place) / "batch", made, 500, 1))
        show("journal, 500 entries an append", value, "one after the other", alone)
        show("rows on SQLite", asyncio.run(rows(Path(place), made)), "the journal, 500 an append", value)


if __name__ == "__main__":
    main()
