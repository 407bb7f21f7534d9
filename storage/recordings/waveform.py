"""Waveforms: how loud each side of a recording is over its time, decoded piece by piece."""

from __future__ import annotations

import array
import sys
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from storage.recordings.codec import FRAMES, WAV, Unreadable, library

LOUDEST = 32768


class Waveform(msgspec.Struct, frozen=True, kw_only=True):
    """`peaks`: for each channel, citizen first, the loudest of each of equal parts of the time, 0 to 100."""

    duration_s: float
    peaks: list[list[int]]


def waveform(content: Path, codec: str, parts: int) -> Waveform:
    """Return a recording's waveform in at most so many parts. Raises Unreadable."""
    if codec == WAV:
        with wave.open(str(content), "rb") as file:
            frames, rate, channels = file.getnframes(), file.getframerate(), file.getnchannels()
            return _waveform(_wav_pieces(file), channels, frames, rate, parts)
    sound = library()
    if sound is None:
        raise Unreadable("Opus cannot be decoded here: the library is not there")
    try:
        with sound.SoundFile(content) as file:
            return _waveform(_opus_pieces(file), file.channels, file.frames, file.samplerate, parts)
    except sound.LibsndfileError as error:
        raise Unreadable(f"{error}") from error


def _wav_pieces(file: wave.Wave_read) -> Iterator[bytes]:
    while piece := file.readframes(FRAMES):
        yield piece


def _opus_pieces(file: Any) -> Iterator[bytes]:
    while len(piece := file.buffer_read(FRAMES, "int16")):
        yield bytes(piece)


def _waveform(pieces: Iterator[bytes], channels: int, frames: int, rate: int, parts: int) -> Waveform:
    parts = max(1, min(parts, frames))
    peaks = [[0] * parts for _ in range(channels)]
    at = 0
    for piece in pieces:
        samples = array.array("h", piece)
        if sys.byteorder == "big":
            samples.byteswap()
        count = len(samples) // channels
        for channel, its in enumerate(peaks):
            _raise(its, samples[channel::channels], at, frames)
        at += count
    scaled = [[min(100, -(-100 * peak // LOUDEST)) for peak in its] for its in peaks]
    return Waveform(duration_s=frames / rate, peaks=scaled)


def _raise(peaks: list[int], samples: array.array[int], at: int, frames: int) -> None:
    """Take in the samples that begin at frame `at` of `frames`."""
    start, parts = 0, len(peaks)
    while start < len(samples):
        part = min(parts - 1, (at + start) * parts // frames) if frames else 0
        stop = max(start + 1, min(len(samples), -(-(part + 1) * frames // parts) - at))
        if part == parts - 1:
            stop = len(samples)
        some = samples[start:stop]
        peaks[part] = max(peaks[part], max(some), -min(some))
        start = stop
