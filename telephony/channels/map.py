"""The channels and legs of one Asterisk, and how facts about them are told. Pure: no clock, no socket."""

from __future__ import annotations

from datetime import UTC, datetime

from messages import facts
from messages.facts import Fact
from messages.ids import CallId, ContactId, LegId, NodeId, Phone, QueueId, SessionId
from messages.values import LegEnd
from telephony.channels.model import Channel, Headers, TrackedLeg, epoch, text, variables


class ChannelMap:
    """What is known of the channels of one node, and the facts told since they were last taken."""

    def __init__(self, node: NodeId) -> None:
        self.node = node
        self.sees_variables = False
        """Whether VarSet events come (replayed captures): then a queue's result is read and not presumed."""
        self.by_uid: dict[str, Channel] = {}
        self.tracked: dict[LegId, TrackedLeg] = {}
        self.by_call: dict[str, list[TrackedLeg]] = {}
        self.occurred = datetime.min.replace(tzinfo=UTC)
        self.told: list[Fact] = []

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.node}: {len(self.by_uid)} channels, {len(self.tracked)} legs>"

    def citizen_of(self, call: CallId) -> str | None:
        """Return the name of the citizen's channel."""
        channel = self.by_uid.get(call)
        return channel.name if channel else None

    def channels_of_leg(self, leg: LegId) -> list[str]:
        """Return the names of the channels that ring or talk for a leg."""
        tracked = self.tracked.get(leg)
        return [self.by_uid[uid].name for uid in sorted(tracked.channels)] if tracked else []

    def channel_of_leg(self, leg: LegId) -> str | None:
        """Return the name of the leg's channel."""
        return next(iter(self.channels_of_leg(leg)), None)

    def spyer_of(self, session: SessionId) -> str | None:
        """Return the name of a listener's channel."""
        return next((c.name for c in self.by_uid.values() if session_of(c) == session), None)

    def calls(self) -> list[CallId]:
        """Return the calls that are there."""
        return [CallId(channel.uid) for channel in self.by_uid.values() if channel.citizen]

    def legs(self) -> list[LegId]:
        """Return the legs that ring or talk."""
        return [leg.id for leg in self.tracked.values() if leg.channels and not leg.ended]

    def spies(self) -> list[SessionId]:
        """Return the listening sessions that are there, those still ringing included."""
        return [session_of(c) for c in self.by_uid.values() if c.spies or c.variable("HOTLINE_LISTENING")]

    def tell(self, kind: type[Fact], **fields: object) -> None:
        """Tell of something at the present event's instant."""
        self.told.append(kind(occurred=self.occurred, node=self.node, **fields))

    def tell_leg(self, kind: type[facts.LegFact], leg: TrackedLeg, **fields: object) -> None:
        """Tell of something about a leg."""
        self.tell(kind, call=leg.call, leg=leg.id, phone=leg.phone, **fields)

    def channel(self, headers: Headers, prefix: str = "") -> Channel | None:
        """Return the channel an event is about, made known and brought up to date."""
        uid = text(headers, f"{prefix}Uniqueid")
        if not uid:
            return None
        channel = self.by_uid.get(uid)
        if channel is None:
            number, did = text(headers, f"{prefix}CallerIDNum"), text(headers, f"{prefix}Exten")
            channel = self.by_uid[uid] = Channel(uid, number="" if number == "<unknown>" else number, did=did)
        channel.name = text(headers, f"{prefix}Channel") or channel.name
        channel.linkedid = text(headers, f"{prefix}Linkedid") or channel.linkedid
        channel.variables.update(variables(headers, f"{prefix}ChanVariable"))
        self.recognise(channel)
        return channel

    def recognise(self, channel: Channel) -> None:
        """See whether a channel is a citizen's, by our variable; tell of its arrival and of its place in our queue."""
        if channel.variable("HOTLINE_CONTACT") != channel.uid:
            return
        if not channel.citizen:
            channel.citizen = True
            self.arrive(channel)
        queued = channel.variable("HOTLINE_QUEUED")
        if queued and queued != channel.queued:
            channel.queued = queued
            queue, _, since = queued.rpartition("@")
            if queue and queue != "fallback" and not channel.queue:
                self.queue(channel, queue, by_asterisk=False, since=epoch(since))

    def arrive(self, channel: Channel) -> None:
        """Tell of a citizen's arrival."""
        self.tell(
            facts.CallArrived,
            call=CallId(channel.uid),
            contact=ContactId(channel.uid),
            number=channel.number,
            did=channel.did,
            linkedid=channel.linkedid,
        )

    def queue(self, channel: Channel, queue: str, *, by_asterisk: bool, since: datetime | None = None) -> None:
        """Tell that a citizen waits in a queue."""
        fact = facts.CallQueued(
            occurred=since or self.occurred,
            node=self.node,
            call=CallId(channel.uid),
            queue=QueueId(queue),
            by_asterisk=by_asterisk,
            number=channel.number,
            did=channel.did,
            linkedid=channel.linkedid,
        )
        self.told.append(fact)

    def open_leg(self, leg: LegId, citizen: Channel, phone: Phone) -> TrackedLeg:
        """Track a new leg of a citizen's call."""
        tracked = self.tracked[leg] = TrackedLeg(leg, CallId(citizen.uid), phone)
        self.by_call.setdefault(citizen.uid, []).append(tracked)
        return tracked

    def legs_of(self, citizen: Channel) -> list[TrackedLeg]:
        """Return the legs a citizen's call has had."""
        return self.by_call.get(citizen.uid, [])

    def leg_of(self, channel: Channel | None) -> TrackedLeg | None:
        """Return the leg a channel rings or talks for."""
        return self.tracked.get(channel.leg) if channel and channel.leg else None

    def end_leg(self, leg: TrackedLeg, why: LegEnd) -> None:
        """Tell of a leg's end, once."""
        if not leg.ended:
            leg.ended = True
            self.tell_leg(facts.LegEnded, leg, why=why)

    def answer(self, leg: TrackedLeg) -> None:
        """Tell that a leg talks, once."""
        if not leg.answered and not leg.ended:
            leg.answered = True
            self.tell_leg(facts.LegAnswered, leg)


def session_of(channel: Channel) -> SessionId:
    """Return the listening session of a spying channel: ours by its variable, a foreign one by its unique id."""
    return SessionId(channel.variable("HOTLINE_LISTENING") or channel.uid)
