"""The providers that people may log in at, and what their claims mean here."""

import msgspec

from messages.values import Role


class Issuer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A provider; nobody from others comes in. `roles` and `tenants` map values of a claim to ours.

    Who has no role by it is refused, and, where `tenant_claim` is set, who has no tenant: none would be the city's.
    """

    id: str
    name: str = ""
    """What stands on the button."""
    issuer: str
    client_id: str
    client_secret_file: str = ""
    """A file with the secret; empty: a public client."""
    scopes: tuple[str, ...] = ("openid", "profile")
    user_claim: str = "sub"
    name_claim: str = "name"
    roles_claim: str = "roles"
    roles: dict[str, tuple[Role, ...]] = {}
    tenant_claim: str = ""
    tenants: dict[str, str] = {}
    tenant: str = ""
    """Whose all are, where there is no `tenant_claim`."""
    agent_claim: str = ""
    leeway_s: int = 30
    """How far the provider's clock may be off."""
