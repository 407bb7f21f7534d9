"""The settings of who may come in, and how."""

import msgspec

from messages.values import Role


class Protection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Failed log-ins until the next one must wait, by user and by address, and for how long; seconds."""

    failures: int = 5
    address_failures: int = 50
    """More than a user's: an office may come from one address."""
    delay_s: float = 60.0
    """The first delay; each further failure doubles it."""
    delay_at_most_s: float = 3600.0
    forget_s: float = 86_400.0
    """Failures older than this count no more."""
    recheck_s: float = 30.0
    """How old what is known of a token may be: what another process ended counts within it."""
    longest_s: float = 7 * 86_400.0
    """How long a session may be refreshed before its user must log in again."""
    overlap_s: float = 60.0
    """How long a refreshed token still works, for requests that are under way."""


class PasswordRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a password must be: of `kinds` kinds (a, A, 1, punctuation) from `length` letters, of any from `phrase`."""

    length: int = 10
    kinds: int = 3
    phrase: int = 15
    days: int = 0
    """After how many days it must be changed; 0: never."""


class TotpSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One-time codes (RFC 6238): for whom they are required; anybody may use them."""

    required: tuple[Role, ...] = ()
    issuer: str = "12345"
    """What an authenticator app shows."""
    recovery_codes: int = 10


class IdentitySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may come in, and how."""

    lock_out: Protection = Protection()
    passwords: PasswordRules = PasswordRules()
    totp: TotpSettings = TotpSettings()
    keys_dir: str = ""
    """The keys that one-time secrets are encrypted under; empty: identity-keys in the data directory."""
