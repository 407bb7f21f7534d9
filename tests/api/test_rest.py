"""REST over real sockets: what is asked, who may ask it, and what bad input gets."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import msgspec
import pytest

from api.rest.may import MAY
from api.rest.table import ROUTES
from api.stream.ops import CloseCode
from messages import facts
from messages.codec import KINDS
from messages.ids import CallId, QueueId, SessionId
from messages.principal import Principal
from messages.values import LegEnd, Role
from tests.api.house import House, now


async def _talking(house: House, call: str = "c1") -> None:
    await house.arrive(call)
    await house.leg(facts.LegRinging, f"{call}/1")
    await house.leg(facts.LegAnswered, f"{call}/1")


async def test_a_person_logs_in_refreshes_and_logs_out(house: House) -> None:
    house.identity.people["li"] = Principal(user="li", name="Li", roles=(Role.AGENT,), agent="a1")  # type: ignore[arg-type]
    status, session = await house.ask("POST", "sessions", body={"user": "li", "password": "il"})
    assert status == 201
    assert (session["user"], session["roles"], session["agent"]) == ("li", ["agent"], "a1")
    assert (await house.ask("GET", "agents/me", session["token"]))[0] == 200
    status, fresh = await house.ask("POST", "sessions/refresh", session["token"])
    assert status == 200
    assert (await house.ask("GET", "agents/me", session["token"]))[0] == 401
    assert (await house.ask("DELETE", "sessions", fresh["token"]))[0] == 204
    assert (await house.ask("GET", "agents/me", fresh["token"]))[0] == 401


async def test_a_wrong_password_is_told_from_a_missing_log_in(house: House) -> None:
    status, problem = await house.ask("POST", "sessions", body={"user": "li", "password": "no"})
    assert (status, problem["type"]) == (401, "wrong-credentials")
    status, problem = await house.ask("GET", "agents/me")
    assert (status, problem["type"]) == (401, "unauthenticated")


async def test_a_token_in_the_address_counts_for_nothing(house: House) -> None:
    token = house.token(Role.SUPERVISOR)
    assert (await house.ask("GET", f"agents?token={token}&access_token={token}"))[0] == 401


async def test_an_agent_logs_in_with_the_first_state_and_out_with_the_last(house: House) -> None:
    token = house.token(Role.AGENT, agent="a1")
    status, seat = await house.ask("PUT", "agents/a1/state", token, {"state": "ready", "phone": "1777"})
    assert (status, seat["state"], seat["phone"]) == (200, "ready", "1777")
    status, seat = await house.ask("PUT", "agents/me/state", token, {"state": "not_ready", "reason": "meal"})
    assert (status, seat["state"], seat["reason"]) == (200, "not_ready", "meal")
    assert (await house.ask("GET", "agents/me", token))[1] == seat
    status, seat = await house.ask("PUT", "agents/me/state", token, {"state": "logged_out"})
    assert (status, seat["state"], seat["phone"]) == (200, "logged_out", "1001")


async def test_a_second_log_in_elsewhere_is_refused(house: House) -> None:
    token = house.token(Role.AGENT, agent="a1")
    await house.ask("PUT", "agents/me/state", token, {"state": "ready"})
    status, problem = await house.ask("PUT", "agents/me/state", token, {"state": "ready", "phone": "1888"})
    assert (status, problem["type"]) == (409, "conflict")
    other = house.token(Role.AGENT, agent="a2")
    status, problem = await house.ask("PUT", "agents/me/state", other, {"state": "ready", "phone": "1001"})
    assert (status, problem["type"]) == (409, "conflict")


async def test_a_supervisor_sets_anybodys_state_and_an_agent_only_their_own(house: House) -> None:
    await house.ready("a1")
    forced = {"state": "not_ready", "reason": "asked to"}
    assert (await house.ask("PUT", "agents/a1/state", house.token(Role.AGENT, agent="a2"), forced))[0] == 403
    assert (await house.ask("PUT", "agents/a1/state", house.token(Role.SUPERVISOR), forced))[0] == 200
    assert (await house.ask("GET", "agents/a1", house.token(Role.AGENT, agent="a2")))[0] == 403


async def test_a_state_that_cannot_be_gone_to_says_so(house: House) -> None:
    await house.ready("a1")
    await _talking(house)
    status, problem = await house.ask(
        "PUT", "agents/me/state", house.token(Role.AGENT, agent="a1"), {"state": "logged_out"}
    )
    assert (status, problem["type"]) == (409, "illegal-transition")
    assert "talking" in problem["detail"]


async def test_queues_tell_who_waits_how_long_and_who_serves(house: House) -> None:
    token = house.token(Role.AGENT, agent="a1")
    await house.arrive("c1")
    status, queue = await house.ask("GET", "queues/12345", token)
    assert status == 200
    assert (queue["waiting"], queue["talking"]) == (1, 0)
    assert queue["longest_wait_s"] >= 0
    assert queue["agents"]["logged_out"] == 2
    assert (await house.ask("GET", "queues", token))[1]["items"][0]["id"] == QueueId("12345")
    assert (await house.ask("GET", "queues/nowhere", token))[0] == 404


async def test_calls_are_shown_masked_and_to_agents_only_their_own(house: House) -> None:
    await house.ready("a1")
    await house.arrive("c1")
    await house.arrive("c2")
    for token, seen in (
        (house.token(Role.SUPERVISOR), ["c1", "c2"]),
        (house.token(Role.AGENT, agent="a1"), ["c1"]),
        (house.token(Role.AGENT, agent="a2"), []),
    ):
        status, calls = await house.ask("GET", "calls", token)
        assert status == 200
        assert [call["id"] for call in calls["items"]] == seen
        assert {call["number"] for call in calls["items"]} <= {"138****1234"}


async def test_a_call_is_hung_up_by_its_agent_or_a_supervisor(house: House) -> None:
    await house.ready("a1")
    await _talking(house)
    assert (await house.ask("POST", "calls/c1/hangup", house.token(Role.AGENT, agent="a2")))[0] == 403
    assert (await house.ask("POST", "calls/c1/hangup", house.token(Role.AGENT, agent="a1")))[0] == 202
    assert type(house.switchboard.commands[-1]).__name__ == "DropLeg", "the citizen may still be asked something"
    assert (await house.ask("POST", "calls/c1/hangup", house.token(Role.SUPERVISOR), {"reason": "threats"}))[0] == 202
    assert type(house.switchboard.commands[-1]).__name__ == "HangUp"
    assert (await house.ask("POST", "calls/none/hangup", house.token(Role.SUPERVISOR)))[0] == 404


async def test_a_supervisor_listens_and_the_operation_tells_what_became_of_it(house: House) -> None:
    await house.ready("a1")
    await _talking(house)
    token = house.token(Role.SUPERVISOR)
    body = {"call": "c1", "purpose": "coaching", "phone": "9001"}
    status, made = await house.ask("POST", "listening", token, body)
    assert status == 202
    where = f"operations/{made['operation']}"
    assert (await house.ask("GET", where, token))[1]["state"] == "pending"
    assert (await house.ask("GET", where, house.token(Role.SUPERVISOR, user="another")))[0] == 200
    assert (await house.ask("GET", where, house.token(Role.AGENT, agent="a1")))[0] == 403
    session = house.mirror.state.listening[SessionId(made["session"])]
    await house.settled(facts.SpyStarted(occurred=now(), node=session.node, session=session.id, spied="", spyer="9001"))
    assert (await house.ask("GET", where, token))[1]["state"] == "done"
    listed = (await house.ask("GET", "listening", token))[1]["items"]
    assert [(one["id"], one["purpose"], one["by"]) for one in listed] == [(session.id, "coaching", "supervisor")]
    leader = house.token(Role.LEADER)
    assert (await house.ask("DELETE", f"listening/{session.id}", leader))[0] == 403
    assert (await house.ask("DELETE", f"listening/{session.id}", token))[0] == 202
    assert type(house.switchboard.commands[-1]).__name__ == "StopSpy"
    await house.settled(facts.SpyStopped(occurred=now(), node=session.node, session=session.id))
    assert (await house.ask("DELETE", f"listening/{session.id}", token))[0] == 404


async def test_a_listening_session_that_never_began_fails_its_operation(house: House) -> None:
    await house.ready("a1")
    await _talking(house)
    token = house.token(Role.SUPERVISOR)
    _, made = await house.ask("POST", "listening", token, {"call": "c1", "purpose": "coaching", "phone": "9001"})
    session = house.mirror.state.listening[SessionId(made["session"])]
    await house.settled(
        facts.SpyStopped(occurred=now(), node=session.node, session=session.id, failed="9001 does not answer")
    )
    operation = (await house.ask("GET", f"operations/{made['operation']}", token))[1]
    assert (operation["state"], operation["why"]) == ("failed", "9001 does not answer")


async def test_a_supervisor_whispers_and_a_leader_only_listens(house: House) -> None:
    await house.ready("a1")
    await _talking(house)
    leader, supervisor = house.token(Role.LEADER, user="mayor"), house.token(Role.SUPERVISOR)
    body = {"call": "c1", "purpose": "coaching", "phone": "9001"}
    status, problem = await house.ask("POST", "listening", leader, {**body, "mode": "whisper"})
    assert (status, "listen" in problem["detail"]) == (403, True)
    made = (await house.ask("POST", "listening", leader, body))[1]
    session = house.mirror.state.listening[SessionId(made["session"])]
    assert (await house.ask("POST", f"listening/{session.id}/approve", supervisor))[0] == 204
    await house.settled(facts.SpyStarted(occurred=now(), node=session.node, session=session.id, spied="", spyer="u"))
    where = f"listening/{session.id}"
    assert (await house.ask("PATCH", where, leader, {"mode": "barge"}))[0] == 403
    assert (await house.ask("PATCH", where, supervisor, {"mode": "barge"}))[0] == 403, "somebody else's session"
    made = (await house.ask("POST", "listening", supervisor, {**body, "phone": "9002"}))[1]
    session = house.mirror.state.listening[SessionId(made["session"])]
    await house.settled(facts.SpyStarted(occurred=now(), node=session.node, session=session.id, spied="", spyer="u"))
    status, made = await house.ask("PATCH", f"listening/{session.id}", supervisor, {"mode": "whisper"})
    assert status == 202
    await house.settled(facts.SpySwitched(occurred=now(), node=session.node, session=session.id, mode="whisper"))  # type: ignore[arg-type]
    assert (await house.ask("GET", f"operations/{made['operation']}", supervisor))[1]["state"] == "done"
    [*_, shown] = (await house.ask("GET", "listening", supervisor))[1]["items"]
    assert shown["mode"] == "whisper"


@pytest.mark.parametrize(
    ("body", "status", "names"),
    [
        ({"call": "c1", "purpose": "  ", "phone": "9001"}, 422, "purpose"),
        ({"call": "c1", "purpose": "coaching", "phone": ""}, 422, "phone"),
        ({"call": "c1", "purpose": "coaching"}, 422, "phone"),
        ({"call": "c1", "purpose": "coaching", "phone": "9001", "mode": "shout"}, 422, "mode"),
        ({"call": "none", "purpose": "coaching", "phone": "9001"}, 404, "none"),
    ],
)
async def test_nobody_listens_without_a_call_a_purpose_and_a_phone(
    house: House, body: dict[str, str], status: int, names: str
) -> None:
    await house.ready("a1")
    await _talking(house)
    got, problem = await house.ask("POST", "listening", house.token(Role.SUPERVISOR), body)
    assert (got, names in problem["detail"]) == (status, True), problem


async def test_contacts_come_in_pages_masked_and_agents_get_their_own(house: House) -> None:
    for number in range(7):
        house.history.add(f"k{number}", "13800001234", agent=f"a{number % 2}")
    token, cursor, found = house.token(Role.ANALYST), "", []
    while True:
        status, page = await house.ask("GET", f"contacts?limit=3{'&cursor=' + cursor if cursor else ''}", token)
        assert status == 200
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert [one["contact"] for one in found] == [f"k{number}" for number in range(6, -1, -1)]
    assert {one["number"] for one in found} == {"138****1234"}
    own = (await house.ask("GET", "contacts?agent=a0", house.token(Role.AGENT, agent="a1")))[1]["items"]
    assert {one["agent"] for one in own} == {"a1"}
    assert (await house.ask("GET", "contacts/k0", house.token(Role.AGENT, agent="a1")))[0] == 403
    assert (await house.ask("GET", "contacts/k1", house.token(Role.AGENT, agent="a1")))[0] == 200
    assert (await house.ask("GET", "contacts/k0", house.token(Role.CASE_SYSTEM)))[1]["number"] == "13800001234"
    assert (await house.ask("GET", "contacts/none", token))[0] == 404


async def test_who_listened_is_not_for_the_agent_to_know(house: House) -> None:
    house.history.add("k1", "13800001234", agent="a1", listening=[{"by": "supervisor"}])
    assert "listening" not in (await house.ask("GET", "contacts/k1", house.token(Role.AGENT, agent="a1")))[1]
    assert "listening" in (await house.ask("GET", "contacts/k1", house.token(Role.SUPERVISOR)))[1]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "limit=x", "from=yesterday", "to=2026-11-24T08:00:00", "outcome=odd"]
)
async def test_a_wrong_filter_names_itself(house: House, query: str) -> None:
    status, problem = await house.ask("GET", f"contacts?{query}", house.token(Role.ANALYST))
    assert status == 422
    assert query.partition("=")[0] in problem["detail"]


async def test_a_case_is_tied_to_a_contact_that_is_there(house: House) -> None:
    token = house.token(Role.CASE_SYSTEM)
    await house.arrive("c1")
    case = {"valid": True, "category": "consult", "summary": "streetlight"}
    assert (await house.ask("PUT", "contacts/kc1/cases/GD1", token, case))[0] == 204
    assert (await house.ask("PUT", "contacts/kc1/cases/GD1", token, case))[0] == 204
    house.history.add("long ago", "13800001234")
    assert (await house.ask("PUT", "contacts/long%20ago/cases/GD2", token, {}))[0] == 204
    assert (await house.ask("PUT", "contacts/none/cases/GD3", token, {}))[0] == 404
    assert (await house.ask("PUT", f"contacts/kc1/cases/{'9' * 65}", token, {}))[0] == 422


async def test_an_agent_writes_the_wrap_up_of_their_own_contact(house: House) -> None:
    await house.ready("a1")
    await house.whole_call("c1")
    own, other = house.token(Role.AGENT, agent="a1"), house.token(Role.AGENT, agent="a2")
    assert (await house.ask("PUT", "contacts/kc1/wrap-up", own, {"code": "consult", "note": "done"}))[0] == 204
    assert (await house.ask("PUT", "contacts/kc1/wrap-up", other, {"code": "consult"}))[0] == 403
    house.history.add("old", "13800001234", legs=[{"agent": "a2"}])
    assert (await house.ask("PUT", "contacts/old/wrap-up", other, {"code": "consult"}))[0] == 204
    assert (await house.ask("PUT", "contacts/old/wrap-up", own, {"code": "consult"}))[0] == 403


async def test_a_caller_is_looked_up_by_a_number_in_the_body(house: House) -> None:
    house.history.add("k1", "13800001234", cases=["GD1"])
    token = house.token(Role.AGENT, agent="a1")
    status, found = await house.ask("POST", "callers/lookup", token, {"number": "13800001234"})
    assert (status, found["repeat"], found["cases"]) == (200, True, ["GD1"])
    assert found["recent_contacts"][0]["number"] == "138****1234"
    assert (await house.ask("POST", "callers/lookup", token, {"number": "13999999999"}))[1]["repeat"] is False


async def test_a_write_with_the_same_key_is_done_once(house: House) -> None:
    await house.ready("a1")
    await _talking(house)
    token = house.token(Role.SUPERVISOR)
    body = {"call": "c1", "purpose": "coaching", "phone": "9001"}
    both = await asyncio.gather(*(house.ask("POST", "listening", token, body, Idempotency_Key="one") for _ in range(2)))
    again = await house.ask("POST", "listening", token, body, Idempotency_Key="one")
    assert both[0] == both[1] == again
    assert len(house.mirror.state.listening) == 1
    other = await house.ask("POST", "listening", token, body | {"purpose": "other"}, Idempotency_Key="one")
    assert (other[0], other[1]["type"]) == (409, "conflict")
    assert (await house.ask("POST", "listening", token, body, Idempotency_Key="k" * 201))[0] == 422
    somebody = house.token(Role.SUPERVISOR, user="another")
    assert (await house.ask("POST", "listening", somebody, body, Idempotency_Key="one"))[1] != again[1]


async def test_kept_answers_are_bounded(house: House) -> None:
    token = house.token(Role.AGENT, agent="a1")
    for number in range(250):
        await house.ask("POST", "callers/lookup", token, {"number": "1"}, Idempotency_Key=str(number))
    assert len(house.services.repeats._kept) == 200


@pytest.mark.parametrize(
    ("raw", "status", "kind"),
    [
        (b"", 400, "malformed-json"),
        (b"{", 400, "malformed-json"),
        (b"\xff", 400, "malformed-json"),
        (b"[" * 100_000, 422, "invalid"),
        (b'{"later":' + b"[" * 100_000, 400, "malformed-json"),
        (b"[]", 422, "invalid"),
        (b'{"state":1}', 422, "invalid"),
        (b'{"state":"asleep"}', 422, "invalid"),
        (b'{"reason":"x"}', 422, "invalid"),
        (b'{"state":"ready","phone":7}', 422, "invalid"),
        (b'{"state":"ready","later":[1,2]}', 200, None),
        (b'{"state":"not_ready","reason":"' + b"x" * (1 << 20) + b'"}', 413, "too-large"),
    ],
)
async def test_a_bad_body_gets_a_clear_answer(house: House, raw: bytes, status: int, kind: str | None) -> None:
    token = house.token(Role.AGENT, agent="a1")
    got, answer = await house.ask("PUT", "agents/me/state", token, raw=raw)
    assert got == status, answer
    assert answer.get("type") == kind
    assert (await house.ask("GET", "agents/me", token))[0] == 200


async def test_wrong_paths_and_methods_are_problems_too(house: House) -> None:
    token = house.token(Role.SUPERVISOR)
    for method, path, status, kind in (
        ("GET", "nothing", 404, "not-found"),
        ("PATCH", "agents", 405, "method-not-allowed"),
        ("GET", "/api/v2/agents", 404, "not-found"),
        ("GET", "/../api/settings.py", 404, "not-found"),
        ("GET", "/%2e%2e/api/settings.py", 404, "not-found"),
        ("GET", "agents/nobody", 404, "not-found"),
    ):
        got, problem = await house.ask(method, path, token)
        assert isinstance(problem, dict), (path, got, problem)
        assert (got, problem["type"], problem["status"]) == (status, kind, status), path


async def test_what_fails_inside_is_told_without_details(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*args: Any) -> None:
        raise RuntimeError("a secret of the database")

    monkeypatch.setattr(house.history, "contact", broken)
    status, problem = await house.ask("GET", "contacts/k1", house.token(Role.ANALYST))
    assert (status, problem["type"]) == (500, "internal")
    assert "secret" not in str(problem)
    assert house.services.counts.failed == 1


async def test_an_overloaded_centre_says_when_to_come_back(house: House) -> None:
    house.loop.pressed = True
    token = house.token(Role.AGENT, agent="a1")
    status, problem = await house.ask("PUT", "agents/me/state", token, {"state": "ready"})
    assert (status, problem["type"]) == (503, "overloaded")
    house.loop.pressed = False


async def test_health_readiness_and_metrics_need_no_log_in(house: House) -> None:
    assert (await house.ask("GET", "/healthz"))[0] == 200
    assert (await house.ask("GET", "/readyz"))[0] == 200
    house.not_ready.append("the link to Asterisk's manager is away")
    status, answer = await house.ask("GET", "/readyz")
    assert (status, answer["reasons"]) == (503, house.not_ready)
    assert await house.ask("GET", "/metrics") == (200, b"hotline_up 1\n")


async def test_the_page_is_served_and_may_load_nothing_from_elsewhere(house: House) -> None:
    async with house.session.get(house.rest + "/") as answer:
        page = await answer.text()
        policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|style=", page)
    for address in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert "//" not in address
        assert (await house.ask("GET", f"/{address}"))[0] == 200
    config = (await house.ask("GET", "config"))[1]
    assert config["stream_path"] == "/v1/stream"


def test_the_case_system_controls_no_call_but_may_have_one_made() -> None:
    paths = {route.path for route in ROUTES if route.method == "POST" and Role.CASE_SYSTEM in (route.roles or ())}
    assert {path for path in paths if path.startswith("/calls")} == {"/calls"}


def test_every_action_of_the_role_table_has_a_route_and_every_route_a_line() -> None:
    assert {route.action for route in ROUTES} - set(MAY) == {"session.open"}
    assert set(MAY) <= {route.action for route in ROUTES}


BODIES = {
    "/duty-sessions": {"leader": "a1", "begin": "2036-11-24T01:00:00Z", "end": "2036-11-24T03:00:00Z"},
    "/duty-sessions/{duty}": {"leader": "a1", "begin": "2036-11-24T01:00:00Z", "end": "2036-11-24T03:00:00Z"},
    "/agents/{agent}/wrap-up-extension": {"seconds": 10},
    "/agents/{agent}/preview": {"dial": False},
    "/agents/{agent}/schedule": {"items": []},
    "/queues/{queue}/open": {"open": True},
    "/calls": {"number": "13800005678"},
    "/callbacks": {"number": "13800005678"},
    "/revisits": {"number": "13800005678", "case_no": "GD1"},
    "/revisits/{revisit}/result": {"case_no": "GD1", "satisfied": True},
    "/callbacks/{callback}/close": {"reason": "solved"},
    "/calls/{call}/dtmf": {"digits": "1"},
    "/calls/{call}/transfer": {"agent": "a2"},
    "/calls/{call}/consult": {"agent": "a2"},
    "/calls/{call}/three-way": {"agent": "a2"},
    "/calls/{call}/emergency": {"service": "110"},
    "/calls/{call}/take-over": {"phone": "9001", "reason": "x"},
    "/agents/{agent}/state": {"state": "ready"},
    "/listening": {"call": "c1", "purpose": "coaching", "phone": "9001"},
    "/listening/{session}": {"mode": "whisper"},
    "/listening/{session}/note": {"note": "calm, complete"},
    "/listening/{session}/refuse": {"reason": "not now"},
    "/contacts": {"channel": "wechat"},
    "/cases/{case_no}/events": {"id": "1", "type": "direct_answer", "at": "2026-11-24T08:00:00Z"},
    "/contacts/{contact}/cases/{case_no}": {},
    "/contacts/{contact}/wrap-up": {"code": "x"},
    "/contacts/{contact}/evidence": {"purpose": "x"},
    "/quality/forms/{form}": {"name": "x", "questions": [{"id": "a", "text": "x"}]},
    "/quality/samples": {"criteria": {"from": "2026-11-24T00:00:00Z", "to": "2026-11-25T00:00:00Z"}},
    "/quality/reviews": {"form": "f", "contact": "c1"},
    "/quality/reviews/{review}": {"answers": {}},
    "/quality/reviews/{review}/appeal": {"reason": "x"},
    "/quality/reviews/{review}/decision": {"upheld": True, "reason": "x"},
    "/contacts/{contact}/hold": {"reason": "x"},
    "/contacts/{contact}/reveal": {"purpose": "fire brigade"},
    "/callers/labels": {"contacts": ["kc1"], "kind": "malicious", "reason": "threatens"},
    "/callers/labels/{label}/approve": {"days": 7},
    "/callers/labels/{label}/refuse": {"reason": "once only"},
    "/callers/labels/{label}/revoke": {"reason": "apologised"},
    "/callers/lookup": {"number": "1"},
    "/exports": {"what": "contacts"},
    "/me/password": {"old": "Streetlight-7", "new": "Zebra crossing 8"},
    "/me/totp": {"password": "Streetlight-7", "code": "000000"},
}


@pytest.mark.parametrize("role", list(Role))
async def test_each_route_is_open_to_the_roles_of_the_table_and_to_nobody_else(house: House, role: Role) -> None:
    for route in ROUTES:
        if route.roles is None:
            continue
        path = re.sub(r"{\w+}", "a1", route.path)
        token = house.token(role, agent="a1")
        status, answer = await house.ask(route.method, f"/api/v1{path}", token, BODIES.get(route.path))
        detail = answer.get("detail", "") if isinstance(answer, dict) else ""
        refused = status == 403 and detail.startswith(f"{route.action} is for")
        assert refused == (role not in route.roles), (route, status, answer)
        assert status not in (400, 500), (route, answer)
        assert (await house.ask(route.method, f"/api/v1{path}", "", BODIES.get(route.path)))[0] == 401


async def test_openapi_names_every_route_and_resolves(house: House) -> None:
    status, document = await house.ask("GET", "openapi.json")
    assert status == 200
    assert document["openapi"].startswith("3.1")
    for route in ROUTES:
        operation = document["paths"][f"/api/v1{route.path}"][route.method.lower()]
        assert str(route.status) in operation["responses"]
        assert {p["name"] for p in operation["parameters"] if p["in"] == "path"} == set(
            re.findall(r"{(\w+)}", route.path)
        )
        assert ("requestBody" in operation) == (route.body is not None)
    names = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names))
    _check_references(document)


async def test_asyncapi_names_every_kind_and_op_and_resolves(house: House) -> None:
    status, document = await house.ask("GET", "asyncapi.json")
    assert status == 200
    assert document["asyncapi"].startswith("3.")
    messages = document["components"]["messages"]
    assert set(KINDS.values()) <= set(messages)
    assert {"Hello", "Subscribe", "ResumeFrom", "Ack", "Ping", "Token", "Welcome", "Snapshot", "Error"} <= set(messages)
    assert set(document["channels"]["stream"]["messages"]) == set(messages)
    assert set(document["x-close-codes"]) == {str(int(code)) for code in CloseCode}
    _check_references(document)


def _check_references(document: Any) -> None:
    for reference in set(re.findall(r'"\$ref":"#/([^"]+)"', msgspec.json.encode(document).decode())):
        place = document
        for name in reference.split("/"):
            place = place[name]


async def test_hang_up_of_a_waiting_call_counts_as_withdrawn(house: House) -> None:
    await house.arrive("c1")
    supervisor = house.token(Role.SUPERVISOR)
    status, problem = await house.ask("POST", "calls/c1/hangup", supervisor)
    assert (status, "reason" in problem["detail"]) == (422, True)
    assert (await house.ask("POST", "calls/c1/hangup", supervisor, {"reason": "abuse"}))[0] == 202
    assert house.mirror.state.calls[CallId("c1")].left == "withdrawn"


async def test_the_end_of_a_talk_is_known_once_the_agent_is_told(house: House) -> None:
    await house.ready("a1")
    await _talking(house)
    await house.leg(facts.LegEnded, "c1/1", why=LegEnd.AGENT_HUNG_UP)
    seat = (await house.ask("GET", "agents/a1", house.token(Role.SUPERVISOR)))[1]
    assert (seat["state"], seat["until"] > seat["since"]) == ("wrap_up", True)
