"""What the centre has done with talking legs: the verbs, parties called in, calls dialled out (CALL-CONTROL).

What succeeds is told by AMI's events, as facts about legs; only where none will come is success reported from here.
A failure always is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from weakref import WeakValueDictionary

from messages import commands
from messages.commands import ActOnLeg, Command
from messages.ids import CallId, LegId
from messages.values import Verb
from telephony import ASIDE, CONSULT, HOLD, SWAP
from telephony.hands import Hands, channel_id

WITHIN_S = 2.0
"""Seconds within which an agent is where they were sent: away from the citizen, or back."""
ANSWERED_S = 0.5
"""Seconds after which an answer is known in all of Asterisk."""
OUTSIDE_RING_S = 45
"""Seconds that a citizen whom an agent dials may take to answer."""
# BridgeAdd gives a channel no features, so Atxfer's key would reach the citizen (tried, BRIDGE_FEATURES too).
_NOT_ASIDE = "somebody called in can hold and consult by their own phone only"
DIGITS = "0123456789*#ABCD"


class Control:
    """Carries out ActOnLeg, CallParty, DropLeg, DialOut, CallCitizen and CancelDialOut."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._channels = hands.channels
        self._turns: WeakValueDictionary[CallId, asyncio.Lock] = WeakValueDictionary()
        """One act on a call after the other: while an agent is on the way aside, the next key would be lost."""

    def __repr__(self) -> str:
        return f"<Control on {self._channels.node}>"

    async def act(self, command: ActOnLeg) -> None:
        """Do what the verb says with a talking leg."""
        async with self._turns.setdefault(command.call, asyncio.Lock()):
            failed = await self._act(command)
        if failed or command.verb in _UNTOLD:
            self._hands.report(command.operation, failed)

    async def _act(self, command: ActOnLeg) -> str:
        agent = self._channels.talking(command.leg)
        verb = _VERBS.get(command.verb)
        if late := self._late(command):
            return late
        if agent is None or verb is None:
            return "the leg does not talk" if verb else f"{command.verb} is no act on a leg"
        return await verb(self, command, agent)

    def _late(self, command: Command) -> str:
        return "too late" if command.deadline < self._hands.clock() else ""

    async def _hold(self, command: ActOnLeg, agent: str) -> str:
        if self._channels.aside(command.leg) or self._channels.called_in(command.leg):
            return _NOT_ASIDE if self._channels.called_in(command.leg) else "the agent is not with the citizen"
        if failed := await self._set(agent, __HOTLINE_AGENT=agent):
            return failed
        return await self._aside(command.leg, agent, HOLD)

    async def _resume(self, command: ActOnLeg, agent: str) -> str:
        if self._channels.aside(command.leg) != "hold":
            return "the citizen is not held by us"
        return await self._back(command.leg, agent)

    async def _back(self, leg: LegId, agent: str) -> str:
        """Bring an agent back to the citizen."""
        failed = await self._hands.act("CancelAtxfer", Channel=agent)
        return failed or await self._within(lambda: not self._channels.aside(leg))

    async def _mute(self, command: ActOnLeg, agent: str) -> str:
        state = "on" if command.verb is Verb.MUTE else "off"
        return await self._hands.act("MuteAudio", Channel=agent, Direction="in", State=state)

    async def _dtmf(self, command: ActOnLeg, agent: str) -> str:
        citizen = self._channels.citizen_of(command.call)
        if citizen is None or not command.digits or set(command.digits) - set(DIGITS):
            return "no such keys" if citizen else "the call is gone"
        return await self._press(citizen, command.digits)

    async def _press(self, channel: str, digits: str, **more: str) -> str:
        """Play keys to a channel; with Receive=true as if it had pressed them."""
        for digit in digits:
            if failed := await self._hands.act("PlayDTMF", Channel=channel, Digit=digit, **more):
                return failed
        return ""

    async def _transfer(self, command: ActOnLeg, agent: str) -> str:
        if len(self._channels.talkers(command.call)) > 1:
            return "more than two talk: leave instead"
        if failed := await self._together(command.leg, agent):
            return failed
        return await self._hands.act("BlindTransfer", Channel=agent, Context="hotline-transfer", Exten="s")

    async def _consult(self, command: ActOnLeg, agent: str) -> str:
        hands = self._hands
        if self._channels.called_in(command.leg):
            return _NOT_ASIDE
        to, failed = await hands.party(command.phone, command.number)
        if command.phone and to:
            to = "&".join(hands.phones(command.phone))
        shown = hands.shown(command.caller_id)
        failed = failed or await self._together(command.leg, agent)
        failed = failed or await self._set(
            agent,
            __HOTLINE_CONTACT=command.call,  # an agent who dialled the citizen has inherited neither
            __HOTLINE_LEG=command.leg,
            __HOTLINE_CONSULT=command.party,
            __HOTLINE_CONSULT_TO=to,
            __HOTLINE_CONSULT_S=str(max(1, round(command.ring_s))),
            __HOTLINE_CONSULT_AS=f"f({shown})" if shown else "",
        )
        failed = failed or await self._aside(command.leg, agent, CONSULT)
        if failed:
            return failed
        # Where there is nobody to ring, the agent is back at once, and no event tells of a leg.
        known = self._channels.tracked
        failed = await self._within(lambda: command.party in known or not self._channels.aside(command.leg))
        return failed or ("" if command.party in known else f"{to} cannot be reached")

    async def _aside(self, leg: LegId, agent: str, where: str) -> str:
        """Send an agent away from the citizen, who hears music."""
        before = self._channels.times_aside(leg)
        failed = await self._hands.act("Atxfer", Channel=agent, Context=ASIDE, Exten=where)
        failed = failed or await self._within(lambda: self._channels.times_aside(leg) > before)
        # Atxfer leaves its context on the channel, where the phone's own transfers would look for their extension.
        await self._set(agent, TRANSFER_CONTEXT="xfer")
        return failed

    async def _within(self, condition: Callable[[], bool]) -> str:
        """Wait until something is so, a little; return what to say if it does not come."""
        for _ in range(round(WITHIN_S / 0.02)):
            if condition():
                return ""
            await asyncio.sleep(0.02)
        return "Asterisk did not do it in time"

    async def _together(self, leg: LegId, agent: str) -> str:
        """Bring an agent back from the hold room, so that something else may follow."""
        if self._channels.aside(leg) == "consult":
            return "a consultation is under way"
        if not self._channels.aside(leg):
            return ""
        return await self._back(leg, agent)

    async def _complete(self, command: ActOnLeg, agent: str) -> str:
        party = self._channels.consults(command.leg, answered=True)
        if party is None:
            return "nobody who was consulted has answered"
        await self._let_answer(party)
        if not self._channels.consults(command.leg, answered=True):
            return "whom the agent consulted has hung up"
        # Hanging the agent up is what completes it most surely: no key can be lost.
        return await self._hands.hang_up(agent)

    async def _let_answer(self, party: LegId) -> None:
        """Wait until an answer is surely known in all of Asterisk.

        A transferer gone in the milliseconds between the target's answer and its being noticed crashed 22.10.1
        (bridge_basic.c: "Unexpected stimulus 'Transfer Target Answer' … in state 'Blond Non-Final'").
        """
        leg = self._channels.tracked.get(party)
        if leg is not None and leg.picked_up_at is not None:
            since = (self._hands.clock() - leg.picked_up_at).total_seconds()
            await asyncio.sleep(min(max(0.0, ANSWERED_S - since), ANSWERED_S))

    async def _cancel(self, command: ActOnLeg, agent: str) -> str:
        if not self._channels.aside(command.leg):
            return "nobody is consulted"
        return await self._back(command.leg, agent)

    async def _swap(self, command: ActOnLeg, agent: str) -> str:
        if not self._channels.consults(command.leg, answered=True):
            return "nobody who was consulted has answered"
        return await self._press(agent, SWAP, Receive="true")

    async def _leave(self, command: ActOnLeg, agent: str) -> str:
        if len(self._channels.talkers(command.call)) < 2:
            return "nobody would stay with the citizen"
        return await self._hands.hang_up(agent)

    async def _set(self, channel: str, **variables: str) -> str:
        """Set variables on a channel."""
        for name, value in variables.items():
            if failed := await self._hands.act("Setvar", Channel=channel, Variable=name, Value=value):
                return failed
        return ""

    async def call_party(self, command: commands.CallParty) -> None:
        """Ring somebody into a citizen's talk."""
        citizen = self._channels.citizen_of(command.call)
        if citizen is None or not self._channels.talkers(command.call):
            self._hands.report(command.operation, "nobody talks with the citizen")
            return
        to, failed = await self._hands.party(command.phone, command.number)
        failed = failed or self._late(command)
        if not failed:
            self._channels.expect(command.leg, command.operation)
            failed = await self._originate(
                command,
                to,
                {"Application": "BridgeAdd", "Data": citizen},
                [f"__HOTLINE_CONTACT={command.call}", f"__HOTLINE_LEG={command.leg}", "__TRANSFER_CONTEXT=xfer"],
            )
        if failed:
            self._channels.expect_no_more(command.leg)
            self._hands.report(command.operation, failed)

    async def dial_out(self, command: commands.DialOut) -> None:
        """Ring an agent's phone, and from there the number."""
        to, failed = await self._hands.party(command.phone, "")
        number, shown = self._hands.outside(command.number), self._hands.shown(command.caller_id)
        failed = failed or ("" if number else f"{command.number!r} cannot be dialled") or self._late(command)
        if not failed:
            self._channels.expect(command.leg, command.operation)
            failed = await self._originate(
                command,
                to,
                {"Context": "outbound", "Exten": "s", "Priority": "1"},
                [
                    f"HOTLINE_LEG={command.leg}",
                    f"HOTLINE_TO={number}",
                    f"HOTLINE_TO_S={OUTSIDE_RING_S}",
                    f"HOTLINE_NUMBER={command.number}",
                    f"HOTLINE_SHOWN={shown}",
                    f"HOTLINE_TO_AS={f'f({shown})' if shown else ''}",
                    f"HOTLINE_NOTICE={int(command.notice)}",
                ],
            )
        if failed:
            self._channels.expect_no_more(command.leg)
            self._hands.report(command.operation, failed)

    async def call_citizen(self, command: commands.CallCitizen) -> None:
        """Ring a citizen, whose channel carries its own contact from the first on."""
        number, shown = self._hands.outside(command.number), self._hands.shown(command.caller_id)
        failed = ("" if number else f"{command.number!r} cannot be dialled") or self._late(command)
        if not failed:
            self._channels.expect(command.leg, command.operation)
            failed = await self._originate(
                command,
                number,
                {"Context": "hotline-reached", "Exten": "s", "Priority": "1"},
                [
                    f"__HOTLINE_CONTACT={channel_id(command.leg)}",
                    f"__HOTLINE_ARRIVED={self._hands.clock().timestamp():.6f}",
                    f"__HOTLINE_DID={shown}",
                    f"HOTLINE_OUTBOUND={command.leg}",
                    f"HOTLINE_NUMBER={command.number}",
                    f"HOTLINE_QUEUE={command.queue}",
                ],
            )
        if failed:
            self._channels.expect_no_more(command.leg)
            self._hands.report(command.operation, failed)

    async def _originate(
        self,
        command: commands.CallParty | commands.DialOut | commands.CallCitizen,
        to: str,
        then: dict[str, str],
        variables: list[str],
    ) -> str:
        shown = self._hands.shown(command.number if isinstance(command, commands.DialOut) else command.caller_id)
        headers: dict[str, str | list[str]] = {
            "Channel": to,
            "ChannelId": channel_id(command.leg),
            "Timeout": str(round(command.ring_s * 1000)),
            "Async": "true",
            "Variable": variables,
            **then,
        }
        if shown:
            headers["CallerID"] = shown
        return await self._hands.act("Originate", headers)

    async def drop(self, command: commands.DropLeg) -> None:
        """Hang a leg's channels up, those too that are left of a call that has ended."""
        left = self._channels.call_off(command.leg) or self._channels.carrying(command.leg)
        await self._hands.hang_up(*left)

    async def cancel_dial_out(self, command: commands.CancelDialOut) -> None:
        """Hang up the agent's phone, which is rung for a call that dials out."""
        await self._hands.hang_up(*self._channels.carrying(command.leg))


_VERBS: dict[Verb, Callable[[Control, ActOnLeg, str], Awaitable[str]]] = {
    Verb.HOLD: Control._hold,
    Verb.RESUME: Control._resume,
    Verb.MUTE: Control._mute,
    Verb.UNMUTE: Control._mute,
    Verb.DTMF: Control._dtmf,
    Verb.TRANSFER: Control._transfer,
    Verb.PARK: Control._transfer,
    Verb.CONSULT: Control._consult,
    Verb.COMPLETE: Control._complete,
    Verb.CANCEL: Control._cancel,
    Verb.SWAP: Control._swap,
    Verb.LEAVE: Control._leave,
}

_UNTOLD = frozenset({Verb.MUTE, Verb.UNMUTE, Verb.DTMF, Verb.SWAP})
"""Verbs whose success no fact tells of."""
