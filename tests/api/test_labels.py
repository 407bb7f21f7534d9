"""Labels of nuisance callers over REST: who proposes, who decides, who sees what, and the audit of it all."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from messages import events
from messages.events import Position
from messages.ids import CallId
from messages.values import Role
from tests.api.city import call_of, city
from tests.api.house import House, open_house

NUMBER = "13987654321"
WHY = {"kind": "harassing", "reason": "insults agents"}


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Give a city where a1 had two calls of one caller, a2 one of another, and the north one."""
    async with open_house(center=city()) as opened:
        for call, number in (("k1", NUMBER), ("k2", NUMBER), ("k3", "13800001234")):
            opened.history.add(call, number, agent="a2" if call == "k3" else "a1", tenant="")
        opened.history.add("n1", NUMBER, agent="n1", tenant="north")
        yield opened


async def propose(house: House, *contacts: str, agent: str = "a1") -> tuple[int, str]:
    """An agent proposes a label; return the status, and the label or what was wrong."""
    token = house.token(Role.AGENT, agent=agent)
    status, answer = await house.ask("POST", "callers/labels", token, {"contacts": contacts, **WHY})
    return status, answer.get("id") or answer["detail"]


async def test_a_label_is_proposed_by_one_approved_by_another_and_shows_on_the_next_call(house: House) -> None:
    status, label = await propose(house, "k1", "k2")
    assert status == 201
    boss = house.token(Role.SUPERVISOR, user="wang")
    [listed] = (await house.ask("GET", "callers/labels", boss))[1]["items"]
    assert (listed["number"], listed["evidence"], listed["approved_by"]) == ("139****4321", ["k1", "k2"], None)
    assert (await house.ask("POST", f"callers/labels/{label}/approve", boss, {"days": 7}))[0] == 204
    [listed] = (await house.ask("GET", "callers/labels", house.token(Role.AUDITOR)))[1]["items"]
    assert (listed["approved_by"], listed["kind"]) == ("wang", "harassing")
    await call_of(house, "c1", number=NUMBER)
    [call] = (await house.ask("GET", "calls", boss))[1]["items"]
    assert (call["malicious"], call["urgent"], call["state"]) == (True, False, "arrived")
    assert house.mirror.state.calls[CallId("c1")].label == label
    status, _ = await house.ask("POST", f"callers/labels/{label}/revoke", boss, {"reason": "apologised"})
    assert status == 204
    assert (await house.ask("GET", "callers/labels", boss))[1]["items"] == []
    assert [(one.action, one.by, one.result, one.about) for one in house.audit.kept] == [
        ("labels.revoke", "wang", "granted", f"label {label}"),
        ("labels.revoke", "wang", "asked", f"label {label}"),
        ("labels.approve", "wang", "granted", f"label {label}, days 7"),
        ("labels.approve", "wang", "asked", f"label {label}, days 7"),
        ("labels.propose", "agent-a1", "granted", f"label {label}, kind harassing"),
        ("labels.propose", "agent-a1", "asked", "kind harassing"),
    ]


async def test_a_supervisor_does_not_approve_their_own_proposal_and_that_is_audited(house: House) -> None:
    boss = house.token(Role.SUPERVISOR, user="wang")
    _, made = await house.ask("POST", "callers/labels", boss, {"contacts": ["k1"], **WHY})
    status, answer = await house.ask("POST", f"callers/labels/{made['id']}/approve", boss, {})
    assert (status, "somebody else" in answer["detail"]) == (403, True)
    assert [(one.action, one.result) for one in house.audit.kept] == [
        ("labels.approve", "refused"),
        ("labels.approve", "asked"),
        ("labels.propose", "granted"),
        ("labels.propose", "asked"),
    ]
    assert await house.entries(Position(), events.CallerLabelled) == []
    other = house.token(Role.ADMIN, user="zhao")
    refused = await house.ask("POST", f"callers/labels/{made['id']}/refuse", other, {"reason": "once only"})
    assert refused[0] == 204
    agent = house.token(Role.AGENT, agent="a1")
    assert (await house.ask("POST", f"callers/labels/{made['id']}/approve", agent, {}))[0] == 403


async def test_evidence_is_of_one_caller_and_of_calls_the_agent_had(house: House) -> None:
    assert (await propose(house, "k1", "k3"))[0] == 403, "k3 was another agent's"
    boss = house.token(Role.SUPERVISOR)
    for contacts, wanted in ((["k1", "k3"], 422), (["k1", "n1"], 422), (["gone"], 404), ([], 422)):
        status, answer = await house.ask("POST", "callers/labels", boss, {"contacts": contacts, **WHY})
        assert status == wanted, (contacts, answer)
    assert (await propose(house, "k1"))[0] == 201
    assert (await propose(house, "k2"))[0] == 409


async def test_a_countys_labels_are_the_countys(house: House) -> None:
    status, label = await propose(house, "n1", agent="n1")
    assert status == 201
    south = house.token(Role.SUPERVISOR, tenant="south")
    north = house.token(Role.SUPERVISOR, tenant="north", user="north-boss")
    assert (await house.ask("GET", "callers/labels", south))[1]["items"] == []
    assert (await house.ask("POST", f"callers/labels/{label}/approve", south, {}))[0] == 404
    async with (
        house.subscribed(south, kinds=["caller.labelled", "queue.changed"]) as elsewhere,
        house.subscribed(house.token(Role.AUDITOR), kinds=["caller.labelled"]) as auditor,
    ):
        assert (await house.ask("POST", f"callers/labels/{label}/approve", north, {}))[0] == 204
        await house.ask("PUT", "queues/south/open", south, {"open": False})
        assert (await elsewhere.event())["kind"] == "queue.changed"
        assert (await auditor.event())["event"]["number"] == "139****4321"
    await call_of(house, "c1", number=NUMBER)
    await call_of(house, "c2", "north", number=NUMBER)
    calls = house.mirror.state.calls
    assert (calls[CallId("c1")].label, calls[CallId("c2")].label) == (None, label)
