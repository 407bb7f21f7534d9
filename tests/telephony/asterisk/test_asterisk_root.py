"""The development root: which Asterisk will do, and what is said where none can be built."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from telephony.asterisk.root import RootUnavailable, asterisk_version, build_root, check_version, default_root


@pytest.mark.parametrize(
    ("banner", "version"),
    [
        ("Asterisk 22.10.1+dfsg+~cs6.17.60671434-1", "22.10.1"),
        ("Asterisk 22.12.0", "22.12.0"),
        ("Asterisk certified/22.10.1-cert1", "22.10.1"),
        ("Asterisk 23.0.0", "23.0.0"),
    ],
)
def test_a_usable_version_is_accepted(banner: str, version: str) -> None:
    assert check_version(banner) == version


@pytest.mark.parametrize("banner", ["Asterisk 22.10.0", "Asterisk 20.15.2", "Asterisk 22.11.0", "", "not found"])
def test_an_unusable_version_is_refused(banner: str) -> None:
    with pytest.raises(RootUnavailable):
        check_version(banner)


def test_the_root_is_kept_in_the_users_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_root().parent == tmp_path / "hotline"


@pytest.mark.integration
def test_the_root_holds_an_asterisk_we_can_use_and_names_this_host(asterisk_root: Path) -> None:
    assert asterisk_version(asterisk_root)
    assert (asterisk_root / "usr/bin/sipp").exists()
    assert socket.gethostname() in (asterisk_root / "etc/hosts").read_text()
    assert (asterisk_root / "etc/resolv.conf").read_text() == ""


@pytest.mark.integration
def test_a_root_that_is_there_is_not_built_again(asterisk_root: Path) -> None:
    said: list[str] = []
    before = (asterisk_root / "usr").stat().st_ctime_ns
    assert build_root(asterisk_root, said.append) == asterisk_root
    assert said == []
    assert (asterisk_root / "usr").stat().st_ctime_ns == before


def test_elsewhere_it_says_what_is_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(RootUnavailable, match=r"needs (root|Debian).*docker compose up"):
        build_root(tmp_path / "root", lambda line: None)
    assert list(tmp_path.iterdir()) == []
