"""What was read of Asterisk's own logs: how far each file, and the lines of each call and agent."""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, PrimaryKeyConstraint, Text, text

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "import_files",
        Column("source", Text, nullable=False),
        Column("head", Text, nullable=False),
        Column("inode", BigInteger, nullable=False),
        Column("size", BigInteger, nullable=False),
        Column("offset", BigInteger, nullable=False),
        Column("tail", Text, nullable=False),
        PrimaryKeyConstraint("source", "head", name="pk_import_files"),
    )
    op.create_table(
        "import_lines",
        Column("source", Text, nullable=False),
        Column("node", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("day", BigInteger, nullable=False),
        Column("lines", Text, nullable=False),
        Column("open", Boolean, nullable=False),
        PrimaryKeyConstraint("source", "node", "kind", "name", "day", name="pk_import_lines"),
    )
    op.create_index(
        "ix_import_lines_open",
        "import_lines",
        ["open"],
        postgresql_where=text("open"),
        sqlite_where=text("open = 1"),
    )
