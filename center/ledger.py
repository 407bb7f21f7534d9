"""The ledger: fold events into records. Storage keeps them as rows, `hotline replay` prints them, reports count them.

Pure. `fold` returns the records an entry touched; closed records are forgotten as soon as nothing more can change
them, so that memory holds only what is live.
"""

from collections.abc import Callable, Iterable
from typing import Any

from center.records import (
    AgentStateRecord,
    CaseLinkRecord,
    ContactRecord,
    LegRecord,
    ListeningRecord,
    Record,
    RecordingRecord,
    WrapUpRecord,
)
from messages import events
from messages.events import Entry
from messages.ids import AgentId, ContactId, LegId, RecordingId, SessionId
from messages.values import AgentState


class Ledger:
    """The open records; closed ones live only in the database."""

    def __init__(self, open_records: Iterable[Record] = ()) -> None:
        self.contacts: dict[ContactId, ContactRecord] = {}
        self.legs: dict[LegId, LegRecord] = {}
        self.agent_states: dict[AgentId, AgentStateRecord] = {}
        self.listening: dict[SessionId, ListeningRecord] = {}
        self.recordings: dict[RecordingId, RecordingRecord] = {}
        self._wrapping: dict[AgentId, LegRecord] = {}
        for record in open_records:
            self._keep(record)

    def __repr__(self) -> str:
        return f"<Ledger: {len(self.contacts)} contacts, {len(self.legs)} legs, {len(self.agent_states)} agents open>"

    def _keep(self, record: Record) -> None:
        match record:
            case ContactRecord():
                self.contacts[record.contact] = record
            case LegRecord():
                self.legs[record.leg] = record
                if record.wrap_up_until and record.agent:
                    self._wrapping[record.agent] = record
            case AgentStateRecord():
                self.agent_states[record.agent] = record
            case ListeningRecord():
                self.listening[record.session] = record
            case RecordingRecord():
                self.recordings[record.recording] = record
            case CaseLinkRecord() | WrapUpRecord():
                pass

    def fold(self, entry: Entry) -> list[Record]:
        """Take one entry in and return the records it made or changed (an event about nothing kept: none)."""
        step = _FOLD.get(type(entry.event))
        return step(self, entry, entry.event) if step else []


def _contact_arrived(ledger: Ledger, entry: Entry, event: events.ContactArrived) -> list[Record]:
    record = ContactRecord(
        contact=event.contact,
        call=event.call,
        node=event.node,
        linkedid=event.linkedid or event.call,
        number=event.number,
        did=event.did,
        arrived_at=event.occurred,
    )
    ledger.contacts[event.contact] = record
    return [record]


def _call_queued(ledger: Ledger, entry: Entry, event: events.CallQueued) -> list[Record]:
    record = ledger.contacts.get(event.contact)
    if record is None:
        return []
    record.noticed = record.noticed or event.noticed
    record.by_asterisk = record.by_asterisk or event.by_asterisk
    if record.queued_at is None:
        record.queue, record.queued_at = event.queue, event.occurred
    return [record]


def _call_offered(ledger: Ledger, entry: Entry, event: events.CallOffered) -> list[Record]:
    contact = ledger.contacts.get(event.contact)
    leg = LegRecord(
        leg=event.leg,
        contact=event.contact,
        call=event.call,
        queue=event.queue,
        agent=event.agent,
        phone=event.phone,
        queued_at=contact.queued_at if contact else None,
        offered_at=event.occurred,
    )
    ledger.legs[event.leg] = leg
    return [leg]


def _call_ringing(ledger: Ledger, entry: Entry, event: events.CallRinging) -> list[Record]:
    leg = ledger.legs.get(event.leg)
    if leg is None:
        return []
    leg.ringing_at = event.occurred
    return [leg]


def _call_answered(ledger: Ledger, entry: Entry, event: events.CallAnswered) -> list[Record]:
    touched: list[Record] = []
    if leg := ledger.legs.get(event.leg):
        leg.answered_at = event.occurred
        touched.append(leg)
    contact = ledger.contacts.get(event.contact)
    if contact and contact.answered_at is None:
        contact.answered_at, contact.agent = event.occurred, event.agent
        touched.append(contact)
    return touched


def _call_held(ledger: Ledger, entry: Entry, event: events.CallHeld) -> list[Record]:
    leg = ledger.legs.get(event.leg)
    if leg is None:
        return []
    leg.held_since, leg.holds = event.occurred, leg.holds + 1
    return [leg]


def _end_hold(leg: LegRecord, event: events.CallLegEvent) -> None:
    if leg.held_since is not None:
        leg.hold_s += max(0.0, (event.occurred - leg.held_since).total_seconds())
        leg.held_since = None


def _call_resumed(ledger: Ledger, entry: Entry, event: events.CallResumed) -> list[Record]:
    leg = ledger.legs.get(event.leg)
    if leg is None:
        return []
    _end_hold(leg, event)
    return [leg]


def _call_transferred(ledger: Ledger, entry: Entry, event: events.CallTransferred) -> list[Record]:
    touched: list[Record] = []
    if leg := ledger.legs.get(event.leg):
        leg.transferred_to = event.to
        touched.append(leg)
    if contact := ledger.contacts.get(event.contact):
        contact.transferred = True
        touched.append(contact)
    return touched


def _leg_ended(ledger: Ledger, entry: Entry, event: events.LegEnded) -> list[Record]:
    leg = ledger.legs.get(event.leg)
    if leg is None:
        return []
    _end_hold(leg, event)
    leg.ended_at, leg.end = event.occurred, event.why
    if not event.wraps_up:
        del ledger.legs[leg.leg]
    return [leg]


def _contact_ended(ledger: Ledger, entry: Entry, event: events.ContactEnded) -> list[Record]:
    record = ledger.contacts.pop(event.contact, None)
    if record is None:
        return []
    record.ended_at, record.outcome, record.by_citizen = event.occurred, event.outcome, event.by_citizen
    return [record]


def _contact_linked(ledger: Ledger, entry: Entry, event: events.ContactLinked) -> list[Record]:
    return [
        CaseLinkRecord(
            contact=event.contact,
            case_no=event.case_no,
            by=event.by,
            linked_at=entry.at,
            valid=event.valid,
            category=event.category,
            area=event.area,
            summary=event.summary,
        )
    ]


def _agent_state(ledger: Ledger, entry: Entry, event: events.AgentStateChanged) -> list[Record]:
    touched: list[Record] = []
    if last := ledger.agent_states.pop(event.agent, None):
        last.ended_at = entry.at
        touched.append(last)
    touched += _wrap_up(ledger, entry, event)
    if event.after is not AgentState.LOGGED_OUT:
        now = AgentStateRecord(
            agent=event.agent,
            state=event.after,
            reason=event.reason,
            phone=event.phone,
            call=event.call,
            started_at=entry.at,
            epoch=entry.epoch,
            seq=entry.seq,
        )
        ledger.agent_states[event.agent] = now
        touched.append(now)
    return touched


def _wrap_up(ledger: Ledger, entry: Entry, event: events.AgentStateChanged) -> list[Record]:
    """Mark the leg's wrap-up as begun, or as ended and the leg as complete."""
    if event.after is AgentState.WRAP_UP and event.leg and (leg := ledger.legs.get(event.leg)):
        leg.wrap_up_until = event.until
        ledger._wrapping[event.agent] = leg
        return [leg]
    if event.before is AgentState.WRAP_UP and (leg := ledger._wrapping.pop(event.agent, None)) and leg.ended_at:
        leg.wrap_up_s = (entry.at - leg.ended_at).total_seconds()
        del ledger.legs[leg.leg]
        return [leg]
    return []


def _listening_requested(ledger: Ledger, entry: Entry, event: events.ListeningRequested) -> list[Record]:
    record = ListeningRecord(
        session=event.session,
        by=event.by,
        phone=event.phone,
        contact=event.contact,
        call=event.call,
        agent=event.agent,
        queue=event.queue,
        mode=event.mode,
        purpose=event.purpose,
        requested_at=entry.at,
    )
    ledger.listening[event.session] = record
    return [record]


def _listening_started(ledger: Ledger, entry: Entry, event: events.ListeningStarted) -> list[Record]:
    record = ledger.listening.get(event.session)
    if record is None:
        record = ListeningRecord(
            session=event.session,
            by=event.by,
            contact=event.contact,
            call=event.call,
            agent=event.agent,
            queue=event.queue,
            mode=event.mode,
            foreign=event.foreign,
        )
        ledger.listening[event.session] = record
    record.started_at = event.occurred
    return [record]


def _listening_ended(ledger: Ledger, entry: Entry, event: events.ListeningEnded) -> list[Record]:
    record = ledger.listening.pop(event.session, None)
    if record is None:
        return []
    record.ended_at, record.failed = event.occurred, event.failed
    return [record]


def _recording_started(ledger: Ledger, entry: Entry, event: events.RecordingStarted) -> list[Record]:
    record = RecordingRecord(
        recording=event.recording,
        contact=event.contact,
        call=event.call,
        leg=event.leg,
        started_at=event.occurred,
    )
    ledger.recordings[event.recording] = record
    return [record]


def _recording_stopped(ledger: Ledger, entry: Entry, event: events.RecordingStopped) -> list[Record]:
    record = ledger.recordings.pop(event.recording, None)
    if record is None:
        record = RecordingRecord(
            recording=event.recording,
            contact=event.contact,
            call=event.call,
            leg=event.leg,
            started_at=event.occurred,
        )
    record.ended_at, record.failed = event.occurred, event.failed
    return [record]


def _contact_wrapped_up(ledger: Ledger, entry: Entry, event: events.ContactWrappedUp) -> list[Record]:
    return [WrapUpRecord(contact=event.contact, by=event.by, code=event.code, note=event.note, written_at=entry.at)]


_FOLD: dict[type[events.Event], Callable[[Ledger, Entry, Any], list[Record]]] = {
    events.ContactArrived: _contact_arrived,
    events.CallQueued: _call_queued,
    events.CallOffered: _call_offered,
    events.CallRinging: _call_ringing,
    events.CallAnswered: _call_answered,
    events.CallHeld: _call_held,
    events.CallResumed: _call_resumed,
    events.CallTransferred: _call_transferred,
    events.LegEnded: _leg_ended,
    events.ContactEnded: _contact_ended,
    events.ContactLinked: _contact_linked,
    events.ContactWrappedUp: _contact_wrapped_up,
    events.AgentStateChanged: _agent_state,
    events.ListeningRequested: _listening_requested,
    events.ListeningStarted: _listening_started,
    events.ListeningEnded: _listening_ended,
    events.RecordingStarted: _recording_started,
    events.RecordingStopped: _recording_stopped,
}
