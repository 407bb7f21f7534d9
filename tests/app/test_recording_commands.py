"""`hotline verify --recordings`, `hotline recordings rotate-keys` and what `hotline check` says of recordings."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from app.__main__ import main
from app.auditing import trail_of
from app.recordings import keeper_of, told, vault_of
from app.settings import Settings, load
from center.memory_log import MemoryLog
from center.records import ContactRecord, RecordingRecord
from messages.errors import SettingsError
from messages.ids import CallId, ContactId, LegId, RecordingId
from storage.columns import to_row
from storage.database import Database
from storage.migrations import upgrade
from storage.recordings.files import RecordingFiles
from storage.tables import contacts, recordings
from tests.storage.recordings.vaults import NOW, file_of, write_wav

SETTINGS = """
data_dir = "{directory}/data"
[asterisk]
systemname = "hl1"
directory = "{directory}/asterisk"
ami_secret = "a long secret"
[[asterisk.phones]]
number = "1001"
secret = "a long secret"
[[center.queues]]
id = "12345"
[recordings]
low_water_mb = 0
"""
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Give the settings, with one recording kept."""
    (tmp_path / "hotline.toml").write_text(SETTINGS.format(directory=tmp_path))
    settings = load(tmp_path / "hotline.toml")
    write_wav(settings.asterisk.recordings / "n1-1.1-1.wav")

    async def work() -> None:
        async with Database(settings.database_url) as database:
            await upgrade(database)
            await RecordingFiles(database).take([file_of()])
            keeper = keeper_of(
                settings, MemoryLog(), trail_of(settings, database), vault_of(settings), lambda: datetime.now(UTC)
            )
            assert await keeper.round()

    asyncio.run(work())
    return settings


@pytest.fixture
def hotline(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Give a way to type a command: its exit code, output and errors come back."""
    monkeypatch.delenv("HOTLINE_DATABASE_URL", raising=False)

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["hotline", "--config", str(tmp_path / "hotline.toml"), *words])
        with pytest.raises(SystemExit) as exited:
            main()
        out = capsys.readouterr()
        return int(exited.value.code or 0), out.out, out.err

    return run


def test_verify_says_that_all_is_well_or_what_is_not(hotline: Run, settings: Settings) -> None:
    code, out, _ = hotline("verify", "--recordings")
    assert (code, out.splitlines()[-1].endswith("all is well")) == (0, True)
    assert json.loads(hotline("verify", "--recordings", "--json")[1])["checked"] == 1
    [stored] = (settings.data / "recordings").rglob("*.sealed")
    stored.write_bytes(stored.read_bytes()[:-1])
    (stored.parent / "stranger").write_bytes(b"")
    code, out, _ = hotline("verify", "--recordings", "--json")
    found = json.loads(out)
    assert (code, found["well"], found["checked"]) == (1, False, 0)
    assert found["orphans"] == ["2026/11/24/n1-1.1/stranger"]
    assert found["broken"] == ["n1-1.1-1: its sha256 differs"]
    assert "broken: n1-1.1-1" in hotline("verify", "--recordings")[1]


def test_a_hold_is_set_listed_and_ended_and_what_it_held_is_removed_with_proof(
    hotline: Run, settings: Settings, tmp_path: Path
) -> None:
    assert hotline("recordings", "hold", "nobody", "--reason", "x")[0] == 1
    asyncio.run(_call(settings))
    code, out, _ = hotline("recordings", "hold", "n1-1.1", "--reason", "a lawsuit")
    assert (code, "a lawsuit" in out) == (0, True)
    assert json.loads(hotline("recordings", "list", "--json")[1])["contact"] == "n1-1.1"
    assert asyncio.run(_expire(tmp_path)) == 0
    assert hotline("recordings", "deleted")[1].startswith("0 recordings were removed")
    assert hotline("recordings", "release", "n1-1.1", "--reason", "settled")[0] == 0
    assert hotline("recordings", "release", "n1-1.1", "--reason", "settled")[0] == 1
    assert hotline("recordings", "list")[1] == ""
    assert asyncio.run(_expire(tmp_path)) == 1
    code, out, _ = hotline("recordings", "deleted", "--json")
    proof = json.loads(out)
    assert (code, proof["proven"], proof["recording"], len(proof["source_hash"])) == (0, True, "n1-1.1-1", 64)
    assert "1 of them proven" in hotline("recordings", "deleted", "--from", "2026-01-01")[1]
    assert hotline("recordings", "deleted", "--to", "2026-01-01")[1].startswith("0 recordings")
    acts = [(one["action"], one["purpose"], one["result"]) for one in asyncio.run(_audit(settings))]
    assert acts == [
        ("recordings.hold", "a lawsuit", "asked"),
        ("recordings.hold", "a lawsuit", "granted"),
        ("recordings.release", "settled", "asked"),
        ("recordings.release", "settled", "granted"),
        ("recordings.release", "settled", "asked"),
        ("recordings.release", "settled", "refused"),
        ("recordings.expire", "", "granted"),
        ("recordings.expired", "", "granted"),
    ]


def test_evidence_is_written_that_the_written_verifier_verifies(
    hotline: Run, settings: Settings, tmp_path: Path
) -> None:
    asyncio.run(_call(settings))
    path, verifier = tmp_path / "evidence.zip", tmp_path / "verify.py"
    assert hotline("recordings", "evidence", "nobody", "-o", str(path), "--purpose", "x")[0] == 1
    assert not path.exists()
    assert hotline("recordings", "evidence", "n1-1.1", "-o", str(path))[0] == 2, "what for?"
    code, out, err = hotline("recordings", "evidence", "n1-1.1", "-o", str(path), "--purpose", "a court asks")
    assert (code, "signed by" in out) == (0, True), err
    key = hotline("recordings", "evidence-key", "--verifier", str(verifier))[1].strip()
    said = subprocess.run(
        [sys.executable, "-I", str(verifier), str(path), "--key", key], capture_output=True, text=True, check=True
    ).stdout
    assert "recordings 录音 1" in said
    with zipfile.ZipFile(path) as archive:
        assert b"138****1234" in archive.read("contact.json")
        assert json.loads(archive.read("audit.jsonl"))["action"] == "evidence.make"
    assert list(tmp_path.glob("*.part")) == []


async def _call(settings: Settings) -> None:
    """Let the rows know of the contact and its recording."""
    async with Database(settings.database_url) as database, database.writing() as connection:
        contact = ContactRecord(contact=ContactId("n1-1.1"), number="13800001234", arrived_at=NOW)
        await connection.execute(insert(contacts), [to_row(contact) | {"open": False}])
        tape = RecordingRecord(
            recording=RecordingId("n1-1.1-1"),
            contact=ContactId("n1-1.1"),
            call=CallId("n1-1.1"),
            leg=LegId("n1-1.1/1"),
            started_at=NOW,
            ended_at=NOW,
        )
        await connection.execute(insert(recordings), [to_row(tape) | {"open": False}])


async def _audit(settings: Settings) -> list[dict[str, Any]]:
    """Return what the audit says of the contact, oldest first."""
    async with Database(settings.database_url) as database:
        return list(reversed((await trail_of(settings, database).entries(contact="n1-1.1"))[0]))


async def _expire(tmp_path: Path) -> int:
    """Let the rules have what is older than a day, in two years."""
    path = tmp_path / "short.toml"
    path.write_text(SETTINGS.format(directory=tmp_path) + "retention = [{ days = 1 }]")
    short = load(path)
    async with Database(short.database_url) as database:
        then = datetime.now(UTC) + timedelta(days=730)
        keeper = keeper_of(short, MemoryLog(), trail_of(short, database), vault_of(short), lambda: then)
        return await keeper.expire()


def test_verify_must_be_told_what(hotline: Run) -> None:
    assert hotline("verify")[0] == 2


def test_after_a_rotation_the_old_key_is_no_longer_needed(hotline: Run, settings: Settings) -> None:
    code, out, _ = hotline("recordings", "rotate-keys")
    assert (code, out.startswith("1 recordings are now under master key 2")) == (0, True)
    (settings.data / "recording-keys" / "1.key").unlink()
    assert hotline("verify", "--recordings")[0] == 0
    assert hotline("recordings", "rotate-keys", "--resume")[1].startswith("0 recordings")
    (settings.data / "recording-keys" / "2.key").unlink()
    code, out, _ = hotline("verify", "--recordings")
    assert (code, "2.key" in out) == (1, True)


def test_check_says_how_recordings_are_kept(settings: Settings) -> None:
    says = told(settings)
    assert "kept for ever" in says
    assert "opus" in says
    assert "keep a copy" in says
    (settings.data / "recording-keys" / "1.key").chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        told(settings)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('hash = "md5"', "hash is md5"),
        ('codec = "mp3"', "codec is mp3"),
        ("jobs = 0", "jobs is 0"),
        ('retention = [{ queue = "north", days = 30 }]', "names a queue"),
        ("retention = [{ days = 0 }]", "a day or more"),
    ],
)
def test_wrong_settings_are_named(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "hotline.toml").write_text(SETTINGS.format(directory=tmp_path) + line)
    with pytest.raises(SettingsError, match=said):
        load(tmp_path / "hotline.toml")
