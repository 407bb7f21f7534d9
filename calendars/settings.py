"""Calendars as the settings name them."""

import datetime as dt
from typing import Annotated, Literal

import msgspec

ALWAYS = "always"
"""The calendar that is there without being named: 7×24."""

Span = Annotated[str, msgspec.Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$")]
"""`08:30-18:00`; one that ends before it begins, or at the same time, ends on the next day."""
Hours = tuple[Span, ...]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class SpecialDay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One day, or those up to `until`, with hours of its own, none where closed."""

    date: dt.date
    until: dt.date | None = None
    hours: Hours = ()
    name: str = ""


class Calendar(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When something is open. A weekday without hours is closed.

    `holidays`: "cn" for China's statutory ones: they have `on_holidays` hours, and a weekend's day that is worked
    instead (调休) has those of `moved`. `days` win over all.
    """

    id: str
    tz: str = "Asia/Shanghai"
    week: dict[Weekday, Hours] = {}
    holidays: Literal["", "cn"] = ""
    on_holidays: Hours = ()
    moved: Weekday = "mon"
    days: tuple[SpecialDay, ...] = ()
