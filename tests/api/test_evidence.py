"""Evidence and legal holds over REST: for whom, audited first, and with which numbers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from messages.audit import AuditEntry
from messages.errors import Unavailable
from messages.values import Role
from storage.audit.trail import AuditTrail
from storage.database import Database
from storage.evidence import verify
from storage.migrations import upgrade
from storage.queries import Queries
from storage.recordings.holds import Holds
from storage.tables import contacts
from tests.api.house import House, now, open_house
from tests.storage.evidence.office import NUMBER, Office


class Court:
    """A house whose office makes evidence of contact c1."""

    def __init__(self, house: House, office: Office, database: Database) -> None:
        self.house = house
        self.office = office
        self.database = database

    async def ask(self, token: str, body: Any, contact: str = "c1") -> tuple[int, bytes]:
        """Ask for evidence; return status and what came."""
        url = f"{self.house.rest}/api/v1/contacts/{contact}/evidence"
        sent = {"Authorization": f"Bearer {token}"}
        async with self.house.session.post(url, json=body, headers=sent) as answer:
            return answer.status, await answer.read()

    async def audited(self) -> list[tuple[str, str, str, str]]:
        """Return what was written down, the oldest first."""
        entries, _ = await self.office.audit.entries()
        return [(e["by"], e["action"], e["about"], e["result"]) for e in entries[::-1]]


@pytest.fixture
async def court(tmp_path: Path) -> AsyncIterator[Court]:
    """Give a house with evidence to be made."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database(f"sqlite:///{tmp_path / 'hotline.db'}"))
        await upgrade(database)
        office = Office(tmp_path, database)
        await office.fill(database)
        kept: dict[str, Any] = {
            "history": Queries(database),
            "audit": office.audit,
            "evidence": office.evidence,
            "holds": Holds(database, now),
        }
        yield Court(await stack.enter_async_context(open_house(kept=kept)), office, database)


async def test_an_archive_comes_back_that_verifies_and_its_making_is_in_its_own_audit(court: Court) -> None:
    token = court.house.token(Role.AUDITOR, user="zhao")
    status, content = await court.ask(token, {"purpose": "a court asks"})
    assert status == 200
    path = court.office.directory / "came.zip"
    path.write_bytes(content)
    archive = verify.Archive(path)
    assert list(verify.faults(archive, court.office.key.public())) == []
    audit = b"".join(archive.pieces("audit.jsonl"))
    assert b'"action":"evidence.make"' in audit
    assert NUMBER.encode() not in b"".join(b"".join(archive.pieces(name)) for name in archive.names())
    assert (await court.audited())[-2:] == [
        ("zhao", "evidence.make", "numbers masked", "asked"),
        ("zhao", "evidence.make", "numbers masked", "granted"),
    ]
    assert list((court.office.directory / "work").iterdir()) == []


async def test_who_may_have_it_made_and_with_whole_numbers(court: Court) -> None:
    masked, whole = {"purpose": "x"}, {"purpose": "x", "numbers": "whole"}
    may = {role for role in Role if (await court.ask(court.house.token(role), masked))[0] == 200}
    assert may == {Role.SUPERVISOR, Role.AUDITOR, Role.ADMIN}
    assert (await court.ask(court.house.token(Role.SUPERVISOR), whole))[0] == 200
    async with court.database.writing() as connection:
        await connection.execute(update(contacts).values(confidential=True))
    assert {role: (await court.ask(court.house.token(role), whole))[0] for role in sorted(may)} == {
        Role.ADMIN: 200,
        Role.AUDITOR: 200,
        Role.SUPERVISOR: 403,
    }
    refused = [entry[1:3] for entry in await court.audited() if entry[3] == "refused"]
    assert refused == [("evidence.make", "")] * (len(Role) - len(may)) + [("evidence.make", "numbers whole")]
    assert (await court.ask(court.house.token(Role.SUPERVISOR), masked))[0] == 200
    assert (await court.ask(court.house.token(Role.AUDITOR, tenant="south"), masked))[0] == 404


async def test_without_a_purpose_a_contact_or_the_audit_there_is_none(
    court: Court, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = court.house.token(Role.ADMIN)
    for body in ({}, {"purpose": ""}, {"purpose": "  "}, {"purpose": "x", "numbers": "all"}):
        assert (await court.ask(token, body))[0] == 422
    assert (await court.ask(token, {"purpose": "x"}, "nobody"))[0] == 404

    async def away(self: AuditTrail, entry: AuditEntry) -> int:
        raise Unavailable("the database is away")

    monkeypatch.setattr(AuditTrail, "append", away)
    status, content = await court.ask(token, {"purpose": "x"})
    assert (status, content[:2] == b"PK") == (503, False)


async def test_auditors_and_admins_hold_and_release_and_supervisors_see_it(court: Court) -> None:
    house, path = court.house, "contacts/c1/hold"
    auditor, supervisor = house.token(Role.AUDITOR, user="zhao"), house.token(Role.SUPERVISOR)
    assert (await house.ask("GET", path, supervisor))[0] == 404
    assert (await house.ask("PUT", path, supervisor, {"reason": "a lawsuit"}))[0] == 403
    assert (await house.ask("PUT", path, auditor, {}))[0] == 422
    status, held = await house.ask("PUT", path, auditor, {"reason": "a lawsuit"})
    assert (status, held["reason"], held["by"]) == (200, "a lawsuit", "zhao")
    assert (await house.ask("GET", path, supervisor))[1] == held
    assert (await house.ask("PUT", "contacts/nobody/hold", auditor, {"reason": "x"}))[0] == 404
    assert (await house.ask("DELETE", path, auditor))[0] == 422, "why?"
    assert (await house.ask("DELETE", f"{path}?reason=settled", supervisor))[0] == 403
    assert (await house.ask("DELETE", f"{path}?reason=settled", auditor))[0] == 204
    assert (await house.ask("DELETE", f"{path}?reason=settled", auditor))[0] == 404
    entries, _ = await court.office.audit.entries(contact="c1")
    acts = [(e["by"], e["action"], e["purpose"], e["result"]) for e in entries[::-1] if e["by"] == "zhao"]
    assert acts[1:] == [
        ("zhao", "recordings.hold", "a lawsuit", "asked"),
        ("zhao", "recordings.hold", "a lawsuit", "granted"),
        ("zhao", "recordings.release", "settled", "asked"),
        ("zhao", "recordings.release", "settled", "granted"),
        ("zhao", "recordings.release", "settled", "asked"),
        ("zhao", "recordings.release", "settled", "refused"),
    ]
    assert {(e["action"], e["result"]) for e in entries if e["by"] != "zhao"} == {
        ("recordings.hold", "refused"),
        ("recordings.release", "refused"),
    }
