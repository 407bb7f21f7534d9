"""`hotline replay`: a captured AMI byte stream through the very path a live one takes, to events and contacts.

Nothing is decided and nothing stored: every queue is taken for one of Asterisk's own, so the centre only watches.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, TextIO

import msgspec

from center.apply import Center
from center.ledger import Ledger
from center.records import ContactRecord, LegRecord, Record
from center.settings import CenterSettings
from messages import events, facts
from messages.codec import kind
from messages.events import Entry
from messages.facts import Fact
from messages.ids import ContactId, LegId, NodeId
from telephony.ami.wire import END, AmiWire
from telephony.channels import Channels
from telephony.channels.model import Headers, count, epoch, text

CHUNK = 1 << 20
_SHOWN = ("call", "queue", "leg", "phone", "outcome", "why", "to", "waited_s", "did", "session", "recording")


class ReplayedLeg(msgspec.Struct, kw_only=True):
    """One agent's part in a replayed contact."""

    agent: str
    phone: str
    queue: str | None
    offered_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    end: str | None
    hold_s: float
    transferred_to: str


class ReplayedContact(msgspec.Struct, kw_only=True):
    """One line of the output. Seconds; unknown is null. `talked_s` contains `hold_s`; `agents` are those who talked."""

    linkedid: str
    queue: str | None
    outcome: str | None
    waited_s: float | None
    talked_s: float | None
    agents: list[str]
    transferred: bool
    contact: str
    did: str
    hold_s: float | None
    queues: list[str]
    arrived_at: datetime
    queued_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    legs: list[ReplayedLeg]


class _Contact:
    """What is gathered of one contact until it ends."""

    def __init__(self, record: ContactRecord) -> None:
        self.record = record
        self.legs: dict[LegId, LegRecord] = {}
        self.queues: list[str] = []
        self.left_at: datetime | None = None
        self.whole_wait: int | None = None
        self.whole_talk: int | None = None


class Replay:
    """Feed it bytes, in any chunks; it yields entries and, as they end, contacts."""

    def __init__(self) -> None:
        self.wire = AmiWire()
        self.facts = 0
        self._channels = Channels(NodeId("replay"), replayed=True)
        self._center = Center(CenterSettings())
        self._ledger = Ledger()
        self._contacts: dict[ContactId, _Contact] = {}
        self._agents: dict[LegId, str] = {}
        self._clock = datetime.fromtimestamp(0, UTC)
        self._stamped = False
        self._tail = b""

    def __repr__(self) -> str:
        return f"<Replay: {self.wire.counts.decoded} messages, {self.facts} facts, {len(self._contacts)} contacts open>"

    @property
    def is_cut(self) -> bool:
        """Whether the stream ends in the middle of a message."""
        return self._tail not in (b"", END)

    def feed(self, data: bytes) -> Iterator[Entry | ReplayedContact]:
        """Take bytes in; yield what they lead to, in order."""
        self._tail = (self._tail + data)[-len(END) :]
        self.wire.receive_data(data)
        for headers in self.wire.messages_received():
            yield from self._message(headers)

    def finish(self) -> Iterator[ReplayedContact]:
        """Yield the contacts that are open at the end of the stream; their outcome is null."""
        for contact in list(self._contacts.values()):
            yield self._close(contact)

    def _message(self, headers: Headers) -> Iterator[Entry | ReplayedContact]:
        self._read_clock(headers)
        self._count_whole_seconds(headers)
        for fact in self._channels.see(headers, self._clock):
            self.facts += 1
            if isinstance(fact, facts.LegFact):
                self._agents[fact.leg] = self._channels.name_of(fact.leg) or self._agents.get(fact.leg) or fact.phone
            for entry in self._decide(fact):
                yield entry
                yield from self._gather(entry)

    def _read_clock(self, headers: Headers) -> None:
        """Tell the time without timestampevents too, by the second at which the newest channel was made."""
        stamp = epoch(text(headers, "Timestamp"))
        if stamp is not None:
            self._stamped, self._clock = True, stamp
        elif not self._stamped and text(headers, "Event") == "Newchannel":
            made = epoch(text(headers, "Uniqueid").rpartition("-")[2].partition(".")[0])
            self._clock = max(self._clock, made or self._clock)

    def _count_whole_seconds(self, headers: Headers) -> None:
        """Keep what the queue itself counted, which is all there is without timestampevents."""
        wait, talk = count(headers, "HoldTime"), count(headers, "TalkTime")
        if (wait is None and talk is None) or self._stamped:
            return
        contact = self._contacts.get(ContactId(text(headers, "Uniqueid")))
        if contact is not None and text(headers, "Event") in ("AgentConnect", "AgentComplete", "QueueCallerAbandon"):
            contact.whole_wait = wait if contact.whole_wait is None else contact.whole_wait
            if talk is not None:
                contact.whole_talk = (contact.whole_talk or 0) + talk

    def _decide(self, fact: Fact) -> list[Entry]:
        if isinstance(fact, facts.CallQueued):
            fact = msgspec.structs.replace(fact, by_asterisk=True)
        return self._center.apply(fact, fact.occurred).entries

    def _gather(self, entry: Entry) -> Iterator[ReplayedContact]:
        for record in self._ledger.fold(entry):
            self._keep(record)
        event = entry.event
        contact = self._contacts.get(getattr(event, "contact", ContactId("")))
        if contact is None:
            return
        match event:
            case events.CallQueued(queue=queue) if queue:
                contact.queues.append(queue)
            case events.CallLeftQueue(occurred=occurred):
                contact.left_at = occurred
            case events.ContactEnded():
                yield self._close(contact)

    def _keep(self, record: Record) -> None:
        match record:
            case ContactRecord(contact=contact) if contact not in self._contacts:
                self._contacts[contact] = _Contact(record)
            case LegRecord(contact=contact) if contact in self._contacts:
                self._contacts[contact].legs[record.leg] = record

    def _close(self, contact: _Contact) -> ReplayedContact:
        record = contact.record
        del self._contacts[record.contact]
        legs = [self._leg(leg) for leg in contact.legs.values()]
        talks = [leg for leg in legs if leg.answered_at]
        return ReplayedContact(
            linkedid=record.linkedid,
            queue=record.queue,
            outcome=record.outcome,
            waited_s=self._waited_s(contact),
            talked_s=self._talked_s(contact, talks),
            agents=list(dict.fromkeys(leg.agent for leg in talks)),
            transferred=record.transferred,
            contact=record.contact,
            did=record.did,
            hold_s=_rounded(sum(leg.hold_s for leg in talks)) if self._stamped else None,
            queues=list(dict.fromkeys(contact.queues)),
            arrived_at=record.arrived_at,
            queued_at=record.queued_at,
            answered_at=record.answered_at,
            ended_at=record.ended_at,
            legs=legs,
        )

    def _leg(self, leg: LegRecord) -> ReplayedLeg:
        return ReplayedLeg(
            agent=self._agents.pop(leg.leg, leg.phone),
            phone=leg.phone,
            queue=leg.queue,
            offered_at=leg.offered_at,
            answered_at=leg.answered_at,
            ended_at=leg.ended_at,
            end=leg.end,
            hold_s=_rounded(leg.hold_s),
            transferred_to=leg.transferred_to,
        )

    def _waited_s(self, contact: _Contact) -> float | None:
        """Joining the queue → bridged with an agent, or → leaving (DOMAIN §5)."""
        if not self._stamped:
            return contact.whole_wait
        until = contact.record.answered_at or contact.left_at or contact.record.ended_at
        return _seconds(contact.record.queued_at, until)

    def _talked_s(self, contact: _Contact, talks: list[ReplayedLeg]) -> float | None:
        if not self._stamped:
            return contact.whole_talk if talks else 0.0
        lengths = [_seconds(leg.answered_at, leg.ended_at) for leg in talks]
        known = [length for length in lengths if length is not None]
        return _rounded(sum(known)) if len(known) == len(lengths) else None


def _seconds(since: datetime | None, until: datetime | None) -> float | None:
    return None if since is None or until is None else _rounded(max(0.0, (until - since).total_seconds()))


def _rounded(seconds: float) -> float:
    return round(float(seconds), 6)


def replay(path: Path, out: TextIO, err: TextIO, *, as_json: bool = False) -> int:
    """Write what a capture implies to `out`, and to `err` what is wrong with it; return the exit code."""
    run = Replay()
    write = _write_json if as_json else _write_text
    try:
        with path.open("rb") as file:
            for data in _chunks(file):
                for item in run.feed(data):
                    write(out, item)
    except OSError as error:
        err.write(f"{path}: {error.strerror or error}; name a file with a captured AMI byte stream\n")
        return 1
    for contact in run.finish():
        write(out, contact)
    return _report(path, run, err)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    """Yield the file's bytes; lines that an editor or a log left with a bare line feed get back AMI's own ending."""
    first = file.read(CHUNK)
    bare = b"\n" in first and b"\r\n" not in first
    data = first
    while data:
        yield data.replace(b"\n", b"\r\n") if bare else data
        data = file.read(CHUNK)


def _report(path: Path, run: Replay, err: TextIO) -> int:
    counts = run.wire.counts
    if not counts.decoded:
        err.write(f"{path}: no AMI message in it; a capture is what Asterisk sends on its manager port\n")
        return 1
    if counts.malformed or counts.oversized:
        err.write(f"{path}: {counts.malformed} malformed and {counts.oversized} oversized lines left out\n")
    if run.is_cut:
        err.write(f"{path}: ends in the middle of a message; what came before it counts\n")
    return 0


def _write_json(out: TextIO, item: Entry | ReplayedContact) -> None:
    if isinstance(item, ReplayedContact):
        out.write(msgspec.json.encode(item).decode() + "\n")


def _write_text(out: TextIO, item: Entry | ReplayedContact) -> None:
    if isinstance(item, Entry):
        said = msgspec.to_builtins(item.event)
        occurred = getattr(item.event, "occurred", item.at)
        about = " ".join(f"{name}={said[name]}" for name in _SHOWN if said.get(name) not in (None, ""))
        out.write(f"{occurred:%F %T.%f}  {kind(item.event):18} {about}\n")
        return
    wait, talk = (f"{s:.1f} s" if s is not None else "?" for s in (item.waited_s, item.talked_s))
    transferred = ", transferred" if item.transferred else ""
    agents = " → ".join(item.agents) or "nobody"
    out.write(
        f"{'contact':>26}  {item.linkedid}: {item.outcome or 'open'} in {item.queue or 'no queue'}, "
        f"waited {wait}, talked {talk} with {agents}{transferred}\n"
    )
