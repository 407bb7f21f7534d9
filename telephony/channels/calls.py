"""Dialling, holds, transfers and hang-ups: what they mean for calls and legs."""

from __future__ import annotations

from messages import facts
from messages.ids import LegId
from messages.values import LegEnd
from telephony import ASIDE, HOLD
from telephony.channels import parties, spying
from telephony.channels.connections import call_behind, leave, reach
from telephony.channels.map import ChannelMap
from telephony.channels.model import Channel, Headers, TrackedCall, TrackedLeg, count, interface_of, phone_of, text
from telephony.channels.queues import never_joined, settle_leaving

_DIAL_ENDS = {
    "NOANSWER": LegEnd.NO_ANSWER,
    "BUSY": LegEnd.BUSY,
    "CONGESTION": LegEnd.UNAVAILABLE,
    "CHANUNAVAIL": LegEnd.UNAVAILABLE,
}
_NO_RTP, _BY_DEVICE = 44, 1
"""Causes of the Hangup, and of the SoftHangupRequest before, where a phone was silent for `rtp_timeout` (22.10.1)."""


def new_channel(channels: ChannelMap, headers: Headers) -> None:
    """A channel is there."""
    channels.channel(headers)


def dial_begin(channels: ChannelMap, headers: Headers) -> None:
    """A channel dials another: for a citizen's call a leg begins, behind a Local channel it goes on."""
    caller, dialled = channels.channel(headers), channels.channel(headers, "Dest")
    if dialled is None or dialled.leg is not None:
        return
    if caller is None:
        parties.originated(channels, dialled, headers)
        return
    if dialled.call is not None:
        parties.dials_citizen(channels, caller, dialled)
        return
    if parties.consulted(channels, caller, dialled, headers):
        return
    outer = channels.leg_of(channels.by_uid.get(caller.other_half))
    if outer is not None and not outer.answered and not outer.ended:
        outer.channels.add(dialled.uid)
        dialled.leg = outer.id
        if dialled.is_party and not outer.rang:
            outer.phone = phone_of(dialled.name)
    elif call := call_behind(channels, caller):
        settle_leaving(channels, call)
        leg = _leg_to_ring(channels, call, caller, dialled)
        parties.name_outside(leg, headers)
        parties.begin(channels, leg, dialled)


def _leg_to_ring(channels: ChannelMap, call: TrackedCall, caller: Channel, dialled: Channel) -> TrackedLeg:
    """Return the leg that our session named by HOTLINE_LEG, else a new one of Asterisk's own."""
    named = LegId(dialled.variable("HOTLINE_LEG") or caller.variable("HOTLINE_LEG"))
    leg = channels.tracked.get(named)
    if leg is not None and leg.call is call and not leg.answered and not leg.ended:
        return leg
    leg_id = named if named and leg is None else LegId(dialled.uid)
    return channels.open_leg(leg_id, call, phone_of(dialled.name), dialled.member or interface_of(dialled.name))


def dial_state(channels: ChannelMap, headers: Headers) -> None:
    """A phone rings."""
    dialled = channels.channel(headers, "Dest")
    leg = channels.leg_of(dialled) or parties.outbound_leg(channels, dialled)
    if leg is not None and text(headers, "DialStatus") == "RINGING":
        ring(channels, leg)


def ring(channels: ChannelMap, leg: TrackedLeg) -> None:
    """Tell that a leg rings, once, however many devices do."""
    if not leg.rang and not leg.answered and not leg.ended:
        leg.rang = True
        channels.tell_leg(facts.LegRinging, leg)


def dial_end(channels: ChannelMap, headers: Headers) -> None:
    """A dialled channel is no longer dialled: answered, or why not."""
    dialled = channels.channel(headers, "Dest")
    leg, status = channels.leg_of(dialled), text(headers, "DialStatus")
    if status != "ANSWER" and (outbound := parties.outbound_leg(channels, dialled)):
        channels.end_leg(outbound, _DIAL_ENDS.get(status) or parties.not_reached(channels, outbound))
    if leg is None and dialled is not None:
        dialled.unanswered = status
    if leg is None or dialled is None or dialled.uid not in leg.dialled:
        return
    if status == "ANSWER":
        _picked_up(channels, leg)
        return
    leg.dialled.discard(dialled.uid)
    if not leg.dialled and not leg.answered:
        # Asked by AMI to hang up, a ringing phone counts as not having answered.
        why = LegEnd.WITHDRAWN if leg.called_off and status == "NOANSWER" else _DIAL_ENDS.get(status)
        channels.end_leg(leg, why or _cancelled(channels, leg))


def _picked_up(channels: ChannelMap, leg: TrackedLeg) -> None:
    if leg.consulted_by and not leg.picked_up and not leg.ended:
        channels.tell_leg(facts.LegConsulted, leg)
    leg.picked_up, leg.picked_up_at = True, leg.picked_up_at or channels.occurred


def _cancelled(channels: ChannelMap, leg: TrackedLeg) -> LegEnd:
    """Return why ringing was called off; Dial says so of the losers while the winner still rings."""
    others = [other for other in leg.call.legs if other is not leg and not other.ended]
    if leg.consulted_by:
        return LegEnd.WITHDRAWN
    if any(other.picked_up for other in others):
        return LegEnd.ANSWERED_ELSEWHERE
    citizen = channels.by_uid.get(leg.call.channel)
    stays = citizen is not None and not citizen.leaves
    return LegEnd.ANSWERED_ELSEWHERE if stays and any(other.dialled for other in others) else LegEnd.CITIZEN_GONE


def hold(channels: ChannelMap, headers: Headers) -> None:
    """A phone put the other side on hold."""
    leg = channels.leg_of(channels.channel(headers))
    if leg is not None and leg.talks and not leg.held:
        leg.held = True
        channels.tell_leg(facts.LegHeld, leg)


def unhold(channels: ChannelMap, headers: Headers) -> None:
    """A phone took the other side back; transfers say so too, and swapping back to whom an agent consults."""
    channel = channels.channel(headers)
    leg = channels.leg_of(channel)
    if channel and channel.bridge and leg and leg.talks and leg.stepped_aside == "agent":
        return
    if leg is not None and leg.held:
        leg.held = False
        if leg.talks:
            channels.tell_leg(facts.LegResumed, leg)


def blind_transfer(channels: ChannelMap, headers: Headers) -> None:
    """An agent passed the citizen on."""
    uid = text(headers, "TransfererUniqueid")
    if text(headers, "Result") == "Success":
        # The channel may be gone already: Asterisk says so when it is done, and its threads race.
        leg = next((leg for leg in channels.tracked.values() if leg.talker == uid), None)
        to = text(headers, "Extension")
        _transferred(channels, leg, "" if to == "s" else to, attended=False)  # `s`: by our verb, the centre knows


def attended_transfer(channels: ChannelMap, headers: Headers) -> None:
    """An agent passed the citizen on after consulting; the event comes when the target is already connected."""
    if text(headers, "Result") != "Success":
        return
    names = ("OrigTransfererUniqueid", "SecondTransfererUniqueid")
    legs = (channels.leg_of(channels.by_uid.get(text(headers, name))) for name in names)
    leg = next((leg for leg in legs if leg is not None and leg.talks), None)
    if leg is None:
        return
    if _in_hold_room(channels, leg, headers):
        channels.end_leg(leg, LegEnd.AGENT_HUNG_UP)  # Asterisk takes it for a transfer; the dialplan ends the call
        return
    asked = channels.consults(leg.id)  # who may be ringing yet
    targets = [other.phone for other in leg.call.legs if other is not leg and (other.talks or other.id == asked)]
    named = channels.by_uid.get(text(headers, "TransferTargetUniqueid"))
    to = targets[-1] if targets else phone_of(named.name) if named else ""
    _transferred(channels, leg, to, attended=True)


def _in_hold_room(channels: ChannelMap, leg: TrackedLeg, headers: Headers) -> bool:
    """Tell whether an agent hung up on a citizen on hold; the event names the target mostly, not always (22.10.1)."""
    citizen = channels.by_uid.get(leg.call.channel)
    beside = reach(channels, citizen) if citizen else []
    names = [text(headers, "TransferTargetChannel"), *(other.name for other in beside)]
    return any(name.startswith(f"Local/{HOLD}@{ASIDE}-") for name in names)


def _transferred(channels: ChannelMap, leg: TrackedLeg | None, to: str, *, attended: bool) -> None:
    """Tell of a transfer, once; of a blind one also after the leg's end."""
    if leg is not None and leg.answered and not leg.transferred and (leg.talks or not attended):
        leg.ended = leg.transferred = True
        channels.tell_leg(facts.LegTransferred, leg, to=to, attended=attended)


def hangup_request(channels: ChannelMap, headers: Headers) -> None:
    """A phone hung up."""
    if channel := channels.channel(headers):
        channel.hung_up = True


def soft_hangup_request(channels: ChannelMap, headers: Headers) -> None:
    """Asterisk was told to hang a channel up."""
    if channel := channels.channel(headers):
        channel.sent_away = True
        channel.by_device = count(headers, "Cause") == _BY_DEVICE


def hangup(channels: ChannelMap, headers: Headers) -> None:
    """A channel is gone."""
    channel = channels.channel(headers)
    if channel is None:
        return
    channel.sent_away = True
    channel.died = not channel.hung_up and count(headers, "Cause") == _NO_RTP
    leave(channels, channel)
    if leg := channels.leg_of(channel):
        _leg_hung_up(channels, leg, channel, headers)
    if channel.call:
        _citizen_hung_up(channels, channel.call, channel, headers)
    elif channel.leg is None:
        parties.never_came(channels, channel, headers)
    spying.spied_gone(channels, channel)
    spying.listener_gone(channels, channel)
    channels.forget(channel)


def _leg_hung_up(channels: ChannelMap, leg: TrackedLeg, channel: Channel, headers: Headers) -> None:
    leg.dialled.discard(channel.uid)
    leg.channels.discard(channel.uid)
    if leg.talks:
        if leg.talker == channel.uid:
            moved = leg.stepped_aside == "citizen"  # by Redirect, or the dialplan
            channels.end_leg(leg, LegEnd.CITIZEN_HUNG_UP if moved else channel.how_it_left, leg.parted_at)
    elif not leg.dialled and leg.consulted_by:
        channels.end_leg(leg, LegEnd.AGENT_HUNG_UP if channel.hung_up else LegEnd.WITHDRAWN)
    elif not leg.dialled:
        citizen = channels.by_uid.get(leg.call.channel)
        gone = citizen is None or citizen.leaves or leg.picked_up  # it answered: the citizen left in that instant
        unreached = LegEnd.NO_ANSWER if parties.unanswered(headers) else LegEnd.UNAVAILABLE
        channels.end_leg(leg, LegEnd.CITIZEN_GONE if gone else unreached)


def _citizen_hung_up(channels: ChannelMap, call: TrackedCall, channel: Channel, headers: Headers) -> None:
    """A citizen's channel is gone: its call and all its legs."""
    settle_leaving(channels, call)
    never_joined(channels, call)
    for leg in call.legs:
        channels.end_leg(leg, LegEnd.CITIZEN_HUNG_UP if leg.answered else LegEnd.CITIZEN_GONE)
        del channels.tracked[leg.id]
        for uid in leg.channels:
            if other := channels.by_uid.get(uid):
                other.leg = None
    del channels.by_call[call.id]
    channels.to_record.pop(call.id, None)
    channels.tell(
        facts.CallHungUp,
        call=call.id,
        cause=count(headers, "Cause") or 0,
        by_citizen=channel.hung_up,
        number=call.number,
        did=call.did,
    )
