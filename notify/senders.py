"""The port to whoever carries short messages, and the ways that need no provider: a file, and standard output."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Protocol

import msgspec

from notify.errors import TryAgain


class Sms(msgspec.Struct, frozen=True):
    """A message as it is sent."""

    id: str
    number: str
    text: str


class SmsSender(Protocol):
    """Carries messages."""

    async def send(self, message: Sms) -> str:
        """Hand a message over and return the provider's answer, in short. Raises TryAgain, WillNotSend."""

    async def close(self) -> None:
        """Let go of connections."""


class FileSender:
    """Appends messages to a file, a line of JSON each; it is made readable to its owner only."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __repr__(self) -> str:
        return f"<FileSender {self._path}>"

    async def send(self, message: Sms) -> str:
        """Write a message. Raises TryAgain where the file cannot be written."""
        try:
            await asyncio.to_thread(self._append, msgspec.json.encode(message) + b"\n")
        except OSError as error:
            raise TryAgain(error.strerror or type(error).__name__) from error
        return "written"

    def _append(self, line: bytes) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "wb") as file:
            file.write(line)

    async def close(self) -> None:
        """Do nothing: the file is open only while a line is written."""


class StdoutSender:
    """Prints messages, a line of JSON each; for development, as numbers are whole."""

    def __repr__(self) -> str:
        return "<StdoutSender>"

    async def send(self, message: Sms) -> str:
        """Print a message. Raises TryAgain where nobody reads."""
        try:
            sys.stdout.write(msgspec.json.encode(message).decode() + "\n")
            sys.stdout.flush()
        except OSError as error:
            raise TryAgain(error.strerror or type(error).__name__) from error
        return "printed"

    async def close(self) -> None:
        """Do nothing."""
