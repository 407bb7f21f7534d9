"""Waveforms: loud where somebody spoke, on their side, of WAV and Opus, in bounded memory, and remembered."""

from __future__ import annotations

import array
import tracemalloc
import wave
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.errors import NotFound
from messages.ids import RecordingId
from recording.files import FileState
from storage.database import Database
from storage.recordings.codec import OPUS, WAV, Unreadable, transcode
from storage.recordings.files import RecordingFiles
from storage.recordings.playback import Playback
from storage.recordings.vault import Vault
from storage.recordings.waveform import _raise, waveform
from tests.storage.recordings.vaults import RATE, file_of, open_vault, sealed, write_wav

LOUD = 16000


def write(path: Path, *parts: tuple[float, int, int]) -> Path:
    """Write a stereo recording: seconds, how loud on the left, how loud on the right."""
    samples = array.array("h")
    for seconds, left, right in parts:
        for n in range(int(seconds * RATE)):
            sign = 1 if n // 10 % 2 else -1
            samples.extend((sign * left, sign * right))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return path


@pytest.mark.parametrize("codec", [WAV, OPUS])
def test_each_side_is_loud_where_it_spoke(tmp_path: Path, codec: str) -> None:
    source = write(tmp_path / "a.wav", (2, LOUD, 0), (2, 0, 0), (4, 0, LOUD // 2), (2, LOUD, LOUD))
    made = transcode(source, tmp_path / "kept", codec)
    drawn = waveform(tmp_path / "kept", made.codec, 100)
    assert abs(drawn.duration_s - 10) < 0.1
    left, right = drawn.peaks
    assert len(left) == len(right) == 100
    assert all(40 < peak < 62 for peak in left[2:18] + left[82:98])
    assert all(peak < 5 for peak in left[24:78] + right[2:38])
    assert all(18 < peak < 36 for peak in right[44:78])


def test_what_is_no_recording_or_empty_is_said_or_flat(tmp_path: Path) -> None:
    (tmp_path / "noise").write_bytes(b"noise" * 100)
    with pytest.raises(Unreadable):
        waveform(tmp_path / "noise", OPUS, 10)
    assert waveform(write(tmp_path / "empty.wav"), WAV, 10).peaks == [[0], [0]]


def test_an_hour_is_drawn_without_being_in_memory(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "long.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        for _ in range(600):
            file.writeframes(bytes(4 * RATE))
    size = (tmp_path / "long.wav").stat().st_size
    tracemalloc.start()
    drawn = waveform(tmp_path / "long.wav", WAV, 1000)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert drawn.duration_s == 600
    assert most < size / 20


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=300), st.integers(1, 40), st.integers(1, 50))
def test_however_it_comes_in_pieces_each_part_has_its_loudest(samples: list[int], parts: int, piece: int) -> None:
    parts = min(parts, len(samples))
    peaks = [0] * parts
    for at in range(0, len(samples), piece):
        _raise(peaks, array.array("h", samples[at : at + piece]), at, len(samples))
    expected = [0] * parts
    for at, sample in enumerate(samples):
        part = at * parts // len(samples)
        expected[part] = max(expected[part], abs(sample))
    assert peaks == expected


async def test_a_waveform_is_made_once_and_none_of_what_is_gone(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault, files = open_vault(tmp_path), RecordingFiles(database)
    write_wav(tmp_path / "one.wav", 2.0)
    await files.take([sealed(vault, tmp_path / "one.wav")])
    await files.take([msgspec.structs.replace(file_of("gone"), state=FileState.EXPIRED)])
    playback, name = Playback(vault, files), RecordingId("n1-1.1-1")
    first = await playback.waveform(name)
    assert min(first.peaks[0][100:900]) > 10
    assert list((tmp_path / "work").iterdir()) == [], "nothing is left in the clear"

    def opened(self: Vault, file: object) -> None:
        raise AssertionError("it is remembered")

    monkeypatch.setattr(Vault, "opened", opened)
    assert await playback.waveform(name) is first
    with pytest.raises(NotFound):
        await playback.waveform(RecordingId("gone"))
