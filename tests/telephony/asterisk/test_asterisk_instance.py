"""A rendered Asterisk starts, answers, keeps its rights narrow, and comes back when it dies."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import signal
import sys
from pathlib import Path

import pytest
import websockets
from msgspec.structs import replace

from simulation.ports import free_port
from telephony.ami.subscription import SUBSCRIPTION
from telephony.asterisk.child import AsteriskFailed
from telephony.asterisk.probe import AmiProbe, ProbeFailed, sip_options
from telephony.asterisk.settings import Phone
from tests.asterisk_fixture import LogIn, StartAsterisk
from tests.sip_fixture import RtpEar, Sipp, caller_scenario, eventually

pytestmark = pytest.mark.integration


async def test_it_answers_options_and_ami(asterisk: StartAsterisk) -> None:
    child = await asterisk()
    assert await sip_options("127.0.0.1", child.settings.sip_udp, 2) == "SIP/2.0 200 OK"
    probe = await AmiProbe.log_in(child.settings, 2)
    await probe.ping(2)
    probe.close()


async def test_it_loads_without_a_complaint(asterisk: StartAsterisk) -> None:
    phones = (
        Phone(number="1001", secret="a-test-secret", kind="both"),
        Phone(number="1002", secret="a-test-secret", kind="webrtc"),
        Phone(number="1003", secret="a-test-secret", contact="sip:1003@127.0.0.1:9"),
    )
    child = await asterisk(phones=phones)
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


@pytest.mark.parametrize(("secret", "status"), [("a-test-secret", "200"), ("another-secret", "401")])
async def test_a_browser_registers_with_its_secret_only(asterisk: StartAsterisk, secret: str, status: str) -> None:
    child = await asterisk(phones=(Phone(number="1001", secret="a-test-secret", kind="webrtc"),))
    url = f"ws://127.0.0.1:{child.settings.http}/ws"
    async with websockets.connect(url, subprotocols=[websockets.Subprotocol("sip")]) as browser:
        await browser.send(register("1001"))
        challenge = await browser.recv()
        assert isinstance(challenge, str)
        assert challenge.startswith("SIP/2.0 401")
        await browser.send(register("1001", 2, authorization("1001", secret, challenge)))
        answer = str(await browser.recv())
        while not answer.startswith("SIP/2.0 "):  # the OPTIONS by which Asterisk looks after a new contact
            answer = str(await browser.recv())
        assert answer.split()[1] == status


def register(user: str, sequence: int = 1, extra: str = "") -> str:
    return (
        "REGISTER sip:hotline SIP/2.0\r\n"
        f"Via: SIP/2.0/WS browser.invalid;branch=z9hG4bKregister{sequence}\r\n"
        f"From: <sip:{user}@hotline>;tag=browser\r\nTo: <sip:{user}@hotline>\r\n"
        f"Call-ID: browser\r\nCSeq: {sequence} REGISTER\r\nMax-Forwards: 70\r\n"
        f"Contact: <sip:{user}@browser.invalid;transport=ws>;expires=60\r\n{extra}Content-Length: 0\r\n\r\n"
    )


def authorization(user: str, secret: str, challenge: str) -> str:
    """Return the digest header that answers a challenge (RFC 2617, MD5, qop=auth)."""
    given = dict(re.findall(r'(\w+)="([^"]*)"', challenge))

    def md5(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    who, what = md5(f"{user}:{given['realm']}:{secret}"), md5("REGISTER:sip:hotline")
    response = md5(f"{who}:{given['nonce']}:00000001:ab:auth:{what}")
    return (
        f'Authorization: Digest username="{user}", realm="{given["realm"]}", nonce="{given["nonce"]}", '
        f'uri="sip:hotline", response="{response}", opaque="{given["opaque"]}", '
        "algorithm=MD5, qop=auth, nc=00000001, cnonce=ab\r\n"
    )


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
    assert {"Hangup"} <= set(seen) <= {*SUBSCRIPTION, "FullyBooted"}
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


OWNER = """
import asyncio, pathlib, sys
from tests.asterisk_fixture import settings_on_free_ports
from telephony.asterisk.child import AsteriskChild

async def own():
    settings = settings_on_free_ports(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
    async with AsteriskChild(settings) as child:
        print(child.pid, flush=True)
        await asyncio.sleep(60)

asyncio.run(own())
"""


def name_of(pid: int) -> str:
    """Return what runs under that process id; empty when nothing does."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except FileNotFoundError:
        return ""


async def test_it_does_not_outlive_its_owner(tmp_path: Path, asterisk_root: Path) -> None:
    owner = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", OWNER, str(tmp_path / "node"), str(asterisk_root)),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    assert owner.stdout is not None
    pid = int(await owner.stdout.readline())
    assert name_of(pid) == "asterisk"
    owner.kill()
    await owner.wait()
    await eventually(lambda: not name_of(pid))


async def test_an_asterisk_that_cannot_start_says_why(asterisk: StartAsterisk) -> None:
    with pytest.raises(AsteriskFailed, match="no-such-program"):
        await asterisk(binary="no-such-program")
