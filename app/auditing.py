"""The audit, joined: where the settings say it is, who types a command, and what changed in the settings."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import structlog
from sqlalchemy import func, select

from app.commands.common import SHELL, Given, current, who
from app.settings import Settings
from center.auditing import Act, acting
from center.ports import Clock
from messages.audit import AuditEntry
from messages.errors import SettingsError, Unavailable
from messages.ids import ContactId, UserId
from storage.audit.heads import Heads, Signer
from storage.audit.trail import AuditTrail
from storage.database import Database
from storage.migrations import upgrade
from storage.recordings.sealing import MasterKeys, sync_directory
from storage.tables import audit

log = structlog.get_logger()

SERVICE = UserId("hotline")
NAMES = ("id", "name", "number", "systemname", "did", "queue")
"""What tells entries of a list of the settings apart, the first that is there."""
LONGEST = 4000


def trail_of(settings: Settings, database: Database) -> AuditTrail:
    """Return the audit of a database."""
    wanted = settings.audit
    heads = Heads(Path(wanted.heads_dir) if wanted.heads_dir else settings.data / "audit-heads")
    return AuditTrail(database, heads, signer_of(settings), wanted.hash)


def signer_of(settings: Settings) -> Signer:
    """Return what signs heads."""
    return Signer(
        MasterKeys(Path(settings.audit.keys_dir) if settings.audit.keys_dir else settings.data / "audit-keys")
    )


def origin() -> str:
    """Return where this is typed, as far as ssh tells."""
    client = os.environ.get("SSH_CONNECTION", "").split(" ")[0]
    return f"{SHELL} from {client}" if client else SHELL


@asynccontextmanager
async def audited(
    given: Given,
    clock: Clock,
    action: str,
    about: str = "",
    *,
    contact: ContactId | None = None,
    upgrades: bool = False,
    purpose: str = "",
    act: Act | None = None,
) -> AsyncIterator[Database]:
    """Open the database for an act of the command line, which is audited before and after; else it is not done.

    Where only a database is named and no settings, there are no heads to sign: then its audit must be empty.
    `act`: where the work notes what else it finds.
    `upgrades`: the tables are made those of this version. Raises SettingsError, Unavailable.
    """
    settings = given.known_settings()
    async with Database(given.database_url()) as database:
        if upgrades:
            await upgrade(database)
        else:
            await current(database)
        if settings is None:
            await check_unaudited(database)
            yield database
            return
        entry = AuditEntry(
            at=clock(), by=who(), action=action, contact=contact, about=about, purpose=purpose, origin=origin()
        )
        async with acting(trail_of(settings, database).append, entry, act or Act()):
            yield database


async def check_unaudited(database: Database) -> None:
    """Raise SettingsError where a database has an audit, whose heads only its settings can sign."""
    async with database.looking() as connection:
        if (await connection.execute(select(func.count()).select_from(audit))).scalar_one():
            raise SettingsError("this database has an audit: name the settings file whose it is with --config")


async def note_start(trail: AuditTrail, settings: Settings, clock: Clock) -> None:
    """Audit that the service starts, by which settings, and which of them changed since the last time.

    Raises Unavailable where they changed and that cannot be audited: they do not come into force then.
    """
    seen = SeenSettings(settings.data / "settings-seen.json")
    changes, whole = seen.changes(settings), hashlib.sha256(_canonical(msgspec.to_builtins(settings))).hexdigest()
    about = f"settings sha256:{whole}; {changes or 'unchanged'}"
    entry = AuditEntry(at=clock(), by=SERVICE, action="service.start", about=about[:LONGEST], origin="service")
    try:
        await trail.append(entry)
    except Unavailable as error:
        if changes:
            raise
        log.critical("the start is not in the audit", error=str(error))
    else:
        try:
            seen.keep(settings)
        except OSError as error:  # the next start will say again what changed
            log.error("the settings of this start could not be kept", error=str(error))


class SeenSettings:
    """The settings of the last start, as keyed hashes of their values, for their names to be told where they change."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __repr__(self) -> str:
        return f"<SeenSettings in {self._path}>"

    def changes(self, settings: Settings) -> str:
        """Return the names of what is new, gone or changed; empty where nothing is."""
        try:
            salt, before = msgspec.json.decode(self._path.read_bytes(), type=tuple[str, dict[str, str]])
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return "no settings were seen before"
        now = _hashes(settings, salt)
        kinds = {
            "changed": sorted(name for name in now if name in before and now[name] != before[name]),
            "added": sorted(now.keys() - before.keys()),
            "removed": sorted(before.keys() - now.keys()),
        }
        return "; ".join(f"{kind}: {', '.join(names)}" for kind, names in kinds.items() if names)

    def keep(self, settings: Settings) -> None:
        """Keep them for the next time."""
        salt = secrets.token_hex(16)
        part = self._path.with_suffix(".part")
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(msgspec.json.encode((salt, _hashes(settings, salt))))
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path)
        sync_directory(self._path.parent)


def _hashes(settings: Settings, salt: str) -> dict[str, str]:
    return {
        name: hmac.new(salt.encode(), _canonical(value), "sha256").hexdigest()
        for name, value in _flat("", msgspec.to_builtins(settings))
    }


def _canonical(value: Any) -> bytes:
    return msgspec.json.encode(value, order="sorted")


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield each setting by its name, such as center.queues[12345].wrap_up_s."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}" if name else str(key), inner)
    elif isinstance(value, list | tuple) and value and all(isinstance(one, dict) for one in value):
        for n, one in enumerate(value):
            key = next((one[key] for key in NAMES if one.get(key)), n)
            yield from _flat(f"{name}[{key}]", one)
    else:
        yield name, value
