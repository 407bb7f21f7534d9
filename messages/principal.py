"""Who is asking: a signed-in person or program, and the session they were given."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from messages.errors import Invalid
from messages.ids import AgentId, UserId
from messages.values import Role

APART = frozenset({Role.ADMIN, Role.AUDITOR})
"""Nobody has both: who changes what people may must not be who looks at what was done, nor the other way round."""


def check_apart(roles: Iterable[Role]) -> None:
    """Raise Invalid for roles that one person may not have together."""
    if frozenset(roles) >= APART:
        raise Invalid(f"roles: nobody is both {' and '.join(sorted(APART))}; give them to two people")


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """A signed-in user. `agent`: their seat; `tenant`: the hotline they belong to, empty for the city's.

    `scopes`: the actions that the token is good for, None for all that the roles may.
    """

    user: UserId
    name: str = ""
    roles: tuple[Role, ...] = ()
    agent: AgentId | None = None
    tenant: str = ""
    scopes: frozenset[str] | None = None


CHANGE_PASSWORD, ENROL_TOTP = "change_password", "enrol_totp"
"""What a session may be given only for."""

SCOPES_OF = {
    CHANGE_PASSWORD: frozenset({"session.password", "session.close"}),
    ENROL_TOTP: frozenset({"session.totp", "session.close"}),
}


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """What a log-in gives: a token to show with each request until `expires_at` (UTC).

    `id` names it without being good for anything; `must`: what is to be done before it is good for more.
    """

    token: str
    expires_at: datetime
    principal: Principal
    id: str = ""
    must: str = ""

    def __repr__(self) -> str:
        return f"<Session of {self.principal.user} until {self.expires_at:%F %T}>"


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a log-in comes from: an address, and what the program there calls itself."""

    address: str = ""
    client: str = ""


class SessionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A session, or a program's token (`name` is then not empty), as it is listed; `used_at` to some minutes."""

    id: str
    user: UserId
    name: str
    scopes: tuple[str, ...] | None
    created_at: datetime
    used_at: datetime
    expires_at: datetime
    address: str
    client: str


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may log in, as they are listed."""

    user: UserId
    name: str
    roles: tuple[Role, ...]
    agent: AgentId | None
    tenant: str
    disabled: bool
    must_change: bool
    totp: bool
    locked_until: datetime | None
