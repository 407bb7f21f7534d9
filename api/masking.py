"""Whose number is shown to whom: the one place that decides."""

from __future__ import annotations

from typing import Any

from messages.masking import masked
from messages.principal import Principal
from messages.values import Role

SEES_NUMBERS = frozenset({Role.CASE_SYSTEM})
"""The case system calls people back; everybody else asks for a number by revealing it, which is audited."""


def sees_numbers(principal: Principal) -> bool:
    """Tell whether numbers are shown whole."""
    return any(role in SEES_NUMBERS for role in principal.roles)


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
