"""The script that holds a citizen's call: greeting, notice, music, then the phone of whoever the centre chose.

AGI reports the results of its own steps; where a channel is, AMI says. Whatever goes wrong here, closing the session
makes the dialplan go on to its safety net.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from center.ports import Clock
from ivr.flow import Enter, Flow, Notice, Say
from messages import facts
from messages.facts import Fact
from messages.ids import CallId, ContactId, LegId, NodeId, QueueId
from telephony import FALLBACK_QUEUE
from telephony.agi.errors import AgiError, AgiHangup
from telephony.agi.session import AgiSession

log = structlog.get_logger()


class Offer:
    """An offer to dial: endpoints as PJSIP names them, `ring_s` seconds."""

    def __init__(self, leg: LegId, endpoints: tuple[str, ...], ring_s: float) -> None:
        self.leg = leg
        self.endpoints = endpoints
        self.ring_s = ring_s
        self.withdrawn = False

    def __repr__(self) -> str:
        return f"<Offer {self.leg} to {'&'.join(self.endpoints)}>"


class HeldCall:
    """One citizen's call in our hands."""

    def __init__(
        self,
        session: AgiSession,
        node: NodeId,
        tell: Callable[[Fact], None],
        clock: Clock,
        prompt_path: Callable[[str], str],
    ) -> None:
        environment = session.environment
        self.session = session
        self.node = node
        self.channel = environment.get("agi_channel", "")
        self.call = CallId(environment.get("agi_uniqueid", ""))
        self.contact = ContactId(environment.get("agi_arg_1", "") or self.call)
        self.number = _number(environment.get("agi_callerid", ""))
        self.did = environment.get("agi_arg_2", "") or environment.get("agi_extension", "")
        self.arrived = instant(environment.get("agi_arg_3", "")) or clock()
        self.queued = environment.get("agi_arg_4", "")
        self.noticed = environment.get("agi_arg_5", "") == "1"
        self._tell = tell
        self._clock = clock
        self._prompt_path = prompt_path
        self._offers: asyncio.Queue[Offer] = asyncio.Queue()
        self._offer: Offer | None = None

    def __repr__(self) -> str:
        return f"<HeldCall {self.call} from node {self.node}: {self._offer or 'no offer'}>"

    def offer(self, offer: Offer) -> None:
        """Dial these endpoints as soon as the call is free for it."""
        self._offers.put_nowait(offer)

    def withdraw(self, leg: LegId) -> None:
        """Do not dial a leg that has not been dialled yet."""
        for offer in (self._offer, *list(self._offers._queue)):  # type: ignore[attr-defined]
            if offer and offer.leg == leg:
                offer.withdrawn = True

    async def arrive(self, flow: Flow) -> None:
        """Take a new caller through the flow and hold them until an agent has talked to them."""
        self._say(facts.CallArrived, contact=self.contact, number=self.number, did=self.did, at=self.arrived)
        for step in flow:
            match step:
                case Say(prompt):
                    await self._play(prompt)
                case Notice(prompt):
                    self.noticed = await self._play(prompt)
                case Enter(queue):
                    now = self._clock()
                    noticed = ",HOTLINE_NOTICED=1" if self.noticed else ""
                    await self.session.exec("MSet", f"__HOTLINE_QUEUED={queue}@{now.timestamp():.6f}{noticed}")
                    await self._hold(queue, now)

    async def come_back(self, queue: QueueId) -> None:
        """Hold a caller who was with the fallback queue, at the place they had."""
        name, _, since = self.queued.rpartition("@")
        known = name and name != FALLBACK_QUEUE
        await self._hold(QueueId(name) if known else queue, instant(since) or self._clock())

    async def _hold(self, queue: QueueId, since: datetime) -> None:
        await self.session.exec("StartMusicOnHold")
        self._say(facts.CallQueued, queue=queue, noticed=self.noticed, number=self.number, did=self.did, at=since)
        while True:
            self._offer = await self._next_offer()
            if await self._dial(self._offer):
                return  # DIALSTATUS=ANSWER tells the dialplan that this call is served
            self._offer = None
            await self.session.exec("StartMusicOnHold")

    async def _next_offer(self) -> Offer:
        """Wait, music playing, for an offer. Raises AgiHangup when the citizen or the channel leaves."""
        waiting = asyncio.ensure_future(self._offers.get())
        leaving = asyncio.ensure_future(self.session.wait_hangup())
        try:
            await asyncio.wait((waiting, leaving), return_when=asyncio.FIRST_COMPLETED)
            if leaving.done():
                raise AgiHangup("the caller left while held")
            return waiting.result()
        finally:
            waiting.cancel()
            leaving.cancel()

    async def _dial(self, offer: Offer) -> bool:
        """Ring an agent; tell whether they talked."""
        await self.session.set_variable("__HOTLINE_LEG", offer.leg)
        if offer.withdrawn:
            self._say(facts.DialReturned, leg=offer.leg, status="WITHDRAWN")
            return False
        phones = "&".join(f"PJSIP/{endpoint}" for endpoint in offer.endpoints)
        # `g`: without it the agent's BYE gives -1 though the citizen is alive. No `F`, no `t` (CALL-CONTROL).
        result = await self.session.exec("Dial", phones, str(max(1, round(offer.ring_s))), "g", timeout=None)
        if result.result == "-1" or self.session.hung_up:
            raise AgiHangup("the caller left while an agent was dialled")
        status = await self.session.get_variable("DIALSTATUS") or ""
        self._say(facts.DialReturned, leg=offer.leg, status=status)
        return status == "ANSWER"

    async def _play(self, prompt: str) -> bool:
        """Play a prompt; a missing one never breaks a call. Tells whether it was heard."""
        result = await self.session.stream_file(self._prompt_path(prompt))
        if result.result == "-1" and not self.session.hung_up:
            log.warning("a prompt could not be played", prompt=prompt, contact=self.contact)
        return result.result != "-1"

    def _say(self, kind: type[Fact], *, at: datetime | None = None, **fields: object) -> None:
        occurred = at or self._clock()
        self._tell(kind(occurred=occurred, node=self.node, call=self.call, **fields))  # type: ignore[call-arg]

    def missing(self) -> None:
        """Report that this session no longer has the call."""
        self._say(facts.CallMissing)


class Script:
    """What the FastAGI server runs for each session; knows who is held, so that offers find them."""

    def __init__(
        self,
        node: NodeId,
        flow_for: Callable[[str], Flow],
        tell: Callable[[Fact], None],
        clock: Clock,
        prompt_path: Callable[[str], str] = lambda name: name,
    ) -> None:
        self.node = node
        self.held: dict[CallId, HeldCall] = {}
        self._flow_for = flow_for
        self._tell = tell
        self._clock = clock
        self._prompt_path = prompt_path

    def __repr__(self) -> str:
        return f"<Script on {self.node}: {len(self.held)} held>"

    async def __call__(self, session: AgiSession) -> None:
        """Run one session to its end."""
        script = session.environment.get("agi_network_script", "")
        call = HeldCall(session, self.node, self._tell, self._clock, self._prompt_path)
        flow = self._flow_for(call.did)
        if script == "transfer" or not call.call:
            return  # the dialplan rings the number that was asked for
        self.held[call.call] = call
        try:
            if script == "back":
                await call.come_back(next(step.queue for step in flow if isinstance(step, Enter)))
            else:
                await call.arrive(flow)
        except AgiHangup:
            call.missing()
        except AgiError as error:
            log.warning("a session broke; the dialplan goes on", contact=call.contact, error=str(error))
            call.missing()
        finally:
            if self.held.get(call.call) is call:
                del self.held[call.call]


def instant(text: str) -> datetime | None:
    """Return the instant of `seconds.µs` since 1970 UTC, None if that is not what the text is."""
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _number(callerid: str) -> str:
    """Return the caller's number as the trunk gave it; Asterisk writes `unknown` where there is none."""
    return "" if callerid == "unknown" else callerid[:64]
