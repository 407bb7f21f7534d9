"""People as they are administered: who there is, and what is done for them. Every act is audited before it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import select, true
from sqlalchemy.dialects import postgresql, sqlite

from center.auditing import Append
from center.ports import Clock
from messages.audit import AuditEntry
from messages.errors import Invalid, NotFound
from messages.ids import AgentId, UserId
from messages.principal import Person, Principal, Session, SessionRecord, check_apart
from messages.values import Role
from storage.columns import harmless
from storage.database import Database, asking
from storage.identity.lockout import Lockout, address_key, user_key
from storage.identity.passwords import NONE, Passwords, temporary
from storage.identity.sessions import Sessions, principal_of
from storage.identity.settings import IdentitySettings
from storage.identity.totp import SecondFactor
from storage.recordings.sealing import MasterKeys
from storage.tables import users

LONGEST_NAME = 64
NOBODY = UserId("?")
"""Who is audited where nobody has the name that was tried: it may be a password, typed in the wrong place."""


class Registry:
    """The people. Every method raises Unavailable where the database is away."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        token_s: float = 12 * 3600.0,
        settings: IdentitySettings | None = None,
        hasher: PasswordHasher | None = None,
        keys: Path | None = None,
        audit: Append | None = None,
    ) -> None:
        """`audit` None: nothing is audited; only where there is no audit yet."""
        self.settings = settings = settings or IdentitySettings()
        self._database = database
        self._clock = clock
        self._audit = audit
        self.passwords = Passwords(settings.passwords, hasher)
        self.sessions = Sessions(database, clock, token_s, settings.lock_out)
        self._lockout = Lockout(database, clock, settings.lock_out)
        self._second = SecondFactor(database, _keys(settings, keys), settings.totp, clock)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.sessions!r}>"

    async def sessions_of(self, user: UserId) -> Sequence[SessionRecord]:
        """Return a user's sessions that go on and the tokens of their programs."""
        return await self.sessions.of(user)

    async def session(self, session: str) -> SessionRecord | None:
        """Return a session or a program's token that goes on."""
        return next(iter(await self.sessions.of(session=session)), None)

    async def end_session(self, session: str, by: Principal | UserId) -> None:
        """End a session or take back a program's token."""
        await self.note("session.end", _name(by), about=session, tenant=_tenant(by))
        await self.sessions.end(session)

    async def end_sessions(self, user: UserId, by: Principal | UserId) -> None:
        """End all sessions of a user, and their programs' tokens."""
        row = await self._there(user)
        await self.note("people.end_sessions", _name(by), about=user, tenant=row.tenant)
        await self.sessions.end_all(user)

    async def people(self, tenant: str = "") -> Sequence[Person]:
        """Return who may log in, of a tenant or, where none is named, all."""
        return await self._people(users.c.tenant == tenant if tenant else true())

    async def person(self, user: UserId) -> Person | None:
        """Return somebody who may log in."""
        return next(iter(await self._people(users.c.id == harmless(user))), None)

    async def _people(self, which: Any) -> Sequence[Person]:
        query = select(users).where(which).order_by(users.c.id)
        async with asking(self._database.reading()) as connection:
            rows = (await connection.execute(query)).all()
        locked = await self._lockout.locked(user_key(row.id) for row in rows)
        return [
            Person(
                user=row.id,
                name=row.name,
                roles=principal_of(row, row.roles).roles,
                agent=row.agent,
                tenant=row.tenant,
                disabled=row.disabled,
                must_change=row.must_change,
                totp=row.totp is not None,
                locked_until=locked.get(user_key(row.id)),
            )
            for row in rows
        ]

    async def unlock(self, user: UserId, by: Principal | UserId) -> None:
        """Forget a user's failures. Raises NotFound."""
        row = await self._there(user)
        await self.note("people.unlock", _name(by), about=user, tenant=row.tenant)
        await self._lockout.clear(user_key(user))

    async def unlock_address(self, address: str, by: UserId) -> None:
        """Forget the failures from an address."""
        await self.note("people.unlock", by, about=address_key(address))
        await self._lockout.clear(address_key(address))

    async def reset_password(self, user: UserId, by: Principal | UserId) -> str:
        """Return a password that must be changed at the first log-in; the user's sessions end. Raises NotFound."""
        row = await self._there(user)
        if row.password == NONE:
            raise Invalid(f"{user} has no password here: a program, or somebody of a provider's")
        await self.note("people.reset_password", _name(by), about=user, tenant=row.tenant)
        made = temporary()
        await self._set_password(user, made, must_change=True)
        await self.sessions.end_all(user, programs=False)
        await self._lockout.clear(user_key(user))
        return made

    async def reset_totp(self, user: UserId, by: Principal | UserId) -> None:
        """Remove a user's second factor, whose phone is lost; their sessions end. Raises NotFound."""
        row = await self._there(user)
        await self.note("people.reset_totp", _name(by), about=user, tenant=row.tenant)
        await self._second.remove(user)
        await self.sessions.end_all(user, programs=False)

    async def set_user(
        self,
        user: UserId,
        password: str | None,
        roles: Iterable[Role],
        agent: AgentId | None = None,
        *,
        name: str = "",
        tenant: str = "",
        by: UserId = NOBODY,
    ) -> None:
        """Add a person or change one; their sessions end. Without a password nobody logs in: it is for a program's
        tokens. Raises Invalid."""
        if not user or len(user) > LONGEST_NAME or any(letter < " " for letter in user) or user == NOBODY:
            raise Invalid(f"user: give a name of 1 to {LONGEST_NAME} letters")
        if password is not None:
            self.passwords.check(password, user)
        roles = tuple(roles)
        check_apart(roles)
        granted = [str(role) for role in roles]
        row = {
            "id": user,
            "name": name or user,
            "password": NONE if password is None else await self.passwords.hash(password),
            "roles": granted,
            "agent": agent,
            "tenant": tenant,
            "disabled": False,
            "must_change": False,
            "password_at": self._clock(),
        }
        await self.note("people.set", by, about=f"{user}: {', '.join(granted)}", tenant=tenant)
        insert: Any = (postgresql if self._database.kind == "postgresql" else sqlite).insert(users)
        async with asking(self._database.writing()) as connection:
            await connection.execute(insert.on_conflict_do_update(index_elements=[users.c.id], set_=row), row)
        await self._lockout.clear(user_key(user))
        await self.sessions.end_all(user)

    async def disable(self, user: UserId, by: UserId = NOBODY) -> None:
        """Let a person in no more; their sessions end. Raises NotFound."""
        row = await self._there(user)
        await self.note("people.disable", by, about=user, tenant=row.tenant)
        await self._change(user, disabled=True)
        await self.sessions.end_all(user)

    async def add_token(self, user: UserId, name: str, scopes: Iterable[str], days: float, by: UserId) -> Session:
        """Make a token for a program that acts as a user within scopes. Raises NotFound, Invalid."""
        wanted = frozenset(scopes)
        if not name.strip() or len(name) > LONGEST_NAME:
            raise Invalid(f"name: give the token a name of 1 to {LONGEST_NAME} letters")
        if not wanted:
            raise Invalid("scope: name what the token is for")
        if not 0 < days <= 3650:
            raise Invalid("days: 1 to 3650")
        row = await self._there(user)
        if row.disabled:
            raise Invalid(f"user {user} is disabled")
        await self.note("people.add_token", by, about=f"{user}, {name}: {', '.join(sorted(wanted))}", tenant=row.tenant)
        return await self.sessions.issue(principal_of(row, row.roles, wanted), harmless(name), days)

    async def _there(self, user: UserId) -> Any:
        row = await self._row(user)
        if row is None:
            raise NotFound(f"no user {user}")
        return row

    async def _row(self, user: str) -> Any:
        async with asking(self._database.reading()) as connection:
            return (await connection.execute(select(users).where(users.c.id == harmless(user)))).one_or_none()

    async def _set_password(self, user: UserId, password: str, *, must_change: bool) -> None:
        hashed = await self.passwords.hash(password)
        await self._change(user, password=hashed, must_change=must_change, password_at=self._clock())

    async def _change(self, user: UserId, **values: Any) -> None:
        async with asking(self._database.writing()) as connection:
            await connection.execute(users.update().where(users.c.id == user).values(values))

    async def note(self, action: str, by: UserId, **more: Any) -> None:
        """Audit an act."""
        if self._audit is not None:
            await self._audit(AuditEntry(at=self._clock(), by=by, action=action, **more))


def _keys(settings: IdentitySettings, directory: Path | None) -> Callable[[], MasterKeys]:
    keys = MasterKeys(Path(settings.keys_dir) if settings.keys_dir else directory or Path("identity-keys"))
    return lambda: keys


def _name(by: Principal | UserId) -> UserId:
    return by.user if isinstance(by, Principal) else by


def _tenant(by: Principal | UserId) -> str:
    return by.tenant if isinstance(by, Principal) else ""
