"""The FastAGI protocol without a socket: bytes in any chunks, environment, answers and hang-ups out.

From Asterisk come `agi_…: value` lines up to an empty one, then an answer a command (`200 result=…`, `510 …`, `511 …`,
or a usage between `520-` and `520 End of proper usage.`) and, at any moment, lines `HANGUP` (res/res_agi.c).
"""

from __future__ import annotations

import re
from enum import Enum, auto

import msgspec

from telephony.agi.errors import AgiError, AgiProtocolError

MAX_LINE = 8192
MAX_ENVIRONMENT = 65536
MAX_HEADERS = 256
MAX_USAGE_LINES = 200
MAX_VALUE_LINES = 100
MAX_UNKNOWN_LINES = 1000
MAX_COMMAND = 2000
"""res_agi.c reads commands into 2048 bytes; a longer one would be taken for two."""

_ANSWER = re.compile(r"(?P<code>[0-9]{3})(?:[ -]|$)(?:result=(?P<result>-?[^\s(]*))?(?P<rest>.*)", re.DOTALL)
_DATA = re.compile(r"\((?P<data>.*)\)", re.DOTALL)
_ENDPOS = re.compile(r"endpos=(?P<endpos>\d+)")


class Environment(msgspec.Struct, frozen=True):
    """What Asterisk says of the channel at the start, `agi_…` names to values."""

    values: dict[str, str]


class AgiResult(msgspec.Struct, frozen=True):
    """An answer: `data` is what stands in parentheses (a variable's value, `timeout`), `endpos` samples played."""

    code: int
    result: str = ""
    data: str | None = None
    endpos: int | None = None
    text: str = ""


class HungUp(msgspec.Struct, frozen=True):
    """A HANGUP line: said as often as Asterisk says it."""


AgiEvent = Environment | AgiResult | HungUp


class _Reading(Enum):
    ENVIRONMENT = auto()
    ANSWERS = auto()
    USAGE = auto()
    VALUE = auto()


class AgiWire:
    """One session. Feed `receive_data`, take `events_received` and `data_to_send`."""

    def __init__(self) -> None:
        self.hung_up = False
        self.unknown_lines = 0
        self._reading = _Reading.ENVIRONMENT
        self._buffer = bytearray()
        self._scanned = 0
        self._environment: dict[str, str] = {}
        self._environment_size = 0
        self._lines: list[str] = []
        self._awaiting = False
        self._events: list[AgiEvent] = []
        self._out = bytearray()

    def __repr__(self) -> str:
        waiting = ", awaiting an answer" if self._awaiting else ""
        return f"<AgiWire {self._reading.name.lower()}{waiting}{', hung up' if self.hung_up else ''}>"

    def receive_data(self, data: bytes) -> None:
        """Take bytes in. Raises AgiProtocolError past a limit."""
        self._buffer += data
        while (end := self._buffer.find(b"\n", self._scanned)) >= 0:
            if end > MAX_LINE:
                break
            line = bytes(self._buffer[:end]).rstrip(b"\r").decode("utf-8", "replace")
            del self._buffer[: end + 1]
            self._scanned = 0
            self._line(line)
        self._scanned = len(self._buffer)
        if len(self._buffer) > MAX_LINE:
            raise AgiProtocolError(f"a line of more than {MAX_LINE} bytes")

    def events_received(self) -> list[AgiEvent]:
        """Return what has come since the last call, in order."""
        events, self._events = self._events, []
        return events

    def send_command(self, *words: str) -> None:
        """Put a command on the way. Raises AgiError for one that cannot be sent, or before the last is answered."""
        if self._reading is _Reading.ENVIRONMENT or self._awaiting:
            raise AgiError("one command at a time, after the environment")
        self._out += encode_command(*words)
        self._awaiting = True

    def data_to_send(self) -> bytes:
        """Return the bytes to send now."""
        data, self._out = bytes(self._out), bytearray()
        return data

    def _line(self, line: str) -> None:
        if self._reading is _Reading.ENVIRONMENT:
            self._environment_line(line)
        elif line == "HANGUP":
            self.hung_up = True
            self._events.append(HungUp())
        elif self._reading is _Reading.USAGE:
            self._usage_line(line)
        elif self._reading is _Reading.VALUE:
            self._value_line(line)
        elif line.startswith("520-"):
            self._reading, self._lines = _Reading.USAGE, [line[4:]]
        else:
            self._answer_line(line)

    def _environment_line(self, line: str) -> None:
        if not line:
            if not self._environment:
                raise AgiProtocolError("an empty environment")
            self._reading = _Reading.ANSWERS
            self._events.append(Environment(self._environment))
            return
        name, colon, value = line.partition(":")
        self._environment_size += len(line)
        if not colon or not name.startswith("agi_"):
            raise AgiProtocolError("not an AGI environment line")
        if self._environment_size > MAX_ENVIRONMENT or len(self._environment) >= MAX_HEADERS:
            raise AgiProtocolError("the environment is too large")
        if name in self._environment:
            # SIP's %0A in a caller's number comes here as a line feed: the caller must not name the call.
            raise AgiProtocolError("an environment name twice")
        self._environment[name] = value.removeprefix(" ")

    def _usage_line(self, line: str) -> None:
        if line.startswith("520 "):
            self._reading = _Reading.ANSWERS
            self._answered(AgiResult(520, text="\n".join(self._lines)))
        elif len(self._lines) < MAX_USAGE_LINES:
            self._lines.append(line)
        else:
            raise AgiProtocolError(f"a usage of more than {MAX_USAGE_LINES} lines")

    def _value_line(self, line: str) -> None:
        self._lines.append(line)
        if line.endswith(")"):
            self._reading = _Reading.ANSWERS
            self._answer_line("\n".join(self._lines))
        elif len(self._lines) >= MAX_VALUE_LINES:
            raise AgiProtocolError(f"a value of more than {MAX_VALUE_LINES} lines")

    def _answer_line(self, line: str) -> None:
        found = _ANSWER.fullmatch(line)
        if line.startswith("agi_"):
            raise AgiProtocolError("an environment line after the environment")
        if found is None or not self._awaiting:
            self._unknown()
            return
        if found["code"] < "200":
            return  # `100 result=0 Trying...`: app_stack.c's GOSUB answers when it returns
        rest = found["rest"]
        if rest.startswith(" (") and ")" not in rest:
            # A variable's value with line feeds; its later lines must not pass for answers.
            self._reading, self._lines = _Reading.VALUE, [line]
            return
        data, endpos = _DATA.search(rest), _ENDPOS.search(rest)
        self._answered(
            AgiResult(
                int(found["code"]),
                found["result"] or "",
                data["data"] if data else None,
                int(endpos["endpos"]) if endpos else None,
                rest.strip(),
            )
        )

    def _unknown(self) -> None:
        self.unknown_lines += 1
        if self.unknown_lines > MAX_UNKNOWN_LINES:
            raise AgiProtocolError("nothing but lines that nobody asked for")

    def _answered(self, result: AgiResult) -> None:
        if not self._awaiting:
            self._unknown()
            return
        self._awaiting = False
        self._events.append(result)


def encode_command(*words: str) -> bytes:
    """Return a command line; each word after the verb is quoted as res_agi.c's parse_args undoes it.

    Raises AgiError for CR, LF or NUL in a word (they would start another command) and for a line too long.
    """
    verb, *arguments = words
    for word in words:
        if "\n" in word or "\r" in word or "\0" in word:
            raise AgiError("a line feed, carriage return or NUL in an AGI command")
    try:
        line = " ".join([verb, *(_quote(argument) for argument in arguments)]).encode() + b"\n"
    except UnicodeEncodeError:
        raise AgiError("an AGI command that is no UTF-8") from None
    if len(line) > MAX_COMMAND:
        raise AgiError(f"an AGI command of more than {MAX_COMMAND} bytes")
    return line


def _quote(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
