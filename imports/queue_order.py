"""The one order of a call's lines, whatever order they came in. Pure."""

from __future__ import annotations

import msgspec

from imports.queue_log import Line

_RANK = {"DID": 0, "ENTERQUEUE": 1, "RINGNOANSWER": 2, "RINGCANCELED": 2, "CONNECT": 3, "SYSCOMPAT": 4}
_LAST = 5
_FIRST = frozenset({"ENTERQUEUE", "DID"})


def in_order(lines: list[Line]) -> list[Line]:
    """Return the lines by time, and within one second as a call goes."""
    if not _is_in_order(lines):
        lines = sorted(lines, key=_order)
    return lines if lines[0].event in _FIRST else _joined_first(lines)


def _order(line: Line) -> tuple[int, int, str]:
    return line.at, _RANK.get(line.event, _LAST), line.raw


def _is_in_order(lines: list[Line]) -> bool:
    """Tell whether each line is of a later instant than the one before: most calls are, and sorting costs."""
    before = -1
    for line in lines:
        if line.at <= before:
            return False
        before = line.at
    return True


def _joined_first(lines: list[Line]) -> list[Line]:
    """Return the lines with a queue's only joining before its others: the clock may have gone back in between."""
    joined: dict[str, list[int]] = {}
    for line in lines:
        if line.event == "ENTERQUEUE":
            joined.setdefault(line.queue, []).append(line.at)
    once = {queue: places[0] for queue, places in joined.items() if len(places) == 1}
    return sorted(
        (msgspec.structs.replace(line, at=max(line.at, once.get(line.queue, line.at))) for line in lines), key=_order
    )
