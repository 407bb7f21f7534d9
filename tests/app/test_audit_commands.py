"""`hotline verify --audit`, `hotline export audit`, and that what is typed and what the settings say is audited."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.__main__ import main
from app.auditing import note_start, trail_of
from app.settings import Settings, load
from app.wiring import now
from messages.errors import SettingsError, Unavailable
from storage.audit.trail import AuditTrail
from storage.database import Database
from storage.migrations import upgrade
from tests.storage.audit.tampering import disarm, heads_file, put, rows_of

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
wrap_up_s = 15
"""
Run = Callable[..., tuple[int, str, str]]
UNLOCK = ("user", "unlock", "--address", "10.0.0.1")
"""An act that is audited by one entry."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Give the settings, and a database of this version."""
    (tmp_path / "hotline.toml").write_text(SETTINGS.format(directory=tmp_path))
    settings = load(tmp_path / "hotline.toml")

    async def work() -> None:
        async with Database(settings.database_url) as database:
            await upgrade(database)

    asyncio.run(work())
    return settings


@pytest.fixture
def hotline(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Give a way to type a command: its exit code, output and errors come back."""
    monkeypatch.delenv("HOTLINE_DATABASE_URL", raising=False)
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    monkeypatch.chdir(tmp_path)

    def run(*words: str, config: str = str(tmp_path / "hotline.toml")) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["hotline", *(["--config", config] if config else []), *words])
        with pytest.raises(SystemExit) as ended:
            main()
        out, errors = capsys.readouterr()
        code = ended.value.code
        return code if isinstance(code, int) else 0, out, errors

    return run


def kept(settings: Settings) -> list[dict[str, Any]]:
    """Return what is in the audit."""

    async def work() -> list[dict[str, Any]]:
        async with Database(settings.database_url) as database:
            return await rows_of(database)

    return asyncio.run(work())


def changed(settings: Settings, seq: int) -> None:
    """Have somebody change an entry."""

    async def work() -> None:
        async with Database(settings.database_url) as database:
            await disarm(database)
            rows = await rows_of(database)
            rows[seq - 1]["by"] = "somebody else"
            await put(database, rows)

    asyncio.run(work())


def started(settings: Settings) -> str:
    """Return what the audit says of a start by these settings."""

    async def work() -> str:
        async with Database(settings.database_url) as database:
            await note_start(trail_of(settings, database), settings, now)
            return str((await rows_of(database))[-1]["about"]).partition("; ")[2]

    return asyncio.run(work())


def test_people_are_added_and_disabled_with_an_entry_before_each_act(
    hotline: Run, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("a password of 5 words\n"))
    assert hotline("user", "add", "li", "--role", "agent", "--agent", "a1")[0] == 0
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.9 50000 10.0.0.1 22")
    assert hotline("user", "disable", "li")[0] == 0
    assert hotline("user", "disable", "nobody")[0] == 1
    rows = kept(settings)
    assert [(row["action"], row["result"], row["about"], row["origin"]) for row in rows] == [
        ("people.set", "granted", "li: agent", "shell"),
        ("people.disable", "granted", "li", "shell from 10.0.0.9"),
    ]
    assert {row["by"].startswith("shell") for row in rows} == {True}
    assert "a password" not in str(rows)


def test_nobody_is_both_admin_and_auditor(hotline: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("a password of 5 words\n"))
    code, _, errors = hotline("user", "add", "li", "--role", "admin", "--role", "auditor")
    assert (code, "both admin and auditor" in errors) == (1, True)
    account = '[[accounts]]\nname = "both"\nroles = ["admin", "auditor"]\ntoken_sha256 = "00"\n'
    with (tmp_path / "hotline.toml").open("a") as file:
        file.write(account)
    with pytest.raises(SettingsError, match=r"both, roles: nobody is both admin and auditor"):
        load(tmp_path / "hotline.toml")


def test_where_the_audit_cannot_be_written_nobody_is_added(
    hotline: Run, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (settings.data / "audit-heads").write_text("in the way")
    monkeypatch.setattr(sys, "stdin", io.StringIO("a password of 5 words\n"))
    code, _, errors = hotline("user", "add", "li", "--role", "agent")
    assert (code, "heads" in errors) == (1, True)
    (settings.data / "audit-heads").unlink()
    assert hotline("user", "disable", "li")[0] == 1  # there is none


def test_verify_says_which_entry_was_changed(hotline: Run, settings: Settings) -> None:
    for _ in range(6):
        hotline(*UNLOCK)
    code, out, _ = hotline("verify", "--audit")
    assert (code, out) == (0, "6 entries, 1 to 6; all is well 完好\n")
    changed(settings, 4)
    code, out, _ = hotline("verify", "--audit")
    assert (code, out.splitlines()[0][:17]) == (1, "entry 4: changed:")
    code, out, _ = hotline("verify", "--audit", "--json")
    said = json.loads(out)
    assert (code, said["well"], said["entries"], said["last"]) == (1, False, 6, 6)
    assert [(one["seq"], one["to"], one["fault"]) for one in said["findings"]] == [(4, 4, "changed")]


def test_verify_trusts_the_keys_and_copies_that_were_kept_elsewhere(
    hotline: Run, settings: Settings, tmp_path: Path
) -> None:
    for _ in range(2):
        hotline(*UNLOCK)
    key = hotline("audit", "keys")[1].split()[1]
    assert hotline("verify", "--audit", "--public-key", key)[0] == 0
    assert hotline("audit", "rotate-key")[0] == 0
    assert len(hotline("audit", "keys")[1].splitlines()) == 2
    assert hotline("verify", "--audit")[0] == 0

    async def copied() -> Path:
        async with Database(settings.database_url) as database:
            file = heads_file(trail_of(settings, database))
        (tmp_path / "copy.heads").write_bytes(file.read_bytes())
        file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:2]))
        async with Database(settings.database_url) as database:
            await disarm(database)
            await put(database, (await rows_of(database))[:2])
        return tmp_path / "copy.heads"

    copy = asyncio.run(copied())
    assert hotline("verify", "--audit")[0] == 0
    code, out, _ = hotline("verify", "--audit", "--heads", str(copy))
    assert (code, out.startswith("entries 3 to 4: cut off")) == (1, True)
    assert hotline("verify", "--audit", "--public-key", "what")[0] == 1
    assert hotline("verify")[0] == 2
    assert hotline("verify", "--audit", "--recordings")[0] == 2


def test_what_is_exported_can_be_hashed_again_by_anybody(hotline: Run, settings: Settings, tmp_path: Path) -> None:
    hotline(*UNLOCK)
    assert hotline("export", "audit", "--format", "jsonl", "-o", str(tmp_path / "audit.jsonl"))[0] == 0
    names = ("at", "by", "action", "contact", "about", "tenant", "purpose", "result", "why", "origin", "of")
    prev = ""
    rows = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    for row in rows:
        said = ["hotline-audit-1", row["seq"], prev, *(row[name] for name in names)]
        told = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
        assert (row["prev"], row["hash"]) == (prev, f"sha256:{hashlib.sha256(told).hexdigest()}")
        prev = row["hash"]
    assert [(row["action"], row["result"]) for row in rows][-1] == ("exports.write", "asked")
    assert kept(settings)[-1]["about"].startswith("audit as jsonl, … to …, numbers masked, to ")


def test_an_audited_database_is_not_worked_on_without_its_settings(
    hotline: Run, settings: Settings, tmp_path: Path
) -> None:
    out = str(tmp_path / "out")
    words = ("--db", settings.database_url.replace("+aiosqlite", ""), "export", "contacts", "-o", out)
    (tmp_path / "hotline.toml").rename(tmp_path / "other.toml")
    assert hotline(*words, config="")[0] == 0  # nothing is in its audit yet
    hotline(*UNLOCK, config=str(tmp_path / "other.toml"))
    code, _, errors = hotline(*words, config="")
    assert (code, "name the settings file" in errors) == (1, True)
    assert hotline(*words, config=str(tmp_path / "other.toml"))[0] == 0


def test_a_start_says_which_settings_changed_and_not_to_what(settings: Settings, tmp_path: Path) -> None:
    assert started(settings) == "no settings were seen before"
    assert started(settings) == "unchanged"
    text = SETTINGS.format(directory=tmp_path).replace("wrap_up_s = 15", "wrap_up_s = 20")
    text = text.replace("a long secret", "a longer secret", 1) + '[[center.queues]]\nid = "north"\n'
    (tmp_path / "hotline.toml").write_text(text)
    other = load(tmp_path / "hotline.toml")
    said = started(other)
    assert said.startswith("changed: asterisk.ami_secret, center.queues[12345].wrap_up_s; added: center.queues[north].")
    assert started(settings).partition("removed: ")[2].startswith("center.queues[north].")
    assert "longer" not in str(kept(settings)) + (settings.data / "settings-seen.json").read_text()
    assert (settings.data / "settings-seen.json").stat().st_mode & 0o077 == 0


def test_changed_settings_do_not_come_into_force_unaudited(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    started(settings)

    async def away(*_: Any) -> int:
        raise Unavailable("the database is away")

    monkeypatch.setattr(AuditTrail, "append", away)
    started(settings)  # calls are taken as before
    changed = msgspec.structs.replace(settings, run_asterisk=False)
    with pytest.raises(Unavailable):
        started(changed)
