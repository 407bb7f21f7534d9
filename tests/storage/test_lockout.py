"""Lock-out: each failure more makes one wait longer; by user and by address; nobody learns who there is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select

from messages.errors import NotFound, Unavailable
from messages.ids import UserId
from messages.principal import Origin
from messages.values import Role
from storage.database import Database
from storage.identity import Identity
from storage.identity.lockout import address_key
from storage.tables import audit, lockouts
from tests.center.world import START
from tests.storage.test_identity import LI, Clock, identity_of
from tests.storage.trails import trail_in

BOSS = UserId("boss")


@pytest.fixture
def clock() -> Clock:
    """Give a clock."""
    return Clock()


@pytest.fixture
async def identity(database: Database, clock: Clock, tmp_path: Path) -> AsyncIterator[Identity]:
    """Give an Identity that knows Li, and locks out after three failures for 300 s."""
    identity = identity_of(database, clock, audit=trail_in(database, tmp_path).append)
    await identity.set_user(LI, "secret", [Role.AGENT], tenant="county", by=BOSS)
    yield identity


async def _fails(identity: Identity, times: int, user: str = "li", address: str = "") -> None:
    for _ in range(times):
        assert await identity.log_in(user, "wrong", origin=Origin(address=address)) is None


async def _waits(identity: Identity, clock: Clock, user: str = "li") -> float:
    """Return for how many seconds the right password is refused."""
    began = clock.now
    while await identity.log_in(user, "secret") is None:
        clock.wait(50)
        assert clock.now - began < timedelta(seconds=5000)
    return (clock.now - began).total_seconds()


async def test_each_failure_more_doubles_the_wait_up_to_the_longest(identity: Identity, clock: Clock) -> None:
    await _fails(identity, 2)
    assert await _waits(identity, clock) == 0
    for already, wait in ((3, 300), (4, 600), (5, 1000), (6, 1000)):
        await _fails(identity, 3)
        for more in range(already - 3):
            clock.wait((300, 600, 1000)[min(more, 2)])
            await _fails(identity, 1)
        assert await _waits(identity, clock) == wait, already


async def test_while_one_must_wait_tries_count_nothing_and_a_success_clears_all(
    identity: Identity, clock: Clock
) -> None:
    await _fails(identity, 20)
    assert await _waits(identity, clock) == 300
    await _fails(identity, 2)
    assert await _waits(identity, clock) == 0


async def test_failures_of_yesterday_count_no_more(identity: Identity, clock: Clock) -> None:
    await _fails(identity, 2)
    clock.wait(86_401)
    await _fails(identity, 2)
    assert await _waits(identity, clock) == 0


async def test_a_name_nobody_has_is_answered_counted_and_asked_for_as_one_that_somebody_has(
    identity: Identity, database: Database
) -> None:
    asked = {}
    for user in ("li", "nobody"):
        statements: list[str] = []
        note = lambda *args, into=statements: into.append(args[2])  # noqa: E731
        event.listen(database.engine.sync_engine, "before_cursor_execute", note)
        await _fails(identity, 1, user)
        event.remove(database.engine.sync_engine, "before_cursor_execute", note)
        asked[user] = statements
        await _fails(identity, 4, user)
    assert asked["li"] == asked["nobody"]
    async with database.reading() as connection:
        rows = (await connection.execute(select(lockouts))).all()
    counted = {(row.failures, row.until) for row in rows}
    assert counted == {(3, START + timedelta(seconds=300))}
    assert "nobody" not in str(rows), "what is typed in the place of a name may be a password"


async def test_an_address_that_tries_many_names_must_wait_and_others_need_not(identity: Identity, clock: Clock) -> None:
    for number in range(6):
        await _fails(identity, 1, f"user{number}", "203.0.113.9")
    assert await identity.log_in("li", "secret", origin=Origin(address="203.0.113.9")) is None
    assert await identity.log_in("li", "secret", origin=Origin(address="203.0.113.10")) is not None
    await identity.unlock_address("203.0.113.9", BOSS)
    assert await identity.log_in("li", "secret", origin=Origin(address="203.0.113.9")) is not None


async def test_ones_own_log_in_does_not_clear_what_an_address_has_tried(identity: Identity) -> None:
    there = Origin(address="203.0.113.9")
    for number in range(5):
        await _fails(identity, 1, f"user{number}", there.address)
        assert await identity.log_in("li", "secret", origin=there) is not None
    await _fails(identity, 1, "user5", there.address)
    assert await identity.log_in("li", "secret", origin=there) is None


def test_an_ipv6_network_is_one_place() -> None:
    assert address_key("2001:db8:1:2:aaaa::1") == address_key("2001:db8:1:2:bbbb::2") != address_key("2001:db8:1:3::1")


async def test_an_administrator_unlocks_and_sees_who_is_locked_out(identity: Identity) -> None:
    await _fails(identity, 3)
    [li] = await identity.people()
    assert li.locked_until == START + timedelta(seconds=300)
    await identity.unlock(LI, BOSS)
    [li] = await identity.people()
    assert li.locked_until is None
    assert await identity.log_in("li", "secret") is not None
    with pytest.raises(NotFound):
        await identity.unlock(UserId("nobody"), BOSS)


async def test_log_ins_refusals_and_locks_are_audited_but_no_password(
    identity: Identity, database: Database, tmp_path: Path
) -> None:
    origin = Origin(address="10.0.0.7")
    assert await identity.log_in("li", "secret", origin=origin) is not None
    for _ in range(9):
        await identity.log_in("li", "wrong-pass", origin=origin)
    await identity.log_in("pass-in-the-wrong-place", "x", origin=origin)
    await identity.unlock(LI, BOSS)
    entries, _ = await trail_in(database, tmp_path).entries()
    told = [(one["by"], one["action"], one["result"], one["why"][:13]) for one in reversed(entries)]
    assert told == [
        ("boss", "people.set", "granted", ""),
        ("li", "session.open", "granted", ""),
        ("li", "session.open", "refused", "wrong"),
        ("li", "session.open", "refused", "wrong"),
        ("li", "session.open", "refused", "wrong; user l"),
        ("?", "session.open", "refused", "wrong"),
        ("boss", "people.unlock", "granted", ""),
    ], "what had to wait writes no further rows: a flood does not fill the audit"
    assert {one["about"] for one in entries if one["action"] == "session.open"} == {"from 10.0.0.7"}
    assert "pass" not in str([list(one.values()) for one in entries])


async def test_nobody_comes_in_where_nothing_can_be_audited(identity: Identity, database: Database) -> None:
    async with database.writing() as connection:
        await connection.run_sync(audit.drop)
    with pytest.raises(Unavailable):
        await identity.log_in("li", "secret")
    assert await identity.sessions_of(LI) == []
