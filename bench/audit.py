"""Entries a second of the audit: added one after the other and many at once, against plain rows, and verified.

A plain row is the same entry, without hash, lock and signed head, in a durable transaction of its own.
Run: python -m bench.audit --entries 2000 [--url postgresql://…, an empty database]
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import logging
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import structlog
from sqlalchemy import Column, Integer, MetaData, Table, insert

from messages.audit import AuditEntry
from messages.ids import ContactId, UserId
from storage.audit.chain import values_of
from storage.audit.heads import Heads, Signer
from storage.audit.trail import AuditTrail
from storage.audit.verify import verify
from storage.columns import columns_of
from storage.database import Database
from storage.migrations import upgrade
from storage.recordings.sealing import MasterKeys

Add = Callable[[int], Awaitable[object]]
BLOCKS = 10

PLAIN = Table(
    "bench_plain",
    MetaData(),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    *columns_of(AuditEntry, ()),
)


def entry(n: int) -> AuditEntry:
    """Return an entry like those of reveals."""
    return AuditEntry(
        at=datetime.now(UTC),
        by=UserId("li"),
        action="contacts.reveal",
        contact=ContactId(f"n1-1764000000.{n}"),
        purpose="ambulance needs the address",
        origin="10.0.0.1",
    )


async def one_by_one(count: int, add: Add) -> None:
    """Add entries, each after the one before."""
    for n in range(count):
        await add(n)


async def in_turns(count: int, one: Add, other: Add) -> tuple[float, float]:
    """Return how many a second of each, taken in blocks by turns: other work of the machine's slows both."""
    spent = [0.0, 0.0]
    block = max(1, count // BLOCKS)
    for n in range(-1, BLOCKS):  # the first block of each opens connections and is not counted
        for which, add in enumerate((one, other)):
            began = time.perf_counter()
            await one_by_one(block, add)
            spent[which] += time.perf_counter() - began if n >= 0 else 0.0
    return BLOCKS * block / spent[0], BLOCKS * block / spent[1]


async def at_once(count: int, add: Add, writers: int) -> None:
    """Add entries, so many under way at any time."""
    await asyncio.gather(*(one_by_one(count // writers, add) for _ in range(writers)))


def show(name: str, value: float, against: str, other: float) -> None:
    """Print one figure."""
    line = {
        "bench": name,
        "value": round(value),
        "unit": "entries/s",
        "against": against,
        "ratio": round(value / other, 2),
    }
    print(json.dumps(line), flush=True)


async def run(url: str, directory: Path, count: int) -> None:
    """Print the figures for one database."""
    async with Database(url) as database:
        await upgrade(database)
        async with database.writing() as connection:
            await connection.run_sync(lambda sync: PLAIN.create(sync))
        signer = Signer(MasterKeys(directory / "keys"))
        trail = AuditTrail(database, Heads(directory / "heads"), signer)

        numbers = itertools.count()

        async def plain(n: int) -> None:
            async with database.writing(durable=True) as connection:
                await connection.execute(insert(PLAIN), [{"seq": next(numbers), **values_of(entry(n))}])

        async def audited(n: int) -> None:
            await trail.append(entry(n))

        rate, chained = await in_turns(count, plain, audited)
        against = f"a plain row, {database.kind}"
        show(against, rate, "itself", rate)
        show("the audit, one after the other", chained, against, rate)
        for writers in (10, 100):
            began = time.perf_counter()
            await at_once(count, audited, writers)
            show(f"the audit, {writers} at once", count / (time.perf_counter() - began), against, rate)
        began = time.process_time()
        report = await verify(database, trail.heads, signer.public())
        show("verified, a CPU second", report.entries / (time.process_time() - began), against, rate)
        if not report.well or report.entries < 2 * count:
            raise SystemExit(f"what was written is not well: {report}")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=2000)
    parser.add_argument("--url", default="", help="a database to use; SQLite where empty")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as place:
        url = given.url or f"sqlite:///{place}/hotline.db"
        asyncio.run(run(url, Path(place), given.entries))


if __name__ == "__main__":
    main()
