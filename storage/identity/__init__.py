"""People and programs: their passwords, second factors, lock-out, sessions and tokens."""

from storage.identity.identity import Identity
from storage.identity.settings import IdentitySettings, PasswordRules, Protection, TotpSettings

__all__ = ["Identity", "IdentitySettings", "PasswordRules", "Protection", "TotpSettings"]
