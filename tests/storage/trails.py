"""An audit with keys and heads of its own, for tests."""

from __future__ import annotations

from pathlib import Path

from storage.audit.heads import Heads, Signer
from storage.audit.trail import AuditTrail
from storage.database import Database
from storage.recordings.sealing import MasterKeys


def trail_in(database: Database, directory: Path, algorithm: str = "sha256") -> AuditTrail:
    """Return an audit whose keys and heads are in a directory."""
    return AuditTrail(database, Heads(directory / "heads"), Signer(MasterKeys(directory / "keys")), algorithm)
