"""Revisits, and the units that called citizens about their cases."""

from alembic import op
from sqlalchemy import Boolean, Column, PrimaryKeyConstraint, String, Text
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0009"
down_revision = "0008"

INSTANT = String(27).with_variant(TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    """Create the table and the columns."""
    op.create_table(
        "revisits",
        Column("revisit", Text, nullable=False),
        Column("case_no", Text, nullable=False),
        Column("satisfied", Boolean, nullable=False),
        Column("reason", Text, nullable=False),
        Column("contact", Text),
        Column("agent", Text),
        Column("by", Text, nullable=False),
        Column("answered_at", INSTANT, nullable=False),
        PrimaryKeyConstraint("revisit", name="pk_revisits"),
    )
    op.create_index("ix_revisits_case_no", "revisits", ["case_no"])
    op.create_index("ix_revisits_answered_at", "revisits", ["answered_at"])
    op.add_column("callbacks", Column("case_no", Text, nullable=False, server_default=""))
    op.add_column("contacts", Column("unit", Text, nullable=False, server_default=""))
