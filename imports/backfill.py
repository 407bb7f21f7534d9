"""The lines of calls that the journal may not know of, until it is told of them; and how they are told. Pure.

One node's CEL and queue_log are read side by side. A call is told of once it is over and nothing new is to be expected
of it; its lines are then let go. Where the reading must begin again after a restart follows from the calls still kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from imports.cel import Row
from imports.digest import Batch, Digest
from imports.horizon import Horizon
from imports.merge import CEL, merged
from imports.names import instant
from imports.queue_calls import Folded
from messages.ids import CallId, NodeId, UserId
from messages.requests import PastLeg, PastVisit, TakeBackfill
from messages.values import ContactOutcome, LegEnd, Source

BY = UserId("backfill")
INBOUND = "inbound"
"""Where citizens come in (extensions.conf.j2): there, until they are answered, no user field names the contact yet."""
SETTLED_US = 5_000_000
"""A call of which nothing was written for so long is told of: the live centre has heard by then what it hears of it."""


class Mark(NamedTuple):
    """A place in a log that is read through its rotations: the file's number since the start, and the byte in it."""

    file: int
    offset: int


class _Kept(msgspec.Struct):
    """A call's lines, by what each reads as; `first`: where the first of them stands in each log."""

    lines: dict[Source, dict[str, Any]] = {}
    first: dict[Source, Mark] = {}
    last: int = 0


class Due(NamedTuple):
    """A call to tell of: its name in the logs, and its account; None where there is nothing to tell."""

    name: str
    account: TakeBackfill | None


class Since(NamedTuple):
    """Since when a channel is there, in a bridge, and in a queue of Asterisk's own."""

    started: datetime | None = None
    bridged: datetime | None = None
    queued: datetime | None = None


class Backlog:
    """What was read of a node's logs and is not yet told. `digests`: the kinds of log, each with how far it is read."""

    def __init__(self, node: NodeId, digests: Mapping[Source, Digest]) -> None:
        self.node = node
        self._digests = digests
        self._calls: dict[str, _Kept] = {}
        self._horizons = {source: Horizon() for source in digests}
        self._frontiers = dict.fromkeys(digests, 0)

    def __repr__(self) -> str:
        return f"<Backlog of {self.node}: {len(self._calls)} calls>"

    def __len__(self) -> int:
        return len(self._calls)

    def take(self, source: Source, batch: Batch, mark: Mark) -> None:
        """Take in what stands in a log from a mark on."""
        for name, lines in batch.calls.items():
            call = self._calls.setdefault(name, _Kept())
            call.first.setdefault(source, mark)
            kept = call.lines.setdefault(source, {})
            for line in lines:
                kept[line.raw] = line
                call.last = max(call.last, line.at)
        if batch.last:
            self._horizons[source].widen(batch.first, batch.last, [*batch.restarts, *_starts(batch)])
            self.reach(source, batch.last)

    def died(self, at: int) -> None:
        """Take note that Asterisk was gone at an instant (µs): its logs tell only of the next start."""
        for horizon in self._horizons.values():
            horizon.widen(at, at, [at])

    def reach(self, source: Source, at: int) -> None:
        """Take note that a log has been read up to an instant (µs)."""
        self._frontiers[source] = max(self._frontiers[source], at)

    def behind(self, among: Iterable[Source]) -> Source:
        """Return the log that is read less far than the other: the one to read on in."""
        return min(among, key=lambda source: (self._frontiers[source], source))

    def due(self, past: int) -> Iterator[Due]:
        """Give the calls that are over; `past`: what ended before this instant (µs) nobody will tell of live."""
        horizon = Horizon()
        for one in self._horizons.values():
            horizon.widen(one.first, one.last, one.restarts)
        read = min(self._frontiers.values())
        for name, call in list(self._calls.items()):
            if call.last + SETTLED_US > read and not (call.last <= past <= read):
                continue
            folded = self._folded(call, horizon)
            if folded is None:
                yield Due(name, None)
            elif folded.contact.ended_at is not None:
                yield Due(name, account(folded, self.node))

    def _folded(self, call: _Kept, horizon: Horizon) -> Folded | None:
        """Return what the logs say of a citizen's call of ours: in CEL its channel names the contact."""
        rows: list[Row] = list(call.lines.get(CEL, {}).values())
        if not any(row.userfield or row.context == INBOUND for row in rows):
            return None
        of = {source: self._digests[source].fold(list(lines.values()), horizon) for source, lines in call.lines.items()}
        return merged({source: folded for source, folded in of.items() if folded is not None})

    def there(self, at: int) -> dict[str, Since]:
        """Return since when each channel was where it was at an instant (µs), by unique id, as far as CEL is read."""
        found: dict[str, Since] = {}
        rows = [row for call in self._calls.values() for row in call.lines.get(CEL, {}).values()]
        for row in sorted((row for row in rows if row.at <= at), key=lambda row: row.at):
            since, when = found.get(row.uniqueid, Since()), instant(row.at)
            if row.kind == "CHAN_START":
                since = since._replace(started=when)
            elif row.kind in ("BRIDGE_ENTER", "BRIDGE_EXIT"):
                since = since._replace(bridged=when if row.kind == "BRIDGE_ENTER" else None)
            elif row.kind in ("APP_START", "APP_END") and row.app == "Queue":
                since = since._replace(queued=when if row.kind == "APP_START" else None)
            found[row.uniqueid] = since
        return found

    def told(self, name: str) -> None:
        """Let go of a call."""
        self._calls.pop(name, None)

    def begin(self, source: Source) -> Mark | None:
        """Return where the first line stands that is still needed; None where none is."""
        return min((call.first[source] for call in self._calls.values() if source in call.first), default=None)


def _starts(batch: Batch) -> list[int]:
    """Return when a row shows that Asterisk had begun anew: it counts its channels from 0."""
    rows = (line for lines in batch.calls.values() for line in lines if isinstance(line, Row))
    return [row.at for row in rows if row.kind == "CHAN_START" and row.uniqueid.endswith(".0")]


def account(folded: Folded, node: NodeId) -> TakeBackfill:
    """Return what the centre is told of a contact that has ended."""
    contact = folded.contact
    ended = contact.ended_at or contact.arrived_at
    return TakeBackfill(
        by=BY,
        contact=contact.contact,
        call=contact.call or CallId(contact.contact),
        node=node,
        number=contact.number,
        did=contact.did,
        linkedid=contact.linkedid,
        direction=contact.direction,
        arrived=contact.arrived_at,
        ended=ended,
        outcome=contact.outcome or ContactOutcome.LOST,
        by_citizen=contact.by_citizen,
        visits=tuple(
            PastVisit(
                queue=visit.queue,
                asked=visit.asked_at,
                left=visit.left_at or ended,
                outcome=visit.outcome or ContactOutcome.LOST,
            )
            for visit in folded.visits
        ),
        legs=tuple(
            PastLeg(
                leg=leg.leg,
                phone=leg.phone,
                agent=leg.agent,
                offered=leg.offered_at,
                answered=leg.answered_at,
                ended=_not_before(leg.ended_at or ended, leg.answered_at or leg.offered_at),
                why=leg.end or LegEnd.LOST,
                transferred_to=leg.transferred_to,
            )
            for leg in folded.legs
        ),
    )


def _not_before(one: datetime, other: datetime) -> datetime:
    return max(one, other)


def us(at: datetime) -> int:
    """Return the µs since 1970 of an instant."""
    return round((at - instant(0)).total_seconds() * 1_000_000)
