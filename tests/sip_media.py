"""What a phone of the tests says and hears: RTP in A-law, DTMF, and tones that tell one party from another."""

from __future__ import annotations

import array
import asyncio
import math
import struct
from functools import cache
from typing import cast

SECOND = 50
"""Packets."""


def a_law(sample: int) -> int:
    """Return a 16-bit sample as A-law (G.711)."""
    sign, size = (0x80, sample) if sample >= 0 else (0, -sample - 1)
    size = min(size, 32767) >> 3
    segment = max(0, size.bit_length() - 5)
    low = size >> max(1, segment)
    return (sign | segment << 4 | low & 0x0F) ^ 0x55


@cache
def _tone(hz: int) -> tuple[bytes, ...]:
    wave = (round(8000 * math.sin(2 * math.pi * hz * n / 8000)) for n in range(SECOND * 160))
    whole = bytes(a_law(sample) for sample in wave)
    return tuple(whole[at : at + 160] for at in range(0, len(whole), 160))


def tone(hz: int, packet: int) -> bytes:
    """Return the `packet`-th 20 ms of a tone at -12 dB of full scale."""
    return _tone(hz)[packet % SECOND]


def _linear(coded: int) -> int:
    """Return the 16-bit sample of an A-law byte."""
    coded ^= 0x55
    segment, low = coded >> 4 & 7, coded & 0x0F
    size = (low << 4) + 8 if segment == 0 else (low << 4) + 0x108 << segment - 1
    return size if coded & 0x80 else -size


_LINEAR = [_linear(coded) for coded in range(256)]


class Media(asyncio.DatagramProtocol):
    """RTP: says silence every 20 ms once it has heard where to, counts what it hears, knows DTMF (RFC 4733)."""

    HUM = b"\xb5\xb5\x35\x35" * 40
    """20 ms of A-law at 2 kHz."""

    def __init__(self) -> None:
        self.port = 0
        self.heard = 0
        """Packets of audio that are not silence."""
        self.ear: array.array[int] | None = None
        """What it hears, as samples, once somebody gives it an array."""
        self.digits = ""
        self.hums = False
        self.tone_hz = 0
        """The pitch it speaks at, if any."""
        self.last_at = 0.0
        """The loop's time of the last packet heard."""
        self._due = 0.0
        self._last_event = -1
        self._peer: tuple[str, int] | None = None
        self.sequence = 0
        """Of the packet sent last: RTP may begin anywhere."""
        self._stamp = 0
        self.transport: asyncio.DatagramTransport | None = None
        self._pending: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        kind = data[1] & 0x7F
        self.last_at = asyncio.get_running_loop().time()
        if kind == 8 and self.ear is not None:
            self.ear.extend(_LINEAR[coded] for coded in data[12:])
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
            self._due = asyncio.get_running_loop().time()
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
        if self._peer is None or self.transport is None or self.transport.is_closing():
            return
        self.sequence += 1
        self._stamp += 160
        if self._pending:
            kind, stamp, payload = 101, self._event_stamp, self._pending.pop(0)
        else:
            kind, stamp, payload = 8, self._stamp, self._speech()
        header = struct.pack("!BBHII", 0x80, kind, self.sequence & 0xFFFF, stamp & 0xFFFFFFFF, 4711)
        self.transport.sendto(header + payload, self._peer)
        self._due += 0.02  # an instant, not a pause: speech must not fall behind on a busy machine
        asyncio.get_running_loop().call_at(self._due, self._say)

    def _speech(self) -> bytes:
        if self.tone_hz:
            return tone(self.tone_hz, self.sequence)
        return self.HUM if self.hums else b"\xd5" * 160
