"""What is kept of each contact, queue visit, leg, operation, agent state, listening session, recording and surge:
one record each, one row each."""

from center.records.agents import AgentStateRecord
from center.records.callbacks import CallbackRecord, RevisitRecord
from center.records.calls import LegRecord, OperationRecord, RecordingRecord, SurgeRecord, ThreeWayRecord, VisitRecord
from center.records.contacts import (
    CaseEventRecord,
    CaseLinkRecord,
    ConfidentialRecord,
    ContactRecord,
    MessageRecord,
    SurveyRecord,
    WrapUpRecord,
)
from center.records.duties import DutyCallRecord, DutyRecord
from center.records.labels import LabelRecord
from center.records.listening import HearingRecord, ListeningNoteRecord, ListeningRecord

Record = (
    ContactRecord
    | ConfidentialRecord
    | VisitRecord
    | SurveyRecord
    | LegRecord
    | OperationRecord
    | ThreeWayRecord
    | CallbackRecord
    | RevisitRecord
    | LabelRecord
    | DutyRecord
    | DutyCallRecord
    | MessageRecord
    | SurgeRecord
    | AgentStateRecord
    | ListeningRecord
    | ListeningNoteRecord
    | HearingRecord
    | RecordingRecord
    | CaseLinkRecord
    | CaseEventRecord
    | WrapUpRecord
)
