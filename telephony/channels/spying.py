"""Listening and recording, as Asterisk reports them."""

from __future__ import annotations

from messages import facts
from messages.ids import LegId, RecordingId
from messages.values import ListeningMode
from recording.recording import recording_of
from telephony import LISTEN
from telephony.channels.map import ChannelMap, listens_for_us, session_of
from telephony.channels.model import Channel, Headers, text

ON = ("1", "on", "true")


def spy_start(channels: ChannelMap, headers: Headers) -> None:
    """Somebody hears a channel."""
    spyer = channels.channel(headers, "Spyer")
    if spyer is None:
        return
    if mode := channels.to_switch.pop(session_of(spyer), None):
        spyer.spies, spyer.hears = True, text(headers, "SpyeeUniqueid")
        channels.tell(facts.SpySwitched, session=session_of(spyer), mode=mode)
    elif not spyer.spies:
        _begun(channels, spyer, text(headers, "SpyeeUniqueid"))


def _begun(channels: ChannelMap, spyer: Channel, uid: str) -> None:
    spyer.spies = spyer.spied = True
    spyer.hears = uid
    spied = channels.by_uid.get(uid)
    about = (spied.leg or (spied.call.id if spied.call else spied.uid)) if spied else uid
    channels.tell(facts.SpyStarted, session=session_of(spyer), spied=about, spyer=spyer.name)


def spy_stop(channels: ChannelMap, headers: Headers) -> None:
    """Somebody hears a channel no longer."""
    spyer = channels.channel(headers, "Spyer")
    if spyer is not None and spyer.spies:
        spyer.spies = False
        if session_of(spyer) not in channels.to_switch:
            channels.tell(facts.SpyStopped, session=session_of(spyer))


def found(channels: ChannelMap, channel: Channel, headers: Headers) -> None:
    """Tell what a list says of a channel that spies, where that was not known: it began unseen, or in another mode."""
    if text(headers, "Application") != "ChanSpy":
        channel.spies = False
        return
    spied = text(headers, "Data").partition(",")[0]
    heard = next((other.uid for other in channels.by_uid.values() if spied and other.name.startswith(spied)), "")
    if not channel.spies or (heard and heard != channel.hears):
        _begun(channels, channel, heard)
    exten = text(headers, "Exten")
    if listens_for_us(channel) and text(headers, "Context") == LISTEN and exten in list(ListeningMode):
        channels.to_switch.pop(session_of(channel), None)
        channels.tell(facts.SpySwitched, session=session_of(channel), mode=ListeningMode(exten))


def spied_gone(channels: ChannelMap, channel: Channel) -> None:
    """A channel is gone: whoever was about to hear it in another mode will not, and hears it no longer."""
    for session in list(channels.to_switch):
        spyer = channels.by_uid.get(session)
        if spyer is not None and spyer.hears == channel.uid:
            del channels.to_switch[session]
            if not spyer.spies:
                channels.tell(facts.SpyStopped, session=session)


def listener_gone(channels: ChannelMap, channel: Channel) -> None:
    """A channel is gone: tell so of one that listened, or was to for us."""
    channels.to_switch.pop(session_of(channel), None)
    if channel.spies:  # its ChanSpyStop did not come
        channel.spies = False
        channels.tell(facts.SpyStopped, session=session_of(channel))
    if channel.spied or listens_for_us(channel):
        failed = "" if channel.spied else "the listener's phone was not answered"
        channels.tell(facts.SpyStopped, session=session_of(channel), failed=failed, gone=True)


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
