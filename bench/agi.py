"""CPU of holding a call by FastAGI: six commands over a connection of its own, ours against panoramisk's server.

`python -m bench.agi` prints JSON lines. Each server runs in a process of its own, whose CPU alone is counted; the
rounds of all servers alternate and the best of each is taken.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from typing import Any

import uvloop
from panoramisk.fast_agi import Application

from telephony.agi.server import AgiServer
from telephony.agi.session import AgiSession

LINES = (
    *("network: yes", "network_script: citizen", "request: agi://127.0.0.1/citizen", "channel: PJSIP/carrier-0000002a"),
    *("language: en", "type: PJSIP", "uniqueid: n1-1795496497.42", "version: 22.10.1", "callerid: 13800001234"),
    *("calleridname: unknown", "callingpres: 0", "callingani2: 0", "callington: 0", "callingtns: 0", "dnid: 12345"),
    *("rdnis: unknown", "context: citizen", "extension: 12345", "priority: 7", "enhanced: 0.0", "accountcode: "),
    *("threadid: 140062734489280", "arg_1: n1-1795496497.42", "arg_2: 12345", "arg_3: 1795496497.191448"),
)
ENVIRONMENT = "".join(f"agi_{line}\n" for line in LINES).encode() + b"\n"
ANSWERS = (
    *(b"200 result=0\n", b"200 result=0 endpos=8000\n", b"200 result=0\n"),
    *(b"200 result=1\n", b"200 result=0\n", b"200 result=1 (ANSWER)\n"),
)
ROUNDS = 3
Serve = Callable[[Callable[[int], Awaitable[None]]], Awaitable[None]]


async def ours(ready: Callable[[int], Awaitable[None]]) -> None:
    """Serve with our server until `ready` returns."""

    async def hold(session: AgiSession) -> None:
        await session.answer()
        await session.stream_file("greeting")
        await session.exec("StartMusicOnHold")
        await session.set_variable("__HOTLINE_LEG", "n1-1795496497.42/1")
        await session.exec("Dial", "PJSIP/1001", "15", "g", timeout=None)
        await session.get_variable("DIALSTATUS")

    async with AgiServer(hold, "127.0.0.1", 0) as server:
        await ready(server.port)


async def panoramisk(ready: Callable[[int], Awaitable[None]]) -> None:
    """Serve with panoramisk's server until `ready` returns."""

    async def hold(request: Any) -> None:
        await request.send_command("ANSWER")
        await request.send_command('STREAM FILE "greeting" ""')
        await request.send_command('EXEC "StartMusicOnHold" ""')
        await request.send_command('SET VARIABLE "__HOTLINE_LEG" "n1-1795496497.42/1"')
        await request.send_command('EXEC "Dial" "PJSIP/1001,15,g"')
        await request.send_command('GET VARIABLE "DIALSTATUS"')

    application = Application()
    application.add_route("citizen", hold)
    async with await asyncio.start_server(application.handler, "127.0.0.1", 0) as server:
        await ready(server.sockets[0].getsockname()[1])


SERVERS: dict[str, tuple[Serve, bool]] = {
    "panoramisk's server, asyncio": (panoramisk, False),
    "panoramisk's server, uvloop": (panoramisk, True),
    "ours, asyncio": (ours, False),
    "ours, uvloop": (ours, True),
}


def child(name: str, parent: Connection) -> None:
    """Run one server; tell its port, then, when asked, the CPU seconds spent since."""
    serve, on_uvloop = SERVERS[name]

    async def ready(port: int) -> None:
        began = time.process_time()
        parent.send(port)
        await asyncio.to_thread(parent.recv)
        parent.send(time.process_time() - began)

    async def run() -> None:
        await serve(ready)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop if on_uvloop else None) as runner:
        runner.run(run())


async def call(port: int) -> None:
    """Be Asterisk for one call."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(ENVIRONMENT)
    for answer in ANSWERS:
        if not await reader.readline():
            raise ConnectionError("the server hung up before its last command")
        writer.write(answer)
    if await reader.read():
        raise ConnectionError("the server asked more than six times")
    writer.close()
    await writer.wait_closed()


async def drive(port: int, calls: int, at_once: int) -> None:
    """Make so many calls, so many at a time."""
    places = asyncio.Semaphore(at_once)

    async def one() -> None:
        async with places:
            await call(port)

    async with asyncio.TaskGroup() as group:
        for _ in range(calls):
            group.create_task(one())


def measure(name: str, calls: int, at_once: int) -> float:
    """Return the CPU µs that a server spends on a call."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=child, args=(name, there))
    process.start()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(drive(here.recv(), calls, at_once))
        here.send(None)
        return float(1e6 * here.recv() / calls)
    finally:
        process.join(10)
        process.kill()
        process.join()


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=2000, help="a server and round")
    parser.add_argument("--at-once", type=int, default=50)
    arguments = parser.parse_args()
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        for name in SERVERS:
            spent = measure(name, arguments.calls, arguments.at_once)
            best[name] = min(spent, best.get(name, spent))
    for name, spent in best.items():
        stock = "panoramisk's server, asyncio"
        line = {
            "bench": f"FastAGI, six commands a call: {name}",
            "value": round(spent, 1),
            "unit": "CPU µs/call",
            "against": stock,
            "ratio": round(spent / best[stock], 3),
        }
        print(json.dumps(line, ensure_ascii=False))


if __name__ == "__main__":
    main()
