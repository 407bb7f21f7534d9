"""Lock-out: after some failures the next attempt must wait, longer with each; by user and by address.

Names nobody has are counted as everybody's, so that nobody learns from it who there is.
"""

import hashlib
import ipaddress
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from center.ports import Clock
from storage.database import Database, asking
from storage.identity.settings import Protection
from storage.tables import lockouts

MOST_DOUBLINGS = 30


class Lockout:
    """Failures by key; every method raises Unavailable where the database is away."""

    def __init__(self, database: Database, clock: Clock, protection: Protection) -> None:
        self._database = database
        self._clock = clock
        self._protection = protection

    def __repr__(self) -> str:
        return f"<Lockout after {self._protection.failures} failures>"

    async def begin(self, keys: Iterable[str]) -> datetime | None:
        """Count an attempt as failed until it succeeds; return until when it must wait, None if it may go on.

        Counted before it is looked at: many at once are no way round. One that must wait is not counted.
        """
        now, wanted = self._clock(), sorted(keys)
        async with asking(self._database.writing()) as connection:
            insert = self._insert().values(
                [{"key": key, "failures": 0, "last_at": now, "until": None} for key in wanted]
            )
            await connection.execute(insert.on_conflict_do_nothing())
            query = select(lockouts).where(lockouts.c.key.in_(wanted)).order_by(lockouts.c.key).with_for_update()
            rows = (await connection.execute(query)).all()
            if waits := [row.until for row in rows if row.until is not None and row.until > now]:
                until: datetime = max(waits)
                return until
            for row in rows:
                failures = 1 if row.last_at < now - timedelta(seconds=self._protection.forget_s) else row.failures + 1
                counted = {"failures": failures, "last_at": now, "until": self._until(row.key, failures, now)}
                await connection.execute(lockouts.update().where(lockouts.c.key == row.key).values(counted))
            old = now - timedelta(seconds=self._protection.forget_s)
            await connection.execute(lockouts.delete().where(lockouts.c.last_at < old))
        return None

    async def forgive(self, keys: Iterable[str], forget: str = "") -> None:
        """Take back what the last attempt counted, and forget all failures of the key `forget`."""
        async with asking(self._database.writing()) as connection:
            await connection.execute(lockouts.delete().where(lockouts.c.key == forget))
            less = {"failures": lockouts.c.failures - 1, "until": None}
            known = lockouts.c.key.in_(list(keys)), lockouts.c.failures > 0
            await connection.execute(lockouts.update().where(*known).values(less))

    async def clear(self, key: str) -> None:
        """Forget the failures of a key."""
        async with asking(self._database.writing()) as connection:
            await connection.execute(lockouts.delete().where(lockouts.c.key == key))

    async def locked(self, keys: Iterable[str]) -> dict[str, datetime]:
        """Return until when those of the keys that must wait do."""
        now, wanted = self._clock(), list(keys)
        async with asking(self._database.reading()) as connection:
            rows = await connection.execute(select(lockouts).where(lockouts.c.key.in_(wanted)))
            return {row.key: row.until for row in rows if row.until is not None and row.until > now}

    def _until(self, key: str, failures: int, now: datetime) -> datetime | None:
        settings = self._protection
        beyond = failures - (settings.failures if key.startswith(USER) else settings.address_failures)
        if beyond < 0:
            return None
        delay = min(settings.delay_s * 2 ** min(beyond, MOST_DOUBLINGS), settings.delay_at_most_s)
        return now + timedelta(seconds=delay)

    def _insert(self) -> Any:
        return (postgresql if self._database.kind == "postgresql" else sqlite).insert(lockouts)


USER = "user:"


def user_key(user: str) -> str:
    """Return a user's key; not the name itself: people type passwords in its place."""
    return USER + hashlib.sha256(user.encode("utf-8", "surrogatepass")).hexdigest()


def address_key(address: str) -> str:
    """Return an address's key; an IPv6 network of 64 bits is one place."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return f"address:{address[:64]}"
    if parsed.version == 6:
        return f"address:{ipaddress.ip_network((parsed, 64), strict=False)}"
    return f"address:{parsed}"
