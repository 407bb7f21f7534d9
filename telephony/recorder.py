"""Recordings on the Asterisk host: where MixMonitor writes, and the one stereo file made of it.

MixMonitor's option `D` (tried on 22.10.1) writes raw interleaved stereo: left what the channel (the citizen) says,
right what goes to it (the agent), 16 bit, the channel's rate; the trunk speaks A-law or µ-law, 8 kHz.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import wave
from pathlib import Path

from messages.ids import RecordingId

RATE = 8000
CHUNK = 1 << 20


class FileRecorder:
    """Names the files of recordings in one directory, and completes them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def __repr__(self) -> str:
        return f"<FileRecorder {self.directory}>"

    def options(self, recording: RecordingId, *, append: bool = False) -> dict[str, str]:
        """Return the headers of the AMI action MixMonitor."""
        return {"File": str(self._raw(recording)), "Options": f"D{'a' if append else ''}i(HOTLINE_MIXMONITOR)"}

    def path(self, recording: RecordingId) -> Path:
        """Return where the complete recording is."""
        return self.directory / f"{recording}.wav"

    async def complete(self, recording: RecordingId) -> None:
        """Make a stereo WAV of what was written, whole or not at all; twice changes nothing. Raises OSError."""
        await asyncio.to_thread(self._complete, recording)

    def _raw(self, recording: RecordingId) -> Path:
        return self.directory / f"{recording}.raw"

    def _complete(self, recording: RecordingId) -> None:
        raw, target = self._raw(recording), self.path(recording)
        if target.exists() and not raw.exists():
            return
        temporary = target.with_suffix(".new")
        try:
            with raw.open("rb") as source, wave.open(str(temporary), "wb") as sink:
                sink.setnchannels(2)
                sink.setsampwidth(2)
                sink.setframerate(RATE)
                while chunk := source.read(CHUNK):
                    sink.writeframesraw(chunk[: len(chunk) // 4 * 4])
            stat = raw.stat()
            os.chown(temporary, stat.st_uid, stat.st_gid)
            shutil.copymode(raw, temporary)
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        raw.unlink()
