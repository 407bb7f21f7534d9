"""A SIP phone in this process, for tests that press its keys in mid-call: rings, answers, refuses, hangs up, refers."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

_serial = itertools.count(1)


class Media(asyncio.DatagramProtocol):
    """RTP: says silence every 20 ms once it has heard where to, counts what it hears, knows DTMF (RFC 4733)."""

    HUM = b"\xb5\xb5\x35\x35" * 40
    """20 ms of A-law at 2 kHz."""

    def __init__(self) -> None:
        self.port = 0
        self.heard = 0
        """Packets of audio that are not silence."""
        self.digits = ""
        self.hums = False
        self._last_event = -1
        self._peer: tuple[str, int] | None = None
        self._sequence = 0
        self._stamp = 0
        self._transport: asyncio.DatagramTransport | None = None
        self._pending: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        kind = data[1] & 0x7F
        if kind == 8 and len(set(data[12:])) > 1:
            self.heard += 1
        elif kind == 101:
            (stamp,) = struct.unpack_from("!I", data, 4)
            if stamp != self._last_event:
                self._last_event = stamp
                self.digits += "0123456789*#ABCD"[data[12]]

    def send_to(self, peer: tuple[str, int] | None) -> None:
        """Send there from now on; None stops."""
        was, self._peer = self._peer, peer
        self._pending.clear()
        if peer is not None and was is None:
            self._say()

    def key(self, digit: str) -> None:
        """Press a key for 100 ms."""
        event = "0123456789*#ABCD".index(digit)
        for n in range(1, 6):
            self._pending.append(struct.pack("!BBH", event, 10, n * 160))
        for _ in range(3):
            self._pending.append(struct.pack("!BBH", event, 0x8A, 800))
        self._event_stamp = self._stamp + 160

    def _say(self) -> None:
        if self._peer is None or self._transport is None or self._transport.is_closing():
            return
        self._sequence += 1
        self._stamp += 160
        if self._pending:
            kind, stamp, payload = 101, self._event_stamp, self._pending.pop(0)
        else:
            kind, stamp, payload = 8, self._stamp, self.HUM if self.hums else b"\xd5" * 160
        header = struct.pack("!BBHII", 0x80, kind, self._sequence & 0xFFFF, stamp & 0xFFFFFFFF, 4711)
        self._transport.sendto(header + payload, self._peer)
        asyncio.get_running_loop().call_later(0.02, self._say)


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
        self._transport: asyncio.DatagramTransport | None = None
        self._server: tuple[str, int] = ("127.0.0.1", 0)
        self._local = self._remote = self._target = self._call_id = ""
        self._sequence = 1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.port = transport.get_extra_info("sockname")[1]

    @property
    def contact(self) -> str:
        """Return the SIP URI at which it rings."""
        return f"sip:{self.number}@127.0.0.1:{self.port}"

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
                self._end()
            elif method == "BYE":
                self._end()

    def _invited(self, text: str) -> None:
        if self.talking.is_set() or self.ringing.is_set():
            if _one(text, "Call-ID") == self._call_id:
                self._media(text)
                self._reply(text, "200 OK", self._sdp())
            else:
                self._reply(text, "486 Busy Here")
            return
        self.invite, self._call_id = text, _one(text, "Call-ID")
        self._local, self._remote = f"{_one(text, 'To')};tag=p{next(_serial)}", _one(text, "From")
        self._target = re.findall(r"<([^>]*)>", _one(text, "Contact"))[0]
        self.over.clear()
        if self.refuses:
            self._reply(text, self.refuses)
            return
        self.ringing.set()
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
        status, method = text.split(" ")[1], _one(text, "CSeq").split()[1]
        if method != "INVITE" or status[0] == "1":
            return
        self._remote = _one(text, "To")
        if status[0] == "2":
            self._target = re.findall(r"<([^>]*)>", _one(text, "Contact"))[0]
            self._media(text)
            self._send_request("ACK", sequence=int(_one(text, "CSeq").split()[0]))
            self.talking.set()
        else:
            self._send_request("ACK", sequence=int(_one(text, "CSeq").split()[0]), via=_one(self.invite, "Via"))
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
        to = _one(request, "To")
        if ";tag=" not in to:
            to = self._local if ";tag=" in self._local else f"{to};tag=x"
        kind = "Content-Type: application/sdp\r\n" if body else ""
        self._send(
            f"SIP/2.0 {status}\r\n{vias}From: {_one(request, 'From')}\r\nTo: {to}\r\n"
            f"Call-ID: {_one(request, 'Call-ID')}\r\nCSeq: {_one(request, 'CSeq')}\r\nContact: <{self.contact}>\r\n"
            f"{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def _send(self, text: str) -> str:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(text.encode(), self._server)
        return text


def _one(text: str, name: str) -> str:
    found = re.search(rf"(?mi)^{name}:\s*(.*?)\r?$", text)
    return found.group(1) if found else ""


@asynccontextmanager
async def open_phone(number: str) -> AsyncIterator[SipPhone]:
    """Give a phone on a port of its own."""
    loop = asyncio.get_running_loop()
    sound, media = await loop.create_datagram_endpoint(Media, local_addr=("127.0.0.1", 0))
    wire, phone = await loop.create_datagram_endpoint(lambda: SipPhone(number, media), local_addr=("127.0.0.1", 0))
    try:
        yield phone
    finally:
        if phone.talking.is_set():
            with contextlib.suppress(OSError):
                phone.hang_up()
        sound.close()
        wire.close()
