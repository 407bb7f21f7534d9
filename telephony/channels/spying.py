"""Listening and recording, as Asterisk reports them."""

from __future__ import annotations

from messages import facts
from messages.ids import LegId, RecordingId
from recording.recording import recording_of
from telephony.channels.map import ChannelMap, session_of
from telephony.channels.model import Headers, text

ON = ("1", "on", "true")


def spy_start(channels: ChannelMap, headers: Headers) -> None:
    """Somebody hears a channel."""
    spyer = channels.channel(headers, "Spyer")
    spied = channels.by_uid.get(text(headers, "SpyeeUniqueid"))
    if spyer is not None and (mode := channels.to_switch.pop(session_of(spyer), None)):
        spyer.spies = True
        channels.tell(facts.SpySwitched, session=session_of(spyer), mode=mode)
    elif spyer is not None and not spyer.spies:
        spyer.spies = spyer.spied = True
        about = text(headers, "SpyeeUniqueid")
        if spied is not None:
            about = spied.leg or (spied.call.id if spied.call else spied.uid)
        channels.tell(facts.SpyStarted, session=session_of(spyer), spied=about, spyer=spyer.name)


def spy_stop(channels: ChannelMap, headers: Headers) -> None:
    """Somebody hears a channel no longer."""
    spyer = channels.channel(headers, "Spyer")
    if spyer is not None and spyer.spies:
        spyer.spies = False
        if session_of(spyer) not in channels.to_switch:
            channels.tell(facts.SpyStopped, session=session_of(spyer))


def recording_start(channels: ChannelMap, headers: Headers) -> None:
    """A citizen's channel is recorded. The event names no file (22.10.1): it is the one that was asked for first.

    Where nothing was (after a restart, or of the safety net), it is taken for the newest talking leg's.
    """
    channel = channels.channel(headers)
    if channel is None or channel.call is None:
        return
    call = channel.call
    if asked := channels.to_record.get(call.id):
        channels.tell(facts.RecordingStarted, recording=asked.pop(0), call=call.id)
        return
    talking = [leg.id for leg in call.legs if leg.talks]
    leg = talking[-1] if talking else LegId(channel.variable("HOTLINE_LEG"))
    # Before anybody talks only the safety net records, the whole call.
    recording = recording_of(leg) if leg else RecordingId(f"{call.id}-fallback")
    channels.tell(facts.RecordingStarted, recording=recording, call=call.id)


def recording_mute(channels: ChannelMap, headers: Headers) -> None:
    """A citizen's channel is recorded as silence on both sides, or no longer; of one side alone is nobody's pause."""
    channel = channels.channel(headers)
    if channel is not None and channel.call is not None and text(headers, "Direction") == "both":
        channels.tell(facts.RecordingPaused, call=channel.call.id, paused=text(headers, "State") in ON)
