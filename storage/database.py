"""The database: SQLite in WAL mode or PostgreSQL, by URL."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from messages.errors import SettingsError, Unavailable

DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}

AWAY = (SQLAlchemyError, OSError, TimeoutError)
"""What a database that is away, locked or full raises."""


class Database:
    """Connections to one database; use it as `async with`. Raises SettingsError for a URL that is none of ours.

    `busy_s`: seconds a writer waits for another one on SQLite.
    """

    def __init__(self, url: str, *, busy_s: float = 10.0) -> None:
        try:
            parsed = make_url(url)
            self.kind = parsed.get_backend_name()
            parsed = parsed.set(drivername=DRIVERS[self.kind])
        except (ArgumentError, KeyError) as error:
            raise SettingsError("the database's URL must begin with sqlite:/// or postgresql://") from error
        if self.kind == "sqlite":
            if not parsed.database or parsed.database == ":memory:":
                raise SettingsError("SQLite needs a file: sqlite:///path/to/hotline.db")
            Path(parsed.database).absolute().parent.mkdir(parents=True, exist_ok=True)
            self.engine = create_async_engine(parsed, connect_args={"timeout": busy_s})
            event.listen(self.engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(self.engine.sync_engine, "begin", _begin_sqlite)
            event.listen(self.engine.sync_engine, "invalidate", _abandon_sqlite)
        else:
            self.engine = create_async_engine(
                parsed, pool_pre_ping=True, connect_args={"timeout": 10, "command_timeout": 60}
            )
        self.url = parsed.render_as_string(hide_password=True)

    def __repr__(self) -> str:
        return f"<Database {self.url}>"

    async def __aenter__(self) -> Self:
        """Connections are opened when they are needed."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection."""
        await self.engine.dispose()

    @asynccontextmanager
    async def writing(self, *, durable: bool = False) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that writes; it is committed at the end of the block.

        `durable`: what is committed survives a power cut also on SQLite, which in WAL mode syncs later otherwise.
        """
        async with self.engine.connect() as connection:
            await connection.execution_options(
                hotline_begin="BEGIN IMMEDIATE", hotline_sync="FULL" if durable else "NORMAL"
            )
            async with connection.begin():
                yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that only reads, all of it from one state of the database."""
        async with self.engine.connect() as connection:
            if self.kind == "postgresql":
                await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            async with connection.begin():
                yield connection

    @asynccontextmanager
    async def looking(self) -> AsyncIterator[AsyncConnection]:
        """Open what one short question needs: each statement sees the database as it is then."""
        async with self.engine.connect() as connection:
            await connection.execution_options(hotline_begin="")
            yield connection


@asynccontextmanager
async def asking(transaction: AbstractAsyncContextManager[AsyncConnection]) -> AsyncIterator[AsyncConnection]:
    """Open a transaction for somebody who waits for the answer. Raises Unavailable where the database is away."""
    try:
        async with transaction as connection:
            yield connection
    except AWAY as error:
        raise Unavailable(f"the database is away: {str(error).splitlines()[0]}") from error


def _prepare_sqlite(connection: Any, record: object) -> None:
    # None: SQLAlchemy, not the driver, says when a transaction begins.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes the lock at once: a reader that turns writer is refused, not made to wait (SQLITE_BUSY_SNAPSHOT).
    options = connection.get_execution_options()
    how, sync = options.get("hotline_begin", "BEGIN"), options.get("hotline_sync")
    if sync and sync != connection.info.get("sync", "NORMAL"):
        connection.exec_driver_sql(f"PRAGMA synchronous={sync}")
        connection.info["sync"] = sync
    if how:
        connection.exec_driver_sql(how)


def _abandon_sqlite(connection: Any, record: object, error: BaseException | None) -> None:
    # A task was cancelled in mid-transaction. sqlite3 (Python 3.11) closes by sqlite3_close_v2, which leaves the
    # transaction, and so the lock, to whatever statement had not come to its end; a rollback ends it at once.
    connection.rollback()
