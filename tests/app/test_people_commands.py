"""`hotline user` and `hotline token`, as they are typed."""

from __future__ import annotations

import asyncio
import io
import sys

import pytest

from app.wiring import now
from messages.principal import Session
from storage.database import Database
from storage.identity import Identity
from tests.app.test_flow_commands import Hotline, hotline

__all__ = ["hotline"]

DB = ("--db", "sqlite:///people.db")
PASSWORD = "Streetlight-7"


def _add(hotline: Hotline, monkeypatch: pytest.MonkeyPatch, password: str, *more: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{password}\n"))
    return hotline(*DB, "user", "add", "li", "--role", "agent", *more)


def _log_in(password: str) -> Session | None:
    async def work() -> Session | None:
        async with Database(DB[1]) as database:
            return await Identity(database, now).log_in("li", password)

    return asyncio.run(work())


def _session(token: str) -> Session | None:
    async def work() -> Session | None:
        async with Database(DB[1]) as database:
            return await Identity(database, now).authenticate(token)

    return asyncio.run(work())


def test_a_person_is_added_reset_and_disabled(hotline: Hotline, monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, err = _add(hotline, monkeypatch, "12345")
    assert (code, "10 to" in err) == (1, True)
    assert _add(hotline, monkeypatch, PASSWORD)[0] == 0
    assert _log_in(PASSWORD) is not None
    code, given, _ = hotline(*DB, "user", "reset", "li")
    assert code == 0
    assert _log_in(PASSWORD) is None
    session = _log_in(given.strip())
    assert session is not None
    assert session.must == "change_password"
    assert "must change the password" in hotline(*DB, "user", "list")[1]
    assert hotline(*DB, "user", "unlock", "li")[0] == 0
    assert hotline(*DB, "user", "disable", "li")[0] == 0
    assert _log_in(given.strip()) is None
    assert hotline(*DB, "user", "disable", "nobody")[0] == 1


def test_a_token_is_made_listed_and_taken_back(hotline: Hotline) -> None:
    assert hotline(*DB, "user", "add", "cases", "--role", "case_system", "--no-password")[0] == 0
    make = (*DB, "token", "add", "cases", "--name", "sync", "--scope")
    code, _, err = hotline(*make, "session.refresh")
    assert (code, "session.refresh: give some of" in err) == (1, True)
    code, token, _ = hotline(*make, "contacts.read", "--scope", "stream")
    assert code == 0
    session = _session(token.strip())
    assert session is not None
    assert session.principal.scopes == frozenset({"contacts.read", "stream"})
    line = hotline(*DB, "token", "list")[1]
    name = line.split("\t")[0]
    assert ("sync" in line, token.strip() in line) == (True, False)
    assert hotline(*DB, "token", "revoke", name)[0] == 0
    assert _session(token.strip()) is None
    assert hotline(*DB, "token", "revoke", name)[0] == 1
    assert hotline(*DB, "token", "list")[1] == ""
