"""WAV to Opus by libsndfile (the package soundfile brings it along); where it is not there, recordings stay WAV."""

from __future__ import annotations

import shutil
import wave
from pathlib import Path
from types import ModuleType

import msgspec

OPUS, WAV = "opus", "wav"
SUFFIXES = {OPUS: ".ogg", WAV: ".wav"}
TYPES = {OPUS: "audio/ogg; codecs=opus", WAV: "audio/wav"}
RATES = frozenset({8000, 12000, 16000, 24000, 48000})
"""What Opus takes, per second."""
FRAMES = 1 << 14


class Unreadable(ValueError):
    """The source is no recording."""


class Made(msgspec.Struct, frozen=True):
    """What was made of a source; `duration_s` is the source's."""

    codec: str
    duration_s: float


def library() -> ModuleType | None:
    """Return soundfile, None where it or its library, with Opus, is not there."""
    try:
        import soundfile
    except (ImportError, OSError):
        return None
    found: ModuleType = soundfile
    return found if "OPUS" in soundfile.available_subtypes("OGG") else None


def transcode(source: Path, target: Path, codec: str) -> Made:
    """Write what is to be kept of a WAV. Raises Unreadable, OSError."""
    try:
        with wave.open(str(source), "rb") as file:
            rate, duration = file.getframerate(), file.getnframes() / file.getframerate()
    except (wave.Error, EOFError, ZeroDivisionError) as error:
        raise Unreadable(f"{source.name}: {error or 'not a WAV'}") from error
    sound = library() if codec == OPUS else None
    if sound is None or rate not in RATES or duration == 0.0:
        shutil.copyfile(source, target)
        return Made(WAV, duration)
    try:
        with (
            sound.SoundFile(source) as wav,
            sound.SoundFile(target, "w", rate, wav.channels, format="OGG", subtype="OPUS") as opus,
        ):
            # Piece by piece: libsndfile's encoders have a stack overflow with long buffers.
            while len(data := wav.buffer_read(FRAMES, "int16")):
                opus.buffer_write(data, "int16")
    except sound.LibsndfileError as error:
        raise OSError(f"{source.name}: {error}") from error
    return Made(OPUS, duration)


def duration_s(content: Path, codec: str) -> float:
    """Return how long it plays, having decoded all of it. Raises Unreadable."""
    if codec == WAV:
        with wave.open(str(content), "rb") as file:
            return file.getnframes() / file.getframerate()
    sound = library()
    if sound is None:
        raise Unreadable("Opus cannot be decoded here: the library is not there")
    try:
        with sound.SoundFile(content) as opus:
            frames = 0
            while data := len(opus.buffer_read(FRAMES, "int16")):
                frames += data // (2 * opus.channels)
            return frames / float(opus.samplerate)
    except sound.LibsndfileError as error:
        raise Unreadable(f"{error}") from error
