"""The tables: one per kind of record, the cursors of whoever follows the log, users and their tokens, schedules,
notices.

`open` marks a record that the ledger may still change; a writer that starts reads these back.
"""

from typing import Any, NamedTuple

import msgspec
from sqlalchemy import JSON, BigInteger, Boolean, Column, Connection, Index, Integer, MetaData, Table, Text, event, text

from agents.schedule import PlanRecord
from center.records import (
    AgentStateRecord,
    CallbackRecord,
    CaseEventRecord,
    CaseLinkRecord,
    ConfidentialRecord,
    ContactRecord,
    DutyCallRecord,
    DutyRecord,
    HearingRecord,
    LabelRecord,
    LegRecord,
    ListeningNoteRecord,
    ListeningRecord,
    MessageRecord,
    OperationRecord,
    Record,
    RecordingRecord,
    RevisitRecord,
    SurgeRecord,
    SurveyRecord,
    ThreeWayRecord,
    VisitRecord,
    WrapUpRecord,
)
from messages.audit import AuditEntry
from messages.notices import Notice
from quality.forms import FormRow
from quality.reviews import Review
from quality.samples import Sample
from recording.files import RecordingFile
from recording.holds import Hold
from storage.columns import Instant, columns_of

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    },
)


def _table(name: str, record: type[msgspec.Struct], *key: str, closes: bool = True) -> Table:
    """Return the table of a kind of record; `closes`: it has an open and a complete form."""
    table = Table(name, metadata, *columns_of(record, key))
    if closes:
        table.append_column(Column("open", Boolean, nullable=False))
        Index(f"ix_{name}_open", table.c.open, postgresql_where=text("open"), sqlite_where=text("open = 1"))
    return table


contacts = _table("contacts", ContactRecord, "contact")
Index(None, contacts.c.arrived_at, contacts.c.contact)
Index(None, contacts.c.number, contacts.c.arrived_at)

visits = _table("visits", VisitRecord, "contact", "n")
Index(None, visits.c.queue, visits.c.asked_at)

surveys = _table("surveys", SurveyRecord, "contact", "question", closes=False)
Index(None, surveys.c.asked_at)

operations = _table("operations", OperationRecord, "operation")
Index(None, operations.c.contact)
Index(None, operations.c.asked_at)

three_way = _table("three_way", ThreeWayRecord, "operation")
Index(None, three_way.c.contact)
Index(None, three_way.c.asked_at)

callbacks = _table("callbacks", CallbackRecord, "callback")
Index(None, callbacks.c.noted_at)
Index(None, callbacks.c.number)

revisits = _table("revisits", RevisitRecord, "revisit", closes=False)
Index(None, revisits.c.case_no)
Index(None, revisits.c.answered_at)
labels = _table("labels", LabelRecord, "label")
Index(None, labels.c.proposed_at)
Index(None, labels.c.number)

duty_sessions = _table("duty_sessions", DutyRecord, "duty")
Index(None, duty_sessions.c.begins_at, duty_sessions.c.duty)

duty_calls = _table("duty_calls", DutyCallRecord, "contact")
Index(None, duty_calls.c.duty, duty_calls.c.called_at)

surges = _table("surges", SurgeRecord, "surge", "key", "started_at")

legs = _table("legs", LegRecord, "leg")
Index(None, legs.c.contact)
Index(None, legs.c.offered_at, legs.c.leg)
Index(None, legs.c.agent, legs.c.offered_at)

agent_states = _table("agent_states", AgentStateRecord, "agent", "epoch", "seq")
Index(None, agent_states.c.agent, agent_states.c.started_at)
Index(None, agent_states.c.started_at, agent_states.c.epoch, agent_states.c.seq)

listening = _table("listening", ListeningRecord, "session")
Index(None, listening.c.contact)
Index(None, listening.c.requested_at)
Index(None, listening.c.started_at)

hearings = _table("hearings", HearingRecord, "session", "n")
Index(None, hearings.c.contact)
Index(None, hearings.c.started_at)

recordings = _table("recordings", RecordingRecord, "recording")
Index(None, recordings.c.contact)
Index(None, recordings.c.started_at)

recording_holds = Table("recording_holds", metadata, *columns_of(Hold, ("contact",)))

recording_files = Table("recording_files", metadata, *columns_of(RecordingFile, ("recording",)))
Index(None, recording_files.c.contact)
Index(None, recording_files.c.state, recording_files.c.ended_at)

quality_forms = Table("quality_forms", metadata, *columns_of(FormRow, ("id", "version")))

quality_samples = Table("quality_samples", metadata, *columns_of(Sample, ("sample",)))

quality_reviews = Table("quality_reviews", metadata, *columns_of(Review, ("review",)))
Index(None, quality_reviews.c.agent, quality_reviews.c.signed_at)
Index(None, quality_reviews.c.contact)

case_links = _table("case_links", CaseLinkRecord, "contact", "case_no", closes=False)
Index(None, case_links.c.case_no)

case_events = _table("case_events", CaseEventRecord, "case_no", "id", closes=False)
Index(None, case_events.c.due_at)
Index(None, case_events.c.at)

messages = _table("messages", MessageRecord, "contact", closes=False)

wrap_ups = _table("wrap_ups", WrapUpRecord, "contact", closes=False)

cursors = Table(
    "cursors",
    metadata,
    Column("name", Text, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("password", Text, nullable=False),
    Column("roles", JSON, nullable=False),
    Column("agent", Text),
    Column("tenant", Text, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("must_change", Boolean, nullable=False),
    Column("password_at", Instant),
    Column("totp", Text),
    Column("totp_pending", Text),
    Column("totp_step", BigInteger),
)

lockouts = Table(
    "lockouts",
    metadata,
    Column("key", Text, primary_key=True),
    Column("failures", BigInteger, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("until", Instant),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("user", Text, primary_key=True),
    Column("sha256", Text, primary_key=True),
)

tokens = Table(
    "tokens",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("user", Text, nullable=False),
    Column("roles", JSON, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column("id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("scopes", JSON(none_as_null=True)),
    Column("used_at", Instant, nullable=False),
    Column("address", Text, nullable=False),
    Column("client", Text, nullable=False),
)
Index(None, tokens.c.user)
Index(None, tokens.c.id)
Index(None, tokens.c.expires_at)

schedules = Table("schedules", metadata, *columns_of(PlanRecord, ("agent", "begin")))
Index(None, schedules.c.begin)

import_files = Table(
    "import_files",
    metadata,
    Column("source", Text, primary_key=True),
    Column("head", Text, primary_key=True),
    Column("inode", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("tail", Text, nullable=False),
)

import_lines = Table(
    "import_lines",
    metadata,
    Column("source", Text, primary_key=True),
    Column("node", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("day", BigInteger, primary_key=True, autoincrement=False),
    Column("lines", Text, nullable=False),
    Column("open", Boolean, nullable=False),
)
Index(
    "ix_import_lines_open",
    import_lines.c.open,
    postgresql_where=text("open"),
    sqlite_where=text("open = 1"),
)

closings = Table(
    "closings",
    metadata,
    Column("period", Text, primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("closed_at", Instant, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("changed", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("sha256", Text, nullable=False),
)
"""Figures of periods that are closed: version 1 as they were then, each further one a restatement with its reason."""

notices = _table("notices", Notice, "id", closes=False)
Index(None, notices.c.state, notices.c.next_at)
Index(None, notices.c.number, notices.c.sent_at)
Index(None, notices.c.created_at, notices.c.id)


audit = Table(
    "audit",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("prev", Text, nullable=False, unique=True),
    Column("hash", Text, nullable=False),
    Column("signature", Text, nullable=False),
    *columns_of(AuditEntry, ()),
)
Index(None, audit.c.contact)
Index(None, audit.c.at)

audit_floor = Table(
    "audit_floor",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
)
"""Up to where entries of the audit may go, being past their days."""

APPEND_ONLY = {
    "sqlite": [
        "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit"
        " BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END",
        "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit"
        " WHEN OLD.seq > (SELECT coalesce(max(seq), 0) FROM audit_floor)"
        " BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END",
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF TG_OP = 'DELETE' THEN"
        " IF OLD.seq <= (SELECT coalesce(max(seq), 0) FROM audit_floor) THEN RETURN OLD; END IF; END IF;"
        " RAISE EXCEPTION 'the audit is append-only'; END $$",
        "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit"
        " FOR EACH ROW EXECUTE FUNCTION audit_refuse()",
        "CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()",
    ],
}
"""What lets nobody change or take away what was audited, but who may take the triggers away."""


@event.listens_for(audit, "after_create")
def _protect(table: Table, connection: Connection, **_: Any) -> None:
    for statement in APPEND_ONLY[connection.dialect.name]:
        connection.exec_driver_sql(statement)


class Kept(NamedTuple):
    """Where a kind of record is kept."""

    record: type[Record]
    table: Table
    order: str

    def of(self, row: Any) -> Record:
        """Return a row's record."""
        # str(): SQLAlchemy names reserved words by a subclass that msgspec does not take for text.
        values = {str(column): value for column, value in row._mapping.items()}
        record: Record = msgspec.convert(values, self.record)
        return record


KEPT: dict[type[Any], Kept] = {
    kept.record: kept
    for kept in (
        Kept(ContactRecord, contacts, "arrived_at"),
        Kept(VisitRecord, visits, "asked_at"),
        Kept(SurveyRecord, surveys, "asked_at"),
        Kept(LegRecord, legs, "offered_at"),
        Kept(OperationRecord, operations, "asked_at"),
        Kept(ThreeWayRecord, three_way, "asked_at"),
        Kept(CallbackRecord, callbacks, "noted_at"),
        Kept(RevisitRecord, revisits, "answered_at"),
        Kept(SurgeRecord, surges, "started_at"),
        Kept(AgentStateRecord, agent_states, "started_at"),
        Kept(ListeningRecord, listening, "session"),
        Kept(HearingRecord, hearings, "started_at"),
        Kept(RecordingRecord, recordings, "started_at"),
        Kept(CaseLinkRecord, case_links, "linked_at"),
        Kept(DutyRecord, duty_sessions, "begins_at"),
        Kept(DutyCallRecord, duty_calls, "called_at"),
        Kept(CaseEventRecord, case_events, "at"),
        Kept(LabelRecord, labels, "proposed_at"),
        Kept(MessageRecord, messages, "left_at"),
        Kept(WrapUpRecord, wrap_ups, "written_at"),
    )
}

AMENDS: dict[type[Any], Table] = {ConfidentialRecord: contacts, ListeningNoteRecord: listening}
"""Records that change columns of a row which no ledger has open any more."""
