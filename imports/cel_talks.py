"""One channel in a linked call: when it shared a bridge with the citizen's, and why that ended. Pure."""

from __future__ import annotations

import re

import msgspec

from imports.cel import Row
from messages.values import LegEnd

_ENDPOINT = re.compile(r"[^/]+/(?P<phone>.+?)(?:-[0-9a-f]{8,})?(?:;[12])?")
_TOGETHER_US = 500_000
"""Ends of one call are told within this time of one another."""
_LATE_US = 20_000
_PHONE_DIED = 44
"""The losers of a ring-all may be hung up this long before the winner is told to be in its bridge."""
_UNREACHABLE = frozenset({1, 3, 20, 27, 38, 58, 66})


class _Extra(msgspec.Struct):
    bridge_id: str = ""
    hangupcause: int = 0
    hangupsource: str = ""
    extension: str = ""


class Party(msgspec.Struct):
    """A channel. Instants in µs; `stays`: the bridges it was in, each with its way out once that is known."""

    uniqueid: str
    channel: str
    context: str
    started: int
    exten: str = ""
    num: str = ""
    ended: int | None = None
    cause: int = 0
    hung_up_by: str = ""
    stays: list[tuple[str, int, int | None]] = []
    transferred: int | None = None
    to: str = ""
    listens: bool = False

    @property
    def phone(self) -> str:
        """Return the endpoint without the device's suffix."""
        match = _ENDPOINT.fullmatch(self.channel)
        return (match["phone"] if match else self.channel).removesuffix("-web")

    def take(self, row: Row) -> None:
        """Take in one of the channel's rows, in order."""
        kind = row.kind
        if kind == "BRIDGE_ENTER":
            self.stays.append((_extra(row).bridge_id, row.at, None))
        elif kind == "BRIDGE_EXIT":
            bridge = _extra(row).bridge_id
            for n in range(len(self.stays) - 1, -1, -1):
                if self.stays[n][0] == bridge and self.stays[n][2] is None:
                    self.stays[n] = (bridge, self.stays[n][1], row.at)
                    break
        elif kind == "HANGUP":
            extra = _extra(row)
            self.ended, self.cause, self.hung_up_by = row.at, extra.hangupcause, extra.hangupsource
        elif kind in ("BLINDTRANSFER", "ATTENDEDTRANSFER"):
            self.transferred, self.to = row.at, _extra(row).extension
        elif kind == "APP_START" and row.app == "ChanSpy":
            self.listens = True


def talk(citizen: Party, party: Party, by_local: bool) -> tuple[int, int | None] | None:
    """Return from when to when a party spoke with the citizen; None: it did not."""
    begin: int | None = None
    end: int | None = 0
    for bridge, entered, left in party.stays:
        for other, met, parted in citizen.stays:
            if other != bridge or (parted is not None and parted < entered) or (left is not None and left < met):
                continue
            begin = max(entered, met) if begin is None else begin
            ends = [at for at in (left, parted) if at is not None]
            end = None if end is None or not ends else max(end, min(ends))
    if begin is None and by_local and party.stays and citizen.stays:
        begin = max(party.stays[0][1], citizen.stays[0][1])
        end = party.stays[-1][2]
    return None if begin is None else (begin, max(end, begin) if end is not None else None)


def leg_end(
    citizen: Party, party: Party, span: tuple[int, int | None] | None, until: int, answers: list[int]
) -> LegEnd:
    """Return why a party's part ended at `until`."""
    gone = citizen.ended is not None and citizen.ended - until <= _TOGETHER_US
    if span is None:
        if party.cause == 26 or any(-_LATE_US <= until - at <= _TOGETHER_US for at in answers):
            return LegEnd.ANSWERED_ELSEWHERE
        if party.cause == 17:
            return LegEnd.BUSY
        if gone:
            return LegEnd.CITIZEN_GONE
        return LegEnd.UNAVAILABLE if party.cause in _UNREACHABLE else LegEnd.NO_ANSWER
    if not gone and party.transferred is not None and abs(party.transferred - until) <= _TOGETHER_US:
        return LegEnd.TRANSFERRED
    if not gone and party.cause == _PHONE_DIED:
        return LegEnd.PHONE_DIED
    source = party.hung_up_by or citizen.hung_up_by
    if source in (citizen.channel, party.channel):
        return LegEnd.CITIZEN_HUNG_UP if source == citizen.channel else LegEnd.AGENT_HUNG_UP
    citizen_first = citizen.ended is not None and party.ended is not None and citizen.ended < party.ended
    return LegEnd.CITIZEN_HUNG_UP if citizen_first else LegEnd.AGENT_HUNG_UP


def _extra(row: Row) -> _Extra:
    """Return the event's own JSON; what is none tells nothing."""
    try:
        return msgspec.json.decode(row.extra or "{}", type=_Extra)
    except msgspec.DecodeError:
        return _Extra()
