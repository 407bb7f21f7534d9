"""Call control over REST: each verb becomes an operation that can be asked after; who may do what to whom."""

from __future__ import annotations

from typing import Any

import pytest

from messages import commands, facts
from messages.ids import CallId, OperationId
from messages.values import LegEnd, Role, Target, TargetKind, Verb
from tests.api.house import House, now
from tests.center.world import NODE

OUTSIDE = "02000005678"


async def _talking(house: House, call: str = "c1", agent: str = "a1") -> str:
    """Let an agent talk; return the agent's token."""
    await house.ready(agent)
    await house.arrive(call)
    await house.leg(facts.LegRinging, f"{call}/1")
    await house.leg(facts.LegAnswered, f"{call}/1")
    return house.token(Role.AGENT, agent=agent)


def _last(house: House, kind: type[commands.Command]) -> Any:
    return next(one for one in reversed(house.switchboard.commands) if isinstance(one, kind))


async def _start(house: House, token: str, word: str, body: Any = None, call: str = "c1") -> str:
    status, answer = await house.ask("POST", f"calls/{call}/{word}", token, body)
    assert status == 202, answer
    assert answer["call"] == call
    return str(answer["operation"])


async def _state(house: House, token: str, operation: str) -> str:
    return str((await house.ask("GET", f"operations/{operation}", token))[1]["state"])


async def test_hold_is_pending_until_asterisk_holds_and_resume_takes_the_citizen_back(house: House) -> None:
    token = await _talking(house)
    operation = await _start(house, token, "hold")
    act = _last(house, commands.ActOnLeg)
    assert (act.verb, act.leg, act.operation) == (Verb.HOLD, "c1/1", operation)
    assert await _state(house, token, operation) == "pending"
    await house.leg(facts.LegHeld, "c1/1")
    assert await _state(house, token, operation) == "done"
    [call] = (await house.ask("GET", "calls", token))[1]["items"]
    assert (call["legs"][0]["held"], call["legs"][0]["role"]) == (True, "agent")
    status, problem = await house.ask("POST", "calls/c1/hold", token)
    assert (status, problem["type"]) == (409, "refused")
    await _start(house, token, "resume")
    assert _last(house, commands.ActOnLeg).verb is Verb.RESUME


async def test_the_answer_says_where_to_ask_after_the_operation(house: House) -> None:
    token = await _talking(house)
    headers = {"Authorization": f"Bearer {token}"}
    async with house.session.post(f"{house.rest}/api/v1/calls/c1/mute", headers=headers) as answer:
        assert answer.status == 202
        operation = (await answer.json())["operation"]
        assert answer.headers["Location"] == f"/api/v1/operations/{operation}"
    seen = (await house.ask("GET", f"operations/{operation}", token))[1]
    assert (seen["verb"], seen["by"], seen["agent"], seen["call"]) == ("mute", "agent-a1", "a1", "c1")
    failed = facts.OperationReported(
        occurred=now(), node=NODE, operation=OperationId(operation), failed="the channel is gone"
    )
    await house.settled(failed)
    seen = (await house.ask("GET", f"operations/{operation}", token))[1]
    assert (seen["state"], seen["why"]) == ("failed", "the channel is gone")


@pytest.mark.parametrize("word", ["hold", "mute", "unmute", "park"])
async def test_plain_verbs_take_a_body_or_none(house: House, word: str) -> None:
    token = await _talking(house)
    assert (await house.ask("POST", f"calls/c1/{word}", token, raw=b"{"))[0] == 400
    operation = await _start(house, token, word, {"reason": "why not"} if word == "park" else None)
    assert house.mirror.state.operations[OperationId(operation)].verb == word


@pytest.mark.parametrize(
    ("body", "target"),
    [
        ({"target": {"kind": "queue", "to": "12345"}}, Target(TargetKind.QUEUE, "12345")),
        ({"queue": "12345"}, Target(TargetKind.QUEUE, "12345")),
        ({"agent": "a2", "reason": "knows it"}, Target(TargetKind.AGENT, "a2")),
        ({"number": OUTSIDE}, Target(TargetKind.NUMBER, OUTSIDE)),
    ],
)
async def test_a_transfer_names_one_target_in_full_or_for_short(
    house: House, body: dict[str, Any], target: Target
) -> None:
    token = await _talking(house)
    operation = await _start(house, token, "transfer", body)
    assert house.mirror.state.operations[OperationId(operation)].target == target
    assert _last(house, commands.ActOnLeg).verb is Verb.TRANSFER


@pytest.mark.parametrize("word", ["transfer", "consult", "three-way"])
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (None, 422),
        ({}, 422),
        ({"agent": "a2", "queue": "12345"}, 422),
        ({"target": {"kind": "queue", "to": "12345"}, "agent": "a2"}, 422),
        ({"target": {"kind": "moon", "to": "1"}}, 422),
        ({"target": "a2"}, 422),
        ({"target": {"kind": "agent"}}, 422),
        ({"agent": "nobody"}, 404),
        ({"number": "12"}, 422),
        ({"number": "12345678a"}, 422),
        ({"agent": ""}, 422),
        ([], 422),
    ],
)
async def test_a_target_that_is_none_is_refused(house: House, word: str, body: Any, status: int) -> None:
    token = await _talking(house)
    got, problem = await house.ask("POST", f"calls/c1/{word}", token, body)
    assert (got, problem["status"]) == (status, status), problem


async def test_a_consultation_is_swapped_completed_or_cancelled(house: House) -> None:
    token = await _talking(house)
    assert (await house.ask("POST", "calls/c1/complete", token))[0] == 409
    operation = await _start(house, token, "consult", {"number": OUTSIDE})
    act = _last(house, commands.ActOnLeg)
    assert (act.verb, act.number, act.party) == (Verb.CONSULT, OUTSIDE, "c1/2")
    await house.leg(facts.LegHeld, "c1/1")
    await house.leg(facts.LegConsulted, "c1/2")
    assert await _state(house, token, operation) == "done"
    seen = (await house.ask("GET", "calls", token))[1]["items"][0]["legs"][1]
    assert (seen["role"], seen["state"], seen["phone"]) == ("consult", "consulted", "020****5678")
    for word, verb in (("swap", Verb.SWAP), ("cancel", Verb.CANCEL)):
        await _start(house, token, word)
        assert _last(house, commands.ActOnLeg).verb is verb


async def test_somebody_is_called_in_and_the_agent_leaves_them_with_the_citizen(house: House) -> None:
    token = await _talking(house)
    assert (await house.ask("POST", "calls/c1/leave", token))[0] == 409
    operation = await _start(house, token, "three-way", {"number": OUTSIDE})
    assert _last(house, commands.CallParty).number == OUTSIDE
    await house.leg(facts.LegAnswered, "c1/2")
    assert await _state(house, token, operation) == "done"
    leaving = await _start(house, token, "leave")
    await house.leg(facts.LegEnded, "c1/1", why=LegEnd.AGENT_HUNG_UP)
    assert await _state(house, token, leaving) == "done"
    assert [leg.id for leg in house.mirror.state.calls[CallId("c1")].talking_legs()] == ["c1/2"]


@pytest.mark.parametrize("restarted", [False, True])
async def test_an_agent_is_told_what_becomes_of_whom_they_called_in(house: House, restarted: bool) -> None:
    token = await _talking(house)
    async with house.subscribed(token) as client, house.subscribed(house.token(Role.AGENT, agent="a2")) as other:
        await _start(house, token, "three-way", {"number": OUTSIDE})
        if restarted:
            house.audience.scope.__init__(house.mirror.state)  # type: ignore[misc]
        await house.leg(facts.LegRinging, "c1/2")
        await house.leg(facts.LegAnswered, "c1/2")
        await house.leg(facts.LegEnded, "c1/2", why=LegEnd.AGENT_HUNG_UP)
        heard = await client.until("leg.ended")
        assert [one["kind"] for one in heard] == [
            *("operation.started", "call.offered", "call.ringing", "call.answered", "operation.done", "leg.ended")
        ]
        assert {one["event"].get("phone", "020****5678") for one in heard} == {"020****5678"}
        await other.send(op="ping", id="nothing came")
        await other.expect("pong")


async def test_one_touch_calls_an_emergency_service_of_the_settings(house: House) -> None:
    token = await _talking(house)
    status, problem = await house.ask("POST", "calls/c1/emergency", token, {"service": "911"})
    assert (status, problem["detail"]) == (422, "service: one of 110, 119, 120, 122")
    await _start(house, token, "emergency", {"service": "119"})
    party = _last(house, commands.CallParty)
    assert (party.number, party.kind) == ("119", "emergency")


@pytest.mark.parametrize("digits", ["", "12a", "1" * 33, 7])
async def test_keys_are_keys(house: House, digits: Any) -> None:
    token = await _talking(house)
    assert (await house.ask("POST", "calls/c1/dtmf", token, {"digits": digits}))[0] == 422
    await _start(house, token, "dtmf", {"digits": "12#"})
    assert _last(house, commands.ActOnLeg).digits == "12#"


async def test_a_parked_call_is_seen_and_picked_up_by_those_who_serve_its_queue(house: House) -> None:
    token = await _talking(house)
    operation = await _start(house, token, "park")
    await house.settled(facts.CallQueued(occurred=now(), node=NODE, call=CallId("c1"), queue="", noticed=True))  # type: ignore[arg-type]
    assert await _state(house, token, operation) == "done"
    assert house.mirror.state.calls[CallId("c1")].state == "parked"
    other = house.token(Role.AGENT, agent="a2")
    assert [call["state"] for call in (await house.ask("GET", "calls", other))[1]["items"]] == ["parked"]
    queue = (await house.ask("GET", "queues/12345", other))[1]
    assert (queue["parked"], queue["waiting"]) == (1, 0)
    status, problem = await house.ask("POST", "calls/c1/pickup", house.token(Role.SUPERVISOR))
    assert (status, problem["detail"]) == (409, "you have no seat; your account names no agent")
    assert (await house.ask("POST", "calls/c1/pickup", other))[0] == 409, "not logged in"
    await house.ready("a2")
    picked = await _start(house, other, "pickup")
    assert _last(house, commands.OfferCall).legs[0].phone == "1002"
    await house.leg(facts.LegAnswered, "c1/2")
    assert await _state(house, other, picked) == "done"


async def test_an_agent_acts_on_their_own_talk_only(house: House) -> None:
    await _talking(house)
    other = house.token(Role.AGENT, agent="a2")
    for word, body in (("hold", None), ("hangup", None), ("transfer", {"agent": "a2"}), ("three-way", {"agent": "a2"})):
        status, problem = await house.ask("POST", f"calls/c1/{word}", other, body)
        assert (status, problem["type"]) == (403, "forbidden"), word
    assert (await house.ask("POST", "calls/none/hold", other))[0] == 404
    taking = {"phone": "1002", "reason": "mine"}
    assert (await house.ask("POST", "calls/c1/take-over", other, taking))[0] == 403


async def test_an_agent_whose_phone_only_rings_cannot_end_the_citizens_call(house: House) -> None:
    await house.ready("a1")
    await house.arrive("c1")
    status, problem = await house.ask("POST", "calls/c1/hangup", house.token(Role.AGENT, agent="a1"))
    assert (status, problem["detail"]) == (409, "you do not talk on this call")


async def test_a_supervisor_acts_on_whoever_talks_takes_over_and_releases_with_a_reason(house: House) -> None:
    agent = await _talking(house)
    token = house.token(Role.SUPERVISOR)
    await _start(house, token, "hold")
    assert _last(house, commands.ActOnLeg).leg == "c1/1"
    await house.leg(facts.LegHeld, "c1/1")
    await _start(house, token, "resume")
    await house.leg(facts.LegResumed, "c1/1")
    for body in ({"phone": "9001"}, {"reason": "abuse"}, {"phone": "9001", "reason": "  "}, {}):
        assert (await house.ask("POST", "calls/c1/take-over", token, body))[0] == 422
    taking = await _start(house, token, "take-over", {"phone": "9001", "reason": "abuse"})
    assert _last(house, commands.CallParty).kind == "take_over"
    await house.leg(facts.LegAnswered, "c1/2")
    seen = (await house.ask("GET", f"operations/{taking}", token))[1]
    assert (seen["state"], seen["reason"], seen["verb"]) == ("done", "abuse", "take_over")
    assert (await house.ask("GET", "agents/me", agent))[1]["state"] == "wrap_up"
    assert (await house.ask("POST", "calls/c1/hangup", token, {}))[0] == 422
    ending = await _start(house, token, "hangup", {"reason": "threats"})
    await house.hang_up("c1")
    seen = (await house.ask("GET", f"operations/{ending}", token))[1]
    assert (seen["state"], seen["reason"]) == ("done", "threats")


async def test_an_agent_ends_their_own_call_without_saying_why(house: House) -> None:
    token = await _talking(house)
    await _start(house, token, "hangup")
    assert type(house.switchboard.commands[-1]) is commands.DropLeg, "the citizen may still be asked something"


async def test_an_operation_is_for_those_it_concerns_and_its_number_for_who_dialled(house: House) -> None:
    token = await _talking(house)
    operation = await _start(house, token, "three-way", {"number": OUTSIDE})
    for seen_by, status, number in (
        (token, 200, OUTSIDE),
        (house.token(Role.SUPERVISOR), 200, "020****5678"),
        (house.token(Role.AGENT, agent="a2"), 403, None),
        (house.token(Role.CASE_SYSTEM), 403, None),
    ):
        got, answer = await house.ask("GET", f"operations/{operation}", seen_by)
        assert (got, answer.get("target", {}).get("to")) == (status, number)
    assert (await house.ask("GET", "operations/o9-9", token))[0] == 404


async def test_what_was_under_way_before_a_restart_of_the_api_is_known(house: House) -> None:
    token = await _talking(house)
    operation = await _start(house, token, "hold")
    house.services.recall._operations.clear()
    house.services.recall.begin(house.services.scope)
    assert await _state(house, token, operation) == "pending"
    await house.leg(facts.LegHeld, "c1/1")
    assert await _state(house, token, operation) == "done"
