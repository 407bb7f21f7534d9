"""Importing a queue_log and a CEL file: lines a CPU second, read and folded, against a bare split, in the same run.

`python -m bench.import_` (`make bench NAME=import`) prints JSON lines; CPU time of this process. `peak memory` is what
a log ten times as long takes on top, read and folded batch by batch as the command does.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import random
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from app.imports import import_file
from imports.digest import Cel, Digest, QueueLog
from imports.horizon import Horizon
from imports.names import Names
from storage.database import Database
from storage.migrations import upgrade

START = 1_700_000_000
BATCH = 15_000
"""Lines: about what the command reads at once."""


def queue_log(calls: int, seed: int = 1) -> Iterator[str]:
    """Make lines with the shape of a hotline's: missed rings, abandons, transfers, pauses."""
    dice = random.Random(seed)
    for number in range(calls):
        at = START + number * 3
        call = f"n1-{at}.{number}"
        agent = f"PJSIP/{1001 + dice.randrange(30)}"
        yield f"{at}|{call}|12345|NONE|ENTERQUEUE||138{dice.randrange(10**8):08}|1"
        wait = dice.randrange(60)
        if dice.random() < 0.08:
            yield f"{at + wait}|{call}|12345|NONE|ABANDON|1|1|{wait}"
            continue
        if dice.random() < 0.15:
            yield f"{at + wait}|{call}|12345|PJSIP/1009|RINGNOANSWER|{dice.randrange(15_000)}"
        talk = dice.randrange(20, 600)
        yield f"{at + wait}|{call}|12345|{agent}|CONNECT|{wait}|n1-{at}.{number}a|3"
        end = "BLINDTRANSFER|1040|xfer" if dice.random() < 0.05 else dice.choice(("COMPLETEAGENT", "COMPLETECALLER"))
        yield f"{at + wait + talk}|{call}|12345|{agent}|{end}|{wait}|{talk}|1"
        if dice.random() < 0.1:
            yield f"{at + wait + talk}|NONE|12345|{agent}|{dice.choice(('PAUSE|tea', 'UNPAUSE|'))}"


def cel(calls: int) -> Iterator[str]:
    """Make the rows of answered calls as our dialplan writes them."""
    for number in range(calls):
        at, call = START + number * 3, f"n1-{START}.{2 * number}"
        citizen = ("", "13800001234", "", "", "12345", "12345", "citizen", f"PJSIP/carrier-{2 * number:08x}")
        phone = ("1001", "1001", "", "", "", "s", "phones", f"PJSIP/1001-{2 * number + 1:08x}")
        bridge = json.dumps({"bridge_id": f"b{number}", "bridge_technology": "simple_bridge"})
        hung_up = json.dumps({"hangupcause": 16, "hangupsource": phone[-1], "dialstatus": ""})
        for step, (kind, who, app, extra) in enumerate(
            (
                ("CHAN_START", citizen, "", ""),
                ("ANSWER", citizen, "Answer", ""),
                ("APP_START", citizen, "AGI", ""),
                ("APP_END", citizen, "AGI", ""),
                ("APP_START", citizen, "Dial", ""),
                ("CHAN_START", phone, "", ""),
                ("ANSWER", phone, "AppDial", ""),
                ("BRIDGE_ENTER", phone, "AppDial", bridge),
                ("BRIDGE_ENTER", citizen, "Dial", bridge),
                ("BRIDGE_EXIT", phone, "AppDial", bridge),
                ("BRIDGE_EXIT", citizen, "Dial", bridge),
                ("HANGUP", phone, "AppDial", hung_up),
                ("CHAN_END", phone, "AppDial", ""),
                ("APP_END", citizen, "Dial", ""),
                ("HANGUP", citizen, "", hung_up),
                ("CHAN_END", citizen, "", ""),
                ("LINKEDID_END", citizen, "", ""),
            )
        ):
            uniqueid, userfield = (call, call if step else "") if who is citizen else (f"{call}a", "")
            row = (kind, f"{at}.{step:06}", *who, app, "", "3", "", uniqueid, call, "", userfield, "", extra)
            yield ",".join('"' + value.replace('"', '""') + '"' for value in row)


def digested(digest: Digest, lines: Iterator[str]) -> tuple[int, int]:
    """Read and fold in batches, calls and agents; return how many contacts and stretches came of it."""
    horizon, contacts, stretches = Horizon(), 0, 0
    while texts := list(islice(lines, BATCH)):
        batch = digest.read(texts)
        horizon.widen(batch.first, batch.last, batch.restarts)
        contacts += sum(1 for its in batch.calls.values() if digest.fold(its, horizon))
        seats: dict[str, list[object]] = {}
        for (agent, _), its in batch.agents.items():
            seats.setdefault(agent, []).extend(its)
        stretches += sum(len(digest.fold_agent(its, horizon)) for its in seats.values())
    return contacts, stretches


def cpu(digest: Digest, lines: list[str]) -> float:
    """Return lines a CPU second."""
    began = time.process_time()
    digested(digest, iter(lines))
    return len(lines) / (time.process_time() - began)


def bare(lines: list[str], of_csv: bool) -> float:
    """Return lines a CPU second that are only split."""
    began = time.process_time()
    if of_csv:
        for _ in csv.reader(lines):
            pass
    else:
        for line in lines:
            line.split("|")
    return len(lines) / (time.process_time() - began)


def peak(calls: int) -> float:
    """Return the peak of memory, MB."""
    tracemalloc.start()
    digested(QueueLog(Names()), queue_log(calls))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / 1e6


async def stored(directory: Path, name: str, lines: list[str]) -> float:
    """Return lines a second of the whole command, into SQLite."""
    file = directory / name
    file.write_text("\n".join(lines) + "\n")

    def kinds() -> list[Digest]:
        found: list[Digest] = [QueueLog(Names()), Cel(Names())]
        return found if name == "queue_log" else found[::-1]

    async with Database(f"sqlite:///{directory}/{name}.db") as database:
        await upgrade(database)
        began = time.perf_counter()
        await import_file(database, file, kinds)
        return len(lines) / (time.perf_counter() - began)


def show(name: str, value: float, unit: str, against: str, ratio: float) -> None:
    """Print one figure."""
    line = {"bench": name, "value": round(value, 1), "unit": unit, "against": against, "ratio": round(ratio, 3)}
    print(json.dumps(line), flush=True)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100_000)
    calls = parser.parse_args().calls
    makers = (("queue_log", list(queue_log(calls))), ("cel", list(cel(calls // 5))))
    for name, lines in makers:
        split = bare(lines, name == "cel")
        digest: Digest = QueueLog(Names()) if name == "queue_log" else Cel(Names())
        value = cpu(digest, lines)
        against = f"a bare {'csv.reader' if name == 'cel' else 'split'}, {round(split)} lines/s"
        show(f"{name} read and folded", value, "lines/CPU s", against, value / split)
        with tempfile.TemporaryDirectory(dir=Path.cwd()) as place:
            some = lines[: len(lines) // 2]
            whole = asyncio.run(stored(Path(place), name, some))
        show(f"{name} into SQLite", whole, "lines/s", "read and folded only", whole / value)
    small = peak(calls // 10)
    large = peak(calls)
    show("peak memory of a queue_log ten times as long", large, "MB", f"the short one, {small:.1f} MB", large / small)


if __name__ == "__main__":
    main()
