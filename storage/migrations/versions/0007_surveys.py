"""What citizens answered when they were asked how satisfied they were."""

from alembic import op
from sqlalchemy import Boolean, Column, PrimaryKeyConstraint, String, Text
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0007"
down_revision = "0006"

INSTANT = String(27).with_variant(TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "surveys",
        Column("contact", Text, nullable=False),
        Column("question", Text, nullable=False),
        Column("call", Text, nullable=False),
        Column("queue", Text),
        Column("agent", Text),
        Column("asked_at", INSTANT, nullable=False),
        Column("answered_at", INSTANT),
        Column("key", Text, nullable=False),
        Column("satisfied", Boolean),
        PrimaryKeyConstraint("contact", "question", name="pk_surveys"),
    )
    op.create_index("ix_surveys_asked_at", "surveys", ["asked_at"])
