"""The channels, calls and legs of one Asterisk, and how facts about them are told. Pure: no clock, no socket."""

from __future__ import annotations

import sys
from collections import OrderedDict
from datetime import UTC, datetime
from typing import Any

from messages import facts
from messages.facts import Fact
from messages.ids import CallId, ContactId, LegId, NodeId, OperationId, Phone, QueueId, RecordingId, SessionId
from messages.values import LegEnd, ListeningMode
from telephony.channels.model import Channel, Headers, TrackedCall, TrackedLeg, epoch, text, variables

REMEMBERED = 1024
"""Channels that are gone and whose late events must not make them anew."""

LAST_WORDS = frozenset(
    {
        *("Hangup", "HangupRequest", "SoftHangupRequest", "BridgeLeave", "DialEnd", "VarSet"),
        *("AgentComplete", "AgentRingNoAnswer", "QueueCallerLeave", "QueueCallerAbandon"),
    }
)
"""What is heard of a channel that is on its way out."""


class ChannelMap:
    """What is known of the channels of one node, and the facts told since they were last taken."""

    def __init__(self, node: NodeId, *, replayed: bool = False) -> None:
        self.node = node
        self.replayed = replayed
        """Whether these are all the facts there are: live, our AGI session itself tells of our queue."""
        self.sees_variables = False
        """Whether VarSet events come (replayed captures): then a queue's result is read and not presumed."""
        self.by_uid: dict[str, Channel] = {}
        self.by_call: dict[CallId, TrackedCall] = {}
        self.tracked: dict[LegId, TrackedLeg] = {}
        self.bridges: dict[str, set[str]] = {}
        self.halves: dict[str, str] = {}
        self.awaited: dict[LegId, OperationId] = {}
        """Legs for which we originate a channel, until one is there."""
        self.to_record: dict[CallId, list[RecordingId]] = {}
        """Recordings that were asked for and have not begun, in order."""
        self.to_switch: dict[SessionId, ListeningMode] = {}
        """Listeners who go from one mode to another."""
        self.gone: OrderedDict[str, None] = OrderedDict()
        self.listed = -1
        """The highest number of a channel in the list that was last taken over; Asterisk counts them up."""
        self.occurred = datetime.min.replace(tzinfo=UTC)
        self.told: list[Fact] = []

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.node}: {len(self.by_uid)} channels, {len(self.tracked)} legs>"

    def citizen_of(self, call: CallId) -> str | None:
        """Return the name of the citizen's channel, known by its id even before an event carries our variable."""
        tracked = self.by_call.get(call)
        channel = self.by_uid.get(tracked.channel if tracked else call)
        return channel.name if channel else None

    def channels_of_leg(self, leg: LegId) -> list[str]:
        """Return the names of the channels that ring for a leg, or of the one that talks."""
        tracked = self.tracked.get(leg)
        if tracked is None:
            return []
        if tracked.talker in self.by_uid:
            return [self.by_uid[tracked.talker].name]
        return [self.by_uid[uid].name for uid in sorted(tracked.dialled) if uid in self.by_uid]

    def channel_of_leg(self, leg: LegId) -> str | None:
        """Return the name of the leg's channel."""
        return next(iter(self.channels_of_leg(leg)), None)

    def carrying(self, leg: LegId) -> list[str]:
        """Return the names of the channels that are not a citizen's and carry a leg's id."""
        return [c.name for c in self.by_uid.values() if c.call is None and c.variable("HOTLINE_LEG") == leg]

    def talking(self, leg: LegId) -> str | None:
        """Return the name of the channel that talks for a leg."""
        tracked = self.tracked.get(leg)
        talker = self.by_uid.get(tracked.talker) if tracked and tracked.talks else None
        return talker.name if talker else None

    def talkers(self, call: CallId) -> list[LegId]:
        """Return the legs of a call that talk, held ones included."""
        tracked = self.by_call.get(call)
        return [leg.id for leg in tracked.legs if leg.talks] if tracked else []

    def consults(self, leg: LegId, *, answered: bool = False) -> LegId | None:
        """Return whom a leg's agent consults (and who has answered), until the citizen is with them."""
        for other in self.tracked.values():
            if other.consulted_by == leg and not other.ended and not other.answered:
                return other.id if other.picked_up or not answered else None
        return None

    def aside(self, leg: LegId) -> str:
        """Return whether a talking leg's agent was sent aside: to `hold`, to `consult`, or not at all."""
        tracked = self.tracked.get(leg)
        if tracked is None or not tracked.talks:
            return ""
        if self.consults(leg):
            return "consult"
        return "hold" if tracked.stepped_aside == "agent" else ""

    def call_off(self, leg: LegId) -> list[str]:
        """Note that a leg is to be hung up by us; return the names of its channels."""
        if tracked := self.tracked.get(leg):
            tracked.called_off = True
        return self.channels_of_leg(leg)

    def called_in(self, leg: LegId) -> bool:
        """Tell whether a leg's channel was originated into the citizen's bridge."""
        tracked = self.tracked.get(leg)
        return tracked is not None and tracked.called_in

    def times_aside(self, leg: LegId) -> int:
        """Return how often a leg's agent has left the citizen's reach without hanging up."""
        tracked = self.tracked.get(leg)
        return tracked.times_aside if tracked else 0

    def expect(self, leg: LegId, operation: OperationId) -> None:
        """A channel is to be originated for a leg; if none comes, tell that the operation failed."""
        self.awaited[leg] = operation

    def expect_no_more(self, leg: LegId) -> OperationId | None:
        """Nothing is expected for a leg any more; return the operation if something was."""
        return self.awaited.pop(leg, None)

    def expect_recording(self, call: CallId, recording: RecordingId) -> None:
        """The next MixMonitorStart of a call that names no file is this recording's."""
        self.to_record.setdefault(call, []).append(recording)

    def expect_no_recording(self, call: CallId, recording: RecordingId) -> None:
        """Asterisk refused to record."""
        if recording in self.to_record.get(call, ()):
            self.to_record[call].remove(recording)

    def expect_switch(self, session: SessionId, mode: ListeningMode) -> None:
        """The next ChanSpyStart of a listener is this mode's."""
        self.to_switch[session] = mode

    def expect_no_switch(self, session: SessionId) -> None:
        """Asterisk refused to switch."""
        self.to_switch.pop(session, None)

    def spyer_of(self, session: SessionId) -> str | None:
        """Return the name of a listener's channel."""
        channel = self.by_uid.get(session)
        return channel.name if channel else None

    def name_of(self, leg: LegId) -> str:
        """Return what Asterisk's own queue calls a leg's agent, else the interface; empty for a leg that is gone."""
        tracked = self.tracked.get(leg)
        return tracked.name if tracked else ""

    def calls(self) -> list[CallId]:
        """Return the calls that are there."""
        return list(self.by_call)

    def legs(self) -> list[LegId]:
        """Return the legs that ring or talk."""
        return [leg.id for leg in self.tracked.values() if not leg.ended]

    def spies(self) -> list[SessionId]:
        """Return the listening sessions that hear somebody."""
        return [session_of(channel) for channel in self.by_uid.values() if channel.spies]

    def listeners(self) -> list[SessionId]:
        """Return the listening sessions of ours that are there and hear nobody: still ringing, or waiting."""
        there = (channel for channel in self.by_uid.values() if listens_for_us(channel) and not channel.spies)
        return [session_of(channel) for channel in there]

    def tell(self, kind: type[Fact], *, at: datetime | None = None, **fields: Any) -> None:
        """Tell of something, at the present event's instant unless another is given."""
        self.told.append(kind(occurred=at or self.occurred, node=self.node, **fields))

    def tell_leg(self, kind: type[facts.LegFact], leg: TrackedLeg, **fields: Any) -> None:
        """Tell of something about a leg."""
        self.tell(kind, call=leg.call.id, leg=leg.id, phone=leg.phone, **fields)

    def channel(self, headers: Headers, prefix: str = "") -> Channel | None:
        """Return the channel an event is about, made known and brought up to date; None for one that is gone."""
        uid = text(headers, f"{prefix}Uniqueid")
        if not uid or uid in self.gone:
            return None
        channel = self.by_uid.get(uid)
        name = text(headers, f"{prefix}Channel")
        if channel is None and number_of(uid) <= self.listed and text(headers, "Event") in LAST_WORDS:
            self._let_go(uid)  # it came before the list and is not in it: the logs know the whole of it
            return None
        if channel is None:
            channel = self.by_uid[uid] = Channel(uid, self.occurred, did=text(headers, f"{prefix}Exten"))
            self.pair(channel, name)
        number = text(headers, f"{prefix}CallerIDNum")
        if not channel.number and number != "<unknown>":
            channel.number = number
        channel.name = name or channel.name
        channel.linkedid = text(headers, f"{prefix}Linkedid") or channel.linkedid
        channel.variables.update(variables(headers, f"{prefix}ChanVariable"))
        self.recognise(channel)
        return channel

    def pair(self, channel: Channel, name: str) -> None:
        """Find the other half of a Local channel: the same name with ;1 or ;2, which is unique while it lives."""
        if name.startswith("Local/") and name.endswith((";1", ";2")):
            other = self.by_uid.get(self.halves.pop(name[:-2], ""))
            if other is None:
                self.halves[name[:-2]] = channel.uid
            else:
                channel.other_half, other.other_half = other.uid, channel.uid

    def forget(self, channel: Channel) -> None:
        """Drop a channel that is gone."""
        del self.by_uid[channel.uid]
        if self.halves.get(channel.name[:-2]) == channel.uid:
            del self.halves[channel.name[:-2]]
        self._let_go(channel.uid)

    def _let_go(self, uid: str) -> None:
        self.gone[uid] = None
        if len(self.gone) > REMEMBERED:
            self.gone.popitem(last=False)

    def recognise(self, channel: Channel) -> None:
        """See whether a channel is a citizen's, by our variable; tell of its arrival, and note its place in a queue."""
        if channel.variable("HOTLINE_CONTACT") != channel.uid:
            return
        call = channel.call or self.open_call(channel)
        queued = channel.variable("HOTLINE_QUEUED")
        if queued and queued != call.queued:
            call.queued = queued
            queue, _, since = queued.rpartition("@")
            if self.replayed and not call.in_queue:
                self.queue(call, queue, by_asterisk=False, at=epoch(since))

    def open_call(self, channel: Channel) -> TrackedCall:
        """Track a citizen's call and tell of its arrival, which was when its channel came."""
        call = TrackedCall(
            CallId(channel.uid),
            channel.uid,
            channel.number,
            channel.variable("HOTLINE_DID") or channel.did,
            channel.linkedid,
            outbound=LegId(channel.variable("HOTLINE_OUTBOUND")) or None,
        )
        channel.call = self.by_call[call.id] = call
        self.tell(
            facts.CallArrived,
            at=channel.since,
            call=call.id,
            contact=ContactId(call.id),
            number=call.number,
            did=call.did,
            linkedid=call.linkedid,
            outbound=call.outbound or LegId(""),
        )
        self.expect_no_more(call.outbound or LegId(""))
        return call

    def queue(self, call: TrackedCall, queue: str, *, by_asterisk: bool, at: datetime | None = None) -> None:
        """Tell that a citizen waits in a queue."""
        self.tell(
            facts.CallQueued,
            at=at,
            call=call.id,
            queue=QueueId(queue),
            by_asterisk=by_asterisk,
            number=call.number,
            did=call.did,
            linkedid=call.linkedid,
        )

    def open_leg(self, leg: LegId, call: TrackedCall, phone: Phone, name: str) -> TrackedLeg:
        """Track a new leg of a citizen's call."""
        tracked = self.tracked[leg] = TrackedLeg(leg, call, phone, name=name)
        call.legs.append(tracked)
        self.expect_no_more(leg)
        return tracked

    def leg_of(self, channel: Channel | None) -> TrackedLeg | None:
        """Return the leg a channel rings or talks for."""
        return self.tracked.get(channel.leg) if channel and channel.leg else None

    def end_leg(self, leg: TrackedLeg, why: LegEnd, at: datetime | None = None) -> None:
        """Tell of a leg's end, once."""
        if not leg.ended:
            leg.ended = True
            self.tell_leg(facts.LegEnded, leg, at=at, why=why)

    def lose_all(self, at: datetime) -> None:
        """Tell that Asterisk was restarted: nothing that was known is there any more."""
        self.tell(facts.CallsLost, at=at)
        self.awaited.clear()
        for known in (
            self.by_uid,
            self.by_call,
            self.tracked,
            self.bridges,
            self.halves,
            self.to_record,
            self.to_switch,
        ):
            known.clear()


def number_of(uid: str) -> int:
    """Return the number in a unique id of Asterisk's own, `system-1795604695.144`; of another, one above all."""
    number = uid.rpartition(".")[2]
    return int(number) if number.isdecimal() and "." in uid else sys.maxsize


def session_of(channel: Channel) -> SessionId:
    """Return the listening session of a spying channel: its unique id, which for ours is what we asked for."""
    return SessionId(channel.uid)


def listens_for_us(channel: Channel) -> bool:
    """Tell whether we originated a channel to listen: our variable names its unique id; anybody could set another."""
    return channel.variable("HOTLINE_LISTENING") == channel.uid
