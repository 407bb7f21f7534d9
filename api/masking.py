"""Whose number is shown to whom: the one place that decides."""

from __future__ import annotations

from typing import Any

import msgspec

from messages import events
from messages.events import Event
from messages.masking import masked, masked_outside, masked_path
from messages.principal import Principal
from messages.values import Role, Target, TargetKind, Verb

SEES_NUMBERS = frozenset({Role.CASE_SYSTEM})
"""The case system calls people back; everybody else asks for a number by revealing it, which is audited."""

_ALWAYS = frozenset({"number"})
_OUTSIDE = frozenset({"transferred_to", "target", "called", "phone"})
"""Fields of what is kept that may hold an outside number, or an extension of ours."""


def sees_numbers(principal: Principal) -> bool:
    """Tell whether numbers are shown whole."""
    return any(role in SEES_NUMBERS for role in principal.roles)


def shown(number: str, principal: Principal) -> str:
    """Return a number as this principal may see it."""
    return number if sees_numbers(principal) else masked(number)


def is_own_number(event: Event, principal: Principal) -> bool:
    """Tell whether an event's number is one that the principal dials, or is asked to dial."""
    if not isinstance(event, events.PreviewShown | events.DialledOut | events.OperationStarted):
        return False
    if event.by == principal.user:
        return True
    dials = not isinstance(event, events.OperationStarted) or event.verb is Verb.DIAL_OUT
    return dials and principal.agent is not None and event.agent == principal.agent


def masked_target(target: Target | None) -> Target | None:
    """Return a target with an outside number masked."""
    if target is None or target.kind is not TargetKind.NUMBER:
        return target
    return Target(target.kind, masked_outside(target.to))


def masked_event(event: Event) -> Event:
    """Return an event with every outside number in it masked."""
    replace = msgspec.structs.replace
    match event:
        case (
            events.ContactArrived()
            | events.PreviewShown()
            | events.DialledOut()
            | events.CallbackRequested()
            | events.CallbackNoted()
            | events.MessageLeft()
        ):
            return replace(event, number=masked(event.number))
        case events.CallQueued() | events.FlowEnded():
            return replace(event, path=masked_path(event.path))
        case events.CallRouted() | events.OperationStarted():
            return replace(event, target=masked_target(event.target))
        case events.CallTransferred():
            return replace(event, to=masked_outside(event.to), phone=masked_outside(event.phone))
        case events.CallLegEvent():
            return replace(event, phone=masked_outside(event.phone))
        case _:
            return event


def all_masked(kept: Any) -> Any:
    """Return what is kept of contacts, however deep, with every outside number masked."""
    match kept:
        case dict():
            return {name: _masked_field(name, value) for name, value in kept.items()}
        case list() | tuple():
            return [all_masked(one) for one in kept]
        case _:
            return kept


def _masked_field(name: str, value: Any) -> Any:
    if isinstance(value, str) and name in _ALWAYS:
        return masked(value)
    if isinstance(value, str) and name in _OUTSIDE:
        return masked_outside(value)
    return all_masked(value)
