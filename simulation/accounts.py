"""Accounts that simulated people and programs use; only the token's SHA-256 stands in the settings."""

from __future__ import annotations

import hashlib
import secrets

from msgspec import Struct


class Account(Struct, frozen=True, kw_only=True):
    """A name, its roles, the agent it is (if it is one) and its token."""

    name: str
    roles: tuple[str, ...]
    token: str
    agent: str | None = None

    def __repr__(self) -> str:
        return f"<Account {self.name}: {', '.join(self.roles)}>"

    @classmethod
    def new(cls, name: str, *roles: str, agent: str | None = None) -> Account:
        """Make an account with a token of its own."""
        return cls(name=name, roles=roles, token=secrets.token_urlsafe(24), agent=agent)

    def entry(self) -> dict[str, object]:
        """Return what the settings file says of the account."""
        digest = hashlib.sha256(self.token.encode()).hexdigest()
        return {"name": self.name, "roles": self.roles, "agent": self.agent, "token_sha256": digest}

    def bearer(self) -> dict[str, str]:
        """Return the header that REST wants."""
        return {"Authorization": f"Bearer {self.token}"}
