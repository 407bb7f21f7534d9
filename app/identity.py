"""Who may come in: the services of the settings file, then the people of the database."""

from __future__ import annotations

from datetime import timedelta

from api.ports import Identity
from app.settings import Account, digest
from center.ports import Clock
from messages.principal import Principal, Session

SERVICE_SESSION = timedelta(days=1)
"""A service's token does not expire; its sessions are renewed by the same token."""


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

    async def log_in(self, user: str, password: str) -> Session | None:
        """Log a person in; services have tokens and no passwords."""
        return await self._people.log_in(user, password)

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
            user=account.name, name=account.name, roles=account.roles, agent=account.agent, tenant=account.tenant
        )
        return Session(token=token, expires_at=self._clock() + SERVICE_SESSION, principal=principal)
