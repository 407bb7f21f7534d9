"""Numbers as they are shown to those who need not know them whole."""

import re
from collections.abc import Iterable

from messages.values import TargetKind

OUTSIDE_DIGITS = 7
FREE_TEXT = frozenset({"note", "summary", "reason", "purpose", "why"})
"""Fields that people write as they like: they may quote numbers."""
_NUMBER = f"{TargetKind.NUMBER}:"
_OURS = tuple(f"{kind}:" for kind in TargetKind if kind is not TargetKind.NUMBER)

_GAP = "[\\s.\\-\u2010-\u2015\u00b7\uff0d()\uff08\uff09]{0,2}"
_QUOTED = re.compile(
    rf"[+\uff0b]\d(?:{_GAP}\d){{6,14}}"  # from abroad
    rf"|(?<!\d)[1\uff11]{_GAP}[3-9\uff13-\uff19](?:{_GAP}\d){{9}}(?!\d)"  # a mobile phone's, also behind a letter
    rf"|(?<!\d)[0\uff10]\d{{2,3}}{_GAP}\d(?:{_GAP}\d){{6,7}}(?!\d)"  # with an area code
    rf"|(?<!\d)[48\uff14\uff18][0\uff10]{{2}}(?:{_GAP}\d){{7}}(?!\d)"  # a service's
    rf"|(?<![A-Za-z\d])\d{{{OUTSIDE_DIGITS},}}"  # whatever else is that long, unless letters lead it: a case's
)


def masked(number: str) -> str:
    """Return a number as `138****1234`, less of a shorter one, and nothing of fewer than seven digits."""
    if len(number) < OUTSIDE_DIGITS:
        return "*" * len(number)
    head, tail = (3, 4) if len(number) >= 10 else (2, 2)
    return number[:head] + "*" * (len(number) - head - tail) + number[-tail:]


def is_outside(number: str) -> bool:
    """Tell whether a text has a number of a citizen's or an office's in it, and not an extension or a short code."""
    return sum(map(str.isdigit, number)) >= OUTSIDE_DIGITS


def masked_path(path: Iterable[str]) -> tuple[str, ...]:
    """Return menus and what was keyed there, `main=1 card=110***********1234`: only single keys whole."""
    steps = (step.rpartition("=") for step in path)
    return tuple(f"{name}={keys if len(keys) < 2 else masked(keys)}" for name, _, keys in steps)


def masked_channel(name: str) -> str:
    """Return a channel's name with an outside number in it masked; its serial is none."""
    technology, dash, serial = name.rpartition("-")
    return re.sub(rf"\d{{{OUTSIDE_DIGITS},}}", lambda found: masked(found[0]), technology) + dash + serial


def masked_outside(text: str) -> str:
    """Return a phone or a target (`number:…`, `agent:…`, or as dialled), masked where it is an outside number."""
    if text.startswith(_OURS) or not is_outside(text):
        return text
    if text.startswith(_NUMBER):
        return _NUMBER + masked(text.removeprefix(_NUMBER))
    return masked(text)


def scrubbed(text: str) -> str:
    """Return a text that people wrote with the numbers in it masked; dates stay, and what follows letters (cases)."""
    return _QUOTED.sub(lambda found: masked(found[0]), text)
