"""What the centre orders for a held call: phones to dial, or a parting."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from messages.ids import LegId
from messages.values import Then


class Offer:
    """An offer to dial: each leg's dial strings (`PJSIP/1001`, or `PJSIP/NUMBER@TRUNK` shown `caller_id`)."""

    def __init__(self, phones: Mapping[LegId, tuple[str, ...]], ring_s: float, caller_id: str = "") -> None:
        self.phones = phones
        self.ring_s = ring_s
        self.caller_id = caller_id
        self.withdrawn: set[LegId] = set()

    def __repr__(self) -> str:
        return f"<Offer {' '.join(self.phones)} to {'&'.join(self.dialled)}>"

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
        if len(self.legs) == 1:
            return f"__HOTLINE_LEG={self.legs[0]}"
        whose = {phone.removeprefix("PJSIP/"): leg for leg in self.legs for phone in self.phones[leg]}
        return ",".join(["__HOTLINE_LEG=", *(f"__HOTLINE_LEG_OF_{name}={leg}" for name, leg in whose.items())])


class Parting(msgspec.Struct, frozen=True):
    """What the centre says to a caller who waits: a prompt, and what follows, unless they press `key`."""

    announce: str
    then: Then
    key: str = ""


def dial_options(offer: Offer) -> tuple[str, str]:
    """Return Dial's time-out and options.

    `g`: without it the agent's BYE gives -1 though the citizen is alive. `t`: for Atxfer, whose codes nobody types
    (features.conf.j2). `b`: the leg of each channel. `f`: the number shown, the citizen's own stays theirs.
    """
    shown = f"f({offer.caller_id})" if offer.caller_id else ""
    return str(max(1, round(offer.ring_s))), f"gtb(hotline-offer^s^1){shown}"
