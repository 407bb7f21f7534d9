"""Listening and recording, as Asterisk reports them."""

from __future__ import annotations

from messages import facts
from messages.ids import LegId, RecordingId
from recording.recording import recording_of
from telephony.channels.map import ChannelMap, session_of
from telephony.channels.model import Headers, text


def spy_start(channels: ChannelMap, headers: Headers) -> None:
    """Somebody hears a channel."""
    spyer = channels.channel(headers, "Spyer")
    spied = channels.by_uid.get(text(headers, "SpyeeUniqueid"))
    if spyer is not None:
        spyer.spies = True
        about = text(headers, "SpyeeUniqueid")
        if spied is not None:
            about = spied.leg or (spied.call.id if spied.call else spied.uid)
        channels.tell(facts.SpyStarted, session=session_of(spyer), spied=about, spyer=spyer.name)


def spy_stop(channels: ChannelMap, headers: Headers) -> None:
    """Somebody hears a channel no longer."""
    spyer = channels.channel(headers, "Spyer")
    if spyer is not None:
        channels.tell(facts.SpyStopped, session=session_of(spyer))


def recording_start(channels: ChannelMap, headers: Headers) -> None:
    """A citizen's channel is recorded."""
    channel = channels.channel(headers)
    if channel is not None and channel.call:
        # The event names no file (22.10.1): a leg of ours is recorded by us, anything else by the safety net.
        leg = LegId(channel.variable("HOTLINE_LEG"))
        recording = recording_of(leg) if leg else RecordingId(f"{channel.call.id}-fallback")
        channels.tell(facts.RecordingStarted, recording=recording, call=channel.call.id)
