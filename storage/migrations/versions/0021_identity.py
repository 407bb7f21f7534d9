"""Lock-out by user and address, second factors, forced changes of passwords, sessions that can be listed."""

import sqlalchemy as sa
from alembic import op

from storage.columns import Instant

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Add the columns and the tables. Sessions from before are ended: nobody knows where they are from."""
    op.execute(sa.table("tokens").delete())
    for name in ("failures", "locked_until"):
        op.drop_column("users", name)
    op.add_column("users", sa.Column("must_change", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("users", sa.Column("password_at", Instant, nullable=True))
    for name in ("totp", "totp_pending"):
        op.add_column("users", sa.Column(name, sa.Text(), nullable=True))
    op.add_column("users", sa.Column("totp_step", sa.BigInteger(), nullable=True))
    op.create_table(
        "lockouts",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("last_at", Instant, nullable=False),
        sa.Column("until", Instant, nullable=True),
        sa.PrimaryKeyConstraint("key", name="pk_lockouts"),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("user", "sha256", name="pk_recovery_codes"),
    )
    for name in ("id", "name", "address", "client"):
        op.add_column("tokens", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.add_column("tokens", sa.Column("scopes", sa.JSON(), nullable=True))
    op.add_column("tokens", sa.Column("used_at", Instant, nullable=False, server_default="2000-01-01T00:00:00.000000Z"))
    op.create_index("ix_tokens_id", "tokens", ["id"])
