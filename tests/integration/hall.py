"""A hall for tests: a real Asterisk, our bridge and centre in this process, SIPp citizens and phones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from agents.agent import AgentSettings
from center.apply import Center
from center.loop import CenterLoop
from center.memory_log import MemoryLog
from center.pops import PopGate
from center.ports import follow
from center.settings import CenterSettings
from imports.backfill import Since
from ivr.flow import FlowSettings, flow_for
from messages import events, requests
from messages.commands import Command
from messages.events import Entry, Position
from messages.facts import Fact
from messages.ids import AgentId, Phone, QueueId, UserId
from messages.values import AgentState
from queueing.settings import QueueSettings
from simulation.ports import free_port
from simulation.world import write_prompts
from telephony.asterisk.child import AsteriskChild
from telephony.asterisk.settings import AsteriskSettings
from telephony.asterisk.settings import Phone as PhoneSettings
from telephony.bridge import Bridge
from tests.asterisk_fixture import settings_on_free_ports
from tests.sip_fixture import REPLY, SDP, Sipp, _receive, _scenario, _send, caller_scenario

BY = UserId("tester")
QUEUE = QueueId("12345")
EventT = TypeVar("EventT", bound=events.Event)


def now() -> datetime:
    """Return the present instant."""
    return datetime.now(UTC)


def phone_scenario(media: int, *, rings_ms: int = 100, talk_ms: int | None = None) -> str:
    """Return a phone that answers after `rings_ms` and hangs up after `talk_ms`, or waits to be hung up."""
    sdp = SDP.format(media=media)
    ending = (
        _receive("request", "BYE") + _send("SIP/2.0 200 OK\n" + REPLY.replace(";tag=[call_number]p", ""))
        if talk_ms is None
        else f'<pause milliseconds="{talk_ms}"/>'
        + _send(
            "BYE [next_url] SIP/2.0\nVia: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n"
            "From: [$to];tag=[call_number]p\nTo: [$from]\nCall-ID: [call_id]\nCSeq: 2 BYE\nMax-Forwards: 70\n"
            "Content-Length: 0"
        )
        + _receive("response", "200")
    )
    return _scenario(
        _receive("request", "INVITE", 'rrs="true"').replace("/>", ">")
        + '<action><ereg regexp=".*" search_in="hdr" header="From:" assign_to="from"/>'
        '<ereg regexp=".*" search_in="hdr" header="To:" assign_to="to"/></action></recv>',
        _send("SIP/2.0 180 Ringing\n" + REPLY),
        f'<pause milliseconds="{rings_ms}"/>',
        _send(f"SIP/2.0 200 OK\n{REPLY}\nContent-Type: application/sdp\n\n{sdp}"),
        _receive("request", "ACK"),
        ending,
        '<Reference variables="from,to"/>',
    )


def deaf_phone_scenario() -> str:
    """Return a phone that rings for ever and accepts being cancelled."""
    return _scenario(
        _receive("request", "INVITE"),
        _send("SIP/2.0 180 Ringing\n" + REPLY),
        _receive("request", "CANCEL"),
        _send("SIP/2.0 200 OK\n" + REPLY.replace(";tag=[call_number]p", "")),
    )


class Hall:
    """Two or more seats at phones 1001…, and a supervisor's phone 9001."""

    def __init__(
        self, settings: AsteriskSettings, center: CenterSettings, sipp: Sipp | None, ports: dict[str, int]
    ) -> None:
        self.settings = settings
        self.sipp = sipp
        self.ports = ports
        self.log = MemoryLog()
        self.center = Center(center)
        self.pops = PopGate(patience_s=0.0)
        self.loop = CenterLoop(self.center, self.log, self, now)
        self.watch: Callable[[Fact], None] = lambda fact: None
        """Sees each fact after the centre."""
        self.since: Callable[[datetime], Awaitable[Mapping[str, Since]]] | None = None
        self.bridge = self._bridge()
        self.entries: list[Entry] = []
        self.marked = 0
        """How many entries the test does not look at any more."""
        self.commands: list[Command] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._new = asyncio.Event()

    def _bridge(self) -> Bridge:
        flow = FlowSettings()
        return Bridge(self.settings, lambda did: flow_for(did, flow), self._tell, self.pops, now, since=self.since)

    def _tell(self, fact: Fact) -> None:
        self.loop.tell(fact)
        self.watch(fact)

    def execute(self, command: Command) -> None:
        """Carry a command out; the loop's port."""
        self.commands.append(command)
        self.bridge.switchboard.execute(command)

    async def start(self) -> None:
        """Start the centre and the bridge; return once the link is up."""
        self._tasks = [asyncio.create_task(self.loop.run()), asyncio.create_task(self._follow())]
        await self.bridge.__aenter__()
        async with asyncio.timeout(20):
            await self.bridge.link.wait_up()

    async def die(self) -> None:
        """Be gone as if killed: the sockets close, nothing is said."""
        await self.bridge.__aexit__(None, None, None)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def come_back(self) -> None:
        """Start again with what the journal holds."""
        settings = self.center.state.settings
        self.center = Center(settings)
        after = Position()
        while entries := await self.log.read(after):
            self.center.restore(entries)
            after = entries[-1].position
        self.loop = CenterLoop(self.center, self.log, self, now)
        self.bridge = self._bridge()
        await self.start()

    async def _follow(self) -> None:
        after = self.entries[-1].position if self.entries else Position()
        async for entries in follow(self.log, after):
            self.entries += entries
            self._new.set()
            self._new = asyncio.Event()

    async def until(self, kind: type[EventT], seconds: float = 20.0, /, **having: Any) -> EventT:
        """Return the first event of a kind with these fields. Raises TimeoutError."""
        try:
            async with asyncio.timeout(seconds):
                return await self._until(kind, having)
        except TimeoutError:
            came = "\n".join(repr(entry.event) for entry in self.entries[self.marked :])
            raise TimeoutError(f"no {kind} {having} in {seconds} s; what came:\n{came}") from None

    async def _until(self, kind: type[EventT], having: dict[str, Any]) -> EventT:
        seen = self.marked
        while True:
            new = self._new
            for entry in self.entries[seen:]:
                event = entry.event
                if isinstance(event, kind) and all(getattr(event, k) == v for k, v in having.items()):
                    return event
            seen = len(self.entries)
            await new.wait()

    def of(self, kind: type[EventT]) -> list[EventT]:
        """Return the events of a kind so far."""
        return [entry.event for entry in self.entries[self.marked :] if isinstance(entry.event, kind)]

    def mark(self) -> None:
        """Look from here on only at what is still to come."""
        self.marked = len(self.entries)

    async def ready(self, *agents: str) -> None:
        """Seat agents and make them ready."""
        for agent in agents:
            await self.loop.ask(requests.LogIn(by=BY, agent=AgentId(agent)))
            await self.loop.ask(requests.GoReady(by=BY, agent=AgentId(agent)))

    def state(self, agent: str) -> AgentState:
        """Return an agent's state."""
        return self.center.state.roster.by_id[AgentId(agent)].state

    async def phone(self, number: str, scenario: str) -> asyncio.subprocess.Process:
        """Let a phone take its next call as a scenario says."""
        assert self.sipp is not None
        return await self.sipp.start(scenario, self.ports[number])

    async def citizen(
        self, media: int, talk_ms: int | None = None, number: str = "13800001234"
    ) -> asyncio.subprocess.Process:
        """Let a citizen dial 12345."""
        assert self.sipp is not None
        target = f"{self.settings.host}:{self.settings.sip_udp}"
        return await self.sipp.start(caller_scenario("12345", number, media, talk_ms), free_port(), target)


@asynccontextmanager
async def open_hall(
    directory: Path,
    root: Path,
    sipp: Sipp,
    *,
    agents: int = 2,
    ring_s: float = 15,
    wrap_up_s: float = 1,
    logs_s: float = 0,
) -> AsyncIterator[tuple[Hall, AsteriskChild]]:
    """Open a hall on a rendered Asterisk of its own."""
    numbers = [*(str(1000 + n) for n in range(1, agents + 1)), "9001"]
    ports = {number: free_port() for number in numbers}
    write_prompts(directory / "prompts")
    settings = settings_on_free_ports(
        directory / "asterisk",
        root,
        phones=tuple(
            PhoneSettings(number=n, secret="a-test-secret", contact=f"sip:{n}@127.0.0.1:{ports[n]}") for n in numbers
        ),
        qualify_seconds=0,
        prompts_dir=str(directory / "prompts"),
    )
    center = CenterSettings(
        queues=(QueueSettings(id=QUEUE, ring_s=ring_s, wrap_up_s=wrap_up_s),),
        agents=tuple(AgentSettings(id=AgentId(f"a{n}"), phone=Phone(str(1000 + n))) for n in range(1, agents + 1)),
        logs_s=logs_s,
    )
    async with AsyncExitStack() as stack:
        child = await stack.enter_async_context(AsteriskChild(settings))
        hall = Hall(settings, center, sipp, ports)
        await hall.start()
        try:
            yield hall, child
        finally:
            with suppress(Exception):
                await hall.die()


Opener = Callable[..., Any]
