"""Where recordings are kept; and the audit, where no earlier revision has made it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0012"
down_revision = "0011"

INSTANT = sa.String(27).with_variant(TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "recording_files",
        sa.Column("recording", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("ended_at", INSTANT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("codec", sa.Text(), nullable=False),
        sa.Column("duration_s", sa.Double(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("source_size", sa.BigInteger(), nullable=False),
        sa.Column("source_hash", sa.Text(), nullable=False),
        sa.Column("content_size", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("object_size", sa.BigInteger(), nullable=False),
        sa.Column("object_hash", sa.Text(), nullable=False),
        sa.Column("key_version", sa.BigInteger(), nullable=False),
        sa.Column("sealed_at", INSTANT, nullable=True),
        sa.Column("verified_at", INSTANT, nullable=True),
        sa.Column("removed_at", INSTANT, nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("recording", name="pk_recording_files"),
    )
    op.create_index("ix_recording_files_contact", "recording_files", ["contact"])
    op.create_index("ix_recording_files_state_ended_at", "recording_files", ["state", "ended_at"])
