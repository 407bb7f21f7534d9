"""Asks a running Asterisk whether it lives: an AMI login and ping, and a SIP OPTIONS."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Iterator

from telephony.asterisk.settings import AsteriskSettings


class ProbeFailed(Exception):
    """Asterisk did not answer as a healthy one would; the message says which part."""


class AmiProbe:
    """One AMI connection that is only used to log in and to ping."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def log_in(cls, settings: AsteriskSettings, timeout: float) -> AmiProbe:
        """Connect, log in and wait for FullyBooted within `timeout` seconds; raises ProbeFailed."""
        with _explained("AMI"):
            async with asyncio.timeout(timeout):
                streams = await asyncio.open_connection(local_address(settings.control_host), settings.ami)
                probe = cls(*streams)
                try:
                    await probe._open(settings)
                except BaseException:
                    probe.close()
                    raise
                return probe
        raise AssertionError

    async def ping(self, timeout: float) -> None:
        """Raise ProbeFailed unless a ping is answered within `timeout` seconds."""
        with _explained("AMI"):
            async with asyncio.timeout(timeout):
                self._writer.write(b"Action: Ping\r\n\r\n")
                await self._until(b"Response: ")

    def close(self) -> None:
        """Drop the connection."""
        self._writer.close()

    async def _open(self, settings: AsteriskSettings) -> None:
        banner = await self._reader.readuntil(b"\r\n")
        if not banner.startswith(b"Asterisk Call Manager"):
            raise ProbeFailed(f"AMI: something else listens on port {settings.ami}: {banner[:40]!r}")
        login = f"Action: Login\r\nUsername: {settings.ami_username}\r\nSecret: {settings.ami_secret}\r\n"
        self._writer.write(f"{login}Events: system\r\n\r\n".encode())
        answer = await self._until(b"Response: ")
        if not answer.startswith(b"Response: Success"):
            raise ProbeFailed("AMI: the login was refused")
        await self._until(b"Event: FullyBooted")

    async def _until(self, prefix: bytes) -> bytes:
        while not (block := await self._reader.readuntil(b"\r\n\r\n")).startswith(prefix):
            pass
        return block


async def sip_options(host: str, port: int, timeout: float) -> str:
    """Return the status line that a SIP OPTIONS brought within `timeout` seconds; raises ProbeFailed."""
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[bytes] = loop.create_future()
    with _explained("SIP"):
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _FirstDatagram(answered), remote_addr=(local_address(host), port)
        )
        try:
            own_host, own_port = transport.get_extra_info("sockname")[:2]
            tag = secrets.token_hex(8)
            transport.sendto(
                (
                    f"OPTIONS sip:{host}:{port} SIP/2.0\r\n"
                    f"Via: SIP/2.0/UDP {own_host}:{own_port};branch=z9hG4bK{tag};rport\r\n"
                    f"From: <sip:probe@{own_host}>;tag={tag}\r\nTo: <sip:{host}:{port}>\r\n"
                    f"Call-ID: {tag}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
                ).encode()
            )
            async with asyncio.timeout(timeout):
                first_line = (await answered).split(b"\r\n", 1)[0]
        finally:
            transport.close()
        if not first_line.startswith(b"SIP/2.0 "):
            raise ProbeFailed(f"SIP: an answer that is none: {first_line[:40]!r}")
        return first_line.decode(errors="replace")
    raise AssertionError


def local_address(host: str) -> str:
    """Return where this machine reaches a listener that is bound to `host`."""
    return "127.0.0.1" if host == "0.0.0.0" else host


class _FirstDatagram(asyncio.DatagramProtocol):
    def __init__(self, answered: asyncio.Future[bytes]) -> None:
        self._answered = answered

    def datagram_received(self, data: bytes, _address: object) -> None:
        if not self._answered.done():
            self._answered.set_result(data)

    def error_received(self, error: Exception) -> None:
        if not self._answered.done():
            self._answered.set_exception(error)


@contextlib.contextmanager
def _explained(part: str) -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise ProbeFailed(f"{part}: no answer in time") from error
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise ProbeFailed(f"{part}: {error}") from error
