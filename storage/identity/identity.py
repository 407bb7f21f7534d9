"""Who may come in: log-in with lock-out and codes, and one's own affairs. Every act is audited before it is done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy.dialects import postgresql, sqlite

from messages.audit import AuditResult
from messages.errors import Invalid, TotpRequired, WrongCredentials
from messages.ids import UserId
from messages.principal import CHANGE_PASSWORD, ENROL_TOTP, Origin, Principal, Session
from storage.columns import harmless
from storage.database import asking
from storage.identity.lockout import address_key, user_key
from storage.identity.passwords import NONE
from storage.identity.registry import NOBODY, Registry
from storage.identity.sessions import principal_of
from storage.tables import users

log = structlog.get_logger()

HERE = Origin()


class Identity(Registry):
    """The people who log in. Every method raises Unavailable where the database is away."""

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
            await self.sessions.end_token(token)

    async def log_in(self, user: str, password: str, code: str = "", origin: Origin = HERE) -> Session | None:
        """Return a new session, None where name, password or code is wrong or the user or address must wait.

        Raises TotpRequired where the password is right and a code is missing.
        """
        row = await self._proven(user, password, code, origin, "session.open")
        if row is None:
            return None
        await self.note("session.open", row.id, about=_from(origin), tenant=row.tenant)
        return await self.sessions.open(principal_of(row, row.roles), origin, self._must(row))

    async def enter(self, principal: Principal, origin: Origin) -> Session | None:
        """Return a session of somebody a provider vouches for, None where they are disabled here.

        They are kept as people without a password; roles, seat and tenant are what the provider said last.
        """
        row = await self._row(principal.user)
        if row is not None and (row.disabled or row.password != NONE):
            why = "disabled" if row.disabled else "a local user has that name"
            await self.note("session.open", row.id, about=_from(origin), result=AuditResult.REFUSED, why=why)
            return None
        await self.note("session.open", principal.user, about=f"by provider, {_from(origin)}", tenant=principal.tenant)
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
        await self.note("session.open", NOBODY, about=about, result=AuditResult.REFUSED, why=harmless(why[:200]))

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
        await self.note(
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
        await self.note("session.password", principal.user, about=_from(origin), tenant=principal.tenant)
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
            await self.note("session.totp", row.id, about=f"enrolled {_from(origin)}", tenant=row.tenant)
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
        await self.note("session.totp", principal.user, about="removed", tenant=principal.tenant)
        await self._second.remove(principal.user)


def _from(origin: Origin) -> str:
    return f"from {harmless(origin.address[:64]) or 'here'}"
