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
    """A signed-in user. `agent`: their seat; `tenant`: the hotline they belong to, empty for the city's."""

    user: UserId
    name: str = ""
    roles: tuple[Role, ...] = ()
    agent: AgentId | None = None
    tenant: str = ""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """What a log-in gives: a token to show with each request until `expires_at` (UTC)."""

    token: str
    expires_at: datetime
    principal: Principal

    def __repr__(self) -> str:
        return f"<Session of {self.principal.user} until {self.expires_at:%F %T}>"
