"""Asterisk's own queues: the safety net's, and those of replayed captures."""

from __future__ import annotations

from messages import facts
from messages.values import ContactOutcome
from telephony import FALLBACK_QUEUE
from telephony.channels.connections import call_behind
from telephony.channels.map import ChannelMap
from telephony.channels.model import Channel, Headers, TrackedCall, epoch, interface_of, phone_of, text

_QUEUE_ENDS = {
    "TIMEOUT": ContactOutcome.TIMED_OUT,
    "FULL": ContactOutcome.BLOCKED,
    "JOINEMPTY": ContactOutcome.NO_AGENTS,
    "LEAVEEMPTY": ContactOutcome.NO_AGENTS,
    "JOINUNAVAIL": ContactOutcome.NO_AGENTS,
    "LEAVEUNAVAIL": ContactOutcome.NO_AGENTS,
    "CONTINUE": ContactOutcome.LEFT_BY_KEY,
    "WITHDRAW": ContactOutcome.WITHDRAWN,
}
_REFUSED = ("FULL", "JOINEMPTY", "JOINUNAVAIL")


def queue_join(channels: ChannelMap, headers: Headers) -> None:
    """A caller joined a queue of Asterisk's own."""
    channel, queue = channels.channel(headers), text(headers, "Queue")
    if channel is None:
        return
    call = call_behind(channels, channel)
    if call is None:
        if consults(channels, channel):
            return
        call = channels.open_call(channel)
    settle_leaving(channels, call)
    if call.in_queue != queue:
        call.in_queue, call.joined, call.refused = queue, True, ""
        channels.queue(call, queue, by_asterisk=True)


def consults(channels: ChannelMap, channel: Channel) -> bool:
    """Tell whether somebody on a citizen's call asks a queue for help: that is no new contact.

    A Local channel of such a call shares its linkedid; an agent's second call comes from the interface whose first
    is on hold, unless that is a trunk, by which citizens come too.
    """
    if channel.name.startswith("Local/"):
        return any(call.linkedid == channel.linkedid for call in channels.by_call.values())
    interface = interface_of(channel.name)
    citizens = (channels.by_uid[call.channel] for call in channels.by_call.values())
    if any(interface_of(citizen.name) == interface for citizen in citizens):
        return False
    talkers = (channels.by_uid.get(leg.talker) for leg in channels.tracked.values() if leg.talks and leg.held)
    return any(interface_of(talker.name) == interface for talker in talkers if talker)


def queue_abandon(channels: ChannelMap, headers: Headers) -> None:
    """A caller left while waiting; said of time-outs and emptied queues too."""
    channel = channels.channel(headers)
    call = call_behind(channels, channel) if channel else None
    if channel is None or call is None or not call.in_queue:
        return
    if channels.by_uid[call.channel].leaves or channel.leaves:
        call.in_queue = ""
        channels.tell(facts.CallLeftQueue, call=call.id, outcome=ContactOutcome.ABANDONED)
    else:
        # A Redirect out of the queue sets no QUEUESTATUS; without VarSet events it looks like the time-out.
        presumed = ContactOutcome.WITHDRAWN if channels.sees_variables else ContactOutcome.TIMED_OUT
        call.in_queue, call.leaving = "", (presumed, channels.occurred)


def queue_leave(channels: ChannelMap, headers: Headers) -> None:
    """A caller is no longer in the queue: connected, as the dialling told before; left already; or gone by a key."""
    channel = channels.channel(headers)
    call = call_behind(channels, channel) if channel else None
    if call is None or not call.in_queue:
        return
    if any(leg.picked_up and not leg.ended for leg in call.legs):
        call.in_queue = ""
    else:
        call.in_queue, call.leaving = "", (ContactOutcome.LEFT_BY_KEY, channels.occurred)


def settle_leaving(channels: ChannelMap, call: TrackedCall, outcome: ContactOutcome | None = None) -> None:
    """Tell why a caller left a queue, where that is still open: once QUEUESTATUS says it, or the call goes on."""
    if call.leaving is not None:
        presumed, at = call.leaving
        call.leaving = None
        channels.tell(facts.CallLeftQueue, at=at, call=call.id, outcome=outcome or presumed)


def never_joined(channels: ChannelMap, call: TrackedCall) -> None:
    """Tell of a caller whom the safety net's queue refused: only its absence says so where VarSet is not heard."""
    queue, _, since = call.queued.rpartition("@")
    if queue == FALLBACK_QUEUE and not call.joined:
        channels.queue(call, queue, by_asterisk=True, at=epoch(since))
        channels.tell(facts.CallLeftQueue, at=epoch(since), call=call.id, outcome=ContactOutcome.NO_AGENTS)


def agent_called(channels: ChannelMap, headers: Headers) -> None:
    """Name the agent as the queue does, where the channel's name does not."""
    channel, interface = channels.channel(headers, "Dest"), text(headers, "Interface")
    if channel is None:
        return
    channel.member = text(headers, "MemberName") or interface
    leg = channels.leg_of(channel)
    if leg is not None and not leg.answered:
        leg.name, leg.phone = channel.member, phone_of(interface) or leg.phone


def new_exten(channels: ChannelMap, headers: Headers) -> None:
    """A channel goes on in the dialplan, perhaps to a queue."""
    channel = channels.channel(headers)
    if channel is None:
        return
    if channel.call:
        settle_leaving(channels, channel.call)
    if text(headers, "Application") == "Queue":
        channel.queue = text(headers, "AppData").partition(",")[0]


def variable_set(channels: ChannelMap, headers: Headers) -> None:
    """A variable says why a caller left the queue, or is one of ours."""
    channels.sees_variables = True
    channel = channels.by_uid.get(text(headers, "Uniqueid"))
    name, value = text(headers, "Variable"), text(headers, "Value")
    if channel is None:
        return
    if name.startswith("HOTLINE_"):
        channel.variables[name] = value
        channels.recognise(channel)
    elif name == "QUEUESTATUS" and (outcome := _QUEUE_ENDS.get(value)):
        call = call_behind(channels, channel)
        if value in _REFUSED and not consults(channels, channel):
            call = call or channels.open_call(channel)
            if call.refused != f"{channel.queue} {value}":
                call.joined, call.refused = True, f"{channel.queue} {value}"
                channels.queue(call, channel.queue, by_asterisk=True)
                channels.tell(facts.CallLeftQueue, call=call.id, outcome=outcome)
        elif call is not None:
            settle_leaving(channels, call, outcome)
