"""The telephony floor without a centre: a real Asterisk, our bridge, phones in this process, and the facts told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from center.pops import PopGate
from ivr.flow import FlowSettings, flow_for
from ivr.steps import Flow
from messages import commands, facts
from messages.commands import Command, Ringing
from messages.facts import Fact
from messages.ids import CallId, CommandId, LegId, OperationId, Phone
from messages.values import Verb
from simulation.world import write_prompts
from telephony.asterisk.child import AsteriskChild
from telephony.asterisk.settings import AsteriskSettings, Trunk
from telephony.asterisk.settings import Phone as PhoneSettings
from telephony.bridge import Bridge
from tests.asterisk_fixture import settings_on_free_ports
from tests.sip_phone import SipPhone, open_phone

FactT = TypeVar("FactT", bound=Fact)
PHONES = ("1001", "1002", "1003")
CITIZEN, OUTSIDE = "13800001234", "02988886666"


def now() -> datetime:
    """Return the present instant."""
    return datetime.now(UTC)


class Floor:
    """One Asterisk with phones 1001 to 1003 (1003 answers by itself), a citizen, and somebody outside."""

    def __init__(self, settings: AsteriskSettings, phones: dict[str, SipPhone]) -> None:
        self.settings = settings
        self.phones = phones
        self.citizen, self.outside = phones[CITIZEN], phones[OUTSIDE]
        self.facts: list[Fact] = []
        self.seen = 0
        """How many facts a test has waited for already."""
        self._new = asyncio.Event()
        self._count = 0
        flow = FlowSettings()
        self.flows: dict[str, Flow] = {}
        self.closed: set[str] = set()
        """The calendars that say closed."""
        self.bridge = Bridge(
            settings,
            lambda did: flow_for(did, flow, self.flows),
            self._tell,
            PopGate(patience_s=0.0),
            now,
            lambda calendar: calendar not in self.closed,
        )

    def _tell(self, fact: Fact) -> None:
        self.facts.append(fact)
        self._new.set()
        self._new = asyncio.Event()

    def __getitem__(self, number: str) -> SipPhone:
        return self.phones[number]

    def do(self, command: type[Command], /, **fields: Any) -> None:
        """Give a command."""
        self._count += 1
        more = {"operation": OperationId(f"op{self._count}")} if "operation" in command.__struct_fields__ else {}
        self.bridge.switchboard.execute(
            command(
                id=CommandId(f"k{self._count}"),
                node=self.bridge.node,
                deadline=now() + timedelta(seconds=10),
                **{**more, **fields},
            )
        )

    def act(self, verb: Verb, call: CallId, leg: LegId, **fields: Any) -> None:
        """Do something with a leg."""
        self.do(commands.ActOnLeg, call=call, leg=leg, verb=verb, **fields)

    async def until(self, kind: type[FactT], seconds: float = 12.0, /, **having: Any) -> FactT:
        """Return the next fact of a kind with these fields. Raises TimeoutError that says what came."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    new = self._new
                    for at in range(self.seen, len(self.facts)):
                        fact = self.facts[at]
                        if isinstance(fact, kind) and all(getattr(fact, k) == v for k, v in having.items()):
                            return fact
                    await new.wait()
        except TimeoutError:
            came = "\n".join(map(repr, self.facts[self.seen :]))
            raise TimeoutError(f"no {kind.__name__} {having} in {seconds} s; what came:\n{came}") from None

    def mark(self) -> None:
        """What was told so far is not what the test waits for from here on."""
        self.seen = len(self.facts)

    def brief(self) -> list[tuple[str, ...]]:
        """Return the facts since the mark, as names with the leg and what else tells them apart."""
        lines = []
        for fact in self.facts[self.seen :]:
            names = ("leg", "why", "to", "status", "failed", "queue", "asked")
            said = (f"{getattr(fact, name)}" for name in names if hasattr(fact, name))
            lines.append((type(fact).__name__, *said))
        return lines

    async def arrive(self) -> CallId:
        """Let the citizen call and wait in the queue; return the call."""
        self.mark()
        self.citizen.call("12345", (self.settings.host, self.settings.sip_udp))
        return (await self.until(facts.CallQueued)).call

    def offer(self, call: CallId, legs: dict[str, str], **fields: Any) -> None:
        """Ring phones: {leg number: phone}."""
        ringing = tuple(Ringing(LegId(f"{call}/{n}"), Phone(phone)) for n, phone in legs.items())
        self.do(commands.OfferCall, call=call, legs=ringing, **{"ring_s": 8.0, **fields})

    async def talk(self, phone: str = "1001") -> tuple[CallId, LegId]:
        """Let a citizen talk with a phone; return the call and the leg."""
        call = await self.arrive()
        self.offer(call, {"1": phone})
        leg = (await self.until(facts.LegAnswered)).leg
        await asyncio.sleep(0.15)
        self.mark()
        return call, leg

    async def quiet(self) -> None:
        """Let everybody hang up, and wait until Asterisk has no call left."""
        for phone in self.phones.values():
            if phone.talking.is_set():
                phone.hang_up()
        async with asyncio.timeout(10):
            while self.bridge.channels.by_uid:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        for phone in self.phones.values():
            phone.answers_after, phone.refuses = 0.05, ""
            phone.media.digits = ""


@asynccontextmanager
async def open_floor(directory: Path, root: Path) -> AsyncIterator[Floor]:
    """Open a floor on a rendered Asterisk of its own."""
    async with AsyncExitStack() as stack:
        numbers = (*PHONES, CITIZEN, OUTSIDE)
        phones = {number: await stack.enter_async_context(open_phone(number)) for number in numbers}
        write_prompts(directory / "prompts")
        settings = settings_on_free_ports(
            directory / "asterisk",
            root,
            phones=tuple(
                PhoneSettings(number=n, secret="a-test-secret", contact=phones[n].contact, auto_answer=n == "1003")
                for n in PHONES
            ),
            trunks=(Trunk(name="carrier", host="127.0.0.1", port=phones[OUTSIDE].port),),
            qualify_seconds=0,
            prompts_dir=str(directory / "prompts"),
        )
        await stack.enter_async_context(AsteriskChild(settings))
        floor = Floor(settings, phones)
        await stack.enter_async_context(floor.bridge)
        async with asyncio.timeout(20):
            await floor.bridge.link.wait_up()
        yield floor
