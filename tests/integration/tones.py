"""Who is heard in a recording: each party hums at a pitch of its own."""

from __future__ import annotations

import array
import math
import sys
import wave
from collections.abc import Iterable
from pathlib import Path

WINDOW = 800
"""Samples: 0.1 s, in which pitches that are multiples of 10 Hz do not disturb each other."""
HEARD_DB = -24.0
"""Parties hum at -12 dB of full scale."""


def sides(path: Path) -> tuple[array.array[int], array.array[int]]:
    """Return the left and the right of a stereo recording at 8 kHz."""
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, 8000, 2)
        samples = array.array("h", file.readframes(file.getnframes()))
    if sys.byteorder == "big":
        samples.byteswap()
    return samples[::2], samples[1::2]


def level(samples: array.array[int], hz: int) -> float:
    """Return a pitch's level in dB of full scale (Goertzel)."""
    factor = 2 * math.cos(2 * math.pi * hz / 8000)
    one = two = 0.0
    for sample in samples:
        one, two = sample + factor * one - two, one
    power = max(0.0, one * one + two * two - factor * one * two)
    return 20 * math.log10(max(1e-5, 2 * math.sqrt(power) / len(samples) / 32768))


class Heard:
    """How loud each pitch is in each 0.1 s of one side of a recording."""

    def __init__(self, samples: array.array[int], pitches: Iterable[int]) -> None:
        windows = [samples[at : at + WINDOW] for at in range(0, len(samples) - WINDOW + 1, WINDOW)]
        self.levels = {hz: [level(window, hz) for window in windows] for hz in pitches}
        self.seconds = len(samples) / 8000

    def share(self, hz: int) -> float:
        """Return the share of the time in which a pitch is heard."""
        levels = self.levels[hz]
        return sum(db > HEARD_DB for db in levels) / max(1, len(levels))

    def loudest(self, hz: int) -> float:
        """Return a pitch's highest level."""
        return max(self.levels[hz], default=-100.0)

    def said(self) -> str:
        """Return it in figures."""
        parts = (f"{hz} Hz {self.share(hz):4.0%} max {self.loudest(hz):6.1f} dB" for hz in self.levels)
        return f"{self.seconds:.2f} s: " + ", ".join(parts)
