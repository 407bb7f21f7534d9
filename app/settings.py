"""The settings file, decoded once into one frozen object; each part is given only its slice."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from agents.schedule import ScheduleSettings
from api.oidc.settings import Issuer
from api.settings import ApiSettings
from app.settings_check import findings
from center.loop import LoopSettings
from center.settings import CenterSettings
from ivr.flow import FlowSettings
from messages.errors import SettingsError
from messages.ids import AgentId, UserId
from messages.values import Role
from notify.settings import NotifySettings
from recording.settings import RecordingSettings
from storage.audit.settings import AuditSettings
from storage.identity.settings import IdentitySettings
from telephony.asterisk.settings import AsteriskSettings


class StorageSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where rows go: an SQLAlchemy URL, empty for SQLite in the data directory. `redis`: a URL, if the log is there."""

    url: str = ""
    redis: str = ""


class Account(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A program's account: it holds the token whose SHA-256 (hex) stands here. People are added by command."""

    name: UserId
    roles: tuple[Role, ...]
    agent: AgentId | None = None
    tenant: str = ""
    scopes: tuple[str, ...] | None = None
    """What the token is for, by the actions' names; left out: all that the roles may."""
    token_sha256: str


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything hotline.toml may say."""

    data_dir: str = "var/hotline"
    run_asterisk: bool = True
    """Start and supervise Asterisk ourselves; off where it runs elsewhere on the rendered configuration."""
    asterisk: AsteriskSettings
    center: CenterSettings = CenterSettings()
    loop: LoopSettings = LoopSettings()
    flow: FlowSettings = FlowSettings()
    api: ApiSettings = ApiSettings()
    storage: StorageSettings = StorageSettings()
    identity: IdentitySettings = IdentitySettings()
    schedules: ScheduleSettings = ScheduleSettings()
    recordings: RecordingSettings = RecordingSettings()
    notify: NotifySettings = NotifySettings()
    audit: AuditSettings = AuditSettings()
    accounts: tuple[Account, ...] = ()
    oidc: tuple[Issuer, ...] = ()

    @property
    def data(self) -> Path:
        """Return the directory for journal, database and recordings."""
        return Path(self.data_dir).absolute()

    @property
    def database_url(self) -> str:
        """Return where rows go."""
        return self.storage.url or f"sqlite+aiosqlite:///{self.data / 'hotline.db'}"


def load(path: Path) -> Settings:
    """Return the settings in a file. Raises SettingsError that names the file and the place."""
    try:
        return decode(path.read_bytes(), str(path))
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}; name a settings file with --config") from error


def decode(text: bytes, name: str = "hotline.toml") -> Settings:
    """Return the settings in a TOML text. Raises SettingsError."""
    try:
        settings = msgspec.toml.decode(text, type=Settings)
    except msgspec.MsgspecError as error:
        raise SettingsError(f"{name}: {error}") from error
    _check(settings, name)
    return _with_announcements(settings)


def _with_announcements(settings: Settings) -> Settings:
    """Return settings in which the fallback queue's callers hear what our default queue's hear, unless it is said."""
    queues = sorted(settings.center.queues, key=lambda queue: queue.id != settings.flow.queue)
    if settings.asterisk.announcements is not None or not queues:
        return settings
    asterisk = msgspec.structs.replace(settings.asterisk, announcements=queues[0].announcements)
    return msgspec.structs.replace(settings, asterisk=asterisk)


def _check(settings: Settings, name: str) -> None:
    if wrong := findings(settings):
        raise SettingsError("\n".join(f"{name}: {line}" for line in wrong))


def digest(token: str) -> str:
    """Return what `token_sha256` holds for a token."""
    return hashlib.sha256(token.encode()).hexdigest()
