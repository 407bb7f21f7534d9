"""`hotline verify --reconcile`, as it is typed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from app.__main__ import main
from imports.asterisk_log import CDR, CEL
from storage.database import Database
from storage.migrations import upgrade
from tests.app.test_schedule_commands import SETTINGS
from tests.storage.keeping import keep
from tests.storage.test_reports_at_midnight import worked_example

Run = Callable[..., tuple[int, str, str]]
DAYS = ("--from", "2026-11-24", "--to", "2026-11-26")


def _row(columns: tuple[str, ...], **values: object) -> str:
    return ",".join(f'"{values.get(name, "")}"' for name in columns) + "\n"


def _asterisks_account() -> str:
    """Return the CEL of the worked example's call, with a row that is only half written at the end."""
    contact = worked_example()[0]
    at = {name: getattr(contact, name).timestamp() for name in ("arrived_at", "answered_at", "ended_at")}
    about = {"uniqueid": "c", "linkedid": "c", "channame": "PJSIP/carrier-00000000", "context": "inbound"}
    phone = {"uniqueid": "p", "linkedid": "c", "channame": "PJSIP/1001-00000001", "context": "phones"}
    return "".join(
        (
            _row(CEL, eventtype="CHAN_START", eventtime=at["arrived_at"], **about),
            _row(CEL, eventtype="CHAN_START", eventtime=at["arrived_at"] + 5, **phone),
            _row(CEL, eventtype="BRIDGE_ENTER", eventtime=at["answered_at"], **phone),
            _row(CEL, eventtype="CHAN_END", eventtime=at["ended_at"], **about),
            '"CHAN_START","1795492',
        )
    )


@pytest.fixture
def hotline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Give a way to type a command where the worked example's call is kept and Asterisk wrote its own of it."""
    config, url = tmp_path / "hotline.toml", f"sqlite:///{tmp_path / 'hotline.db'}"
    config.write_text(SETTINGS.format(directory=tmp_path))
    records = worked_example()
    records[2].phone = "1001"  # type: ignore[union-attr]

    async def fill() -> None:
        async with Database(url) as database:
            await upgrade(database)
            await keep(database, records)

    asyncio.run(fill())
    log = tmp_path / "asterisk" / "log"
    for name in ("cel-custom", "cdr-csv"):
        (log / name).mkdir(parents=True)
    (log / "cel-custom" / "cel.csv").write_text(_asterisks_account())
    answered = {"linkedid": "c", "dstchannel": "PJSIP/1001-00000001", "disposition": "ANSWERED"}
    (log / "cdr-csv" / "Master.csv").write_text(_row(CDR, **answered))

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["hotline", "--config", str(config), "--db", url, "verify", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capfd.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run


def test_what_agrees_is_counted_and_what_differs_is_listed(hotline: Run, tmp_path: Path) -> None:
    code, out, _ = hotline("--reconcile", *DAYS)
    assert (code, out) == (0, "1 calls by Asterisk's CEL, 1 contacts of ours, 1 answered, 0 going on; all agree\n")
    cel = tmp_path / "asterisk" / "log" / "cel-custom" / "cel.csv"
    cel.rename(cel.with_name("cel.csv.1"))
    assert hotline("--reconcile", *DAYS)[0] == 0, "a rotated file is read, too"
    cel.with_name("cel.csv.1").write_text("")
    code, out, _ = hotline("--reconcile", *DAYS)
    assert code == 1
    assert out.startswith("unknown_contact  c  ")
    code, out, _ = hotline("--reconcile", *DAYS, "--json")
    found = json.loads(out)
    assert (code, found["well"], found["differences"][0]["kind"]) == (1, False, "unknown_contact")
    cel.with_name("cel.csv.1").unlink()
    code, _, error = hotline("--reconcile", *DAYS)
    assert (code, error) == (1, "hotline: there is no CEL to compare with; name one with --cel\n")
    assert hotline()[0] == 2
