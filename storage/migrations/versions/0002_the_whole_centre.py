"""Queue visits, operations, those called into a contact, surges; and what the centre says more of the rest."""

from typing import Any

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Double, PrimaryKeyConstraint, String, Text, text
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0002"
down_revision = "0001"

INSTANT = String(27).with_variant(TIMESTAMP(timezone=True), "postgresql")
WHERE_OPEN: dict[str, Any] = {"postgresql_where": text("open"), "sqlite_where": text("open = 1")}


def upgrade() -> None:
    """Create and widen them."""
    _widen()
    _visits()
    _operations()
    _three_way()
    op.create_table(
        "surges",
        Column("surge", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("started_at", INSTANT, nullable=False),
        Column("ended_at", INSTANT),
        Column("deflected", BigInteger, nullable=False),
        Column("open", Boolean, nullable=False),
        PrimaryKeyConstraint("surge", "key", "started_at", name="pk_surges"),
    )
    op.create_index("ix_surges_open", "surges", ["open"], **WHERE_OPEN)


def _widen() -> None:
    """Add columns; what was written before had none of it."""
    for table, columns in {
        "agent_states": (Column("by", Text), _no("forced")),
        "contacts": (
            _text("tenant"),
            _text("direction", "in"),
            Column("about", Text),
            Column("refused", Text),
            _no("deflected"),
            Column("visits", BigInteger, nullable=False, server_default=text("0")),
        ),
        "legs": (_text("role", "agent"), Column("operation", Text), Column("consulted_at", INSTANT)),
    }.items():
        for column in columns:
            op.add_column(table, column)


def _text(name: str, value: str = "") -> Column[Any]:
    return Column(name, Text, nullable=False, server_default=value)


def _no(name: str) -> Column[Any]:
    return Column(name, Boolean, nullable=False, server_default=text("false"))


def _visits() -> None:
    op.create_table(
        "visits",
        Column("contact", Text, nullable=False),
        Column("n", BigInteger, nullable=False),
        Column("call", Text, nullable=False),
        Column("queue", Text, nullable=False),
        Column("tenant", Text, nullable=False),
        Column("asked_at", INSTANT, nullable=False),
        Column("joined", Boolean, nullable=False),
        Column("transferred", Boolean, nullable=False),
        Column("position", BigInteger, nullable=False),
        Column("estimated_s", Double),
        Column("left_at", INSTANT),
        Column("outcome", Text),
        Column("agent", Text),
        Column("refused", Text),
        Column("to", Text),
        Column("open", Boolean, nullable=False),
        PrimaryKeyConstraint("contact", "n", name="pk_visits"),
    )
    op.create_index("ix_visits_open", "visits", ["open"], **WHERE_OPEN)
    op.create_index("ix_visits_queue_asked_at", "visits", ["queue", "asked_at"])


def _operations() -> None:
    op.create_table(
        "operations",
        Column("operation", Text, nullable=False),
        Column("verb", Text, nullable=False),
        Column("by", Text, nullable=False),
        Column("contact", Text),
        Column("call", Text),
        Column("leg", Text),
        Column("party", Text),
        Column("agent", Text),
        Column("target", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column("asked_at", INSTANT, nullable=False),
        Column("ended_at", INSTANT),
        Column("done", Boolean),
        Column("failed", Text, nullable=False),
        Column("open", Boolean, nullable=False),
        PrimaryKeyConstraint("operation", name="pk_operations"),
    )
    op.create_index("ix_operations_asked_at", "operations", ["asked_at"])
    op.create_index("ix_operations_contact", "operations", ["contact"])
    op.create_index("ix_operations_open", "operations", ["open"], **WHERE_OPEN)


def _three_way() -> None:
    op.create_table(
        "three_way",
        Column("operation", Text, nullable=False),
        Column("contact", Text, nullable=False),
        Column("call", Text, nullable=False),
        Column("leg", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("by", Text, nullable=False),
        Column("agent", Text),
        Column("called", Text, nullable=False),
        Column("asked_at", INSTANT, nullable=False),
        Column("ringing_at", INSTANT),
        Column("answered_at", INSTANT),
        Column("ended_at", INSTANT),
        Column("end", Text),
        Column("response_s", Double),
        Column("open", Boolean, nullable=False),
        PrimaryKeyConstraint("operation", name="pk_three_way"),
    )
    op.create_index("ix_three_way_asked_at", "three_way", ["asked_at"])
    op.create_index("ix_three_way_contact", "three_way", ["contact"])
    op.create_index("ix_three_way_open", "three_way", ["open"], **WHERE_OPEN)
