"""The audit becomes a chain of hashes; what was written before is chained, too, and says so."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from storage.audit.chain import BEFORE_THE_CHAIN, FIRST, hash_of
from storage.columns import Instant

revision = "0018"
down_revision = "0017"

_APPEND_ONLY = {
    "sqlite": [
        "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit"
        " BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END",
        "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit"
        " WHEN OLD.seq > (SELECT coalesce(max(seq), 0) FROM audit_floor)"
        " BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END",
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF TG_OP = 'DELETE' THEN"
        " IF OLD.seq <= (SELECT coalesce(max(seq), 0) FROM audit_floor) THEN RETURN OLD; END IF; END IF;"
        " RAISE EXCEPTION 'the audit is append-only'; END $$",
        "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit"
        " FOR EACH ROW EXECUTE FUNCTION audit_refuse()",
        "CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()",
    ],
}
PAGE = 1000
_SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_KEPT = ("at", "by", "action", "contact", "about", "tenant", "purpose", "result", "why")


def upgrade() -> None:
    """Create the tables and copy what there is."""
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        op.execute("DROP TRIGGER audit_append_only ON audit")
    else:
        op.execute("DROP TRIGGER audit_no_update")
        op.execute("DROP TRIGGER audit_no_delete")
    op.drop_index("ix_audit_contact", "audit")
    op.rename_table("audit", "audit_before")
    if connection.dialect.name == "postgresql":
        op.execute("ALTER TABLE audit_before RENAME CONSTRAINT pk_audit TO pk_audit_before")
    op.create_table(
        "audit",
        sa.Column("seq", _SEQ, autoincrement=False, nullable=False),
        sa.Column("prev", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=True),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("of", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_audit"),
        sa.UniqueConstraint("prev", name="uq_audit_prev"),
    )
    op.create_table(
        "audit_floor",
        sa.Column("seq", _SEQ, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit_floor"),
    )
    _copy(connection)
    op.drop_table("audit_before")
    op.create_index("ix_audit_contact", "audit", ["contact"])
    op.create_index("ix_audit_at", "audit", ["at"])
    for statement in _APPEND_ONLY[connection.dialect.name]:
        op.execute(statement)


def _copy(connection: sa.Connection) -> None:
    before = sa.table("audit_before", sa.column("id", sa.BigInteger()), *_columns(_KEPT))
    after = sa.table(
        "audit", *_columns((*_KEPT, "prev", "hash", "signature", "origin")), *map(sa.column, ("seq", "of"))
    )
    last, seq, prev = -1, 0, FIRST
    while page := connection.execute(
        sa.select(before).where(before.c.id > last).order_by(before.c.id).limit(PAGE)
    ).all():
        rows = []
        for found in page:
            values = {name: found._mapping[name] for name in _KEPT} | {"origin": BEFORE_THE_CHAIN, "of": None}
            seq, own = seq + 1, hash_of("sha256", seq + 1, prev, values)
            rows.append({"seq": seq, "prev": prev, "hash": own, "signature": "", **values})
            prev = own
        connection.execute(sa.insert(after), rows)
        last = page[-1].id


def _columns(names: tuple[str, ...]) -> list[sa.ColumnClause[Any]]:
    return [sa.column(name, Instant() if name == "at" else sa.Text()) for name in names]
