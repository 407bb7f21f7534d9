"""Leaders' duty sessions, and the contacts in their scope."""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Double, PrimaryKeyConstraint, Text, text

from storage.columns import Instant

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "duty_sessions",
        Column("duty", Text, nullable=False),
        Column("leader", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("title", Text, nullable=False),
        Column("post", Text, nullable=False),
        Column("unit", Text, nullable=False),
        Column("aide", Text, nullable=True),
        Column("begins_at", Instant, nullable=False),
        Column("ends_at", Instant, nullable=False),
        Column("dids", Text, nullable=False),
        Column("areas", Text, nullable=False),
        Column("queues", Text, nullable=False),
        Column("topics", Text, nullable=False),
        Column("notice", Text, nullable=False),
        Column("ring_s", Double, nullable=False),
        Column("tenant", Text, nullable=False),
        Column("every", Text, nullable=True),
        Column("planned_by", Text, nullable=False),
        Column("planned_at", Instant, nullable=False),
        Column("changed_by", Text, nullable=True),
        Column("changed_at", Instant, nullable=True),
        Column("reason", Text, nullable=False),
        Column("started_at", Instant, nullable=True),
        Column("ended_at", Instant, nullable=True),
        Column("end", Text, nullable=True),
        Column("ended_by", Text, nullable=True),
        Column("open", Boolean, nullable=False),
        PrimaryKeyConstraint("duty", name="pk_duty_sessions"),
    )
    op.create_table(
        "duty_calls",
        Column("duty", Text, nullable=False),
        Column("contact", Text, nullable=False),
        Column("call", Text, nullable=False),
        Column("queue", Text, nullable=True),
        Column("leader", Text, nullable=False),
        Column("aide", Text, nullable=True),
        Column("called_at", Instant, nullable=False),
        Column("offered", BigInteger, nullable=False),
        Column("missed", BigInteger, nullable=False),
        Column("answered_at", Instant, nullable=True),
        Column("answered_by", Text, nullable=True),
        Column("agent", Text, nullable=True),
        Column("handed_over", Boolean, nullable=False),
        Column("aide_joined", Boolean, nullable=False),
        Column("ended_at", Instant, nullable=True),
        Column("outcome", Text, nullable=True),
        Column("open", Boolean, nullable=False),
        PrimaryKeyConstraint("contact", name="pk_duty_calls"),
    )
    op.create_index("ix_duty_sessions_begins_at_duty", "duty_sessions", ["begins_at", "duty"])
    op.create_index("ix_duty_calls_duty_called_at", "duty_calls", ["duty", "called_at"])
    for table in ("duty_sessions", "duty_calls"):
        op.create_index(
            f"ix_{table}_open", table, ["open"], postgresql_where=text("open"), sqlite_where=text("open = 1")
        )
