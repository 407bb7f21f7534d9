"""A whole simulation on a hotline of its own: real Asterisk, SIPp with RTP, REST, stream; everything must agree."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from simulation import hotline
from simulation.agents import Desks
from simulation.case_system import CaseSystem, case_number
from simulation.citizens import Citizens, numbers
from simulation.demo import Demo
from simulation.options import Mix, Options, SimulationResult
from simulation.phones import Phones
from simulation.runner import simulate
from simulation.sip_log import calls, frames
from simulation.world import DID, World, WorldFailed
from tests.sip_fixture import eventually

pytestmark = [pytest.mark.integration, pytest.mark.alone]


async def test_ten_calls_are_answered_by_four_agents_and_every_record_agrees(
    tmp_path: Path, asterisk_root: Path
) -> None:
    options = Options.of(calls=10, rate=4, agents=4, talk=1, wrap=0.5, rtp=True, evidence=str(tmp_path / "evidence"))
    result = await simulate(msgspec.structs.replace(options, root=str(asterisk_root)))
    assert result.differences == []
    assert (result.calls, result.answered, result.pops, result.lost) == (10, 10, 10, 0)
    assert result.cpu_s["hotline"] > 0 and result.cpu_s["asterisk"] > 0

    kept = tmp_path / "evidence"
    with (kept / "sipp" / "citizens.messages.log").open() as log:
        assert len(calls(frames(log))) == 10
    assert len((kept / "pops.jsonl").read_text().splitlines()) == 10
    assert len((kept / "contacts.jsonl").read_text().splitlines()) == 10
    assert (kept / "asterisk" / "cel.csv").stat().st_size and (kept / "asterisk" / "Master.csv").stat().st_size
    assert msgspec.json.decode((kept / "result.json").read_bytes(), type=SimulationResult).answered == 10


async def test_people_who_leave_hold_and_do_not_answer_are_counted_alike_by_all(
    tmp_path: Path, asterisk_root: Path
) -> None:
    mix = Mix(abandoning=0.25, citizen_hangs_up=0.25, held=0.3, abandon_s=0.1, held_s=0.3, patience_s=4)
    result = await simulate(Options(calls=12, rate=4, agents=4, talk=1, wrap=0.5, mix=mix, root=str(asterisk_root)))
    assert result.differences == []
    assert (result.calls, result.answered, result.lost) == (12, 9, 0)


async def test_a_hotline_that_does_not_start_says_why(tmp_path: Path) -> None:
    world = World(tmp_path, tmp_path / "log", Options(agents=1, root=str(tmp_path / "no root")))
    with pytest.raises(WorldFailed, match="It said"):
        async with world:
            pass
    assert not world.running


async def test_the_case_system_ties_a_case_to_every_answered_contact(tmp_path: Path, asterisk_root: Path) -> None:
    mix = Mix()
    async with World(tmp_path, tmp_path / "log", Options(agents=2, wrap=0.2, root=str(asterisk_root))) as world:
        system = CaseSystem(world.rest, world.stream, world.case_system.token)
        working = asyncio.create_task(system.run())
        phones = Phones(world.target, tmp_path, tuple(world.agents.values()), ring_s=0.2, talk_s=0.5, mix=mix)
        citizens = Citizens(world.target, tmp_path, did=DID, numbers=numbers(3, mix), mix=mix)
        try:
            await phones.start()
            async with Desks(world.rest, world.stream, world.desks), aiohttp.ClientSession() as session:
                await citizens.start(2, rtp=False)
                await citizens.wait()
                await eventually(lambda: system.linked == 3)
                rows = await tied_contacts(session, world)
        finally:
            working.cancel()
            await citizens.stop()
            await phones.stop()
    assert system.pops == 3
    assert [row["cases"] for row in rows] == [[case_number(row["contact"])] for row in rows]


async def tied_contacts(session: aiohttp.ClientSession, world: World) -> list[dict[str, Any]]:
    """Return the contacts once every row shows its case: rows follow the log."""
    async with asyncio.timeout(20):
        while True:
            rows = await hotline.contacts(session, world.rest, world.supervisor)
            if all(row["cases"] for row in rows):
                return rows
            await asyncio.sleep(0.05)


async def test_the_demo_calls_on_and_on_and_counts(tmp_path: Path, asterisk_root: Path) -> None:
    async with World(tmp_path, tmp_path / "log", Options(agents=2, root=str(asterisk_root))) as world:
        agents = list(zip(world.desks, world.agents.values(), strict=True))[:1]
        demo = Demo(
            rest=world.rest,
            stream=world.stream,
            target=world.target,
            did=DID,
            agents=agents,
            watcher=world.supervisor,
            directory=tmp_path,
            every_s=1,
        )
        async with demo:
            await eventually(lambda: demo.counters["calls"] >= 2 and demo.counters["pops"] >= 1)
