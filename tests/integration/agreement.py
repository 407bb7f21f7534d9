"""Our records of a test, and how they agree with what Asterisk itself wrote down."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

from msgspec import Struct

from center.ledger import Ledger
from center.records import (
    ContactRecord,
    LegRecord,
    OperationRecord,
    Record,
    RecordingRecord,
    ThreeWayRecord,
    VisitRecord,
)
from imports.asterisk_log import CDR, CEL
from messages import events
from messages.events import Entry
from messages.values import LegKind
from telephony.asterisk.settings import AsteriskSettings

RecordT = TypeVar("RecordT")
WITHIN_MS = 50.0


class Books:
    """The records that the entries from a place on have made or changed."""

    def __init__(self, entries: list[Entry], since: int) -> None:
        self.ledger = Ledger()
        self.entries = entries[since:]
        touched: dict[int, Record] = {}
        for n, entry in enumerate(entries):
            for record in self.ledger.fold(entry):
                if n >= since:
                    touched[id(record)] = record
        self.records = list(touched.values())

    def of(self, kind: type[RecordT]) -> list[RecordT]:
        """Return the records of a kind."""
        return [record for record in self.records if isinstance(record, kind)]

    @property
    def legs(self) -> list[LegRecord]:
        """Every party's part."""
        return self.of(LegRecord)

    @property
    def visits(self) -> list[VisitRecord]:
        """Every stay at a queue."""
        return self.of(VisitRecord)

    @property
    def operations(self) -> list[OperationRecord]:
        """Everything that was asked for."""
        return self.of(OperationRecord)

    @property
    def three_way(self) -> list[ThreeWayRecord]:
        """Everybody who was called in."""
        return self.of(ThreeWayRecord)

    @property
    def contacts(self) -> list[ContactRecord]:
        """Every citizen's interaction."""
        return self.of(ContactRecord)

    @property
    def recordings(self) -> list[RecordingRecord]:
        """Every recording."""
        return self.of(RecordingRecord)

    def open_recordings(self) -> list[str]:
        """Return the recordings that are not complete."""
        return list(self.ledger.recordings)

    def ended_once(self) -> list[str]:
        """Return the contacts that did not end exactly once."""
        arrived = [e.event.contact for e in self.entries if isinstance(e.event, events.ContactArrived)]
        ended = Counter(e.event.contact for e in self.entries if isinstance(e.event, events.ContactEnded))
        return [f"{contact}: {ended[contact]}" for contact in arrived if ended[contact] != 1]

    def left_open(self) -> list[Record]:
        """Return what should be closed once all is quiet."""
        ledger = self.ledger
        kept = (ledger.contacts, ledger.visits, ledger.operations, ledger.three_way, ledger.recordings)
        return [record for records in kept for record in records.values()]


class Difference(Struct, frozen=True):
    """How far our instant is from Asterisk's: positive where ours is later. None: Asterisk has none."""

    leg: str
    what: str
    ms: float | None

    @property
    def agrees(self) -> bool:
        """Whether the two are within what is allowed."""
        return self.ms is not None and abs(self.ms) <= WITHIN_MS


def differences(settings: AsteriskSettings, legs: Iterable[LegRecord]) -> list[Difference]:
    """Compare the talks of legs with the bridges their phones' channels were in, and with the CDR."""
    with settings.cel_file.open() as file:
        cel = [dict(zip(CEL, row, strict=True)) for row in csv.reader(file) if len(row) == len(CEL)]
    with settings.cdr_file.open() as file:
        cdr = [dict(zip(CDR, row, strict=True)) for row in csv.reader(file) if len(row) == len(CDR)]
    return [found for leg in legs if leg.answered_at for found in _of_leg(settings, leg, cel, cdr)]


def _of_leg(
    settings: AsteriskSettings, leg: LegRecord, cel: list[dict[str, str]], cdr: list[dict[str, str]]
) -> Iterator[Difference]:
    name = leg.phone if any(phone.number == leg.phone for phone in settings.phones) else settings.trunks[0].name
    rows = [r for r in cel if r["channame"].startswith(f"PJSIP/{name}-") and r["uniqueid"] != leg.contact]
    # Whom an agent consulted is in a bridge already; the citizen comes there, or a Local channel between them.
    citizens = [r for r in cel if leg.role is LegKind.CONSULT and _is_citizens(r, leg.contact)]
    for what, ours, kind in (("answered", leg.answered_at, "BRIDGE_ENTER"), ("ended", leg.ended_at, "BRIDGE_EXIT")):
        theirs = [_instant(row["eventtime"]) for row in (*rows, *citizens) if row["eventtype"] == kind]
        yield Difference(leg.leg, what, _nearest(ours, theirs))
    mine = {row["channame"] for row in rows}
    written = [row for row in cdr if mine & {row["channel"], row["dstchannel"]} and row["disposition"] == "ANSWERED"]
    yield Difference(leg.leg, "in the CDR", 0.0 if written else None)


def _is_citizens(row: dict[str, str], contact: str) -> bool:
    return row["uniqueid"] == contact or (row["linkedid"] == contact and row["channame"].startswith("Local/"))


def _nearest(ours: datetime | None, theirs: list[datetime]) -> float | None:
    if ours is None:
        return None
    return min(((ours - at).total_seconds() * 1000 for at in theirs), key=abs, default=None)


def _instant(epoch_seconds: str) -> datetime:
    return datetime.fromtimestamp(float(epoch_seconds), UTC)


def told(found: list[Difference]) -> str:
    """Return the differences in figures, for people."""
    lines = []
    for what in ("answered", "ended"):
        ms = sorted(d.ms for d in found if d.what == what and d.ms is not None)
        if ms:
            middle = ms[len(ms) // 2]
            lines.append(f"{what}: {len(ms)} legs, {ms[0]:+.1f} to {ms[-1]:+.1f} ms, median {middle:+.1f} ms")
    return "\n".join([*lines, *(f"  {d.leg} {d.what}: {d.ms} ms" for d in found if not d.agrees)])
