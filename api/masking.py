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


def is_outside(number: str) -> bool:
    """Tell whether a number is a citizen's or an office's, and not an extension or a short code."""
    return len(number) >= 7


def all_masked(kept: Any) -> Any:
    """Return what is kept of contacts, however deep, with every citizen's number masked."""
    match kept:
        case dict():
            return {name: _masked_field(name, value) for name, value in kept.items()}
        case list() | tuple():
            return [all_masked(one) for one in kept]
        case _:
            return kept


def _masked_field(name: str, value: Any) -> Any:
    if isinstance(value, str) and (name == "number" or (name == "transferred_to" and is_outside(value))):
        return masked(value)
    return all_masked(value)
