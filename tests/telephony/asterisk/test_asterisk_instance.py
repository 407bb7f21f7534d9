"""A rendered Asterisk starts, answers, keeps its rights narrow, and comes back when it dies."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest
from msgspec.structs import replace

from telephony.ami.subscription import SUBSCRIPTION
from telephony.asterisk.child import AsteriskFailed
from telephony.asterisk.probe import AmiProbe, ProbeFailed, sip_options
from tests.asterisk_fixture import LogIn, StartAsterisk, free_port
from tests.sip_fixture import RtpEar, Sipp, caller_scenario, eventually

pytestmark = pytest.mark.integration


async def test_it_answers_options_and_ami(asterisk: StartAsterisk) -> None:
    child = await asterisk()
    assert await sip_options("127.0.0.1", child.settings.sip_udp, 2) == "SIP/2.0 200 OK"
    probe = await AmiProbe.log_in(child.settings, 2)
    await probe.ping(2)
    probe.close()


async def test_it_loads_without_a_complaint(asterisk: StartAsterisk) -> None:
    child = await asterisk()
    log = (child.settings.instance / "log" / "messages").read_text()
    assert [line for line in log.splitlines() if "ERROR" in line or "WARNING" in line] == []


async def test_two_instances_run_side_by_side(asterisk: StartAsterisk) -> None:
    one, other = await asterisk(), await asterisk()
    assert one.settings.systemname != other.settings.systemname
    for child in (one, other):
        assert (await sip_options("127.0.0.1", child.settings.sip_udp, 2)).startswith("SIP/2.0 200")


async def test_a_wrong_ami_secret_is_refused(asterisk: StartAsterisk) -> None:
    child = await asterisk()
    with pytest.raises(ProbeFailed, match="refused"):
        await AmiProbe.log_in(replace(child.settings, ami_secret="not the secret"), 2)


@pytest.mark.parametrize(
    "action",
    [
        {"Action": "Command", "Command": "core show version"},
        {"Action": "CreateConfig", "Filename": "other.conf"},
        {"Action": "UpdateConfig", "SrcFilename": "manager.conf", "DstFilename": "manager.conf"},
    ],
)
async def test_ami_has_no_right_to_the_command_line_or_to_change_configuration(
    asterisk: StartAsterisk, ami_of: LogIn, action: dict[str, str]
) -> None:
    ami = await ami_of(await asterisk())
    assert (await ami.ask(Action="Ping"))["Response"] == "Success"
    answer = await ami.ask(**action)
    assert answer["Response"] == "Error"
    assert "ermission" in answer["Message"]


async def test_only_subscribed_events_pass_the_filter(
    asterisk: StartAsterisk, ami_of: LogIn, sipp: Sipp, ear: RtpEar
) -> None:
    child = await asterisk()
    ami = await ami_of(child)
    caller = await sipp.start(
        caller_scenario("12345", "13800000001", ear.port, talk_ms=500),
        free_port(),
        f"127.0.0.1:{child.settings.sip_udp}",
    )
    seen: dict[str, dict[str, str]] = {}
    async with asyncio.timeout(20):
        while "Hangup" not in seen:
            event = await ami.read()
            seen[event["Event"]] = event
    assert await caller.wait() == 0
    assert {"Newchannel", "Hangup"} <= set(seen) <= {*SUBSCRIPTION, "FullyBooted"}
    contact = seen["Hangup"]["ChanVariable"]
    assert contact.startswith("HOTLINE_")
    assert seen["Hangup"]["Uniqueid"].startswith(child.settings.systemname + "-")
    assert "." in seen["Hangup"]["Timestamp"]


async def test_it_comes_back_when_it_is_killed(asterisk: StartAsterisk) -> None:
    child = await asterisk()
    first = child.pid
    await child.kill()
    async with asyncio.timeout(20):
        await child.ready()
    assert child.pid not in (0, first)
    assert child.starts == 2


async def test_a_frozen_asterisk_is_noticed_and_replaced(
    asterisk: StartAsterisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PROBE_SECONDS", "CHECK_SECONDS"):
        monkeypatch.setattr(f"telephony.asterisk.child.{name}", 0.3)
    child = await asterisk()
    first = child.pid
    os.kill(first, signal.SIGSTOP)
    await eventually(lambda: child.starts == 2 and child.pid != first, 60)


async def test_stopping_leaves_no_process(asterisk: StartAsterisk) -> None:
    child = await asterisk()
    pid = child.pid
    await child.stop()
    assert child.pid == 0
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_an_asterisk_that_cannot_start_says_why(asterisk: StartAsterisk) -> None:
    with pytest.raises(AsteriskFailed, match="no-such-program"):
        await asterisk(binary="no-such-program")
