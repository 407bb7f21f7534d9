"""Losses: connections that are cut, clients that do not read, and that what arrives is exactly what was logged."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed

from api import rights
from messages.codec import KINDS
from messages.events import Position
from messages.principal import Principal
from messages.values import Role
from tests.api.house import Client, House, open_house

READERS: dict[Role, dict[str, Any]] = {
    Role.SUPERVISOR: {"kinds": []},
    Role.AGENT: {"kinds": []},
    Role.CASE_SYSTEM: {"kinds": ["screen_pop", "contact.ended"], "cursor": "cases"},
}
STEPS = st.lists(st.sampled_from(["call", "call", "cut", "read", "flood"]), min_size=1, max_size=8)


class Reader:
    """A client that keeps what it got, is cut off now and then, and takes up where it was."""

    def __init__(self, house: House, role: Role) -> None:
        self.house = house
        self.role = role
        self.wish = READERS[role]
        self.token = house.token(role, agent="a1")
        self.start: Position | None = None
        self.seen = Position()
        self.got: list[Position] = []
        self.again = 0

    async def read(self, until: Position, most: int = 1_000_000) -> None:
        """Connect, read up to a position (or that many events), acknowledge half of it, and be cut off."""
        async with self.house.connected(self.token) as client:
            resume = {} if self.start is None or "cursor" in self.wish else {"resume_from": _json(self.seen)}
            await client.send(op="subscribe", **self.wish, **resume)
            if self.start is None:
                client.take_snapshot(await client.expect("snapshot"))
                self.start = self.seen = client.seen
            expected = [at for at in await self._visible(self.seen) if at <= until]
            got = await self._take(client, len(expected[:most]))
            if got and "cursor" in self.wish:
                done = got[len(got) // 2]
                await client.send(op="ack", epoch=done.epoch, seq=done.seq)
                await client.send(op="ping", id="acknowledged")
                while (await client.receive())["op"] != "pong":
                    pass
                self.seen = done
            client.connection.transport.abort()

    async def _take(self, client: Client, count: int) -> list[Position]:
        got: list[Position] = []
        if "cursor" not in self.wish:
            client.seen = self.seen
        while len(got) < count:
            message = await client.expect("event")
            got.append(Position(message["epoch"], message["seq"]))
            self.seen = got[-1]
        fresh = [at for at in got if not self.got or at > self.got[-1]]
        self.again += len(got) - len(fresh)
        self.got += fresh
        return got

    async def _visible(self, after: Position) -> list[Position]:
        principal = self.house.identity.sessions[self.token].principal
        named = set(self.wish["kinds"])
        scope = rights.Scope(self.house.mirror.state)
        return [
            entry.position
            for entry in await self.house.entries(after)
            if scope.may_see(entry.event, principal) and (not named or KINDS[type(entry.event)] in named)
        ]

    async def check(self) -> None:
        """What was got is what was logged and may be seen, each once and in order."""
        assert self.start is not None
        assert self.got == await self._visible(self.start)


def _json(position: Position) -> dict[str, int]:
    return {"epoch": position.epoch, "seq": position.seq}


@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_whatever_is_cut_every_client_gets_exactly_what_was_logged_for_it(steps: list[str]) -> None:
    asyncio.run(_cut(steps))


async def _cut(steps: list[str]) -> None:
    async with open_house() as house:
        await house.ready("a1")
        readers = [Reader(house, role) for role in READERS]
        for reader in readers:
            await reader.read(house.mirror.state.position)
        for number, step in enumerate(steps):
            if step == "call":
                await house.whole_call(f"c{number}")
            elif step == "flood":
                for extra in range(5):
                    await house.whole_call(f"f{number}-{extra}")
            else:
                for reader in readers:
                    await reader.read(house.mirror.state.position, 3 if step == "cut" else 1_000_000)
        for reader in readers:
            await reader.read(house.mirror.state.position)
            await reader.check()


async def _mute(house: House, token: str, **wish: Any) -> socket.socket:
    """Open a stream by hand that subscribes and then never reads."""
    loop = asyncio.get_running_loop()
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.setblocking(False)
    await loop.sock_connect(raw, ("127.0.0.1", house.stream.port))
    await loop.sock_sendall(
        raw,
        b"GET /v1/stream HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    )
    await loop.sock_recv(raw, 1000)
    for message in ({"op": "hello", "token": token}, {"op": "subscribe", **wish}):
        await loop.sock_sendall(raw, _frame(msgspec.json.encode(message)))
    while b'"snapshot"' not in await loop.sock_recv(raw, 4096):
        pass
    return raw


def _frame(text: bytes, opcode: int = 1) -> bytes:
    assert len(text) < 126
    return bytes([0x80 | opcode, 0x80 | len(text), 0, 0, 0, 0]) + text


async def test_a_client_that_never_reads_stays_bounded_and_delays_nobody() -> None:
    async with open_house(backlog=50, stuck_s=0.3) as house:
        await house.ready("a1")
        mute = await _mute(house, house.token(Role.SUPERVISOR))
        async with house.subscribed(house.token(Role.SUPERVISOR)) as client:
            number = 0
            while house.stream.counts.stuck == 0:
                await house.whole_call(f"c{number}")
                assert (await client.until("contact.ended"))[-1]["event"]["call"] == f"c{number}"
                while (await client.event())["event"].get("after") != "ready":
                    pass
                number += 1
                for member in house.audience._members.values():
                    assert len(member.subscription._waiting) <= 50
        mute.close()


async def test_a_desktop_that_cannot_keep_up_gets_a_fresh_snapshot() -> None:
    async with open_house(backlog=20, stuck_s=30) as house:
        await house.ready("a1")
        async with house.subscribed(house.token(Role.SUPERVISOR)) as client:
            client.connection.transport.pause_reading()
            [member] = house.audience._members.values()
            number = 0
            while not member.subscription.lagging:
                await house.whole_call(f"c{number}")
                number += 1
            client.connection.transport.resume_reading()
            while (message := await client.receive())["op"] == "event":
                client.take(message)
            client.take_snapshot(message)
            assert message["op"] == "snapshot"
            assert message["agents"][0]["state"] == "ready"
            await house.whole_call("last")
            while not ((last := await client.event())["kind"] == "contact.ended" and last["event"]["call"] == "last"):
                pass


async def test_a_case_system_that_cannot_keep_up_still_gets_every_event() -> None:
    async with open_house(backlog=20, stuck_s=300, ping_s=300) as house:
        await house.ready("a1")
        wish = {"kinds": ["screen_pop", "contact.ended"], "cursor": "cases"}
        async with house.subscribed(house.token(Role.CASE_SYSTEM), **wish) as client:
            client.connection.transport.pause_reading()
            [member] = house.audience._members.values()
            number = 0
            while not member.subscription.lagging:
                await house.whole_call(f"c{number}")
                number += 1
            client.connection.transport.resume_reading()
            got = [(await client.event())["event"]["call"] for _ in range(2 * number)]
            assert got == [f"c{each // 2}" for each in range(2 * number)]


async def test_who_makes_us_write_and_never_reads_is_cut_off(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.stream.connection.MOST_UNREAD", 100_000)
    loop = asyncio.get_running_loop()
    raw = await _mute(house, house.token(Role.SUPERVISOR))
    with pytest.raises(ConnectionError):
        while True:
            await loop.sock_sendall(raw, _frame(b"x" * 120, opcode=9) * 100)
            await asyncio.sleep(0)
    raw.close()


async def test_a_session_ended_elsewhere_ends_its_streams() -> None:
    async with open_house(recheck_s=0.05) as house:
        token = house.token(Role.SUPERVISOR)
        async with house.subscribed(token) as client:
            await house.ask("DELETE", "sessions", token)
            assert (await client.closed())[0] == 4401


async def test_a_user_whose_rights_change_must_connect_again() -> None:
    async with open_house(recheck_s=0.05) as house:
        token = house.token(Role.SUPERVISOR)
        async with house.subscribed(token) as client:
            session = house.identity.sessions[token]
            less = Principal(user=session.principal.user, roles=(Role.ANALYST,))
            house.identity.sessions[token] = msgspec.structs.replace(session, principal=less)
            assert (await client.closed())[0] == 4403


async def test_a_stream_too_many_is_refused() -> None:
    async with open_house(clients=1) as house:
        token = house.token(Role.SUPERVISOR)
        async with house.subscribed(token):
            with pytest.raises(Exception, match="503"):
                async with house.connected(token):
                    pass
        async with house.subscribed(token):
            pass


async def test_the_server_says_good_bye_when_it_stops() -> None:
    async with open_house() as house:
        async with house.subscribed(house.token(Role.SUPERVISOR)) as client:
            await house.stream.__aexit__()
            assert (await client.closed())[0] == 1001
            with pytest.raises(ConnectionClosed):
                await client.receive()
        house.mirror.listeners.append(house.audience.show)
