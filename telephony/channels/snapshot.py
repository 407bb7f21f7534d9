"""Taking over what an AMI `Status` list says is there."""

from __future__ import annotations

from messages import facts
from messages.ids import LegId
from telephony.channels.map import ChannelMap
from telephony.channels.model import Channel, Headers, TrackedLeg, phone_of, text, variables


def adopt(channels: ChannelMap, headers: Headers, known: dict[str, Channel]) -> Channel:
    """Return a channel of the list, with what was known of it."""
    uid = text(headers, "Uniqueid")
    channel = known.get(uid) or Channel(uid, number=text(headers, "CallerIDNum"), did=text(headers, "DNID"))
    channel.name, channel.linkedid = text(headers, "Channel"), text(headers, "Linkedid")
    channel.bridge = text(headers, "BridgeID")
    channel.variables.update(variables(headers, "Variable"))
    channel.spies = text(headers, "Application") == "ChanSpy"
    channels.by_uid[uid] = channel
    return channel


def adopt_citizen(channels: ChannelMap, channel: Channel, headers: Headers, known: dict[str, Channel]) -> None:
    """Tell of a citizen who was not known."""
    channels.recognise(channel)
    if text(headers, "Application") == "Queue" and (channel.citizen or not channel.variable("HOTLINE_CONTACT")):
        channel.citizen, channel.left_queue = True, False
        if not (channel.uid in known and channel.queue):
            channel.queue = text(headers, "Data").partition(",")[0]
            channels.arrive(channel)
            channels.queue(channel, channel.queue, by_asterisk=True)


def adopt_leg(channels: ChannelMap, channel: Channel, legs: dict[LegId, TrackedLeg]) -> None:
    """Tell of an agent's channel that was not known, or has been answered."""
    call = channels.by_uid.get(channel.variable("HOTLINE_CONTACT"))
    if channel.citizen or call is None or channel.variable("HOTLINE_LISTENING"):
        return
    leg_id = channel.leg or LegId(channel.variable("HOTLINE_LEG") or channel.uid)
    leg, before = channels.tracked.get(leg_id), legs.get(leg_id)
    if leg is None:
        leg = channels.open_leg(leg_id, call, before.phone if before else phone_of(channel.name))
        if before is not None:
            leg.answered, leg.held = before.answered, before.held
    leg.channels.add(channel.uid)
    channel.leg = leg_id
    if channel.bridge and channel.bridge == call.bridge:
        channels.answer(leg)
    elif before is None or channel.uid not in before.channels:
        channels.tell_leg(facts.LegRinging, leg)
