"""The database's shape, revision by revision."""

from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from storage.database import Database

# An arbitrary number: two processes that start at once upgrade one after the other.
_LOCK = 1_234_512_345


async def upgrade(database: Database, to: str = "head") -> None:
    """Bring the tables to a revision; one that is newer already is refused by Alembic's CommandError."""
    async with database.writing() as connection:
        await connection.run_sync(_upgrade, to)


async def revision(database: Database) -> str | None:
    """Return the revision the tables are at, None for an empty database."""
    async with database.reading() as connection:
        return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())


def newest() -> str | None:
    """Return the revision that this version of the software expects."""
    return _scripts().get_current_head()


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(Path(__file__).parent)


def _upgrade(connection: Connection, to: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    scripts = _scripts()
    with EnvironmentContext(
        Config(),
        scripts,
        fn=lambda current, context: scripts._upgrade_revs(to, current),
    ) as environment:
        environment.configure(connection=connection, transactional_ddl=True)
        environment.run_migrations()
