"""The first tables: contacts, legs, agent states, listening, recordings, cases, wrap-up, cursors, users, tokens."""

from typing import Any

from alembic import op
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    Integer,
    PrimaryKeyConstraint,
    String,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0001"
down_revision = None

INSTANT = String(27).with_variant(TIMESTAMP(timezone=True), "postgresql")
WHERE_OPEN: dict[str, Any] = {"postgresql_where": text("open"), "sqlite_where": text("open = 1")}


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "agent_states",
        Column("agent", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column("phone", Text, nullable=False),
        Column("call", Text),
        Column("started_at", INSTANT, nullable=False),
        Column("ended_at", INSTANT),
        Column("epoch", BigInteger, nullable=False),
        Column("seq", BigInteger, nullable=False),
        Column("open", Boolean, nullable=False),
        PrimaryKeyConstraint("agent", "epoch", "seq", name="pk_agent_states"),
    )
    op.create_index("ix_agent_states_agent_started_at", "agent_states", ["agent", "started_at"])
    op.create_index("ix_agent_states_open", "agent_states", ["open"], **WHERE_OPEN)
    op.create_index("ix_agent_states_started_at_epoch_seq", "agent_states", ["started_at", "epoch", "seq"])
    op.create_table(
        "case_links",
        Column("contact", Text, nullable=False),
        Column("case_no", Text, nullable=False),
        Column("by", Text, nullable=False),
        Column("linked_at", INSTANT, nullable=False),
        Column("valid", Boolean),
        Column("category", Text, nullable=False),
        Column("area", Text, nullable=False),
        Column("summary", Text, nullable=False),
        PrimaryKeyConstraint("contact", "case_no", name="pk_case_links"),
    )
    op.create_index("ix_case_links_case_no", "case_links", ["case_no"])
    op.create_table(
        "contacts",
        Column("contact", Text, nullable=False),
        Column("call", Text),
        Column("channel", Text, nullable=False),
        Column("source", Text, nullable=False),
        Column("node", Text),
        Column("linkedid", Text, nullable=False),
        Column("number", Text, nullable=False),
        Column("did", Text, nullable=False),
        Column("arrived_at", INSTANT, nullable=False),
        Column("noticed", Boolean, nullable=False),
        Column("queue", Text),
        Column("queued_at", INSTANT),
        Column("answered_at", INSTANT),
        Column("ended_at", INSTANT),
        Column("outcome", Text),
        Column("by_citizen", Boolean),
        Column("agent", Text),
        Column("transferred", Boolean, nullable=False),
        Column("by_asterisk", Boolean, nullable=False),
        Column("open", Boolean, nullable=False),
        PrimaryKeyConstraint("contact", name="pk_contacts"),
    )
    op.create_index("ix_contacts_arrived_at_contact", "contacts", ["arrived_at", "contact"])
    op.create_index("ix_contacts_number_arrived_at", "contacts", ["number", "arrived_at"])
    op.create_index("ix_contacts_open", "contacts", ["open"], **WHERE_OPEN)
    op.create_table(
        "cursors",
        Column("name", Text, nullable=False),
        Column("epoch", BigInteger, nullable=False),
        Column("seq", BigInteger, nullable=False),
        PrimaryKeyConstraint("name", name="pk_cursors"),
    )
    op.create_table(
        "legs",
        Column("leg", Text, nullable=False),
        Column("contact", Text, nullable=False),
        Column("call", Text, nullable=False),
        Column("queue", Text),
        Column("agent", Text),
        Column("phone", Text, nullable=False),
        Column("queued_at", INSTANT),
        Column("offered_at", INSTANT, nullable=False),
        Column("ringing_at", INSTANT),
        Column("answered_at", INSTANT),
        Column("ended_at", INSTANT),
        Column("end", Text),
        Column("held_since", INSTANT),
        Column("hold_s", Double, nullable=False),
        Column("holds", BigInteger, nullable=False),
        Column("transferred_to", Text, nullable=False),
        Column("wrap_up_until", INSTANT),
        Column("wrap_up_s", Double),
        Column("open", Boolean, nullable=False),
        PrimaryKeyConstraint("leg", name="pk_legs"),
    )
    op.create_index("ix_legs_agent_offered_at", "legs", ["agent", "offered_at"])
    op.create_index("ix_legs_contact", "legs", ["contact"])
    op.create_index("ix_legs_offered_at_leg", "legs", ["offered_at", "leg"])
    op.create_index("ix_legs_open", "legs", ["open"], **WHERE_OPEN)
    op.create_table(
        "listening",
        Column("session", Text, nullable=False),
        Column("by", Text),
        Column("phone", Text, nullable=False),
        Column("contact", Text, nullable=False),
        Column("call", Text, nullable=False),
        Column("agent", Text),
        Column("queue", Text),
        Column("mode", Text, nullable=False),
        Column("purpose", Text, nullable=False),
        Column("foreign", Boolean, nullable=False),
        Column("requested_at", INSTANT),
        Column("started_at", INSTANT),
        Column("ended_at", INSTANT),
        Column("failed", Text, nullable=False),
        Column("open", Boolean, nullable=False),
        PrimaryKeyConstraint("session", name="pk_listening"),
    )
    op.create_index("ix_listening_contact", "listening", ["contact"])
    op.create_index("ix_listening_open", "listening", ["open"], **WHERE_OPEN)
    op.create_index("ix_listening_requested_at", "listening", ["requested_at"])
    op.create_index("ix_listening_started_at", "listening", ["started_at"])
    op.create_table(
        "recordings",
        Column("recording", Text, nullable=False),
        Column("contact", Text, nullable=False),
        Column("call", Text, nullable=False),
        Column("leg", Text, nullable=False),
        Column("started_at", INSTANT, nullable=False),
        Column("ended_at", INSTANT),
        Column("failed", Text, nullable=False),
        Column("open", Boolean, nullable=False),
        PrimaryKeyConstraint("recording", name="pk_recordings"),
    )
    op.create_index("ix_recordings_contact", "recordings", ["contact"])
    op.create_index("ix_recordings_open", "recordings", ["open"], **WHERE_OPEN)
    op.create_index("ix_recordings_started_at", "recordings", ["started_at"])
    op.create_table(
        "tokens",
        Column("sha256", Text, nullable=False),
        Column("user", Text, nullable=False),
        Column("roles", JSON, nullable=False),
        Column("created_at", INSTANT, nullable=False),
        Column("expires_at", INSTANT, nullable=False),
        Column("revoked_at", INSTANT),
        PrimaryKeyConstraint("sha256", name="pk_tokens"),
    )
    op.create_index("ix_tokens_expires_at", "tokens", ["expires_at"])
    op.create_index("ix_tokens_user", "tokens", ["user"])
    op.create_table(
        "users",
        Column("id", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("password", Text, nullable=False),
        Column("roles", JSON, nullable=False),
        Column("agent", Text),
        Column("tenant", Text, nullable=False),
        Column("disabled", Boolean, nullable=False),
        Column("failures", Integer, nullable=False),
        Column("locked_until", INSTANT),
        PrimaryKeyConstraint("id", name="pk_users"),
    )
    op.create_table(
        "wrap_ups",
        Column("contact", Text, nullable=False),
        Column("by", Text, nullable=False),
        Column("code", Text, nullable=False),
        Column("note", Text, nullable=False),
        Column("written_at", INSTANT, nullable=False),
        PrimaryKeyConstraint("contact", name="pk_wrap_ups"),
    )
