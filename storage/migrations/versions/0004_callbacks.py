"""Who is owed a call back, and the messages that the emergency script took."""

from typing import Any

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, PrimaryKeyConstraint, String, Text, text
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0004"
down_revision = "0003"

INSTANT = String(27).with_variant(TIMESTAMP(timezone=True), "postgresql")
WHERE_OPEN: dict[str, Any] = {"postgresql_where": text("open"), "sqlite_where": text("open = 1")}


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "messages",
        Column("contact", Text, nullable=False),
        Column("number", Text, nullable=False),
        Column("did", Text, nullable=False),
        Column("left_at", INSTANT, nullable=False),
        Column("recording", Text, nullable=False),
        Column("reason", Text, nullable=False),
        PrimaryKeyConstraint("contact", name="pk_messages"),
    )
    op.create_table(
        "callbacks",
        Column("callback", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("number", Text, nullable=False),
        Column("tenant", Text, nullable=False),
        Column("queue", Text, nullable=False),
        Column("noted_at", INSTANT, nullable=False),
        Column("due_at", INSTANT, nullable=False),
        Column("contacts", BigInteger, nullable=False),
        Column("first_contact", Text),
        Column("attempts", BigInteger, nullable=False),
        Column("attempted_at", INSTANT),
        Column("done_at", INSTANT),
        Column("end", Text),
        Column("contact", Text),
        Column("agent", Text),
        Column("closed_by", Text),
        Column("reason", Text, nullable=False),
        Column("open", Boolean, nullable=False),
        PrimaryKeyConstraint("callback", name="pk_callbacks"),
    )
    op.create_index("ix_callbacks_noted_at", "callbacks", ["noted_at"])
    op.create_index("ix_callbacks_number", "callbacks", ["number"])
    op.create_index("ix_callbacks_open", "callbacks", ["open"], **WHERE_OPEN)
