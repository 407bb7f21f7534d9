"""SIPp processes: scenarios rendered, started where Asterisk's tools are, their logs kept, ended with us."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from msgspec import Struct

from simulation.processes import end, start_logged
from simulation.sip_log import Frame, frames
from telephony.asterisk.child import in_root_command

STOP_SECONDS = 3.0
LONGEST_STATISTICS_LINE = 8192
"""Bytes."""


class SippFailed(RuntimeError):
    """SIPp ended by itself when it should not have; the message ends with what it said last."""


class Target(Struct, frozen=True, kw_only=True):
    """The Asterisk that is called, and the root that SIPp is in (empty: this machine)."""

    host: str
    port: int
    root: str = ""


class Sipp:
    """One SIPp. Its files, all beginning with `name`, are in `directory`."""

    def __init__(self, target: Target, directory: Path, name: str) -> None:
        self.target, self.directory, self.name = target, directory, name
        self._process: asyncio.subprocess.Process | None = None

    def __repr__(self) -> str:
        return f"<Sipp {self.name}: {'running' if self.running else 'not running'}>"

    @property
    def running(self) -> bool:
        """Say whether the process is there."""
        return self._process is not None and self._process.returncode is None

    @property
    def message_log(self) -> Path:
        """Return where every frame is written with its instant."""
        return self.directory / f"{self.name}.messages.log"

    def scenario(self, template: str, **values: object) -> str:
        """Write a scenario of simulation/scenarios with its values and return its path."""
        path = self.directory / f"{self.name}.{template}"
        path.write_text(_environment().get_template(template).render(values))
        return str(path)

    def injection(self, order: str, rows: Sequence[Sequence[str]]) -> str:
        """Write an injection file (SEQUENTIAL or USER order) and return its path."""
        path = self.directory / f"{self.name}.csv"
        path.write_text("".join([f"{order}\n", *(";".join(row) + "\n" for row in rows)]))
        return str(path)

    async def start(self, port: int, *arguments: str, kept: bool = True) -> None:
        """Start it on 127.0.0.1:`port`; `kept`: every frame and the statistics are, else a few errors only."""
        argv = [
            *("sipp", f"{self.target.host}:{self.target.port}", "-i", "127.0.0.1", "-mi", "127.0.0.1"),
            *("-p", str(port), "-nostdin", "-rfc3339", "-trace_err", "-error_file", self._file("errors.log")),
            *(self._kept() if kept else ("-max_log_size", "1000000")),
            *arguments,
        ]
        if self.target.root:
            argv = in_root_command(self.target.root, argv, directory=self.directory)
        self._process = await start_logged(argv, Path(self._file("screen.log")), {"TERM": "dumb", "TZ": "UTC"})

    async def wait(self) -> int:
        """Wait until it ends by itself and return its exit code (0: every call went as the scenario says)."""
        assert self._process is not None
        return await self._process.wait()

    async def stop(self) -> None:
        """End it; killed if it is not gone in 3 s."""
        if self._process is not None:
            await end(self._process, STOP_SECONDS)

    def frames(self) -> list[Frame]:
        """Return the frames logged so far."""
        if not self.message_log.exists():
            return []
        with self.message_log.open(errors="replace") as log:
            return list(frames(log))

    def statistics(self) -> dict[str, str]:
        """Return the newest line of SIPp's statistics (`sipp -h stat`), at most a second old; {} before the first."""
        path = Path(self._file("statistics.csv"))
        if not path.exists():
            return {}
        with path.open("rb") as file:
            names = file.readline().decode().split(";")
            file.seek(max(file.tell(), path.stat().st_size - 2 * LONGEST_STATISTICS_LINE))
            lines = file.read().decode(errors="replace").split("\n")
        # What stands after the last line feed may be half a line.
        return dict(zip(names, lines[-2].split(";"), strict=False)) if len(lines) > 1 else {}

    def complaint(self) -> SippFailed:
        """Return an error with SIPp's last words."""
        screen = Path(self._file("screen.log"))
        words = screen.read_text(errors="replace").splitlines()[-5:] if screen.exists() else []
        return SippFailed(f"SIPp for the {self.name} ended. It said: " + " / ".join(words))

    def _kept(self) -> tuple[str, ...]:
        statistics = self._file("statistics.csv")
        return ("-trace_msg", "-message_file", str(self.message_log), "-trace_stat", "-stf", statistics, "-fd", "1")

    def _file(self, suffix: str) -> str:
        return str(self.directory / f"{self.name}.{suffix}")


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("simulation", "scenarios"),
        autoescape=False,  # values are ours: numbers, paths
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
