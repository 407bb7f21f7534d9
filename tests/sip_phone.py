"""A SIP phone in this process, for tests that press its keys in mid-call: rings, answers, refuses, hangs up, refers."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from tests.sip_media import Media

_serial = itertools.count(1)


class SipPhone(asyncio.DatagramProtocol):
    """One phone, one call at a time. `answers_after` seconds, None rings for ever; `refuses` with a status line."""

    def __init__(self, number: str, media: Media) -> None:
        self.number = number
        self.media = media
        self.answers_after: float | None = 0.05
        self.refuses = ""
        self.port = 0
        self.invite = ""
        """The INVITE that rang last, or that we sent."""
        self.ringing = asyncio.Event()
        self.talking = asyncio.Event()
        self.over = asyncio.Event()
        self.cancelled = False
        """Whether the caller gave up what rang last."""
        self._transport: asyncio.DatagramTransport | None = None
        self._server: tuple[str, int] = ("127.0.0.1", 0)
        self._local = self._remote = self._target = self._call_id = ""
        self._sequence = 1
        self._registered: asyncio.Future[str] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.port = transport.get_extra_info("sockname")[1]

    @property
    def contact(self) -> str:
        """Return the SIP URI at which it rings."""
        return f"sip:{self.number}@127.0.0.1:{self.port}"

    def unplug(self) -> None:
        """Be gone without a word: both sockets close."""
        for transport in (self._transport, self.media.transport):
            if transport is not None:
                transport.close()

    async def plug_in(self) -> None:
        """Be there again at the same ports, knowing of no call."""
        self._end()
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self.media, local_addr=("127.0.0.1", self.media.port))
        await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", self.port))

    def close(self) -> None:
        """Hang up and be gone."""
        if self.talking.is_set():
            with contextlib.suppress(OSError):
                self.hang_up()
        self.unplug()

    async def register(self, server: tuple[str, int], proof: str = "") -> str:
        """Say where it rings, with the answer to a challenge if there was one; return what the server said."""
        self._server, self._target, self._registered = server, f"sip:{server[0]}:{server[1]}", asyncio.Future()
        self._call_id = f"r{self.port}"
        self._local = f"<{self.contact}>;tag=r{next(_serial)}"
        self._remote = f"<sip:{self.number}@{server[0]}:{server[1]}>"
        self._request("REGISTER", extra="Expires: 600\r\n" + (f"Authorization: {proof}\r\n" if proof else ""))
        async with asyncio.timeout(10):
            return await self._registered

    def call(self, number: str, server: tuple[str, int]) -> None:
        """Call a number."""
        self._server, self._call_id = server, f"c{next(_serial)}-{self.port}"
        self._local = f"<{self.contact}>;tag=t{next(_serial)}"
        self._target = f"sip:{number}@{server[0]}:{server[1]}"
        self._remote = f"<{self._target}>"
        self.over.clear()
        self.invite = self._request("INVITE", self._sdp())

    def hang_up(self) -> None:
        """Say BYE."""
        self._request("BYE")
        self._end()

    def refer(self, number: str) -> None:
        """Transfer blindly to a number."""
        self._request("REFER", extra=f"Refer-To: <sip:{number}@{self._server[0]}:{self._server[1]}>\r\n")

    def header(self, name: str) -> list[str]:
        """Return the values of a header of the last INVITE."""
        return re.findall(rf"(?mi)^{name}:\s*(.*?)\r?$", self.invite)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        text = data.decode(errors="replace")
        if not text.strip():
            return
        method = text.partition(" ")[0]
        if method.startswith("SIP/"):
            self._answered(text)
            return
        self._server = address
        if method == "INVITE":
            self._invited(text)
        elif method != "ACK":
            self._reply(text, "200 OK")
            if method == "CANCEL" and self.ringing.is_set() and not self.talking.is_set():
                self._reply(self.invite, "487 Request Terminated")
                self.cancelled = True
                self._end()
            elif method == "BYE":
                self._end()

    def _invited(self, text: str) -> None:
        if self.talking.is_set() or self.ringing.is_set():
            if one(text, "Call-ID") == self._call_id:
                self._media(text)
                self._reply(text, "200 OK", self._sdp())
            else:
                self._reply(text, "486 Busy Here")
            return
        self.invite, self._call_id = text, one(text, "Call-ID")
        self._local, self._remote = f"{one(text, 'To')};tag=p{next(_serial)}", one(text, "From")
        self._target = re.findall(r"<([^>]*)>", one(text, "Contact"))[0]
        self.over.clear()
        if self.refuses:
            self._reply(text, self.refuses)
            return
        self.ringing.set()
        self.cancelled = False
        self._reply(text, "180 Ringing")
        if self.answers_after is not None:
            asyncio.get_running_loop().call_later(self.answers_after, self.answer)

    def answer(self) -> None:
        """Answer what rings."""
        if self.ringing.is_set() and not self.talking.is_set():
            self._media(self.invite)
            self._reply(self.invite, "200 OK", self._sdp())
            self.talking.set()

    def _answered(self, text: str) -> None:
        status, method = text.split(" ")[1], one(text, "CSeq").split()[1]
        if method == "REGISTER" and status[0] != "1" and self._registered and not self._registered.done():
            self._registered.set_result(text)
        if method != "INVITE" or status[0] == "1":
            return
        self._remote = one(text, "To")
        if status[0] == "2":
            self._target = re.findall(r"<([^>]*)>", one(text, "Contact"))[0]
            self._media(text)
            self._send_request("ACK", sequence=int(one(text, "CSeq").split()[0]))
            self.talking.set()
        else:
            self._send_request("ACK", sequence=int(one(text, "CSeq").split()[0]), via=one(self.invite, "Via"))
            self._end()

    def _media(self, text: str) -> None:
        if found := re.findall(r"(?m)^m=audio (\d+)", text):
            self.media.send_to(("127.0.0.1", int(found[0])))

    def _end(self) -> None:
        self.media.send_to(None)
        self.ringing.clear()
        self.talking.clear()
        self.over.set()

    def _sdp(self) -> str:
        return (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {self.media.port} RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n"
            "a=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n"
        )

    def _request(self, method: str, body: str = "", extra: str = "") -> str:
        self._sequence += 1
        return self._send_request(method, body, extra, self._sequence)

    def _send_request(self, method: str, body: str = "", extra: str = "", sequence: int = 0, via: str = "") -> str:
        via = via or f"SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{next(_serial)}p{self.port};rport"
        kind = "Content-Type: application/sdp\r\n" if body else ""
        return self._send(
            f"{method} {self._target} SIP/2.0\r\nVia: {via}\r\nFrom: {self._local}\r\nTo: {self._remote}\r\n"
            f"Call-ID: {self._call_id}\r\nCSeq: {sequence} {method}\r\nContact: <{self.contact}>\r\n"
            f"Max-Forwards: 70\r\n{extra}{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def _reply(self, request: str, status: str, body: str = "") -> None:
        vias = "".join(f"Via: {via}\r\n" for via in re.findall(r"(?m)^Via: (.*?)\r?$", request))
        to = one(request, "To")
        if ";tag=" not in to:
            to = self._local if ";tag=" in self._local else f"{to};tag=x"
        kind = "Content-Type: application/sdp\r\n" if body else ""
        self._send(
            f"SIP/2.0 {status}\r\n{vias}From: {one(request, 'From')}\r\nTo: {to}\r\n"
            f"Call-ID: {one(request, 'Call-ID')}\r\nCSeq: {one(request, 'CSeq')}\r\nContact: <{self.contact}>\r\n"
            f"{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def _send(self, text: str) -> str:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(text.encode(), self._server)
        return text


def one(text: str, name: str) -> str:
    found = re.search(rf"(?mi)^{name}:\s*(.*?)\r?$", text)
    return found.group(1) if found else ""


@asynccontextmanager
async def open_phone(number: str) -> AsyncIterator[SipPhone]:
    """Give a phone on a port of its own."""
    loop = asyncio.get_running_loop()
    _, media = await loop.create_datagram_endpoint(Media, local_addr=("127.0.0.1", 0))
    _, phone = await loop.create_datagram_endpoint(lambda: SipPhone(number, media), local_addr=("127.0.0.1", 0))
    try:
        yield phone
    finally:
        phone.close()
