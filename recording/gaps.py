"""Gaps: when a recording holds silence because it was paused, as one text of ISO 8601 intervals by spaces."""

from datetime import UTC, datetime

import msgspec


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """Silence in a recording; `to` is None while it lasts."""

    since: datetime = msgspec.field(name="from")
    until: datetime | None = msgspec.field(name="to", default=None)


def opened(gaps: str, at: datetime) -> str:
    """Return the gaps with one that begins; one that is open stays."""
    return gaps if gaps.endswith("/") else f"{gaps} {_text(at)}/".strip()


def closed(gaps: str, at: datetime) -> str:
    """Return the gaps with the open one ended, if there is one; it does not end before it began."""
    if not gaps.endswith("/"):
        return gaps
    since = parsed(gaps)[-1].since
    return f"{gaps}{_text(max(since, at))}"


def parsed(gaps: str) -> list[Gap]:
    """Return the gaps that a text names. Raises ValueError."""
    found = []
    for one in gaps.split():
        since, _, until = one.partition("/")
        found.append(Gap(since=_instant(since), until=_instant(until) if until else None))
    return found


def _text(at: datetime) -> str:
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat('T', 'microseconds')}Z"


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
