"""Listening sessions: whom they followed, who approved, how they ended, notes; and each call that one heard."""

import sqlalchemy as sa
from alembic import op

from storage.columns import Instant

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Add columns and the table; of sessions before, what they heard is not told call by call."""
    with op.batch_alter_table("listening") as table:
        table.alter_column("contact", existing_type=sa.Text(), nullable=True)
        table.alter_column("call", existing_type=sa.Text(), nullable=True)
        for column in _columns():
            table.add_column(column)
    op.create_table(
        "hearings",
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=True),
        sa.Column("call", sa.Text(), nullable=True),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("queue", sa.Text(), nullable=True),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("modes", sa.Text(), nullable=False),
        sa.Column("spyer", sa.Text(), nullable=False),
        sa.Column("foreign", sa.Boolean(), nullable=False),
        sa.Column("started_at", Instant, nullable=False),
        sa.Column("ended_at", Instant, nullable=True),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("session", "n", name="pk_hearings"),
    )
    op.create_index("ix_hearings_contact", "hearings", ["contact"])
    op.create_index("ix_hearings_started_at", "hearings", ["started_at"])
    op.create_index(
        "ix_hearings_open",
        "hearings",
        ["open"],
        postgresql_where=sa.text("open"),
        sqlite_where=sa.text("open = 1"),
    )


def _columns() -> list[sa.Column[object]]:
    return [
        sa.Column("scope", sa.Text(), nullable=False, server_default="call"),
        sa.Column("followed", sa.Text(), nullable=False, server_default=""),
        sa.Column("hearings", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("approval", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("approver", sa.Text(), nullable=True),
        sa.Column("approved", sa.Boolean(), nullable=True),
        sa.Column("decided_at", Instant, nullable=True),
        sa.Column("limit_s", sa.Double(), nullable=True),
        sa.Column("told", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("end", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False, server_default=""),
        sa.Column("note_at", Instant, nullable=True),
    ]
