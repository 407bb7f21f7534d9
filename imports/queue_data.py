"""What the data after an event mean: app_queue.c's ast_queue_log calls, release by release. Pure."""

from __future__ import annotations

from imports.queue_log import COMPLETES, ENDS, TRANSFERS, Line

_LONGEST = 7 * 24 * 3600 * 1000
"""A count above this (a week in ms) is a damaged one."""


def spent(line: Line) -> int:
    """Return the seconds between joining, whose line is missing, and this line, as far as it tells."""
    if line.event == "CONNECT":
        return count(line.data, 0)
    if line.event in ENDS:  # position, first position, wait; EXITWITHKEY has the key before them
        return count(line.data, 3 if line.event == "EXITWITHKEY" else 2)
    return sum(hold_and_talk(line)) if line.event in COMPLETES | TRANSFERS else 0


def hold_and_talk(line: Line) -> tuple[int, int]:
    """Return the seconds of wait and talk: the first two of a completion, the last but one two of a transfer."""
    data = line.data
    if line.event in COMPLETES:
        return count(data, 0), count(data, 1)
    if line.event == "ATTENDEDTRANSFER" and data and data[0] in ("BRIDGE", "APP", "LINK"):
        place = 3 if data[0] == "LINK" else 2
        return count(data, place), count(data, place + 1)
    return count(data, 2), count(data, 3)


def transferred_to(line: Line) -> str:
    """Return the extension or application; a bridge has no name."""
    data = line.data
    if line.event == "ATTENDEDTRANSFER" and text(data, 0) in ("BRIDGE", "APP", "LINK"):
        return text(data, 1) if data[0] == "APP" else ""
    return text(data, 0)


def text(data: list[str], place: int) -> str:
    """Return a value; what is not there is empty."""
    return data[place].strip() if place < len(data) else ""


def count(data: list[str], place: int) -> int:
    """Return a number; what is none, or is not there, is 0."""
    found = data[place] if place < len(data) else ""
    if not (found.isdecimal() and found.isascii() and len(found) <= 12):
        found = found.strip()
        if not (found.isdecimal() and found.isascii() and len(found) <= 12):
            return 0
    value = int(found)
    return value if value <= _LONGEST else 0
