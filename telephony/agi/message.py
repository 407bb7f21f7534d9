"""A citizen's message in a flow: its file, and what the centre is told of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from messages import facts
from messages.ids import ContactId, RecordingId

LEAST_S = 1.0
"""What is shorter is a click and no message."""
_FILE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")


class Caller(Protocol):
    """Whose message it is."""

    contact: ContactId
    number: str
    did: str


class Message:
    """Kept as a recording of the call without a leg, so that whatever is done with recordings is done with it."""

    def __init__(self, caller: Caller, directory: Path | None, say: Callable[..., None]) -> None:
        self.recording = RecordingId(f"{caller.contact}-message")
        named = directory is not None and _FILE_NAME.fullmatch(self.recording)
        self.file = str(directory / self.recording) if directory is not None and named else ""
        """As RECORD FILE wants it: no suffix. Empty: nowhere."""
        self._caller = caller
        self._say = say

    def __repr__(self) -> str:
        return f"<Message {self.file or 'nowhere'}>"

    def began(self) -> None:
        """Tell that it is recorded."""
        self._say(facts.RecordingStarted, recording=self.recording)

    def ended(self, seconds: float, failed: str = "") -> None:
        """Tell that its file is complete; a message of next to nothing is none."""
        if not failed and seconds < LEAST_S:
            failed = "nothing was said"
        if not failed:
            self._say(
                facts.MessageLeft,
                contact=self._caller.contact,
                recording=f"{self.recording}.wav",
                seconds=round(seconds, 3),
                number=self._caller.number,
                did=self._caller.did,
            )
        self._say(facts.RecordingStopped, recording=self.recording, failed=failed)
