"""The sender that the settings name."""

from __future__ import annotations

from pathlib import Path

from messages.errors import SettingsError
from notify.http import HttpSender
from notify.senders import FileSender, SmsSender, StdoutSender
from notify.settings import NotifySettings


def sender_of(settings: NotifySettings, data: Path) -> SmsSender:
    """Return the sender that the settings name. Raises SettingsError."""
    match settings.sender:
        case "http":
            return HttpSender(settings.http)
        case "file":
            return FileSender(Path(settings.file) if settings.file else data / "notices.jsonl")
        case "stdout":
            return StdoutSender()
        case _:
            raise SettingsError("[notify] names no sender: say http, file or stdout")
