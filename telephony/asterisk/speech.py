"""Speech from text: the port, espeak-ng, an operator's own engine, and a cache by content."""

from __future__ import annotations

import array
import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

RATE = 8000
"""Hz; what Asterisk's wav format plays without a transcoder."""
PATIENCE_S = 60.0


class Voice(Protocol):
    """Says a text in a language into a 16 bit mono WAV file; `name` changes where the sound does."""

    @property
    def name(self) -> str:
        """Return what tells its sound from another voice's."""

    def say(self, text: str, language: str, target: Path) -> bool:
        """Write the file; tell whether it could."""


class Espeak:
    """espeak-ng, where it is installed."""

    # Plain cmn spells the pinyin out in English in Debian 12's 1.51 (espeak-ng#1236).
    VOICES = {"zh": ("cmn-latn-pinyin", "200"), "en": ("en-us", "165")}  # noqa: RUF012
    name = "espeak-ng 1"

    def say(self, text: str, language: str, target: Path) -> bool:
        """Write the file; tell whether it could."""
        program = shutil.which("espeak-ng")
        if program is None or language not in self.VOICES:
            return False
        voice, speed = self.VOICES[language]
        return _runs((program, "-v", voice, "-s", speed, "-w", str(target), "--", text))


class OwnEngine:
    """The operator's program: `{text}`, `{language}` and `{file}` in its arguments are filled in."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = tuple(command)

    @property
    def name(self) -> str:
        """Return the command itself: another one sounds otherwise."""
        return "\0".join(self._command)

    def say(self, text: str, language: str, target: Path) -> bool:
        """Write the file; tell whether it could."""
        filled = {"{text}": text, "{language}": language, "{file}": str(target)}
        return _runs([_filled(word, filled) for word in self._command])


def _filled(word: str, filled: dict[str, str]) -> str:
    for name, value in filled.items():
        if name in word:
            return word.replace(name, value)
    return word


def _runs(command: Sequence[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE_S).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def content_key(voice: Voice, language: str, text: str) -> str:
    """Return what changes when what is heard would."""
    return hashlib.sha256("\0".join((voice.name, language, text, str(RATE))).encode()).hexdigest()[:32]


def default_cache() -> Path:
    """Return where spoken prompts are kept between installs and instances."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hotline" / "prompts"


def speak(voice: Voice, language: str, text: str, target: Path, cache: Path) -> bool:
    """Write what a voice says, from the cache where it has said it before; tell whether it could."""
    kept = cache / f"{content_key(voice, language, text)}.wav"
    temporary = target.with_suffix(f".{os.getpid()}")
    try:
        if kept.is_file():
            shutil.copyfile(kept, temporary)
        elif voice.say(text, language, temporary):
            to_telephone_quality(temporary)
            _keep(temporary, kept)
        else:
            return False
        temporary.replace(target)
    except (wave.Error, EOFError):
        return False
    finally:
        temporary.unlink(missing_ok=True)
    return True


def _keep(made: Path, kept: Path) -> None:
    with contextlib.suppress(OSError):  # a cache that cannot be written to only costs time
        kept.parent.mkdir(parents=True, exist_ok=True)
        new = kept.with_suffix(f".{os.getpid()}")
        shutil.copyfile(made, new)
        new.replace(kept)


def to_telephone_quality(path: Path) -> None:
    """Bring a 16 bit mono file to 8 kHz; each new sample is the mean of those it covers (a crude low-pass)."""
    with wave.open(str(path), "rb") as source:
        if (source.getnchannels(), source.getsampwidth()) != (1, 2):
            raise wave.Error("not 16 bit mono")
        rate, frames = source.getframerate(), source.readframes(source.getnframes())
    samples = array.array("h", frames)
    if sys.byteorder == "big":
        samples.byteswap()
    resampled = array.array("h")
    for n in range(len(samples) * RATE // rate):
        covered = samples[n * rate // RATE : max((n + 1) * rate // RATE, n * rate // RATE + 1)]
        resampled.append(sum(covered) // len(covered))
    if sys.byteorder == "big":
        resampled.byteswap()
    with wave.open(str(path), "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(RATE)
        target.writeframes(resampled.tobytes())
