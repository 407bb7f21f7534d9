"""What a password must be, changing one's own, and one that must be changed."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from messages.errors import Invalid, WrongCredentials
from messages.ids import UserId
from messages.principal import CHANGE_PASSWORD, Origin, Session
from messages.values import Role
from storage.database import Database
from storage.identity import Identity, IdentitySettings, PasswordRules
from storage.identity.passwords import Passwords, temporary
from tests.storage.test_identity import LI, QUICK, Clock

FIRST, SECOND = "Streetlight-7", "Zebra crossing 8"
HERE = Origin(address="10.0.0.7")


@pytest.fixture
def clock() -> Clock:
    """Give a clock."""
    return Clock()


@pytest.fixture
async def identity(database: Database, clock: Clock) -> AsyncIterator[Identity]:
    """Give an Identity with the default rules that knows Li; passwords last 90 days."""
    identity = Identity(database, clock, 3600.0, IdentitySettings(passwords=PasswordRules(days=90)), QUICK)
    await identity.set_user(LI, FIRST, [Role.AGENT])
    yield identity


async def _in(identity: Identity, password: str) -> Session:
    session = await identity.log_in("li", password)
    assert session is not None
    return session


@pytest.mark.parametrize(
    "good",
    [
        FIRST,
        SECOND,
        "bridgeRepair1",
        "一二三四五六七八九十甲乙丙丁戊",
        "Wang-Li-2031x",
        pytest.param(temporary(), id="temporary"),
    ],
)
def test_good_passwords(good: str) -> None:
    Passwords(PasswordRules(), QUICK).check(good, "li")


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("Short-1", "10 to"),
        ("x" * 1025, "10 to"),
        ("abcdefghij", "mix 3"),
        ("abcdefghi1", "mix 3"),
        ("aaaaaaaaaaaaaaaaaaaa", "different"),
        ("Password12345!", "everybody"),
        ("Zhangwei-12345", "everybody"),
        ("Admin12345!!", "everybody"),
        ("with\nnewline-1A", "control"),
        ("with\0nul-12A", "control"),
    ],
)
def test_bad_passwords_are_told_what_is_wanted(bad: str, says: str) -> None:
    with pytest.raises(Invalid, match=says) as refused:
        Passwords(PasswordRules(), QUICK).check(bad, "zhangwei")
    assert bad not in str(refused.value)


async def test_one_changes_ones_own_password_and_other_sessions_end(identity: Identity) -> None:
    other, own = await _in(identity, FIRST), await _in(identity, FIRST)
    new = await identity.change_password(own, FIRST, SECOND, HERE)
    for ended in (other, own):
        assert await identity.authenticate(ended.token) is None
    assert await identity.authenticate(new.token) == new
    assert (new.must, new.principal.scopes) == ("", None)
    assert await identity.log_in("li", FIRST) is None
    await _in(identity, SECOND)


async def test_a_change_wants_the_present_password_and_another_new_one(identity: Identity) -> None:
    own = await _in(identity, FIRST)
    for old, new, error in ((SECOND, "Third-one-9", WrongCredentials), (FIRST, FIRST, Invalid), (FIRST, "x", Invalid)):
        with pytest.raises(error):
            await identity.change_password(own, old, new, HERE)
    assert await identity.authenticate(own.token) == own


async def test_a_stolen_session_is_no_way_to_try_passwords_out(identity: Identity, clock: Clock) -> None:
    own = await _in(identity, FIRST)
    for _ in range(5):
        with pytest.raises(WrongCredentials):
            await identity.change_password(own, "guess", SECOND, HERE)
    with pytest.raises(WrongCredentials):
        await identity.change_password(own, FIRST, SECOND, HERE)
    clock.wait(60)
    await identity.change_password(own, FIRST, SECOND, HERE)


async def test_after_a_reset_a_session_is_good_for_the_change_only(identity: Identity) -> None:
    before = await _in(identity, FIRST)
    given = await identity.reset_password(LI, UserId("boss"))
    assert await identity.authenticate(before.token) is None
    assert await identity.log_in("li", FIRST) is None
    session = await _in(identity, given)
    assert session.must == CHANGE_PASSWORD
    assert session.principal.scopes == frozenset({"session.password", "session.close"})
    known = await identity.authenticate(session.token)
    assert known is not None
    assert known.principal.scopes == session.principal.scopes
    after = await identity.change_password(session, given, SECOND, HERE)
    assert (after.must, after.principal.scopes) == ("", None)
    assert (await _in(identity, SECOND)).must == ""


async def test_who_has_no_password_is_given_none(identity: Identity) -> None:
    await identity.set_user(UserId("cases"), None, [Role.CASE_SYSTEM])
    with pytest.raises(Invalid):
        await identity.reset_password(UserId("cases"), UserId("boss"))


async def test_a_password_that_has_grown_old_must_be_changed(identity: Identity, clock: Clock) -> None:
    clock.wait(90 * 86_400 - 1)
    assert (await _in(identity, FIRST)).must == ""
    clock.wait(2)
    session = await _in(identity, FIRST)
    assert session.must == CHANGE_PASSWORD
    await identity.change_password(session, FIRST, SECOND, HERE)
    assert (await _in(identity, SECOND)).must == ""
