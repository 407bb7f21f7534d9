"""Whose number is shown to whom: the one place that decides."""

from __future__ import annotations

from messages.principal import Principal
from messages.values import Role

SEES_NUMBERS = frozenset({Role.CASE_SYSTEM})
"""The case system calls people back; everybody else asks for a number by revealing it, which is audited."""


def sees_numbers(principal: Principal) -> bool:
    """Tell whether numbers are shown whole."""
    return any(role in SEES_NUMBERS for role in principal.roles)


def masked(number: str) -> str:
    """Return a number as `138****1234`: the middle hidden, nothing shown of a short one."""
    if len(number) < 7:
        return "*" * len(number)
    ends = max(2, min(4, (len(number) - 4) // 2))
    head = min(3, ends)
    return number[:head] + "*" * (len(number) - head - ends) + number[-ends:]


def shown(number: str, principal: Principal) -> str:
    """Return a number as this principal may see it."""
    return number if sees_numbers(principal) else masked(number)
