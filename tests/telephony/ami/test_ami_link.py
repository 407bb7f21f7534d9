"""The link against a server that answers, refuses, goes silent and goes away."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from telephony.ami import session as ami_session
from telephony.ami.errors import AmiLost
from telephony.ami.link import AmiLink, LinkSettings

FAST = LinkSettings(first_s=0.01, longest_s=0.05, refused_s=0.05)
LONG_AGO, LATER = 1_000_000_000.0, 9_000_000_000.0


class Server:
    """A manager interface that does as the test says."""

    def __init__(self) -> None:
        self.port = 0
        self.actions: list[dict[str, str]] = []
        self.writers: list[asyncio.StreamWriter] = []
        self.password = "secret"
        self.silent_for: set[str] = set()
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                block = (await reader.readuntil(b"\r\n\r\n")).decode()
                action = dict(line.split(": ", 1) for line in block.split("\r\n") if ": " in line)
                self.actions.append(action)
                if action["Action"] not in self.silent_for:
                    ok = action["Action"] != "Login" or action["Secret"] == self.password
                    self.say(f"Response: {'Success' if ok else 'Error'}", f"ActionID: {action['ActionID']}")
                    if ok and action["Action"] == "Login":
                        self.say("Event: FullyBooted")
        writer.close()

    def say(self, *lines: str) -> None:
        self.writers[-1].write("\r\n".join([*lines, "", ""]).encode())

    def event(self, uid: str, stamp: float = LATER) -> None:
        self.say("Event: Hangup", f"Timestamp: {stamp}", f"Uniqueid: {uid}")

    def cut(self) -> None:
        self.writers[-1].transport.abort()


class Client:
    """A link and what it told."""

    def __init__(self, server: Server, secret: str = "secret") -> None:
        self.seen: list[str] = []
        self.downs: list[str] = []
        self.on_up: Callable[[AmiLink], Any] = self._up
        self.fail_on = ""
        self.link = AmiLink(
            "127.0.0.1",
            server.port,
            "user",
            secret,
            on_event=self._event,
            on_up=lambda link: self.on_up(link),
            on_down=self.downs.append,
            settings=FAST,
        )

    def _event(self, headers: Any) -> None:
        if headers["Event"] == "FullyBooted":
            return
        self.seen.append(headers["Uniqueid"])
        if headers["Uniqueid"] == self.fail_on:
            raise RuntimeError("a bug of the callback's")

    async def _up(self, link: AmiLink) -> datetime:
        return datetime.now(UTC)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """Give a server on a free port."""
    served = Server()
    listening = await asyncio.start_server(served.serve, "127.0.0.1", 0)
    served.port = listening.sockets[0].getsockname()[1]
    yield served
    listening.close()
    for writer in served.writers:
        writer.transport.abort()
    await asyncio.sleep(0)


async def _until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is watched has no event to wait for
            await asyncio.sleep(0.01)


async def test_it_logs_in_and_delivers_events_in_order(server: Server) -> None:
    client = Client(server)
    async with client.link:
        await _until(lambda: client.link.is_up)
        for n in range(50):
            server.event(str(n))
        await _until(lambda: len(client.seen) == 50)
    assert client.seen == [str(n) for n in range(50)]
    assert client.downs == ["closed by us"]


async def test_events_during_a_resync_wait_and_those_older_than_the_snapshot_are_dropped(server: Server) -> None:
    client, go_on = Client(server), asyncio.Event()

    async def up(link: AmiLink) -> datetime:
        await go_on.wait()
        return datetime.now(UTC)

    client.on_up = up
    async with client.link:
        await _until(lambda: bool(server.actions))
        await asyncio.sleep(0.05)
        server.event("old", LONG_AGO)
        server.event("new")
        await asyncio.sleep(0.05)
        assert client.seen == []
        go_on.set()
        await _until(lambda: client.link.is_up)
        server.event("newer")
        await _until(lambda: len(client.seen) == 2)
    assert client.seen == ["new", "newer"]
    assert client.link.counts.dropped_stale == 1


async def test_a_cut_in_mid_message_is_followed_by_a_new_link_and_a_resync(server: Server) -> None:
    client = Client(server)
    async with client.link:
        await _until(lambda: client.link.is_up)
        server.writers[-1].write(b"Event: Hangup\r\nUniqueid: hal")
        await asyncio.sleep(0.02)
        server.cut()
        await _until(lambda: server.connections == 2 and client.link.is_up)
        server.event("whole")
        await _until(lambda: client.seen == ["whole"])
    assert (client.link.counts.connects, client.link.counts.losses) == (2, 2)


async def test_an_action_unanswered_at_the_cut_is_lost_and_not_sent_again(server: Server) -> None:
    server.silent_for = {"Originate"}
    client = Client(server)
    async with client.link:
        await _until(lambda: client.link.is_up)
        asked = asyncio.create_task(client.link.action("Originate", {"Channel": "PJSIP/1"}))
        await _until(lambda: any(action["Action"] == "Originate" for action in server.actions))
        server.cut()
        with pytest.raises(AmiLost):
            await asked
        await _until(lambda: server.connections == 2 and client.link.is_up)
        await asyncio.sleep(0.05)
    assert sum(action["Action"] == "Originate" for action in server.actions) == 1


async def test_a_silent_server_is_noticed_by_its_missing_pong(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ami_session, "PING_EVERY_S", 0.1)
    monkeypatch.setattr(ami_session, "PING_WITHIN_S", 0.1)
    server.silent_for = {"Ping"}
    client = Client(server)
    async with client.link:
        await _until(lambda: bool(client.downs))
    assert "pings" in client.downs[0]


async def test_a_wrong_password_is_tried_slowly_and_said(server: Server) -> None:
    client = Client(server, secret="wrong")
    async with client.link:
        await _until(lambda: client.link.counts.refused >= 2)
        assert not client.link.is_up
        with pytest.raises(AmiLost):
            await client.link.action("Ping")


async def test_a_callbacks_exception_costs_neither_the_link_nor_the_next_event(server: Server) -> None:
    client = Client(server)
    client.fail_on = "1"
    async with client.link:
        await _until(lambda: client.link.is_up)
        for uid in ("1", "2"):
            server.event(uid)
        await _until(lambda: client.seen == ["1", "2"])
        assert client.link.is_up
    assert client.link.counts.callback_errors == 1


async def test_a_resync_that_fails_is_begun_again(server: Server) -> None:
    client, tries = Client(server), [0]

    async def up(link: AmiLink) -> datetime:
        tries[0] += 1
        if tries[0] == 1:
            raise ValueError("a bug of the resync's")
        return datetime.now(UTC)

    client.on_up = up
    async with client.link:
        await _until(lambda: client.link.is_up)
    assert tries[0] == 2


async def test_a_paused_link_reads_nothing_until_it_is_resumed(server: Server) -> None:
    client = Client(server)
    async with client.link:
        await _until(lambda: client.link.is_up)
        client.link.pause_reading()
        server.event("1")
        await asyncio.sleep(0.1)
        assert client.seen == []
        client.link.resume_reading()
        await _until(lambda: client.seen == ["1"])


async def test_nobody_listening_is_tried_again_until_somebody_does() -> None:
    listening = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    listening.close()
    await listening.wait_closed()
    served = Server()
    served.port = port
    client = Client(served)
    async with client.link:
        await asyncio.sleep(0.1)
        assert not client.link.is_up
        again = await asyncio.start_server(served.serve, "127.0.0.1", port)
        await _until(lambda: client.link.is_up)
    again.close()
    for writer in served.writers:
        writer.transport.abort()
    await asyncio.sleep(0)
