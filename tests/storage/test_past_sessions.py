"""Listening sessions that were: page by page, newest first, with each call heard, chosen by who and when."""

from __future__ import annotations

from typing import Any

import pytest

from messages import facts, requests
from messages.errors import Invalid
from messages.events import Entry
from messages.ids import AgentId, Phone, SessionId, UserId
from messages.values import Role
from storage.database import Database
from storage.queries import Queries
from tests.center.world import BY, NODE, QUEUE, World
from tests.storage.history import rows_of, write

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
async def history(database: Database) -> tuple[Queries, Rows]:
    """Give queries over a day of listening, and the rows of that day."""
    entries = listened()
    await write(database, entries)
    return Queries(database), rows_of(entries)


def listened() -> list[Entry]:
    """Return a day: three follow an agent through two calls, a foreign ChanSpy, too; leaders are refused; notes."""
    world = World(agents=1)
    world.ready("a1")
    asks: dict[str, Any] = {"purpose": "coaching", "roles": (Role.SUPERVISOR,), "agent": AgentId("a1")}
    sessions = []
    for n in range(3):
        asked = requests.StartListening(by=UserId(f"u{n}"), phone=Phone(f"200{n}"), **asks)
        sessions.append(SessionId(world.do(asked, 1).id))
    for call in ("c1", "c2"):
        world.come(call)
        world.answer(f"{call}/1")
        about: dict[str, Any] = {"node": NODE, "spied": f"{call}/1", "spyer": "PJSIP/2000-01"}
        for session in (*sessions, SessionId("u77")):
            world.do(facts.SpyStarted(occurred=world.now, session=session, **about), 1)
        world.hang_up(call)
        for session in (*sessions, SessionId("u77")):
            world.do(facts.SpyStopped(occurred=world.now, node=NODE, session=session), 1)
        world.wait(20)
    for n in range(6):
        asks |= {"agent": None, "queue": QUEUE, "roles": (Role.LEADER,)}
        asked = requests.StartListening(by=UserId(f"u{n}"), phone=Phone(f"210{n}"), **asks)
        session = SessionId(world.do(asked, 1).id)
        world.do(requests.DecideListening(by=BY, session=session, approved=False, reason="no"))
    for session in sessions[:2]:
        world.do(facts.SpyStopped(occurred=world.now, node=NODE, session=session, gone=True))
        world.do(requests.WriteListeningNote(by=UserId(f"u{sessions.index(session)}"), session=session, note="calm"))
    return world.entries


def newest_first(rows: Rows) -> list[dict[str, Any]]:
    """Return the sessions by when they were asked for, or, foreign, began."""
    return sorted(rows["listening"], key=lambda one: (one["requested_at"] or one["started_at"], one["session"]))[::-1]


@pytest.mark.parametrize("limit", [1, 7, 1000])
async def test_pages_together_are_every_session_with_what_it_heard(history: tuple[Queries, Rows], limit: int) -> None:
    queries, rows = history
    seen: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page, cursor = await queries.listening(cursor=cursor, limit=limit)
        seen += page
        if not cursor:
            break
    assert [one["session"] for one in seen] == [one["session"] for one in newest_first(rows)]
    assert len(seen) > 8
    for one in seen:
        heard = [part for part in rows["hearings"] if part["session"] == one["session"]]
        assert one["heard"] == sorted(heard, key=lambda part: part["n"])
    assert [len(one["heard"]) for one in seen] == [0] * 6 + [2] * 4
    assert [one["note"] for one in seen if one["note"]] == ["calm", "calm"]
    assert sum(one["approved"] is False for one in seen) == 6


async def test_sessions_are_chosen_by_who_and_when(history: tuple[Queries, Rows]) -> None:
    queries, rows = history
    ordered = newest_first(rows)
    assert (await queries.listening(by="nobody"))[0] == []
    mine, _ = await queries.listening(by=ordered[0]["by"], limit=1000)
    assert [one["session"] for one in mine] == [one["session"] for one in ordered if one["by"] == ordered[0]["by"]]
    middle = ordered[len(ordered) // 2]["requested_at"]
    late, _ = await queries.listening(since=middle, limit=1000)
    early, _ = await queries.listening(until=middle, limit=1000)
    assert [one["session"] for one in [*late, *early]] == [one["session"] for one in ordered]
    city, _ = await queries.listening(tenant="", limit=1000)
    of_city = {one["contact"] for one in rows["contacts"] if one["tenant"] == ""}
    assert {one["session"] for one in city} == {one["session"] for one in ordered if one["contact"] in of_city}


async def test_one_session_is_found_by_its_name(history: tuple[Queries, Rows]) -> None:
    queries, rows = history
    for one in rows["listening"][:3]:
        found = await queries.listening_session(SessionId(one["session"]))
        assert found == {name: value for name, value in one.items() if name != "open"}
    assert await queries.listening_session(SessionId("no\0thing")) is None
    with pytest.raises(Invalid, match="cursor"):
        await queries.listening(cursor="x")
