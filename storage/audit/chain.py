"""The chain: what of an entry is hashed, in which form (docs/audit.md), and how each row names the one before it."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from messages.audit import AuditEntry
from messages.errors import Invalid
from storage.columns import harmless

FORM = "hotline-audit-1"
FIELDS = ("at", "by", "action", "contact", "about", "tenant", "purpose", "result", "why", "origin", "of")
BEFORE_THE_CHAIN = "before the chain"
"""The origin of entries that were written when there was no chain yet."""
FIRST = ""
"""What the first row names as the hash before it."""


def instant(at: datetime) -> str:
    """Return an instant as it is hashed and signed: RFC 3339, UTC, microseconds, Z."""
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat('T', 'microseconds')}Z"


def values_of(entry: AuditEntry) -> dict[str, Any]:
    """Return an entry's columns, with nothing in them that a database cannot hold."""
    values = {name: getattr(entry, name) for name in FIELDS}
    return {name: _plain(value) if isinstance(value, str) else value for name, value in values.items()}


def _plain(text: str) -> str:
    return harmless(str(text).encode("utf-8", "replace").decode())


def hash_of(algorithm: str, seq: int, prev: str, values: Mapping[str, Any]) -> str:
    """Return a row's hash, `sha256:` or `sm3:` and hex digits; `at` may be text already. Raises Invalid."""
    at = values["at"]
    told = [at if isinstance(at, str) else instant(at), *(values[name] for name in FIELDS[1:])]
    return digest(algorithm, [FORM, seq, prev, *told])


def digest(algorithm: str, content: list[Any]) -> str:
    """Return the hash of a list in its canonical form. Raises Invalid where this machine has no such algorithm."""
    try:
        hashing = hashlib.new(algorithm)
    except ValueError as error:
        raise Invalid(f"hash {algorithm}: not known to this machine's OpenSSL") from error
    hashing.update(canonical(content))
    return f"{algorithm}:{hashing.hexdigest()}"


def canonical(content: list[Any]) -> bytes:
    """Return a list as bytes: JSON without spaces, everything but quotes, backslashes and controls as it is, UTF-8."""
    # surrogateescape: what somebody made unreadable is to be hashed, and found, all the same.
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogateescape")
