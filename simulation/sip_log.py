"""What SIPp wrote down: every frame with its instant, and the calls they make. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from msgspec import Struct

_STAMP = re.compile(r"-{20,} (\d{4}-\d\d-\d\dT\S+Z)")
_DIRECTION = re.compile(r"\S+ message (sent|received) ")
_USER = re.compile(r"sips?:([^@;>]+)@")


class Frame(Struct, frozen=True):
    """One SIP message as SIPp sent or received it; `at` in UTC, µs."""

    at: datetime
    sent: bool
    first: str
    headers: dict[str, str]

    @property
    def request(self) -> str:
        """Return a request's method, empty for a response."""
        return "" if self.first.startswith("SIP/2.0 ") else self.first.split(" ", 1)[0]

    @property
    def status(self) -> int:
        """Return a response's code, 0 for a request."""
        return int(self.first[8:11]) if self.first.startswith("SIP/2.0 ") else 0

    @property
    def method(self) -> str:
        """Return the method that the message belongs to."""
        return self.headers.get("cseq", "").rpartition(" ")[2]

    def user(self, header: str) -> str:
        """Return the user of an address header's URI, empty where there is none."""
        found = _USER.search(self.headers.get(header, ""))
        return found[1] if found else ""


class SipCall(Struct, kw_only=True):
    """One INVITE's dialog as one SIPp saw it; `placed` if SIPp is the caller, `by_us` if SIPp said BYE first."""

    call_id: str
    number: str
    callee: str
    placed: bool
    invited_at: datetime
    answered_at: datetime | None = None
    confirmed_at: datetime | None = None
    ended_at: datetime | None = None
    by_us: bool = False
    cancelled: bool = False
    refused: int = 0

    @property
    def talked(self) -> bool:
        """Say whether the call was answered and confirmed."""
        return self.confirmed_at is not None


def frames(lines: Iterable[str]) -> Iterator[Frame]:
    """Yield the frames of a `-trace_msg -rfc3339` log; a last one that is cut off is left out."""
    stamp: datetime | None = None
    message: list[str] = []
    for line in lines:
        found = _STAMP.match(line)
        if found:
            if stamp and (frame := _frame(stamp, message)):
                yield frame
            stamp, message = datetime.fromisoformat(found[1]), []
        else:
            message.append(line.rstrip("\r\n"))
    if stamp and (frame := _frame(stamp, message)):
        yield frame


def calls(log: Iterable[Frame]) -> list[SipCall]:
    """Return the calls that the frames make, in the order of their first INVITE."""
    found: dict[str, SipCall] = {}
    for frame in log:
        call_id = frame.headers.get("call-id", "")
        call = found.get(call_id)
        if call is not None:
            _go_on(call, frame)
        elif frame.request == "INVITE":
            found[call_id] = SipCall(
                call_id=call_id,
                number=frame.user("from"),
                callee=frame.user("to"),
                placed=frame.sent,
                invited_at=frame.at,
            )
    return list(found.values())


def registered(log: Iterable[Frame]) -> set[str]:
    """Return the users whose REGISTER was accepted."""
    return {frame.user("to") for frame in log if frame.status == 200 and frame.method == "REGISTER"}


def _go_on(call: SipCall, frame: Frame) -> None:
    """Take one more frame into the call; retransmissions and re-INVITEs change nothing."""
    from_callee = frame.sent is not call.placed
    if frame.method == "INVITE" and from_callee and call.answered_at is None:
        if frame.status == 200:
            call.answered_at = frame.at
        elif frame.status >= 300:
            call.refused, call.ended_at = frame.status, call.ended_at or frame.at
    elif frame.request == "ACK" and call.answered_at is not None and not from_callee:
        call.confirmed_at = call.confirmed_at or frame.at
    elif frame.request == "CANCEL":
        call.cancelled, call.ended_at = True, call.ended_at or frame.at
    elif frame.request == "BYE" and call.ended_at is None:
        call.ended_at, call.by_us = frame.at, frame.sent


def _frame(at: datetime, lines: list[str]) -> Frame | None:
    """Build a frame from what stands below its stamp: the direction, an empty line, the message."""
    direction = _DIRECTION.match(lines[0]) if lines else None
    if direction is None or len(lines) < 3:
        return None
    headers: dict[str, str] = {}
    for line in lines[3:]:
        if not line:
            break
        name, _, value = line.partition(":")
        headers.setdefault(name.strip().lower(), value.strip())
    return Frame(at, direction[1] == "sent", lines[2], headers) if "call-id" in headers else None
