"""The API over the real storage: log in, call, pop with history, case, cursor, export."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.exports import FileExports
from messages import facts
from messages.events import Position
from messages.ids import AgentId, CallId, NodeId, UserId
from messages.values import LegEnd, Role
from metrics.question import Directory
from storage.cursors import Cursors
from storage.database import Database
from storage.identity import Identity
from storage.migrations import upgrade
from storage.queries import Queries
from storage.reports import Reports
from storage.rows import RowWriter
from tests.api.house import House, now, open_house


@pytest.fixture
async def stored(tmp_path: Path) -> AsyncIterator[tuple[House, RowWriter]]:
    """Give a house whose history, people and cursors are in SQLite."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database(f"sqlite+aiosqlite:///{tmp_path / 'hotline.db'}"))
        await upgrade(database)
        identity = Identity(database, now)
        await identity.set_user(UserId("li"), "a long sentence", [Role.AGENT], AgentId("a1"))
        await identity.set_user(UserId("wang"), "another sentence", [Role.SUPERVISOR])
        await identity.set_user(UserId("cases"), "a third sentence", [Role.CASE_SYSTEM])
        kept: dict[str, Any] = {
            "identity": identity,
            "history": Queries(database),
            "cursors": Cursors(database),
            "exports": FileExports(database),
            "reports": Reports(database, now, Directory(tenants=frozenset({"county"}))),
        }
        house = await stack.enter_async_context(open_house(kept=kept))
        rows = RowWriter(house.log, database)
        writing = asyncio.create_task(rows.run())
        try:
            yield house, rows
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)


async def _log_in(house: House, user: str, password: str) -> str:
    status, session = await house.ask("POST", "sessions", body={"user": user, "password": password})
    assert status == 201
    return str(session["token"])


async def _written(house: House, rows: RowWriter) -> None:
    async with asyncio.timeout(20):
        while rows.position < house.mirror.state.position:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_call_is_popped_with_its_history_linked_and_exported(stored: tuple[House, RowWriter]) -> None:
    house, rows = stored
    li = await _log_in(house, "li", "a long sentence")
    wang = await _log_in(house, "wang", "another sentence")
    assert (await house.ask("PUT", "agents/me/state", li, {"state": "ready"}))[0] == 200
    await house.whole_call("c1", token=li)
    case = {"valid": True, "category": "consult"}
    assert (await house.ask("PUT", "contacts/kc1/cases/GD1", li, case))[0] == 204
    assert (await house.ask("PUT", "contacts/kc1/wrap-up", li, {"code": "consult", "note": "done"}))[0] == 204
    await _written(house, rows)
    async with house.subscribed(li) as agent:
        await house.arrive("c2")
        pop = (await agent.until("screen_pop"))[-1]["event"]
    assert [(one["contact"], one["number"], one["cases"]) for one in pop["recent_contacts"]] == [
        ("kc1", "138****1234", ["GD1"])
    ]
    assert pop["cases"] == ["GD1"]
    kept = (await house.ask("GET", "contacts/kc1", li))[1]
    assert (kept["outcome"], kept["number"], kept["wrap_up"]["code"]) == ("answered", "138****1234", "consult")
    assert kept["cases"][0]["case_no"] == "GD1"
    found = (await house.ask("POST", "callers/lookup", li, {"number": "13800001234"}))[1]
    assert (found["repeat"], found["cases"]) == (True, ["GD1"])
    await house.hang_up("c2")
    await _written(house, rows)
    page = (await house.ask("GET", "contacts?limit=1", wang))[1]
    assert [one["contact"] for one in page["items"]] == ["kc2"]
    page = (await house.ask("GET", f"contacts?limit=1&cursor={page['next']}", wang))[1]
    assert ([one["contact"] for one in page["items"]], page["next"]) == (["kc1"], None)
    assert (await house.ask("GET", "contacts?cursor=nonsense", wang))[0] == 422


async def test_a_contact_tells_its_visits_operations_and_who_was_called_in(stored: tuple[House, RowWriter]) -> None:
    house, rows = stored
    li = await _log_in(house, "li", "a long sentence")
    wang = await _log_in(house, "wang", "another sentence")
    await house.ask("PUT", "agents/me/state", li, {"state": "ready"})
    await house.arrive("c1")
    await house.leg(facts.LegAnswered, "c1/1")
    assert (await house.ask("POST", "calls/c1/three-way", li, {"number": "02000005678", "reason": "water"}))[0] == 202
    await house.leg(facts.LegAnswered, "c1/2")
    await house.hang_up("c1")
    await _written(house, rows)
    for token in (li, wang):
        kept = (await house.ask("GET", "contacts/kc1", token))[1]
        assert [(one["queue"], one["outcome"]) for one in kept["visits"]] == [("12345", "answered")]
        [operation], [called] = kept["operations"], kept["three_way"]
        assert (operation["verb"], operation["target"], operation["done"]) == ("three_way", "number:020****5678", True)
        assert (called["called"], called["response_s"] >= 0) == ("number:020****5678", True)
        assert [leg["phone"] for leg in kept["legs"]] == ["1001", "020****5678"]
    for what in ("visits", "operations", "three-way", "surges"):
        status, job = await house.ask("POST", "exports", wang, {"what": what, "format": "jsonl"})
        assert status == 202
        await asyncio.gather(*house.services.jobs._running.values())
        job = (await house.ask("GET", f"exports/{job['id']}", wang))[1]
        assert (job["state"], job["rows"]) == ("done", 0 if what == "surges" else 1)


async def test_a_survey_is_kept_with_its_contact_and_counted(stored: tuple[House, RowWriter]) -> None:
    house, rows = stored
    li = await _log_in(house, "li", "a long sentence")
    wang = await _log_in(house, "wang", "another sentence")
    await house.ask("PUT", "agents/me/state", li, {"state": "ready"})
    await house.arrive("c1")
    await house.leg(facts.LegAnswered, "c1/1")
    await house.leg(facts.LegEnded, "c1/1", why=LegEnd.AGENT_HUNG_UP)
    about: dict[str, Any] = {"occurred": now(), "node": NodeId("n1"), "call": CallId("c1"), "question": "survey"}
    await house.settled(facts.SurveyAsked(**about), facts.SurveyAnswered(**about, key="3", satisfied=False))
    await house.hang_up("c1")
    await _written(house, rows)
    [survey] = (await house.ask("GET", "contacts/kc1", wang))[1]["surveys"]
    assert (survey["question"], survey["key"], survey["satisfied"], survey["agent"]) == ("survey", "3", False, "a1")
    status, report = await house.ask("GET", "reports/satisfaction?by=agent", wang)
    assert (status, set(report["definitions"]) >= {"service_satisfaction", "response_rate"}) == (200, True)
    figures = {"asked": 1, "answered": 1, "satisfied": 0, "service_satisfaction": 0.0, "response_rate": 1.0}
    assert report["rows"] == [{"name": "a1", **figures}]
    assert (await house.ask("GET", "reports/satisfaction", li))[0] == 403


async def test_an_export_is_asked_for_and_fetched(stored: tuple[House, RowWriter]) -> None:
    house, rows = stored
    li = await _log_in(house, "li", "a long sentence")
    wang = await _log_in(house, "wang", "another sentence")
    await house.ask("PUT", "agents/me/state", li, {"state": "ready"})
    await house.whole_call("c1", token=li)
    await _written(house, rows)
    assert (await house.ask("POST", "exports", li, {"what": "contacts"}))[0] == 403
    for form in ("csv", "jsonl"):
        status, job = await house.ask("POST", "exports", wang, {"what": "contacts", "format": form})
        assert status == 202
        await asyncio.gather(*house.services.jobs._running.values())
        job = (await house.ask("GET", f"exports/{job['id']}", wang))[1]
        assert (job["state"], job["rows"]) == ("done", 1)
        status, text = await house.ask("GET", f"exports/{job['id']}/download", wang)
        assert status == 200
        [row] = csv.DictReader(io.StringIO(text.decode())) if form == "csv" else [text]
        assert (row["contact"], row["number"], row["outcome"]) == ("kc1", "138****1234", "answered")
    body = {"what": "contacts", "from": "2026-11-24T08:00:00"}
    assert (await house.ask("POST", "exports", wang, body))[0] == 422
    assert (await house.ask("POST", "exports", wang, {"what": "secrets"}))[0] == 422


async def test_a_readers_place_outlives_its_connection(stored: tuple[House, RowWriter]) -> None:
    house, _ = stored
    li = await _log_in(house, "li", "a long sentence")
    identity: Any = house.identity
    await identity.set_user(UserId("cases"), "a third sentence", [Role.CASE_SYSTEM])
    cases = await _log_in(house, "cases", "a third sentence")
    await house.ask("PUT", "agents/me/state", li, {"state": "ready"})
    wish = {"kinds": ["contact.ended"], "cursor": "cases"}
    async with house.subscribed(cases, **wish) as client:
        await house.whole_call("c1", token=li)
        first = await client.event()
        assert first["event"]["contact"] == "kc1"
        await client.send(op="ack", epoch=first["epoch"], seq=first["seq"])
        await client.send(op="ping", id="acknowledged")
        await client.expect("pong")
    await house.whole_call("c2", token=li)
    async with house.connected(cases) as client:
        client.seen = Position(first["epoch"], first["seq"])
        await client.send(op="subscribe", **wish)
        again = await client.event()
        assert (again["event"]["contact"], again["replayed"]) == ("kc2", True)


async def test_a_wrong_password_five_times_locks_the_user_out(stored: tuple[House, RowWriter]) -> None:
    house, _ = stored
    for _ in range(5):
        assert (await house.ask("POST", "sessions", body={"user": "li", "password": "no"}))[0] == 401
    status, problem = await house.ask("POST", "sessions", body={"user": "li", "password": "a long sentence"})
    assert (status, problem["type"]) == (401, "wrong-credentials")


async def test_steps_of_a_case_are_kept_once_each(stored: tuple[House, RowWriter]) -> None:
    house, rows = stored
    cases = await _log_in(house, "cases", "a third sentence")
    status, noted = await house.ask(
        "POST", "contacts", cases, {"channel": "WeChat", "id": "17", "number": "13800001234"}
    )
    assert (status, noted) == (201, {"contact": "wechat-17"})
    await _written(house, rows)
    assert (await house.ask("POST", "contacts", cases, {"channel": "wechat", "id": "17"}))[1] == noted
    assert (await house.ask("POST", "contacts", cases, {"channel": "call"}))[0] == 422
    assert (await house.ask("PUT", "contacts/wechat-17/cases/GD1", cases, {"valid": True, "area": "城关"}))[0] == 204
    sent = {
        "id": "1",
        "type": "dispatched",
        "at": "2026-11-24T08:00:00+08:00",
        "unit": "住建局",
        "unit_kind": "department",
    }
    assert (await house.ask("POST", "cases/GD1/events", cases, sent))[0] == 204
    await _written(house, rows)
    written = house.mirror.state.position
    assert (await house.ask("POST", "cases/GD1/events", cases, sent))[0] == 204, "the same again changes nothing"
    assert house.mirror.state.position == written
    status, problem = await house.ask("POST", "cases/GD1/events", cases, sent | {"unit": "交通局"})
    assert (status, problem["type"]) == (409, "conflict")
    assert (await house.ask("POST", "cases/GD1/events", cases, sent | {"id": "2", "unit": ""}))[0] == 422
    later = {"id": "2", "type": "replied", "at": "2026-11-25T08:00:00+08:00"}
    assert (await house.ask("POST", "cases/GD1/events", cases, later))[0] == 204
    await _written(house, rows)
    items = (await house.ask("GET", "cases/GD1/events", cases))[1]["items"]
    assert [(one["id"], one["step"], one["unit"]) for one in items] == [
        ("1", "dispatched", "住建局"),
        ("2", "replied", ""),
    ]
    kept = (await house.ask("GET", "contacts/wechat-17", cases))[1]
    assert (kept["channel"], kept["number"], kept["cases"][0]["area"]) == ("wechat", "13800001234", "城关")
    wang = await _log_in(house, "wang", "another sentence")
    assert (await house.ask("GET", "contacts/wechat-17", wang))[1]["number"] == "138****1234"
    assert (await house.ask("POST", "cases/GD1/events", wang, later))[0] == 403


async def test_reports_over_rest_have_the_shape_of_the_command(stored: tuple[House, RowWriter]) -> None:
    house, rows = stored
    li = await _log_in(house, "li", "a long sentence")
    wang = await _log_in(house, "wang", "another sentence")
    await house.ask("PUT", "agents/me/state", li, {"state": "ready"})
    await house.whole_call("c1", token=li)
    await _written(house, rows)
    day = f"from={now():%F}T00:00:00%2B00:00&to={now() + timedelta(days=1):%F}T00:00:00%2B00:00&tz=UTC"
    for kind, of in (("intervals", {}), ("queues", {"queue": "12345"}), ("agents", {"agent": "a1"})):
        status, report = await house.ask("GET", f"reports/{kind}?{day}&threshold=20&interval=day", wang)
        assert (status, set(report)) == (200, {"definitions", "rows"})
        [row] = report["rows"]
        assert (row["offered"], row["answered"]) == (1, 1)
        assert of.items() <= row.items()
        assert "asa_s" in report["definitions"] or kind == "agents"
    assert len((await house.ask("GET", f"reports/intervals?{day}", wang))[1]["rows"]) == 48
    status, behind = await house.ask("GET", f"reports/intervals?{day}&ids=answered", wang)
    assert (status, behind["figure"], behind["contacts"]) == (200, "answered", ["kc1"])
    for wrong in ("&queue=54321", "&interval=7m", "&ids=asa_s", "&variant=best", "&repeat=soon"):
        assert (await house.ask("GET", f"reports/intervals?{day}{wrong}", wang))[0] in (404, 422)
    assert (await house.ask("GET", "reports/intervals", wang))[0] == 422
    assert (await house.ask("GET", f"reports/intervals?{day}", li))[0] == 403
    county = house.identity
    await county.set_user(UserId("county"), "a county sentence", [Role.SUPERVISOR], tenant="county")  # type: ignore[attr-defined]
    theirs = await _log_in(house, "county", "a county sentence")
    [row] = (await house.ask("GET", f"reports/intervals?{day}&interval=day", theirs))[1]["rows"]
    assert (row["arrivals"], row["occupancy"]) == (0, None), "a county sees its own line only"
    assert (await house.ask("GET", f"reports/queues?{day}", theirs))[1]["rows"] == []
    assert (await house.ask("GET", f"reports/agents?{day}", theirs))[1]["rows"] == []
    assert (await house.ask("GET", f"reports/intervals?{day}&tenant=other", theirs))[0] == 403
