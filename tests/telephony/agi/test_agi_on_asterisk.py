"""A real Asterisk 22 brings callers who mean harm to our server and to the emergency script."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from simulation.ports import free_port
from telephony.agi.server import AgiServer
from telephony.agi.session import AgiSession
from telephony.agi.spool import read_spool
from tests.asterisk_fixture import StartAsterisk
from tests.sip_fixture import RtpEar, Sipp, caller_scenario, eventually

pytestmark = pytest.mark.integration


@pytest.fixture
def short_prompts(tmp_path: Path) -> str:
    """Give an operator's prompts that take no time."""
    directory = tmp_path / "short-prompts"
    directory.mkdir()
    for name in ("greeting", "notice", "emergency"):
        with wave.open(str(directory / f"{name}.wav"), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(b"\0" * 1600)
    return str(directory)


@pytest.mark.parametrize(
    "number",
    ["138%0Aagi_arg_1%3A%20another", "138%0Aagi_arg_1%3A%20another%0A%0A200%20result%3D1", "138%0D%0A%0D%0AX"],
)
async def test_a_number_with_line_feeds_names_no_other_contact(
    asterisk: StartAsterisk, sipp: Sipp, ear: RtpEar, short_prompts: str, number: str
) -> None:
    contacts: list[str] = []

    async def handler(session: AgiSession) -> None:
        await session.get_variable("HOTLINE_DONE")
        contacts.append(session.environment.get("agi_arg_1", ""))

    async with AgiServer(handler, "127.0.0.1", 0) as server:
        child = await asterisk(agi=server.port, prompts_dir=short_prompts, emergency_message_seconds=1)
        target = f"127.0.0.1:{child.settings.sip_udp}"
        caller = await sipp.start(caller_scenario("12345", number, ear.port, None), free_port(), target)
        assert await caller.wait() == 0, "the dialplan goes on to the safety net and ends the call"
    await eventually(lambda: any(child.settings.spool.glob("*.json")))
    [(_, missed)] = read_spool(child.settings.spool)
    assert server.counts.crashed == 0
    for contact in (missed.contact, *contacts):
        assert contact.startswith(child.settings.systemname + "-")
    assert missed.number.startswith("138")
