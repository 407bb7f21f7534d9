"""Whose word a visit or a leg is: what an import wrote gives way to the journal."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


_IMPORTED = "(SELECT contact FROM contacts WHERE source <> 'live')"
_OF_ITS_CONTACT = "(SELECT source FROM contacts WHERE contacts.contact = {0}.contact)"


def upgrade() -> None:
    """Add the columns; what an import wrote is known by its contact."""
    for table in ("visits", "legs"):
        op.add_column(table, sa.Column("source", sa.Text(), nullable=False, server_default="live"))
        source = _OF_ITS_CONTACT.format(table)
        op.execute(f"UPDATE {table} SET source = {source} WHERE contact IN {_IMPORTED}")  # noqa: S608  # our own words
