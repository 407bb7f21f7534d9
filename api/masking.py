"""Whose number is shown to whom: the one place that decides."""

from __future__ import annotations

from typing import Any

from messages.principal import Principal
from messages.values import Role

SEES_NUMBERS = frozenset({Role.CASE_SYSTEM})
"""The case system calls people back; everybody else asks for a number by revealing it, which is audited."""


def sees_numbers(principal: Principal) -> bool:
    """Tell whether numbers are shown whole."""
    return any(role in SEES_NUMBERS for role in principal.roles)


def masked(number: str) -> str:
    """Return a number as `138****1234`: at least four hidden in the middle, nothing shown of a short one."""
    if len(number) < 7:
        return "*" * len(number)
    shown_most = min(7, len(number) - 4)
    tail = (shown_most + 1) // 2
    head = shown_most - tail
    return number[:head] + "*" * (len(number) - shown_most) + number[-tail:]


def shown(number: str, principal: Principal) -> str:
    """Return a number as this principal may see it."""
    return number if sees_numbers(principal) else masked(number)


def all_masked(kept: Any) -> Any:
    """Return what is kept of contacts, however deep, with every `number` masked."""
    match kept:
        case dict():
            return {
                name: masked(value) if name == "number" and isinstance(value, str) else all_masked(value)
                for name, value in kept.items()
            }
        case list() | tuple():
            return [all_masked(one) for one in kept]
        case _:
            return kept
