"""One-time codes: enrolled, asked for, good once; recovery codes; required by role."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
from sqlalchemy import select

from messages.errors import Invalid, TotpRequired, WrongCredentials
from messages.ids import UserId
from messages.principal import ENROL_TOTP, Origin, Session
from messages.values import Role
from storage.database import Database
from storage.identity import Identity
from storage.recordings.sealing import Broken
from storage.tables import recovery_codes, users
from tests.storage.test_identity import LI, Clock, identity_of
from tests.storage.trails import trail_in

HERE = Origin()
WU = UserId("wu")


@pytest.fixture
def clock() -> Clock:
    """Give a clock."""
    return Clock()


@pytest.fixture
async def identity(database: Database, clock: Clock, tmp_path: Path) -> AsyncIterator[Identity]:
    """Give an Identity that knows Li, and Wu, an administrator, of whom codes are required."""
    identity = identity_of(database, clock, str(tmp_path / "identity-keys"), trail_in(database, tmp_path).append)
    await identity.set_user(LI, "secret", [Role.AGENT])
    await identity.set_user(WU, "secret", [Role.ADMIN])
    yield identity


class Phone:
    """An authenticator app."""

    def __init__(self, uri: str, clock: Clock) -> None:
        self._totp = pyotp.parse_uri(uri)
        self._clock = clock

    def code(self, steps: int = 0) -> str:
        """Return what it shows, some steps of 30 s from now."""
        assert isinstance(self._totp, pyotp.TOTP)
        return self._totp.at(self._clock.now + timedelta(seconds=30 * steps))


async def _in(identity: Identity, user: str = "li", code: str = "") -> Session:
    session = await identity.log_in(user, "secret", code)
    assert session is not None
    return session


async def _enrolled(identity: Identity, clock: Clock, user: str = "li") -> tuple[Phone, tuple[str, ...], Session]:
    session = await _in(identity, user)
    secret, uri = await identity.begin_totp(session, "secret", HERE)
    assert f"secret={secret}" in uri and "issuer=12345" in uri
    phone = Phone(uri, clock)
    session, codes = await identity.confirm_totp(session, phone.code(), HERE)
    return phone, codes, session


async def test_once_enrolled_a_log_in_wants_a_code(identity: Identity, clock: Clock) -> None:
    before = await _in(identity)
    phone, codes, session = await _enrolled(identity, clock)
    assert len(set(codes)) == 10
    assert await identity.authenticate(before.token) is None, "sessions from before are over"
    assert await identity.authenticate(session.token) == session
    with pytest.raises(TotpRequired):
        await identity.log_in("li", "secret")
    clock.wait(30)
    await _in(identity, code=phone.code())
    assert await identity.log_in("li", "secret", "000000") is None
    assert [one.totp for one in await identity.people()] == [True, False]


async def test_a_code_is_asked_for_only_after_the_right_password(identity: Identity, clock: Clock) -> None:
    await _enrolled(identity, clock)
    assert await identity.log_in("li", "wrong") is None
    for _ in range(10):
        with pytest.raises(TotpRequired):
            await identity.log_in("li", "secret")


async def test_a_code_is_good_once_even_for_two_at_once(identity: Identity, clock: Clock) -> None:
    phone, _, _ = await _enrolled(identity, clock)
    assert await identity.log_in("li", "secret", phone.code()) is None, "spent at the enrolment"
    clock.wait(30)
    made = await asyncio.gather(*(identity.log_in("li", "secret", phone.code()) for _ in range(2)))
    assert [one is None for one in made].count(False) == 1
    clock.wait(30)
    assert await identity.log_in("li", "secret", phone.code(-1)) is None, "older than the last one used"


async def test_a_phone_whose_clock_is_a_little_off_still_works(identity: Identity, clock: Clock) -> None:
    phone, _, _ = await _enrolled(identity, clock)
    clock.wait(90)
    await _in(identity, code=phone.code(-1))
    clock.wait(90)
    code = phone.code(1)
    await _in(identity, code=f"{code[:3]} {code[3:]}")
    clock.wait(300)
    assert await identity.log_in("li", "secret", phone.code(-2)) is None
    assert await identity.log_in("li", "secret", phone.code(2)) is None


async def test_a_recovery_code_is_good_once(identity: Identity, database: Database, clock: Clock) -> None:
    _, codes, _ = await _enrolled(identity, clock)
    await _in(identity, code=codes[3].upper().replace("-", " "))
    assert await identity.log_in("li", "secret", codes[3]) is None
    async with database.reading() as connection:
        rows = (await connection.execute(select(recovery_codes))).all()
    assert len(rows) == 9
    assert not any(code in str(rows) or code.replace("-", "") in str(rows) for code in codes)


async def test_wrong_codes_lock_out_like_wrong_passwords(identity: Identity, clock: Clock) -> None:
    phone, _, _ = await _enrolled(identity, clock)
    clock.wait(30)
    for code in ("000000", "１２３４５６", "x" * 64):
        assert await identity.log_in("li", "secret", code) is None
    assert await identity.log_in("li", "secret", phone.code()) is None
    clock.wait(300)
    await _in(identity, code=phone.code())


async def test_a_secret_counts_only_once_a_code_of_it_was_given(
    identity: Identity, database: Database, clock: Clock, tmp_path: Path
) -> None:
    session = await _in(identity)
    with pytest.raises(WrongCredentials):
        await identity.begin_totp(session, "wrong", HERE)
    with pytest.raises(Invalid):
        await identity.confirm_totp(session, "123456", HERE)
    await identity.begin_totp(session, "secret", HERE)
    with pytest.raises(Invalid):
        await identity.confirm_totp(session, "123456", HERE)
    await _in(identity)
    entries, _ = await trail_in(database, tmp_path).entries(action="session.totp")
    assert [one["result"] for one in entries] == ["refused"], "the wrong password; nothing was enrolled"


async def test_where_the_role_needs_codes_a_session_is_good_for_enrolling_only(
    identity: Identity, clock: Clock
) -> None:
    session = await _in(identity, "wu")
    assert (session.must, session.principal.scopes) == (ENROL_TOTP, frozenset({"session.totp", "session.close"}))
    _, _, session = await _enrolled(identity, clock, "wu")
    assert (session.must, session.principal.scopes) == ("", None)
    with pytest.raises(Invalid):
        await identity.drop_totp(session, "secret", HERE)


async def test_a_second_factor_is_removed_by_its_owner_or_for_them(identity: Identity, clock: Clock) -> None:
    _, _, session = await _enrolled(identity, clock)
    with pytest.raises(Invalid):
        await identity.begin_totp(session, "secret", HERE)
    await identity.drop_totp(session, "secret", HERE)
    await _in(identity)
    clock.wait(60)
    _, codes, _ = await _enrolled(identity, clock)
    await identity.reset_totp(LI, UserId("boss"))
    await _in(identity)
    assert await identity.log_in("li", "secret", codes[0]) is not None, "a code too many does no harm"


async def test_a_secret_from_the_database_is_worth_nothing_without_the_key_or_for_another(
    identity: Identity, database: Database, clock: Clock
) -> None:
    phone, _, _ = await _enrolled(identity, clock)
    async with database.writing() as connection:
        kept = (await connection.execute(select(users.c.totp).where(users.c.id == "li"))).scalar_one()
        await connection.execute(users.update().where(users.c.id == "wu").values(totp=kept))
    assert "secret" not in kept
    clock.wait(30)
    with pytest.raises(Broken):
        await identity.log_in("wu", "secret", phone.code())
