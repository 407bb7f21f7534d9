"""People: who may log in, and what they may have changed. Every act is audited before it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog
from argon2 import PasswordHasher
from sqlalchemy import select, true
from sqlalchemy.dialects import postgresql, sqlite

from center.ports import Clock
from messages.audit import AuditEntry, AuditResult
from messages.errors import Invalid, NotFound, TotpRequired, WrongCredentials
from messages.ids import AgentId, UserId
from messages.principal import CHANGE_PASSWORD, ENROL_TOTP, Origin, Person, Principal, Session, SessionRecord
from messages.values import Role
from storage.audit import AuditTrail
from storage.columns import harmless
from storage.database import Database, asking
from storage.identity.lockout import Lockout, address_key, user_key
from storage.identity.passwords import NONE, Passwords, temporary
from storage.identity.sessions import Sessions, principal_of
from storage.identity.settings import IdentitySettings
from storage.identity.totp import SecondFactor
from storage.recordings.sealing import MasterKeys
from storage.tables import users

log = structlog.get_logger()

LONGEST_NAME = 64
HERE = Origin()
NOBODY = UserId("?")
"""Who is audited where nobody has the name that was tried: it may be a password, typed in the wrong place."""


class Identity:
    """Who may come in. Every method raises Unavailable where the database is away."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        token_s: float = 12 * 3600.0,
        settings: IdentitySettings | None = None,
        hasher: PasswordHasher | None = None,
        keys: Path | None = None,
    ) -> None:
        self.settings = settings = settings or IdentitySettings()
        self._database = database
        self._clock = clock
        self._audit = AuditTrail(database)
        self.passwords = Passwords(settings.passwords, hasher)
        self.sessions = Sessions(database, clock, token_s, settings.lock_out)
        self._lockout = Lockout(database, clock, settings.lock_out)
        self._second = SecondFactor(database, _keys(settings, keys), settings.totp, clock)

    def __repr__(self) -> str:
        return f"<Identity: {self.sessions!r}>"

    @property
    def listeners(self) -> list[Callable[[frozenset[str]], None]]:
        """Return who is told the ids of sessions that were ended here."""
        return self.sessions.listeners

    async def authenticate(self, token: str) -> Session | None:
        """Return the session a token stands for, None if it is unknown, expired or ended."""
        return await self.sessions.authenticate(token)

    async def refresh(self, token: str) -> Session | None:
        """Return a session's next token, the present one ends shortly; None if it has ended."""
        return await self.sessions.refresh(token)

    async def revoke(self, token: str) -> None:
        """End the session of a token: its user logs out."""
        session = await self.sessions.authenticate(token)
        if session is not None:
            principal = session.principal
            await self._note("session.close", principal.user, about=session.id, tenant=principal.tenant)
            await self.sessions.end_token(token)

    async def log_in(self, user: str, password: str, code: str = "", origin: Origin = HERE) -> Session | None:
        """Return a new session, None where name, password or code is wrong or the user or address must wait.

        Raises TotpRequired where the password is right and a code is missing.
        """
        row = await self._proven(user, password, code, origin, "session.open")
        if row is None:
            return None
        await self._note("session.open", row.id, about=_from(origin), tenant=row.tenant)
        return await self.sessions.open(principal_of(row, row.roles), origin, self._must(row))

    async def enter(self, principal: Principal, origin: Origin) -> Session | None:
        """Return a session of somebody a provider vouches for, None where they are disabled here.

        They are kept as people without a password; roles, seat and tenant are what the provider said last.
        """
        row = await self._row(principal.user)
        if row is not None and (row.disabled or row.password != NONE):
            why = "disabled" if row.disabled else "a local user has that name"
            await self._note("session.open", row.id, about=_from(origin), result=AuditResult.REFUSED, why=why)
            return None
        await self._note("session.open", principal.user, about=f"by provider, {_from(origin)}", tenant=principal.tenant)
        said = {
            "name": harmless(principal.name),
            "roles": [str(role) for role in principal.roles],
            "agent": principal.agent,
            "tenant": principal.tenant,
        }
        others = {"password": NONE, "disabled": False, "must_change": False}
        insert: Any = (postgresql if self._database.kind == "postgresql" else sqlite).insert(users)
        async with asking(self._database.writing()) as connection:
            known = insert.on_conflict_do_update(index_elements=[users.c.id], set_=said)
            await connection.execute(known, {"id": principal.user, **said, **others})
        return await self.sessions.open(principal, origin)

    async def refuse_entry(self, provider: str, why: str, origin: Origin) -> None:
        """Audit that a provider's log-in was refused."""
        about = f"by provider {harmless(provider[:64])}, {_from(origin)}"
        await self._note("session.open", NOBODY, about=about, result=AuditResult.REFUSED, why=harmless(why[:200]))

    def _must(self, row: Any) -> str:
        days = self.settings.passwords.days
        aged = days and row.password_at is not None and row.password_at < self._clock() - timedelta(days=days)
        if row.must_change or aged:
            return CHANGE_PASSWORD
        required = set(map(str, self.settings.totp.required))
        return ENROL_TOTP if row.totp is None and not required.isdisjoint(row.roles) else ""

    async def _proven(self, user: str, password: str, code: str, origin: Origin, action: str) -> Any:
        """Return a user's row where all that was given is right, else None; audited and counted where it is not."""
        keys = [user_key(user), *([address_key(origin.address)] if origin.address else [])]
        row = await self._row(user)
        if (until := await self._lockout.begin(keys)) is not None:
            await self.passwords.fit(None, password)
            log.warning("a log-in had to wait", until=until.isoformat())
            return None
        fits = await self.passwords.fit(row.password if row else None, password)
        if row is None or not fits or row.disabled:
            return await self._refuse(row, "disabled" if row and fits else "wrong", keys, origin, action)
        if row.totp is not None:
            if not code:
                await self._lockout.forgive(keys)
                raise TotpRequired("give the code that your authenticator app shows, or a recovery code")
            if not await self._second.accepts(row, code):
                return await self._refuse(row, "wrong code", keys, origin, action)
        await self._lockout.forgive(keys, forget=user_key(user))
        if self.passwords.is_dated(row.password):
            await self._change(row.id, password=await self.passwords.hash(password))
        return row

    async def _refuse(self, row: Any, why: str, keys: list[str], origin: Origin, action: str) -> None:
        locked = await self._lockout.locked(keys)
        if locked:
            kinds = ", ".join(sorted(key.partition(":")[0] for key in locked))
            why = f"{why}; {kinds} locked until {max(locked.values()).isoformat(timespec='seconds')}"
        log.warning("log-in refused", why=why)
        await self._note(
            action,
            row.id if row else NOBODY,
            about=_from(origin),
            tenant=row.tenant if row else "",
            result=AuditResult.REFUSED,
            why=why,
        )

    async def change_password(self, session: Session, old: str, new: str, origin: Origin) -> Session:
        """Change one's own password; all one's sessions end, and a new one begins. Raises WrongCredentials, Invalid."""
        principal = session.principal
        row = await self._proven_again(principal.user, old, origin, "session.password")
        self.passwords.check(new, principal.user)
        if await self.passwords.fit(row.password, new):
            raise Invalid("password: give another one than the present")
        await self._note("session.password", principal.user, about=_from(origin), tenant=principal.tenant)
        await self._set_password(principal.user, new, must_change=False)
        await self.sessions.end_all(principal.user, programs=False)
        return await self._again(principal.user, origin)

    async def _again(self, user: UserId, origin: Origin) -> Session:
        """Return a new session of somebody who has just shown who they are."""
        row = await self._there(user)
        return await self.sessions.open(principal_of(row, row.roles), origin, self._must(row))

    async def _proven_again(self, user: UserId, password: str, origin: Origin, action: str) -> Any:
        """Return the row of somebody who is logged in and gives the password once more. Raises WrongCredentials."""
        keys, row = [user_key(user)], await self._row(user)
        waits = await self._lockout.begin(keys)
        fits = await self.passwords.fit(None if waits or row is None else row.password, password)
        if row is None or not fits:
            if not waits:
                await self._refuse(row, "wrong", keys, origin, action)
            raise WrongCredentials("the password is wrong, or there were too many tries")
        await self._lockout.clear(user_key(user))
        return row

    async def begin_totp(self, session: Session, password: str, origin: Origin) -> tuple[str, str]:
        """Return a secret and its otpauth URI, shown only now. Raises WrongCredentials, Invalid."""
        row = await self._proven_again(session.principal.user, password, origin, "session.totp")
        if row.totp is not None:
            raise Invalid("there is a second factor already; remove it first")
        return await self._second.begin(row.id)

    async def confirm_totp(self, session: Session, code: str, origin: Origin) -> tuple[Session, tuple[str, ...]]:
        """Require codes from now on; return a new session, the others end, and the recovery codes. Raises Invalid."""
        principal = session.principal
        row = await self._there(principal.user)
        codes = None
        if self._second.is_of_pending(row, code):
            await self._note("session.totp", row.id, about=f"enrolled {_from(origin)}", tenant=row.tenant)
            codes = await self._second.confirm(row, code)
        if codes is None:
            raise Invalid("code: that is not what the authenticator app shows now")
        await self.sessions.end_all(principal.user, programs=False)
        return await self._again(principal.user, origin), codes

    async def drop_totp(self, session: Session, password: str, origin: Origin) -> None:
        """Remove one's own second factor. Raises WrongCredentials, Invalid where the role needs one."""
        principal = session.principal
        await self._proven_again(principal.user, password, origin, "session.totp")
        if not set(self.settings.totp.required).isdisjoint(principal.roles):
            raise Invalid("your role needs a second factor")
        await self._note("session.totp", principal.user, about="removed", tenant=principal.tenant)
        await self._second.remove(principal.user)

    async def sessions_of(self, user: UserId) -> Sequence[SessionRecord]:
        """Return a user's sessions that go on and the tokens of their programs."""
        return await self.sessions.of(user)

    async def session(self, session: str) -> SessionRecord | None:
        """Return a session or a program's token that goes on."""
        return next(iter(await self.sessions.of(session=session)), None)

    async def end_session(self, session: str, by: Principal | UserId) -> None:
        """End a session or take back a program's token."""
        await self._note("session.end", _name(by), about=session, tenant=_tenant(by))
        await self.sessions.end(session)

    async def end_sessions(self, user: UserId, by: Principal | UserId) -> None:
        """End all sessions of a user, and their programs' tokens."""
        row = await self._there(user)
        await self._note("people.end_sessions", _name(by), about=user, tenant=row.tenant)
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
        await self._note("people.unlock", _name(by), about=user, tenant=row.tenant)
        await self._lockout.clear(user_key(user))

    async def unlock_address(self, address: str, by: UserId) -> None:
        """Forget the failures from an address."""
        await self._note("people.unlock", by, about=address_key(address))
        await self._lockout.clear(address_key(address))

    async def reset_password(self, user: UserId, by: Principal | UserId) -> str:
        """Return a password that must be changed at the first log-in; the user's sessions end. Raises NotFound."""
        row = await self._there(user)
        if row.password == NONE:
            raise Invalid(f"{user} has no password here: a program, or somebody of a provider's")
        await self._note("people.reset_password", _name(by), about=user, tenant=row.tenant)
        made = temporary()
        await self._set_password(user, made, must_change=True)
        await self.sessions.end_all(user, programs=False)
        await self._lockout.clear(user_key(user))
        return made

    async def reset_totp(self, user: UserId, by: Principal | UserId) -> None:
        """Remove a user's second factor, whose phone is lost; their sessions end. Raises NotFound."""
        row = await self._there(user)
        await self._note("people.reset_totp", _name(by), about=user, tenant=row.tenant)
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
        await self._note("people.set", by, about=f"{user}: {', '.join(granted)}", tenant=tenant)
        insert: Any = (postgresql if self._database.kind == "postgresql" else sqlite).insert(users)
        async with asking(self._database.writing()) as connection:
            await connection.execute(insert.on_conflict_do_update(index_elements=[users.c.id], set_=row), row)
        await self._lockout.clear(user_key(user))
        await self.sessions.end_all(user)

    async def disable(self, user: UserId, by: UserId = NOBODY) -> None:
        """Let a person in no more; their sessions end. Raises NotFound."""
        row = await self._there(user)
        await self._note("people.disable", by, about=user, tenant=row.tenant)
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
        await self._note(
            "people.add_token", by, about=f"{user}, {name}: {', '.join(sorted(wanted))}", tenant=row.tenant
        )
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

    async def _note(self, action: str, by: UserId, **more: Any) -> None:
        await self._audit.append(AuditEntry(at=self._clock(), by=by, action=action, **more))


def _keys(settings: IdentitySettings, directory: Path | None) -> Callable[[], MasterKeys]:
    keys = MasterKeys(Path(settings.keys_dir) if settings.keys_dir else directory or Path("identity-keys"))
    return lambda: keys


def _from(origin: Origin) -> str:
    return f"from {harmless(origin.address[:64]) or 'here'}"


def _name(by: Principal | UserId) -> UserId:
    return by.user if isinstance(by, Principal) else by


def _tenant(by: Principal | UserId) -> str:
    return by.tenant if isinstance(by, Principal) else ""
