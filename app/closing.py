"""Closing a month: its figures as they are now, and what has changed in them since they were closed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import msgspec

from app.annual import annual
from messages.errors import Conflict, Invalid
from messages.ids import UserId
from messages.localtime import bound, zone
from metrics.office import WEIGHTS
from metrics.question import Question
from storage.closings import Closing, Closings, digest
from storage.reports import Reports


def month_of(text: str, tz: str) -> tuple[datetime, datetime]:
    """Return where a month such as 2026-10 begins and ends. Raises Invalid."""
    found = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", text)
    if not found:
        raise Invalid(f"month: {text!r} is none such as 2026-10")
    year, month = int(found[1]), int(found[2])
    after = date(year + month // 12, month % 12 + 1, 1)
    return bound(f"{text}-01", zone(tz), "month"), bound(f"{after}", zone(tz), "month")


async def figures(reports: Reports, month: str, tz: str) -> str:
    """Return a month's figures with their definitions as one JSON text, the same for the same figures."""
    since, until = month_of(month, tz)
    found = await annual(reports, Question(since=since, until=until, tz=tz), dict(WEIGHTS))
    content = {"period": month, "tz": tz} | msgspec.to_builtins(found)
    return msgspec.json.format(msgspec.json.encode(content, order="sorted")).decode()


async def close(
    closings: Closings, reports: Reports, month: str, tz: str, now: datetime, by: UserId, restate: str = ""
) -> tuple[Closing, bool]:
    """Freeze a month's figures; return the closing that is in force, and whether it is new. `reports` is to take the
    month's end for now: what goes on, goes on in all versions alike.

    Raises Invalid while the month goes on, Conflict where the figures have changed and no reason to restate is given.
    """
    _, until = month_of(month, tz)
    if now < until:
        raise Invalid(f"{month} is not over yet")
    earlier = await closings.of(month)
    if earlier and (zoned := msgspec.json.decode(earlier[0].content)["tz"]) != tz:
        raise Conflict(f"{month} was closed in the time zone {zoned}; give --tz {zoned}")
    content = await figures(reports, month, tz)
    if earlier and earlier[-1].content == content:
        return earlier[-1], False
    changed = list(differences(earlier[-1].content, content)) if earlier else []
    if earlier and not restate.strip():
        raise Conflict(
            f"{month} is closed and {len(changed)} figures have changed since; restate it with --restate WHY"
        )
    closing = Closing(
        period=month,
        version=len(earlier) + 1,
        closed_at=now,
        by=by,
        reason=restate.strip() if earlier else "",
        changed="\n".join(changed),
        content=content,
        sha256=digest(content),
    )
    await closings.add(closing)
    return closing, True


def differences(before: str, after: str) -> Iterator[str]:
    """Yield each figure that differs, as `name: before -> after`."""
    old, new = (dict(_flat(msgspec.json.decode(text), "")) for text in (before, after))
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield f"{name}: {old.get(name)} -> {new.get(name)}"


def _flat(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    match value:
        case dict():
            for key, one in value.items():
                yield from _flat(one, f"{name}.{key}" if name else key)
        case list():
            for n, one in enumerate(value):
                yield from _flat(one, f"{name}[{n}]")
        case _:
            yield name, value
