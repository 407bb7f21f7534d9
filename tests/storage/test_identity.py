"""People, their passwords and their sessions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import event, select

from center.auditing import Append
from messages.errors import Invalid, NotFound, Unavailable
from messages.ids import AgentId, UserId
from messages.principal import Origin, Principal
from messages.values import Role
from storage.database import Database
from storage.identity import Identity, IdentitySettings, PasswordRules, Protection, TotpSettings
from storage.migrations import upgrade
from storage.tables import tokens, users
from tests.center.world import START
from tests.postgres_fixture import PostgresServer

LI = UserId("li")
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class Clock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


def identity_of(database: Database, clock: Clock, keys: str = "nowhere", audit: Append | None = None) -> Identity:
    """Return an Identity whose sessions last an hour."""
    lock_out = Protection(failures=3, address_failures=6, delay_s=300, delay_at_most_s=1000, recheck_s=30, overlap_s=60)
    settings = IdentitySettings(
        lock_out=lock_out,
        passwords=PasswordRules(length=1, kinds=1),
        totp=TotpSettings(required=(Role.ADMIN,)),
        keys_dir=keys,
    )
    return Identity(database, clock, 3600.0, settings, QUICK, audit=audit)


@pytest.fixture
def clock() -> Clock:
    """Give a clock."""
    return Clock()


@pytest.fixture
async def identity(database: Database, clock: Clock) -> AsyncIterator[Identity]:
    """Give an Identity that knows Li, agent a1 and supervisor."""
    identity = identity_of(database, clock)
    await identity.set_user(LI, "secret", [Role.AGENT, Role.SUPERVISOR], AgentId("a1"), name="Li", tenant="county")
    yield identity


async def test_a_person_logs_in_and_is_known_by_the_token(identity: Identity) -> None:
    session = await identity.log_in("li", "secret")
    assert session is not None
    assert session.expires_at == START + timedelta(hours=1)
    assert session.principal == Principal(
        user=LI, name="Li", roles=(Role.AGENT, Role.SUPERVISOR), agent=AgentId("a1"), tenant="county"
    )
    assert await identity.authenticate(session.token) == session
    assert session.token not in repr(session)


@pytest.mark.parametrize(
    ("user", "password"),
    [("li", "wrong"), ("li", ""), ("nobody", "secret"), ("", ""), ("li\0", "secret"), ("li", "secret" * 1000)],
)
async def test_whoever_is_wrong_is_let_in_nowhere(identity: Identity, user: str, password: str) -> None:
    assert await identity.log_in(user, password) is None


@pytest.mark.parametrize("token", ["", "x", "\0", "\ud800", "a" * 100_000, "' OR 1=1 --"])
async def test_a_made_up_token_is_nobody(identity: Identity, token: str) -> None:
    assert await identity.authenticate(token) is None


async def test_neither_passwords_nor_tokens_stand_in_the_database(identity: Identity, database: Database) -> None:
    session = await identity.log_in("li", "secret")
    assert session is not None
    async with database.reading() as connection:
        kept = [*(await connection.execute(select(tokens))), *(await connection.execute(select(users)))]
    assert session.token not in str(kept)
    assert "'secret'" not in str(kept)
    assert "$argon2id$" in str(kept)


async def test_a_request_with_a_known_token_costs_no_query(identity: Identity, database: Database) -> None:
    session = await identity.log_in("li", "secret")
    assert session is not None
    asked: list[str] = []
    event.listen(database.engine.sync_engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    for _ in range(100):
        assert await identity.authenticate(session.token) == session
    assert asked == []


async def test_a_session_ends_in_time(identity: Identity, clock: Clock) -> None:
    session = await identity.log_in("li", "secret")
    assert session is not None
    for _ in range(119):
        clock.wait(30)
        assert await identity.authenticate(session.token) == session
    clock.wait(29)
    assert await identity.authenticate(session.token) is not None
    clock.wait(1)
    assert await identity.authenticate(session.token) is None


async def test_a_revoked_token_ends_at_once_here_and_soon_elsewhere(
    identity: Identity, database: Database, clock: Clock
) -> None:
    session, other = await identity.log_in("li", "secret"), identity_of(database, clock)
    assert session is not None
    assert await other.authenticate(session.token) == session
    await identity.revoke(session.token)
    await identity.revoke(session.token)
    assert await identity.authenticate(session.token) is None
    clock.wait(30)
    assert await other.authenticate(session.token) is None


async def test_a_token_is_refreshed_and_the_old_one_ends_shortly(identity: Identity, clock: Clock) -> None:
    old = await identity.log_in("li", "secret")
    assert old is not None
    clock.wait(1800)
    new = await identity.refresh(old.token)
    assert new is not None
    assert (new.principal, new.expires_at) == (old.principal, START + timedelta(seconds=5400))
    assert await identity.authenticate(old.token) is not None
    clock.wait(60)
    assert await identity.authenticate(old.token) is None
    assert await identity.refresh(old.token) is None
    assert await identity.authenticate(new.token) == new


async def test_a_session_ended_elsewhere_is_not_refreshed(identity: Identity, database: Database, clock: Clock) -> None:
    session, other = await identity.log_in("li", "secret"), identity_of(database, clock)
    assert session is not None
    assert await other.authenticate(session.token) == session
    await identity.end_session(session.id, UserId("boss"))
    assert await other.refresh(session.token) is None


async def test_sessions_are_listed_with_where_they_are_from_and_ended_one_by_one(
    identity: Identity, clock: Clock
) -> None:
    desk, phone = Origin(address="10.0.0.7", client="Firefox"), Origin(address="10.0.0.8", client="x" * 5000)
    first = await identity.log_in("li", "secret", origin=desk)
    clock.wait(600)
    second = await identity.log_in("li", "secret", origin=phone)
    assert first is not None and second is not None
    ended: list[frozenset[str]] = []
    identity.listeners.append(ended.append)
    listed = await identity.sessions_of(LI)
    assert [(one.id, one.address, one.client[:7], one.used_at) for one in listed] == [
        (second.id, "10.0.0.8", "xxxxxxx", START + timedelta(seconds=600)),
        (first.id, "10.0.0.7", "Firefox", START),
    ]
    assert len(listed[0].client) == 200
    clock.wait(31)
    assert await identity.authenticate(first.token) is not None
    assert (await identity.sessions_of(LI))[0].used_at == START + timedelta(seconds=631), "the last used first"
    again = await identity.refresh(first.token)
    assert again is not None
    assert again.id == first.id, "a session keeps its name as its token changes"
    assert len(await identity.sessions_of(LI)) == 2
    await identity.end_session(first.id, UserId("boss"))
    assert ended == [frozenset({first.id})]
    assert await identity.authenticate(again.token) is None
    assert await identity.authenticate(first.token) is None
    assert await identity.authenticate(second.token) is not None
    await identity.end_sessions(LI, UserId("boss"))
    assert await identity.sessions_of(LI) == []
    assert await identity.authenticate(second.token) is None


async def test_a_session_is_refreshed_for_a_week_and_no_longer(identity: Identity, clock: Clock) -> None:
    session = await identity.log_in("li", "secret")
    assert session is not None
    for _ in range(7 * 24 * 2 - 1):
        clock.wait(1800)
        session = await identity.refresh(session.token)
        assert session is not None
    assert session.expires_at == START + timedelta(days=7)
    assert [one.created_at for one in await identity.sessions_of(LI)] == [START]
    clock.wait(1799)
    last = await identity.refresh(session.token)
    assert last is not None
    clock.wait(1)
    assert await identity.refresh(last.token) is None


async def test_a_success_clears_earlier_failures(identity: Identity) -> None:
    for _ in range(4):
        assert await identity.log_in("li", "wrong") is None
        assert await identity.log_in("li", "wrong") is None
        assert await identity.log_in("li", "secret") is not None


async def test_many_attempts_at_once_are_no_way_round_the_lock_out(identity: Identity) -> None:
    tried = 0
    verify = identity.passwords.fit

    async def counting(stored: str | None, password: str) -> bool:
        nonlocal tried
        tried += stored is not None
        return await verify(stored, password)

    identity.passwords.fit = counting  # type: ignore[method-assign]
    assert set(await asyncio.gather(*(identity.log_in("li", str(n)) for n in range(20)))) == {None}
    assert tried == 3


async def test_a_changed_or_disabled_person_is_logged_out(identity: Identity, clock: Clock) -> None:
    session = await identity.log_in("li", "secret")
    assert session is not None
    await identity.set_user(LI, "other", [Role.LEADER])
    assert await identity.authenticate(session.token) is None
    assert await identity.log_in("li", "secret") is None
    session = await identity.log_in("li", "other")
    assert session is not None
    assert session.principal == Principal(user=LI, name="li", roles=(Role.LEADER,))
    await identity.disable(LI)
    assert await identity.authenticate(session.token) is None
    clock.wait(1000)
    assert await identity.log_in("li", "other") is None
    with pytest.raises(NotFound):
        await identity.disable(UserId("nobody"))


async def test_roles_taken_away_are_gone_from_sessions_that_go_on(
    identity: Identity, database: Database, clock: Clock
) -> None:
    session = await identity.log_in("li", "secret")
    assert session is not None
    async with database.writing() as connection:
        await connection.execute(users.update().values(roles=["agent", "admin", "of_a_later_version"]))
    clock.wait(30)
    now = await identity.authenticate(session.token)
    assert now is not None
    assert now.principal.roles == (Role.AGENT,)


@pytest.mark.parametrize(
    ("user", "password"), [("", "x"), ("x" * 65, "x"), ("a\nb", "x"), ("x", ""), ("x", "y" * 1025)]
)
async def test_people_without_a_fit_name_or_password_are_refused(identity: Identity, user: str, password: str) -> None:
    with pytest.raises(Invalid):
        await identity.set_user(UserId(user), password, [Role.AGENT])


async def test_known_sessions_go_on_while_the_database_is_away(postgres_server: PostgresServer, clock: Clock) -> None:
    async with Database(postgres_server.new_database()) as database:
        await upgrade(database)
        identity = identity_of(database, clock)
        await identity.set_user(LI, "secret", [Role.AGENT])
        session = await identity.log_in("li", "secret")
        assert session is not None
        postgres_server.stop()
        try:
            clock.wait(600)
            assert await identity.authenticate(session.token) == session
            with pytest.raises(Unavailable):
                await identity.authenticate("another")
            with pytest.raises(Unavailable):
                await identity.log_in("li", "secret")
            clock.wait(3000)
            with pytest.raises(Unavailable):
                await identity.authenticate(session.token)
        finally:
            postgres_server.start()


async def test_old_tokens_are_swept_away(identity: Identity, database: Database, clock: Clock) -> None:
    for _ in range(3):
        await identity.log_in("li", "secret")
        clock.wait(2 * 86_400)
    async with database.reading() as connection:
        assert len((await connection.execute(select(tokens))).all()) == 1
