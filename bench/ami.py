"""AMI events a CPU second: ours with exactly the product's subscription, plain panoramisk, and a bare split.

`python -m bench.ami [CAPTURE…]` prints JSON lines. The mix is real: unfiltered captures of Asterisk 22.10.1, repeated.
Rounds are interleaved, so that a busy machine meets all of them; ratios are medians of rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from panoramisk import Manager
from panoramisk.ami_protocol import AMIProtocol

from telephony.ami.manager import AmiManager
from telephony.ami.session import State
from telephony.ami.subscription import SUBSCRIPTION

CAPTURES = Path(__file__).resolve().parent.parent / "tests" / "recordings"
CHUNK = 16_384
BYTES = 4 << 20


class Nowhere:
    """A transport that takes everything."""

    def write(self, data: bytes) -> None:
        """Take it."""

    def close(self) -> None:
        """Close nothing."""


def stream(paths: list[Path], *, subscribed_only: bool) -> tuple[list[bytes], int]:
    """Return about 4 MB of captured events in chunks, and how many events that is."""
    blocks = [block for path in paths for block in path.read_bytes().split(b"\r\n\r\n") if block.startswith(b"Event: ")]
    names = {name.encode() for name in SUBSCRIPTION}
    if subscribed_only:
        blocks = [block for block in blocks if block[7:].partition(b"\r\n")[0] in names]
    once = b"\r\n\r\n".join(blocks) + b"\r\n\r\n"
    times = max(1, BYTES // len(once))
    data = once * times
    return [data[at : at + CHUNK] for at in range(0, len(data), CHUNK)], len(blocks) * times


def cpu(feed: Callable[[bytes], Any], chunks: list[bytes]) -> float:
    """Return the CPU seconds of feeding all chunks."""
    began = time.process_time()
    for chunk in chunks:
        feed(chunk)
    return time.process_time() - began


def ours() -> tuple[Callable[[bytes], Any], list[int]]:
    """Return the product's way in: protocol, session, wire and the delivery to one synchronous callback."""
    seen = [0]

    def on_event(headers: dict[str, Any]) -> None:
        seen[0] += 1

    manager = AmiManager("127.0.0.1", 1, "user", "secret", SUBSCRIPTION, on_event)
    manager.session.state = State.LOGGED_IN
    manager.session.wire.banner = "Asterisk Call Manager/11.0.0"
    manager.session._pending.clear()
    manager.session.wire.listing = False
    protocol: Any = manager.config["protocol_factory"]()
    return protocol.data_received, seen


def panoramisk(names: list[str]) -> tuple[Callable[[bytes], Any], list[int]]:
    """Return plain panoramisk's way in, with one callback for the same event names."""
    seen = [0]

    def on_event(manager: Manager, message: Any) -> None:
        seen[0] += 1

    manager = Manager(loop=asyncio.get_running_loop())
    for name in names:
        manager.register_event(name, on_event)
    protocol = AMIProtocol()
    protocol.connection_made(Nowhere())
    protocol.factory = manager
    protocol.version = "11.0.0"
    protocol.encoding = "utf8"
    return protocol.data_received, seen


def split() -> tuple[Callable[[bytes], Any], list[int]]:
    """Return the least that any reader must do."""
    return (lambda data: data.split(b"\r\n\r\n")), [0]


async def measure(mix: str, chunks: list[bytes], events: int, rounds: int) -> None:
    """Print the figures of one mix."""
    ways = {"ours": ours, "panoramisk": lambda: panoramisk(list(SUBSCRIPTION)), "split": split}
    rates: dict[str, list[float]] = {name: [] for name in ways}
    delivered: dict[str, int] = {}
    for _ in range(rounds):
        for name, make in ways.items():
            feed, seen = make()
            rates[name].append(events / cpu(feed, chunks))
            delivered[name] = seen[0]
    assert delivered["ours"] >= delivered["panoramisk"], "both deliver what is subscribed to"
    for other, against in (("panoramisk", "plain panoramisk, the same names"), ("split", "a bare bytes.split")):
        ratio = statistics.median(a / b for a, b in zip(rates["ours"], rates[other], strict=True))
        line = {
            "bench": f"AMI ingest, {mix}",
            "value": round(statistics.median(rates["ours"])),
            "unit": "events/CPU s",
            "against": against,
            "ratio": round(ratio, 2),
            "their_value": round(statistics.median(rates[other])),
            "delivered_share": round(delivered["ours"] / events, 3),
        }
        print(json.dumps(line))


async def run(paths: list[Path], rounds: int) -> None:
    """Measure the unfiltered mix and what the event filters leave of it."""
    for mix, subscribed_only in (("unfiltered mix", False), ("as our event filters leave it", True)):
        chunks, events = stream(paths, subscribed_only=subscribed_only)
        await measure(mix, chunks, events, rounds)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("captures", type=Path, nargs="*", help="captured AMI streams (default: those of the tests)")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    asyncio.run(run(given.captures or sorted(CAPTURES.glob("*.ami")), given.rounds))


if __name__ == "__main__":
    main()
