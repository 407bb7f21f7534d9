"""`hotline verify --recordings`, `hotline recordings rotate-keys` and what `hotline check` says of recordings."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.__main__ import main
from app.auditing import trail_of
from app.recordings import keeper_of, told, vault_of
from app.settings import Settings, load
from center.memory_log import MemoryLog
from messages.errors import SettingsError
from storage.database import Database
from storage.migrations import upgrade
from storage.recordings.files import RecordingFiles
from tests.storage.recordings.vaults import file_of, write_wav

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
