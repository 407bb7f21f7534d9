"""The rows of a CEL file in CSV (cel_custom's stock mapping, or ours). Pure.

eventtype, eventtime, name, num, ANI, RDNIS, DNID, exten, context, channame, appname, appdata, amaflags, accountcode,
uniqueid, linkedid, peer, userfield, userdeftype, eventextra. The time is in seconds since 1970 with a fraction, or
local by cel.conf's `dateformat`.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, tzinfo
from typing import NamedTuple

from imports.queue_log import time_us

USED = frozenset(
    {"CHAN_START", "APP_START", "APP_END", "BRIDGE_ENTER", "BRIDGE_EXIT", "BLINDTRANSFER", "ATTENDEDTRANSFER"}
) | {"HANGUP", "LINKEDID_END"}
_KNOWN = USED | {"ANSWER", "CHAN_END", "LOCAL_OPTIMIZE", "USER_DEFINED", "PARK_START", "PARK_END", "PICKUP", "FORWARD"}
_KNOWN |= {"LOCAL_OPTIMIZE_BEGIN", "STREAM_BEGIN", "STREAM_END", "DTMF", "BRIDGE_START", "BRIDGE_END", "CONF_START"}
_LEAST = 18
"""What newer releases and mappings add stands after the columns that are known."""
_SEPARATOR = "\x1f"
_APPDATA = 200


class Row(NamedTuple):
    """What is used of one event. `at`: µs since 1970. `raw`: what `again` reads as this row."""

    at: int
    kind: str
    num: str
    dnid: str
    exten: str
    context: str
    channel: str
    app: str
    appdata: str
    uniqueid: str
    linkedid: str
    userfield: str
    extra: str
    raw: str


class Parser:
    """Reads rows and counts what it cannot use. `zone`: where the Asterisk that wrote local times stood."""

    def __init__(self, zone: tzinfo = UTC) -> None:
        self.lines = 0
        self.malformed = 0
        self.unknown: Counter[str] = Counter()
        self._zone = zone

    def __repr__(self) -> str:
        return f"<CEL Parser: {self.lines} lines, {self.malformed} malformed, {self.unknown.total()} unknown>"

    def read(self, texts: Iterable[str]) -> list[Row]:
        """Return the rows that are used, in order; empty lines are passed over."""
        whole = []
        for text in texts:
            if text:
                self.lines += 1
                if text.count('"') % 2 or "\r" in text or "\n" in text or "\0" in text or _SEPARATOR in text:
                    self.malformed += 1  # an unclosed quote would swallow the lines that follow
                else:
                    whole.append(text)
        found: list[Row] = []
        reader = csv.reader(whole)
        while True:
            try:
                values = next(reader)
            except StopIteration:
                return found
            except csv.Error:  # a field longer than csv takes
                self.malformed += 1
                continue
            row = self._row(values)
            if row is not None:
                found.append(row)

    def _row(self, values: list[str]) -> Row | None:
        if len(values) < _LEAST:
            self.malformed += 1
            return None
        kind = values[0]
        at = time_us(values[1].strip(), self._zone)
        if at is None or not values[14] or not values[15]:
            self.malformed += 1
            return None
        if kind not in _KNOWN:
            self.unknown[kind[:40] if len(self.unknown) < 100 or kind[:40] in self.unknown else "others"] += 1
            return None
        if kind not in USED:
            return None
        extra = values[19] if len(values) > 19 else ""
        kept = (*values[3:4], *values[6:11], values[11][:_APPDATA], *values[14:16], values[17], extra)
        return Row._make((at, kind, *kept, _SEPARATOR.join((str(at), kind, *kept))))


def again(raws: Iterable[str]) -> list[Row]:
    """Return rows that were kept."""
    rows = []
    for raw in raws:
        at, *rest = raw.split(_SEPARATOR)
        rows.append(Row._make((int(at), *rest, raw)))
    return rows
