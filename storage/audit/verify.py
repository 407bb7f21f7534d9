"""Whether the audit is what was written: every row against its hash, the row before it and its signed head."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import LargeBinary, Row, Select, cast, func, select

from messages.errors import Invalid
from storage.audit.chain import BEFORE_THE_CHAIN, FIELDS, FIRST, hash_of
from storage.audit.heads import Head, HeadKind, Heads, is_genuine, read
from storage.audit.report import Fault, Report
from storage.database import Database, asking
from storage.tables import audit

PAGE = 500
_COLUMNS = ("seq", "prev", "hash", "signature", *FIELDS)
_TIMES = 3


async def verify(
    database: Database,
    heads: Heads,
    trusted: Sequence[str],
    copies: Sequence[Path] = (),
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Read everything and compare. `trusted`: public keys in hex; `copies`: heads that were kept elsewhere.

    Others may write meanwhile; what they add is for the next time. Raises Unavailable, OSError.
    """
    for _ in range(_TIMES):
        async with heads.turn():  # nobody is between an entry and its head
            async with asking(database.looking()) as connection:
                last = (await connection.execute(select(func.max(audit.c.seq)))).scalar_one() or 0
            sizes = await asyncio.to_thread(heads.sizes)
        known = await asyncio.to_thread(_Known, heads, sizes, trusted, copies)
        report = await _compare(database, known, last, progress)
        if report.well or not await asyncio.to_thread(_was_pruned, heads, known):
            break
    return report


def _was_pruned(heads: Heads, known: _Known) -> bool:
    """Tell whether entries went, being past their days, while we read."""
    sizes = heads.sizes()
    gone = any(file not in sizes for file in known.sizes)
    return gone or any(head.seq not in known.floors for head in _prunings(heads, sizes))


def _prunings(heads: Heads, sizes: dict[Path, int]) -> Iterator[Head]:
    for line in heads.lines(sizes):
        if b'"pruned"' in line and (head := read(line)) is not None and head.kind is HeadKind.PRUNED:
            yield head


class _Known:
    """The heads: in their order, one look ahead; and where the chain may begin."""

    def __init__(self, heads: Heads, sizes: dict[Path, int], trusted: Sequence[str], copies: Sequence[Path]) -> None:
        self.sizes = sizes
        self.bad: dict[int, Fault] = {}
        """Entries with heads that we did not sign so."""
        self._trusted = frozenset(trusted)
        self._heads = heads
        self.floors: dict[int, str] = {}
        """The entries up to which the chain was pruned, with their hashes."""
        for head in _prunings(heads, sizes):
            if is_genuine(head, self._trusted):
                self.floors[head.seq] = head.hash
        self.elsewhere = {head.seq: head.hash for head in self._genuine(_lines(copies))}
        self.ordered = self._genuine(heads.lines(sizes))

    def _genuine(self, lines: Iterable[bytes]) -> Iterator[Head]:
        for head in map(read, lines):
            if head is None or head.kind is HeadKind.PRUNED:
                continue
            if is_genuine(head, self._trusted):
                yield head
            else:
                self.bad[head.seq] = Fault.HEAD_CHANGED if head.key in self._trusted else Fault.OTHER_KEY


def _lines(files: Iterable[Path]) -> Iterator[bytes]:
    for file in files:
        for one in sorted(file.glob("*.heads")) if file.is_dir() else [file]:
            yield from one.read_bytes().splitlines()


async def _compare(database: Database, known: _Known, last: int, progress: Callable[[int, int], None]) -> Report:
    walk = _Walk(known)
    async for page in _pages(database, last):
        await asyncio.to_thread(walk.take, page)
        progress(page[-1]["seq"] - walk.report.first + 1, last - walk.report.first + 1)
    await asyncio.to_thread(walk.end)
    walk.report.findings.sort(key=lambda one: one.seq)
    return walk.report


class _Walk:
    """Goes along rows and heads at once."""

    def __init__(self, known: _Known) -> None:
        self.report = Report()
        self._known = known
        self._ahead: Head | None = None
        self._signed = 0
        self._expected = 1
        self._before: set[str] = {FIRST}
        """What the next row may name as the hash before it: the signed one and the one that is there."""

    def take(self, rows: Sequence[dict[str, Any]]) -> None:
        """Look at the next rows."""
        for row in rows:
            self._one(row)

    def _one(self, row: dict[str, Any]) -> None:
        report, seq = self.report, row["seq"]
        if not report.entries:
            self._begin(seq)
        report.entries += 1
        report.last = seq
        if seq > self._expected:
            report.found(Fault.MISSING, self._expected, seq - 1)
            before = self._head(seq - 1)
            self._before = {before.hash} if before else {row["prev"]}
        signed = self._head(seq)
        elsewhere = self._known.elsewhere.get(seq)
        if not _fits(row) or not _is_headed(row, signed):
            report.found(Fault.CHANGED, seq)
        elif (signed and signed.hash != row["hash"]) or (elsewhere is not None and elsewhere != row["hash"]):
            report.found(Fault.REWRITTEN, seq)
        elif row["prev"] not in self._before:
            report.found(Fault.MISPLACED, seq)
        if signed is None:
            report.found(Fault.UNSIGNED, seq)
        self._before = {row["hash"], signed.hash} if signed else {row["hash"]}
        self._expected = seq + 1

    def _begin(self, seq: int) -> None:
        """The chain begins with 1, or where it is signed that it was pruned."""
        floors = self._known.floors
        if seq != 1 and seq - 1 in floors:
            self._expected, self._before = seq, {floors[seq - 1]}
        elif seq != 1 and floors:
            at_most = [floor for floor in floors if floor < seq]
            self._expected = max(at_most, default=0) + 1
            self._before = {floors.get(self._expected - 1, FIRST)}
        self.report.first = seq
        self._signed = self._expected - 1

    def _head(self, seq: int) -> Head | None:
        """Return the head of an entry, going on to it."""
        while True:
            head = self._ahead or next(self._known.ordered, None)
            self._ahead = None
            if head is None:
                return None
            if head.seq > seq:
                self._ahead = head
                return None
            is_new = head.seq > self._signed
            self._next(head)
            if is_new and head.seq == seq:
                return head

    def end(self) -> None:
        """Look at the heads behind the last row."""
        if not self.report.entries:
            self._expected = max(self._known.floors, default=0) + 1
            self._signed = self._expected - 1
        last = max(self._known.elsewhere, default=0)
        while (head := self._ahead or next(self._known.ordered, None)) is not None:
            self._ahead = None
            self._next(head)
            last = max(last, head.seq)
        if last >= self._expected:
            self.report.found(Fault.CUT_OFF, self._expected, last)
        for seq, fault in sorted(self._known.bad.items()):
            self.report.found(fault, seq)

    def _next(self, head: Head) -> None:
        """Go on to a head, which should come after those before it."""
        if head.seq <= self._signed:
            if self.report.entries and head.seq >= self.report.first:
                self.report.found(Fault.SIGNED_TWICE, head.seq)
        else:
            self._signed = head.seq


def _fits(row: dict[str, Any]) -> bool:
    algorithm, _, _ = str(row["hash"]).partition(":")
    try:
        return bool(row["hash"] == hash_of(algorithm, row["seq"], row["prev"], row))
    except (Invalid, ValueError, TypeError):
        return False


def _is_headed(row: dict[str, Any], signed: Head | None) -> bool:
    """Tell whether a row keeps the signature of its head; one from before the chain keeps none."""
    if signed is None or signed.hash != row["hash"]:
        return True  # which is another fault
    if signed.kind is HeadKind.ADOPTED:
        return bool(row["origin"] == BEFORE_THE_CHAIN and row["signature"] == "")
    return bool(row["signature"] == signed.kept())


async def _pages(database: Database, last: int) -> AsyncIterator[list[dict[str, Any]]]:
    """Yield the rows up to `last`, each as it lies there, also what is no text any more."""
    after, query = -(2**63), _raw(database)
    while True:
        page = query.where(audit.c.seq > after, audit.c.seq <= last).order_by(audit.c.seq).limit(PAGE)
        async with asking(database.looking()) as connection:
            found = (await connection.execute(page)).all()
        if found:
            yield [_plain(row) for row in found]
            after = found[-1].seq
        if len(found) < PAGE:
            return


def _raw(database: Database) -> Select[Any]:
    columns = [audit.c[name] for name in _COLUMNS]
    if database.kind != "sqlite":
        return select(*columns)
    as_bytes = [cast(column, LargeBinary).label(column.name) for column in columns if column.name not in ("seq", "of")]
    return select(audit.c.seq, audit.c.of, *as_bytes)


def _plain(row: Row[Any]) -> dict[str, Any]:
    values = row._mapping.items()
    return {
        str(name): value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value
        for name, value in values
    }
