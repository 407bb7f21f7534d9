"""Simulated citizens and phones on a real Asterisk, whose own fallback queue connects them here."""

from __future__ import annotations

from pathlib import Path

import pytest

from imports.asterisk_log import read
from simulation.citizens import Citizens, numbers
from simulation.options import Mix
from simulation.phones import Phones
from simulation.sipp import SippFailed, Target
from simulation.world import write_prompts
from telephony.asterisk.child import AsteriskChild
from telephony.asterisk.settings import Phone
from tests.asterisk_fixture import LogIn, StartAsterisk
from tests.sip_fixture import eventually

pytestmark = pytest.mark.integration

PHONES = tuple(Phone(number=str(1001 + k), secret=f"secret-{k:04d}") for k in range(6))


def target(child: AsteriskChild) -> Target:
    return Target(host="127.0.0.1", port=child.settings.sip_udp, root=child.settings.root)


async def start(asterisk: StartAsterisk, tmp_path: Path) -> AsteriskChild:
    write_prompts(tmp_path / "prompts")
    return await asterisk(phones=PHONES, prompts_dir=str(tmp_path / "prompts"), ring_seconds=2)


async def test_citizens_talk_hold_leave_and_are_left_ringing_as_the_mix_says(
    asterisk: StartAsterisk, ami_of: LogIn, tmp_path: Path
) -> None:
    child = await start(asterisk, tmp_path)
    mix = Mix(citizen_hangs_up=0.3, abandoning=0.2, unanswered=0.2, held=0.3, abandon_s=0.1, held_s=0.3, patience_s=3)
    phones = Phones(target(child), tmp_path, PHONES, ring_s=0.2, talk_s=1, mix=mix)
    citizens = Citizens(target(child), tmp_path, did="12345", numbers=numbers(10, mix), mix=mix)
    try:
        await phones.start()
        ami = await ami_of(child)
        for phone in PHONES:
            await ami.ask(Action="QueueAdd", Queue="fallback", Interface=f"PJSIP/{phone.number}")
        await citizens.start(5, rtp=True, longest_s=20)
        await citizens.wait()
        cel, cdr = child.settings.cel_file, child.settings.cdr_file
        await eventually(lambda: cel.read_text().count("LINKEDID_END") == 10)
        asterisk_calls = {
            call.number: call for call in read(cel.read_text().splitlines(), cdr.read_text().splitlines()).values()
        }
    finally:
        await citizens.stop()
        await phones.stop()

    seen = citizens.calls()
    talks = {call.number: call for call in phones.calls() if call.talked}
    assert [call.number for call in seen] == citizens.numbers
    assert all(call.talked and call.ended_at for call in seen)
    for call in seen:
        assert asterisk_calls[call.number].bridged == ([talks[call.number].callee] if call.number in talks else [])
        if call.number.startswith("137"):
            assert call.number not in talks and call.by_us
        elif call.number.startswith("139"):
            assert call.by_us
        else:
            assert talks[call.number].by_us and not call.by_us


async def test_phones_that_may_not_register_are_an_error_and_no_hang(
    asterisk: StartAsterisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = await start(asterisk, tmp_path)
    monkeypatch.setattr("simulation.phones.REGISTER_PATIENCE_S", 1.0)
    phones = Phones(
        target(child), tmp_path, [Phone(number="1001", secret="not the one")], ring_s=1, talk_s=1, mix=Mix()
    )
    with pytest.raises(SippFailed, match="1 of 1 phones"):
        await phones.start()
    await phones.stop()
    assert not phones.running
