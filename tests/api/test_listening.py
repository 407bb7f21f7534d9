"""Listening over REST and the stream: asked for, approved by somebody else, told to the agent or not, noted, listed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from messages import facts
from messages.ids import SessionId
from messages.values import ListeningMode, Role
from supervision.governance import ListeningRule, SupervisionSettings
from supervision.listening import Listening
from tests.api.city import call_of, city, talk
from tests.api.house import House, kinds, now, open_house

ASK = {"agent": "a1", "purpose": "领导旁听", "phone": "9001"}


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Give a house of a city with two counties."""
    async with open_house(center=city()) as opened:
        yield opened


@pytest.fixture
async def telling() -> AsyncIterator[House]:
    """Give a house whose agents are told who listens to them."""
    rule = ListeningRule(roles=(Role.SUPERVISOR,), modes=tuple(ListeningMode), tell_agent=True)
    rules = msgspec.structs.replace(city(), supervision=SupervisionSettings(rules=(rule,)))
    async with open_house(center=rules) as house:
        yield house


async def asked(house: House, token: str, body: dict[str, Any] = ASK) -> Listening:
    """Ask to listen; return the session."""
    status, made = await house.ask("POST", "listening", token, body)
    assert status == 202, made
    return house.mirror.state.listening[SessionId(made["session"])]


async def talks(house: House, call: str) -> None:
    """Let a citizen of the city talk with whoever is free."""
    await call_of(house, call)
    await talk(house, call)


async def hears(house: House, session: Listening, leg: str) -> None:
    """Asterisk reports that the session hears a leg."""
    node = house.mirror.state.calls[leg.partition("/")[0]].node  # type: ignore[index]
    await house.settled(facts.SpyStarted(occurred=now(), node=node, session=session.id, spied=leg, spyer="9001"))


async def test_a_leader_asks_a_supervisor_approves_and_both_are_told(house: House) -> None:
    leader, chief = house.token(Role.LEADER, user="mayor"), house.token(Role.SUPERVISOR, user="chief")
    await house.ready("a1")
    async with house.subscribed(leader) as mayor, house.subscribed(chief) as watching:
        session = await asked(house, leader)
        assert "listening.requested" in kinds(await watching.until("listening.requested"))
        [shown] = (await house.ask("GET", "listening", chief))[1]["items"]
        assert {name: shown[name] for name in ("stage", "by", "scope", "target", "approval", "limit_s")} == {
            "stage": "asked",
            "by": "mayor",
            "scope": "agent",
            "target": "a1",
            "approval": True,
            "limit_s": 1800.0,
        }
        where = f"listening/{session.id}"
        assert (await house.ask("POST", f"{where}/approve", leader))[0] == 403
        assert (await house.ask("POST", f"{where}/approve", chief))[0] == 204
        assert (await house.ask("POST", f"{where}/approve", chief))[0] == 409, "not twice"
        told = (await mayor.until("listening.decided"))[-1]["event"]
        assert (told["approver"], told["approved"]) == ("chief", True)
        await talks(house, "c1")
        await hears(house, session, "c1/1")
        assert "listening.started" in kinds(await mayor.until("listening.started"))
    ends = [
        entry
        for entry in reversed(house.audit.kept)
        if entry.action.startswith("listening.") and entry.result != "asked"
    ]
    assert [(entry.action, entry.by, entry.result) for entry in ends] == [
        ("listening.start", "mayor", "granted"),
        ("listening.approve", "mayor", "refused"),
        ("listening.approve", "chief", "granted"),
        ("listening.approve", "chief", "refused"),
    ]


async def test_a_refusal_needs_a_reason_and_reaches_who_asked(house: House) -> None:
    leader, chief = house.token(Role.LEADER, user="mayor"), house.token(Role.SUPERVISOR, user="chief")
    status, made = await house.ask("POST", "listening", leader, ASK)
    assert status == 202
    where = f"listening/{made['session']}/refuse"
    assert (await house.ask("POST", where, chief, {"reason": ""}))[0] == 422
    assert (await house.ask("POST", where, chief, {"reason": "培训日"}))[0] == 204
    operation = (await house.ask("GET", f"operations/{made['operation']}", leader))[1]
    assert (operation["state"], operation["why"]) == ("failed", "refused: 培训日")
    assert (await house.ask("POST", where, chief, {"reason": "again"}))[0] == 404


async def test_nobody_approves_their_own_request(house: House) -> None:
    both = house.token(Role.LEADER, Role.SUPERVISOR, user="both")
    session = await asked(house, house.token(Role.LEADER, user="both"))
    status, problem = await house.ask("POST", f"listening/{session.id}/approve", both)
    assert (status, "somebody else" in problem["detail"]) == (403, True)


async def test_another_countys_supervisor_neither_sees_nor_approves(house: House) -> None:
    session = await asked(house, house.token(Role.LEADER, user="mayor", tenant="south"), ASK | {"agent": "s1"})
    north, south = (house.token(Role.SUPERVISOR, user=name, tenant=name) for name in ("north", "south"))
    assert (await house.ask("GET", "listening", north))[1]["items"] == []
    assert (await house.ask("POST", f"listening/{session.id}/approve", north))[0] == 404
    assert (await house.ask("POST", f"listening/{session.id}/approve", south))[0] == 204


@pytest.mark.parametrize("body", [{}, {"call": "c1", "agent": "a1"}, {"agent": "a1", "mode": "barge"}])
async def test_one_thing_is_listened_to_and_waited_for_unheard(house: House, body: dict[str, Any]) -> None:
    wish = {"purpose": "coaching", "phone": "9001"} | body
    assert (await house.ask("POST", "listening", house.token(Role.SUPERVISOR), wish))[0] in (404, 422)


async def test_the_agent_is_told_who_listens_where_the_rule_says_so(telling: House) -> None:
    supervisor, agent = telling.token(Role.SUPERVISOR), telling.token(Role.AGENT, user="li", agent="a1")
    await telling.ready("a1", "a2")
    async with telling.subscribed(agent) as client, telling.subscribed(telling.token(Role.AGENT, agent="a2")) as other:
        session = await asked(telling, supervisor)
        await talks(telling, "c1")
        await hears(telling, session, "c1/1")
        told = await client.until("listening.started")
        assert [kind for kind in kinds(told) if kind.startswith("listening")] == ["listening.started"]
        assert "purpose" not in told[-1]["event"]
        async with telling.subscribed(agent) as fresh:
            [one] = fresh.snapshot["listening"]
            assert (one["by"], one["purpose"]) == ("supervisor", ""), "who, and not what for"
        node = telling.mirror.state.calls["c1"].node  # type: ignore[index]
        await telling.settled(facts.SpyStopped(occurred=now(), node=node, session=session.id, gone=True))
        assert "listening.ended" in kinds(await client.until("listening.ended"))
        await telling.hang_up("c1")
        await telling.ready("a2")
        await talks(telling, "c2")
        assert not [kind for kind in kinds(await other.until("call.answered")) if kind.startswith("listening")]


async def test_a_note_is_the_listeners_own_while_it_runs_and_afterwards(house: House) -> None:
    supervisor, another = house.token(Role.SUPERVISOR), house.token(Role.SUPERVISOR, user="another")
    session = await asked(house, supervisor)
    note = {"note": "态度耐心"}
    assert (await house.ask("PUT", f"listening/{session.id}/note", supervisor, note))[0] == 204
    assert (await house.ask("PUT", f"listening/{session.id}/note", another, note))[0] == 404
    house.history.sessions = [{"session": "l0-1", "by": "supervisor"}]
    assert (await house.ask("PUT", "listening/l0-1/note", supervisor, note))[0] == 204
    assert (await house.ask("PUT", "listening/l0-1/note", another, note))[0] == 404
    assert (await house.ask("PUT", "listening/l0-1/note", supervisor, {"note": ""}))[0] == 422


async def test_leaders_see_their_own_past_sessions_and_supervisors_all(house: House) -> None:
    house.history.sessions = [{"session": "l0-1", "by": "mayor"}, {"session": "l0-2", "by": "supervisor"}]
    for token, seen in (
        (house.token(Role.LEADER, user="mayor"), ["l0-1"]),
        (house.token(Role.SUPERVISOR), ["l0-1", "l0-2"]),
        (house.token(Role.AUDITOR), ["l0-1", "l0-2"]),
    ):
        items = (await house.ask("GET", "listening/sessions", token))[1]["items"]
        assert [one["session"] for one in items] == seen
    assert (await house.ask("GET", "listening/sessions", house.token(Role.AGENT, agent="a1")))[0] == 403
