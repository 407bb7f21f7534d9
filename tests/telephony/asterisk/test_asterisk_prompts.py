"""Prompts exist on every machine, and the operator's own recordings win."""

from __future__ import annotations

import array
import wave
from pathlib import Path

import pytest

from ivr.texts import WAITING
from telephony.asterisk.prompts import LANGUAGES, RATE, STOCK, TEXTS, provide_prompts
from telephony.asterisk.speech import Espeak


@pytest.fixture(autouse=True)
def _a_cache_of_its_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


def format_of(path: Path) -> tuple[int, int, int]:
    with wave.open(str(path), "rb") as file:
        assert file.getnframes() > RATE // 4
        samples = array.array("h", file.readframes(file.getnframes()))
        assert max(samples) > 1000, "it can be heard"
        return file.getnchannels(), file.getsampwidth(), file.getframerate()


def test_prompts_are_made_in_asterisks_format(tmp_path: Path, asterisk_root: Path) -> None:
    provide_prompts(tmp_path, root=str(asterisk_root))
    assert {name: format_of(tmp_path / f"{name}.wav") for name in TEXTS} == dict.fromkeys(TEXTS, (1, 2, RATE))
    assert {name: format_of(tmp_path / "en" / f"{name}.wav") for name in TEXTS} == dict.fromkeys(TEXTS, (1, 2, RATE))
    assert len(list(tmp_path.glob("*.*"))) == len(TEXTS) + 1, "nothing temporary is left"


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


def test_every_text_has_a_stock_sound_and_both_languages(asterisk_root: Path) -> None:
    optional = {*WAITING, "comfort"}
    assert set(STOCK) == set(TEXTS) - optional, "what nobody must hear may be missing"
    stock = asterisk_root / "usr/share/asterisk/sounds/en_US_f_Allison"
    assert [name for name, sound in STOCK.items() if not (stock / f"{sound}.wav").is_file()] == []
    assert all(set(said) == {"zh", "en"} for said in LANGUAGES.values())


def test_what_was_spoken_is_kept_by_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    speak = Espeak.say

    def count(self: Espeak, text: str, language: str, target: Path) -> bool:
        said.append(text)
        return speak(self, text, language, target)

    monkeypatch.setattr(Espeak, "say", count)
    texts = {"main": {"zh": "社保请按一。", "en": "Social security: one."}}
    provide_prompts(tmp_path / "a", texts=texts)
    provide_prompts(tmp_path / "a", texts=texts)
    provide_prompts(tmp_path / "b", texts=texts)
    assert said == ["社保请按一。", "Social security: one."]
    provide_prompts(tmp_path / "a", texts={"main": {**texts["main"], "zh": "社保请按二。"}})
    assert said[2:] == ["社保请按二。"]
    assert (tmp_path / "a/main.wav").read_bytes() != (tmp_path / "b/main.wav").read_bytes()


def test_another_engine_is_a_setting(tmp_path: Path) -> None:
    provide_prompts(tmp_path / "a", texts={"main": {"en": "Hello."}})
    engine = ("cp", str(tmp_path / "a/en/main.wav"), "{file}")
    provide_prompts(tmp_path / "b", texts={"other": {"en": "; rm -rf {file}"}}, engine=engine)
    assert format_of(tmp_path / "b/en/other.wav") == (1, 2, RATE)
    provide_prompts(tmp_path / "c", texts={"other": {"en": "x"}}, engine=("false",))
    assert not (tmp_path / "c/en/other.wav").exists(), "a flow's prompt that cannot be made breaks nothing"
