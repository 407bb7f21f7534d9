"""Who may come in: the services of the settings file, then the people of the database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from api.ports import Identity
from app.settings import Account, Settings, digest
from center.auditing import Append
from center.ports import Clock
from messages.principal import Origin, Principal, Session
from storage.database import Database
from storage.identity import Identity as People

SERVICE_SESSION = timedelta(days=1)
"""A service's token does not expire; its sessions are renewed by the same token."""


def people_of(settings: Settings, database: Database, clock: Clock, audit: Append) -> People:
    """Return the people of the database, under the settings' rules."""
    keys = settings.data / "identity-keys"
    return People(database, clock, settings.api.token_s, settings.identity, keys=keys, audit=audit)


class Doorkeeper:
    """The API's Identity over settings and storage."""

    def __init__(self, accounts: tuple[Account, ...], people: Identity, clock: Clock) -> None:
        self._services = {account.token_sha256: account for account in accounts}
        self._people = people
        self._clock = clock

    def __repr__(self) -> str:
        return f"<Doorkeeper: {len(self._services)} services>"

    async def authenticate(self, token: str) -> Session | None:
        """Return the session a token stands for."""
        account = self._services.get(digest(token))
        return self._session(account, token) if account else await self._people.authenticate(token)

    @property
    def listeners(self) -> list[Callable[[frozenset[str]], None]]:
        """Return who is told the ids of sessions that were ended."""
        return self._people.listeners

    async def log_in(self, user: str, password: str, code: str, origin: Origin) -> Session | None:
        """Log a person in; services have tokens and no passwords."""
        return await self._people.log_in(user, password, code, origin)

    async def refresh(self, token: str) -> Session | None:
        """Return a new session in place of one."""
        account = self._services.get(digest(token))
        return self._session(account, token) if account else await self._people.refresh(token)

    async def revoke(self, token: str) -> None:
        """End a person's session."""
        if digest(token) not in self._services:
            await self._people.revoke(token)

    def _session(self, account: Account, token: str) -> Session:
        principal = Principal(
            user=account.name,
            name=account.name,
            roles=account.roles,
            agent=account.agent,
            tenant=account.tenant,
            scopes=None if account.scopes is None else frozenset(account.scopes),
        )
        return Session(token=token, expires_at=self._clock() + SERVICE_SESSION, principal=principal)
