"""Real SIP parties for a test: SIPp callers and phones, and an ear for what they are played."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import struct
import subprocess
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from telephony.asterisk.child import in_root_command

HEADERS = """Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:{number}@[local_ip]:[local_port]>;tag=[call_number]t
To: <sip:{dialled}@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
Contact: <sip:{number}@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Length: [len]"""

SDP = """v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
c=IN IP4 127.0.0.1
t=0 0
m=audio {media} RTP/AVP 8 101
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=ptime:20"""

REPLY = """[last_Via:]
[last_From:]
[last_To:];tag=[call_number]p
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port]>
Content-Length: [len]"""


def caller_scenario(dialled: str, number: str, media: int, talk_ms: int | None) -> str:
    """Return a caller that hangs up after `talk_ms`, or (None) waits until it is hung up."""
    headers, sdp = HEADERS.format(number=number, dialled=dialled), SDP.format(media=media)
    ending = (
        _receive("request", "BYE") + _send("SIP/2.0 200 OK\n" + REPLY.replace(";tag=[call_number]p", ""))
        if talk_ms is None
        else f'<pause milliseconds="{talk_ms}"/>'
        + _send(f"BYE sip:{dialled}@[remote_ip]:[remote_port] SIP/2.0\n{headers}\nCSeq: 2 BYE")
        + _receive("response", "200")
    )
    return _scenario(
        _send(
            f"INVITE sip:{dialled}@[remote_ip]:[remote_port] SIP/2.0\n{headers}\nCSeq: 1 INVITE\n"
            f"Content-Type: application/sdp\n\n{sdp}"
        ),
        *(_receive("response", code, 'optional="true"') for code in ("100", "180", "183")),
        _receive("response", "200"),
        _send(f"ACK sip:{dialled}@[remote_ip]:[remote_port] SIP/2.0\n{headers}\nCSeq: 1 ACK"),
        ending,
    )


def phone_scenario(media: int) -> str:
    """Return a phone that rings, answers and stays until the other side hangs up."""
    sdp = SDP.format(media=media)
    return _scenario(
        _receive("request", "INVITE"),
        _send("SIP/2.0 180 Ringing\n" + REPLY),
        '<pause milliseconds="100"/>',
        _send(f"SIP/2.0 200 OK\n{REPLY}\nContent-Type: application/sdp\n\n{sdp}"),
        _receive("request", "ACK"),
        _receive("request", "BYE"),
        _send("SIP/2.0 200 OK\n" + REPLY.replace(";tag=[call_number]p", "")),
    )


@dataclass
class Sipp:
    """Runs SIPp in the development root, its files in `directory`."""

    root: Path
    directory: Path
    running: list[asyncio.subprocess.Process] = field(default_factory=list)

    async def start(self, scenario: str, port: int, *arguments: str) -> asyncio.subprocess.Process:
        """Start one SIPp on 127.0.0.1:`port`; its exit code is 0 when every call went as the scenario says."""
        file = self.directory / f"{secrets.token_hex(4)}.xml"
        file.write_text(scenario)
        argv = [
            *("sipp", "-sf", str(file), "-i", "127.0.0.1", "-p", str(port), "-m", "1", "-nostdin"),
            *("-timeout", "60s", "-timeout_error", "-trace_err", *arguments),
        ]
        process = await asyncio.create_subprocess_exec(
            *in_root_command(str(self.root), argv, directory=self.directory),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.running.append(process)
        return process

    async def stop(self) -> None:
        """End whatever still runs."""
        for process in self.running:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


class RtpEar(asyncio.DatagramProtocol):
    """Hears RTP on a UDP port, keeps the audio, and from the first packet on hums back."""

    HUM = b"\xb5\xb5\x35\x35" * 40
    """20 ms of A-law at 2 kHz."""

    def __init__(self) -> None:
        self.audio = bytearray()
        self.port = 0
        self._sequence = 0
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        if len(data) > 12 and data[1] & 0x7F == 8:
            self.audio += data[12:]
            if self._sequence == 0:
                self._hum(address)

    def _hum(self, address: tuple[str, int]) -> None:
        if self._transport is not None and not self._transport.is_closing():
            header = struct.pack("!BBHII", 0x80, 8, self._sequence & 0xFFFF, self._sequence * 160, 4711)
            self._transport.sendto(header + self.HUM, address)
            self._sequence += 1
            asyncio.get_running_loop().call_later(0.02, self._hum, address)


@pytest.fixture
async def sipp(tmp_path: Path, asterisk_root: Path) -> AsyncIterator[Sipp]:
    """Give a starter of SIPp processes, which end with the test."""
    directory = tmp_path / "sipp"
    directory.mkdir()
    runner = Sipp(asterisk_root, directory)
    yield runner
    await runner.stop()


@pytest.fixture
async def ear() -> AsyncIterator[RtpEar]:
    """Give an RTP listener on a port of its own."""
    async with _listening() as ear:
        yield ear


@pytest.fixture
async def ears() -> AsyncIterator[list[RtpEar]]:
    """Give three of them."""
    async with contextlib.AsyncExitStack() as stack:
        yield [await stack.enter_async_context(_listening()) for _ in range(3)]


@contextlib.asynccontextmanager
async def _listening() -> AsyncIterator[RtpEar]:
    loop = asyncio.get_running_loop()
    transport, ear = await loop.create_datagram_endpoint(RtpEar, local_addr=("127.0.0.1", 0))
    yield ear
    transport.close()


async def eventually(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until `condition()` is true; raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for is outside of this process
            await asyncio.sleep(0.05)


def _scenario(*steps: str) -> str:
    body = "\n".join(steps)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="test">\n{body}\n</scenario>\n'


def _send(message: str) -> str:
    text = message if "\n\n" in message else message + "\n\n"
    return f"<send><![CDATA[\n{text}\n]]></send>"


def _receive(kind: str, what: str, more: str = "") -> str:
    return f'<recv {kind}="{what}" {more}/>'
