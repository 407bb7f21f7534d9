"""How the audit is kept: the settings' slice."""

import msgspec


class AuditSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the signed heads go, what signs them, and how long entries are kept."""

    heads_dir: str = ""
    """One for all processes of a database; empty: `audit-heads` in the data directory."""
    keys_dir: str = ""
    """1.key and on, mode 0600; empty: `audit-keys` in the data directory."""
    hash: str = "sha256"
    """`sha256` or `sm3`."""
    days: int = 365
    """How long entries are kept; 0: for ever."""
