"""Recordings for whoever may hear them: the content as it was kept, any range of it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator

import structlog

from messages.errors import NotFound, Unavailable
from messages.ids import RecordingId
from recording.files import PLAYABLE, FileState, RecordingFile
from storage.recordings.codec import TYPES, Unreadable
from storage.recordings.files import RecordingFiles
from storage.recordings.sealing import Broken
from storage.recordings.vault import Vault
from storage.recordings.waveform import Waveform, waveform

log = structlog.get_logger()

GONE = (FileState.MISSING, FileState.FAILED, FileState.EXPIRING, FileState.EXPIRED)
PARTS = 1000
REMEMBERED = 500
"""Waveforms: a few kB each."""


class Sound:
    """One recording, opened."""

    def __init__(self, vault: Vault, file: RecordingFile, key: bytes) -> None:
        self.size = file.content_size
        self.content_type = TYPES[file.codec]
        self.etag = file.content_hash
        self._vault = vault
        self._file = file
        self._key = key

    def __repr__(self) -> str:
        return f"<Sound {self._file.recording}>"

    async def pieces(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """Yield the bytes [start, stop). Raises Unavailable where the store is away or what is there is not whole."""
        reading = self._vault.read(self._file, self._key, start, stop)
        try:
            while (piece := await asyncio.to_thread(next, reading, None)) is not None:
                yield piece
        except (Broken, OSError) as error:
            log.error("a recording cannot be played", recording=self._file.recording, error=str(error))
            raise Unavailable("the recording cannot be read from its store") from error


class Playback:
    """Opens what is kept."""

    def __init__(self, vault: Vault, files: RecordingFiles) -> None:
        self._vault = vault
        self._files = files
        self._waveforms: OrderedDict[str, Waveform] = OrderedDict()
        self._drawing = asyncio.Semaphore(1)

    def __repr__(self) -> str:
        return f"<Playback of {self._vault!r}>"

    async def waveform(self, recording: RecordingId) -> Waveform:
        """Return a recording's waveform; those asked for last are remembered. Raises NotFound, Unavailable."""
        file = await self._playable(recording)
        if (known := self._waveforms.get(file.content_hash)) is not None:
            return known
        async with self._drawing:
            try:
                made = await asyncio.to_thread(self._draw, file)
            except (Broken, OSError, Unreadable) as error:
                log.error("a recording cannot be drawn", recording=recording, error=str(error))
                raise Unavailable("the recording cannot be read from its store") from error
        self._waveforms[file.content_hash] = made
        if len(self._waveforms) > REMEMBERED:
            self._waveforms.popitem(last=False)
        return made

    def _draw(self, file: RecordingFile) -> Waveform:
        with self._vault.opened(file) as content:
            return waveform(content, file.codec, PARTS)

    async def open(self, recording: RecordingId) -> Sound:
        """Return a recording. Raises NotFound where there is none, Unavailable while it is on its way."""
        file = await self._playable(recording)
        try:
            key = await asyncio.to_thread(self._vault.key, file)
        except (Broken, OSError) as error:
            log.error("a recording cannot be opened", recording=recording, error=str(error))
            raise Unavailable("the recording cannot be read from its store") from error
        return Sound(self._vault, file, key)

    async def _playable(self, recording: RecordingId) -> RecordingFile:
        file = await self._files.get(recording)
        if file is None or file.state in GONE:
            raise NotFound(f"recording {recording} is not kept")
        if file.state not in PLAYABLE:
            raise Unavailable("the recording is on its way to where it is kept")
        return file
