"""What all commands share: the settings that were named, and the log's form."""

from __future__ import annotations

import dataclasses
import getpass
import logging
import sys
from datetime import UTC, datetime, tzinfo
from pathlib import Path

import msgspec
import structlog

from app.settings import Settings, StorageSettings, load
from messages.errors import SettingsError
from messages.ids import UserId

DEFAULT = Path("hotline.toml")


@dataclasses.dataclass(frozen=True, slots=True)
class Given:
    """The options before the command."""

    config: Path | None = None
    db: str = ""

    def settings(self, config: Path | None = None) -> Settings:
        """Return the settings, with the database that was named. Raises SettingsError."""
        settings = load(config or self.config or DEFAULT)
        return with_database(settings, self.db)

    def database_url(self) -> str:
        """Return the database to work on: the one named, else the settings'."""
        return self.db or self.settings().database_url


def with_database(settings: Settings, url: str) -> Settings:
    """Return the settings, pointed at another database if one is named."""
    if not url:
        return settings
    storage: StorageSettings = msgspec.structs.replace(settings.storage, url=url)
    return msgspec.structs.replace(settings, storage=storage)


def instant(text: str, option: str, zone: tzinfo = UTC) -> datetime | None:
    """Return the instant of a text, None for an empty one; without an offset it is of `zone`. Raises SettingsError."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(
            f"{option}: {text!r} is not an RFC 3339 instant such as 2026-11-24T08:00:00+08:00"
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=zone)


def who() -> UserId:
    """Return who types this, as far as the machine knows."""
    try:
        return UserId(f"shell:{getpass.getuser()}")
    except (KeyError, OSError, ImportError):  # no name for this user id
        return UserId("shell")


def log_plainly(level: int = logging.INFO) -> None:
    """Log lines of key=value to stderr, without the values of local variables: they may hold numbers and secrets."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
