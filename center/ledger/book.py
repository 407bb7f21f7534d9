"""The open records; closed ones live only in the database."""

from collections.abc import Callable, Iterable
from typing import Any

from center.records import (
    AgentStateRecord,
    CallbackRecord,
    ContactRecord,
    DutyCallRecord,
    DutyRecord,
    HearingRecord,
    LabelRecord,
    LegRecord,
    ListeningRecord,
    OperationRecord,
    Record,
    RecordingRecord,
    SurgeRecord,
    ThreeWayRecord,
    VisitRecord,
)
from messages.events import Entry, Event
from messages.ids import AgentId, CallbackId, ContactId, DutyId, LabelId, LegId, OperationId, RecordingId, SessionId


class Book:
    """What may still change. A contact's newest queue visit stays until the contact ends: a call back may close it."""

    def __init__(self, open_records: Iterable[Record] = ()) -> None:
        self.contacts: dict[ContactId, ContactRecord] = {}
        self.visits: dict[ContactId, VisitRecord] = {}
        self.legs: dict[LegId, LegRecord] = {}
        self.operations: dict[OperationId, OperationRecord] = {}
        self.three_way: dict[LegId, ThreeWayRecord] = {}
        self.callbacks: dict[CallbackId, CallbackRecord] = {}
        self.labels: dict[LabelId, LabelRecord] = {}
        self.duties: dict[DutyId, DutyRecord] = {}
        self.duty_calls: dict[ContactId, DutyCallRecord] = {}
        self.surges: dict[tuple[str, str], SurgeRecord] = {}
        self.agent_states: dict[AgentId, AgentStateRecord] = {}
        self.listening: dict[SessionId, ListeningRecord] = {}
        self.hearings: dict[SessionId, HearingRecord] = {}
        self.recordings: dict[RecordingId, RecordingRecord] = {}
        self.wrapping: dict[AgentId, LegRecord] = {}
        for record in open_records:
            self._keep(record)

    def __repr__(self) -> str:
        counts = f"{len(self.contacts)} contacts, {len(self.legs)} legs, {len(self.agent_states)} agents"
        return f"<{type(self).__name__}: {counts} open>"

    def _keep(self, record: Record) -> None:
        match record:
            case ContactRecord():
                self.contacts[record.contact] = record
            case VisitRecord():
                self.visits[record.contact] = record
            case LegRecord():
                self.legs[record.leg] = record
                if record.wrap_up_until and record.agent:
                    self.wrapping[record.agent] = record
            case OperationRecord():
                self.operations[record.operation] = record
            case ThreeWayRecord():
                self.three_way[record.leg] = record
            case CallbackRecord():
                self.callbacks[record.callback] = record
            case LabelRecord():
                self.labels[record.label] = record
            case DutyRecord():
                self.duties[record.duty] = record
            case DutyCallRecord():
                self.duty_calls[record.contact] = record
            case SurgeRecord():
                self.surges[record.surge, record.key] = record
            case AgentStateRecord():
                self.agent_states[record.agent] = record
            case ListeningRecord():
                self.listening[record.session] = record
            case HearingRecord():
                self.hearings[record.session] = record
            case RecordingRecord():
                self.recordings[record.recording] = record

    def is_open(self, record: Record) -> bool:
        """Tell whether a record may still change."""
        match record:
            case ContactRecord():
                return self.contacts.get(record.contact) is record
            case VisitRecord():
                return self.visits.get(record.contact) is record
            case LegRecord():
                return self.legs.get(record.leg) is record
            case OperationRecord():
                return self.operations.get(record.operation) is record
            case ThreeWayRecord():
                return self.three_way.get(record.leg) is record
            case CallbackRecord():
                return self.callbacks.get(record.callback) is record
            case LabelRecord():
                return self.labels.get(record.label) is record
            case DutyRecord():
                return self.duties.get(record.duty) is record
            case DutyCallRecord():
                return self.duty_calls.get(record.contact) is record
            case SurgeRecord():
                return self.surges.get((record.surge, record.key)) is record
            case AgentStateRecord():
                return self.agent_states.get(record.agent) is record
            case ListeningRecord():
                return self.listening.get(record.session) is record
            case HearingRecord():
                return self.hearings.get(record.session) is record
            case RecordingRecord():
                return self.recordings.get(record.recording) is record
        return False


Steps = dict[type[Event], Callable[[Book, Entry, Any], list[Record]]]
