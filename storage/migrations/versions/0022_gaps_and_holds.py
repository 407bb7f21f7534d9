"""Gaps in recordings, and the contacts whose recordings are held."""

from alembic import op
from sqlalchemy import Column, PrimaryKeyConstraint, Text

from storage.columns import Instant

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Add the column, create the table."""
    op.add_column("recordings", Column("gaps", Text, nullable=False, server_default=""))
    op.create_table(
        "recording_holds",
        Column("contact", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column("by", Text, nullable=False),
        Column("held_at", Instant, nullable=False),
        PrimaryKeyConstraint("contact", name="pk_recording_holds"),
    )
