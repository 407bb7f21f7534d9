"""The bridge: one Asterisk's AMI and FastAGI, turned into facts for the centre and hands for its commands."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from datetime import datetime

import structlog

from center.pops import PopGate
from center.ports import Clock
from imports.backfill import Since
from ivr.steps import Flow
from messages import facts
from messages.facts import Fact
from messages.ids import NodeId, Phone
from telephony.agi.orders import LetGo
from telephony.agi.script import Script
from telephony.agi.server import AgiServer
from telephony.ami.errors import AmiError, AmiRefused
from telephony.ami.link import AmiLink
from telephony.asterisk.render import CHANNEL_VARIABLES
from telephony.asterisk.settings import AsteriskSettings
from telephony.channels import Channels
from telephony.hands import Hands
from telephony.phones import Phones
from telephony.recorder import FileRecorder
from telephony.switchboard import Switchboard

log = structlog.get_logger()

LET_GO_S = 2.0
"""How long callers wait for a centre that is behind before they go on to the fallback queue."""


class Bridge:
    """`async with` it: listens for FastAGI, keeps the AMI link, and tells the centre what it sees."""

    def __init__(
        self,
        settings: AsteriskSettings,
        flow_for: Callable[[str], Flow],
        tell: Callable[[Fact], None],
        pops: PopGate,
        clock: Clock,
        is_open: Callable[[str], bool] = lambda calendar: True,
        since: Callable[[datetime], Awaitable[Mapping[str, Since]]] | None = None,
    ) -> None:
        """`since`: asks Asterisk's log since when the channels are where they were at an instant."""
        self.settings = settings
        self.node = NodeId(settings.systemname)
        self.channels = Channels(self.node)
        self.script = Script(self.node, flow_for, tell, clock, settings.prompt, is_open, recordings=settings.recordings)
        self.agi = AgiServer(self.script, settings.agi_host, settings.agi)
        self.link = AmiLink(
            settings.control_host,
            settings.ami,
            settings.ami_username,
            settings.ami_secret,
            on_event=self._seen,
            on_up=self._up,
            on_down=self._down,
        )
        endpoints = {Phone(phone.number): phone.endpoints for phone in settings.phones}
        self.phones = Phones(endpoints)
        hands = Hands(
            self.channels,
            self.link,
            tell,
            clock,
            lambda phone: endpoints.get(phone, (phone,)),
            settings.trunks[0].name if settings.trunks else "",
        )
        self.switchboard = Switchboard(hands, self.script, FileRecorder(settings.recordings), pops)
        self._tell = tell
        self._clock = clock
        self._since = since
        self._stack = AsyncExitStack()
        self._started = ""
        self._lost_at: datetime | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._gone: LetGo | None = None
        self._asking: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<Bridge {self.node}: {self.link!r}, {self.script!r}>"

    async def __aenter__(self) -> Bridge:
        await self._stack.enter_async_context(self.agi)
        self._stack.push_async_callback(self.switchboard.close)
        await self._stack.enter_async_context(self.link)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    def hold_back(self, on: bool) -> None:
        """Take no new calls, let those who wait go, and read no more events while the centre is behind; or end that."""
        self.agi.accepting = not on
        if on:
            self.link.pause_reading()
            self._patience = asyncio.get_running_loop().call_later(LET_GO_S, self._let_go)
            return
        self.link.resume_reading()
        if self._patience:
            self._patience.cancel()
        if self._gone:
            self._gone.over = True

    def _let_go(self) -> None:
        self._gone = self.script.let_go()
        log.warning("callers who wait go to the fallback queue", held=len(self.script.held))

    def _seen(self, message: Mapping[str, str | list[str]]) -> None:
        if message.get("Event") == "ContactStatus":
            self._tell_phones(self.phones.see(message))
            return
        if message.get("Event") == "FullyBooted":  # it tells an up-time, heard late; `_up` asks when Asterisk started
            return
        for fact in self.channels.see(message, self._clock()):
            self._tell(fact)
            self.script.seen(fact)

    async def _up(self, link: AmiLink) -> datetime:
        """Resync: was Asterisk restarted, and what channels are there now? Returns the instant it surely speaks of."""
        core = await link.action("CoreStatus")
        started = f"{core.get('CoreStartupDate')} {core.get('CoreStartupTime')}"
        if self._started not in ("", started):
            self._tell(facts.CallsLost(occurred=self._lost_at or self._clock(), node=self.node))
        self._started, at = started, self._clock()
        status = await link.action("Status", {"Variables": ",".join(CHANNEL_VARIABLES)}, timeout=30.0)
        repairs = self.channels.resync(status.events, at, await self._since(at) if self._since else None)
        for fact in repairs:
            self._tell(fact)
        self.switchboard.forget_mirror()
        self._tell(self._up_fact(at, len(repairs)))
        await self._look_at_phones(link)
        return at

    async def _look_at_phones(self, link: AmiLink) -> None:
        try:
            listed = (await link.action("PJSIPShowEndpoints", timeout=30.0)).events
        except AmiRefused:  # there is none
            listed = []
        self._tell_phones(self.phones.take_over(listed))
        self._asking = asyncio.create_task(self._ask_phones(link, self.phones.unheard), name="ask phones")

    async def _ask_phones(self, link: AmiLink, endpoints: Iterable[str]) -> None:
        """Have Asterisk ask them now: after its start it does so one by one, over its whole interval."""
        with contextlib.suppress(AmiError):  # the link is away: the next resync asks
            for endpoint in endpoints:
                await link.action("PJSIPQualify", {"Endpoint": endpoint})

    def _tell_phones(self, changes: list[tuple[Phone, bool]]) -> None:
        for phone, reachable in changes:
            self._tell(facts.PhoneSeen(occurred=self._clock(), node=self.node, phone=phone, reachable=reachable))

    def _up_fact(self, at: datetime, repairs: int) -> facts.NodeUp:
        return facts.NodeUp(
            occurred=at,
            node=self.node,
            calls=tuple(self.channels.calls()),
            legs=tuple(self.channels.legs()),
            spies=tuple(self.channels.spies()),
            listeners=tuple(self.channels.listeners()),
            repairs=repairs,
        )

    def _down(self, reason: str) -> None:
        self._lost_at = self._clock()
        self._tell(facts.NodeDown(occurred=self._clock(), node=self.node, reason=reason))
