"""Short messages of the process that people run: written once for each missed call, whatever kills us between."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from notify.senders import Sms
from notify.texts import TEXTS
from simulation.citizens import Citizens, numbers
from simulation.faults import Fault, FaultKind
from simulation.options import Mix, Options
from simulation.world import DID, World
from tests.sip_fixture import eventually

pytestmark = pytest.mark.integration

MIX = Mix(abandoning=1.0, abandon_s=2.0)
AFTER_S = 3.0
"""How long nothing more is to come: more than the outbox takes to look again."""


class Office(World):
    """A hotline that sends its notices into a file, at any time of day, as many as there are."""

    @property
    def file(self) -> Path:
        """Where the messages are written."""
        return self.directory / "sent.jsonl"

    def settings(self) -> dict[str, object]:
        """Return what the settings file holds."""
        notify = {"sender": "file", "file": str(self.file), "missed": True, "since": "00:00", "until": "23:59:59.999"}
        return super().settings() | {"notify": notify}

    def sent(self) -> list[Sms]:
        """Return what was written so far; a line that a kill cut short is none."""
        lines = self.file.read_bytes().splitlines(keepends=True) if self.file.exists() else []
        return [msgspec.json.decode(line, type=Sms) for line in lines if line.endswith(b"\n")]

    async def notices(self) -> list[dict[str, Any]]:
        """Return the notices as a supervisor is shown them."""
        address = f"{self.rest}/api/v1/notices"
        async with aiohttp.ClientSession() as session, session.get(address, headers=self.supervisor.bearer()) as answer:
            answer.raise_for_status()
            return list((await answer.json())["items"])


async def test_a_missed_call_is_written_to_once_also_when_we_are_killed_meanwhile(
    tmp_path: Path, asterisk_root: Path
) -> None:
    """Citizens give up while nobody is there; we are killed three times among them and once when all is sent."""
    kills = (Fault(kind=FaultKind.KILL, at_s=0.0),)  # so that Asterisk is no child of ours
    called = numbers(8, MIX)
    options = Options(agents=1, calls=len(called), faults=kills, root=str(asterisk_root))
    async with Office(tmp_path, tmp_path / "log", options) as office:
        citizens = Citizens(office.target, tmp_path, did=DID, numbers=called, mix=MIX)
        try:
            await citizens.start(1.0, rtp=False)
            await eventually(lambda: office.sent(), 60)
            for _ in range(3):
                await asyncio.sleep(random.uniform(0.3, 2.0))
                await office.kill()
            await citizens.wait()
        finally:
            await citizens.stop()
        assert await office.until_ready(60)
        await eventually(lambda: {one.number for one in office.sent()} == set(called), 60)
        await asyncio.sleep(AFTER_S)
        before = office.sent()
        await office.kill()
        assert await office.until_ready(60)
        await asyncio.sleep(AFTER_S)
        assert office.sent() == before, "what was sent before is not sent again"
        kept = {one["id"]: one for one in await office.notices()}

    assert {one.text for one in before} == {TEXTS["zh"]["missed"]}
    assert sorted({one.id for one in before}) == sorted(kept), "each written is kept, and each kept was written"
    assert len(kept) == len(called)
    assert {one["state"] for one in kept.values()} == {"sent"}
    twice = [name for name, count in Counter(one.id for one in before).items() if count > 1]
    assert all(kept[name]["maybe_sent"] for name in twice), "only what a kill cut off while it was written"
    assert len(twice) <= 3, "one a kill"
