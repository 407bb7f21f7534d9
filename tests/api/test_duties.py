"""Leaders' duty sessions over REST: who plans, who sees what, what is audited, and the report."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from messages import events, facts
from messages.events import Position
from messages.ids import CallId, QueueId
from messages.values import Role
from tests.api.duty_office import Office, open_office
from tests.api.house import now

NUMBER = "13987654321"


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """Give an office."""
    async with open_office(tmp_path) as opened:
        yield opened


async def test_a_duty_is_planned_changed_and_ended_and_each_act_is_audited(office: Office) -> None:
    begin = now() + timedelta(days=1)
    status, planned = await office.plan(begin, title="市长", unit="市政府", notice="市长接听日", reason="April")
    assert status == 201, planned
    [duty] = planned["ids"]
    status, one = await office.ask("GET", f"duty-sessions/{duty}", office.boss)
    assert (status, one["state"], one["title"], one["ring_s"]) == (200, "planned", "市长", 15.0)
    body = {"leader": "mayor", "begin": begin, "end": begin + timedelta(hours=2), "ring_s": 20, "reason": "longer"}
    status, one = await office.ask("PUT", f"duty-sessions/{duty}", office.boss, body)
    assert (status, one["aide"], one["ring_s"]) == (200, None, 20.0)
    assert (await office.ask("DELETE", f"duty-sessions/{duty}?reason=abroad", office.boss))[0] == 204
    assert (await office.ask("DELETE", f"duty-sessions/{duty}?reason=abroad", office.boss))[0] == 404
    await office.written()
    status, one = await office.ask("GET", f"duty-sessions/{duty}", office.boss)
    assert (status, one["state"], one["ended_by"]) == (200, "cancelled", "wang")
    _, audited = await office.ask("GET", "audit", office.house.token(Role.AUDITOR))
    done = [item for item in audited["items"] if item["action"].startswith("duty.") and item["result"] == "granted"]
    acts = [(item["action"], item["by"], item["purpose"]) for item in done]
    assert acts == [
        ("duty.end", "wang", "abroad"),
        ("duty.change", "wang", "longer (end, title, unit, aide, notice, ring_s)"),
        ("duty.plan", "wang", "April"),
    ]
    assert all(duty in item["about"] for item in done)


async def test_what_is_refused_is_audited_too_and_changes_nothing(office: Office) -> None:
    assert (await office.plan())[0] == 201
    status, answer = await office.plan()
    assert (status, "another duty" in answer["detail"]) == (409, True)
    assert (await office.plan(now() + timedelta(days=2), scope={"areas": ["x"]}))[0] == 422
    assert (await office.plan(now() + timedelta(days=2), leader="nobody"))[0] == 404
    _, audited = await office.ask("GET", "audit", office.house.token(Role.AUDITOR))
    ends = [item for item in audited["items"] if item["action"] == "duty.plan" and item["result"] != "asked"]
    assert [item["result"] for item in ends] == ["refused", "refused", "refused", "granted"]
    assert len(office.house.mirror.state.duties) == 1


async def test_a_rule_plans_each_of_its_days_and_says_of_which_years_it_knows_no_holidays(office: Office) -> None:
    begin = now() + timedelta(days=1)
    until = begin.date() + timedelta(days=60)
    status, planned = await office.plan(begin, rule={"every": "first_workday_of_month", "until": until})
    assert (status, len(planned["ids"])) == (201, 2)
    _, listed = await office.ask("GET", "duty-sessions", office.boss)
    assert [item["id"] for item in listed["items"]] == planned["ids"][::-1]
    assert {item["every"] for item in listed["items"]} == {"first_workday_of_month"}
    first = datetime.fromisoformat(listed["items"][0]["begin"])
    _, later = await office.ask("GET", f"duty-sessions?from={first:%Y-%m-%dT%H:%M:%SZ}", office.boss)
    assert [item["id"] for item in later["items"]] == planned["ids"][1:]


async def test_the_report_tells_who_answered_whom_and_of_the_cases(office: Office) -> None:
    house = office.house
    [duty] = (await office.plan())[1]["ids"]
    await house.ready("mayor", "aide", "a1")
    await house.arrive("c1", NUMBER)
    await house.leg(facts.LegAnswered, "c1/1")
    await house.arrive("c2", "13800000002")
    await house.leg(facts.LegAnswered, "c2/1")
    assert [leg.agent for call in house.mirror.state.calls.values() for leg in call.legs.values()] == ["mayor", "a1"]
    link = {"valid": True, "category": "roads"}
    assert (await office.ask("PUT", "contacts/kc1/cases/GD1", house.token(Role.CASE_SYSTEM), link))[0] == 204
    await office.written()
    for token in (office.boss, office.mayor, office.aide):
        status, report = await office.ask("GET", f"duty-sessions/{duty}/report", token)
        assert status == 200
        assert NUMBER not in str(report)
        counted = {name: report["figures"][name] for name in ("signals", "by_leader", "by_agents", "live", "closed")}
        assert counted == {"signals": 2, "by_leader": 1, "by_agents": 1, "live": 2, "closed": None}
        [one, two] = report["calls"]
        assert (one["contact"], one["answered_by"], two["agent"]) == ("kc1", "leader", "a1")
        assert [(case["case_no"], case["valid"], case["closed"]) for case in one["cases"]] == [("GD1", True, None)]
    assert (await office.ask("GET", f"duty-sessions/{duty}/report", house.token(Role.AGENT, agent="a1")))[0] == 404


async def test_agents_see_the_sessions_of_their_own_seat_and_counties_those_of_theirs(office: Office) -> None:
    house = office.house
    [city_duty] = (await office.plan())[1]["ids"]
    north = house.token(Role.SUPERVISOR, user="north", tenant="north")
    assert (await office.plan(token=north))[0] == 404, "the mayor's seat is not theirs"
    status, planned = await office.plan(token=north, leader="chief", aide="n1", scope={"queues": ["north"]})
    assert status == 201, planned
    assert (
        await office.plan(
            now() + timedelta(days=1), token=north, leader="chief", aide=None, scope={"queues": ["south"]}
        )
    )[0] == 404
    [north_duty] = planned["ids"]
    seen = {}
    for who, token in {
        "boss": office.boss,
        "aide": office.aide,
        "a1": house.token(Role.AGENT, agent="a1"),
        "north": north,
        "n1": house.token(Role.AGENT, agent="n1", tenant="north"),
    }.items():
        _, listed = await office.ask("GET", "duty-sessions", token)
        seen[who] = {item["id"] for item in listed["items"]}
    assert seen == {
        "boss": {city_duty, north_duty},
        "aide": {city_duty},
        "a1": set(),
        "north": {north_duty},
        "n1": {north_duty},
    }
    assert (await office.ask("DELETE", f"duty-sessions/{city_duty}", north))[0] == 404
    assert (await office.ask("DELETE", f"duty-sessions/{north_duty}", office.aide))[0] == 403
    await house.ready("a1", "chief")
    await house.arrive("c1", NUMBER)
    assert [getattr(one.event, "duty", "") for one in await house.entries(Position(), events.DutyCalled)] == [city_duty]
    assert QueueId("north") in house.mirror.state.queues


async def test_leader_and_aide_hear_of_their_duty_on_the_stream_and_others_do_not(office: Office) -> None:
    house = office.house
    kinds = ["duty.planned", "duty.started", "duty.ended", "duty.called"]
    mayor = house.token(Role.AGENT, agent="mayor")
    async with (
        house.subscribed(mayor, kinds=kinds) as leader,
        house.subscribed(office.aide, kinds=kinds) as aide,
        house.subscribed(house.token(Role.AGENT, agent="a1"), kinds=[*kinds, "agent.state"]) as other,
    ):
        [duty] = (await office.plan(begin=now()))[1]["ids"]
        for client in (leader, aide):
            told = [(await client.event())["event"] for _ in range(2)]
            assert [(event["kind"], event["duty"]) for event in told] == [
                ("duty.planned", duty),
                ("duty.started", duty),
            ]
        await house.ready("a1")
        assert (await other.event())["event"]["kind"] == "agent.state"


async def test_the_aide_joins_the_leaders_talk_by_themselves_and_nobody_elses(office: Office) -> None:
    house = office.house
    await office.plan()
    await house.ready("mayor", "aide", "a1")
    await house.arrive("c1", NUMBER)
    await house.arrive("c2", "13800000002")
    for leg in ("c1/1", "c2/1"):
        await house.leg(facts.LegAnswered, leg)
    join = {"agent": "aide"}
    assert (await office.ask("POST", "calls/c2/three-way", office.aide, join))[0] == 403, "an agent's call"
    assert (await office.ask("POST", "calls/c1/three-way", office.aide, {"agent": "a1"}))[0] == 403
    assert (await office.ask("POST", "calls/c1/three-way", house.token(Role.AGENT, agent="a2"), join))[0] == 403
    status, started = await office.ask("POST", "calls/c1/three-way", office.aide, join)
    assert (status, started["agent"]) == (202, "mayor")
    await house.leg(facts.LegAnswered, "c1/2")
    assert [leg.agent for leg in house.mirror.state.calls[CallId("c1")].talking_legs()] == ["mayor", "aide"]
