"""Child processes: started with their output in a file, ended surely, and what CPU they took."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence
from pathlib import Path

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


async def start_logged(argv: Sequence[str], log: Path, environment: dict[str, str]) -> asyncio.subprocess.Process:
    """Start a process whose output goes to `log`; it keeps its id, and is asked to end when this process dies.

    It has a session of its own: a Ctrl-C on our terminal is ours to handle.
    """
    with log.open("ab") as output:
        return await asyncio.create_subprocess_exec(
            *("setpriv", "--pdeathsig=TERM", *argv),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            env={"PATH": PATH, **environment},
        )


async def end(process: asyncio.subprocess.Process, patience_s: float) -> None:
    """Ask a process to end, and kill it if it is not gone in `patience_s` seconds."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(patience_s):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def cpu_seconds(pid: int) -> float:
    """Return a process's own CPU time so far (user and system, all its threads); 0 if it is gone. From /proc."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") if fields else 0.0


def child_named(parent: int, name: str) -> int:
    """Return the process id of a descendant of `parent` by its name (comm), 0 if there is none. From /proc."""
    parents = {int(path.name): _stat(int(path.name)) for path in Path("/proc").iterdir() if path.name.isdigit()}
    for pid, fields in parents.items():
        if fields and _name(pid) == name and _descends(pid, parent, parents):
            return pid
    return 0


def _descends(pid: int, ancestor: int, processes: dict[int, list[str]]) -> bool:
    while pid > 1 and pid != ancestor:
        fields = processes.get(pid)
        pid = int(fields[1]) if fields else 0
    return pid == ancestor


def _stat(pid: int) -> list[str]:
    """Return /proc/PID/stat from the state on (proc(5), field 3); [] if the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""
