"""Closings: figures of months that no longer change, and their restatements."""

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Text

from storage.columns import Instant

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "closings",
        Column("period", Text, nullable=False),
        Column("version", BigInteger, nullable=False),
        Column("closed_at", Instant, nullable=False),
        Column("by", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column("changed", Text, nullable=False),
        Column("content", Text, nullable=False),
        Column("sha256", Text, nullable=False),
        PrimaryKeyConstraint("period", "version", name="pk_closings"),
    )
