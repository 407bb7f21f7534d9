"""`simulate(options)`: a hotline of its own, the load, the reckoning, and everything kept as evidence."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import aiohttp

from imports.asterisk_log import AsteriskCall, read
from simulation import hotline
from simulation.agents import Desks
from simulation.citizens import Citizens, numbers
from simulation.evidence import EvidenceDirectory
from simulation.faults import FaultKind, Felt, Outage, befall
from simulation.options import Options, SimulationResult
from simulation.phones import Phones
from simulation.processes import cpu_seconds
from simulation.reconcile import Evidence, Reckoning, reckon
from simulation.report import Report
from simulation.world import DID, World

CLOSING_SECONDS = 15.0
"""How long after the last call contacts and agents may take to come to their ends, beside the wrap-up."""


class SimulationFailed(RuntimeError):
    """The simulation could not be carried out; the message says why."""


async def simulate(
    options: Options, report: Report = lambda text, done, total: None, database: Outage | None = None
) -> SimulationResult:
    """Run the simulation and return its result. Leaves no process behind, and DIR with all evidence if asked.

    `database`: the server of `options.database`, if a fault is to stop it.
    Raises WorldFailed, SippFailed, SimulationFailed, TimeoutError when it cannot be carried out.
    """
    with tempfile.TemporaryDirectory(prefix="hotline-sim-") as temporary:
        directory = Path(temporary)
        evidence = EvidenceDirectory(Path(options.evidence or directory / "evidence"))
        started = monotonic()
        result = await _Run(options, directory, evidence, report, database).carry_out()
        result.seconds = round(monotonic() - started, 1)
        result.evidence = options.evidence
        evidence.keep_result(result)
        return result


class _Run:
    """One simulation's pieces."""

    def __init__(
        self,
        options: Options,
        directory: Path,
        evidence: EvidenceDirectory,
        report: Report,
        database: Outage | None,
    ) -> None:
        self.options, self.directory, self.evidence = options, directory, evidence
        self.report, self.database = report, database

    async def carry_out(self) -> SimulationResult:
        """Start everything, call, wait for the ends, stop everything, reckon."""
        options, mix = self.options, self.options.mix
        sipp = self.evidence.sipp
        world = World(self.directory, self.evidence.hotline_log, options, self.database)
        async with AsyncExitStack() as stack:
            stack.callback(self.evidence.keep_asterisk, world.asterisk)
            self._say("starting Asterisk and the hotline")
            await stack.enter_async_context(world)
            stack.callback(self.evidence.keep_journal, world.data / "journal")
            self._say("registering the phones")
            seats = tuple(world.agents.values())
            phones = Phones(world.target, sipp, seats, ring_s=options.ring, talk_s=options.talk, mix=mix)
            stack.push_async_callback(phones.stop)
            await phones.start()
            self._say("seating the agents")
            desks = Desks(world.rest, world.stream, world.desks, recover_s=mix.recover_s)
            await stack.enter_async_context(desks)
            citizens = Citizens(world.target, sipp, did=DID, numbers=numbers(options.calls, mix), mix=mix)
            stack.push_async_callback(citizens.stop)
            meter = _Meter(world)
            await citizens.start(options.rate, rtp=options.rtp, longest_s=self._longest_s())
            stack.enter_context(_punctual())
            befalling = asyncio.create_task(befall(world, options.faults))
            stack.callback(befalling.cancel)
            await self._until_called(citizens, phones, world)
            felt = await befalling
            self._say("waiting for the wrap-ups", options.calls)
            await _settle(desks, options)
            cpu_s = meter.read() if not options.faults else dict.fromkeys(("hotline", "asterisk"), 0.0)
            rows = await _contacts(world, options.calls)
            left = desks.states()
        self._say("reckoning", options.calls)
        self.evidence.keep_lines("contacts.jsonl", rows)
        self.evidence.keep_lines("pops.jsonl", desks.pops)
        evidence = Evidence(
            counted=citizens.finished,
            citizens=citizens.calls(),
            phone_calls=phones.calls(),
            asterisk=_asterisk_calls(world),
            contacts=hotline.as_contacts(rows),
            pops=desks.pops,
            phones={agent: phone.number for agent, phone in world.agents.items()},
            left=left,
            queue_log=_lines(world.asterisk.queue_log_file),
            faults=bool(felt),
            asterisk_died=[one.at for one in felt if one.kind is FaultKind.ASTERISK],
        )
        return _result(reckon(evidence), cpu_s, options, felt)

    async def _until_called(self, citizens: Citizens, phones: Phones, world: World) -> None:
        """Return when every citizen's call is over. Raises SimulationFailed if a part of the stage falls over."""
        waiting = asyncio.create_task(citizens.wait())
        try:
            while not waiting.done():
                await asyncio.wait((waiting,), timeout=0.5)
                if not (world.running and phones.running):
                    raise SimulationFailed(f"ended in the middle of the load: {world if phones.running else phones}")
                self._say("calling", min(citizens.finished, self.options.calls))
        finally:
            waiting.cancel()

    def _longest_s(self) -> float:
        """Return how long a citizen may have to wait and talk, were everybody's agent busy, three times over."""
        options, mix = self.options, self.options.mix
        each = options.ring + options.talk + options.wrap + mix.held_s + mix.recover_s + 1
        rounds = options.calls / options.agents
        return 3 * min(each * (rounds + 1), 1200.0) + mix.patience_s

    def _say(self, text: str, done: int = 0) -> None:
        self.report(text, done, self.options.calls)


@contextmanager
def _punctual() -> Iterator[None]:
    """Let the agents' clients not wait for what else this process does.

    They go before the thread that draws the progress bar and the collection of all that was imported.
    """
    interval = sys.getswitchinterval()
    sys.setswitchinterval(0.0002)
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        sys.setswitchinterval(interval)


class _Meter:
    """CPU seconds of the hotline and of its Asterisk since it was made."""

    def __init__(self, world: World) -> None:
        self._pids = {"hotline": world.pid, "asterisk": world.asterisk_pid}
        self._before = {name: cpu_seconds(pid) for name, pid in self._pids.items()}

    def read(self) -> dict[str, float]:
        return {name: round(cpu_seconds(pid) - self._before[name], 3) for name, pid in self._pids.items()}


async def _settle(desks: Desks, options: Options) -> None:
    """Wait until the last wrap-up is over; who is still busy then is a difference, not an error."""
    seconds = options.wrap + options.mix.recover_s + CLOSING_SECONDS
    with contextlib.suppress(TimeoutError):
        await desks.until_all("ready", seconds)


async def _contacts(world: World, calls: int) -> list[dict[str, Any]]:
    """Return all contacts, once all have ended; after 15 s, as they are."""
    async with aiohttp.ClientSession() as session:
        for _ in range(round(CLOSING_SECONDS / 0.5)):
            rows = await hotline.contacts(session, world.rest, world.supervisor)
            if len(rows) >= calls and all(row.get("ended_at") for row in rows):
                break
            await asyncio.sleep(0.5)
        return rows


def _asterisk_calls(world: World) -> dict[str, AsteriskCall]:
    """Return what Asterisk wrote; a file that it never wrote is an empty one."""
    return read(_lines(world.asterisk.cel_file), _lines(world.asterisk.cdr_file))


def _lines(path: Path) -> list[str]:
    return path.read_text(errors="replace").splitlines() if path.exists() else []


def _result(reckoning: Reckoning, cpu_s: dict[str, float], options: Options, felt: list[Felt]) -> SimulationResult:
    ratio = round(cpu_s["hotline"] / cpu_s["asterisk"], 3) if cpu_s["asterisk"] else None
    return SimulationResult(
        **{name: getattr(reckoning, name) for name in reckoning.__struct_fields__},
        cpu_s=cpu_s,
        cpu_ms_per_call={name: round(seconds * 1000 / options.calls, 2) for name, seconds in cpu_s.items()},
        cpu_ratio=ratio,
        agents=options.agents,
        faults=felt,
    )
