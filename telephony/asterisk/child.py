"""Asterisk as our supervised child: rendered, started, health-checked, restarted when it dies, stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from telephony.asterisk.probe import AmiProbe, ProbeFailed, sip_options
from telephony.asterisk.render import SUBDIRECTORIES, render
from telephony.asterisk.settings import AsteriskSettings

START_SECONDS = 30.0
STOP_SECONDS = 10.0
CHECK_SECONDS = 3.0
PROBE_SECONDS = 3.0
TOLERATED_FAILURES = 2
BACK_OFF_SECONDS = (0.2, 1.0, 5.0, 15.0, 30.0)
STEADY_SECONDS = 60.0
"""An Asterisk that lived this long is restarted without delay."""

ENTER_ROOT = Path(__file__).with_name("enter_root.sh")


class AsteriskFailed(RuntimeError):
    """Asterisk could not be started; the message ends with what it said last."""


def in_root_command(
    root: str, argv: Sequence[str], *, directory: Path, visible: Sequence[Path] = (), user: str = "root"
) -> list[str]:
    """Return the command that runs `argv` inside `root`, in `directory`, seen there at its own path.

    The command keeps its process id through all of it, and is killed when the process that starts it ends.
    Needs root. `visible` names more directories to be seen inside.
    """
    if os.geteuid() != 0:
        raise AsteriskFailed("running in the development root needs root; or use `docker compose up`")
    seen = dict.fromkeys(str(path.absolute()) for path in (directory, *visible))
    shell = ("unshare", "--mount", "--propagation", "private", "sh", str(ENTER_ROOT))
    return [*shell, root, user, str(directory.absolute()), *seen, "--", *argv]


class AsteriskChild:
    """A running Asterisk, as a context manager; it never outlives this process.

    Entering raises AsteriskFailed if it does not come up within 30 s.
    """

    def __init__(self, settings: AsteriskSettings, report: Callable[[str], None] = lambda line: None) -> None:
        self.settings = settings
        self.starts = 0
        self._report = report
        self._process: asyncio.subprocess.Process | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._up = asyncio.Event()

    def __repr__(self) -> str:
        state = f"up, pid {self.pid}" if self._up.is_set() else "down"
        return f"<AsteriskChild {self.settings.systemname}: {state}, started {self.starts} times>"

    async def __aenter__(self) -> AsteriskChild:
        render(self.settings)
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def pid(self) -> int:
        """Return Asterisk's own process id; 0 when there is none."""
        return self._process.pid if self._process is not None and self._process.returncode is None else 0

    def cpu_seconds(self) -> float:
        """Return the CPU time of the running Asterisk (user and system), from /proc."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    async def start(self) -> None:
        """Start Asterisk, wait until AMI and SIP answer, and look after it from then on."""
        try:
            await self._launch()
        except BaseException:
            await self._end(signal.SIGKILL)
            raise
        self._supervisor = asyncio.create_task(self._supervise(), name=f"asterisk {self.settings.systemname}")

    async def stop(self) -> None:
        """Stop looking after it and stop it; killed if it is not gone in 10 s."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.wait((self._supervisor,))
            self._supervisor = None
        await self._end(signal.SIGTERM)

    async def restart(self) -> None:
        """Stop and start it."""
        await self.stop()
        await self.start()

    async def kill(self) -> None:
        """Kill it as a crash would; it is started again by itself (see `ready`)."""
        self._up.clear()
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def ready(self) -> None:
        """Wait until it is up."""
        await self._up.wait()

    async def _launch(self) -> None:
        settings = self.settings
        self._hand_over_directories()
        with (settings.instance / "log" / "console.log").open("wb") as console:
            self._process = await asyncio.create_subprocess_exec(
                *self._command(),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C on our terminal is ours to handle
            )
        self.starts += 1
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._until_it_answers()
        except TimeoutError as error:
            raise AsteriskFailed(f"Asterisk did not come up in {START_SECONDS:.0f} s. {self._last_words()}") from error
        self._up.set()

    def _command(self) -> list[str]:
        settings = self.settings
        asterisk = [settings.binary, "-f", "-n", "-C", str(settings.config_file)]
        if settings.root:
            visible = [settings.spool, settings.recordings]
            user = settings.user or "asterisk"
            return in_root_command(settings.root, asterisk, directory=settings.instance, visible=visible, user=user)
        identity = [f"--reuid={settings.user}", f"--regid={settings.user}", "--init-groups"] if settings.user else []
        raise_limit = ("sh", "-c", 'ulimit -n "$(ulimit -H -n)"; exec "$@"', "sh")  # a call takes some ten files
        return [*raise_limit, "setpriv", *identity, "--pdeathsig=KILL", *asterisk]

    def _hand_over_directories(self) -> None:
        """Give the instance to the user Asterisk runs as."""
        settings = self.settings
        user = settings.user or ("asterisk" if settings.root else "")
        if not user:
            return
        uid, gid = _ids_of(user, Path(settings.root or "/"))
        fallback = [path for path in settings.recordings.iterdir() if path.is_dir()]
        for path in (settings.instance, settings.spool, settings.recordings, *fallback):
            os.chown(path, uid, gid)
        for name in SUBDIRECTORIES:
            for folder, _, files in os.walk(settings.instance / name):
                for path in (Path(folder), *(Path(folder, file) for file in files)):
                    os.chown(path, uid, gid, follow_symlinks=False)

    async def _until_it_answers(self) -> None:
        while True:
            if self._process is None or self._process.returncode is not None:
                raise AsteriskFailed(f"Asterisk ended at once. {self._last_words()}")
            try:
                (await AmiProbe.log_in(self.settings, START_SECONDS)).close()
                await sip_options(self.settings.host, self.settings.sip_udp, 0.5)
            except ProbeFailed:
                await asyncio.sleep(0.05)
            else:
                return

    async def _supervise(self) -> None:
        attempt = 0
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            complaint = await self._until_unwell()
            self._up.clear()
            attempt = 0 if loop.time() - started >= STEADY_SECONDS else attempt
            delay = BACK_OFF_SECONDS[min(attempt, len(BACK_OFF_SECONDS) - 1)]
            attempt += 1
            self._report(f"Asterisk {self.settings.systemname}: {complaint}; restarting in {delay:g} s")
            await self._end(signal.SIGKILL)
            await asyncio.sleep(delay)
            try:
                await self._launch()
            except AsteriskFailed as error:
                self._report(str(error))

    async def _until_unwell(self) -> str:
        """Return what is wrong as soon as the process ends or several checks in a row have failed."""
        assert self._process is not None
        ended = asyncio.create_task(self._process.wait())
        checks = asyncio.create_task(self._check())
        try:
            await asyncio.wait((ended, checks), return_when=asyncio.FIRST_COMPLETED)
            return f"ended with code {ended.result()}" if ended.done() else checks.result()
        finally:
            ended.cancel()
            checks.cancel()
            await asyncio.gather(ended, checks, return_exceptions=True)

    async def _check(self) -> str:
        failures = 0
        probe: AmiProbe | None = None
        try:
            while True:
                try:
                    if probe is None:
                        probe = await AmiProbe.log_in(self.settings, PROBE_SECONDS)
                    await probe.ping(PROBE_SECONDS)
                    await sip_options(self.settings.host, self.settings.sip_udp, PROBE_SECONDS)
                    failures = 0
                except ProbeFailed as error:
                    if probe is not None:
                        probe.close()
                        probe = None
                    failures += 1
                    if failures > TOLERATED_FAILURES:
                        return str(error)
                await asyncio.sleep(CHECK_SECONDS)
        finally:
            if probe is not None:
                probe.close()

    async def _end(self, how: signal.Signals) -> None:
        self._up.clear()
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(how)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    def _last_words(self) -> str:
        said: list[str] = []
        for name in ("console.log", "messages"):
            path = self.settings.instance / "log" / name
            if path.exists():
                said += path.read_text(errors="replace").splitlines()[-5:]
        return "It said: " + " / ".join(said) if said else "It said nothing."


def _ids_of(user: str, root: Path) -> tuple[int, int]:
    for line in (root / "etc/passwd").read_text().splitlines():
        name, _, uid, gid, *_ = line.split(":")
        if name == user:
            return int(uid), int(gid)
    raise AsteriskFailed(f"there is no user {user!r} in {root}")
