"""Whatever is changed in the audit or in its heads is found, and where it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from messages.ids import UserId
from storage.audit.chain import FIELDS, FIRST, hash_of, values_of
from storage.audit.heads import HeadKind, Signer
from storage.audit.trail import AuditTrail
from storage.database import Database
from storage.migrations import upgrade
from storage.recordings.sealing import MasterKeys
from tests.storage.audit.tampering import Rows, disarm, entry, hashed_anew, heads_file, look, put, rows_of, told
from tests.storage.trails import trail_in

COUNT = 12
SEQS = st.integers(1, COUNT)
SLOW = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


class Kept:
    """An audit of some entries, and what was in it to begin with."""

    def __init__(self, trail: AuditTrail, rows: Rows) -> None:
        self.trail = trail
        self.rows = rows
        self.file = heads_file(trail)
        self.heads = self.file.read_bytes()
        self.lines = self.heads.splitlines(keepends=True)

    async def with_rows(self, rows: Rows) -> list[tuple[int, int, str]]:
        """Return what is found with other rows."""
        self.file.write_bytes(self.heads)
        await put(self.trail.database, rows)
        return told(await look(self.trail))

    async def with_heads(self, *lines: bytes) -> list[tuple[int, int, str]]:
        """Return what is found with other heads."""
        await put(self.trail.database, self.rows)
        self.file.write_bytes(b"".join(lines))
        return told(await look(self.trail))


@pytest.fixture
async def kept(database: Database, tmp_path: Path) -> AsyncIterator[Kept]:
    """Give an audit whose triggers are gone."""
    trail = trail_in(database, tmp_path)
    for n in range(1, COUNT + 1):
        assert await trail.append(entry(n)) == n
    report = await look(trail)
    assert (report.well, report.entries, report.first, report.last) == (True, COUNT, 1, COUNT)
    await disarm(database)
    yield Kept(trail, await rows_of(database))


def another(value: Any) -> st.SearchStrategy[Any]:
    """Return other values of a field."""
    if isinstance(value, int) and not isinstance(value, bool):
        return st.integers(-5, 2**40).filter(lambda one: one != value) | st.none()
    if value is None:
        return st.integers(0, 9)
    if isinstance(value, str):
        letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
        changed = st.tuples(st.integers(0, max(0, len(value) - 1)), letters)
        return (changed.map(lambda at: value[: at[0]] + at[1] + value[at[0] + 1 :]) | st.just(value + " ")).filter(
            lambda one: one != value
        )
    return st.integers(-(10**9), 10**9).filter(bool).map(lambda micros: value + timedelta(microseconds=micros))


@SLOW
@given(seq=SEQS, name=st.sampled_from(("prev", "hash", "signature", *FIELDS)), data=st.data())
async def test_another_value_in_any_field_is_found_at_its_entry(
    kept: Kept, seq: int, name: str, data: st.DataObject
) -> None:
    row = dict(kept.rows[seq - 1])
    if name == "contact" and row[name] is None:
        row[name] = data.draw(st.sampled_from(["", "None", "null"]))
    else:
        row[name] = data.draw(another(row[name]))
    if name == "prev" and row[name] in {one["prev"] for one in kept.rows}:
        return
    assert await kept.with_rows([*kept.rows[: seq - 1], row, *kept.rows[seq:]]) == [(seq, seq, "changed")]


@SLOW
@given(first=SEQS, count=st.integers(1, COUNT))
async def test_entries_that_are_taken_away_are_missed(kept: Kept, first: int, count: int) -> None:
    end = min(COUNT, first + count - 1)
    fault = "cut off" if end == COUNT else "missing"
    assert await kept.with_rows([*kept.rows[: first - 1], *kept.rows[end:]]) == [(first, end, fault)]


@SLOW
@given(seq=SEQS)
async def test_a_chain_that_is_hashed_anew_is_found_from_there_on(kept: Kept, seq: int) -> None:
    changed = [*kept.rows[: seq - 1], kept.rows[seq - 1] | {"purpose": "none of yours"}, *kept.rows[seq:]]
    assert await kept.with_rows(hashed_anew(changed, seq - 1)) == [(seq, COUNT, "rewritten")]


@SLOW
@given(seq=st.integers(1, COUNT + 1))
async def test_an_entry_put_in_is_found_where_it_is(kept: Kept, seq: int) -> None:
    false = kept.rows[0] | {"by": "somebody", "about": "nothing"}
    found = await kept.with_rows(hashed_anew([*kept.rows[: seq - 1], false, *kept.rows[seq - 1 :]], seq - 1))
    ours = [(COUNT + 1, COUNT + 1, "unsigned")]
    assert found == (ours if seq == COUNT + 1 else [(seq, COUNT, "rewritten"), *ours])


@SLOW
@given(pair=st.lists(SEQS, min_size=2, max_size=2, unique=True).map(sorted), anew=st.booleans())
async def test_entries_in_another_order_are_found(kept: Kept, pair: list[int], anew: bool) -> None:
    one, other = pair
    rows = [dict(row) for row in kept.rows]
    rows[one - 1], rows[other - 1] = rows[other - 1] | {"seq": one}, rows[one - 1] | {"seq": other}
    found = await kept.with_rows(hashed_anew(rows, one - 1) if anew else rows)
    assert found[0] == ((one, COUNT, "rewritten") if anew else (one, one if other > one + 1 else other, "changed"))


@SLOW
@given(left=st.integers(0, COUNT - 1))
async def test_heads_that_are_cut_off_are_missed(kept: Kept, left: int) -> None:
    assert await kept.with_heads(*kept.lines[:left]) == [(left + 1, COUNT, "unsigned")]


@SLOW
@given(seq=SEQS, data=st.data())
async def test_a_byte_that_is_flipped_in_a_head_is_found(kept: Kept, seq: int, data: st.DataObject) -> None:
    line = bytearray(kept.lines[seq - 1])
    at = data.draw(st.integers(0, len(line) - 2))
    line[at] ^= 1 << data.draw(st.integers(0, 7))
    found = await kept.with_heads(*kept.lines[: seq - 1], bytes(line), *kept.lines[seq:])
    assert (seq, seq, "unsigned") in found


async def test_heads_that_are_moved_repeated_or_left_out_are_found(kept: Kept) -> None:
    lines = kept.lines
    assert await kept.with_heads(*lines[:4], *lines[5:]) == [(5, 5, "unsigned")]
    assert await kept.with_heads(*lines[:4], lines[5], lines[4], *lines[6:]) == [
        (5, 5, "unsigned"),
        (5, 5, "signed twice"),
    ]
    assert await kept.with_heads(*lines, lines[2]) == [(3, 3, "signed twice")]
    assert await kept.with_heads(*lines, b"what is this\n") == []


async def test_heads_by_another_key_do_not_count(kept: Kept, tmp_path: Path) -> None:
    other = Signer(MasterKeys(tmp_path / "others"))
    changed = hashed_anew([*kept.rows[:6], kept.rows[6] | {"by": "nobody"}, *kept.rows[7:]], 6)
    heads = other.sign((row["seq"], row["hash"], row["at"]) for row in changed)
    lines = [msgspec.json.encode(head) + b"\n" for head in heads]
    kept.file.write_bytes(b"".join([*kept.lines[:6], *lines[6:]]))
    await put(kept.trail.database, changed)
    found = told(await look(kept.trail))
    assert found == [(7, COUNT, "unsigned"), (7, COUNT, "other key")]
    kept.file.write_bytes(b"".join(lines))
    ours = [row | {"signature": head.kept()} for row, head in zip(changed, heads, strict=True)]
    await put(kept.trail.database, ours)
    assert told(await look(kept.trail, trusted=other.public())) == []
    assert told(await look(kept.trail))[0] == (1, COUNT, "unsigned")


async def test_what_was_cut_off_stays_missing_once_others_follow(kept: Kept) -> None:
    await put(kept.trail.database, kept.rows[:8])
    assert await kept.trail.append(entry(99)) == COUNT + 1
    assert told(await look(kept.trail)) == [(9, COUNT, "missing")]


async def test_a_chain_that_was_rewritten_stays_so_once_others_follow(kept: Kept) -> None:
    changed = hashed_anew([*kept.rows[:6], kept.rows[6] | {"by": "nobody"}, *kept.rows[7:]], 6)
    await put(kept.trail.database, changed)
    assert await kept.trail.append(entry(99)) == COUNT + 1
    assert told(await look(kept.trail)) == [(7, COUNT, "rewritten")]


@pytest.mark.parametrize("whose", ["nobody's", "somebody's", "another entry's"])
async def test_an_entry_put_at_the_end_is_not_taken_for_ours_by_who_follows(
    kept: Kept, tmp_path: Path, whose: str
) -> None:
    [false] = hashed_anew([*kept.rows, kept.rows[2] | {"about": "nothing"}], COUNT)[COUNT:]
    [theirs] = Signer(MasterKeys(tmp_path / "others")).sign([(COUNT + 1, false["hash"], false["at"])])
    signatures = {"nobody's": "", "somebody's": theirs.kept(), "another entry's": false["signature"]}
    await put(kept.trail.database, [*kept.rows, false | {"signature": signatures[whose]}])
    for n in range(3):
        assert await kept.trail.append(entry(n)) == COUNT + 2 + n
    assert told(await look(kept.trail)) == [(COUNT + 1, COUNT + 1, "unsigned")]
    assert kept.trail.counts.found_changed == 1


async def test_only_a_copy_elsewhere_finds_chain_and_heads_cut_off_together(kept: Kept, tmp_path: Path) -> None:
    copy = tmp_path / "copy.heads"
    copy.write_bytes(kept.heads)
    await put(kept.trail.database, kept.rows[:8])
    kept.file.write_bytes(b"".join(kept.lines[:8]))
    assert told(await look(kept.trail)) == []
    assert told(await look(kept.trail, copy)) == [(9, COUNT, "cut off")]


async def test_a_head_put_far_ahead_by_another_key_does_not_move_the_chain(kept: Kept, tmp_path: Path) -> None:
    [far] = Signer(MasterKeys(tmp_path / "others")).sign([(10**9, "sha256:00", entry(1).at)])
    kept.file.write_bytes(kept.heads + msgspec.json.encode(far) + b"\n")
    assert await kept.trail.append(entry(99)) == COUNT + 1
    assert told(await look(kept.trail)) == [(10**9, 10**9, "other key")]


async def test_an_entry_that_follows_nothing_is_misplaced(kept: Kept) -> None:
    loose = kept.rows[3] | {"seq": COUNT + 1, "prev": "sha256:00"}
    loose["hash"] = hash_of("sha256", COUNT + 1, "sha256:00", loose)
    assert await kept.with_rows([*kept.rows, loose]) == [
        (COUNT + 1, COUNT + 1, "misplaced"),
        (COUNT + 1, COUNT + 1, "unsigned"),
    ]


async def test_a_forged_pruning_is_no_excuse(kept: Kept, tmp_path: Path) -> None:
    other = Signer(MasterKeys(tmp_path / "others"))
    [pruned] = other.sign([(4, kept.rows[3]["hash"], entry(1).at)], HeadKind.PRUNED)
    kept.file.write_bytes(kept.heads + msgspec.json.encode(pruned) + b"\n")
    await put(kept.trail.database, kept.rows[4:])
    assert told(await look(kept.trail)) == [(1, 4, "missing")]


@SLOW
@given(
    seq=SEQS,
    name=st.sampled_from(("prev", "hash", "signature", *FIELDS)),
    where=st.integers(0, 2**20),
    bit=st.integers(0, 7),
)
async def test_any_bit_of_any_cell_of_an_sqlite_file_is_found(
    tmp_path_factory: pytest.TempPathFactory, seq: int, name: str, where: int, bit: int
) -> None:
    directory = tmp_path_factory.mktemp("flip")
    async with filled(directory) as trail:
        async with trail.database.writing() as connection:
            query = text(f'SELECT CAST("{name}" AS BLOB) FROM audit WHERE seq = :seq')  # noqa: S608 - a column's name
            cell = bytearray((await connection.execute(query, {"seq": seq})).scalar_one() or b"")
            if not cell:
                return
            cell[where % len(cell)] ^= 1 << bit
            change = text(f'UPDATE audit SET "{name}" = CAST(:cell AS TEXT) WHERE seq = :seq')  # noqa: S608
            await connection.execute(change, {"cell": bytes(cell), "seq": seq})
        assert told(await look(trail)) == [(seq, seq, "changed")]


class filled:  # noqa: N801 - used as a function
    """An audit in SQLite, copied from one that is made once."""

    made: tuple[bytes, bytes, bytes] | None = None

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._database = Database(f"sqlite:///{directory / 'hotline.db'}")

    async def __aenter__(self) -> AuditTrail:
        trail = trail_in(self._database, self._directory)
        if filled.made is None:
            async with self._database:
                await upgrade(self._database)
                for n in range(1, COUNT + 1):
                    await trail.append(entry(n))
                await disarm(self._database)
                async with self._database.looking() as connection:
                    await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            key = self._directory / "keys" / "1.key"
            filled.made = (
                (self._directory / "hotline.db").read_bytes(),
                heads_file(trail).read_bytes(),
                key.read_bytes(),
            )
            self._database = Database(f"sqlite:///{self._directory / 'hotline.db'}")
        else:
            database, heads, key_text = filled.made
            (self._directory / "hotline.db").write_bytes(database)
            (self._directory / "heads").mkdir()
            (self._directory / "heads" / "2026-11.heads").write_bytes(heads)
            (self._directory / "keys").mkdir(mode=0o700)
            key = self._directory / "keys" / "1.key"
            key.touch(0o600)
            key.write_bytes(key_text)
        return trail_in(self._database, self._directory)

    async def __aexit__(self, *_: object) -> None:
        await self._database.engine.dispose()


def test_the_form_can_be_computed_again_by_others() -> None:
    """docs/audit.md gives this example; whoever changes the form must give it another name."""
    ours = hash_of("sha256", 1, FIRST, values_of(entry(7, by=UserId("li"))))
    told_ = [
        "hotline-audit-1", 1, "", "2026-11-24T08:00:07.000007Z", "li", "contacts.reveal", "c7", 'recording "7"\n',
        "qihe", "a fire 火 \\7", "granted", "", "10.0.0.1", None,
    ]  # fmt: skip
    theirs = hashlib.sha256(json.dumps(told_, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()
    assert ours == f"sha256:{theirs}"
