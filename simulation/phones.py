"""Agents' phones: one SIPp that keeps all of them registered, answers, and hangs up after the talk."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from pathlib import Path

from simulation.options import Mix
from simulation.ports import free_port, free_udp_range
from simulation.sip_log import SipCall, calls, registered
from simulation.sipp import Sipp, SippFailed, Target
from telephony.asterisk.settings import Phone

EXPIRES_S = 300
REGISTRATIONS_PER_SECOND = 25
REGISTER_PATIENCE_S = 30.0
LONGEST_S = 900.0
"""Seconds after which a phone ends a talk that it leaves the citizen to end."""


class Phones:
    """The phones of `phones`; each rings `ring_s` and talks `talk_s` seconds, and behaves as the mix says."""

    def __init__(
        self, target: Target, directory: Path, phones: Sequence[Phone], *, ring_s: float, talk_s: float, mix: Mix
    ) -> None:
        self._phones = phones
        self._ring_s, self._talk_s, self._mix = ring_s, talk_s, mix
        self._sipp = Sipp(target, directory, "phones")

    def __repr__(self) -> str:
        return f"<Phones: {len(self._phones)}, {self._sipp!r}>"

    async def start(self, *, kept: bool = True) -> None:
        """Register all of them and, where frames are kept, wait until that is done. Raises SippFailed."""
        sipp, mix, talk_s = self._sipp, self._mix, self._talk_s
        phone = sipp.scenario(
            "phone.xml",
            ring_ms=round(self._ring_s * 1000),
            talk_ms=round(talk_s * 1000),
            longest_ms=round(LONGEST_S * 1000),
            unanswered=mix.unanswered,
            held=mix.held,
            held_after_ms=round(talk_s * 300),
            held_ms=round(mix.held_s * 1000),
        )
        register = sipp.scenario("register.xml", expires_s=EXPIRES_S, refresh_ms=EXPIRES_S * 500)
        users = sipp.injection("USER", [[phone.number, phone.secret] for phone in self._phones])
        echo = free_udp_range(4)
        await sipp.start(
            free_port(socket.SOCK_DGRAM),
            *("-sf", register, "-rxsf", phone, "-inf", users, "-users", str(len(self._phones))),
            *("-r", str(REGISTRATIONS_PER_SECOND), "-rtp_echo", "-mp", str(echo)),
            kept=kept,
        )
        if kept:
            await self._all_registered()

    async def start_endless(self) -> None:
        """Register all of them, keep no frames, and wait for nothing. Raises SippFailed."""
        await self.start(kept=False)

    async def wait(self) -> None:
        """Wait until their SIPp ends, which it does not do by itself."""
        await self._sipp.wait()

    @property
    def running(self) -> bool:
        """Say whether their SIPp is there."""
        return self._sipp.running

    async def stop(self) -> None:
        """Pull all plugs."""
        await self._sipp.stop()

    def calls(self) -> list[SipCall]:
        """Return the calls as the phones saw them."""
        return calls(self._sipp.frames())

    async def _all_registered(self) -> None:
        wanted = {phone.number for phone in self._phones}
        seconds = REGISTER_PATIENCE_S + len(wanted) / REGISTRATIONS_PER_SECOND
        try:
            async with asyncio.timeout(seconds):
                while missing := wanted - registered(self._sipp.frames()):
                    if not self._sipp.running:
                        raise self._sipp.complaint()
                    await asyncio.sleep(0.2)
        except TimeoutError:
            raise SippFailed(f"{len(missing)} of {len(wanted)} phones did not register in {seconds:g} s") from None
