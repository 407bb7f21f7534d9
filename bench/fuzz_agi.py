"""Whatever comes over the FastAGI wire, in whatever chunks: never a crash, never another meaning, never without bound.

With atheris (`pip install .[fuzz]`) guided by coverage, else by hypothesis; for HOTLINE_FUZZ_S seconds, an hour unless
set. One crash ends it with exit status 1 and the input.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from telephony.agi import wire
from telephony.agi.errors import AgiProtocolError

SECONDS = float(os.environ.get("HOTLINE_FUZZ_S", "3600"))
ENVIRONMENT = b"agi_uniqueid: n1-1.2\nagi_callerid: 138\n\n"
PART = b"\xff"
"""Divides an input: a command is sent before each part, where the one before it was answered."""
WORDS = (
    *(b"200 result=", b"0\n", b"-1\n", b"1 (", b")\n", b"\n", b"\r\n", b"HANGUP\n", b"520-", b"520 End of", b"510 x\n"),
    *(b"511 result=-1\n", b"100 result=0 Trying...\n", b" endpos=", b"agi_", b": ", PART, b"(", b"\xe5\x8f\xb7", b"\0"),
    *(b"9" * 400, b"x" * 8190, b"x\n" * 210, b"agi_arg_1: a\n", b"\xc3" * 9000),
)
Seen = tuple[list[wire.AgiEvent], bool, bool]


def check(data: bytes) -> int:
    """Feed an input whole, byte by byte and unevenly: all the same. Returns how many events it made.

    Raises AssertionError where the wire's promises are broken, and whatever else it raises that it must not.
    """
    whole = _fed(data, len(data) or 1)
    for size in (1, 7):
        assert _fed(data, size) == whole, f"in chunks of {size} it means something else"
    return len(whole[0])


def _fed(data: bytes, size: int) -> Seen:
    greeted, rest = data[:1] != b"\0", data[1:]
    one, events, sent = wire.AgiWire(), [], 0
    if greeted:
        one.receive_data(ENVIRONMENT)
        events += one.events_received()
    try:
        for part in rest.split(PART):
            if greeted and not one._awaiting:
                one.send_command("NOOP")
                sent += 1
            for at in range(0, len(part), size):
                try:
                    one.receive_data(part[at : at + size])
                finally:
                    events += one.events_received()
                assert len(one._buffer) <= wire.MAX_LINE, "it keeps more than a line"
    except AgiProtocolError:
        return events, one.hung_up, True
    finally:
        answers = sum(isinstance(event, wire.AgiResult) for event in events)
        assert answers <= sent, f"{answers} answers to {sent} commands"
    return events, one.hung_up, False


def by_atheris() -> tuple[int, int]:
    """Return how many inputs were tried and the exit status, from a process of libFuzzer's own."""
    with tempfile.TemporaryDirectory() as directory:
        dictionary = Path(directory, "words")
        dictionary.write_text(_dictionary())
        child = subprocess.run(
            [
                *(
                    sys.executable,
                    "-m",
                    "bench.fuzz_agi",
                    "child",
                    f"-dict={dictionary}",
                    f"-artifact_prefix={directory}/",
                ),
                *(f"-max_total_time={SECONDS:.0f}", "-max_len=20000", "-print_final_stats=1"),
            ],
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    if child.returncode:
        print(child.stderr[-4000:], file=sys.stderr)
    found = re.search(r"number_of_executed_units: (\d+)", child.stderr)
    return int(found[1]) if found else 0, child.returncode


def _dictionary() -> str:
    return "".join('"' + "".join(f"\\x{byte:02x}" for byte in word[:60]) + '"\n' for word in WORDS)


def child(arguments: list[str]) -> None:
    """Be libFuzzer's own process; does not return."""
    import atheris

    for name, function in list(vars(wire.AgiWire).items()):
        if callable(function) and not name.startswith("__"):
            setattr(wire.AgiWire, name, atheris.instrument_func(function))
    atheris.Setup([sys.argv[0], *arguments], check)
    atheris.Fuzz()


def by_hypothesis() -> tuple[int, int]:
    """Return how many inputs were tried and the exit status."""
    from hypothesis import HealthCheck, Phase, given, settings, target
    from hypothesis import strategies as st

    tried = 0

    @settings(
        max_examples=2_000,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.target, Phase.shrink),
    )
    @given(st.lists(st.sampled_from(WORDS) | st.binary(max_size=40), max_size=30))
    def one(words: list[bytes]) -> None:
        nonlocal tried
        tried += 1
        target(float(check(b"".join(words))))

    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        try:
            one()
        except Exception as error:
            print(f"{error!r} {getattr(error, '__notes__', '')}", file=sys.stderr)
            return tried, 1
    return tried, 0


def main() -> int:
    """Fuzz, print what came of it as JSON, return the exit status."""
    engine, run = ("atheris", by_atheris) if importlib.util.find_spec("atheris") else ("hypothesis", by_hypothesis)
    began = time.monotonic()
    tried, status = run()
    seconds = time.monotonic() - began
    figures = {"engine": engine, "seconds": round(seconds), "inputs": tried, "inputs_per_s": round(tried / seconds)}
    print(json.dumps({**figures, "crashes": int(status != 0)}))
    return status


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        child(sys.argv[2:])
    sys.exit(main())
