"""Quality review: forms by version, samples, and reviews."""

from alembic import op
from sqlalchemy import BigInteger, Column, Double, PrimaryKeyConstraint, Text

from storage.columns import Instant

revision = "0023"
down_revision = "0022"


def _text(*names: str) -> list[Column[str]]:
    return [Column(name, Text, nullable=False) for name in names]


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "quality_forms",
        Column("id", Text, nullable=False),
        Column("version", BigInteger, nullable=False),
        *_text("name", "questions", "by"),
        Column("made_at", Instant, nullable=False),
        PrimaryKeyConstraint("id", "version", name="pk_quality_forms"),
    )
    op.create_table(
        "quality_samples",
        *_text("sample", "by"),
        Column("drawn_at", Instant, nullable=False),
        *_text("seed"),
        Column("size", BigInteger, nullable=False),
        Column("among", BigInteger, nullable=False),
        *_text("criteria", "contacts", "tenant"),
        PrimaryKeyConstraint("sample", name="pk_quality_samples"),
    )
    op.create_table(
        "quality_reviews",
        *_text("review", "form"),
        Column("version", BigInteger, nullable=False),
        *_text("contact", "agent", "team", "queue", "tenant", "sample", "reviewer", "state", "answers", "comment"),
        Column("score", Double, nullable=True),
        Column("drafted_at", Instant, nullable=False),
        Column("signed_at", Instant, nullable=True),
        *_text("appeal"),
        Column("appealed_at", Instant, nullable=True),
        *_text("decision"),
        Column("decided_by", Text, nullable=True),
        Column("decided_at", Instant, nullable=True),
        PrimaryKeyConstraint("review", name="pk_quality_reviews"),
    )
    op.create_index("ix_quality_reviews_agent_signed_at", "quality_reviews", ["agent", "signed_at"])
    op.create_index("ix_quality_reviews_contact", "quality_reviews", ["contact"])
