"""Taking over what an AMI `Status` list says is there."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Set
from datetime import datetime

import msgspec

from imports.backfill import Since
from messages import facts
from messages.facts import Fact
from messages.ids import CallId, LegId
from telephony.channels import spying
from telephony.channels.calls import ring
from telephony.channels.connections import leads_aside, settle
from telephony.channels.map import ChannelMap, number_of
from telephony.channels.model import (
    Channel,
    Headers,
    TrackedCall,
    TrackedLeg,
    interface_of,
    phone_of,
    text,
    variables,
)


def take_over(channels: ChannelMap, statuses: list[Headers]) -> None:
    """Make the list what is known, keeping what was known of the channels in it; tell what is new."""
    known, calls = channels.by_uid, channels.by_call
    channels.by_uid, channels.by_call, channels.tracked = {}, {}, {}
    channels.bridges, channels.halves = {}, {}
    present = [(_channel(channels, headers, known), headers) for headers in statuses]
    channels.listed = max((number for uid in channels.by_uid if (number := number_of(uid)) < sys.maxsize), default=-1)
    for call in calls.values():
        if call.channel in channels.by_uid:
            channels.by_call[call.id] = call
            call.legs = [leg for leg in call.legs if _keep(channels, leg)]
    for channel, headers in present:
        _citizen(channels, channel, headers)
    for channel, _ in sorted(present, key=lambda found: _age(found[0])):
        _agent(channels, channel)
    for channel, headers in present:
        spying.found(channels, channel, headers)
    away = {leg.id for leg in channels.tracked.values() if leg.held and leg.stepped_aside == "agent"}
    for call in list(channels.by_call.values()):
        settle(channels, call)
        _holds(channels, call, away)


def let_go_of_parted(channels: ChannelMap, known: Set[CallId], since: Mapping[str, Since]) -> set[CallId]:
    """Let go of calls new to us that talked when the listing began and no longer did in it: they are at their ends,
    and who only saw that would take them for unanswered. The logs know the whole of them. Returns which they are."""
    parted = {
        call.id
        for call in channels.by_call.values()
        if call.id not in known and since.get(call.channel, _UNKNOWN).bridged and all(leg.ended for leg in call.legs)
    }
    for name in parted:
        call = channels.by_call.pop(name)
        for leg in call.legs:
            channels.tracked.pop(leg.id, None)
        channel = channels.by_uid.pop(call.channel)  # not for good: should it go on, it is heard of again
        channels.bridges.get(channel.bridge, set()).discard(channel.uid)
    return parted


def dated(channels: ChannelMap, fact: Fact, since: Mapping[str, Since]) -> list[Fact]:
    """Return a fact that a list amounts to, at the instants at which it came to be where these are known."""
    if isinstance(fact, facts.CallArrived):
        return [_at(fact, since.get(fact.call, _UNKNOWN).started)]
    if isinstance(fact, facts.CallQueued):
        return [_at(fact, since.get(fact.call, _UNKNOWN).queued)]
    leg = channels.tracked.get(fact.leg) if isinstance(fact, facts.LegRinging | facts.LegAnswered) else None
    if leg is None:
        return [fact]
    began = min((at for uid in leg.channels if (at := since.get(uid, _UNKNOWN).started)), default=None)
    if not isinstance(fact, facts.LegAnswered):
        return [_at(fact, began)]
    parties = (since.get(uid, _UNKNOWN).bridged for uid in (leg.talker, leg.call.channel))
    answered = _at(fact, max((at for at in parties if at), default=None))
    rang = facts.LegRinging(occurred=fact.occurred, node=fact.node, call=fact.call, leg=fact.leg, phone=fact.phone)
    return [_at(rang, began), answered] if began else [answered]


_UNKNOWN = Since()


def _at(fact: Fact, at: datetime | None) -> Fact:
    return msgspec.structs.replace(fact, occurred=min(at, fact.occurred)) if at else fact


def _holds(channels: ChannelMap, call: TrackedCall, away: set[LegId]) -> None:
    """Tell of the holds that began or ended unseen: an agent was sent aside, or is back; `away`: who was.

    Of a hold by a phone's own key the list says nothing: what was known of it stays.
    """
    for leg in (leg for leg in call.legs if leg.talks):
        aside = leg.stepped_aside == "agent"
        if aside and not leg.held and channels.by_uid[call.channel].bridge:
            leg.held = True
            channels.tell_leg(facts.LegHeld, leg)
        elif leg.id in away and not aside:
            leg.held = False
            channels.tell_leg(facts.LegResumed, leg)


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
    call = _call_of(channels, channel)
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
    else:
        _apart(channels, leg, channel)


def _call_of(channels: ChannelMap, channel: Channel) -> TrackedCall | None:
    """Return the call an agent's channel is for: it inherited its id, or dialled the citizen."""
    call = channels.by_call.get(CallId(channel.variable("HOTLINE_CONTACT")))
    if call is not None or channel.call is not None:
        return call
    leg = channel.variable("HOTLINE_LEG")
    return next((call for call in channels.by_call.values() if leg and call.outbound == leg), None)


def _apart(channels: ChannelMap, leg: TrackedLeg, channel: Channel) -> None:
    """See whether an agent who is bridged, but not with the citizen, was sent aside by us, or is who is consulted."""
    beside = [channels.by_uid[uid] for uid in channels.bridges[channel.bridge] if uid != channel.uid]
    if any(other.call for other in beside):
        return
    own = channel.variable("HOTLINE_LEG")
    others = [other for other in beside if other.variable("HOTLINE_LEG") not in ("", own)]
    if any(leads_aside(other) for other in beside):
        asked = next((other for other in others if other.name.endswith(";2")), None)
    else:  # the Local channel between them was optimised away: whom the agent consults came later
        asked = next((other for other in others if _age(other) < _age(channel)), None)
        if not others:
            return
    if asked is not None and not leg.answered:
        leg.picked_up, leg.consulted_by = True, LegId(asked.variable("HOTLINE_LEG"))
    else:
        answered, held = leg.answered, leg.held
        leg.answered, leg.held, leg.talker, leg.stepped_aside = True, True, channel.uid, "agent"
        if not answered:
            channels.tell_leg(facts.LegAnswered, leg)
        if not held:
            channels.tell_leg(facts.LegHeld, leg)


def _leg_id(channels: ChannelMap, channel: Channel) -> LegId | None:
    """Return the leg a channel was dialled for, None where it is someone an agent consults, who inherits our variables.

    Those are dialled by the second half of a Local channel, or later than the leg's own channel.
    """
    named = LegId(channel.variable("HOTLINE_LEG"))
    known = channels.tracked.get(named)
    parties = (other for other in channels.by_uid.values() if other.is_party and other is not channel)
    if named and not (known and known.ended) and all(other.variable("HOTLINE_LEG") != named for other in parties):
        return named
    beside = (channels.by_uid[uid].name for uid in channels.bridges.get(channel.bridge, ()))
    if any(name.startswith("Local/") and name.endswith(";2") for name in beside):
        return None
    leg_id = LegId(channel.variable("HOTLINE_LEG") or channel.uid)
    leg = channels.tracked.get(leg_id)
    consulted = leg is not None and (leg.ended or any(channels.by_uid[uid].bridge for uid in leg.channels))
    return None if consulted else leg_id
