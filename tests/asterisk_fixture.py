"""A real Asterisk for a test: rendered into its own directory, on free ports, gone with the test."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from simulation.ports import free_port, free_udp_range
from telephony.asterisk.child import AsteriskChild
from telephony.asterisk.root import RootUnavailable, build_root
from telephony.asterisk.settings import AsteriskSettings, Trunk

StartAsterisk = Callable[..., Awaitable[AsteriskChild]]
LogIn = Callable[[AsteriskChild], Awaitable["Ami"]]


class Ami:
    """A bare AMI connection to an instance, logged in."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def of(cls, child: AsteriskChild) -> Ami:
        """Log in with events on."""
        settings = child.settings
        ami = cls(*await asyncio.open_connection("127.0.0.1", settings.ami))
        await ami._reader.readline()
        answer = await ami.ask(Action="Login", Username=settings.ami_username, Secret=settings.ami_secret, Events="on")
        assert answer["Response"] == "Success"
        return ami

    async def ask(self, **action: str) -> dict[str, str]:
        """Send an action and return its response; events on the way are skipped."""
        lines = [f"{key}: {value}\r\n" for key, value in action.items()]
        self._writer.write("".join([*lines, "\r\n"]).encode())
        while "Response" not in (message := await self.read()):
            pass
        return message

    async def read(self) -> dict[str, str]:
        """Return the next message; of a repeated header, the last."""
        block = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        return dict(line.split(": ", 1) for line in block.split("\r\n") if ": " in line)

    async def event(self, name: str, seconds: float = 20.0, **having: str) -> dict[str, str]:
        """Return the next event of that name with these headers; raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while True:
                event = await self.read()
                if event.get("Event") == name and having.items() <= event.items():
                    return event

    def close(self) -> None:
        """Drop the connection."""
        self._writer.close()


@pytest.fixture(scope="session")
def asterisk_root() -> Path:
    """Give the development root, built once into the cache."""
    try:
        return build_root()
    except RootUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture
async def asterisk(tmp_path: Path, asterisk_root: Path) -> AsyncIterator[StartAsterisk]:
    """Give a function that starts an Asterisk: `child = await asterisk(phones=(…), agi=port)`.

    Keywords are AsteriskSettings' fields; a loopback trunk named "carrier" is there unless `trunks` is given.
    """
    async with contextlib.AsyncExitStack() as stack:

        async def start(**changes: Any) -> AsteriskChild:
            directory = tmp_path / f"asterisk-{secrets.token_hex(3)}"
            settings = settings_on_free_ports(directory, asterisk_root, **changes)
            return await stack.enter_async_context(AsteriskChild(settings))

        yield start


@pytest.fixture
async def ami_of() -> AsyncIterator[LogIn]:
    """Give a function that logs in to an instance's AMI; the connections end with the test."""
    opened: list[Ami] = []

    async def log_in(child: AsteriskChild) -> Ami:
        opened.append(await Ami.of(child))
        return opened[-1]

    yield log_in
    for ami in opened:
        ami.close()


def settings_on_free_ports(directory: Path, root: Path, **changes: Any) -> AsteriskSettings:
    """Return settings for an instance that disturbs no other, with `changes` applied."""
    rtp_start = free_udp_range(100)
    values: dict[str, Any] = {
        "systemname": f"t{secrets.token_hex(3)}",
        "directory": str(directory),
        "root": str(root),
        "ami_secret": secrets.token_hex(8),
        "trunks": (Trunk(name="carrier", host="127.0.0.1"),),
        "sip_udp": free_port(socket.SOCK_DGRAM),
        "http": free_port(),
        "ami": free_port(),
        "agi": free_port(),
        "rtp_start": rtp_start,
        "rtp_end": rtp_start + 99,
    }
    return AsteriskSettings(**{**values, **changes})
