"""Legal holds and proof of deletion: what is held is never removed, and what was removed can be proven to be gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from messages.audit import AuditEntry
from messages.errors import Invalid, Unavailable
from messages.ids import ContactId, RecordingId, UserId
from recording.files import FileState, RecordingFile, deletable, keep_until
from recording.settings import Retention
from storage.audit.trail import AuditTrail
from storage.database import Database
from storage.migrations import upgrade
from storage.recordings.deletion import BEFORE, deleted
from storage.recordings.files import RecordingFiles
from storage.recordings.holds import Holds
from storage.recordings.keeper import Keeper
from storage.recordings.sealing import Broken
from storage.tables import recording_files
from tests.storage.recordings.test_keeper import Place
from tests.storage.recordings.vaults import AT_ONCE, NOW, file_of, now
from tests.storage.trails import trail_in

BY = UserId("zhao")
KEPT_DAYS = 30


class Archive(Place):
    """A place whose rules keep recordings 30 days, and its holds."""

    def __init__(self, directory: Path, database: Database) -> None:
        rules = (Retention(days=KEPT_DAYS),)
        super().__init__(directory, database, msgspec.structs.replace(AT_ONCE, retention=rules, codec="wav"))
        self.audit = trail_in(database, directory)
        self.holds = Holds(database, now)

    async def keep(self, **days: float) -> Keeper:
        """Keep a recording of each name, so many days old, each of a contact of its own."""
        for name, age in days.items():
            self.record(name, 0.2)
            ended = NOW - timedelta(days=age)
            await self.files.take([msgspec.structs.replace(file_of(name, name), ended_at=ended)])
        keeper = self.keeper()
        assert await keeper.round()
        return keeper

    async def states(self) -> dict[str, FileState]:
        """Return how each recording is."""
        return {file.recording: file.state async for file in self.files.all()}

    async def proofs(self, since: datetime | None = None, until: datetime | None = None) -> dict[str, bool]:
        """Return which recordings were removed, and whether that is proven."""
        found = await deleted(self.audit, self.files, self.vault, since, until)
        return {one.recording: one.proven for one in found}


@pytest.fixture
async def archive(tmp_path: Path, database: Database) -> AsyncIterator[Archive]:
    """Give an archive, on each kind of database."""
    yield Archive(tmp_path, database)


async def test_what_is_held_stays_until_it_is_released(archive: Archive) -> None:
    keeper = await archive.keep(held=100, free=100, fresh=3)
    await archive.holds.hold(ContactId("held"), "a lawsuit", BY)
    assert await keeper.expire() == 1
    assert await archive.states() == {
        "held": FileState.KEPT,
        "free": FileState.EXPIRED,
        "fresh": FileState.KEPT,
    }
    assert await archive.holds.release(ContactId("held"), "settled")
    assert await keeper.expire() == 1
    assert (await archive.states())["held"] is FileState.EXPIRED
    assert not await archive.holds.release(ContactId("held"), "again")


async def test_the_first_hold_stays_and_none_is_without_a_reason(archive: Archive) -> None:
    first = await archive.holds.hold(ContactId("one"), " a lawsuit ", BY)
    again = await archive.holds.hold(ContactId("one"), "another reason", UserId("qian"))
    assert first == again
    assert (first.reason, first.by) == ("a lawsuit", BY)
    assert [held.contact for held in await archive.holds.all()] == ["one"]
    await archive.holds.release(ContactId("one"), "settled")
    assert await archive.holds.of(ContactId("one")) is None
    for reason in ("", "  ", "x" * 401):
        with pytest.raises(Invalid):
            await archive.holds.hold(ContactId("one"), reason, BY)
        with pytest.raises(Invalid):
            await archive.holds.release(ContactId("one"), reason)


async def test_a_hold_and_a_removal_at_one_moment_never_both_count(archive: Archive) -> None:
    """Either the hold came first and the recording is there, or the removal did and nothing pretends otherwise."""
    for n in range(12):
        name = f"r{n}"
        keeper = await archive.keep(**{name: 100})
        await asyncio.gather(archive.holds.hold(ContactId(name), "a lawsuit", BY), keeper.expire())
        state = (await archive.states())[name]
        there = archive.vault.holds(await archive.file(name))
        assert (state, there) in ((FileState.KEPT, True), (FileState.EXPIRED, False))
        assert await keeper.expire() == 0, "held from now on"


async def test_a_removal_that_the_audit_does_not_take_does_not_happen(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = await archive.keep(old=100)

    async def refuses(self: AuditTrail, entry: AuditEntry) -> int:
        raise Unavailable("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr(AuditTrail, "append", refuses)
        with pytest.raises(Unavailable):
            await keeper.expire()
    assert await archive.states() == {"old": FileState.KEPT}
    assert archive.vault.holds(await archive.file("old"))
    assert await keeper.expire() == 1


@pytest.mark.parametrize("step", ["claimed", "audited", "removed", "proven"])
async def test_a_removal_cut_short_is_gone_on_with_and_proven(
    archive: Archive, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = await archive.keep(old=100)

    class Killed(BaseException):
        pass

    append, remove, move = AuditTrail.append, type(archive.vault).remove, RecordingFiles.move

    async def appending(self: AuditTrail, entry: AuditEntry) -> int:
        if step == "claimed":
            raise Killed
        return await append(self, entry)

    def removing(self: Any, file: RecordingFile) -> None:
        if step == "audited":
            raise Killed
        remove(self, file)
        if step == "removed":
            raise Killed

    async def moving(self: RecordingFiles, old: RecordingFile, new: RecordingFile) -> bool:
        if step == "proven" and new.state is FileState.EXPIRED:
            raise Killed
        return await move(self, old, new)

    with monkeypatch.context() as patch:
        patch.setattr(AuditTrail, "append", appending)
        patch.setattr(type(archive.vault), "remove", removing)
        patch.setattr(RecordingFiles, "move", moving)
        with pytest.raises(Killed):
            await keeper.expire()
    assert await archive.keeper().expire() == 1
    assert await archive.states() == {"old": FileState.EXPIRED}
    assert await archive.proofs() == {"old": True}


async def test_the_report_proves_what_was_removed_in_a_period_and_nothing_else(archive: Archive) -> None:
    keeper = await archive.keep(one=100, two=50, young=1)
    wav_hash = (await archive.file("one")).source_hash
    key = archive.directory / "store" / f"{(await archive.file('one')).key}.key"
    assert key.exists()
    await keeper.expire()
    assert not key.exists(), "without its key the rest would be noise"
    [one, two] = await deleted(archive.audit, archive.files, archive.vault, None, None)
    assert (one.recording, one.contact, one.source_hash, one.proven) == ("one", "one", wav_hash, True)
    assert one.ended_at == NOW - timedelta(days=100)
    assert two.proven
    assert await archive.proofs(since=NOW + timedelta(seconds=1)) == {}
    assert await archive.proofs(until=NOW) == {}


async def test_a_deletion_that_did_not_happen_is_not_proven(archive: Archive) -> None:
    keeper = await archive.keep(back=100, well=100, altered=100)
    copy = (archive.directory / "store" / (await archive.file("back")).key).read_bytes()
    await keeper.expire()
    (archive.directory / "store" / (await archive.file("back")).key).write_bytes(copy)
    async with archive.database.writing() as connection:
        changed = update(recording_files).where(recording_files.c.recording == "altered")
        await connection.execute(changed.values(source_hash="00"))
    assert await archive.proofs() == {"back": False, "well": True, "altered": False}


async def test_what_the_audit_only_announced_is_not_proven(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper, append = await archive.keep(old=100), AuditTrail.append

    async def only_before(self: AuditTrail, entry: AuditEntry) -> int:
        return await append(self, entry) if entry.action == BEFORE else 0

    monkeypatch.setattr(AuditTrail, "append", only_before)
    await keeper.expire()
    assert await archive.proofs() == {"old": False}


async def test_a_shredded_key_opens_nothing(archive: Archive) -> None:
    await archive.keep(old=100)
    file = await archive.file("old")
    archive.vault.store.shred(f"{file.key}.key")
    with pytest.raises((Broken, FileNotFoundError)):
        archive.vault.key(file)
    archive.vault.store.shred(f"{file.key}.key")


@given(
    st.lists(st.tuples(st.integers(1, 90), st.sampled_from(["", "north", "12345"])), max_size=4),
    st.sampled_from(["", "north", "12345"]),
    st.integers(0, 100),
    st.booleans(),
)
def test_what_is_held_or_within_its_days_is_never_deletable(
    rules: list[tuple[int, str]], queue: str, age: int, held: bool
) -> None:
    retention = [Retention(queue=name, days=days) for days, name in rules]
    ended = NOW - timedelta(days=age)
    until = keep_until(retention, queue, "", ended)
    may = deletable(until, NOW, held=held)
    assert not (may and held)
    if may:
        assert any(rule.days <= age for rule in retention)
    if not held and retention and all(rule.days <= age for rule in retention) and until is not None:
        assert may


ACTS = st.lists(
    st.tuples(st.sampled_from(["hold", "release", "expire", "keep"]), st.integers(0, 3), st.integers(1, 60)),
    max_size=14,
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(acts=ACTS)
async def test_whatever_is_done_in_whatever_order_nothing_held_is_removed_and_every_removal_is_proven(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[str, int, int]]
) -> None:
    directory = tmp_path_factory.mktemp("archive")
    async with Database(f"sqlite:///{directory / 'hotline.db'}") as database:
        await upgrade(database)
        archive = Archive(directory, database)
        ages: dict[str, int] = {}
        held: set[str] = set()
        gone: set[str] = set()
        for act, n, age in acts:
            name = f"c{n}"
            if act == "hold":
                await archive.holds.hold(ContactId(name), "a lawsuit", BY)
                held.add(name)
            elif act == "release":
                assert await archive.holds.release(ContactId(name), "settled") == (name in held)
                held.discard(name)
            elif act == "keep" and name not in ages:
                ages[name] = age
                await archive.keep(**{name: age})
            elif act == "expire":
                await archive.keeper().expire()
                gone |= {one for one, days in ages.items() if days > KEPT_DAYS and one not in held}
            states = await archive.states()
            assert {one for one, state in states.items() if state is FileState.EXPIRED} == gone
        for one in ages:
            assert archive.vault.holds(await archive.files.get(RecordingId(one)) or file_of()) == (one not in gone)
        assert await archive.proofs() == dict.fromkeys(gone, True)
