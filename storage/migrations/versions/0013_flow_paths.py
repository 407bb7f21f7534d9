"""What was keyed in a flow on the contact, and how long a message is."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the columns; of contacts before nobody knows what was keyed."""
    op.add_column("contacts", sa.Column("path", sa.Text(), nullable=False, server_default=""))
    op.add_column("messages", sa.Column("seconds", sa.Double(), nullable=False, server_default="0"))
