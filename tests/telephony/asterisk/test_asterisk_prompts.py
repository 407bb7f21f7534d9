"""Prompts exist on every machine, and the operator's own recordings win."""

from __future__ import annotations

import array
import wave
from pathlib import Path

import pytest

from telephony.asterisk.prompts import RATE, TEXTS, provide_prompts


def format_of(path: Path) -> tuple[int, int, int]:
    with wave.open(str(path), "rb") as file:
        assert file.getnframes() > RATE // 4
        samples = array.array("h", file.readframes(file.getnframes()))
        assert max(samples) > 1000, "it can be heard"
        return file.getnchannels(), file.getsampwidth(), file.getframerate()


def test_prompts_are_made_in_asterisks_format(tmp_path: Path, asterisk_root: Path) -> None:
    provide_prompts(tmp_path, root=str(asterisk_root))
    assert {name: format_of(tmp_path / f"{name}.wav") for name in TEXTS} == dict.fromkeys(TEXTS, (1, 2, RATE))
    assert len(list(tmp_path.iterdir())) == len(TEXTS)


def test_without_a_synthesiser_a_stock_sound_does(
    tmp_path: Path, asterisk_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    provide_prompts(tmp_path, root=str(asterisk_root))
    stock = asterisk_root / "usr/share/asterisk/sounds/en_US_f_Allison/conf-now-recording.wav"
    assert (tmp_path / "notice.wav").read_bytes() == stock.read_bytes()


def test_with_neither_the_error_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(FileNotFoundError, match=r"greeting.*espeak-ng.*prompts_dir"):
        provide_prompts(tmp_path / "prompts", root=str(tmp_path))


def test_the_operators_recording_wins_also_over_one_made_before(tmp_path: Path, asterisk_root: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    prompts = tmp_path / "prompts"
    provide_prompts(prompts, str(own), str(asterisk_root))
    (own / "notice.wav").write_bytes(b"the operator's")
    provide_prompts(prompts, str(own), str(asterisk_root))
    assert (prompts / "notice.wav").read_bytes() == b"the operator's"
