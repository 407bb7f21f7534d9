"""Carries the centre's commands out on one Asterisk: over AGI where a held call is dialled, over AMI for the rest.

An action is sent once. What becomes of it comes back as facts: from AMI's events, or from here where none will come.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any, Protocol
from weakref import WeakValueDictionary

import structlog

from center.pops import PopGate
from messages import commands, facts
from messages.commands import Command
from messages.ids import AgentId, CallId, RecordingId
from telephony import FALLBACK_QUEUE
from telephony.agi.held import HeldCall
from telephony.agi.orders import Offer, Parting, telling
from telephony.agi.script import Script
from telephony.agi.waiting import CUT
from telephony.ami.errors import AmiError
from telephony.control import Control
from telephony.hands import Hands
from telephony.listeners import Listeners

log = structlog.get_logger()

PARTING_S = 0.05
"""Seconds in which a citizen whose talk is over has usually hung up, which stops the recording too."""

RENEW_S = 0.04
"""Seconds, two packets, without any recording, after which Asterisk surely has dropped what it kept for them."""

SETTLE_S = 1.0
"""Seconds after which Asterisk's recording thread has surely written its last."""

# 26, non-selected user clearing: the phone stops ringing without a missed call of its own.
_WITHDRAWN_CAUSE = "26"


class Recorder(Protocol):
    """What completes a recording's files once Asterisk has stopped writing them."""

    def options(self, recording: RecordingId, *, append: bool = False) -> dict[str, str]:
        """Return the MixMonitor headers for a recording, or for going on with one."""

    async def complete(self, recording: RecordingId) -> None:
        """Make the one stereo file of it. Raises OSError."""


class Switchboard:
    """One node's hands."""

    def __init__(
        self,
        hands: Hands,
        script: Script,
        recorder: Recorder,
        pops: PopGate,
        answer_s: float = 30.0,
    ) -> None:
        self.void = 0
        self._hands = hands
        self._channels = hands.channels
        self._control = Control(hands)
        self._listeners = Listeners(hands, answer_s)
        self._script = script
        self._recorder = recorder
        self._pops = pops
        self._tasks: set[asyncio.Task[None]] = set()
        self._mirror: dict[AgentId, commands.MirrorAgent] = {}
        self._mirrored: dict[AgentId, tuple[bool, bool]] = {}
        self._mirroring = False
        self._mixing: dict[RecordingId, tuple[CallId, str]] = {}
        """The call and Asterisk's id of each recording under way: several may be on one citizen's channel."""
        self._tapes: WeakValueDictionary[CallId, asyncio.Lock] = WeakValueDictionary()
        self._paused: set[RecordingId] = set()
        """Those of them that are silent now: begun anew, they are to be so still."""

    def __repr__(self) -> str:
        return f"<Switchboard {self._channels.node}: {len(self._tasks)} commands under way>"

    def execute(self, command: Command) -> None:
        """Start carrying a command out; one that is too late is void and counted."""
        if command.deadline < self._hands.clock():
            self.void += 1
            log.warning("command too late", command=repr(command))
        if isinstance(command, commands.MirrorAgent):
            self._mirror[command.agent] = command
            if not self._mirroring:
                self._mirroring = True
                self._start(self._mirror_agents())
            return
        self._start(_DO[type(command)](self, command))

    def forget_mirror(self) -> None:
        """Asterisk was away: nothing is known of its fallback queue any more."""
        self._mirrored.clear()

    async def close(self) -> None:
        """Stop what is under way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("a command failed", error=str(error), exc_info=error)

    async def _offer(self, command: commands.OfferCall) -> None:
        await asyncio.gather(*(self._pops.wait(ringing.leg) for ringing in command.legs))
        held = self._script.held.get(command.call)
        status = ""
        if held is None:
            self._hands.say(facts.CallMissing, call=command.call)
            status = "WITHDRAWN"
        elif command.deadline < self._hands.clock():
            self.void += 1
            status = "WITHDRAWN"
        elif not (offer := self._offer_of(command)).dialled:
            status = "CHANUNAVAIL"
        else:
            held.orders.put(offer)
            await self._cut_short(held)
        for ringing in command.legs if status else ():
            self._hands.say(facts.DialReturned, call=command.call, leg=ringing.leg, status=status)

    def _offer_of(self, command: commands.OfferCall) -> Offer:
        hands = self._hands
        if not command.outside:
            return Offer({ringing.leg: hands.phones(ringing.phone) for ringing in command.legs}, command.ring_s)
        dialled = {ringing.leg: (number,) for ringing in command.legs if (number := hands.outside(ringing.phone))}
        return Offer(dialled, command.ring_s, hands.shown(command.caller_id))

    async def _leave_queue(self, command: commands.LeaveQueue) -> None:
        if held := self._script.held.get(command.call):
            held.orders.put(Parting(command.announce, command.then, command.key))
            await self._cut_short(held)
        else:
            self._hands.say(facts.CallMissing, call=command.call)

    async def _announce(self, command: commands.Announce) -> None:
        if held := self._script.held.get(command.call):
            held.orders.put(telling(command))

    async def _cut_short(self, held: HeldCall) -> None:
        """End what a held caller is being told: there is something better now."""
        if held.orders.told:
            await self._hands.act("PlayDTMF", Channel=held.channel, Digit=CUT, Receive="true")

    def _citizen(self, call: CallId) -> str | None:
        """Return the name of the citizen's channel; of one no AMI event has told of yet, our session knows it."""
        held = self._script.held.get(call)
        return self._channels.citizen_of(call) or (held.channel if held else None)

    async def _withdraw(self, command: commands.WithdrawOffer) -> None:
        if held := self._script.held.get(command.call):
            held.withdraw(command.leg)
        await self._hands.hang_up(*self._channels.call_off(command.leg), cause=_WITHDRAWN_CAUSE)

    async def _bring_back(self, command: commands.BringBack) -> None:
        if channel := self._citizen(command.call):
            await self._hands.act("Redirect", Channel=channel, Context="hotline-back", Exten="s", Priority="1")

    async def _hang_up(self, command: commands.HangUp) -> None:
        if channel := self._citizen(command.call):
            await self._hands.hang_up(channel)

    async def _record(self, command: commands.StartRecording) -> None:
        async with self._tapes_of(command.call):
            why = await self._begin(command)
        if why:
            self._hands.say(facts.RecordingStopped, recording=command.recording, call=command.call, failed=why)

    def _tapes_of(self, call: CallId) -> asyncio.Lock:
        """Return what lets a call's recordings begin and stop one after the other: see `_renew_others`."""
        return self._tapes.setdefault(call, asyncio.Lock())

    async def _begin(self, command: commands.StartRecording) -> str:
        """Begin a recording and return why that did not work."""
        channel = self._citizen(command.call)
        if not channel:
            return "the call is gone"
        self._channels.expect_recording(command.call, command.recording)
        try:
            mixing = await self._mix(channel, command.recording, paused=command.paused)
        except AmiError as error:
            self._channels.expect_no_recording(command.call, command.recording)
            return str(error) or type(error).__name__
        self._mixing[command.recording] = command.call, mixing
        return ""

    async def _mix(self, channel: str, recording: RecordingId, *, paused: bool, append: bool = False) -> str:
        """Begin a recording and return Asterisk's id of it. Raises AmiError.

        A paused one is muted in the same breath: between two actions on one link not a packet is recorded (tried).
        """
        options = {"Channel": channel, **self._recorder.options(recording, append=append)}
        beginning = asyncio.ensure_future(self._hands.ask("MixMonitor", options))
        if paused:
            self._paused.add(recording)
            await asyncio.sleep(0)  # the first is sent first
            await self._mute(channel, paused=True)
        mixing = str((await beginning).get("MixMonitorID", ""))
        if paused:  # had the two gone out the other way round
            await self._mute(channel, paused=True)
        return mixing

    async def _mute(self, channel: str, *, paused: bool) -> str:
        """Have all of a channel's recordings write silence, or what is said; return why that did not work."""
        return await self._hands.act("MixMonitorMute", Channel=channel, Direction="both", State=str(int(paused)))

    async def _pause(self, command: commands.PauseRecordings) -> None:
        channel = self._citizen(command.call)
        failed = await self._mute(channel, paused=command.paused) if channel else "the call is gone"
        if failed and command.operation:
            self._hands.report(command.operation, failed)
        if not failed:
            its = {recording for recording, (call, _) in self._mixing.items() if call == command.call}
            self._paused = self._paused | its if command.paused else self._paused - its

    async def _stop_recording(self, command: commands.StopRecording) -> None:
        """Complete the file. Asterisk tells of its end only when asked to stop, not at a hang-up (CALL-CONTROL)."""
        await asyncio.sleep(PARTING_S)
        async with self._tapes_of(command.call):
            if channel := self._citizen(command.call):
                with contextlib.suppress(AmiError):  # hung up meanwhile: that stops it too
                    await self._hands.ask("StopMixMonitor", {"Channel": channel, **self._which(command.recording)})
                    await self._renew_others(command.call, channel)
        self._mixing.pop(command.recording, None)
        self._paused.discard(command.recording)
        await asyncio.sleep(SETTLE_S)
        try:
            await self._recorder.complete(command.recording)
        except OSError as error:
            self._hands.say(facts.RecordingStopped, recording=command.recording, call=command.call, failed=str(error))
        else:
            self._hands.say(facts.RecordingStopped, recording=command.recording, call=command.call)

    async def _renew_others(self, call: CallId, channel: str) -> None:
        """Let the recordings that go on begin anew, in the same files.

        While any recording is on a channel, 22.10.1 keeps one decoder for what the channel is sent, and this drops the
        packets of whoever speaks next where their RTP counts lower: they would be heard, and not recorded (tried).
        What begins next must not come too soon either: that was 11 ms after the stop, once, and silent.
        """
        others = [recording for recording, (of, _) in self._mixing.items() if of == call]
        for recording in others:
            await self._hands.ask("StopMixMonitor", {"Channel": channel, "MixMonitorID": self._mixing[recording][1]})
        await asyncio.sleep(RENEW_S)
        for recording in others:
            if recording not in self._mixing:  # over meanwhile
                continue
            self._channels.expect_recording(call, recording)
            mixing = await self._mix(channel, recording, paused=recording in self._paused, append=True)
            if recording in self._mixing:
                self._mixing[recording] = call, mixing
            else:
                await self._hands.ask("StopMixMonitor", {"Channel": channel, "MixMonitorID": mixing})

    def _which(self, recording: RecordingId) -> dict[str, str]:
        """Return the headers that name one recording of several; one of a server before this is the only one left."""
        _, mixing = self._mixing.pop(recording, ("", ""))
        return {"MixMonitorID": mixing} if mixing else {}

    async def _mirror_agents(self) -> None:
        """Bring the fallback queue's members in step; only the newest wish for each agent counts."""
        try:
            while self._mirror:
                _, command = self._mirror.popitem()
                await self._mirror_agent(command)
        finally:
            self._mirroring = False

    async def _mirror_agent(self, command: commands.MirrorAgent) -> None:
        wanted, known = (command.present, command.ready), self._mirrored.get(command.agent)
        if known == wanted:
            return
        self._mirrored[command.agent] = wanted
        for endpoint in self._hands.endpoints(command.phone):
            member = {"Queue": FALLBACK_QUEUE, "Interface": f"PJSIP/{endpoint}"}
            if not command.present:
                await self._hands.act("QueueRemove", **member)
                continue
            if known is None:  # members join paused: between the two no call can slip through
                await self._add_member(member, command.agent)
            await self._hands.act("QueuePause", **member, Paused="false" if command.ready else "true")
        if not command.present:
            del self._mirrored[command.agent]

    async def _add_member(self, member: dict[str, str], agent: AgentId) -> None:
        with contextlib.suppress(AmiError):  # a persistent member is there already; or the next resync does it
            await self._hands.ask("QueueAdd", {**member, "MemberName": agent, "Paused": "true"})


_DO: dict[type[Command], Callable[[Switchboard, Any], Coroutine[Any, Any, None]]] = {
    commands.OfferCall: Switchboard._offer,
    commands.WithdrawOffer: Switchboard._withdraw,
    commands.LeaveQueue: Switchboard._leave_queue,
    commands.Announce: Switchboard._announce,
    commands.ActOnLeg: lambda board, command: board._control.act(command),
    commands.CallParty: lambda board, command: board._control.call_party(command),
    commands.DropLeg: lambda board, command: board._control.drop(command),
    commands.DialOut: lambda board, command: board._control.dial_out(command),
    commands.CallCitizen: lambda board, command: board._control.call_citizen(command),
    commands.CancelDialOut: lambda board, command: board._control.cancel_dial_out(command),
    commands.BringBack: Switchboard._bring_back,
    commands.HangUp: Switchboard._hang_up,
    commands.StartRecording: Switchboard._record,
    commands.StopRecording: Switchboard._stop_recording,
    commands.PauseRecordings: Switchboard._pause,
    commands.StartSpy: lambda board, command: board._listeners.start(command),
    commands.SwitchSpy: lambda board, command: board._listeners.switch(command),
    commands.StopSpy: lambda board, command: board._listeners.stop(command),
}
