"""Who hears whom: every phone hums at a pitch of its own, and what reaches each ear is measured."""

from __future__ import annotations

import array
import asyncio

from tests.integration.tones import Heard
from tests.integration.town import PITCHES, Town

LISTEN_S = 1.0
SETTLE_S = 0.4
"""Seconds until what was said before a change has come out of every buffer."""
MOST = 0.7
"""Share of the time in which a pitch is heard where it is; where it is not, it never is."""


async def ears(town: Town, *numbers: str) -> dict[str, set[str]]:
    """Return for each phone whose pitches it hears, of all there are, measured over a second."""
    await asyncio.sleep(SETTLE_S)
    phones = {number: town[number] for number in numbers}
    for phone in phones.values():
        phone.media.ear = array.array("h")
    await asyncio.sleep(LISTEN_S)
    heard: dict[str, set[str]] = {}
    for number, phone in phones.items():
        samples, phone.media.ear = phone.media.ear or array.array("h"), None
        found = Heard(samples, PITCHES.values())
        shares = {who: found.share(hz) for who, hz in PITCHES.items()}
        print(f"{number} hears {found.said()}")
        unclear = {who: share for who, share in shares.items() if 0 < share < MOST}
        assert not unclear, f"{number} hears {unclear} some of the time"
        heard[number] = {who for who, share in shares.items() if share}
    return heard
