"""Citizens: SIPp callers who dial the hotline over the trunk, each from a number of their own."""

from __future__ import annotations

import math
import random
import socket
from pathlib import Path

from simulation.options import Mix
from simulation.ports import free_port, free_udp_range
from simulation.sip_log import SipCall, calls
from simulation.sipp import Sipp, Target

STAYS, LEAVES, ABANDONS = "138", "139", "137"
"""Prefixes of numbers, by who ends the call: the agent; the citizen; the citizen without waiting."""
VOICE = bytes((0xB5, 0xB5, 0x35, 0x35)) * 2000
"""A second of 2 kHz in A-law, so that every packet of the citizens' RTP carries sound."""


def numbers(count: int, mix: Mix) -> list[str]:
    """Return the numbers of `count` citizens, who behave in the shares of the mix."""
    leaving, abandoning = round(count * mix.citizen_hangs_up), round(count * mix.abandoning)
    prefixes = [LEAVES] * leaving + [ABANDONS] * min(abandoning, count - leaving)
    prefixes += [STAYS] * (count - len(prefixes))
    random.Random(mix.seed).shuffle(prefixes)
    return [f"{prefix}{k:08d}" for k, prefix in enumerate(prefixes, 1)]


class Citizens:
    """`len(numbers)` citizens who dial `did`, `rate` a second; `rtp`: they speak."""

    def __init__(self, target: Target, directory: Path, *, did: str, numbers: list[str], mix: Mix) -> None:
        self.numbers = numbers
        self._did, self._mix = did, mix
        self._sipp = Sipp(target, directory, "citizens")
        self._directory = directory

    def __repr__(self) -> str:
        return f"<Citizens: {self.finished} of {len(self.numbers)} done>"

    @property
    def finished(self) -> int:
        """Return how many calls are over, as of the last second."""
        statistics = self._sipp.statistics()
        return int(statistics.get("SuccessfulCall(C)", 0)) + int(statistics.get("FailedCall(C)", 0))

    async def start(self, rate: float, *, rtp: bool, longest_s: float = 600.0, endless: bool = False) -> None:
        """Begin to call; whom nobody hangs up on gives up after `longest_s` seconds.

        `endless` starts again with the first number after the last, and keeps no frames.
        """
        voice = self._directory / "voice.alaw"
        if rtp:
            voice.write_bytes(VOICE)
        mix, sipp = self._mix, self._sipp
        scenario = sipp.scenario(
            "citizen.xml",
            did=self._did,
            voice=str(voice) if rtp else "",
            patience_ms=round(longest_s * 1000),
            leave_ms=round(mix.patience_s * 1000),
            abandon_ms=round(mix.abandon_s * 1000),
        )
        at_once = max(50, math.ceil(rate * longest_s))
        media = min(4 * len(self.numbers), 2000) if rtp else 4
        first = free_udp_range(media)
        await sipp.start(
            free_port(socket.SOCK_DGRAM),
            *("-sf", scenario, "-inf", sipp.injection("SEQUENTIAL", [[number] for number in self.numbers])),
            *_rate(rate),
            *("-l", str(at_once), "-min_rtp_port", str(first), "-max_rtp_port", str(first + media - 1)),
            *(() if endless else ("-m", str(len(self.numbers)))),
            kept=not endless,
        )

    async def wait(self) -> None:
        """Wait until every citizen's call is over."""
        await self._sipp.wait()

    async def stop(self) -> None:
        """Drop whatever calls there still are."""
        await self._sipp.stop()

    def calls(self) -> list[SipCall]:
        """Return the calls as the citizens saw them."""
        return calls(self._sipp.frames())


def _rate(rate: float) -> tuple[str, ...]:
    """Return SIPp's arguments for `rate` calls a second: whole calls in a period of ms."""
    if rate >= 1:
        return ("-r", str(round(rate * 10)), "-rp", "10000")
    return ("-r", "1", "-rp", str(round(1000 / rate)))
