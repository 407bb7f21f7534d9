"""Taking over what an AMI `Status` list says is there."""

from __future__ import annotations

from messages.ids import CallId, LegId
from telephony.channels.calls import ring
from telephony.channels.connections import settle
from telephony.channels.map import ChannelMap
from telephony.channels.model import Channel, Headers, TrackedCall, TrackedLeg, interface_of, phone_of, text, variables


def take_over(channels: ChannelMap, statuses: list[Headers]) -> None:
    """Make the list what is known, keeping what was known of the channels in it; tell what is new."""
    known, calls = channels.by_uid, channels.by_call
    channels.by_uid, channels.by_call, channels.tracked = {}, {}, {}
    channels.bridges, channels.halves = {}, {}
    present = [(_channel(channels, headers, known), headers) for headers in statuses]
    for call in calls.values():
        if call.channel in channels.by_uid:
            channels.by_call[call.id] = call
            call.legs = [leg for leg in call.legs if _keep(channels, leg)]
    for channel, headers in present:
        _citizen(channels, channel, headers)
    for channel, _ in sorted(present, key=lambda found: _age(found[0])):
        _agent(channels, channel)
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
    channel.spied = channel.spied or channel.spies
    channels.by_uid[uid] = channel
    channel.other_half = ""
    channels.pair(channel, channel.name)
    return channel


def _age(channel: Channel) -> tuple[int, str]:
    """Order by unique id, oldest first: it ends with a number that counts up."""
    serial = channel.uid.rpartition(".")[2]
    return len(serial), serial


def _keep(channels: ChannelMap, leg: TrackedLeg) -> bool:
    """Keep a leg; one that talked with a channel that is gone has ended, and its id is not given again."""
    leg.channels &= channels.by_uid.keys()
    leg.dialled &= channels.by_uid.keys()
    if leg.answered and leg.talker not in channels.by_uid:
        leg.ended = True
    if not leg.channels and not leg.ended:
        return False
    channels.tracked[leg.id] = leg
    return True


def _citizen(channels: ChannelMap, channel: Channel, headers: Headers) -> None:
    """Tell of a citizen who was not known."""
    channels.recognise(channel)
    if text(headers, "Application") != "Queue" or (channel.call is None and channel.variable("HOTLINE_CONTACT")):
        return
    call = channel.call or channels.open_call(channel)
    if not call.in_queue:
        call.joined, call.in_queue = True, text(headers, "Data").partition(",")[0]
        channels.queue(call, call.in_queue, by_asterisk=True)


def _agent(channels: ChannelMap, channel: Channel) -> None:
    """Tell of an agent's channel that was not known."""
    call: TrackedCall | None = channels.by_call.get(CallId(channel.variable("HOTLINE_CONTACT")))
    if call is None or not channel.is_party or channel.variable("HOTLINE_LISTENING"):
        return
    leg = channels.leg_of(channel)
    if leg is None:
        channel.leg = _leg_id(channels, channel)
        if channel.leg is None:
            return
        leg = channels.tracked.get(channel.leg) or channels.open_leg(
            channel.leg, call, phone_of(channel.name), interface_of(channel.name)
        )
    leg.dialled.add(channel.uid)
    leg.channels.add(channel.uid)
    if not channel.bridge:
        ring(channels, leg)


def _leg_id(channels: ChannelMap, channel: Channel) -> LegId | None:
    """Return the leg a channel was dialled for, None where it is someone an agent consults, who inherits our variables.

    Those are dialled by the second half of a Local channel, or later than the leg's own channel.
    """
    beside = (channels.by_uid[uid].name for uid in channels.bridges.get(channel.bridge, ()))
    if any(name.startswith("Local/") and name.endswith(";2") for name in beside):
        return None
    leg_id = LegId(channel.variable("HOTLINE_LEG") or channel.uid)
    leg = channels.tracked.get(leg_id)
    consulted = leg is not None and (leg.ended or any(channels.by_uid[uid].bridge for uid in leg.channels))
    return None if consulted else leg_id
