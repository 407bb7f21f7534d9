"""A citizen's call in our hands: greeting, notice, music, then the phone of whoever the centre chose.

AGI reports the results of its own steps; where a channel is, AMI says. Whatever goes wrong here, closing the session
makes the dialplan go on to its safety net.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from center.ports import Clock
from ivr import actions as do
from ivr.flow import after_talk
from ivr.run import Context, Run
from ivr.steps import Flow
from messages import facts
from messages.facts import Fact
from messages.ids import CallId, ContactId, LegId, NodeId, QueueId
from messages.values import LegEnd, Then
from telephony import FALLBACK_QUEUE
from telephony.agi.errors import AgiError, AgiHangup
from telephony.agi.message import Message
from telephony.agi.orders import LetGo, Offer, Parting, Telling, dial_options
from telephony.agi.performing import Performer
from telephony.agi.session import AgiSession
from telephony.agi.waiting import CUT, Orders

STEP_S, STEPPING_S = 90, 15.0
"""How long a step of a flow may take before the call goes to the safety net, and how often that is put off."""
CALLBACK_KEY = "1"
CALLBACK_KEY_S = 5.0
MOVED_S = 0.3
"""Seconds in which Asterisk says that a citizen was passed on, and not left behind by the agent (CALL-CONTROL.md)."""
URGENT_OFFER = "urgent-key"
"""The prompt that offers a labelled caller the key for emergencies."""
URGENT_KEY_S = 4.0
AGENT_LOST = "agent-lost"
"""The prompt that tells a citizen whose agent's phone died that somebody else will go on."""


class HeldCall:
    """One citizen's call in our hands."""

    def __init__(
        self,
        session: AgiSession,
        node: NodeId,
        tell: Callable[[Fact], None],
        clock: Clock,
        prompt_path: Callable[[str], str],
        flow: Flow,
        recordings: Path | None = None,
        outbound: LegId = LegId(""),  # noqa: B008
    ) -> None:
        """`outbound`: the leg for which we rang them without an agent."""
        environment = session.environment
        self.session = session
        self.node = node
        self.channel = environment.get("agi_channel", "")
        self.call = CallId(environment.get("agi_uniqueid", ""))
        self.contact = ContactId(environment.get("agi_arg_1", "") or self.call)
        self.number = _number(environment.get("agi_callerid", ""))
        self.did = dialled(environment)
        self.arrived = instant(environment.get("agi_arg_3", "")) or clock()
        self.queued = environment.get("agi_arg_4", "")
        self.noticed = environment.get("agi_arg_5", "") == "1"
        self.asked = "" if outbound else environment.get("agi_arg_6", "")
        self.outbound = outbound
        self._flow = flow
        self._tell = tell
        self._clock = clock
        self._prompt_path = prompt_path
        self._performer = Performer(session, prompt_path, Message(self, recordings, self._say))
        self._chosen = do.Chosen()
        self._keyed = ""
        self.orders = Orders(session)
        self._offer: Offer | None = None

    def __repr__(self) -> str:
        return f"<HeldCall {self.call} from node {self.node}: {self._offer or 'no offer'}>"

    def withdraw(self, leg: LegId) -> None:
        """Do not dial a leg that has not been dialled yet."""
        for order in (self._offer, *self.orders.waiting()):
            if isinstance(order, Offer) and leg in order.phones:
                order.withdrawn.add(leg)

    def leg_ended(self, leg: LegId, why: LegEnd) -> None:
        """Take note of what AMI says of the end of a leg that we dialled."""
        if self._offer is not None and leg in self._offer.phones:
            self._offer.ended(leg, why)

    async def arrive(self, flow: Flow, is_open: Callable[[str], bool]) -> None:
        """Take a new caller, or whom we rang, through the flow and hold them until an agent has talked to them."""
        self._say(
            facts.CallArrived,
            contact=self.contact,
            number=self.number,
            did=self.did,
            at=self.arrived,
            outbound=self.outbound,
        )
        if self.outbound:
            self._say(facts.CitizenReached)
        run = Run(flow, Context(queue=flow.queue, number=self.number, did=self.did, is_open=is_open))
        try:
            await self._take(run, self._choose)
        except AgiError:
            self._flow_ended()
            raise
        match run.action:
            case do.Queue(queue):
                await self._enter(queue)
            case do.PassOn(to):
                self.asked = to
                await self._enter(QueueId(""))
            case _:
                self._flow_ended()
                await self._done()

    async def _take(self, run: Run, chosen: Callable[[do.Chosen], None] = lambda chosen: None) -> None:
        """Do what a flow says until it has said its last; what was chosen until then is known although they leave."""
        armed = self._clock()
        while not run.over:
            began = self._clock()
            longest = run.action.most_s if isinstance(run.action, do.TakeMessage) else 0
            if longest or (began - armed).total_seconds() > STEPPING_S:
                await self.session.be_missed_after(STEP_S + round(longest))
                armed = began
            match run.action:
                case do.CallBack():
                    self._say(facts.CallbackWanted)
                case do.Surveyed(question, ""):
                    self._say(facts.SurveyAsked, question=question)
                case do.Surveyed(question, key, satisfied):
                    self._say(facts.SurveyAnswered, question=question, key=key, satisfied=satisfied)
            result: do.Result = do.Gone()
            try:
                result = await self._performer.perform(run.action)
            finally:
                run.take(result, (self._clock() - began).total_seconds())
                chosen(run.chosen)

    def _choose(self, chosen: do.Chosen) -> None:
        self._chosen = chosen
        self.noticed = self.noticed or chosen.noticed

    def _flow_ended(self) -> None:
        chosen = self._chosen
        if chosen.path or chosen.menu_s or chosen.confidential:
            self._say(facts.FlowEnded, path=chosen.path, menu_s=chosen.menu_s, confidential=chosen.confidential)

    async def _enter(self, queue: QueueId) -> None:
        now = self._clock()
        noticed = ",HOTLINE_NOTICED=1" if self.noticed else ""
        await self.session.exec("MSet", f"__HOTLINE_QUEUED={queue}@{now.timestamp():.6f}{noticed}")
        await self._hold(queue, now)

    async def _done(self) -> None:
        # The dialplan hangs up: without this its safety net would catch the call.
        await self.session.set_variable("HOTLINE_DONE", "1")

    async def come_back(self, queue: QueueId) -> None:
        """Hold a caller who was with the fallback queue, at the place they had."""
        name, _, since = self.queued.rpartition("@")
        known = name and name != FALLBACK_QUEUE
        await self._hold(QueueId(name) if known else queue, instant(since) or self._clock())

    async def be_passed_on(self) -> None:
        """Hold a caller whom an agent passed on; the centre says to whom."""
        await self._hold(QueueId(""), self._clock())

    async def _hold(self, queue: QueueId, since: datetime) -> None:
        """Carry the centre's orders out, one after the other, until the call is served or let go."""
        await self._wait_in(queue, since)
        while True:
            order = await self.orders.next()
            if isinstance(order, LetGo):
                if not order.over:
                    raise AgiError("nobody can be chosen now")
                continue
            if isinstance(order, Parting):
                if await self._part(order):
                    return
                await self._wait_in(queue, since)
                continue
            if isinstance(order, Telling):
                if await self._tell_waiting(order):
                    return
                continue
            self._offer = order
            if talked := await self._dial(order):
                if not await order.phone_died(talked, MOVED_S):
                    await self._see_off()
                    return  # DIALSTATUS=ANSWER tells the dialplan that this call is served
                await self.session.be_missed_after(0)
                await self._wait_in(QueueId(""), self._clock())
                self.orders.put(Telling((AGENT_LOST,)))
            self._offer = None
            await self.session.exec("StartMusicOnHold")

    async def _wait_in(self, queue: QueueId, since: datetime) -> None:
        await self.session.exec("StartMusicOnHold")
        chosen = self._chosen
        self._say(
            facts.CallQueued,
            at=since,
            queue=queue,
            asked=self.asked,
            noticed=self.noticed,
            number=self.number,
            did=self.did,
            needs=chosen.needs,
            priority=chosen.priority,
            confidential=chosen.confidential,
            path=chosen.path,
            menu_s=chosen.menu_s,
            keyed=self._keyed,
        )
        self._keyed = ""

    async def _tell_waiting(self, telling: Telling) -> bool:
        """Tell a waiting caller something, unless there is an order meanwhile; tell whether they took a call back."""
        await self.session.be_missed_after(STEP_S)
        await self.session.exec("StopMusicOnHold")
        for prompt in telling.prompts:
            await self.orders.unless_ordered(self._performer.stream(prompt, self._chosen.language, CUT))
        wanted = telling.callback and await self._wants_callback()
        if not wanted:
            await self.session.exec("StartMusicOnHold")
            return False
        self._say(facts.CallbackWanted)
        await self._play("callback-taken")
        await self._done()
        return True

    async def _wants_callback(self) -> bool:
        """Offer a call back; an agent who is found meanwhile is the better answer."""
        language = self._chosen.language
        heard = await self.orders.unless_ordered(self._performer.stream("callback-offer", language, CUT + CALLBACK_KEY))
        if heard is None or isinstance(heard, do.Missing):
            return False
        key = heard.keys if isinstance(heard, do.Keys) else ""
        if not key:
            key = await self.orders.unless_ordered(self.session.wait_for_digit(CALLBACK_KEY_S)) or ""
        return key == CALLBACK_KEY and self.orders.empty

    async def _see_off(self) -> None:
        """Ask the citizen whose agent has hung up what the flow says; one who was passed on or has left is gone."""
        after = after_talk(self._flow)
        if after is None:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(MOVED_S):
                await self.session.wait_hangup()
        if self.session.hung_up:
            raise AgiHangup("the caller left, or was passed on")
        await self.session.be_missed_after(STEP_S)
        context = Context(queue=QueueId(""), number=self.number, did=self.did)
        await self._take(Run(after, context, self._chosen.language))

    async def _part(self, parting: Parting) -> bool:
        """Tell the caller something; tell whether that was the end."""
        await self.session.be_missed_after(0)
        await self.session.exec("StopMusicOnHold")
        pressed = await self._announce(parting)
        if pressed or parting.then is Then.WAIT:
            self._keyed = parting.key if pressed else ""
            return False
        if parting.then is Then.CALLBACK:
            await self._offer_callback()
        await self._done()
        return True

    async def _announce(self, parting: Parting) -> bool:
        """Play what is to be said, and offer the key where there is one; tell whether it was pressed."""
        if not parting.key:
            if parting.announce:
                await self._play(parting.announce)
            return False
        for prompt, seconds in ((parting.announce, 0.1), (URGENT_OFFER, URGENT_KEY_S)):
            ask = do.Ask(prompt, self._chosen.language, seconds, parting.key)
            if prompt and await self._performer.perform(ask) == do.Keys(parting.key):
                return True
        return False

    async def _offer_callback(self) -> None:
        key = await self.session.get_data(self._prompt_path("callback-offer"), CALLBACK_KEY_S, 1)
        if key == CALLBACK_KEY:
            self._say(facts.CallbackWanted)
        await self._play("callback-taken" if key == CALLBACK_KEY else "goodbye")

    async def _dial(self, offer: Offer) -> LegId | None:
        """Ring one or several; return the leg that talked."""
        if offer.legs:
            await self.session.exec("MSet", offer.variables)
        for leg in offer.phones.keys() - set(offer.legs):
            self._say(facts.DialReturned, leg=leg, status="WITHDRAWN")
        if not offer.legs:
            return None
        legs, phones = offer.legs, offer.dialled
        result = await self.session.exec("Dial", "&".join(phones), *dial_options(offer), timeout=None)
        if result.result == "-1" or self.session.hung_up:
            raise AgiHangup("the caller left while an agent was dialled")
        status = await self.session.get_variable("DIALSTATUS") or ""
        if status == "ANSWER" and len(legs) > 1:  # the others' legs are AMI's to end: answered elsewhere
            winner = await self.session.get_variable("DIALEDPEERNUMBER")
            legs = [leg for leg in legs if f"PJSIP/{winner}" in offer.phones[leg]]
        for leg in legs:
            self._say(facts.DialReturned, leg=leg, status=status)
        return legs[0] if status == "ANSWER" and legs else None

    async def _play(self, prompt: str) -> None:
        await self._performer.perform(do.Play(prompt, self._chosen.language))

    def _say(self, kind: type[Fact], *, at: datetime | None = None, **fields: object) -> None:
        occurred = at or self._clock()
        self._tell(kind(occurred=occurred, node=self.node, call=self.call, **fields))  # type: ignore[call-arg]

    def missing(self) -> None:
        """Report that this session no longer has the call."""
        self._say(facts.CallMissing)


def dialled(environment: Mapping[str, str]) -> str:
    """Return the number that the citizen dialled."""
    return environment.get("agi_arg_2", "") or environment.get("agi_extension", "")


def instant(text: str) -> datetime | None:
    """Return the instant of `seconds.µs` since 1970 UTC, None if that is not what the text is."""
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _number(callerid: str) -> str:
    """Return the caller's number as the trunk gave it; Asterisk writes `unknown` where there is none."""
    return "" if callerid == "unknown" else callerid[:64]
