"""A hall whose phones are in this process: several queues, tenants and routes, an outside through a trunk."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from agents.agent import AgentSettings
from calls.label import NuisanceSettings
from center.settings import CenterSettings
from messages import events, requests
from messages.ids import AgentId, CallId, LegId, OperationId, Phone, QueueId
from messages.values import AgentState, RecordPolicy, Target, TargetKind, Then, Verb
from queueing.settings import Overflow, Overflows, QueueSettings, Route, Strategy, Tenant
from simulation.world import write_prompts
from telephony.asterisk.child import AsteriskChild
from telephony.asterisk.settings import AsteriskSettings, Trunk
from telephony.asterisk.settings import Phone as PhoneSettings
from tests.asterisk_fixture import settings_on_free_ports
from tests.integration.agreement import Books, Difference, differences
from tests.integration.hall import BY, Hall
from tests.sip_phone import SipPhone, open_phone

PROOF = bool(os.environ.get("HOTLINE_PROOF"))
proof_only = pytest.mark.skipif(not PROOF, reason="takes long: make proof")
PHONES = ("1001", "1002", "1003", "1004", "9001")
CITIZEN, SECOND, OUTSIDE = "13800001234", "13900005678", "02988886666"
BUSY = "486 Busy Here"
PITCHES = dict(zip((CITIZEN, SECOND, OUTSIDE, *PHONES), (520, 1700, 1300, 700, 1000, 1180, 1420, 1900), strict=True))
POLICE_HZ = 1600
QUEUES = (
    QueueSettings(id=QueueId("12345"), ring_s=3, wrap_up_s=0.3),
    QueueSettings(id=QueueId("complaints"), ring_s=3, wrap_up_s=0.3),
    QueueSettings(id=QueueId("county"), tenant="county", ring_s=3, wrap_up_s=0.3),
    QueueSettings(id=QueueId("all"), ring_s=3, wrap_up_s=0.3, strategy=Strategy.RING_ALL),
    QueueSettings(id=QueueId("full"), max_waiting=1, wrap_up_s=0.3),
    QueueSettings(
        id=QueueId("callback"),
        max_waiting=0,
        overflow=Overflows(full=Overflow(announce="busy", then=Then.CALLBACK)),
    ),
    QueueSettings(id=QueueId("empty"), overflow=Overflows(nobody=Overflow(to=QueueId("complaints")))),
    QueueSettings(id=QueueId("advice"), ring_s=3, wrap_up_s=0.3, record=RecordPolicy.ON_DEMAND),
)
DIDS = {f"1234{n}": queue.id for n, queue in enumerate(QUEUES, 5)}
"""12345 and on: 12348 rings all, 12349 is soon full, 123410 offers call backs, 123411 has nobody."""
ON_DEMAND = "123412"
OF_12345 = tuple(QueueId(queue) for queue in ("12345", "complaints", "all", "advice"))
TOWN = CenterSettings(
    queues=QUEUES,
    agents=(
        *(AgentSettings(id=AgentId(f"a{n}"), phone=Phone(f"100{n}"), queues=OF_12345) for n in (1, 2, 3)),
        AgentSettings(id=AgentId("a4"), phone=Phone("1004"), queues=(QueueId("county"),), tenant="county"),
    ),
    routes=tuple(Route(did=did, queue=queue) for did, queue in DIDS.items()),
    tenants=(Tenant(id="county", caller_id="02912345"),),
    nuisance=NuisanceSettings(queue=QueueId("complaints")),
    park_s=2.0,
    personal_s=8.0,
    party_ring_s=3.0,
    operation_s=6.0,
    pause_at_most_s=4.0,
)


def agent(name: str) -> Target:
    """Name an agent to pass a call to."""
    return Target(TargetKind.AGENT, name)


def queue(name: str) -> Target:
    """Name a queue to pass a call to."""
    return Target(TargetKind.QUEUE, name)


def outside(number: str = OUTSIDE) -> Target:
    """Name an outside number."""
    return Target(TargetKind.NUMBER, number)


class Town(Hall):
    """Agents a1 to a4 at phones 1001 to 1004, a supervisor's phone 9001, two citizens, and somebody outside."""

    def __init__(self, settings: AsteriskSettings, center: CenterSettings, phones: dict[str, SipPhone]) -> None:
        super().__init__(settings, center, None, {})
        self.phones = phones
        self.caller, self.second, self.outside = phones[CITIZEN], phones[SECOND], phones[OUTSIDE]
        self.differences: list[Difference] = []
        self.sighted = True
        """Whether AMI was there throughout the test, so that our instants can be Asterisk's."""
        self.child: AsteriskChild | None = None

    def __getitem__(self, number: str) -> SipPhone:
        return self.phones[number]

    @property
    def books(self) -> Books:
        """The records of what came since the mark."""
        return Books(self.entries, self.marked)

    async def arrive(self, did: str = "12345", citizen: SipPhone | None = None) -> CallId:
        """Let a citizen call; return the call once it waits."""
        number = (citizen or self.caller).number
        before = {event.call for event in self.of(events.ContactArrived)}
        (citizen or self.caller).call(did, (self.settings.host, self.settings.sip_udp))
        async with asyncio.timeout(20):
            while True:
                came = [e for e in self.of(events.ContactArrived) if e.number == number and e.call not in before]
                if came:
                    return came[0].call
                await self._new.wait()

    async def talk(self, name: str = "a1", did: str = "12345") -> tuple[CallId, LegId]:
        """Let the citizen talk with an agent; return call and leg."""
        await self.ready(name)
        call = await self.arrive(did)
        answered = await self.until(events.CallAnswered, call=call, agent=AgentId(name))
        return call, answered.leg

    async def ask(self, verb: Verb, call: CallId, name: str | None = "a1", **fields: Any) -> OperationId:
        """Ask for something to be done with a call; return the operation."""
        who = AgentId(name) if name else None
        reply = await self.loop.ask(requests.ControlCall(by=BY, call=call, verb=verb, agent=who, **fields))
        started = [e for e in self.of(events.OperationStarted) if e.call == call and e.verb is verb]
        return OperationId(reply.operation) if reply.operation else started[-1].operation

    async def do(self, verb: Verb, call: CallId, name: str | None = "a1", **fields: Any) -> OperationId:
        """Have something done with a call, to the end."""
        operation = await self.ask(verb, call, name, **fields)
        assert await self.outcome(operation) == "", verb
        return operation

    async def outcome(self, operation: OperationId, seconds: float = 20.0) -> str:
        """Return why an operation failed, empty where it was done. Raises TimeoutError."""
        kinds: Any = (events.OperationDone, events.OperationFailed)
        over: Any = await self.until(kinds, seconds, operation=operation)
        return str(over.why) if isinstance(over, events.OperationFailed) else ""

    async def settled(self) -> None:
        """Let everybody hang up, wait until nothing is left, and check that everything came to one end."""
        for phone in self.phones.values():
            if phone.talking.is_set():
                phone.hang_up()
        await self.comes_to(lambda: [str(c) for c in self.center.state.calls], "calls in the centre")
        await self.comes_to(lambda: [repr(o) for o in self.center.state.operations.values()], "operations")
        await self.comes_to(self._busy, "busy agents")
        await self.comes_to(lambda: [c.name for c in self.bridge.channels.by_uid.values()], "channels", 45)
        await self.comes_to(lambda: self.books.open_recordings(), "recordings")
        listed = await self.bridge.link.action("CoreShowChannels")
        assert [e for e in listed.events if e.get("Event") == "CoreShowChannel"] == []
        assert not self.bridge.script.held
        books = self.books
        assert books.ended_once() == [], "each contact ends exactly once"
        assert books.left_open() == []
        assert [o.failed for o in books.operations if o.ended_at is None] == []
        if self.sighted:
            self.differences += differences(self.settings, books.legs)

    def _busy(self) -> list[str]:
        idle = (AgentState.READY, AgentState.NOT_READY, AgentState.LOGGED_OUT)
        return [f"{a.id} {a.state}" for a in self.center.state.roster.by_id.values() if a.state not in idle]

    async def comes_to(self, left: Any, what: str, seconds: float = 20.0) -> None:
        """Wait until a list is empty. Raises TimeoutError that tells what is in it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while left():  # noqa: ASYNC110 - what is waited for is state, not an event
                    await asyncio.sleep(0.02)
                return
        came = "\n".join(repr(entry.event) for entry in self.entries[self.marked :])
        raise TimeoutError(f"{what} left: {left()}; what came:\n{came}")

    async def close_shop(self) -> None:
        """Log everybody out and put the phones in order, for the next test."""
        for name, seat in self.center.state.roster.by_id.items():
            if seat.state is not AgentState.LOGGED_OUT:
                await self.loop.ask(requests.LogOut(by=BY, agent=name))
        for phone in self.phones.values():
            phone.answers_after, phone.refuses, phone.media.digits = 0.05, "", ""
            phone.over.clear()
            phone.media.tone_hz = PITCHES.get(phone.number, 0)
        self.sighted = True
        self.mark()


@asynccontextmanager
async def open_town(
    directory: Path, root: Path, center: CenterSettings = TOWN, numbers: Iterable[str] = PHONES, **asterisk: Any
) -> AsyncIterator[Town]:
    """Open a town on a rendered Asterisk of its own; `asterisk` are AsteriskSettings' fields."""
    async with AsyncExitStack() as stack:
        everybody = (*numbers, CITIZEN, SECOND, OUTSIDE)
        phones = {number: await stack.enter_async_context(open_phone(number)) for number in everybody}
        write_prompts(directory / "prompts")
        seats = tuple(
            PhoneSettings(number=number, secret="a-test-secret", contact=phones[number].contact) for number in numbers
        )
        wanted = {
            "phones": seats,
            "trunks": (Trunk(name="carrier", host="127.0.0.1", port=phones[OUTSIDE].port),),
            "dids": tuple(DIDS),
            "qualify_seconds": 0,
            "prompts_dir": str(directory / "prompts"),
        }
        settings = settings_on_free_ports(directory / "asterisk", root, **{**wanted, **asterisk})
        child = await stack.enter_async_context(AsteriskChild(settings))
        town = Town(settings, center, phones)
        town.child = child
        await town.start()
        await town.close_shop()
        try:
            yield town
        finally:
            with suppress(Exception):
                await town.die()
