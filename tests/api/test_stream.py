"""The event stream over real sockets: who is let in, what they get, in what order."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from api.stream.ops import CloseCode
from messages import events, facts
from messages.events import Position
from messages.ids import LegId
from messages.values import LegEnd, Role
from tests.api.house import House, kinds, now, open_house


async def test_a_supervisor_gets_a_snapshot_and_then_every_event_each_naming_the_one_before(house: House) -> None:
    await house.ready("a1")
    async with house.subscribed(house.token(Role.SUPERVISOR)) as client:
        start = client.seen
        assert start == house.mirror.state.position
        assert [agent["state"] for agent in client.snapshot["agents"]] == ["ready", "logged_out"]
        await house.whole_call("c1")
        got = await client.until("contact.ended")
        logged = await house.entries(start)
        assert [(e["epoch"], e["seq"]) for e in got] == [(one.epoch, one.seq) for one in logged][: len(got)]
        assert got[0]["event"]["number"] == "138****1234"
        assert got[0]["at"] == logged[0].at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


async def test_hello_tells_who_one_is(house: House) -> None:
    async with house.connected(house.token(Role.AGENT, agent="a1")) as client:
        assert client.hello["user"] == "agent-a1"
        assert client.hello["roles"] == ["agent"]
        assert client.hello["agent"] == "a1"
        assert client.hello["version"] == "1"


async def test_an_agent_sees_their_own_state_pops_and_calls_only(house: House) -> None:
    await house.ready("a1", "a2")
    async with house.subscribed(house.token(Role.AGENT, agent="a2")) as client:
        assert [agent["id"] for agent in client.snapshot["agents"]] == ["a2"]
        await house.whole_call("c1")
        await house.whole_call("c2")
        got = await client.until("leg.ended")
        assert {e["event"]["agent"] for e in got} == {"a2"}
        assert {e["event"].get("call") for e in got} == {"c2"}
        assert kinds(got) == [
            "call.offered",
            "agent.state",
            "screen_pop",
            "call.ringing",
            "agent.state",
            "call.answered",
            "agent.state",
            "leg.ended",
        ]


async def test_an_agent_is_not_told_who_listens_to_them(house: House) -> None:
    await house.ready("a1")
    supervisor = house.token(Role.SUPERVISOR)
    async with (
        house.subscribed(house.token(Role.AGENT, agent="a1")) as agent,
        house.subscribed(supervisor) as watching,
    ):
        await house.arrive("c1")
        await house.leg(facts.LegRinging, "c1/1")
        await house.leg(facts.LegAnswered, "c1/1")
        body = {"call": "c1", "purpose": "coaching", "phone": "9001"}
        status, made = await house.ask("POST", "listening", supervisor, body)
        assert status == 202
        spying = house.mirror.state.listening[made["session"]]
        await house.settled(
            facts.SpyStarted(occurred=now(), node=spying.node, session=spying.id, spied="c1/1", spyer="9001")
        )
        await house.leg(facts.LegEnded, "c1/1", why=LegEnd.AGENT_HUNG_UP)
        assert "listening.started" in kinds(await watching.until("operation.done"))
        assert not [kind for kind in kinds(await agent.until("leg.ended")) if kind.startswith(("listening", "oper"))]


async def test_a_subscription_to_kinds_gets_those_and_prev_skips_the_others(house: House) -> None:
    await house.ready("a1")
    wish = {"kinds": ["call.answered", "contact.ended"]}
    async with house.subscribed(house.token(Role.SUPERVISOR), **wish) as client:
        await house.whole_call("c1")
        assert kinds([await client.event(), await client.event()]) == ["call.answered", "contact.ended"]


async def test_a_pop_leaves_before_the_offer_is_carried_out_with_what_is_known_of_the_number(house: House) -> None:
    for number in range(7):
        house.history.add(f"old{number}", "13800001234", cases=[f"GD{number % 2}"])
    house.history.add("other", "13999999999")
    await house.ready("a1")
    async with (
        house.subscribed(house.token(Role.AGENT, agent="a1")) as agent,
        house.subscribed(house.token(Role.CASE_SYSTEM), kinds=["screen_pop"]) as case_system,
    ):
        await house.arrive("c1")
        pop = (await agent.until("screen_pop"))[-1]["event"]
        assert pop["number"] == "138****1234"
        assert [one["contact"] for one in pop["recent_contacts"]] == ["old6", "old5", "old4", "old3", "old2"]
        assert all("13800001234" not in str(one) for one in pop["recent_contacts"])
        assert pop["cases"] == ["GD0", "GD1"]
        assert pop["flags"] == {"repeat": True, "confidential": False, "malicious": False, "priority": False}
        assert pop["id"] == f"{agent.seen.epoch}-{agent.seen.seq}"
        assert pop["expires_at"] > now().isoformat()
        await house.pops.wait(LegId("c1/1"))
        assert house.pops.late == 0
        whole = (await case_system.event())["event"]
        assert whole["number"] == "13800001234"
        assert whole["recent_contacts"][0]["number"] == "13800001234"


async def test_a_pop_without_a_desktop_does_not_hold_the_offer_back(house: House) -> None:
    await house.ready("a1")
    await house.arrive("c1")
    await house.pops.wait(LegId("c1/1"))
    assert house.pops.late == 0
    assert house.audience.counts.pops_unseen == 1


async def test_a_slow_history_does_not_hold_a_pop_back(house: House) -> None:
    house.history.delay_s = 30
    await house.ready("a1")
    async with house.subscribed(house.token(Role.AGENT, agent="a1")) as agent:
        await house.arrive("c1", greeted=False)
        pop = (await agent.until("screen_pop"))[-1]["event"]
        assert pop["recent_contacts"] == []
        assert house.audience.counts.pops_without_history == 1


async def test_a_pop_is_withdrawn_when_the_citizen_leaves(house: House) -> None:
    await house.ready("a1")
    async with house.subscribed(house.token(Role.AGENT, agent="a1")) as agent:
        await house.arrive("c1")
        await house.hang_up("c1")
        withdrawn = (await agent.until("screen_pop.withdrawn"))[-1]["event"]
        assert (withdrawn["leg"], withdrawn["why"]) == ("c1/1", "citizen_gone")


async def test_a_history_that_cannot_be_shown_does_not_hold_a_pop_back(house: House) -> None:
    house.history.add("old", "13800001234", outcome=object())
    await house.ready("a1")
    async with house.subscribed(house.token(Role.AGENT, agent="a1")) as agent:
        await house.arrive("c1")
        assert (await agent.until("screen_pop"))[-1]["event"]["recent_contacts"] == []


async def test_an_agent_sees_what_they_themselves_wrote_live_and_again(house: House) -> None:
    await house.ready("a1")
    await house.whole_call("c1")
    token = house.token(Role.AGENT, agent="a1")
    async with house.subscribed(token) as client:
        start = client.seen
        await house.ask("PUT", "contacts/kc1/wrap-up", token, {"code": "consult"})
        await house.ask("PUT", "contacts/kc1/wrap-up", house.token(Role.SUPERVISOR), {"code": "other"})
        await house.ask("PUT", "agents/me/state", token, {"state": "not_ready", "reason": "meal"})
        live = [await client.event() for _ in range(2)]
        assert kinds(live) == ["contact.wrapped_up", "agent.state"]
    async with house.connected(token) as client:
        await client.send(op="subscribe", resume_from={"epoch": start.epoch, "seq": start.seq})
        client.seen = start
        again = [await client.event() for _ in range(2)]
        assert [message["event"] for message in again] == [message["event"] for message in live]


async def test_a_number_transferred_to_is_masked_but_for_the_case_system(house: House) -> None:
    await house.ready("a1")
    wish = {"kinds": ["call.transferred"]}
    async with (
        house.subscribed(house.token(Role.SUPERVISOR), **wish) as supervisor,
        house.subscribed(house.token(Role.CASE_SYSTEM), **wish) as case_system,
    ):
        for call, to in (("c1", "13900005678"), ("c2", "110")):
            await house.arrive(call)
            await house.leg(facts.LegRinging, f"{call}/1")
            await house.leg(facts.LegAnswered, f"{call}/1")
            await house.leg(facts.LegTransferred, f"{call}/1", to=to)
            await house.ready("a1")
        assert [(await supervisor.event())["event"]["to"] for _ in range(2)] == ["139****5678", "110"]
        assert [(await case_system.event())["event"]["to"] for _ in range(2)] == ["13900005678", "110"]


async def test_two_desktops_of_one_agent_both_get_the_pop(house: House) -> None:
    await house.ready("a1")
    token = house.token(Role.AGENT, agent="a1")
    async with house.subscribed(token) as one, house.subscribed(token) as other:
        await house.arrive("c1")
        assert (await one.until("screen_pop"))[-1] == (await other.until("screen_pop"))[-1]


async def test_what_the_case_system_has_not_acknowledged_is_sent_again_marked_replayed(house: House) -> None:
    await house.ready("a1")
    token = house.token(Role.CASE_SYSTEM)
    wish = {"kinds": ["screen_pop", "contact.ended"], "cursor": "cases"}
    async with house.subscribed(token, **wish) as client:
        await house.whole_call("c1")
        first = await client.event()
        await client.event()
        await client.send(op="ack", epoch=first["epoch"], seq=first["seq"])
        await client.send(op="ping", id="1")
        await client.expect("pong")
    await house.whole_call("c2")
    async with house.connected(token) as client:
        await client.send(op="subscribe", **wish)
        client.seen = Position(first["epoch"], first["seq"])
        again = [await client.event() for _ in range(3)]
        assert kinds(again) == ["contact.ended", "screen_pop", "contact.ended"]
        assert [e["event"]["call"] for e in again] == ["c1", "c2", "c2"]
        assert all(e["replayed"] for e in again)


async def test_a_cursor_keeps_its_place_even_before_anything_was_acknowledged(house: House) -> None:
    await house.ready("a1")
    token = house.token(Role.CASE_SYSTEM)
    wish = {"kinds": ["contact.ended"], "cursor": "cases"}
    async with house.subscribed(token, **wish) as client:
        start = client.seen
    await house.whole_call("c1")
    async with house.connected(token) as client:
        client.seen = start
        await client.send(op="subscribe", **wish)
        event = await client.event()
        assert (event["event"]["call"], event["replayed"]) == ("c1", True)


async def test_a_position_that_is_unknown_gets_a_fresh_snapshot(house: House) -> None:
    async with house.connected(house.token(Role.SUPERVISOR)) as client:
        for unknown in (Position(1, 999_999), Position(7, 1)):
            await client.send(op="subscribe", resume_from={"epoch": unknown.epoch, "seq": unknown.seq})
            client.take_snapshot(await client.expect("snapshot"))
            assert client.seen == house.mirror.state.position


async def test_an_unknown_token_is_refused(house: House) -> None:
    async with connect(f"ws://127.0.0.1:{house.stream.port}/v1/stream", proxy=None) as connection:
        await connection.send('{"op":"hello","token":"nonsense"}')
        await connection.wait_closed()
        assert connection.close_code == CloseCode.NO_TOKEN


async def test_who_says_nothing_is_closed() -> None:
    async with (
        open_house(hello_s=0.05) as house,
        connect(f"ws://127.0.0.1:{house.stream.port}/v1/stream", proxy=None) as connection,
    ):
        await connection.wait_closed()
        assert connection.close_code == CloseCode.NO_TOKEN


async def test_a_token_that_expires_in_mid_stream_closes_it(house: House) -> None:
    token = house.token(Role.SUPERVISOR, lasts=timedelta(seconds=0.3))
    async with house.subscribed(token) as client:
        assert (await client.closed())[0] == CloseCode.NO_TOKEN


async def test_a_client_is_warned_before_its_token_expires(house: House) -> None:
    async with house.subscribed(house.token(Role.SUPERVISOR, lasts=timedelta(seconds=60.2))) as client:
        warning = await client.expect("expiring")
        assert warning["expires_at"] == client.hello["expires_at"]


async def test_a_token_is_replaced_in_place(house: House) -> None:
    token = house.token(Role.SUPERVISOR, lasts=timedelta(seconds=0.5))
    async with house.subscribed(token) as client:
        await client.send(op="token", token=house.token(Role.SUPERVISOR))
        assert (await client.expect("hello"))["user"] == "supervisor"
        await asyncio.sleep(0.6)
        await client.send(op="ping", id="still there")
        assert (await client.expect("pong"))["id"] == "still there"


async def test_somebody_elses_token_is_not_taken_in_mid_stream(house: House) -> None:
    async with house.subscribed(house.token(Role.AGENT, agent="a1")) as client:
        await client.send(op="token", token=house.token(Role.SUPERVISOR))
        assert (await client.closed())[0] == CloseCode.FORBIDDEN


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "{",
        "[]",
        '"hello"',
        '{"op":"dance"}',
        '{"op":"subscribe","kinds":"all"}',
        '{"op":"subscribe","kinds":["no.such"]}',
        '{"op":"subscribe","resume_from":{"epoch":"1"}}',
        '{"op":"ack","epoch":1}',
        '{"op":"ack","epoch":1,"seq":1}',
        b"\xff\xfe",
        "[" * 5000,
        '{"op":"ping","x":' + "[" * 50_000,
    ],
)
async def test_a_bad_message_is_told_and_the_stream_goes_on(house: House, frame: str | bytes) -> None:
    async with house.subscribed(house.token(Role.SUPERVISOR)) as client:
        await client.connection.send(frame)
        error = await client.expect("error")
        assert error["type"]
        assert error["detail"]
        await house.ready("a1")
        assert (await client.event())["kind"] == "agent.state"


async def test_a_message_of_a_megabyte_ends_the_connection(house: House) -> None:
    async with house.subscribed(house.token(Role.SUPERVISOR)) as client:
        await client.connection.send("x" * (1 << 20))
        assert (await client.closed())[0] == 1009
    async with house.subscribed(house.token(Role.SUPERVISOR)):
        pass


@pytest.mark.parametrize(("origin", "allowed"), [("http://127.0.0.1:8080", True), ("http://evil.example", False)])
async def test_browsers_on_foreign_pages_are_refused(house: House, origin: str, allowed: bool) -> None:
    url = f"ws://127.0.0.1:{house.stream.port}/v1/stream"
    if allowed:
        async with connect(url, proxy=None, additional_headers={"Origin": origin}):
            return
    with pytest.raises(InvalidStatus) as refused:
        await connect(url, proxy=None, additional_headers={"Origin": origin})
    assert refused.value.response.status_code == 403


async def test_there_is_nothing_beside_the_stream(house: House) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"ws://127.0.0.1:{house.stream.port}/elsewhere", proxy=None)
    assert refused.value.response.status_code == 404


async def test_the_auditor_sees_listening_and_no_calls(house: House) -> None:
    await house.ready("a1")
    async with house.subscribed(house.token(Role.AUDITOR)) as client:
        assert client.snapshot["calls"] == []
        await house.arrive("c1")
        await house.leg(facts.LegRinging, "c1/1")
        await house.leg(facts.LegAnswered, "c1/1")
        body = {"call": "c1", "purpose": "coaching", "phone": "9001"}
        await house.ask("POST", "listening", house.token(Role.SUPERVISOR), body)
        assert (await client.event())["kind"] == "listening.requested"
        assert len(await house.entries(client.seen, events.CallEvent)) == 0
