"""Sealed recordings: what comes out is what went in; whatever was touched does not open."""

from __future__ import annotations

import hashlib
import math
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import msgspec
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from messages.errors import Invalid, SettingsError
from messages.ids import RecordingId
from storage.recordings import codec
from storage.recordings.sealing import CHUNK, Broken, MasterKeys, new_key, open_chunk, place_of, seal, sealed_size
from storage.recordings.store import ObjectStore
from storage.recordings.vault import BESIDE, StoreFull, digest
from tests.storage.recordings.vaults import LEFT_HZ, RATE, RIGHT_HZ, content, open_vault, sealed, write_wav

ONE = RecordingId("n1-1.1-1")
in_tmp = partial(settings, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def _loudest(samples: list[float]) -> int:
    """Return the pitch, of the two that were spoken, that is louder."""

    def power(pitch: int) -> float:
        parts = [
            (s * math.cos(w), s * math.sin(w)) for n, s in enumerate(samples) for w in [math.tau * pitch * n / RATE]
        ]
        return math.hypot(sum(a for a, _ in parts), sum(b for _, b in parts))

    return max((LEFT_HZ, RIGHT_HZ), key=power)


@pytest.mark.parametrize("hash_name", ["sha256", "sm3"])
def test_a_wav_comes_back_bit_by_bit(tmp_path: Path, hash_name: str) -> None:
    vault = open_vault(tmp_path, codec="wav", hash=hash_name)
    wav = write_wav(tmp_path / "one.wav")
    file = sealed(vault, tmp_path / "one.wav")
    vault.verify(file)
    assert content(vault, file) == wav
    assert file.source_hash == file.content_hash == hashlib.new(hash_name, wav).hexdigest()
    stored = (tmp_path / "store" / file.key).read_bytes()
    assert file.object_hash == hashlib.new(hash_name, stored).hexdigest()
    assert wav[1000:1032] not in stored
    assert list((tmp_path / "work").iterdir()) == []


def test_opus_plays_as_long_and_each_party_is_on_its_side(tmp_path: Path) -> None:
    vault = open_vault(tmp_path)
    wav = write_wav(tmp_path / "one.wav", 5.0)
    file = sealed(vault, tmp_path / "one.wav")
    vault.verify(file)
    assert file.codec == codec.OPUS
    assert file.content_size < len(wav) / 4
    (tmp_path / "played.ogg").write_bytes(content(vault, file))
    played, rate = soundfile.read(tmp_path / "played.ogg")
    assert rate == RATE
    assert abs(len(played) / rate - 5.0) < 0.05
    middle = played[2 * RATE : 3 * RATE]
    assert [_loudest([float(pair[side]) for pair in middle]) for side in (0, 1)] == [LEFT_HZ, RIGHT_HZ]
    assert float(abs(middle).max()) > 0.1


def test_a_recording_of_no_length_is_kept_as_it_is(tmp_path: Path) -> None:
    wav = write_wav(tmp_path / "one.wav", 0.0)
    vault = open_vault(tmp_path)
    file = sealed(vault, tmp_path / "one.wav")
    vault.verify(file)
    assert content(vault, file) == wav


def test_without_the_library_recordings_stay_wav(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "library", lambda: None)
    wav = write_wav(tmp_path / "one.wav")
    vault = open_vault(tmp_path)
    file = sealed(vault, tmp_path / "one.wav")
    vault.verify(file)
    assert (file.codec, content(vault, file)) == (codec.WAV, wav)


def test_what_is_no_recording_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "one.wav").write_bytes(b"not a recording")
    with pytest.raises(codec.Unreadable, match=r"one\.wav"):
        sealed(open_vault(tmp_path), tmp_path / "one.wav")


@in_tmp(max_examples=60)
@given(data=st.data())
def test_one_flipped_bit_anywhere_is_found(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    directory = tmp_path_factory.mktemp("flip")
    vault = open_vault(directory, codec="wav")
    write_wav(directory / "one.wav", 5.0)
    file = sealed(vault, directory / "one.wav")
    path = directory / "store" / file.key
    stored = bytearray(path.read_bytes())
    bit = data.draw(st.integers(0, 8 * len(stored) - 1))
    stored[bit // 8] ^= 1 << bit % 8
    path.write_bytes(stored)
    for look in (vault.verify, vault.check):
        with pytest.raises(Broken):
            look(file)
    # Even if whoever changed it had changed the row too, what is sealed does not open.
    forged = msgspec.structs.replace(file, object_hash=hashlib.sha256(stored).hexdigest())
    with pytest.raises(Broken):
        vault.verify(forged)


@in_tmp(max_examples=40)
@given(cut=st.integers(0, 200_000), more=st.binary(max_size=40))
def test_an_object_that_is_cut_or_lengthened_is_found(
    tmp_path_factory: pytest.TempPathFactory, cut: int, more: bytes
) -> None:
    directory = tmp_path_factory.mktemp("cut")
    vault = open_vault(directory, codec="wav")
    write_wav(directory / "one.wav", 5.0)
    file = sealed(vault, directory / "one.wav")
    path = directory / "store" / file.key
    stored = path.read_bytes()
    changed = stored[:cut] + more
    if changed == stored:
        return
    path.write_bytes(changed)
    with pytest.raises(Broken):
        vault.verify(file)


@in_tmp(max_examples=60)
@given(
    size=st.sampled_from([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 7]),
    piece=st.sampled_from([1000, CHUNK, 3 * CHUNK]),
    data=st.data(),
)
def test_any_chunk_opens_in_its_place_only(size: int, piece: int, data: st.DataObject) -> None:
    plain = bytes(n % 251 for n in range(size))
    key = new_key()
    whole = b"".join(seal(key, ONE, (plain[at : at + piece] for at in range(0, size, piece))))
    assert len(whole) == sealed_size(size)
    number = data.draw(st.integers(0, max(0, (size - 1) // CHUNK)))
    chunk = whole[place_of(number) : place_of(number + 1)]
    assert open_chunk(key, ONE, number, size, chunk) == plain[number * CHUNK : (number + 1) * CHUNK]
    wrong = [(new_key(), ONE, number, size), (key, RecordingId("other"), number, size), (key, ONE, number + 1, size)]
    wrong.append((key, ONE, number, size + CHUNK * (1 if number == (max(size, 1) - 1) // CHUNK else 0) or size + 1))
    for its_key, its_name, its_number, its_size in wrong[:3]:
        with pytest.raises(Broken):
            open_chunk(its_key, its_name, its_number, its_size, chunk)


@in_tmp(max_examples=60)
@given(start=st.integers(0, 240_000), length=st.integers(0, 140_000))
def test_a_range_is_what_it_is_of_the_whole(tmp_path_factory: pytest.TempPathFactory, start: int, length: int) -> None:
    directory = tmp_path_factory.mktemp("range")
    vault = open_vault(directory, codec="wav")
    wav = write_wav(directory / "one.wav", 7.0)
    file = sealed(vault, directory / "one.wav")
    stop = min(len(wav), start + length)
    assert content(vault, file, min(start, stop), stop) == wav[min(start, stop) : stop]


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    keys = MasterKeys(tmp_path)
    assert keys.newest() == 1
    path = tmp_path / "1.key"
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        MasterKeys(tmp_path).get(1)


def test_who_make_the_first_key_at_once_get_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: MasterKeys(tmp_path / "keys").newest(), range(64))) == {1}
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["1.key"]


def test_another_master_key_does_not_open_a_recording(tmp_path: Path) -> None:
    vault = open_vault(tmp_path)
    write_wav(tmp_path / "one.wav")
    file = sealed(vault, tmp_path / "one.wav")
    (tmp_path / "keys" / "1.key").write_text("ab" * 32)
    with pytest.raises(Broken, match="master key 1"):
        open_vault(tmp_path).key(file)
    (tmp_path / "keys" / "1.key").unlink()
    with pytest.raises(SettingsError, match=r"1\.key"):
        open_vault(tmp_path).key(file)


def test_once_a_key_is_wrapped_anew_the_old_master_key_may_go(tmp_path: Path) -> None:
    vault = open_vault(tmp_path, codec="wav")
    wav = write_wav(tmp_path / "one.wav")
    file = sealed(vault, tmp_path / "one.wav")
    stored = (tmp_path / "store" / file.key).read_bytes()
    assert vault.keys.add() == 2
    assert vault.rewrap(file) == vault.rewrap(file) == 2
    (tmp_path / "keys" / "1.key").unlink()
    assert content(open_vault(tmp_path), file) == wav
    assert (tmp_path / "store" / file.key).read_bytes() == stored


def test_a_full_store_takes_nothing(tmp_path: Path) -> None:
    write_wav(tmp_path / "one.wav")
    with pytest.raises(StoreFull, match="Asterisk host"):
        sealed(open_vault(tmp_path, low_water_mb=1 << 30), tmp_path / "one.wav")
    assert not (tmp_path / "store").exists()


def test_an_object_that_could_not_be_written_to_its_end_is_not_there(tmp_path: Path) -> None:
    def pieces() -> object:
        yield b"some"
        raise OSError("the network is away")

    store = ObjectStore(tmp_path.as_uri())
    store.write("a/b", [b"the first"])
    with pytest.raises(OSError, match="network"):
        store.write("a/b", pieces())  # type: ignore[arg-type]
    assert list(store.names()) == ["a/b"]
    assert store.read("a/b", 0, 100) == b"the first"


def test_a_store_that_is_none_is_refused_in_words() -> None:
    with pytest.raises(SettingsError, match=r"\[recordings\] store"):
        ObjectStore("nowhere://x")
    with pytest.raises(Invalid, match="OpenSSL"):
        digest("no-such-hash")


def test_nobody_else_may_read_what_is_stored(tmp_path: Path) -> None:
    vault = open_vault(tmp_path)
    write_wav(tmp_path / "one.wav")
    file = sealed(vault, tmp_path / "one.wav")
    for name in (file.key, file.key + BESIDE):
        assert (tmp_path / "store" / name).stat().st_mode & 0o777 == 0o600


def test_a_store_that_is_no_disk_keeps_recordings_too(tmp_path: Path) -> None:
    vault = open_vault(tmp_path, store="memory://bucket/recordings")
    write_wav(tmp_path / "one.wav", 5.0)
    file = sealed(vault, tmp_path / "one.wav")
    try:
        vault.verify(file)
        assert sorted(vault.store.names()) == [file.key, file.key + BESIDE]
        assert vault.store.free() is None
        assert content(vault, file, 100, 300) == content(vault, file)[100:300]
        vault.keys.add()
        assert vault.rewrap(file) == 2
        vault.check(file)
    finally:
        vault.remove(file)
    assert list(vault.store.names()) == []
    with pytest.raises(FileNotFoundError):
        vault.check(file)
