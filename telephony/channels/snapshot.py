"""Taking over what an AMI `Status` list says is there."""

from __future__ import annotations

from messages.ids import CallId, LegId
from telephony.channels.calls import ring
from telephony.channels.connections import settle
from telephony.channels.map import ChannelMap
from telephony.channels.model import Channel, Headers, TrackedCall, TrackedLeg, phone_of, text, variables


def take_over(channels: ChannelMap, statuses: list[Headers]) -> None:
    """Make the list what is known, keeping what was known of the channels in it; tell what is new."""
    known, calls, legs = channels.by_uid, channels.by_call, channels.tracked
    channels.by_uid, channels.by_call, channels.tracked = {}, {}, {}
    channels.bridges, channels.halves = {}, {}
    present = [(_channel(channels, headers, known), headers) for headers in statuses]
    for call in calls.values():
        if call.channel in channels.by_uid:
            channels.by_call[call.id] = call
            call.legs = [leg for leg in call.legs if _keep(channels, leg)]
    for channel, headers in present:
        _citizen(channels, channel, headers)
    for channel, _ in present:
        _agent(channels, channel, legs)
    for call in list(channels.by_call.values()):
        settle(channels, call)


def _channel(channels: ChannelMap, headers: Headers, known: dict[str, Channel]) -> Channel:
    uid = text(headers, "Uniqueid")
    channel = known.get(uid) or Channel(
        uid, channels.occurred, number=text(headers, "CallerIDNum"), did=text(headers, "DNID")
    )
    channel.name, channel.linkedid = text(headers, "Channel"), text(headers, "Linkedid")
    channel.bridge = text(headers, "BridgeID")
    if channel.bridge:
        channels.bridges.setdefault(channel.bridge, set()).add(uid)
    channel.variables.update(variables(headers, "Variable"))
    channel.spies = text(headers, "Application") == "ChanSpy"
    channels.by_uid[uid] = channel
    channel.other_half = ""
    channels.pair(channel, channel.name)
    return channel


def _keep(channels: ChannelMap, leg: TrackedLeg) -> bool:
    """Keep a leg that ended, or whose channels are still there."""
    leg.channels &= channels.by_uid.keys()
    leg.dialled &= channels.by_uid.keys()
    if leg.channels or leg.ended:
        channels.tracked[leg.id] = leg
        return True
    return False


def _citizen(channels: ChannelMap, channel: Channel, headers: Headers) -> None:
    """Tell of a citizen who was not known."""
    channels.recognise(channel)
    if text(headers, "Application") != "Queue" or (channel.call is None and channel.variable("HOTLINE_CONTACT")):
        return
    call = channel.call or channels.open_call(channel)
    if not call.in_queue:
        call.in_queue = text(headers, "Data").partition(",")[0]
        channels.queue(call, call.in_queue, by_asterisk=True)


def _agent(channels: ChannelMap, channel: Channel, before: dict[LegId, TrackedLeg]) -> None:
    """Tell of an agent's channel that was not known."""
    call: TrackedCall | None = channels.by_call.get(CallId(channel.variable("HOTLINE_CONTACT")))
    if call is None or not channel.is_party or channel.variable("HOTLINE_LISTENING"):
        return
    leg = channels.leg_of(channel)
    if leg is None:
        channel.leg = LegId(channel.variable("HOTLINE_LEG") or channel.uid)
        leg = channels.tracked.get(channel.leg) or channels.open_leg(channel.leg, call, phone_of(channel.name))
    leg.dialled.add(channel.uid)
    leg.channels.add(channel.uid)
    if not channel.bridge:
        ring(channels, leg)
