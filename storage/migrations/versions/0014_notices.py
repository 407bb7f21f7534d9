"""Notices: short messages to citizens and alerts to people on duty, and what became of them."""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, PrimaryKeyConstraint, Text

from storage.columns import Instant

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "notices",
        Column("id", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("number", Text, nullable=False),
        Column("text", Text, nullable=False),
        Column("created_at", Instant, nullable=False),
        Column("next_at", Instant, nullable=False),
        Column("contact", Text, nullable=False),
        Column("callback", Text, nullable=False),
        Column("tenant", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("attempts", BigInteger, nullable=False),
        Column("answer", Text, nullable=False),
        Column("maybe_sent", Boolean, nullable=False),
        Column("sent_at", Instant, nullable=True),
        PrimaryKeyConstraint("id", name="pk_notices"),
    )
    for columns in (("state", "next_at"), ("number", "sent_at"), ("created_at", "id")):
        op.create_index(f"ix_notices_{'_'.join(columns)}", "notices", list(columns))
