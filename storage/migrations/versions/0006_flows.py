"""What a caller's way through a flow leaves on the contact."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the columns; contacts of before had no menus."""
    op.add_column("contacts", sa.Column("confidential", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("contacts", sa.Column("menu_s", sa.Double(), nullable=False, server_default="0"))
