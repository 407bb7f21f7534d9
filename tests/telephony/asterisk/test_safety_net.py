"""With no server of ours at all, a citizen is answered, told of the recording, and reaches somebody."""

from __future__ import annotations

import asyncio
import csv
import math
import re
import struct
import wave
from pathlib import Path

import pytest

from queueing.settings import Announcements
from simulation.ports import free_port
from telephony.agi.spool import read_spool
from telephony.asterisk.settings import AsteriskSettings, Phone
from tests.asterisk_fixture import LogIn, StartAsterisk
from tests.sip_fixture import RtpEar, Sipp, caller_scenario, eventually, phone_scenario

pytestmark = pytest.mark.integration

CITIZEN = "13800000001"
CEL_COLUMNS = (
    *("eventtype", "eventtime", "name", "num", "ani", "rdnis", "dnid", "exten", "context", "channel"),
    *("app", "data", "amaflags", "account", "uniqueid", "linkedid", "peer", "userfield", "userdef", "extra"),
)


def write_tone(path: Path, half_period: int) -> None:
    """Write 0.4 s of a square wave, which A-law carries as runs of two bytes."""
    wave_form = ([8000] * half_period + [-8000] * half_period) * (1600 // half_period)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(struct.pack(f"<{len(wave_form)}h", *wave_form))


def hears_tone(ear: RtpEar, half_period: int) -> bool:
    run = b"(.)" + rb"\%d{%d}"
    one, other = run % (2, half_period - 1), run % (3, half_period - 1)
    return re.search(b"(" + one + other + rb")\1{20}", bytes(ear.audio), re.DOTALL) is not None


@pytest.fixture
def own_prompts(tmp_path: Path) -> str:
    """Give an operator's prompts that a test can recognise: 1000 Hz, 500 Hz, 250 Hz."""
    directory = tmp_path / "own-prompts"
    directory.mkdir()
    for name, half_period in (("greeting", 4), ("notice", 8), ("emergency", 16)):
        write_tone(directory / f"{name}.wav", half_period)
    return str(directory)


def phone_at(port: int, number: str = "1001") -> Phone:
    return Phone(number=number, secret="a-test-secret", contact=f"sip:{number}@127.0.0.1:{port}")


def cel(settings: AsteriskSettings) -> list[dict[str, str]]:
    with settings.cel_file.open(newline="") as file:
        return [dict(zip(CEL_COLUMNS, row, strict=True)) for row in csv.reader(file)]


async def test_a_citizen_is_told_and_answered_from_the_fallback_queue(
    asterisk: StartAsterisk, ami_of: LogIn, sipp: Sipp, ear: RtpEar, own_prompts: str
) -> None:
    phone_port = free_port()
    child = await asterisk(phones=(phone_at(phone_port),), qualify_seconds=0, prompts_dir=own_prompts)
    ami = await ami_of(child)
    member = await ami.ask(Action="QueueAdd", Queue="fallback", Interface="PJSIP/1001")
    assert member["Response"] == "Success"
    phone = await sipp.start(phone_scenario(free_port()), phone_port)
    target = f"127.0.0.1:{child.settings.sip_udp}"
    caller = await sipp.start(caller_scenario("12345", CITIZEN, ear.port, talk_ms=4000), free_port(), target)

    citizen = (await ami.event("QueueCallerJoin", CallerIDNum=CITIZEN))["Channel"]
    await ami.event("BridgeEnter", Channel=citizen)
    arrived = (await ami.ask(Action="Getvar", Channel=citizen, Variable="HOTLINE_ARRIVED"))["Value"]
    contact = (await ami.ask(Action="Getvar", Channel=citizen, Variable="HOTLINE_CONTACT"))["Value"]
    assert hears_tone(ear, 4), "the greeting"
    assert hears_tone(ear, 8), "the recording notice"
    assert await caller.wait() == 0
    assert await phone.wait() == 0

    assert re.fullmatch(r"\d{10}\.\d{6}", arrived)
    assert contact.startswith(child.settings.systemname + "-")
    recording = child.settings.recordings / f"{contact}-fallback.raw"
    await eventually(lambda: recording.exists() and recording.stat().st_size > 16_000)
    await eventually(lambda: any(row["eventtype"] == "LINKEDID_END" for row in cel(child.settings)))
    rows = [row for row in cel(child.settings) if row["channel"] == citizen and row["eventtype"] != "CHAN_START"]
    assert {row["userfield"] for row in rows if row["eventtype"] == "HANGUP"} == {contact}
    starts = [row["app"] for row in rows if row["eventtype"] == "APP_START"]
    assert starts == ["AGI", "Queue"]
    assert all(math.isclose(float(rows[0]["eventtime"]), float(arrived), abs_tol=60) for _ in rows)
    assert re.fullmatch(r"\d+\.\d{6}", rows[0]["eventtime"])
    assert f"|{contact}|fallback|" in child.settings.queue_log_file.read_text()
    assert contact in child.settings.cdr_file.read_text()


async def test_who_waits_in_the_fallback_queue_hears_their_place_and_a_word_of_comfort(
    asterisk: StartAsterisk, ami_of: LogIn, sipp: Sipp, ears: list[RtpEar], own_prompts: str
) -> None:
    talks, first, second = ears
    for name, half_period in (("position-1", 3), ("position-2", 5), ("comfort", 6)):
        write_tone(Path(own_prompts) / f"{name}.wav", half_period)
    port = free_port()
    announced = Announcements(first_s=2, every_s=3)
    child = await asterisk(
        phones=(phone_at(port),), qualify_seconds=0, prompts_dir=own_prompts, announcements=announced
    )
    ami = await ami_of(child)
    await ami.ask(Action="QueueAdd", Queue="fallback", Interface="PJSIP/1001")
    await sipp.start(phone_scenario(free_port()), port)
    target = f"127.0.0.1:{child.settings.sip_udp}"

    async def arrive(number: str, ear: RtpEar) -> None:
        await sipp.start(caller_scenario("12345", number, ear.port, talk_ms=60_000), free_port(), target)
        await ami.event("QueueCallerJoin", CallerIDNum=number)

    await arrive("13800000001", talks)
    await ami.event("BridgeEnter", CallerIDNum="1001")
    await arrive("13800000002", first)
    await arrive("13800000003", second)
    await eventually(lambda: hears_tone(second, 5), 30)
    assert not hears_tone(second, 3), "only the next is told to be next"
    for ear, half_period in ((first, 3), (first, 6), (second, 6)):
        await eventually(lambda: hears_tone(ear, half_period), 30)  # noqa: B023 - awaited here
    assert not hears_tone(first, 5) and not hears_tone(talks, 5)


async def test_our_server_is_told_whom_it_holds_and_ends_the_call_by_saying_so(
    asterisk: StartAsterisk, sipp: Sipp, ear: RtpEar
) -> None:
    environment: dict[str, str] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\n\n")).decode().splitlines()
        environment.update({key: value for key, _, value in (line.partition(": ") for line in lines)})
        writer.write(b"SET VARIABLE HOTLINE_DONE 1\n")
        await reader.readline()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        child = await asterisk(agi=server.sockets[0].getsockname()[1])
        target = f"127.0.0.1:{child.settings.sip_udp}"
        caller = await sipp.start(caller_scenario("12345", CITIZEN, ear.port, None), free_port(), target)
        assert await caller.wait() == 0, "hung up by the dialplan"
    assert environment["agi_network_script"] == "citizen"
    assert environment["agi_callerid"] == CITIZEN
    assert environment["agi_arg_1"] == environment["agi_uniqueid"]
    assert environment["agi_arg_2"] == "12345"
    assert re.fullmatch(r"\d{10}\.\d{6}", environment["agi_arg_3"])
    assert "ENTERQUEUE" not in child.settings.queue_log_file.read_text()


async def test_without_our_server_a_transfer_arrives_and_bringing_back_leads_to_the_queue(
    asterisk: StartAsterisk, ami_of: LogIn, sipp: Sipp, ear: RtpEar
) -> None:
    ports = free_port(), free_port()
    phones = phone_at(ports[0], "1001"), phone_at(ports[1], "1002")
    child = await asterisk(phones=phones, qualify_seconds=0)
    ami = await ami_of(child)
    await ami.ask(Action="QueueAdd", Queue="fallback", Interface="PJSIP/1001")
    for port in ports:
        await sipp.start(phone_scenario(free_port()), port)
    target = f"127.0.0.1:{child.settings.sip_udp}"
    await sipp.start(caller_scenario("12345", CITIZEN, ear.port, talk_ms=60_000), free_port(), target)

    citizen = (await ami.event("QueueCallerJoin", CallerIDNum=CITIZEN))["Channel"]
    first = (await ami.event("BridgeEnter", CallerIDNum="1001"))["Channel"]
    await ami.event("BridgeEnter", Channel=citizen)
    moved = await ami.ask(Action="BlindTransfer", Channel=first, Exten="1002", Context="xfer")
    assert moved["Response"] == "Success"
    await ami.event("BridgeEnter", CallerIDNum="1002")
    await ami.event("BridgeEnter", Channel=citizen)

    await sipp.start(phone_scenario(free_port()), ports[0])
    # From an answered Dial, whose DIALSTATUS must not be taken for an answer of what comes now.
    back = await ami.ask(Action="Redirect", Channel=citizen, Context="hotline-back", Exten="12345", Priority="1")
    assert back["Response"] == "Success"
    await ami.event("BridgeEnter", CallerIDNum="1001")
    await ami.event("BridgeEnter", Channel=citizen)
    assert child.settings.queue_log_file.read_text().count("|ENTERQUEUE|") == 2


async def test_with_nobody_there_the_emergency_script_spools_the_missed_call(
    asterisk: StartAsterisk, sipp: Sipp, ear: RtpEar, own_prompts: str
) -> None:
    child = await asterisk(prompts_dir=own_prompts, emergency_message_seconds=2)
    target = f"127.0.0.1:{child.settings.sip_udp}"
    caller = await sipp.start(caller_scenario("12345", CITIZEN, ear.port, talk_ms=None), free_port(), target)

    await eventually(lambda: hears_tone(ear, 16), 30)
    assert await caller.wait() == 0, "the script ends by itself and the call is hung up"
    await eventually(lambda: any(child.settings.spool.glob("*.json")))
    [(_, missed)] = read_spool(child.settings.spool)
    assert missed.number == CITIZEN
    assert missed.did == "12345"
    assert missed.contact.startswith(child.settings.systemname + "-")
    assert missed.recording is not None
    assert missed.recording.startswith(str(child.settings.spool)), "the message, seen under the same path outside"


async def test_a_number_that_is_not_ours_is_refused(asterisk: StartAsterisk, sipp: Sipp, ear: RtpEar) -> None:
    child = await asterisk()
    target = f"127.0.0.1:{child.settings.sip_udp}"
    caller = await sipp.start(caller_scenario("54321", CITIZEN, ear.port, talk_ms=100), free_port(), target)
    assert await caller.wait() != 0
    assert not child.settings.cel_file.exists() or cel(child.settings) == []


async def test_the_echo_test_answers_nobody_without_a_phones_secret(
    asterisk: StartAsterisk, sipp: Sipp, ear: RtpEar
) -> None:
    child = await asterisk(phones=(Phone(number="1001", secret="a-test-secret"),))
    target = f"127.0.0.1:{child.settings.sip_udp}"
    caller = await sipp.start(caller_scenario("*43", "1001", ear.port, talk_ms=100), free_port(), target)
    assert await caller.wait() != 0
