"""Recordings on their way: whatever is killed, cut off or full, each arrives once and none is lost."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import insert, select

from center.memory_log import MemoryLog
from center.records import ContactRecord, RecordingRecord
from messages.errors import Unavailable
from messages.events import Entry, Position, RecordingStopped
from messages.ids import CallId, ContactId, LegId, QueueId, RecordingId
from recording.files import FileState, RecordingFile
from recording.settings import RecordingSettings, Retention
from storage.columns import to_row
from storage.cursors import Cursors
from storage.database import Database
from storage.recordings.files import RecordingFiles
from storage.recordings.keeper import Keeper
from storage.recordings.vault import Vault
from storage.recordings.verify import rewrap, rotate, verify
from storage.tables import audit, contacts, recordings
from tests.storage.recordings.vaults import AT_ONCE, NOW, content, file_of, now, open_vault, write_wav
from tests.storage.trails import trail_in


class Killed(BaseException):
    """The process is gone."""


class Place:
    """A host's directory, a vault and a database."""

    def __init__(self, directory: Path, database: Database, settings: RecordingSettings = AT_ONCE) -> None:
        self.directory = directory
        self.host = directory / "host"
        self.database = database
        self.files = RecordingFiles(database)
        self.log = MemoryLog()
        self.settings = settings
        self.vault = open_vault(directory, settings)

    def keeper(self, vault: Vault | None = None, files: RecordingFiles | None = None) -> Keeper:
        """Return a keeper as a process that starts has it."""
        return Keeper(
            self.log,
            files or self.files,
            Cursors(self.database),
            vault or self.vault,
            trail_in(self.database, self.directory),
            self.source,
            now,
        )

    def source(self, recording: RecordingId) -> Path:
        """Return where a recording is on the host."""
        return self.host / f"{recording}.wav"

    def record(self, name: str, seconds: float = 1.0) -> bytes:
        """Have Asterisk record."""
        return write_wav(self.source(RecordingId(name)), seconds)

    async def stopped(self, *names: str, failed: str = "") -> None:
        """Let the centre say that recordings are over."""
        last = await self.log.last()
        events = [
            RecordingStopped(
                recording=RecordingId(name),
                contact=ContactId("n1-1.1"),
                call=CallId("1.1"),
                leg=LegId(""),
                occurred=NOW,
                failed=failed,
            )
            for name in names
        ]
        entries = [Entry(epoch=1, seq=last.seq + n, at=NOW, event=event) for n, event in enumerate(events, 1)]
        await self.log.append(entries)

    async def file(self, name: str) -> RecordingFile:
        """Return a recording's row."""
        found = await self.files.get(RecordingId(name))
        assert found is not None
        return found

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Keeper]:
        """Run a keeper."""
        keeper = self.keeper()
        task = asyncio.create_task(keeper.run())
        try:
            yield keeper
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def until(self, name: str, state: FileState) -> RecordingFile:
        """Wait until a recording is in a state. Raises TimeoutError."""
        async with asyncio.timeout(20):
            while True:
                found = await self.files.get(RecordingId(name))
                if found is not None and found.state is state:
                    return found
                await asyncio.sleep(0.01)


@pytest.fixture
def place(tmp_path: Path, database: Database) -> Place:
    """Give a place whose recordings are kept as WAV."""
    return Place(tmp_path, database, msgspec.structs.replace(AT_ONCE, codec="wav"))


async def test_a_recording_that_is_over_is_moved_to_the_store(place: Place) -> None:
    wav = place.record("n1-1.1-1")
    async with place.running() as keeper:
        await place.stopped("n1-1.1-1")
        file = await place.until("n1-1.1-1", FileState.KEPT)
        assert keeper.counts.kept == 1
    assert content(place.vault, file) == wav
    assert list(place.host.iterdir()) == []
    assert await Cursors(place.database).load("recordings") == Position(1, 1)
    assert file.verified_at == file.sealed_at == NOW


async def test_one_that_was_never_made_is_not_waited_for(place: Place) -> None:
    place.record("n1-1.1-2")
    async with place.running():
        await place.stopped("n1-1.1-1", failed="no such channel")
        await place.stopped("n1-1.1-2")
        await place.until("n1-1.1-2", FileState.KEPT)
    assert await place.files.get(RecordingId("n1-1.1-1")) is None


async def test_recordings_from_before_there_was_a_store_are_taken_too(place: Place) -> None:
    place.record("old")
    row = RecordingRecord(
        recording=RecordingId("old"),
        contact=ContactId("n1-1.1"),
        call=CallId("1.1"),
        leg=LegId(""),
        started_at=NOW,
        ended_at=NOW,
    )
    async with place.database.writing() as connection:
        await connection.execute(insert(recordings), [to_row(row) | {"open": False}])
    async with place.running():
        await place.until("old", FileState.KEPT)


async def test_one_that_is_not_there_is_missing_and_is_looked_for_again_at_the_next_start(place: Place) -> None:
    place.host.mkdir()
    async with place.running():
        await place.stopped("late")
        missing = await place.until("late", FileState.MISSING)
        assert "Asterisk" in missing.error
    place.record("late")
    async with place.running():
        await place.until("late", FileState.KEPT)


async def test_while_the_hosts_directory_is_away_none_is_taken_for_missing(place: Place) -> None:
    await place.files.take([file_of("one")])
    keeper = place.keeper()
    assert not await keeper.round()
    assert (await place.file("one")).state is FileState.TAKEN
    place.record("one")
    assert await keeper.round()
    assert (await place.file("one")).state is FileState.KEPT


async def test_one_that_cannot_be_read_stays_where_it_is_and_holds_up_no_other(place: Place) -> None:
    place.host.mkdir()
    place.source(RecordingId("bad")).write_bytes(b"noise")
    place.record("good")
    async with place.running():
        await place.stopped("bad", "good")
        await place.until("good", FileState.KEPT)
        await place.until("bad", FileState.FAILED)
    assert place.source(RecordingId("bad")).read_bytes() == b"noise"


class _Dying:
    """Wraps a part: after so many calls of any wrapped part the process is gone, before or after the call's work."""

    def __init__(self, part: Any, calls: Callable[[], bool], names: tuple[str, ...]) -> None:
        self._part = part
        self._dies = calls
        self._names = names

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._part, name)
        if name not in self._names:
            return value
        if asyncio.iscoroutinefunction(value):

            async def later(*args: Any, **kwargs: Any) -> Any:
                if self._dies():
                    raise Killed(name)
                result = await value(*args, **kwargs)
                if self._dies():
                    raise Killed(name)
                return result

            return later

        def at_once(*args: Any, **kwargs: Any) -> Any:
            if self._dies():
                raise Killed(name)
            result = value(*args, **kwargs)
            if self._dies():
                raise Killed(name)
            return result

        return at_once


async def _killed_at(place: Place, moment: int) -> bool:
    """Keep what there is until the process is killed at a moment; return whether it was."""
    left = itertools.count(moment, -1)

    def dies() -> bool:
        return next(left) == 0

    vault = open_vault(place.directory, place.settings)
    vault.store = _Dying(vault.store, dies, ("write",))  # type: ignore[assignment]
    vault.verify = _Dying(vault, dies, ("verify",)).verify  # type: ignore[method-assign]
    files: Any = _Dying(place.files, dies, ("move", "settle", "open"))

    def source(recording: RecordingId) -> Any:
        return _Dying(place.source(recording), dies, ("unlink",)) if recording != "any" else place.source(recording)

    keeper = place.keeper(vault, files)
    seal: Any = vault.seal

    def seal_what_is_wrapped(file: RecordingFile, source: Any, clock: Any) -> RecordingFile:
        sealed: RecordingFile = seal(file, source._part, clock)
        return sealed

    vault.seal = seal_what_is_wrapped  # type: ignore[method-assign]
    keeper._source = source
    try:
        await keeper.round()
    except Killed:
        return True
    return False


@pytest.mark.parametrize("twice", [False, True])
async def test_killed_at_any_moment_no_recording_is_lost_or_doubled(place: Place, twice: bool) -> None:
    for moment in itertools.count():
        name = f"rec-{moment}"
        wav = place.record(name, 0.2)
        await place.files.take([file_of(name)])
        killed = await _killed_at(place, moment)
        if killed and twice:
            await _killed_at(place, moment // 2)
        file = await place.file(name)
        if file.state is not FileState.KEPT and file.state is not FileState.VERIFIED:
            assert place.source(RecordingId(name)).read_bytes() == wav
        await asyncio.to_thread(place.vault.tidy)
        assert await place.keeper().round()
        file = await place.file(name)
        assert file.state is FileState.KEPT
        assert content(place.vault, file) == wav
        assert not place.source(RecordingId(name)).exists()
        if not killed:
            break
    assert moment > 12, "it was killed before and after each step"
    report = await verify(place.files, place.vault, place.host, now, lambda done, total: None)
    assert report.well
    assert report.checked == moment + 1
    assert len(list(place.vault.store.names())) == 2 * (moment + 1)


PROCESS = """
import asyncio, sys
from pathlib import Path
from storage.database import Database
from tests.storage.recordings.test_keeper import Place

async def main():
    async with Database(sys.argv[2]) as database:
        place = Place(Path(sys.argv[1]), database)
        await asyncio.to_thread(place.vault.tidy)
        print("go", flush=True)
        await place.keeper().round()
        print("done", flush=True)

asyncio.run(main())
"""


async def test_processes_killed_again_and_again_bring_everything_home(
    tmp_path: Path, database: Database, database_url: str
) -> None:
    place = Place(tmp_path, database)
    names = [f"rec-{n}" for n in range(8)]
    wav = place.record(names[0], 20.0)
    for name in names[1:]:
        place.source(RecordingId(name)).write_bytes(wav)
    await place.files.take([file_of(name) for name in names])
    kills = 0
    for n in itertools.count():
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROCESS, str(tmp_path), database_url, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        assert await process.stdout.readline() == b"go\n"
        with suppress(TimeoutError):
            await asyncio.wait_for(process.stdout.readline(), 0.1 + 0.2 * n)
        if process.returncode is None:
            os.kill(process.pid, signal.SIGKILL)
        if await process.wait() == 0:
            break
        kills += 1
        if (await place.files.counts())[FileState.KEPT] == len(names):
            break
    assert kills > 1
    report = await verify(place.files, place.vault, place.host, now, lambda done, total: None)
    assert (report.checked, report.well) == (len(names), True), report
    assert list(place.host.iterdir()) == []


async def test_a_store_that_spoils_what_it_is_given_never_costs_the_source(place: Place) -> None:
    wav = place.record("n1-1.1-1")
    await place.files.take([file_of("n1-1.1-1")])
    write = place.vault.store.write

    def spoil(key: str, pieces: Any) -> None:
        whole = bytearray(b"".join(pieces))
        whole[len(whole) // 2] ^= 1
        write(key, [bytes(whole)])

    place.vault.store.write = spoil  # type: ignore[method-assign]
    keeper = place.keeper()
    assert not await keeper.round()
    assert keeper.counts.broken + keeper.counts.failures == 1
    assert place.source(RecordingId("n1-1.1-1")).read_bytes() == wav
    place.vault.store.write = write  # type: ignore[method-assign]
    assert await keeper.round()
    assert content(place.vault, await place.file("n1-1.1-1")) == wav


async def test_with_a_full_store_recordings_stay_on_the_host_until_there_is_room(
    tmp_path: Path, database: Database
) -> None:
    full = msgspec.structs.replace(AT_ONCE, low_water_mb=1 << 30)
    place = Place(tmp_path, database, full)
    place.record("n1-1.1-1")
    async with place.running() as keeper:
        await place.stopped("n1-1.1-1")
        async with asyncio.timeout(10):
            while not keeper.full:  # noqa: ASYNC110 - what is waited for is state, not an event
                await asyncio.sleep(0.01)
        assert keeper.waiting == 1
        assert place.source(RecordingId("n1-1.1-1")).exists()
        place.vault.settings = AT_ONCE
        await place.until("n1-1.1-1", FileState.KEPT)
        assert not keeper.full


async def test_little_room_where_asterisk_records_is_an_alarm(tmp_path: Path, database: Database) -> None:
    for mark, low in ((0, False), (1 << 30, True)):
        place = Place(tmp_path, database, msgspec.structs.replace(AT_ONCE, host_low_water_mb=mark))
        keeper = place.keeper()
        await keeper.round()
        assert keeper.host_low is low


async def test_verify_lists_what_is_missing_changed_nobodys_and_under_way(place: Place) -> None:
    for name in ("whole", "gone", "flipped", "keyless", "waits"):
        place.record(name)
    await place.files.take([file_of(name) for name in ("whole", "gone", "flipped", "keyless")])
    assert await place.keeper().round()
    place.vault.store.remove((await place.file("gone")).key)
    place.vault.store.remove((await place.file("keyless")).key + ".key")
    flipped = place.directory / "store" / (await place.file("flipped")).key
    stored = bytearray(flipped.read_bytes())
    stored[77] ^= 1
    flipped.write_bytes(stored)
    place.vault.store.write("2026/11/24/nobodys.sealed", [b"?"])
    await place.files.take([file_of("waits")])
    place.record("stray")
    os.utime(place.source(RecordingId("stray")), (0, 0))
    place.record("just made")
    os.utime(place.source(RecordingId("just made")), (NOW.timestamp(), NOW.timestamp()))
    steps: list[tuple[int, int]] = []
    report = await verify(place.files, place.vault, place.host, now, lambda done, total: steps.append((done, total)))
    assert not report.well
    assert report.orphans == ["2026/11/24/nobodys.sealed"]
    assert sorted(report.missing) == ["gone", "keyless"]
    assert [line.split(":")[0] for line in report.broken] == ["flipped"]
    assert report.unfinished == ["waits"]
    assert report.left_on_host == ["stray"]
    assert report.checked == 1
    assert steps[-1] == (5, 5)


async def test_rotation_leaves_nothing_under_the_old_master_key(place: Place) -> None:
    names = ["one", "two", "three"]
    wavs = {name: place.record(name) for name in names}
    await place.files.take([file_of(name) for name in names])
    assert await place.keeper().round()
    # Cut short after the first: its key is wrapped anew, its row does not say so yet.
    place.vault.keys.add()
    place.vault.rewrap(await place.file("one"))
    assert await rewrap(place.files, place.vault, lambda done, total: None) == 3
    assert await rewrap(place.files, place.vault, lambda done, total: None) == 0
    assert await rotate(place.files, place.vault, lambda done, total: None) == 3
    for version in (1, 2):
        (place.directory / "keys" / f"{version}.key").unlink()
    vault = open_vault(place.directory, place.settings)
    for name, wav in wavs.items():
        file = await place.file(name)
        assert file.key_version == 3
        assert content(vault, file) == wav


async def test_recordings_past_their_days_are_removed_with_proof(tmp_path: Path, database: Database) -> None:
    rules = (Retention(queue="12345", days=30), Retention(days=60))
    place = Place(tmp_path, database, msgspec.structs.replace(AT_ONCE, retention=rules))
    ages = {"new": 10, "kept": 45, "old": 45, "oldest": 61}
    queues = {"new": "12345", "kept": "north", "old": "12345", "oldest": "north"}
    rows = []
    for name, age in ages.items():
        place.record(name)
        ended = NOW - timedelta(days=age)
        await place.files.take([msgspec.structs.replace(file_of(name, name), ended_at=ended)])
        record = ContactRecord(contact=ContactId(name), arrived_at=ended, queue=QueueId(queues[name]))
        rows.append(to_row(record) | {"open": False})
    async with database.writing() as connection:
        await connection.execute(insert(contacts), rows)
    keeper = place.keeper()
    assert await keeper.round()
    assert await keeper.expire() == 2
    assert await keeper.expire() == 0
    states = {name: (await place.file(name)).state for name in ages}
    assert states == {
        "new": FileState.KEPT,
        "kept": FileState.KEPT,
        "old": FileState.EXPIRED,
        "oldest": FileState.EXPIRED,
    }
    async with database.reading() as connection:
        proof = (await connection.execute(select(audit.c.contact, audit.c.about).order_by(audit.c.contact))).all()
    assert [contact for contact, _ in proof] == ["old", "old", "oldest", "oldest"], "before, and after"
    gone = await place.file("old")
    assert gone.source_hash in proof[0].about
    assert (await verify(place.files, place.vault, place.host, now, lambda done, total: None)).well


async def test_without_rules_nothing_is_ever_removed(place: Place) -> None:
    place.record("old")
    await place.files.take([msgspec.structs.replace(file_of("old"), ended_at=NOW - timedelta(days=40_000))])
    assert await place.keeper().round()
    assert await place.keeper().expire() == 0
    assert (await place.file("old")).state is FileState.KEPT


async def test_two_that_keep_one_recording_do_not_undo_each_other(place: Place) -> None:
    place.record("one")
    await place.files.take([file_of("one")])
    stale = await place.file("one")
    assert await place.keeper().round()
    done = await place.file("one")
    assert not await place.files.move(stale, msgspec.structs.replace(stale, state=FileState.MISSING))
    with pytest.raises(ValueError, match="not from"):
        await place.files.move(done, msgspec.structs.replace(done, state=FileState.TAKEN))
    assert await place.file("one") == done


async def test_a_database_that_is_away_stops_nothing_for_good(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.record("one")
    away = [True]
    real = RecordingFiles.open

    async def flaky(self: RecordingFiles, limit: int = 100) -> Any:
        if away and away.pop():
            raise Unavailable("the database is away")
        return await real(self, limit)

    monkeypatch.setattr(RecordingFiles, "open", flaky)
    async with place.running():
        await place.stopped("one")
        await place.until("one", FileState.KEPT)
