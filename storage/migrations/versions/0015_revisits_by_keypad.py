"""Who asks the citizen in a revisit, and what they keyed."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add the columns; before, agents asked."""
    op.add_column("callbacks", sa.Column("asker", sa.Text(), nullable=False, server_default="agent"))
    op.add_column("revisits", sa.Column("keyed", sa.Text(), nullable=False, server_default=""))
