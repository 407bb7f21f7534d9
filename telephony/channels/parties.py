"""Channels that we originate, whom agents consult, and citizens whom we dial."""

from __future__ import annotations

from messages import facts
from messages.ids import CallId, LegId, Phone
from messages.values import LegEnd
from telephony.channels.map import ChannelMap
from telephony.channels.model import Channel, Headers, TrackedCall, TrackedLeg, count, interface_of, phone_of, text

_WHY = {"BUSY": "busy", "NOANSWER": "no answer", "CANCEL": "no answer", "ANSWER": "it hung up"}
_UNANSWERED_CAUSES = (18, 19)
"""Of an Originate that was not answered in time no DialEnd comes, but a Hangup with cause 19 (tried on 22.10.1)."""


def originated(channels: ChannelMap, dialled: Channel, headers: Headers) -> None:
    """A channel is dialled by nobody: for a citizen's call that it names, its leg begins."""
    call = channels.by_call.get(CallId(dialled.variable("HOTLINE_CONTACT")))
    named = LegId(dialled.variable("HOTLINE_LEG"))
    if call is None or not named or named in channels.tracked or dialled.call is not None:
        return
    leg = _open_party(channels, named, call, dialled, headers)
    leg.called_in = True
    begin(channels, leg, dialled)


def consulted(channels: ChannelMap, caller: Channel, dialled: Channel, headers: Headers) -> bool:
    """An agent's Local channel dials somebody who carries a leg of their own: they are consulted."""
    call = channels.by_call.get(CallId(dialled.variable("HOTLINE_CONTACT")))
    by, named = LegId(caller.variable("HOTLINE_LEG")), LegId(dialled.variable("HOTLINE_LEG"))
    if call is None or caller.call is not None or not by or not named or by == named:
        return False
    leg = channels.tracked.get(named)
    if leg is None:
        leg = _open_party(channels, named, call, dialled, headers)
        leg.consulted_by = by
    if leg.ended or leg.answered:
        return False
    begin(channels, leg, dialled)
    return True


def _open_party(
    channels: ChannelMap, leg_id: LegId, call: TrackedCall, dialled: Channel, headers: Headers
) -> TrackedLeg:
    leg = channels.open_leg(leg_id, call, phone_of(dialled.name), interface_of(dialled.name))
    name_outside(leg, headers)
    return leg


def name_outside(leg: TrackedLeg, headers: Headers) -> None:
    """Whoever is reached through a trunk goes by the number dialled."""
    number, trunk, _ = text(headers, "DialString").partition("@")
    if trunk and number.lstrip("+").isdecimal():
        leg.phone, leg.outside = Phone(number), True


def dials_citizen(channels: ChannelMap, caller: Channel, citizen: Channel) -> None:
    """An agent's channel dials a citizen: the agent's leg begins."""
    call, named = citizen.call, LegId(caller.variable("HOTLINE_LEG"))
    if call is None or not call.outbound or call.outbound != named or named in channels.tracked:
        return
    leg = channels.open_leg(named, call, phone_of(caller.name), interface_of(caller.name))
    leg.picked_up = True
    begin(channels, leg, caller)


def begin(channels: ChannelMap, leg: TrackedLeg, channel: Channel) -> None:
    """A channel rings for a leg."""
    leg.dialled.add(channel.uid)
    leg.channels.add(channel.uid)
    channel.leg = leg.id


def outbound_leg(channels: ChannelMap, citizen: Channel | None) -> TrackedLeg | None:
    """Return the leg that dials this citizen, until they talk."""
    call = citizen.call if citizen else None
    leg = channels.tracked.get(call.outbound) if call and call.outbound else None
    return leg if leg is not None and not leg.answered else None


def not_reached(channels: ChannelMap, leg: TrackedLeg) -> LegEnd:
    """Return why a citizen's phone that was well no longer rings: the agent gave up, or was told to."""
    agent = next((channels.by_uid[uid] for uid in leg.dialled if uid in channels.by_uid), None)
    return LegEnd.AGENT_HUNG_UP if agent is None or agent.hung_up else LegEnd.WITHDRAWN


def unanswered(headers: Headers) -> bool:
    """Tell whether a Hangup is of a phone that rang in vain."""
    return count(headers, "Cause") in _UNANSWERED_CAUSES


def never_came(channels: ChannelMap, channel: Channel, headers: Headers) -> None:
    """A channel that we originated is gone, and nothing had come of it."""
    operation = channels.expect_no_more(LegId(channel.variable("HOTLINE_LEG")))
    if operation is not None:
        status = channel.unanswered or ("NOANSWER" if unanswered(headers) else "")
        why = _WHY.get(status, "it cannot be reached")
        failed = f"{phone_of(channel.name)}: {why}"
        channels.tell(facts.OperationReported, operation=operation, failed=failed)


def originate_response(channels: ChannelMap, headers: Headers) -> None:
    """What became of an Originate; of a channel that never was nothing else tells."""
    if text(headers, "Response") == "Success":
        return
    about = text(headers, "Uniqueid")
    for leg in [leg for leg in channels.awaited if str(leg).replace("/", "-") == about]:
        if about not in channels.by_uid:
            operation = channels.awaited.pop(leg)
            channels.tell(facts.OperationReported, operation=operation, failed="the phone cannot be reached")
