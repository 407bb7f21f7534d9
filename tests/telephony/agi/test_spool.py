"""Spooled missed calls are read, oldest first; what is none is set aside."""

from __future__ import annotations

from pathlib import Path

import pytest
import structlog

from telephony.agi.spool import read_spool

GOOD = '{"contact":"%s","number":"138","taken":"%s","ended":"2026-11-24T06:00:00+00:00","recording":null}'


def test_missed_calls_are_read_oldest_first(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(GOOD % ("late", "2026-11-24T05:00:00.5+00:00"))
    (tmp_path / "b.json").write_text(GOOD % ("early", "2026-11-24T12:59:59+08:00"))
    (tmp_path / ".c.new").write_text("half")
    assert [(path.name, call.contact) for path, call in read_spool(tmp_path)] == [
        ("b.json", "early"),
        ("a.json", "late"),
    ]


def test_no_directory_is_no_missed_call(tmp_path: Path) -> None:
    assert read_spool(tmp_path / "none") == []


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"{",
        b"[]",
        b'{"contact":"x"}',
        b"\xff\xfe",
        (GOOD % ("naive", "2026-11-24T05:00:00")).encode(),
        (GOOD % ("x" * 70_000, "2026-11-24T05:00:00+00:00")).encode(),
        b"[" * 60_000,
    ],
)
def test_what_is_no_missed_call_is_set_aside_once(tmp_path: Path, bad: bytes) -> None:
    (tmp_path / "bad.json").write_bytes(bad)
    (tmp_path / "good.json").write_text(GOOD % ("n1-1.2", "2026-11-24T05:00:00+00:00"))
    with structlog.testing.capture_logs() as logs:
        assert [call.contact for _, call in read_spool(tmp_path)] == ["n1-1.2"]
    assert [(entry["log_level"], entry["bad"]) for entry in logs] == [("error", 1)]
    assert (tmp_path / "bad.bad").read_bytes() == bad
    with structlog.testing.capture_logs() as logs:
        assert len(read_spool(tmp_path)) == 1
    assert logs == []


def test_a_file_that_cannot_be_read_stays_for_the_next_time(tmp_path: Path) -> None:
    (tmp_path / "dangling.json").symlink_to("gone")
    (tmp_path / "directory.json").mkdir()
    with structlog.testing.capture_logs() as logs:
        assert read_spool(tmp_path) == []
    assert len(logs) == 2
    assert (tmp_path / "directory.json").is_dir()
