"""Our FastAGI server is silent, slow, talks nonsense, dies or hangs at any step: each citizen still reaches somebody.

All citizens of a test call one Asterisk at once; a go-between in front of the real script treats each as their number
says.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from imports.asterisk_log import AsteriskCall, read
from ivr.flow import FlowSettings, flow_for
from messages import facts
from messages.facts import Fact
from messages.ids import LegId, NodeId
from simulation.citizens import Citizens
from simulation.options import Mix
from simulation.phones import Phones
from simulation.sipp import Target
from simulation.world import write_prompts
from telephony.agi.orders import Offer
from telephony.agi.script import Script
from telephony.agi.server import AgiServer
from telephony.agi.spool import read_spool
from telephony.asterisk.settings import Phone
from tests.asterisk_fixture import LogIn, StartAsterisk
from tests.sip_fixture import eventually

pytestmark = pytest.mark.integration
PROOF = bool(os.environ.get("HOTLINE_PROOF"))
MOST = 12
"""More commands than the script needs for a call that is answered at once."""
STEPS = range(MOST) if PROOF else (0, 1, 2, 4, 6, MOST - 1)
HANGS = range(4) if PROOF else (0,)
"""With an open socket: in a flow that is noticed after 90 s only."""
LONGEST_S = 120 if PROOF else 45
WAYS = ("silent", "nonsense", "slow", *(f"dies after {n}" for n in STEPS), *(f"hangs after {n}" for n in HANGS))
NUMBERS = {f"138{n:08d}": way for n, way in enumerate(WAYS, 1)}


class GoBetween:
    """Stands in front of the real server and breaks each session in its own way."""

    def __init__(self, server: AgiServer) -> None:
        self.most = 0
        """Commands that the longest session got through."""
        self._server = server

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one session."""
        try:
            environment = await reader.readuntil(b"\n\n")
            lines = environment.decode().splitlines()
            number = next(line.split(": ")[1] for line in lines if line.startswith("agi_callerid: "))
            await self._treat(NUMBERS[number], environment, reader, writer)
        except (OSError, EOFError, asyncio.CancelledError):
            pass  # the citizen left, or the test is over
        finally:
            writer.close()

    async def _treat(
        self, way: str, environment: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if way == "silent":
            await reader.read()
        elif way == "nonsense":
            writer.write(b"\xff\x00 what\nEXEC\n200 result=0\nSTREAM FILE\n" * 20)
            await reader.read()
        else:
            what, _, after = way.partition(" after ")
            await self._between(
                environment, reader, writer, int(after or 10**6), slow=what == "slow", hangs=what == "hangs"
            )

    async def _between(
        self,
        environment: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        commands: int,
        *,
        slow: bool,
        hangs: bool,
    ) -> None:
        ours, to_us = await asyncio.open_connection("127.0.0.1", self._server.port)
        to_us.write(environment)
        answers = asyncio.create_task(self._pass_on(reader, to_us))
        try:
            for n in range(commands):
                command = await ours.readline()
                if not command:
                    return
                await asyncio.sleep(0.7 if slow else 0)
                writer.write(command)
                self.most = max(self.most, n + 1)
            if hangs:
                await ours.read()
        finally:
            answers.cancel()
            to_us.close()

    @staticmethod
    async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            writer.write(data)
        writer.close()


@asynccontextmanager
async def broken_server() -> AsyncIterator[tuple[GoBetween, int]]:
    """Give a go-between, and the port it listens on; whoever comes to wait is offered phone 2001 and on at once."""
    offered = iter(range(2001, 3000))

    def tell(fact: Fact) -> None:
        if isinstance(fact, facts.CallQueued) and fact.call in script.held:
            script.held[fact.call].orders.put(Offer({LegId(f"{fact.call}/1"): (f"PJSIP/{next(offered)}",)}, 10))

    flow = flow_for("12345", FlowSettings())
    script = Script(NodeId("n1"), lambda did: flow, tell, lambda: datetime.now(UTC))
    async with AgiServer(script, "127.0.0.1", 0) as server:
        between = GoBetween(server)
        async with await asyncio.start_server(between, "127.0.0.1", 0) as listener:
            yield between, listener.sockets[0].getsockname()[1]


def calls(asterisk: object) -> dict[str, AsteriskCall]:
    """Return what Asterisk wrote down of the calls, by number."""
    files = (asterisk.cel_file, asterisk.cdr_file)  # type: ignore[attr-defined]
    cel, cdr = (path.read_text().splitlines() if path.exists() else [] for path in files)
    return {call.number: call for call in read(cel, cdr).values()}


async def test_wherever_our_server_breaks_the_citizen_talks_to_an_agent(
    asterisk: StartAsterisk, ami_of: LogIn, tmp_path: Path
) -> None:
    write_prompts(tmp_path / "prompts")
    members, chosen = (
        [Phone(number=str(first + n), secret="a-test-secret") for n in range(len(NUMBERS))] for first in (1001, 2001)
    )
    async with broken_server() as (between, port):
        child = await asterisk(phones=(*members, *chosen), agi=port, prompts_dir=str(tmp_path / "prompts"))
        target = Target(host="127.0.0.1", port=child.settings.sip_udp, root=child.settings.root)
        phones = Phones(target, tmp_path, (*members, *chosen), ring_s=0.1, talk_s=1, mix=Mix())
        citizens = Citizens(target, tmp_path, did="12345", numbers=list(NUMBERS), mix=Mix())
        ami = await ami_of(child)
        try:
            await phones.start()
            for member in members:
                await ami.ask(Action="QueueAdd", Queue="fallback", Interface=f"PJSIP/{member.number}")
            await citizens.start(10, rtp=False, longest_s=LONGEST_S)
            async with asyncio.timeout(LONGEST_S + 20):
                await citizens.wait()
        finally:
            await citizens.stop()
            await phones.stop()
    assert between.most < MOST, "the last of the ways that die did not"
    known = calls(child.settings)
    unserved = {way: known.get(number) for number, way in NUMBERS.items() if not known[number].bridged}
    assert unserved == {}
    cut_short = {way for number, way in NUMBERS.items() if known[number].fallback}
    assert cut_short >= {"silent", "nonsense", "dies after 0", "dies after 1", "hangs after 0"}
    assert "slow" not in cut_short and f"dies after {MOST - 1}" not in cut_short
    assert [call.number for call in citizens.calls() if call.by_us] == [], "nobody had to give up"


async def test_with_nobody_there_every_citizen_leaves_a_message_that_is_spooled(
    asterisk: StartAsterisk, tmp_path: Path
) -> None:
    write_prompts(tmp_path / "prompts")
    async with broken_server() as (_, port):
        child = await asterisk(agi=port, prompts_dir=str(tmp_path / "prompts"), emergency_message_seconds=1)
        target = Target(host="127.0.0.1", port=child.settings.sip_udp, root=child.settings.root)
        ways = [number for number, way in NUMBERS.items() if not way.startswith(("slow", f"dies after {MOST - 1}"))]
        citizens = Citizens(target, tmp_path, did="12345", numbers=ways, mix=Mix())
        try:
            await citizens.start(10, rtp=False, longest_s=LONGEST_S)
            async with asyncio.timeout(LONGEST_S + 20):
                await citizens.wait()
        finally:
            await citizens.stop()
    assert [call.number for call in citizens.calls() if call.by_us] == [], "the script ends every call itself"
    await eventually(lambda: len(list(child.settings.spool.glob("*.json"))) >= len(ways))
    missed = sorted(call.number for _, call in read_spool(child.settings.spool))
    assert missed == sorted(ways), "each once"
