"""Who is connected with whom: bridges, and Local channels between them. From it follows which legs talk.

A leg talks while its agent's channel can be reached from the citizen's through bridges and Local channels. So Local
members, optimised ones, transfers of every kind and three-way calls are one case and not seven.
"""

from __future__ import annotations

from messages import facts
from messages.ids import LegId
from messages.values import LegEnd
from telephony import ASIDE, CONSULT, HOLD
from telephony.channels.map import ChannelMap
from telephony.channels.model import Channel, Headers, TrackedCall, TrackedLeg, interface_of, phone_of, text


def bridge_enter(channels: ChannelMap, headers: Headers) -> None:
    """A channel joins a bridge, perhaps in another's place."""
    channel = channels.channel(headers)
    if channel is None:
        return
    leave(channels, channel)
    channel.bridge = text(headers, "BridgeUniqueid")
    channels.bridges.setdefault(channel.bridge, set()).add(channel.uid)
    swapped = channels.by_uid.get(text(headers, "SwapUniqueid"))
    if swapped is not None and swapped.call is not None and channel.call is None:
        take_over(swapped, channel)
    for call in calls_near(channels, channel):
        settle(channels, call)
    _sent_aside(channels, channel)


def _sent_aside(channels: ChannelMap, channel: Channel) -> None:
    """Tell of a hold whose Hold event was missed: an agent is together with the Local channel that leads aside."""
    beside = [channels.by_uid[uid] for uid in channels.bridges.get(channel.bridge, ()) if uid in channels.by_uid]
    if not any(leads_aside(other) for other in beside):
        return
    for leg in filter(None, (channels.leg_of(other) for other in beside)):
        if leg.talks and leg.stepped_aside == "agent" and not leg.held:
            leg.held = True
            channels.tell_leg(facts.LegHeld, leg)


def leads_aside(channel: Channel) -> bool:
    """Tell whether a channel is of those that AMI Atxfer sends agents aside by."""
    return channel.name.startswith(tuple(f"Local/{where}@{ASIDE}-" for where in (HOLD, CONSULT)))


def bridge_leave(channels: ChannelMap, headers: Headers) -> None:
    """A channel leaves a bridge."""
    if channel := channels.channel(headers):
        leave(channels, channel)


def leave(channels: ChannelMap, channel: Channel) -> None:
    """Take a channel out of its bridge and see whom that parts."""
    if not channel.bridge:
        return
    near = calls_near(channels, channel)
    leg = channels.leg_of(channel)
    if leg is not None and leg.talks and leg.call not in near:
        near.append(leg.call)
    members = channels.bridges[channel.bridge]
    members.discard(channel.uid)
    if not members:
        del channels.bridges[channel.bridge]
    channel.bridge = ""
    for call in near:
        settle(channels, call)


def take_over(swapped: Channel, channel: Channel) -> None:
    """The citizen is behind another channel now: a Local one was optimised away, or the caller transferred."""
    call = swapped.call
    channel.call, swapped.call = call, None
    if call is not None:
        call.channel = channel.uid


def reach(channels: ChannelMap, start: Channel, *, from_citizen: bool = False) -> list[Channel]:
    """Return the channels that `start` is connected with. A citizen's own other half leads to the citizen only."""
    seen, found, waiting = {start.uid}, [], [start]
    while waiting:
        channel = waiting.pop()
        beside = set(channels.bridges.get(channel.bridge, ()))
        if channel.other_half and not (from_citizen and channel is start):
            beside.add(channel.other_half)
        for uid in beside - seen:
            seen.add(uid)
            if other := channels.by_uid.get(uid):
                found.append(other)
                waiting.append(other)
    return found


def calls_near(channels: ChannelMap, channel: Channel) -> list[TrackedCall]:
    """Return the calls whose citizens a channel is connected with, its own included."""
    return [near.call for near in (channel, *reach(channels, channel)) if near.call]


def call_behind(channels: ChannelMap, channel: Channel) -> TrackedCall | None:
    """Return the call that a channel acts for: its own, or that of a citizen moved behind a Local channel."""
    return next(iter(calls_near(channels, channel)), None)


def settle(channels: ChannelMap, call: TrackedCall) -> None:
    """Tell of the legs of a call that talk from now on, and of those that no longer do."""
    citizen = channels.by_uid[call.channel]
    parties = [party for party in reach(channels, citizen, from_citizen=True) if party.is_party and party.bridge]
    for party in parties:
        meet(channels, call, party)
    here = {party.uid for party in parties}
    for leg in call.legs:
        if leg.talks and leg.talker not in here:
            part(channels, leg, citizen)


def meet(channels: ChannelMap, call: TrackedCall, party: Channel) -> None:
    """Tell that a leg talks; one that nobody dialled for this call (a transfer's target) is opened."""
    leg = channels.leg_of(party)
    if leg is None or leg.call is not call:
        if party.leaves:
            return
        leg = channels.open_leg(free_leg_id(channels, party), call, phone_of(party.name), _name(party))
        leg.channels.add(party.uid)
        party.leg = leg.id
    if party.uid == leg.talker:
        leg.stepped_aside, leg.parted_at = "", None
    if not leg.answered and not leg.ended:
        leg.answered, leg.talker = True, party.uid
        if party.uid in leg.dialled or party.member:
            leg.name = _name(party)
        if not leg.outside:
            leg.phone = phone_of(party.name)
        channels.tell_leg(facts.LegAnswered, leg)


def _name(party: Channel) -> str:
    return party.member or interface_of(party.name)


def free_leg_id(channels: ChannelMap, party: Channel) -> LegId:
    """Return an id for a leg of Asterisk's own: the unique id, numbered on from the second call of one channel."""
    leg, count = LegId(party.uid), 1
    while leg in channels.tracked:
        count += 1
        leg = LegId(f"{party.uid}-{count}")
    return leg


def part(channels: ChannelMap, leg: TrackedLeg, citizen: Channel) -> None:
    """Tell that a leg's talk is over, unless one of the two only stepped aside: to consult, or in a transfer."""
    agent = channels.by_uid.get(leg.talker)
    consults = leg.stepped_aside == "agent"  # then hanging up may complete a transfer: its event or the Hangup tells
    if not leg.stepped_aside:
        leg.stepped_aside = "citizen" if agent and agent.bridge else "agent"
        leg.times_aside += leg.stepped_aside == "agent"
    if citizen.leaves:
        channels.end_leg(leg, LegEnd.CITIZEN_HUNG_UP)
    elif agent is not None and agent.by_device and not agent.died:
        leg.parted_at = channels.occurred
    elif agent is None or (agent.leaves and not consults):
        channels.end_leg(leg, agent.how_it_left if agent else LegEnd.AGENT_HUNG_UP)
    elif not agent.bridge and not citizen.bridge:
        # Both were taken away, by a transfer, Redirect or the dialplan: its event or the agent's Hangup tells.
        leg.parted_at = channels.occurred
