"""Archives of evidence: they verify on their own, with nothing but Python, and no byte of them changes unseen."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import warnings
import zipfile
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from api.masking import for_evidence
from messages.errors import NotFound, Unavailable
from messages.ids import ContactId, RecordingId, UserId
from storage.audit.chain import hash_of
from storage.database import Database
from storage.evidence import verify
from storage.evidence.signing import SigningKey
from storage.migrations import upgrade
from tests.storage.evidence.office import CONTACT, NUMBER, Office


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """Give an office with one contact."""
    async with Database(f"sqlite:///{tmp_path / 'hotline.db'}") as database:
        await upgrade(database)
        office = Office(tmp_path, database)
        await office.fill(database)
        yield office


def alone(path: Path, *arguments: str) -> tuple[int, str]:
    """Verify an archive with the script that stands in it, in a Python that sees nothing of ours."""
    script = path.with_name("verify-alone.py")
    script.write_bytes(Path(verify.__file__).read_bytes())
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(script), str(path), *arguments],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
        env={"PYTHONIOENCODING": "utf-8"},
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def changed(path: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """Return a copy of an archive, well-formed, some of its members changed or left out."""
    target = path.with_name("changed.zip")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            if (content := change(name, old.read(name))) is not None:
                new.writestr(name, content)
    return target


def wrong(path: Path, key: str = "") -> list[str]:
    """Return what is wrong with an archive."""
    return list(verify.faults(verify.Archive(path), key))


async def test_an_archive_verifies_alone_zipped_and_unpacked(office: Office) -> None:
    path = await office.make()
    code, said = alone(path, "--key", office.key.public())
    assert (code, "ALL AS IT WAS MADE 与制作时相符" in said) == (0, True), said
    assert "a court asks" in said
    with zipfile.ZipFile(path) as archive:
        archive.extractall(office.directory / "unpacked")
        assert archive.read("verify.py") == Path(verify.__file__).read_bytes()
    assert alone(office.directory / "unpacked")[0] == 0
    code, said = alone(path, "--key", "00" * 32)
    assert (code, "not by the one that was expected" in said) == (1, True)


async def test_it_holds_the_sound_the_records_the_gaps_the_hashes_and_the_audit(office: Office) -> None:
    with zipfile.ZipFile(await office.make()) as archive:
        assert archive.read("recordings/01.wav") == office.wav
        contact = json.loads(archive.read("contact.json"))
        audit = [json.loads(line) for line in archive.read("audit.jsonl").splitlines()]
        assert "核验" in archive.read("README.txt").decode()
    first, second = contact["recordings"]
    assert first["content_hash"] == hashlib.sha256(office.wav).hexdigest()
    assert (first["member"], second["state"], "member" in second) == ("recordings/01.wav", "missing", False)
    [gap] = first["gaps"]
    assert datetime.fromisoformat(gap["to"]) - datetime.fromisoformat(gap["from"]) == timedelta(seconds=5)
    assert contact["legs"][0]["agent"] == "a1"
    instants = [one["at"] for one in contact["timeline"]]
    assert instants == sorted(instants)
    assert {"recordings[1].gaps[1].from", "legs[1].answered_at"} <= {one["what"] for one in contact["timeline"]}
    assert [entry["purpose"] for entry in audit] == ["a complaint"]


async def test_numbers_are_masked_wherever_they_stand_unless_asked_for_whole(office: Office) -> None:
    for whole in (False, True):
        with zipfile.ZipFile(await office.make(whole=whole)) as archive:
            everything = b"".join(archive.read(name) for name in archive.namelist())
            manifest = json.loads(archive.read("manifest.json"))
        assert (NUMBER.encode() in everything) is whole
        assert manifest["numbers"] == ("whole" if whole else "masked")


async def test_the_audits_chain_is_in_it_where_numbers_are_whole_and_would_give_none_away_where_they_are_not(
    office: Office,
) -> None:
    for whole in (False, True):
        with zipfile.ZipFile(await office.make(whole=whole)) as archive:
            [entry] = [json.loads(line) for line in archive.read("audit.jsonl").splitlines()]
        assert entry["seq"] == 1
        assert {"prev", "hash", "signature"}.isdisjoint(entry) is not whole
    values = entry | {"at": datetime.fromisoformat(entry["at"])}
    assert hash_of("sha256", 1, "", values) == entry["hash"]


async def test_a_byte_flipped_in_any_member_is_found(office: Office) -> None:
    path = await office.make()
    with zipfile.ZipFile(path) as archive:
        sizes = {one.filename: one.file_size for one in archive.infolist()}
    assert len(sizes) == 7
    for name, size in sizes.items():
        for at in {0, 1, size // 3, size // 2, size - 2, size - 1}:
            for bit in (0, 5):

                def flip(member: str, content: bytes, at: int = at, bit: int = bit, name: str = name) -> bytes:
                    if member != name:
                        return content
                    return content[:at] + bytes([content[at] ^ 1 << bit]) + content[at + 1 :]

                assert wrong(changed(path, flip)), f"{name}, byte {at}, bit {bit}"
    assert alone(changed(path, lambda name, content: content[::-1] if name == "audit.jsonl" else content))[0] == 1


async def test_a_member_left_out_added_or_there_twice_is_found(office: Office) -> None:
    path = await office.make()
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    for gone in names:

        def without(name: str, content: bytes, gone: str = gone) -> bytes | None:
            return None if name == gone else content

        assert wrong(changed(path, without)), gone
    for name in ("more.txt", "contact.json"):
        more = changed(path, lambda _, content: content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a name that is there twice is what is meant here
            with zipfile.ZipFile(more, "a") as grown:
                grown.writestr(name, b"x")
        assert wrong(more), name


async def test_what_is_signed_anew_by_another_key_is_found_by_who_knows_the_key(office: Office) -> None:
    path = await office.make()
    forger = SigningKey(office.directory / "forger")
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    manifest["public_key"], manifest["purpose"] = forger.public(), "another"
    raw = json.dumps(manifest).encode()
    forged = {"manifest.json": raw, "manifest.sig": forger.sign(raw).encode() + b"\n"}
    made = changed(path, lambda name, content: forged.get(name, content))
    assert wrong(made) == []
    assert "not by the one that was expected" in wrong(made, office.key.public())[0]


async def test_a_recording_that_is_not_whole_is_no_evidence(office: Office) -> None:
    file = await office.files.get(RecordingId("c1-1"))
    assert file is not None
    place = office.directory / "store" / file.key
    content = place.read_bytes()
    place.write_bytes(content[:5000] + bytes([content[5000] ^ 1]) + content[5001:])
    with pytest.raises(Unavailable, match="cannot be read whole"):
        await office.evidence.make(
            CONTACT, by=UserId("z"), purpose="x", whole=False, shown=for_evidence("", whole=True)
        )
    with pytest.raises(NotFound):
        await office.make_package(ContactId("nobody"))
    assert list((office.directory / "work").iterdir()) == [], "nothing is left behind"


async def test_a_package_is_gone_once_it_was_fetched(office: Office) -> None:
    made = await office.make_package(CONTACT)
    content = b"".join([piece async for piece in made.pieces()])
    assert len(content) == made.size
    assert not made.path.exists()
    (office.directory / "fetched.zip").write_bytes(content)
    assert wrong(office.directory / "fetched.zip") == []


@settings(deadline=None, max_examples=25)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200), st.integers(0, 511))
def test_signatures_are_checked_as_a_well_kept_library_does(seed: bytes, message: bytes, bit: int) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)
    assert verify.signed(public, message, signature)
    assert not verify.signed(public, message + b"x", signature)
    broken = bytearray(signature)
    broken[bit // 8] ^= 1 << bit % 8
    assert not verify.signed(public, message, bytes(broken))
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    assert not verify.signed(other, message, signature)


def test_the_key_is_made_once_and_nobody_elses_to_read(tmp_path: Path) -> None:
    key = SigningKey(tmp_path / "keys")
    public = key.public()
    assert SigningKey(tmp_path / "keys").public() == public
    assert (tmp_path / "keys" / "evidence.key").stat().st_mode & 0o777 == 0o600
