"""What is known of one channel and one leg, and how AMI's headers say it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from messages.ids import CallId, LegId, Phone

Headers = Mapping[str, str | list[str]]


@dataclass(slots=True)
class Channel:
    """One Asterisk channel. Identity is the unique id and our variables, never the name alone."""

    uid: str
    name: str = ""
    linkedid: str = ""
    number: str = ""
    did: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    bridge: str = ""
    citizen: bool = False
    leg: LegId | None = None
    wants_out: bool = False
    """Its own phone hung up (HangupRequest), as against being hung up."""
    queue: str = ""
    """Asterisk's own queue that it is in, or was sent to."""
    left_queue: bool = False
    told_left: bool = False
    queued: str = ""
    """The value of HOTLINE_QUEUED that was reported."""
    spies: bool = False

    def variable(self, name: str) -> str:
        """Return one of our variables, empty where it is not set."""
        return self.variables.get(name, "")


@dataclass(slots=True)
class TrackedLeg:
    """An agent's leg: the channels that ring for it, and later the one that talks."""

    id: LegId
    call: CallId
    phone: Phone
    channels: set[str] = field(default_factory=set)
    answered: bool = False
    held: bool = False
    ended: bool = False
    transferred: bool = False


def text(headers: Headers, name: str) -> str:
    """Return a header's value, the first of a repeated one, empty where it is missing."""
    value = headers.get(name, "")
    return value if isinstance(value, str) else value[0]


def variables(headers: Headers, name: str = "ChanVariable") -> Iterator[tuple[str, str]]:
    """Return the channel variables an event carries."""
    values = headers.get(name, ())
    for value in [values] if isinstance(values, str) else values:
        key, equals, content = value.partition("=")
        if equals:
            yield key, content


def instant(headers: Headers, received: datetime) -> datetime:
    """Return when Asterisk made an event (timestampevents), else when it was received. UTC."""
    try:
        return datetime.fromtimestamp(float(text(headers, "Timestamp")), UTC)
    except (ValueError, OverflowError, OSError):
        return received


def epoch(value: str) -> datetime | None:
    """Return the instant of `seconds.µs` since 1970, None for anything else."""
    try:
        return datetime.fromtimestamp(float(value), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def phone_of(channel: str) -> Phone:
    """Return the number in a channel's or interface's name, such as `PJSIP/1001-web-0000000a` or `Local/1001@x-1;1`."""
    name = channel.partition("/")[2] or channel
    name = name.partition("@")[0]
    base, dash, serial = name.rpartition("-")
    if dash and len(serial.partition(";")[0]) == 8:
        name = base
    return Phone(name.removesuffix("-web"))
