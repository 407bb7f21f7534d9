"""Cases: the steps that the case system reports."""

from alembic import op
from sqlalchemy import Boolean, Column, PrimaryKeyConstraint, Text

from storage.columns import Instant

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "case_events",
        Column("case_no", Text, nullable=False),
        Column("id", Text, nullable=False),
        Column("step", Text, nullable=False),
        Column("at", Instant, nullable=False),
        Column("by", Text, nullable=False),
        Column("noted_at", Instant, nullable=False),
        Column("tenant", Text, nullable=False),
        Column("due_at", Instant, nullable=True),
        Column("unit", Text, nullable=False),
        Column("unit_kind", Text, nullable=True),
        Column("misdirected", Boolean, nullable=False),
        Column("satisfied", Boolean, nullable=True),
        PrimaryKeyConstraint("case_no", "id", name="pk_case_events"),
    )
    for column in ("due_at", "at"):
        op.create_index(f"ix_case_events_{column}", "case_events", [column])
