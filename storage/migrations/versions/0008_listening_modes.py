"""The modes that a listening session went on in."""

from alembic import op
from sqlalchemy import Column, Text

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the column."""
    op.add_column("listening", Column("modes", Text, nullable=False, server_default=""))
