"""Child processes are started with their output kept, measured, found and surely ended."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from simulation.processes import child_named, cpu_seconds, end, start_logged
from tests.sip_fixture import eventually


async def test_output_goes_to_the_log_and_the_environment_is_as_given(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = await start_logged(["sh", "-c", "echo $GREETING; echo no >&2"], log, {"GREETING": "nihao"})
    assert await process.wait() == 0
    assert log.read_text() == "nihao\nno\n"


async def test_one_that_will_not_end_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = await start_logged(["sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.1; done"], log, {})
    await eventually(lambda: log.exists() and "deaf" in log.read_text())
    await end(process, 0.2)
    assert process.returncode is not None
    await end(process, 0.2)


async def test_a_child_is_found_by_its_name_and_below_its_own_ancestor_only(tmp_path: Path) -> None:
    process = await start_logged(["sh", "-c", "sleep 100; :"], tmp_path / "log", {})
    await eventually(lambda: child_named(process.pid, "sleep"))
    assert child_named(os.getpid(), "sleep") == child_named(process.pid, "sleep") != process.pid
    assert child_named(process.pid, "no such name") == 0
    os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
    assert child_named(process.pid, "sleep") == 0


async def test_cpu_time_is_the_process_own_and_none_once_it_is_gone(tmp_path: Path) -> None:
    process = await start_logged([sys.executable, "-c", "while True: pass"], tmp_path / "log", {})
    await eventually(lambda: cpu_seconds(process.pid) >= 0.05)
    await end(process, 5)
    assert cpu_seconds(process.pid) == 0.0
    assert cpu_seconds(os.getpid()) > 0


async def test_a_process_dies_with_the_one_that_started_it(tmp_path: Path) -> None:
    code = f"""
import asyncio, time
from pathlib import Path
from simulation.processes import start_logged
async def main():
    process = await start_logged(["sleep", "100"], Path({str(tmp_path / "log")!r}), {{}})
    print(process.pid, flush=True)
    await asyncio.sleep(100)
asyncio.run(main())
"""
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    assert state_of(child)
    parent.kill()
    await parent.wait()
    await eventually(lambda: not state_of(child))


def state_of(pid: int) -> str:
    """Return the process's state letter, empty if it is gone or a zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "" if state == "Z" else state
