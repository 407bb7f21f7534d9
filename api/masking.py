"""Whose number is shown to whom: the one place that decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import msgspec

from center.state import State
from messages import events
from messages.events import Event
from messages.ids import CallbackId
from messages.masking import FREE_TEXT, is_outside, masked, masked_outside, masked_path, scrubbed
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


def shown(number: str, principal: Principal, *, confidential: bool = False) -> str:
    """Return a number as this principal may see it: a confidential one nobody sees whole."""
    return number if sees_numbers(principal) and not confidential else masked(number)


def shown_text(text: str, principal: Principal, *, confidential: bool = False) -> str:
    """Return what somebody wrote as this principal may see it: numbers in it are shown like others."""
    return text if sees_numbers(principal) and not confidential else scrubbed(text)


def keeps_confidence(event: Event, state: State) -> bool:
    """Tell whether an event's numbers are of a citizen who asked for confidence, then or since."""
    if getattr(event, "confidential", False):
        return True
    if callback := state.callbacks.get(getattr(event, "callback", None) or CallbackId("")):
        return callback.confidential
    if isinstance(event, events.LabelEvent):
        label = state.labels.get(event.label)
        return state.is_confidential(*(label.evidence if label else getattr(event, "evidence", ())))
    return state.is_confidential(getattr(event, "contact", None), getattr(event, "about", None))


def seen(kept: Mapping[str, Any], principal: Principal, state: State) -> dict[str, Any]:
    """Return what is kept of a contact with its numbers as this principal may see them."""
    found = dict(kept)
    if not is_confidential(found, state):
        return found if sees_numbers(principal) else _all_masked(found)
    number = str(found.get("number", ""))
    return _without(_all_masked(found), number) if is_outside(number) else _all_masked(found)


def is_confidential(kept: Mapping[str, Any], state: State) -> bool:
    """Tell whether what is kept of a contact is confidential, by the database or by what it has not been told yet."""
    return bool(kept.get("confidential")) or state.is_confidential(kept.get("contact"), kept.get("about"))


def _all_masked(kept: dict[str, Any]) -> dict[str, Any]:
    """Return what is kept of a contact, however deep, with every outside number masked."""
    found: dict[str, Any] = all_masked(kept)
    return found


def _without(kept: Any, number: str) -> Any:
    """Return what is kept with a number masked in every text of it: notes may quote it."""
    match kept:
        case dict():
            return {name: _without(value, number) for name, value in kept.items()}
        case list() | tuple():
            return [_without(one, number) for one in kept]
        case str():
            return kept.replace(number, masked(number))
        case _:
            return kept


def for_evidence(number: str, *, whole: bool) -> Callable[[Any], Any]:
    """Return what shows what is kept of a contact, however deep, in evidence: as it is, or every number masked."""
    if whole:
        return lambda kept: kept
    return lambda kept: _without(all_masked(kept), number) if is_outside(number) else all_masked(kept)


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
    """Return an event with every outside number in it masked, those that its texts quote too."""
    replace = msgspec.structs.replace
    if texts := {name: scrubbed(text) for name in _texts(type(event)) if (text := getattr(event, name))}:
        event = replace(event, **texts)
    match event:
        case (
            events.ContactArrived()
            | events.ContactNoted()
            | events.PreviewShown()
            | events.DialledOut()
            | events.CallbackRequested()
            | events.CallbackNoted()
            | events.MessageLeft()
            | events.LabelEvent()
        ):
            return replace(event, number=masked(event.number))
        case events.CallQueued() | events.FlowEnded():
            return replace(event, path=masked_path(event.path))
        case events.ListeningRequested():
            return replace(event, phone=masked_outside(event.phone))
        case events.CallRouted() | events.OperationStarted():
            return replace(event, target=masked_target(event.target))
        case events.CallTransferred():
            return replace(event, to=masked_outside(event.to), phone=masked_outside(event.phone))
        case events.CallLegEvent():
            return replace(event, phone=masked_outside(event.phone))
        case _:
            return event


@cache
def _texts(kind: type[Event]) -> tuple[str, ...]:
    return tuple(one.name for one in msgspec.structs.fields(kind) if one.name in FREE_TEXT and one.type is str)


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
    if type(value) is str and name in FREE_TEXT:  # not the values of an enumeration
        return scrubbed(value)
    return all_masked(value)
