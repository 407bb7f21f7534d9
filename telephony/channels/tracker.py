"""The channel tracker: AMI events in, facts about calls and legs out. Pure: no clock, no socket.

A citizen's channel is one whose HOTLINE_CONTACT is its own unique id, or that joins a queue of Asterisk's own. An
agent's channel is what a citizen's channel dials; its leg is HOTLINE_LEG where our session dialled, else its unique id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from messages.facts import Fact
from telephony.channels import calls, queues, snapshot, spying
from telephony.channels.map import ChannelMap
from telephony.channels.model import Headers, instant, text


class Channels(ChannelMap):
    """The tracker of one node."""

    def see(self, headers: Headers, received: datetime) -> list[Fact]:
        """Take an event in and return what it means, in order; an unknown event means nothing."""
        step = _SEE.get(text(headers, "Event"))
        if step is None:
            return []
        self.occurred = instant(headers, received)
        step(self, headers)
        told, self.told = self.told, []
        return told

    def resync(self, statuses: Iterable[Headers], at: datetime) -> list[Fact]:
        """Take over the channels of an AMI `Status` list; return the facts that what was unknown amounts to."""
        self.occurred = at
        known, legs = self.by_uid, self.tracked
        self.by_uid, self.tracked, self.by_call = {}, {}, {}
        present = [
            (snapshot.adopt(self, headers, known), headers)
            for headers in statuses
            if text(headers, "Event") == "Status"
        ]
        for channel, headers in present:
            snapshot.adopt_citizen(self, channel, headers, known)
        for channel, _ in present:
            snapshot.adopt_leg(self, channel, legs)
        told, self.told = self.told, []
        return told


_SEE: dict[str, Callable[[ChannelMap, Headers], None]] = {
    "Newchannel": calls.new_channel,
    "DialBegin": calls.dial_begin,
    "DialState": calls.dial_state,
    "DialEnd": calls.dial_end,
    "BridgeEnter": calls.bridge_enter,
    "BridgeLeave": calls.bridge_leave,
    "Hold": calls.hold,
    "Unhold": calls.unhold,
    "BlindTransfer": calls.blind_transfer,
    "AttendedTransfer": calls.attended_transfer,
    "HangupRequest": calls.hangup_request,
    "Hangup": calls.hangup,
    "QueueCallerJoin": queues.queue_join,
    "QueueCallerAbandon": queues.queue_abandon,
    "QueueCallerLeave": queues.queue_leave,
    "AgentCalled": queues.agent_called,
    "Newexten": queues.new_exten,
    "VarSet": queues.variable_set,
    "ChanSpyStart": spying.spy_start,
    "ChanSpyStop": spying.spy_stop,
    "MixMonitorStart": spying.recording_start,
}
