"""A listening session over SIGKILLs of the real process: found again, ended and recorded, noted and exported."""

from __future__ import annotations

import asyncio
import csv
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from simulation.accounts import Account
from simulation.ports import free_port
from simulation.processes import end, start_logged
from simulation.toml_text import toml
from simulation.world import write_prompts
from telephony.asterisk.child import AsteriskChild
from telephony.asterisk.settings import Phone
from tests.asterisk_fixture import Ami, settings_on_free_ports
from tests.sip_phone import SipPhone, open_phone

pytestmark = pytest.mark.integration

PATIENCE_S = 40.0
CITIZEN, AGENT, LISTENER, STRANGER = "13800001234", "1001", "9001", "9002"


class Office:
    """The hotline's process beside an Asterisk of its own, phones in this process, and REST."""

    def __init__(self, directory: Path, child: AsteriskChild, phones: dict[str, SipPhone]) -> None:
        self.directory, self.child, self.settings, self.phones = directory, child, child.settings, phones
        self.rest = f"http://127.0.0.1:{free_port()}"
        self.agent = Account.new("li", "agent", agent="a1")
        self.supervisor = Account.new("wang", "supervisor")
        self.log = directory / "hotline.log"
        self.process: asyncio.subprocess.Process | None = None
        self.file = directory / "hotline.toml"
        self.file.write_text(
            toml(
                {
                    "data_dir": str(directory / "data"),
                    "run_asterisk": False,
                    "asterisk": msgspec.to_builtins(child.settings),
                    "center": {"agents": [{"id": "a1", "phone": AGENT, "queues": ["12345"]}]},
                    "api": {"host": "127.0.0.1", "port": int(self.rest.rpartition(":")[2]), "stream_port": free_port()},
                    "accounts": [account.entry() for account in (self.agent, self.supervisor)],
                }
            )
        )

    def argv(self, *words: str) -> list[str]:
        """Return a hotline command."""
        return [sys.executable, "-m", "app", "--config", str(self.file), *words]

    async def start(self) -> None:
        """Start the process; return once it says that it is ready."""
        self.process = await start_logged(self.argv("run"), self.log, dict(os.environ))
        await self.comes("/readyz", lambda answer: answer is not None)

    async def kill(self) -> None:
        """Kill the process, which does not see it coming."""
        assert self.process is not None
        self.process.kill()
        await self.process.wait()

    async def ask(self, method: str, path: str, body: Any = None, account: Account | None = None) -> Any:
        """Ask REST; None where it refuses or is away."""
        headers = (account or self.supervisor).bearer()
        url = path if path in ("/readyz", "/metrics") else f"/api/v1{path}"
        try:
            async with (
                aiohttp.ClientSession(headers=headers) as session,
                session.request(method, self.rest + url, json=body) as answer,
            ):
                if answer.status >= 400:
                    return None
                return await (answer.text() if url == path else answer.json()) if answer.status != 204 else {}
        except aiohttp.ClientError:
            return None

    async def comes(self, path: str, condition: Callable[[Any], Any]) -> Any:
        """Ask until the answer is as it should be; return it. Raises TimeoutError that tells the last one."""
        answer: Any = None
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not condition(answer := await self.ask("GET", path)):  # noqa: ASYNC110 - it is another process
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise TimeoutError(f"{path} was at last {answer}") from None
        return answer


@pytest.fixture
async def office(tmp_path: Path, asterisk_root: Path) -> AsyncIterator[Office]:
    """Give an office with an agent, a supervisor's phone and a stranger's."""
    async with AsyncExitStack() as stack:
        phones = {n: await stack.enter_async_context(open_phone(n)) for n in (CITIZEN, AGENT, LISTENER, STRANGER)}
        write_prompts(tmp_path / "prompts")
        settings = settings_on_free_ports(
            tmp_path / "asterisk",
            asterisk_root,
            phones=tuple(
                Phone(number=n, secret="a-test-secret", contact=phones[n].contact) for n in (AGENT, LISTENER, STRANGER)
            ),
            qualify_seconds=0,
            prompts_dir=str(tmp_path / "prompts"),
        )
        child = await stack.enter_async_context(AsteriskChild(settings))
        opened = Office(tmp_path, child, phones)
        await opened.start()
        yield opened
        if opened.process is not None:
            await end(opened.process, PATIENCE_S)


async def spied_on_by_a_stranger(office: Office) -> None:
    """Start a ChanSpy past the hotline."""
    ami = await Ami.of(office.child)
    spy = {"Channel": f"PJSIP/{STRANGER}", "Application": "ChanSpy", "Data": f"PJSIP/{AGENT}-,q", "Async": "true"}
    assert (await ami.ask(Action="Originate", **spy))["Response"] == "Success"
    await ami.event("ChanSpyStart")
    ami.close()


async def test_a_session_is_found_again_and_its_end_while_nobody_looked_is_recorded(office: Office) -> None:
    assert await office.ask("PUT", "/agents/a1/state", {"state": "ready"}, office.agent) is not None
    office.phones[CITIZEN].call("12345", (office.settings.host, office.settings.sip_udp))
    await asyncio.wait_for(office.phones[AGENT].talking.wait(), PATIENCE_S)
    wish = {"agent": "a1", "purpose": "新员工辅导", "phone": LISTENER}
    session = (await office.ask("POST", "/listening", wish))["session"]
    await office.comes("/listening", lambda found: found["items"][0]["stage"] == "hearing")
    await office.kill()
    assert office.phones[LISTENER].talking.is_set(), "the listener hears on"
    await office.start()
    found = await office.comes("/listening", lambda found: found and found["items"])
    assert [(one["id"], one["stage"], one["hearing"]) for one in found["items"]] == [(session, "hearing", 1)]

    await office.kill()
    await spied_on_by_a_stranger(office)
    office.phones[LISTENER].hang_up()
    await asyncio.sleep(1)
    await office.start()
    found = await office.comes("/listening", lambda found: found and [one["by"] for one in found["items"]] == [None])
    assert "ALARM: somebody listens who did not ask us" in office.log.read_text()
    metrics = await office.ask("GET", "/metrics")
    assert "hotline_listening_foreign_total 1.0" in metrics

    office.phones[CITIZEN].hang_up()
    office.phones[STRANGER].hang_up()
    await office.comes("/listening", lambda found: found and not found["items"])
    assert await office.ask("PUT", f"/listening/{session}/note", {"note": "耐心"}) is not None
    past = await office.comes(
        "/listening/sessions", lambda found: found and {one["note"] for one in found["items"]} == {"", "耐心"}
    )
    ours, foreign = sorted(past["items"], key=lambda one: one["foreign"])
    assert (ours["session"], ours["end"], ours["by"], ours["note"]) == (session, "lost", "wang", "耐心")
    assert (foreign["by"], foreign["agent"], foreign["end"]) == (None, "a1", "over")
    for one in (ours, foreign):
        assert [(part["n"], bool(part["ended_at"])) for part in one["heard"]] == [(1, True)]
    await exported(office, session)


async def exported(office: Office, session: str) -> None:
    """Check that the export has the session, its note and what it heard."""
    for what in ("listening", "hearings"):
        file = office.directory / f"{what}.csv"
        argv = office.argv("export", what, "--format", "csv", "-o", str(file))
        process = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE)
        await process.communicate()
        assert process.returncode == 0
        with file.open(newline="", encoding="utf-8") as lines:
            rows = {row["session"]: row for row in csv.DictReader(lines)}
        assert len(rows) == 2
        if what == "listening":
            assert (rows[session]["note"], rows[session]["followed"]) == ("耐心", "a1")
        else:
            assert rows[session]["agent"] == "a1"
