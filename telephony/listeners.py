"""Listeners' phones: rung, connected to the next call, switched to another mode, hung up. ChanSpyStart and ChanSpyStop
tell what became of it; only what will not come to that is told from here."""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary

from messages import commands, facts
from messages.ids import SessionId
from telephony import LISTEN
from telephony.hands import Hands

APPEARS_S, LOOK_S = 1.5, 0.05
"""Seconds within which the channel of a phone that is to ring is there, and between two looks for it."""


class Listeners:
    """Carries out StartSpy, SwitchSpy and StopSpy; `answer_s`: seconds that a listener's phone is rung."""

    def __init__(self, hands: Hands, answer_s: float) -> None:
        self._hands = hands
        self._channels = hands.channels
        self._answer_s = answer_s
        self._turns: WeakValueDictionary[SessionId, asyncio.Lock] = WeakValueDictionary()
        """One act on a listener after the other: who is being rung can be hung up, or told of another call."""

    def __repr__(self) -> str:
        return f"<Listeners on {self._channels.node}>"

    async def start(self, command: commands.StartSpy) -> None:
        """Ring a listener's phone to hear a leg, or connect the listener who waits."""
        async with self._turns.setdefault(command.session, asyncio.Lock()):
            why = await (self._ring(command) if command.rings else self._connect(command))
        if why:
            self._hands.say(facts.SpyStopped, session=command.session, failed=why, gone=True)

    async def _ring(self, command: commands.StartSpy) -> str:
        channel = self._channels.channel_of_leg(command.leg)
        endpoint = await self._hands.reachable(command.phone)
        if channel is None or endpoint is None:
            return "the call is gone" if channel is None else f"phone {command.phone} is not registered"
        originate: dict[str, str | list[str]] = {
            "Channel": f"PJSIP/{endpoint}",
            "ChannelId": command.session,
            "Context": LISTEN,
            "Exten": command.mode,
            "Priority": "1",
            "CallerID": '"Listening" <listen>',
            "Variable": [
                f"HOTLINE_LISTENING={command.session}",
                f"HOTLINE_SPIED={channel}",
                f"HOTLINE_FOLLOWS={int(command.follows)}",
            ],
            "Timeout": str(int(self._answer_s * 1000)),
            "Async": "true",
        }
        return await self._hands.act("Originate", originate)

    async def _connect(self, command: commands.StartSpy) -> str:
        """Let a listener who waits hear the next call; one whose phone still rings will, when it is answered."""
        channel, listener = self._channels.channel_of_leg(command.leg), await self._there(command.session)
        if channel is None:
            return ""  # over again: the leg's end has the listener wait on
        if not listener:
            return "the listener is gone"
        why = await self._hands.act("Setvar", Channel=listener, Variable="HOTLINE_SPIED", Value=channel)
        if not why and await self._hands.state(listener) == "Up":
            why = await self._hands.act("Redirect", Channel=listener, Context=LISTEN, Exten=command.mode, Priority="1")
        return why

    async def switch(self, command: commands.SwitchSpy) -> None:
        """Let a listener's channel begin anew in another mode; Asterisk's next ChanSpyStart tells that it has."""
        channel = self._channels.spyer_of(command.session)
        if channel is None:
            self._hands.report(command.operation, "the listener is gone")
            return
        self._channels.expect_switch(command.session, command.mode)
        if why := await self._hands.act("Redirect", Channel=channel, Context=LISTEN, Exten=command.mode, Priority="1"):
            self._channels.expect_no_switch(command.session)
            self._hands.report(command.operation, why)

    async def stop(self, command: commands.StopSpy) -> None:
        """Hang a listener up."""
        async with self._turns.setdefault(command.session, asyncio.Lock()):
            listener = await self._there(command.session)
            gone = not listener or await self._hands.hang_up(listener)
        if gone:
            self._hands.say(facts.SpyStopped, session=command.session, gone=True)

    async def _there(self, session: SessionId) -> str:
        """Return what Asterisk knows a listener's channel by, the name or the id we gave it; empty where there is none.

        An Originate is answered before its channel is made: wait for it a little.
        """
        for _ in range(round(APPEARS_S / LOOK_S)):
            listener = self._channels.spyer_of(session) or session
            if await self._hands.state(listener):
                return listener
            await asyncio.sleep(LOOK_S)
        return ""
