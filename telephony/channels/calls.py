"""Dialling, bridges, holds, transfers and ends: what they mean for calls and legs."""

from __future__ import annotations

from messages import facts
from messages.ids import CallId, LegId
from messages.values import ContactOutcome, LegEnd
from telephony.channels.map import ChannelMap, session_of
from telephony.channels.model import Channel, Headers, TrackedLeg, phone_of, text

_DIAL_ENDS = {
    "NOANSWER": LegEnd.NO_ANSWER,
    "BUSY": LegEnd.BUSY,
    "CONGESTION": LegEnd.UNAVAILABLE,
    "CHANUNAVAIL": LegEnd.UNAVAILABLE,
}


def new_channel(channels: ChannelMap, headers: Headers) -> None:
    """A channel is there."""
    channels.channel(headers)


def dial_begin(channels: ChannelMap, headers: Headers) -> None:
    """A citizen's channel dials: a leg of ours by its variable, else one of Asterisk's own."""
    caller, dialled = channels.channel(headers), channels.channel(headers, "Dest")
    if caller is None or dialled is None or not caller.citizen or dialled.citizen:
        return
    leg_id = LegId(dialled.variable("HOTLINE_LEG") or caller.variable("HOTLINE_LEG") or dialled.uid)
    leg = channels.tracked.get(leg_id)
    if leg is None or leg.ended:
        leg_id = leg_id if leg is None else LegId(dialled.uid)
        leg = channels.open_leg(leg_id, caller, phone_of(dialled.name))
    leg.channels.add(dialled.uid)
    dialled.leg = leg.id


def dial_state(channels: ChannelMap, headers: Headers) -> None:
    """A phone rings."""
    dialled = channels.channel(headers, "Dest")
    leg = channels.leg_of(dialled)
    if leg is not None and text(headers, "DialStatus") == "RINGING" and not leg.answered and not leg.ended:
        channels.tell_leg(facts.LegRinging, leg)


def dial_end(channels: ChannelMap, headers: Headers) -> None:
    """A dialled channel is no longer dialled: answered, or why not."""
    dialled = channels.channel(headers, "Dest")
    leg, status = channels.leg_of(dialled), text(headers, "DialStatus")
    if leg is None or dialled is None or status == "ANSWER":
        return
    leg.channels.discard(dialled.uid)
    if not leg.channels and not leg.answered:
        citizen = channels.by_uid.get(leg.call)
        gone = citizen is None or citizen.wants_out
        cancelled = LegEnd.CITIZEN_GONE if gone else LegEnd.ANSWERED_ELSEWHERE
        channels.end_leg(leg, _DIAL_ENDS.get(status, cancelled))


def bridge_enter(channels: ChannelMap, headers: Headers) -> None:
    """A channel joins a bridge, perhaps in another's place."""
    channel = channels.channel(headers)
    if channel is None:
        return
    channel.bridge = text(headers, "BridgeUniqueid")
    swapped = channels.by_uid.get(text(headers, "SwapUniqueid"))
    leg = channels.leg_of(swapped)
    if swapped is not None and leg is not None and not channel.citizen and channel.leg is None:
        # Local channels are optimised away: who takes the place takes the part.
        leg.channels.discard(swapped.uid)
        leg.channels.add(channel.uid)
        channel.leg, swapped.leg = leg.id, None
    meet(channels, channel)


def meet(channels: ChannelMap, channel: Channel) -> None:
    """Tell of legs whose agent and citizen are now in one bridge."""
    if channel.citizen:
        for known in channels.legs_of(channel):
            if any(channels.by_uid[uid].bridge == channel.bridge for uid in known.channels):
                channels.answer(known)
        return
    leg = channels.leg_of(channel)
    citizen = channels.by_uid.get(leg.call) if leg else None
    if leg is not None and citizen is not None and citizen.bridge == channel.bridge:
        channels.answer(leg)


def bridge_leave(channels: ChannelMap, headers: Headers) -> None:
    """A channel leaves a bridge."""
    channel = channels.channel(headers)
    if channel is None:
        return
    channel.bridge = ""
    if channel.citizen:
        # The leg ends when the citizen leaves: a spied agent's hang-up may come 2 s later (CALL-CONTROL).
        for leg in channels.legs_of(channel):
            if leg.answered and not leg.ended:
                channels.end_leg(leg, who_ended(channels, leg, channel))


def who_ended(channels: ChannelMap, leg: TrackedLeg, citizen: Channel) -> LegEnd:
    """Return why a talking leg ended, by who asked first."""
    if leg.transferred:
        return LegEnd.TRANSFERRED
    agents = [channels.by_uid[uid] for uid in leg.channels if uid in channels.by_uid]
    if citizen.wants_out:
        return LegEnd.CITIZEN_HUNG_UP
    if any(agent.wants_out or not agent.bridge for agent in agents) or not agents:
        return LegEnd.AGENT_HUNG_UP
    return LegEnd.CITIZEN_HUNG_UP


def hold(channels: ChannelMap, headers: Headers) -> None:
    """A phone put the other side on hold."""
    leg = channels.leg_of(channels.channel(headers))
    if leg is not None and leg.answered and not leg.ended and not leg.held:
        leg.held = True
        channels.tell_leg(facts.LegHeld, leg)


def unhold(channels: ChannelMap, headers: Headers) -> None:
    """A phone took the other side back; transfers say so too."""
    leg = channels.leg_of(channels.channel(headers))
    if leg is not None and leg.held:
        leg.held = False
        channels.tell_leg(facts.LegResumed, leg)


def blind_transfer(channels: ChannelMap, headers: Headers) -> None:
    """An agent passed the citizen on."""
    leg = channels.leg_of(channels.by_uid.get(text(headers, "TransfererUniqueid")))
    if leg is not None and text(headers, "Result") == "Success":
        leg.transferred = leg.ended = True
        channels.tell_leg(facts.LegTransferred, leg, to=text(headers, "Extension"))


def attended_transfer(channels: ChannelMap, headers: Headers) -> None:
    """An agent passed the citizen on after consulting."""
    names = ("OrigTransfererUniqueid", "SecondTransfererUniqueid")
    leg = next((found for name in names if (found := channels.leg_of(channels.by_uid.get(text(headers, name))))), None)
    if leg is None or text(headers, "Result") != "Success":
        return
    target = channels.by_uid.get(text(headers, "TransferTargetUniqueid"))
    leg.transferred = leg.ended = True
    channels.tell_leg(facts.LegTransferred, leg, to=phone_of(target.name) if target else "", attended=True)


def hangup_request(channels: ChannelMap, headers: Headers) -> None:
    """A phone hung up."""
    if channel := channels.channel(headers):
        channel.wants_out = True


def hangup(channels: ChannelMap, headers: Headers) -> None:
    """A channel is gone."""
    channel = channels.channel(headers)
    if channel is None:
        return
    if leg := channels.leg_of(channel):
        leg.channels.discard(channel.uid)
        if not leg.channels:
            channels.end_leg(leg, LegEnd.AGENT_HUNG_UP if leg.answered else LegEnd.UNAVAILABLE)
    if channel.citizen:
        citizen_hung_up(channels, channel, headers)
    elif channel.variable("HOTLINE_LISTENING") and not channel.spies:
        channels.tell(facts.SpyStopped, session=session_of(channel), failed="the listener's phone was not answered")
    del channels.by_uid[channel.uid]


def citizen_hung_up(channels: ChannelMap, channel: Channel, headers: Headers) -> None:
    """A citizen's channel is gone: its call and all its legs."""
    if channel.left_queue and not channel.told_left:
        presumed = ContactOutcome.LEFT_BY_KEY if channels.sees_variables else ContactOutcome.TIMED_OUT
        channels.tell(facts.CallLeftQueue, call=CallId(channel.uid), outcome=presumed)
    cause = text(headers, "Cause")
    channels.tell(
        facts.CallHungUp,
        call=CallId(channel.uid),
        cause=int(cause) if cause.isdigit() else 0,
        by_citizen=channel.wants_out,
        number=channel.number,
        did=channel.did,
    )
    for leg in channels.by_call.pop(channel.uid, []):
        channels.tracked.pop(leg.id, None)
        for uid in leg.channels:
            channels.by_uid[uid].leg = None
