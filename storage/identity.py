"""People and their sessions: argon2 passwords, opaque tokens of which only the SHA-256 is kept, lock-out."""

import asyncio
import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec
import structlog
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import or_, select
from sqlalchemy.dialects import postgresql, sqlite

from center.ports import Clock
from messages.errors import Invalid, NotFound, Unavailable
from messages.ids import AgentId, UserId
from messages.principal import Principal, Session, check_apart
from messages.values import Role
from storage.database import Database, asking
from storage.tables import tokens, users

log = structlog.get_logger()

REMEMBERED = 10_000
LONGEST_PASSWORD = 1024


class Protection(msgspec.Struct, frozen=True, kw_only=True):
    """Failed log-ins until a user is locked out, and for how long; how old what is known of a token may be. Seconds."""

    failures: int = 5
    locked_s: float = 300.0
    recheck_s: float = 30.0
    overlap_s: float = 60.0
    """How long a refreshed token still works, for requests that are under way."""


class _Known(msgspec.Struct, frozen=True):
    session: Session
    checked_at: datetime


class Identity:
    """Who is asking. Tokens in use are remembered: a request costs no query, and what another process revoked
    counts within `recheck_s`."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        token_s: float = 12 * 3600.0,
        protection: Protection | None = None,
        hasher: PasswordHasher | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._lifetime = timedelta(seconds=token_s)
        self._protection = protection or Protection()
        self._hasher = hasher or PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_hex())
        self._known: OrderedDict[str, _Known] = OrderedDict()
        # Hashing takes 64 MiB and a core's tenth of a second: a flood of log-ins waits here.
        self._hashing = asyncio.Semaphore(2)

    def __repr__(self) -> str:
        return f"<Identity: {len(self._known)} sessions remembered>"

    async def authenticate(self, token: str) -> Session | None:
        """Return the session a token stands for, None if it is unknown, expired or revoked. Raises Unavailable."""
        now, digest = self._clock(), _digest(token)
        known = self._known.get(digest)
        if known and (now - known.checked_at).total_seconds() < self._protection.recheck_s:
            return known.session if now < known.session.expires_at else None
        try:
            session = await self._look_up(token, now)
        except Unavailable:
            if known and now < known.session.expires_at:
                return known.session
            raise
        if session is None:
            self._known.pop(digest, None)
        else:
            self._remember(digest, session, now)
        return session

    def _remember(self, digest: str, session: Session, now: datetime) -> None:
        self._known[digest] = _Known(session, now)
        self._known.move_to_end(digest)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    async def _look_up(self, token: str, now: datetime) -> Session | None:
        query = (
            select(tokens.c.roles.label("granted"), tokens.c.expires_at, users)
            .join(users, users.c.id == tokens.c.user)
            .where(tokens.c.sha256 == _digest(token), tokens.c.revoked_at.is_(None), tokens.c.expires_at > now)
            .where(users.c.disabled.is_(False))
        )
        async with asking(self._database.reading()) as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return None
        principal = _principal(row, [role for role in row.roles if role in row.granted])
        return Session(token=token, expires_at=row.expires_at, principal=principal)

    async def log_in(self, user: str, password: str) -> Session | None:
        """Return a new session, None where user or password is wrong or the user is locked out. Raises Unavailable."""
        row = await self._attempt(user) if "\0" not in user and len(password) <= LONGEST_PASSWORD else None
        fits = await self._fits(row.password if row else self._nobody, password)
        if row is None or not fits:
            log.warning("log-in refused", user=user[:64])
            return None
        async with asking(self._database.writing()) as connection:
            cleared: dict[str, Any] = {"failures": 0, "locked_until": None}
            if self._hasher.check_needs_rehash(row.password):
                cleared["password"] = await self._hash(password)
            await connection.execute(users.update().where(users.c.id == user).values(cleared))
        return await self._open(_principal(row, row.roles))

    async def _attempt(self, user: str) -> Any:
        """Count an attempt as failed until it succeeds, so that many at once are no way round the lock-out."""
        now = self._clock()
        known = users.c.id == user, users.c.disabled.is_(False)
        free = or_(users.c.locked_until.is_(None), users.c.locked_until <= now)
        async with asking(self._database.writing()) as connection:
            query = select(users).where(*known, free).with_for_update()
            row = (await connection.execute(query)).one_or_none()
            if row is not None:
                failures = row.failures + 1
                lock = failures >= self._protection.failures
                until = now + timedelta(seconds=self._protection.locked_s) if lock else None
                counted = {"failures": 0 if lock else failures, "locked_until": until}
                await connection.execute(users.update().where(users.c.id == user).values(counted))
        return row

    async def _fits(self, stored: str, password: str) -> bool:
        async with self._hashing:
            try:
                return await asyncio.to_thread(self._hasher.verify, stored, password[:LONGEST_PASSWORD])
            except (VerificationError, InvalidHashError):
                return False

    async def _hash(self, password: str) -> str:
        async with self._hashing:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def _open(self, principal: Principal) -> Session:
        now = self._clock()
        session = Session(token=secrets.token_urlsafe(32), expires_at=now + self._lifetime, principal=principal)
        digest = _digest(session.token)
        row = {
            "sha256": digest,
            "user": principal.user,
            "roles": [str(role) for role in principal.roles],
            "created_at": now,
            "expires_at": session.expires_at,
        }
        async with asking(self._database.writing()) as connection:
            await connection.execute(tokens.insert(), row)
            await connection.execute(tokens.delete().where(tokens.c.expires_at < now - timedelta(days=1)))
        self._remember(digest, session, now)
        return session

    async def refresh(self, token: str) -> Session | None:
        """Return a new session in place of one, which ends shortly; None if it has ended. Raises Unavailable."""
        old = await self.authenticate(token)
        if old is None:
            return None
        new = await self._open(old.principal)
        end = self._clock() + timedelta(seconds=self._protection.overlap_s)
        shorter = (tokens.c.sha256 == _digest(token), tokens.c.expires_at > end)
        async with asking(self._database.writing()) as connection:
            await connection.execute(tokens.update().where(*shorter).values(expires_at=end))
        self._known.pop(_digest(token), None)
        return new

    async def revoke(self, token: str) -> None:
        """End a session. Raises Unavailable."""
        self._known.pop(_digest(token), None)
        async with asking(self._database.writing()) as connection:
            ended = tokens.update().where(tokens.c.sha256 == _digest(token), tokens.c.revoked_at.is_(None))
            await connection.execute(ended.values(revoked_at=self._clock()))
        self._known.pop(_digest(token), None)

    async def set_user(
        self,
        user: UserId,
        password: str,
        roles: Iterable[Role],
        agent: AgentId | None = None,
        *,
        name: str = "",
        tenant: str = "",
    ) -> None:
        """Add a person or change one; their sessions end. Raises Invalid, Unavailable."""
        given = tuple(roles)
        check_apart(given)
        if not user or len(user) > 64 or any(letter < " " for letter in user):
            raise Invalid("user: give a name of 1 to 64 letters")
        if not 1 <= len(password) <= LONGEST_PASSWORD:
            raise Invalid(f"password: give 1 to {LONGEST_PASSWORD} letters")
        row = {
            "id": user,
            "name": name or user,
            "password": await self._hash(password),
            "roles": [str(role) for role in given],
            "agent": agent,
            "tenant": tenant,
            "disabled": False,
            "failures": 0,
            "locked_until": None,
        }
        insert: Any = (postgresql if self._database.kind == "postgresql" else sqlite).insert(users)
        async with asking(self._database.writing()) as connection:
            await connection.execute(insert.on_conflict_do_update(index_elements=[users.c.id], set_=row), row)
            await connection.execute(self._ended(user))
        self._forget(user)

    async def disable(self, user: UserId) -> None:
        """Let a person in no more; their sessions end. Raises NotFound, Unavailable."""
        async with asking(self._database.writing()) as connection:
            found = await connection.execute(users.update().where(users.c.id == user).values(disabled=True))
            if found.rowcount == 0:
                raise NotFound(f"no user {user}")
            await connection.execute(self._ended(user))
        self._forget(user)

    def _ended(self, user: UserId) -> Any:
        return (
            tokens.update().where(tokens.c.user == user, tokens.c.revoked_at.is_(None)).values(revoked_at=self._clock())
        )

    def _forget(self, user: UserId) -> None:
        for digest in [digest for digest, known in self._known.items() if known.session.principal.user == user]:
            del self._known[digest]


_ROLES = frozenset(map(str, Role))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _principal(row: Any, roles: Iterable[str]) -> Principal:
    return Principal(
        user=row.id,
        name=row.name,
        roles=tuple(Role(role) for role in roles if role in _ROLES),
        agent=row.agent,
        tenant=row.tenant,
    )
