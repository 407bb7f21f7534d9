"""A hotline of our own to simulate on: settings, accounts and prompts in one directory, and the process."""

from __future__ import annotations

import array
import asyncio
import math
import os
import secrets
import socket
import sys
import wave
from contextlib import AsyncExitStack
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

import aiohttp
import msgspec

from simulation.accounts import Account
from simulation.faults import FaultKind, LockedSqlite, Outage, small_filesystem
from simulation.options import Options
from simulation.ports import free_port, free_udp_range
from simulation.processes import child_named, end, start_logged
from simulation.sipp import Target
from simulation.toml_text import toml
from telephony.asterisk.child import AsteriskChild
from telephony.asterisk.prompts import TEXTS
from telephony.asterisk.settings import AsteriskSettings, Phone, Trunk

QUEUE = DID = "12345"
READY_SECONDS = 60.0
STOP_SECONDS = 20.0
DATA_MEGABYTES = 48
"""Of the filesystem that is going to be full."""
PROMPT_SECONDS = 0.2
"""Short, so that a run is not spent listening to greetings."""


class WorldFailed(RuntimeError):
    """The hotline to simulate on did not come up; the message ends with what it said last."""


class World:
    """A running hotline with its Asterisk, as a context manager; it never outlives this process.

    Where faults are to come, Asterisk is not the hotline's child but ours, as it is a service of its own elsewhere.
    `database`: the server behind `options.database`, to be stopped and started.
    """

    def __init__(self, directory: Path, log: Path, options: Options, database: Outage | None = None) -> None:
        self.directory, self.log = directory, log
        self.data = directory / "data"
        self.database: Outage = database or LockedSqlite(self.data / "hotline.db")
        self.agents = {str(1001 + k): Phone(number=str(1001 + k), secret=_secret()) for k in range(options.agents)}
        self.asterisk = _asterisk(directory / "asterisk", options, tuple(self.agents.values()))
        self.desks = [Account.new(f"desk-{agent}", "agent", agent=agent) for agent in self.agents]
        self.supervisor = Account.new("simulation", "supervisor", "analyst")
        self.case_system = Account.new("case-system", "case_system")
        self.rest = f"http://127.0.0.1:{free_port()}"
        self.stream = f"ws://127.0.0.1:{free_port()}/v1/stream"
        self._options = options
        self._process: asyncio.subprocess.Process | None = None
        self._apart = AsteriskChild(self.asterisk) if options.faults else None
        self._stack = AsyncExitStack()
        self._killing = asyncio.Lock()

    def __repr__(self) -> str:
        return f"<World {self.asterisk.systemname} in {self.directory}: pid {self.pid}>"

    async def __aenter__(self) -> Self:
        write_prompts(Path(self.asterisk.prompts_dir))
        settings = self.directory / "hotline.toml"
        settings.touch(mode=0o600)
        settings.write_text(toml(self.settings()))
        self.log.unlink(missing_ok=True)
        async with AsyncExitStack() as stack:
            if any(fault.kind is FaultKind.DISK for fault in self._options.faults):
                stack.enter_context(small_filesystem(self.data, DATA_MEGABYTES))
            if self._apart is not None:
                await stack.enter_async_context(self._apart)
            stack.push_async_callback(self.stop)
            await self._start()
            await self._until_ready()
            self._stack = stack.pop_all()
        return self

    async def _start(self) -> None:
        argv = [sys.executable, "-m", "app", "run", "--config", str(self.directory / "hotline.toml"), "--role", "all"]
        self._process = await start_logged(argv, self.log, dict(os.environ))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def stop(self) -> None:
        """Stop the hotline, which stops its Asterisk."""
        if self._process is not None and self._alive:
            await end(self._process, STOP_SECONDS)

    async def kill(self) -> None:
        """Kill the hotline's process, which does not see it coming, and start it again."""
        async with self._killing:
            assert self._process is not None
            self._process.kill()
            await self._process.wait()
            await self._start()

    async def kill_asterisk(self) -> None:
        """Kill Asterisk; it is started again by itself."""
        assert self._apart is not None
        await self._apart.kill()

    async def until_ready(self, seconds: float) -> bool:
        """Wait until the hotline says to be ready; False if it does not in time."""
        until = monotonic() + seconds
        async with aiohttp.ClientSession() as session:
            while monotonic() < until:
                if await _is_ready(session, f"{self.rest}/readyz"):
                    return True
                await asyncio.sleep(0.05)
        return False

    @property
    def running(self) -> bool:
        """Say whether the hotline's process is there, or about to be again."""
        return self._killing.locked() or self._alive

    @property
    def _alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        """Return the hotline's process id."""
        return self._process.pid if self._process is not None else 0

    @property
    def asterisk_pid(self) -> int:
        """Return the process id of the hotline's Asterisk."""
        return self._apart.pid if self._apart else child_named(self.pid, "asterisk")

    @property
    def target(self) -> Target:
        """Return where SIPp calls."""
        return Target(host="127.0.0.1", port=self.asterisk.sip_udp, root=self.asterisk.root)

    def settings(self) -> dict[str, object]:
        """Return what the settings file holds."""
        options = self._options
        queue = {"id": QUEUE, "ring_s": 15, "wrap_up_s": options.wrap}
        agents = [{"id": agent, "phone": agent, "queues": [QUEUE]} for agent in self.agents]
        return {
            "data_dir": str(self.data),
            "run_asterisk": self._apart is None,
            "storage": {"url": options.database},
            "asterisk": msgspec.to_builtins(self.asterisk),
            "center": {"queues": [queue], "agents": agents},
            "api": {"host": "127.0.0.1", "port": _port(self.rest), "stream_port": _port(self.stream)},
            "accounts": [account.entry() for account in (*self.desks, self.supervisor, self.case_system)],
        }

    async def _until_ready(self) -> None:
        assert self._process is not None
        try:
            async with asyncio.timeout(READY_SECONDS), aiohttp.ClientSession() as session:
                while not await _is_ready(session, f"{self.rest}/readyz"):
                    if self._process.returncode is not None:
                        raise WorldFailed(f"the hotline ended at once. {self._last_words()}")
                    await asyncio.sleep(0.1)
        except TimeoutError as error:
            raise WorldFailed(f"the hotline was not ready in {READY_SECONDS:g} s. {self._last_words()}") from error

    def _last_words(self) -> str:
        words = self.log.read_text(errors="replace").splitlines()[-8:] if self.log.exists() else []
        return "It said: " + " / ".join(words) if words else "It said nothing."


def write_prompts(directory: Path) -> None:
    """Write every prompt as a short tone, so that a run needs no speech."""
    directory.mkdir(parents=True, exist_ok=True)
    tone = (round(6000 * math.sin(2 * math.pi * 440 * n / 8000)) for n in range(round(8000 * PROMPT_SECONDS)))
    samples = array.array("h", tone)
    if sys.byteorder == "big":
        samples.byteswap()
    for name in TEXTS:
        with wave.open(str(directory / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(samples.tobytes())


def _asterisk(directory: Path, options: Options, phones: tuple[Phone, ...]) -> AsteriskSettings:
    # A citizen and an agent take two ports each; those who wait take two.
    media = 4 * options.agents + 2 * min(options.calls, 1000) + 100
    rtp = free_udp_range(media)
    return AsteriskSettings(
        systemname=f"sim{secrets.token_hex(3)}",
        directory=str(directory),
        root=options.root,
        ami_secret=_secret(),
        trunks=(Trunk(name="carrier", host="127.0.0.1"),),
        dids=(DID,),
        phones=(*phones, Phone(number="9001", secret=_secret())),
        prompts_dir=str(directory.with_name("prompts")),
        sip_udp=free_port(socket.SOCK_DGRAM),
        http=free_port(),
        ami=free_port(),
        agi=free_port(),
        rtp_start=rtp,
        rtp_end=rtp + media - 1,
        rtp_timeout_seconds=30 if options.rtp else 0,
    )


async def _is_ready(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


def _port(url: str) -> int:
    return int(url.split("/")[2].rpartition(":")[2])


def _secret() -> str:
    return secrets.token_hex(8)
