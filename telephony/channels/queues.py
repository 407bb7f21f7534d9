"""Asterisk's own queues: the safety net's, and those of replayed captures."""

from __future__ import annotations

from messages import facts
from messages.ids import CallId
from messages.values import ContactOutcome
from telephony.channels.map import ChannelMap
from telephony.channels.model import Channel, Headers, phone_of, text

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


def queue_join(channels: ChannelMap, headers: Headers) -> None:
    """A caller joined a queue of Asterisk's own."""
    channel = channels.channel(headers)
    if channel is None:
        return
    if not channel.citizen:
        channel.citizen = True
        channels.arrive(channel)
    channel.queue, channel.left_queue, channel.told_left = text(headers, "Queue"), False, False
    channels.queue(channel, channel.queue, by_asterisk=True)


def queue_abandon(channels: ChannelMap, headers: Headers) -> None:
    """A caller left while waiting there."""
    if channel := channels.channel(headers):
        leave_queue(channels, channel, ContactOutcome.ABANDONED)


def queue_leave(channels: ChannelMap, headers: Headers) -> None:
    """A caller is no longer in the queue; sent for answered ones too."""
    # Sent for answered callers too: what it was, the bridge, the variable or the hang-up tells.
    if channel := channels.channel(headers):
        channel.left_queue = True


def leave_queue(channels: ChannelMap, channel: Channel, outcome: ContactOutcome) -> None:
    """Tell why a caller left, once."""
    if not channel.told_left:
        channel.told_left = True
        channels.tell(facts.CallLeftQueue, call=CallId(channel.uid), outcome=outcome)


def agent_called(channels: ChannelMap, headers: Headers) -> None:
    """Name the agent as the queue does, where the channel's name does not."""
    leg = channels.leg_of(channels.by_uid.get(text(headers, "DestUniqueid")))
    if leg is not None and not leg.answered and (member := text(headers, "Interface")):
        leg.phone = phone_of(member)


def new_exten(channels: ChannelMap, headers: Headers) -> None:
    """A channel is sent to a queue."""
    if text(headers, "Application") == "Queue" and (channel := channels.channel(headers)):
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
        if not channel.citizen:  # it never got in: the queue was full or empty
            channel.citizen = True
            channels.arrive(channel)
        if not channel.left_queue:
            channels.queue(channel, channel.queue, by_asterisk=True)
        leave_queue(channels, channel, outcome)
