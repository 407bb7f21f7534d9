"""The journal on disk: crashes, full disks, segments, snapshots."""

from __future__ import annotations

import asyncio
import errno
import os
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from messages.codec import encode
from messages.errors import JournalError, TooOld
from messages.events import Entry, Position
from storage.journal import FileJournal
from storage.segments import Segments
from tests.storage.test_event_log import START, entries


def journal(directory: Path, **changes: Any) -> FileJournal:
    """Return a journal that keeps next to nothing in memory."""
    return FileJournal(directory, lambda: START, **{"tail": 1, **changes})


def segments(directory: Path) -> list[str]:
    """Return the names of the segment files."""
    return [path.name for path in files(directory, "jsonl")]


def files(directory: Path, suffix: str) -> list[Path]:
    """Return the journal's files of a kind."""
    return sorted(directory.glob(f"*.{suffix}"))


async def test_a_journal_opened_again_goes_on_where_it_ended(tmp_path: Path) -> None:
    async with journal(tmp_path) as first:
        await first.append(entries(1, 1, 5))
    async with journal(tmp_path) as second:
        assert await second.last() == Position(1, 5)
        assert await second.read(Position()) == entries(1, 1, 5)
        await second.append(entries(1, 6, 7))
        await second.append(entries(2, 1, 2))
    async with journal(tmp_path) as third:
        assert await third.read(Position(1, 4)) == entries(1, 5, 7) + entries(2, 1, 2)


async def test_only_one_process_writes_a_journal(tmp_path: Path) -> None:
    async with journal(tmp_path):
        with pytest.raises(JournalError, match="another process"):
            async with journal(tmp_path):
                raise AssertionError
    async with journal(tmp_path):
        pass


@given(cut=st.integers(1, 1200), garbage=st.binary(max_size=40))
@example(cut=1, garbage=b"\r\n")
async def test_a_torn_end_is_cut_off_and_whole_entries_stay(
    tmp_path_factory: pytest.TempPathFactory, cut: int, garbage: bytes
) -> None:
    directory = tmp_path_factory.mktemp("torn")
    written = entries(1, 1, 10)
    lines = [encode(entry) + b"\n" for entry in written]
    async with journal(directory) as before:
        await before.append(written)
    path = directory / segments(directory)[0]
    data = b"".join(lines)
    path.write_bytes(data[:-cut] + garbage)
    async with journal(directory) as after:
        whole = sum(len(b"".join(lines[: n + 1])) <= max(0, len(data) - cut) for n in range(10))
        last = await after.last()
        assert last.seq >= whole
        assert await after.read(Position()) == written[: last.seq]
        assert after.cut == max(0, len(data) - cut) + len(garbage) - len(b"".join(lines[: last.seq]))
        await after.append(entries(2, 1, 3))
        assert await after.read(Position()) == written[: last.seq] + entries(2, 1, 3)


async def test_a_hole_of_zeros_ends_the_journal_there_and_what_follows_is_kept_aside(tmp_path: Path) -> None:
    async with journal(tmp_path) as before:
        await before.append(entries(1, 1, 10))
    path = tmp_path / segments(tmp_path)[0]
    lines = path.read_bytes().splitlines(keepends=True)
    hole = b"\0" * (len(lines[6]) - 1) + b"\n"
    path.write_bytes(b"".join([*lines[:6], hole, *lines[7:]]))
    async with journal(tmp_path) as after:
        assert await after.last() == Position(1, 6)
        assert after.cut == len(b"".join(lines[6:]))
    assert files(tmp_path, "cut")[0].read_bytes() == hole + b"".join(lines[7:])


async def test_segments_change_with_size_epoch_and_snapshot(tmp_path: Path) -> None:
    size = len(encode(entries(1, 1, 1)[0])) + 1
    async with journal(tmp_path, segment_bytes=3 * size) as log:
        for seq in range(1, 6):
            await log.append(entries(1, seq, seq))
        await log.append(entries(2, 1, 1))
        log.save_snapshot(Position(2, 1), b"state")
        await log.append(entries(2, 2, 2))
        assert segments(tmp_path) == [
            "0000000001-000000000000001.jsonl",
            "0000000001-000000000000004.jsonl",
            "0000000002-000000000000001.jsonl",
            "0000000002-000000000000002.jsonl",
        ]
        assert await log.read(Position()) == entries(1, 1, 5) + entries(2, 1, 2)


async def test_forgetting_spares_whoever_has_read_that_far_even_after_a_restart(tmp_path: Path) -> None:
    async with journal(tmp_path, segment_bytes=1) as log:
        for seq in range(1, 5):
            await log.append(entries(1, seq, seq))
        await log.append(entries(2, 1, 1))
        assert await log.forget(Position(1, 4)) == 3
    async with journal(tmp_path) as log:
        assert await log.read(Position(1, 4)) == entries(2, 1, 1)
        with pytest.raises(TooOld):
            await log.read(Position(1, 2))


async def test_long_segments_are_read_from_any_place(tmp_path: Path) -> None:
    async with journal(tmp_path) as log:
        await log.append(entries(1, 1, 2000))
    async with journal(tmp_path) as log:
        await log.append(entries(2, 1, 1))
        for seq in (0, 511, 512, 513, 1023, 1024, 1999):
            assert await log.read(Position(1, seq), 3) == (entries(1, 1, 2000) + entries(2, 1, 1))[seq : seq + 3]


class Disk:
    """Stands between the journal and the disk, and fails as it is told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.room: int | None = None
        self.sync_fails = False
        self.write, self.sync = os.write, os.fdatasync
        monkeypatch.setattr("storage.segments.os.write", self._write)
        monkeypatch.setattr("storage.segments.os.fdatasync", self._sync)

    def _write(self, fd: int, data: memoryview) -> int:
        if self.room is None:
            return self.write(fd, data)
        if self.room == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = self.write(fd, data[: self.room])
        self.room -= written
        return written

    def _sync(self, fd: int) -> None:
        if self.sync_fails:
            raise OSError(errno.EIO, "Input/output error")
        self.sync(fd)


@pytest.mark.parametrize("room", [0, 1, 150, 400])
async def test_a_full_disk_refuses_entries_whole_and_takes_them_again_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    disk = Disk(monkeypatch)
    async with journal(tmp_path) as log:
        for epoch in (1, 2):  # in a new segment, and in one that holds entries
            disk.room = room
            with pytest.raises(JournalError, match="No space left"):
                await log.append(entries(epoch, 1, 10))
            disk.room = None
            await log.append(entries(epoch, 1, 10))
            disk.room = room
            with pytest.raises(JournalError, match="No space left"):
                await log.append(entries(epoch, 11, 20))
            disk.room = None
            await log.append(entries(epoch, 11, 20))
    async with journal(tmp_path) as log:
        assert log.cut == 0
        assert await log.read(Position()) == entries(1, 1, 20) + entries(2, 1, 20)


async def test_entries_whose_sync_failed_are_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(monkeypatch)
    async with journal(tmp_path) as log:
        await log.append(entries(1, 1, 2))
        disk.sync_fails = True
        results = await asyncio.gather(
            log.append(entries(1, 3, 4)), log.append(entries(1, 5, 6)), return_exceptions=True
        )
        assert [type(result) for result in results] == [JournalError, JournalError]
        assert await log.read(Position()) == entries(1, 1, 2)
        disk.sync_fails = False
        await log.append(entries(1, 3, 6))
    async with journal(tmp_path) as log:
        assert await log.read(Position()) == entries(1, 1, 6)


def test_a_reader_that_comes_before_a_new_segments_first_sync_sees_nothing_and_spoils_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = Segments(tmp_path, 10**6)
    seen: list[list[Entry]] = []
    with monkeypatch.context() as patched:
        patched.setattr(os, "fdatasync", lambda _: seen.append(files.read(Position(), 10)))
        files.append(entries(1, 1, 3))
    assert seen == [[]]
    files.append(entries(1, 4, 5))
    assert files.read(Position(), 10) == entries(1, 1, 5)
    files.close()


async def test_a_slow_disk_gathers_appends_and_never_blocks_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, syncing, go_on, syncs = Disk(monkeypatch), threading.Event(), threading.Event(), 0

    def slow(fd: int) -> None:
        nonlocal syncs
        syncs += 1
        syncing.set()
        go_on.wait(30)
        disk.sync(fd)

    monkeypatch.setattr("storage.segments.os.fdatasync", slow)
    now = START
    async with FileJournal(tmp_path, lambda: now) as log:
        assert log.lag == 0.0
        appends = [asyncio.create_task(log.append(entries(1, 1, 1)))]
        await asyncio.to_thread(syncing.wait, 30)
        appends += [asyncio.create_task(log.append(entries(1, seq, seq))) for seq in range(2, 101)]
        again = asyncio.create_task(log.append(entries(1, 100, 100)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        now += timedelta(seconds=3)
        assert log.lag == 3.0
        assert not again.done()
        assert await log.last() == Position()
        go_on.set()
        await asyncio.gather(*appends, again)
        assert syncs == 2
        assert log.lag == 0.0
        assert await log.read(Position()) == entries(1, 1, 100)


async def test_an_append_that_was_cancelled_is_written_all_the_same(tmp_path: Path) -> None:
    async with journal(tmp_path) as log:
        appending = asyncio.create_task(log.append(entries(1, 1, 3)))
        await asyncio.sleep(0)
        appending.cancel()
        await log.append(entries(1, 1, 4))
        assert await log.read(Position()) == entries(1, 1, 4)


async def test_the_newest_whole_snapshot_is_loaded_and_few_are_kept(tmp_path: Path) -> None:
    async with journal(tmp_path, snapshots=2) as log:
        assert log.load_snapshot() is None
        for seq in range(1, 5):
            log.save_snapshot(Position(1, seq), f"state {seq}\nmore".encode())
        assert log.load_snapshot() == (Position(1, 4), b"state 4\nmore")
        kept = files(tmp_path, "snapshot")
        assert len(kept) == 2
        kept[-1].write_bytes(kept[-1].read_bytes()[:-1])
        assert log.load_snapshot() == (Position(1, 3), b"state 3\nmore")


async def test_a_snapshot_that_cannot_be_kept_leaves_the_older_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with journal(tmp_path) as log:
        log.save_snapshot(Position(1, 1), b"good")

        def full(fd: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr("storage.snapshots.os.fsync", full)
            with pytest.raises(JournalError, match="No space left"):
                log.save_snapshot(Position(1, 2), b"bad")
        assert log.load_snapshot() == (Position(1, 1), b"good")
        assert not files(tmp_path, "part")


def test_files_of_others_in_the_directory_are_let_be(tmp_path: Path) -> None:
    (tmp_path / "notes.jsonl").write_text("mine")
    alone = Segments(tmp_path, 1000)
    assert alone.last == Position()
    alone.close()
    assert (tmp_path / "notes.jsonl").read_text() == "mine"


WRITER = """
import asyncio, sys
from pathlib import Path
from storage.journal import FileJournal
from tests.storage.test_event_log import entries

async def main():
    async with FileJournal(Path(sys.argv[1]), segment_bytes=20_000) as log:
        for first in range(1, 10**6, 7):
            await log.append(entries(1, first, first + 6))
            print(first + 6, flush=True)

asyncio.run(main())
"""


async def test_a_process_killed_while_writing_has_kept_what_it_was_told_is_kept(tmp_path: Path) -> None:
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert writer.stdout is not None
    for _ in range(200):
        await writer.stdout.readline()
    writer.kill()
    told = (await writer.stdout.read()).split()
    await writer.wait()
    async with journal(tmp_path) as log:
        last = await log.last()
        assert last.seq >= int(told[-1] if told else 1400)
        found: list[Entry] = []
        while batch := await log.read(found[-1].position if found else Position()):
            found += batch
        assert found == entries(1, 1, last.seq)
        assert len(segments(tmp_path)) > 3


async def test_a_closed_journal_refuses(tmp_path: Path) -> None:
    async with journal(tmp_path) as log:
        await log.append(entries(1, 1, 1))
    with pytest.raises(JournalError, match="closed"):
        await log.append(entries(1, 2, 2))
