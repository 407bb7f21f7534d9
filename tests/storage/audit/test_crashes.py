"""Several processes keep one chain, also where some are killed; what cannot be kept is refused."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from messages.errors import Unavailable
from storage.audit.chain import BEFORE_THE_CHAIN
from storage.audit.heads import HeadKind, read
from storage.audit.trail import BATCH, PRUNE
from storage.database import Database
from storage.migrations import upgrade
from tests.center.world import START
from tests.postgres_fixture import PostgresServer
from tests.storage.audit.tampering import disarm, entry, hashed_anew, heads_file, look, put, rows_of, told
from tests.storage.trails import trail_in

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 120


async def writer(
    url: str, directory: Path, count: int, how: str = "live", name: str = "li"
) -> asyncio.subprocess.Process:
    """Start a process that writes."""
    words = ["-m", "tests.storage.audit.writer", url, str(directory), str(count), how, name]
    return await asyncio.create_subprocess_exec(sys.executable, *words, cwd=ROOT, stdout=asyncio.subprocess.PIPE)


async def said(process: asyncio.subprocess.Process) -> list[int]:
    """Return what a process says it has kept, once it is over."""
    async with asyncio.timeout(PATIENCE_S):
        out, _ = await process.communicate()
    return [int(line) for line in out.split()]


async def test_several_processes_keep_one_chain(database: Database, database_url: str, tmp_path: Path) -> None:
    processes = [await writer(database_url, tmp_path, 60, name=f"p{n}") for n in range(4)]
    kept = await asyncio.gather(*map(said, processes))
    assert sorted(seq for each in kept for seq in each) == list(range(1, 241))
    rows = await rows_of(database)
    for n, seqs in enumerate(kept):
        assert [row["seq"] for row in rows if row["by"] == f"p{n}"] == seqs
    report = await look(trail_in(database, tmp_path))
    assert (report.well, report.entries) == (True, 240)


async def test_one_database_keeps_one_chain_even_where_heads_are_in_two_places(
    database: Database, tmp_path: Path
) -> None:
    trails = [trail_in(database, tmp_path / name) for name in ("one", "two")]
    await asyncio.gather(*(trail.append(entry(n)) for n in range(40) for trail in trails))
    rows = await rows_of(database)
    assert [row["seq"] for row in rows] == list(range(1, 81))
    assert rows == hashed_anew(rows, 0)


@pytest.mark.parametrize("how", ["die-before-a-line", "die-in-a-line"])
async def test_who_is_killed_between_an_entry_and_its_head_leaves_one_that_the_next_signs(
    database: Database, database_url: str, tmp_path: Path, how: str
) -> None:
    process = await writer(database_url, tmp_path, 30, how)
    seqs = await said(process)
    assert process.returncode == -9
    trail = trail_in(database, tmp_path)
    rows = await rows_of(database)
    assert len(rows) > len(seqs) == 3  # what is there and was never granted
    report = await look(trail)
    assert told(report) == [(4, len(rows), "unsigned")]
    assert await trail.append(entry(50)) == len(rows) + 1
    report = await look(trail)
    assert (report.well, report.entries) == (True, len(rows) + 1)
    assert trail.counts.found_changed == 0


async def test_killed_at_any_moment_nothing_is_lost_that_was_kept(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    dice, kept = random.Random(5), set[int]()
    for _ in range(5):
        process = await writer(database_url, tmp_path, 100_000)
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            for _ in range(dice.randrange(4, 30)):
                kept.add(int(await process.stdout.readline()))
            await asyncio.sleep(dice.random() / 20)
        process.kill()
        kept.update(await said(process))
    trail = trail_in(database, tmp_path)
    await trail.append(entry(1))
    report = await look(trail)
    assert report.well, report
    assert kept <= {row["seq"] for row in await rows_of(database)}


async def test_it_can_be_verified_while_others_write(database: Database, database_url: str, tmp_path: Path) -> None:
    trail = trail_in(database, tmp_path)
    await trail.append(entry(1))
    process, seen = await writer(database_url, tmp_path, 150), set[int]()
    while process.returncode is None:
        report = await look(trail)
        assert report.well, report
        seen.add(report.entries)
        if report.entries > 100:
            break
    await said(process)
    assert len(seen) > 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files of others")
async def test_what_root_types_does_not_lock_the_service_out(database: Database, tmp_path: Path) -> None:
    for name in ("heads", "keys"):
        (tmp_path / name).mkdir(mode=0o700)
        os.chown(tmp_path / name, 65534, 65534)
    trail = trail_in(database, tmp_path)
    await trail.append(entry(1))
    trail.signer.keys.add()
    files = [*(tmp_path / "heads").iterdir(), *(tmp_path / "keys").iterdir()]
    assert len(files) == 4
    assert {file.stat().st_uid for file in files} == {65534}


async def test_heads_that_were_cut_off_are_written_again_as_they_were(database: Database, tmp_path: Path) -> None:
    trail = trail_in(database, tmp_path)
    for n in range(9):
        await trail.append(entry(n))
    file = heads_file(trail)
    before = file.read_bytes()
    file.write_bytes(b"".join(before.splitlines(keepends=True)[:4]))
    await trail.append(entry(1))
    assert file.read_bytes().startswith(before)
    assert (await look(trail)).well


async def test_more_heads_than_a_crash_can_leave_out_stay_missing(database: Database, tmp_path: Path) -> None:
    trail = trail_in(database, tmp_path)
    for n in range(BATCH + 20):
        await trail.append(entry(n))
    file = heads_file(trail)
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:10]))
    await trail.append(entry(1))
    assert told(await look(trail)) == [(11, BATCH + 20, "unsigned")]
    assert trail.counts.found_changed == 1


async def test_without_the_disk_of_the_heads_nothing_is_kept(database: Database, tmp_path: Path) -> None:
    (tmp_path / "heads").write_text("in the way")
    trail = trail_in(database, tmp_path)
    with pytest.raises(Unavailable, match="heads"):
        await trail.append(entry(1))
    assert await rows_of(database) == []


async def test_with_a_key_that_others_may_read_nothing_is_kept(database: Database, tmp_path: Path) -> None:
    trail = trail_in(database, tmp_path)
    trail.signer.keys.newest()
    (tmp_path / "keys" / "1.key").chmod(0o644)
    with pytest.raises(Unavailable, match="chmod 600"):
        await trail.append(entry(1))
    assert await rows_of(database) == []


async def test_a_disk_of_heads_that_fills_up_leaves_no_more_than_one_batch(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trail = trail_in(database, tmp_path)
    await trail.append(entry(1))

    def full(heads: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(trail.heads, "append", full)
        for n in range(5):
            with pytest.raises(Unavailable, match="No space"):
                await trail.append(entry(n))
    assert len(await rows_of(database)) == 2
    assert await trail.append(entry(9)) == 3
    assert (await look(trail)).well


async def test_while_the_database_is_away_nothing_is_kept_and_afterwards_it_goes_on(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    async with Database(postgres_server.new_database()) as database:
        await upgrade(database)
        trail = trail_in(database, tmp_path)
        await trail.append(entry(1))
        postgres_server.stop()
        try:
            with pytest.raises(Unavailable):
                await trail.append(entry(2))
        finally:
            postgres_server.start()
        assert await trail.append(entry(3)) == 2
        assert (await look(trail)).well


async def test_who_gives_up_waiting_takes_nobody_along(database: Database, tmp_path: Path) -> None:
    trail = trail_in(database, tmp_path)
    waits = [asyncio.create_task(trail.append(entry(n))) for n in range(6)]
    await asyncio.sleep(0)
    waits[0].cancel()
    waits[3].cancel()
    await asyncio.gather(*waits, return_exceptions=True)
    assert all(not wait.cancelled() for n, wait in enumerate(waits) if n not in (0, 3))
    await trail.append(entry(9))
    assert (await look(trail)).well


async def test_sm3_may_follow_sha256_in_one_chain(database: Database, tmp_path: Path) -> None:
    await trail_in(database, tmp_path).append(entry(1))
    trail = trail_in(database, tmp_path, "sm3")
    await trail.append(entry(2))
    assert [row["hash"].split(":")[0] for row in await rows_of(database)] == ["sha256", "sm3"]
    assert (await look(trail)).well


async def test_a_new_key_signs_on_and_the_old_one_is_still_trusted(database: Database, tmp_path: Path) -> None:
    trail = trail_in(database, tmp_path)
    await trail.append(entry(1))
    trail.signer.keys.add()
    await trail.append(entry(2))
    first, second = trail.signer.public()
    assert [head.key for head in map(read, trail.heads.lines()) if head] == [first, second]
    assert (await look(trail)).well
    assert told(await look(trail, trusted=[first])) == [(2, 2, "unsigned"), (2, 2, "other key")]


async def test_what_is_past_its_days_goes_from_the_beginning_on_and_that_is_signed(
    database: Database, tmp_path: Path
) -> None:
    trail = trail_in(database, tmp_path)
    for n in range(10):
        await trail.append(entry(0, at=START + timedelta(days=10 * n)))
    assert await trail.prune(START + timedelta(days=45), START + timedelta(days=100)) == 5
    report = await look(trail)
    assert (report.well, report.first, report.last) == (True, 6, 11)
    [about] = [row["about"] for row in await rows_of(database) if row["action"] == PRUNE]
    assert about.startswith("entries 1 to 5, the last sha256:")
    assert await trail.prune(START + timedelta(days=45), START + timedelta(days=100)) == 0
    assert [head.seq for head in map(read, trail.heads.lines()) if head and head.kind is HeadKind.PRUNED] == [5]
    assert all("2026-11" not in file.name for file in trail.heads.files())  # heads go by months, as the entries do
    assert await trail.prune(START + timedelta(days=900), START + timedelta(days=100)) == 0
    await disarm(database)
    await put(database, (await rows_of(database))[1:])
    assert told(await look(trail)) == [(6, 6, "missing")]


async def test_what_was_audited_before_there_was_a_chain_is_in_it(database_url: str, tmp_path: Path) -> None:
    async with Database(database_url) as database:
        await upgrade(database, "0014")
        insert = text(
            "INSERT INTO audit (at, by, action, contact, about, tenant, purpose, result, why)"
            " VALUES (:at, 'li', 'contacts.reveal', 'c1', '', '', :purpose, 'granted', '')"
        )
        async with database.writing() as connection:
            for n in range(BATCH + 50):
                at = START + timedelta(seconds=n)
                kept = {
                    "at": at if database.kind == "postgresql" else f"{at:%Y-%m-%dT%H:%M:%S.%f}Z",
                    "purpose": f"火{n}",
                }
                await connection.execute(insert, kept)
        await upgrade(database)
        trail = trail_in(database, tmp_path)
        await trail.append(entry(1))
        rows = await rows_of(database)
        assert [row["purpose"] for row in rows[:-1]] == [f"火{n}" for n in range(BATCH + 50)]
        assert {row["origin"] for row in rows[:-1]} == {BEFORE_THE_CHAIN}
        report = await look(trail)
        assert (report.well, report.entries) == (True, BATCH + 51)
        with pytest.raises(Exception, match="append-only"):
            async with database.writing() as connection:
                await connection.execute(text("DELETE FROM audit WHERE seq = 1"))
