"""Sessions and programs' tokens: opaque, of each only the SHA-256 is kept."""

import contextlib
import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import select

from center.ports import Clock
from messages.errors import Unavailable
from messages.ids import UserId
from messages.principal import SCOPES_OF, Origin, Principal, Session, SessionRecord
from messages.values import Role
from storage.columns import harmless
from storage.database import Database, asking
from storage.identity.settings import Protection
from storage.tables import tokens, users

REMEMBERED = 10_000
LONGEST_CLIENT = 200
USED = timedelta(minutes=5)
"""How exact the last use is kept."""
_ROLES = frozenset(map(str, Role))


class _Known(msgspec.Struct, frozen=True):
    session: Session
    checked_at: datetime


class Sessions:
    """Tokens in use are remembered: a request costs no query, and what another process ended counts within `recheck_s`.

    `listeners` are told the ids of sessions that were ended here.
    """

    def __init__(self, database: Database, clock: Clock, token_s: float, protection: Protection) -> None:
        self._database = database
        self._clock = clock
        self._lifetime = timedelta(seconds=token_s)
        self._protection = protection
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self.listeners: list[Callable[[frozenset[str]], None]] = []

    def __repr__(self) -> str:
        return f"<Sessions: {len(self._known)} remembered>"

    async def authenticate(self, token: str) -> Session | None:
        """Return the session a token stands for, None if it is unknown, expired or ended. Raises Unavailable."""
        now, digest = self._clock(), digest_of(token)
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
            select(
                tokens.c.roles.label("granted"),
                tokens.c.id.label("session"),
                tokens.c.scopes,
                tokens.c.expires_at,
                tokens.c.used_at,
                users,
            )
            .join(users, users.c.id == tokens.c.user)
            .where(tokens.c.sha256 == digest_of(token), tokens.c.revoked_at.is_(None), tokens.c.expires_at > now)
            .where(users.c.disabled.is_(False))
        )
        async with asking(self._database.reading()) as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return None
        if row.used_at < now - USED:
            await self._note_use(token, now)
        principal = principal_of(row, [role for role in row.roles if role in row.granted], row.scopes)
        return Session(token=token, expires_at=row.expires_at, principal=principal, id=row.session)

    async def _note_use(self, token: str, now: datetime) -> None:
        with contextlib.suppress(Unavailable):
            async with asking(self._database.writing()) as connection:
                used = tokens.update().where(tokens.c.sha256 == digest_of(token)).values(used_at=now)
                await connection.execute(used)

    async def open(self, principal: Principal, origin: Origin, must: str = "") -> Session:
        """Begin a session, where something must be done first only for that. Raises Unavailable."""
        if must:
            principal = msgspec.structs.replace(principal, scopes=SCOPES_OF[must])
        session = await self._insert(principal, origin, self._lifetime, secrets.token_hex(8))
        return msgspec.structs.replace(session, must=must)

    async def issue(self, principal: Principal, name: str, days: float) -> Session:
        """Make a program's token, which is not refreshed. Raises Unavailable."""
        return await self._insert(principal, Origin(), timedelta(days=days), secrets.token_hex(8), name=name)

    async def _insert(
        self,
        principal: Principal,
        origin: Origin,
        lasts: timedelta,
        session_id: str,
        *,
        name: str = "",
        began_at: datetime | None = None,
    ) -> Session:
        now = self._clock()
        token = secrets.token_urlsafe(32)
        session = Session(token=token, expires_at=now + lasts, principal=principal, id=session_id)
        digest = digest_of(token)
        row = {
            "sha256": digest,
            "id": session_id,
            "user": principal.user,
            "name": name,
            "roles": [str(role) for role in principal.roles],
            "scopes": None if principal.scopes is None else sorted(principal.scopes),
            "created_at": began_at or now,
            "used_at": now,
            "expires_at": session.expires_at,
            "address": origin.address[:64],
            "client": harmless(origin.client[:LONGEST_CLIENT]),
        }
        async with asking(self._database.writing()) as connection:
            await connection.execute(tokens.insert(), row)
            await connection.execute(tokens.delete().where(tokens.c.expires_at < now - timedelta(days=1)))
        self._remember(digest, session, now)
        return session

    async def refresh(self, token: str) -> Session | None:
        """Return a session's next token, the present one ends shortly; None if it has ended. Raises Unavailable.

        The database is asked, not what is remembered: what another process has ended does not live on.
        """
        now = self._clock()
        old = await self._look_up(token, now)
        if old is None:
            self._known.pop(digest_of(token), None)
            return None
        kept = tokens.c.sha256 == digest_of(token)
        async with asking(self._database.reading()) as connection:
            row = (await connection.execute(select(tokens).where(kept, tokens.c.name == ""))).one_or_none()
        if row is None:  # a program's token, which is made anew by hand
            return None
        left = row.created_at + timedelta(seconds=self._protection.longest_s) - now
        if left <= timedelta():
            return None
        origin, lasts = Origin(address=row.address, client=row.client), min(self._lifetime, left)
        new = await self._insert(old.principal, origin, lasts, old.id, began_at=row.created_at)
        end = now + timedelta(seconds=self._protection.overlap_s)
        async with asking(self._database.writing()) as connection:
            shorter = tokens.update().where(kept, tokens.c.expires_at > end)
            await connection.execute(shorter.values(expires_at=end))
        self._known.pop(digest_of(token), None)
        return new

    async def end(self, session: str) -> None:
        """End a session, all of its tokens. Raises Unavailable."""
        await self._end(tokens.c.id == session)

    async def end_all(self, user: UserId, *, but: str = "", programs: bool = True) -> None:
        """End a user's sessions but one, and their programs' tokens where these are meant too. Raises Unavailable."""
        kinds = () if programs else (tokens.c.name == "",)
        await self._end(tokens.c.user == user, tokens.c.id != but, *kinds)

    async def end_token(self, token: str) -> None:
        """End the session of a token. Raises Unavailable."""
        self._known.pop(digest_of(token), None)
        async with asking(self._database.reading()) as connection:
            query = select(tokens.c.id).where(tokens.c.sha256 == digest_of(token))
            session = (await connection.execute(query)).scalar_one_or_none()
        if session is not None:
            await self.end(session)

    async def _end(self, *which: Any) -> None:
        async with asking(self._database.writing()) as connection:
            there = (*which, tokens.c.revoked_at.is_(None))
            ids = frozenset((await connection.execute(select(tokens.c.id).where(*there))).scalars())
            await connection.execute(tokens.update().where(*there).values(revoked_at=self._clock()))
        for digest in [digest for digest, known in self._known.items() if known.session.id in ids]:
            del self._known[digest]
        if ids:
            for listener in self.listeners:
                listener(ids)

    async def of(
        self, user: UserId | None = None, *, session: str | None = None, programs: bool | None = None
    ) -> Sequence[SessionRecord]:
        """Return the sessions that go on, of a user or of all, the last used first. Raises Unavailable."""
        now = self._clock()
        query = select(tokens).where(tokens.c.revoked_at.is_(None), tokens.c.expires_at > now)
        if user is not None:
            query = query.where(tokens.c.user == harmless(user))
        if session is not None:
            query = query.where(tokens.c.id == harmless(session))
        if programs is not None:
            query = query.where((tokens.c.name != "") if programs else (tokens.c.name == ""))
        async with asking(self._database.reading()) as connection:
            rows = (await connection.execute(query.order_by(tokens.c.expires_at))).all()
        newest = {row.id: row for row in rows}  # a refreshed token goes on beside its next one for a moment
        records = [_record(row) for row in newest.values()]
        return sorted(records, key=lambda record: record.used_at, reverse=True)


def _record(row: Any) -> SessionRecord:
    return SessionRecord(
        id=row.id,
        user=row.user,
        name=row.name,
        scopes=None if row.scopes is None else tuple(row.scopes),
        created_at=row.created_at,
        used_at=row.used_at,
        expires_at=row.expires_at,
        address=row.address,
        client=row.client,
    )


def digest_of(token: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def principal_of(row: Any, roles: Iterable[str], scopes: Iterable[str] | None = None) -> Principal:
    """Return whom a row of users stands for."""
    return Principal(
        user=row.id,
        name=row.name,
        roles=tuple(Role(role) for role in roles if role in _ROLES),
        agent=row.agent,
        tenant=row.tenant,
        scopes=None if scopes is None else frozenset(scopes),
    )
