"""The channel tracker: AMI events in, facts about calls and legs out. Pure: no clock, no socket.

A citizen's channel is one whose HOTLINE_CONTACT is its own unique id, or that joins a queue of Asterisk's own. An
agent's channel is what is dialled for a citizen or connected with one; its leg is HOTLINE_LEG where our session
dialled, else its unique id. Whom an agent consults is dialled by the agent's Local channel and carries another leg's
HOTLINE_LEG than it; whom we call into a talk is dialled by nobody and names call and leg; a citizen whom we dial
carries HOTLINE_OUTBOUND, the leg that dials.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta

from imports.backfill import Since
from messages.facts import Fact
from messages.ids import NodeId
from telephony.channels import calls, connections, parties, queues, snapshot, spying
from telephony.channels.map import ChannelMap
from telephony.channels.model import Headers, count, instant, text


class Channels(ChannelMap):
    """The tracker of one node."""

    def __init__(self, node: NodeId, *, replayed: bool = False) -> None:
        super().__init__(node, replayed=replayed)
        self._last = datetime.min.replace(tzinfo=UTC)
        self._booted: datetime | None = None

    def see(self, headers: Headers, received: datetime) -> list[Fact]:
        """Take an event in and return what it means, in order; an unknown event means nothing."""
        event = text(headers, "Event")
        step = _SEE.get(event)
        self.occurred = instant(headers, received)
        if event == "FullyBooted":
            self._fully_booted(headers)
        elif event == "Shutdown" and self.by_uid:
            self.lose_all(self.occurred)
        elif step is not None:
            step(self, headers)
        self._last = max(self._last, self.occurred)
        told, self.told = self.told, []
        return told

    def resync(self, statuses: Iterable[Headers], at: datetime, since: Mapping[str, Since] | None = None) -> list[Fact]:
        """Take over the channels of an AMI `Status` list; return the facts that what was unknown amounts to.

        The list says what is, `since`, by unique id, since when; else it is since `at`. What is no longer there is not
        told: `calls()`, `legs()` and `spies()` afterwards say what is.
        """
        self.occurred = self._last = at
        known = set(self.by_call)
        snapshot.take_over(self, [headers for headers in statuses if text(headers, "Event") == "Status"])
        parted = snapshot.let_go_of_parted(self, known, since or {})
        told, self.told = self.told, []
        of_ours = [fact for fact in told if getattr(fact, "call", None) not in parted]
        return [one for fact in of_ours for one in snapshot.dated(self, fact, since or {})]

    def _fully_booted(self, headers: Headers) -> None:
        """Each log-in hears this: only an up-time that began after what was last heard means a restart."""
        uptime = count(headers, "Uptime")
        if uptime is None or self.occurred < self._last:
            return
        # Asterisk subtracts whole seconds: either side may be one off.
        booted, since_last = self.occurred - timedelta(seconds=uptime), timedelta(seconds=1)
        later = self._booted is not None and booted - self._booted >= timedelta(seconds=2)
        if self.by_uid and (later or booted - since_last > self._last):
            self.lose_all(max(booted, self._last))
        self._booted = booted


_SEE: dict[str, Callable[[ChannelMap, Headers], None]] = {
    "OriginateResponse": parties.originate_response,
    "Newchannel": calls.new_channel,
    "DialBegin": calls.dial_begin,
    "DialState": calls.dial_state,
    "DialEnd": calls.dial_end,
    "BridgeEnter": connections.bridge_enter,
    "BridgeLeave": connections.bridge_leave,
    "Hold": calls.hold,
    "Unhold": calls.unhold,
    "BlindTransfer": calls.blind_transfer,
    "AttendedTransfer": calls.attended_transfer,
    "HangupRequest": calls.hangup_request,
    "SoftHangupRequest": calls.soft_hangup_request,
    "Hangup": calls.hangup,
    "QueueCallerJoin": queues.queue_join,
    "QueueCallerAbandon": queues.queue_abandon,
    "QueueCallerLeave": queues.queue_leave,
    "AgentCalled": queues.agent_called,
    "AgentConnect": queues.agent_called,
    "Newexten": queues.new_exten,
    "VarSet": queues.variable_set,
    "ChanSpyStart": spying.spy_start,
    "ChanSpyStop": spying.spy_stop,
    "MixMonitorStart": spying.recording_start,
    "MixMonitorMute": spying.recording_mute,
}
