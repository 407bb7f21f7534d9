"""Recordings become one stereo file, whole or not at all."""

from __future__ import annotations

import array
import wave
from pathlib import Path

import pytest

from messages.ids import RecordingId
from telephony.recorder import FileRecorder

ONE = RecordingId("n1-1.1-1")


def _samples(path: Path) -> tuple[int, int, array.array[int]]:
    with wave.open(str(path), "rb") as file:
        frames = array.array("h", file.readframes(file.getnframes()))
        return file.getnchannels(), file.getframerate(), frames


async def test_what_asterisk_wrote_becomes_a_stereo_wav(tmp_path: Path) -> None:
    recorder = FileRecorder(tmp_path)
    written = array.array("h", [1, -1, 2, -2, 3, -3])
    (tmp_path / f"{ONE}.raw").write_bytes(written.tobytes() + b"\x07")
    await recorder.complete(ONE)
    assert _samples(recorder.path(ONE)) == (2, 8000, written)
    assert [path.name for path in tmp_path.iterdir()] == [f"{ONE}.wav"]


async def test_completing_twice_changes_nothing(tmp_path: Path) -> None:
    recorder = FileRecorder(tmp_path)
    (tmp_path / f"{ONE}.raw").write_bytes(bytes(8))
    await recorder.complete(ONE)
    before = recorder.path(ONE).read_bytes()
    await recorder.complete(ONE)
    assert recorder.path(ONE).read_bytes() == before


async def test_a_recording_that_was_never_written_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await FileRecorder(tmp_path).complete(ONE)
    assert list(tmp_path.iterdir()) == []
