"""AMI framing without a socket: bytes in any chunks, messages out; what nobody reads is dropped undecoded.

A message is lines `Name: value` ended by an empty line; framing is done on bytes, decoding after it, so that a
character split between two reads stays whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from telephony.ami.errors import AmiBadValue

MAX_MESSAGE = 16 << 20
"""Bytes; the longest honest ones are answers to Command."""
MAX_HEADER = 64 << 10
END = b"\r\n\r\n"

Headers = dict[str, str | list[str]]


@dataclass(slots=True)
class AmiCounts:
    """What the wire has seen, for the metrics."""

    received: int = 0
    decoded: int = 0
    dropped_unread: int = 0
    malformed: int = 0
    oversized: int = 0


class AmiWire:
    """One connection's bytes. `wanted`: event names to the headers that are read; `None` reads everything."""

    def __init__(self, wanted: Mapping[str, tuple[str, ...]] | None = None) -> None:
        self.banner: str | None = None
        self.counts = AmiCounts()
        self.listing = False
        """Whether an answer is due: then events that carry an ActionID are read, whatever their name."""
        self._wanted = None if wanted is None else {name.encode(): _keys(keys) for name, keys in wanted.items()}
        self._buffer = bytearray()
        self._scanned = 0
        self._skipping = False
        self._messages: list[Headers] = []

    def __repr__(self) -> str:
        return f"<AmiWire {self.banner or 'no banner yet'}: {self.counts}>"

    def receive_data(self, data: bytes) -> None:
        """Take bytes in. Linear in their number, however they are cut."""
        self._buffer += data
        if self.banner is None and not self._read_banner():
            return
        # The end mark may straddle two reads: look again at the last three bytes.
        end = self._buffer.find(END, max(0, self._scanned - 3))
        if end < 0:
            self._scanned = len(self._buffer)
            self._bound()
            return
        whole = self._buffer.rfind(END) + len(END)
        blocks = bytes(self._buffer[:whole]).split(END)
        del self._buffer[:whole]
        self._scanned = len(self._buffer)
        blocks.pop()
        if self._skipping:
            self._skipping = False
            del blocks[0]
        for block in blocks:
            self._take(block)
        self._bound()

    def messages_received(self) -> list[Headers]:
        """Return the messages since the last call, in order; a repeated header's values are a list."""
        messages, self._messages = self._messages, []
        return messages

    def _read_banner(self) -> bool:
        end = self._buffer.find(b"\n")
        if end < 0:
            if len(self._buffer) > MAX_HEADER:
                self._drop_line()
            return False
        if self._buffer.startswith((b"Asterisk", b"Hotline")) or b": " not in self._buffer[:end]:
            self.banner = bytes(self._buffer[:end]).strip().decode("utf-8", "replace")
            del self._buffer[: end + 1]
        else:
            self.banner = ""
        self._scanned = 0
        return True

    def _drop_line(self) -> None:
        self.counts.oversized += 1
        self._buffer.clear()
        self.banner = ""

    def _bound(self) -> None:
        """Past the limit nothing is kept until the message's end; the rest of the stream is unharmed."""
        if len(self._buffer) > MAX_MESSAGE:
            if not self._skipping:
                self.counts.oversized += 1
            self._skipping = True
            del self._buffer[:-3]
            self._scanned = len(self._buffer)

    def _take(self, block: bytes) -> None:
        self.counts.received += 1
        block = block.lstrip(b"\r\n")
        if self._wanted is None or not block.startswith(b"Event: "):
            self._decode(block)
            return
        end = block.find(b"\r\n")
        keys = self._wanted.get(block[7:end] if end >= 0 else block[7:])
        if self.listing and b"\r\nActionID: " in block:
            self._decode(block)
        elif keys is None:
            self.counts.dropped_unread += 1
        else:
            self.counts.decoded += 1
            self._messages.append(_pick(block, keys))

    def _decode(self, block: bytes) -> None:
        headers: Headers = {}
        for line in block.split(b"\r\n"):
            name, colon, value = line.partition(b":")
            if not colon or not name:
                if line:
                    self.counts.malformed += 1
                continue
            if len(line) > MAX_HEADER:
                self.counts.oversized += 1
                continue
            _add(headers, name.decode("utf-8", "replace"), value.removeprefix(b" ").decode("utf-8", "replace"))
        if headers:
            self.counts.decoded += 1
            self._messages.append(headers)


def _keys(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(("Event", "ActionID", *names))


def _pick(block: bytes, keys: frozenset[str]) -> Headers:
    """Keep the headers that are read, and no others; decoding the block at once is cheaper than each of them."""
    headers: Headers = {}
    for line in block.decode("utf-8", "replace").split("\r\n"):
        name, _, value = line.partition(": ")
        if name not in keys or len(line) > MAX_HEADER:
            continue
        if name in headers:
            _add(headers, name, value)
        else:
            headers[name] = value
    return headers


def _add(headers: Headers, name: str, value: str) -> None:
    """Keep a repeated header's values as a list; a UserEvent's own `Event` in its body does not rename it."""
    known = headers.get(name)
    if known is None:
        headers[name] = value
    elif isinstance(known, list):
        known.append(value)
    elif name not in ("Event", "Response", "ActionID"):
        headers[name] = [known, value]


def encode_action(headers: Mapping[str, str | list[str]]) -> bytes:
    """Return an action's bytes. Raises AmiBadValue for CR, LF or NUL in a name or value: they would inject a header."""
    lines: list[str] = []
    for name, values in headers.items():
        for value in values if isinstance(values, list) else [values]:
            text = f"{name}: {value}"
            if "\r" in text or "\n" in text or "\0" in text:
                raise AmiBadValue(f"a line feed, carriage return or NUL in the AMI header {name!r}")
            lines.append(text)
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
