"""What agents are to do and when."""

from alembic import op
from sqlalchemy import Column, PrimaryKeyConstraint, String, Text
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0003"
down_revision = "0002"

INSTANT = String(27).with_variant(TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "schedules",
        Column("agent", Text, nullable=False),
        Column("begin", INSTANT, nullable=False),
        Column("end", INSTANT, nullable=False),
        Column("activity", Text, nullable=False),
        Column("planned_by", Text, nullable=False),
        Column("planned_at", INSTANT, nullable=False),
        PrimaryKeyConstraint("agent", "begin", name="pk_schedules"),
    )
    op.create_index("ix_schedules_begin", "schedules", ["begin"])
