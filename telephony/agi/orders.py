"""What the centre orders for a held call: phones to dial, or a parting."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping

import msgspec

from ivr.texts import position_prompt, wait_prompt
from messages.commands import Announce
from messages.ids import LegId
from messages.values import LegEnd, Then
from telephony.agi.session import ABSOLUTE


class Offer:
    """An offer to dial: each leg's dial strings (`PJSIP/1001`, or `PJSIP/NUMBER@TRUNK` shown `caller_id`)."""

    def __init__(self, phones: Mapping[LegId, tuple[str, ...]], ring_s: float, caller_id: str = "") -> None:
        self.phones = phones
        self.ring_s = ring_s
        self.caller_id = caller_id
        self.withdrawn: set[LegId] = set()
        self._ends: dict[LegId, LegEnd] = {}
        self._told = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Offer {' '.join(self.phones)} to {'&'.join(self.dialled)}>"

    def ended(self, leg: LegId, why: LegEnd) -> None:
        """Take note of what AMI says of a leg's end."""
        self._ends[leg] = why
        self._told.set()

    async def phone_died(self, leg: LegId, patience_s: float) -> bool:
        """Tell whether a leg's talk ended because its phone did; only AMI knows, and may say so a moment later."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                while leg not in self._ends:
                    self._told.clear()
                    await self._told.wait()
        return self._ends.get(leg) is LegEnd.PHONE_DIED

    @property
    def legs(self) -> list[LegId]:
        """Return the legs that are still to be rung."""
        return [leg for leg in self.phones if leg not in self.withdrawn]

    @property
    def dialled(self) -> list[str]:
        """Return the dial strings of those."""
        return [phone for leg in self.legs for phone in self.phones[leg]]

    @property
    def variables(self) -> str:
        """Return what says on each dialled channel whose it is: MSet's argument (extensions.conf.j2, hotline-offer)."""
        talk = f"{ABSOLUTE}=0"  # lasts as long as it likes
        if len(self.legs) == 1:
            return f"{talk},__HOTLINE_LEG={self.legs[0]}"
        whose = {phone.removeprefix("PJSIP/"): leg for leg in self.legs for phone in self.phones[leg]}
        return ",".join([talk, "__HOTLINE_LEG=", *(f"__HOTLINE_LEG_OF_{name}={leg}" for name, leg in whose.items())])


class Parting(msgspec.Struct, frozen=True):
    """What the centre says to a caller who waits: a prompt, and what follows, unless they press `key`."""

    announce: str
    then: Then
    key: str = ""


class Telling(msgspec.Struct, frozen=True):
    """What a caller who waits is told, prompt by prompt; `callback`: a call back is offered last."""

    prompts: tuple[str, ...]
    callback: bool = False


def telling(command: Announce) -> Telling:
    """Return the prompts of an announcement: comfort, then the place, then the time."""
    place = (position_prompt(command.position),) if command.position > 0 else ()
    wait = (wait_prompt(max(0, command.minutes)),) if command.minutes is not None else ()
    comfort = (command.comfort,) if command.comfort else ()
    return Telling((*comfort, *place, *wait), command.callback)


class LetGo:
    """Nobody can be chosen for callers who wait: they go on to the fallback queue, unless that is `over` before."""

    def __init__(self) -> None:
        self.over = False


def dial_options(offer: Offer) -> tuple[str, str]:
    """Return Dial's time-out and options.

    `g`: without it the agent's BYE gives -1 though the citizen is alive. `t`: for Atxfer, whose codes nobody types
    (features.conf.j2). `b`: the leg of each channel. `f`: the number shown, the citizen's own stays theirs.
    """
    shown = f"f({offer.caller_id})" if offer.caller_id else ""
    return str(max(1, round(offer.ring_s))), f"gtb(hotline-offer^s^1){shown}"
