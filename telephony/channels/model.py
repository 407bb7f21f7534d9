"""What is known of one channel, one citizen's call and one leg, and how AMI's headers say it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from messages.ids import CallId, LegId, Phone
from messages.values import ContactOutcome, LegEnd

Headers = Mapping[str, str | list[str]]

_NO_PARTY = ("Local/", "Surrogate/", "AsyncGoto/", "Announcer/", "Recorder/", "CBAnn/", "CBRec/", "Snoop/", "Message/")
"""Channels of Asterisk's own, behind which nobody sits."""


@dataclass(slots=True)
class Channel:
    """One Asterisk channel. Identity is the unique id and our variables, never the name alone."""

    uid: str
    since: datetime
    name: str = ""
    linkedid: str = ""
    number: str = ""
    did: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    bridge: str = ""
    other_half: str = ""
    """The unique id of a Local channel's other half."""
    call: TrackedCall | None = None
    """The call whose citizen this channel is."""
    leg: LegId | None = None
    hung_up: bool = False
    """Its own phone hung up (HangupRequest)."""
    sent_away: bool = False
    """Asterisk was told to hang it up (SoftHangupRequest)."""
    by_device: bool = False
    """It was its driver that told so: perhaps the phone died, which the Hangup will say."""
    died: bool = False
    """Nothing was heard of its phone any more."""
    queue: str = ""
    """The queue of Asterisk's own that the dialplan sent it to."""
    member: str = ""
    """The name its queue has for whoever is called by this channel."""
    spies: bool = False
    spied: bool = False
    """It spies, or once did."""
    hears: str = ""
    """The unique id of the channel that it hears, or heard last."""
    unanswered: str = ""
    """Why a channel that we originated was not answered (DIALSTATUS)."""

    def variable(self, name: str) -> str:
        """Return one of our variables, empty where it is not set."""
        return self.variables.get(name, "")

    @property
    def leaves(self) -> bool:
        """Whether it is being hung up, by either side."""
        return self.hung_up or self.sent_away

    @property
    def how_it_left(self) -> LegEnd:
        """Return why its talk is over where it was this side that ended it."""
        return LegEnd.PHONE_DIED if self.died else LegEnd.AGENT_HUNG_UP

    @property
    def is_party(self) -> bool:
        """Whether somebody other than the citizen talks through it."""
        return self.call is None and not self.name.startswith(_NO_PARTY)


@dataclass(slots=True, eq=False)
class TrackedCall:
    """A citizen's call: whose channel it is now, and its legs."""

    id: CallId
    channel: str
    number: str
    did: str
    linkedid: str
    queued: str = ""
    """The value of HOTLINE_QUEUED."""
    joined: bool = False
    """Whether a queue of Asterisk's own ever took it, or refused to."""
    in_queue: str = ""
    """The queue of Asterisk's own that it waits in."""
    leaving: tuple[ContactOutcome, datetime] | None = None
    """What leaving that queue is taken for, until QUEUESTATUS says better, and when it was."""
    refused: str = ""
    """The queue that would not take it, and why."""
    outbound: LegId | None = None
    """The leg for which we dialled the citizen."""
    legs: list[TrackedLeg] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class TrackedLeg:
    """An agent's leg: the channels that are dialled for it, and the one that talks."""

    id: LegId
    call: TrackedCall
    phone: Phone
    dialled: set[str] = field(default_factory=set)
    """What the citizen's side dialled."""
    channels: set[str] = field(default_factory=set)
    """The same, and what lies behind Local channels among them."""
    talker: str = ""
    name: str = ""
    """What a queue of Asterisk's own calls the agent, else the interface."""
    rang: bool = False
    picked_up: bool = False
    picked_up_at: datetime | None = None
    answered: bool = False
    held: bool = False
    ended: bool = False
    transferred: bool = False
    outside: bool = False
    """Its phone is a number reached through a trunk."""
    called_off: bool = False
    """It was we who had its ringing stopped."""
    called_in: bool = False
    """We originated its channel into the citizen's bridge."""
    consulted_by: LegId | None = None
    """The leg whose agent asks this one for help."""
    stepped_aside: str = ""
    """Who of the two left the other's reach while neither hangs up: agent or citizen."""
    parted_at: datetime | None = None
    """When both were taken out of their bridge, for a reason not yet known."""
    times_aside: int = 0
    """How often it was the agent."""

    @property
    def talks(self) -> bool:
        """Whether citizen and agent are connected, on hold or consulting included."""
        return self.answered and not self.ended


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
            yield key, "" if content == "(null)" else content  # so Status writes an unset one (22.10.1)


def instant(headers: Headers, received: datetime) -> datetime:
    """Return when Asterisk made an event (timestampevents), else when it was received. UTC."""
    return epoch(text(headers, "Timestamp")) or received


def epoch(value: str) -> datetime | None:
    """Return the instant of `seconds.µs` since 1970, None for anything else."""
    try:
        seconds = float(value)
        return datetime.fromtimestamp(seconds, UTC) if seconds >= 0 else None
    except (ValueError, OverflowError, OSError):
        return None


def count(headers: Headers, name: str) -> int | None:
    """Return a header's whole number, None where there is none that makes sense."""
    value = text(headers, name)
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 10 else None


def interface_of(channel: str) -> str:
    """Return a channel's name without its serial, such as `PJSIP/1001` of `PJSIP/1001-0000000a`."""
    base, dash, serial = channel.partition(";")[0].rpartition("-")
    return base if dash and len(serial) == 8 else channel


def phone_of(channel: str) -> Phone:
    """Return the number in a channel's or interface's name, such as `PJSIP/1001-web-0000000a` or `Local/1001@x-1;1`."""
    name = interface_of(channel)
    name = name.partition("/")[2] or name
    return Phone(name.partition("@")[0].removesuffix("-web"))
