"""The lines of a queue_log, from Asterisk 1.4 to 22. Pure.

`time|call id|queue|agent|event|data…` (logger.c ast_queue_log; docs: Queue Logs). The time is in seconds since 1970,
with a fraction or without, or local as `YYYY-mm-dd HH:MM:SS.ffffff` (realtime tables, exports from SQL).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo

import msgspec

US = 1_000_000
NOBODY = frozenset({"", "NONE"})

ENDS = frozenset({"ABANDON", "EXITWITHKEY", "EXITWITHTIMEOUT", "EXITEMPTY"})
COMPLETES = frozenset({"COMPLETEAGENT", "COMPLETECALLER", "AGENTDUMP"})
TRANSFERS = frozenset({"BLINDTRANSFER", "ATTENDEDTRANSFER", "TRANSFER"})
CALL = frozenset({"ENTERQUEUE", "CONNECT", "RINGNOANSWER", "RINGCANCELED", "SYSCOMPAT", "DID"}) | (
    ENDS | COMPLETES | TRANSFERS
)
TALK = frozenset({"CONNECT", "SYSCOMPAT"}) | COMPLETES | TRANSFERS
LOGINS = frozenset({"ADDMEMBER", "AGENTLOGIN", "AGENTCALLBACKLOGIN"})
LOGOUTS = frozenset({"REMOVEMEMBER", "AGENTLOGOFF", "AGENTCALLBACKLOGOFF"})
PAUSES = frozenset({"PAUSE", "UNPAUSE", "PAUSEALL", "UNPAUSEALL"})
SEAT = LOGINS | LOGOUTS | PAUSES
IGNORED = frozenset({"CONFIGRELOAD", "PENALTY", "INFO", "MEMBERPENALTY", "RINGINUSE", "CALLSTATUS"})
"""Known, and nothing that we keep."""
RESTART = "QUEUESTART"
KNOWN = CALL | SEAT | IGNORED | {RESTART}

_EVENT = re.compile(r"[A-Z][A-Z0-9_ ]*")
_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6})\d*)?")
_LATEST = 4_102_444_800
"""2100: what is later is a damaged number."""


class Line(msgspec.Struct, gc=False):
    """One line. `at`: µs since 1970. `raw`: the line with that time, which reads as this line again."""

    at: int
    call: str
    queue: str
    agent: str
    event: str
    data: list[str]
    raw: str


class Parser:
    """Reads lines and counts what it cannot use. `zone`: where the Asterisk that wrote local times stood."""

    def __init__(self, zone: tzinfo = UTC) -> None:
        self.lines = 0
        self.malformed = 0
        self.unknown: Counter[str] = Counter()
        self._zone = zone

    def __repr__(self) -> str:
        return f"<queue_log Parser: {self.lines} lines, {self.malformed} malformed, {self.unknown.total()} unknown>"

    def read(self, texts: Iterable[str]) -> list[Line]:
        """Return the lines whose event is known, in order; empty ones are passed over."""
        found: list[Line] = []
        known, add = KNOWN, found.append
        for text in texts:
            parts = text.split("|")
            if len(parts) > 4 and parts[4] in known and len(parts[0]) == 10 and parts[0].isdecimal():
                add(Line(int(parts[0]) * US, parts[1], parts[2], parts[3], parts[4], parts[5:], text))
            elif text:
                self._odd(text, parts, found)
        self.lines += len(found)
        return found

    def _odd(self, text: str, parts: list[str], found: list[Line]) -> None:
        """Read a line that is not of the common form: another time, an agent's name with `|`, an unknown event."""
        at = time_us(parts[0].strip(), self._zone)
        if at is None or len(parts) < 5:
            self.lines += 1
            self.malformed += 1
            return
        place = next((n for n in range(4, len(parts)) if parts[n].strip() in KNOWN), None)
        if place is None:
            self.lines += 1
            name = parts[4].strip()
            if _EVENT.fullmatch(name) and len(name) <= 40:
                self.unknown[name if len(self.unknown) < 100 or name in self.unknown else "others"] += 1
            else:
                self.malformed += 1
            return
        call, queue, agent = parts[1].strip(), parts[2].strip(), "|".join(parts[3:place]).strip()
        event, data = parts[place].strip(), parts[place + 1 :]
        raw = "|".join((f"{at // US}.{at % US:06}" if at % US else str(at // US), call, queue, agent, event, *data))
        found.append(Line(at, call, queue, agent, event, data, raw))


def time_us(text: str, zone: tzinfo) -> int | None:
    """Return µs since 1970 of seconds since then or of a local time; None for neither."""
    whole, _, fraction = text.partition(".")
    if whole.isdecimal() and whole.isascii() and len(whole) <= 10 and int(whole) < _LATEST:
        if fraction and not (fraction.isdecimal() and fraction.isascii()):
            return None
        return int(whole) * US + int(fraction[:6].ljust(6, "0"))
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    *fields, fraction = match.groups()
    try:
        at = datetime(*map(int, fields), tzinfo=zone)  # type: ignore[misc,arg-type]
        seconds = int(at.timestamp())
    except (ValueError, OverflowError):
        return None
    return seconds * US + int((fraction or "").ljust(6, "0")) if 0 <= seconds < _LATEST else None
