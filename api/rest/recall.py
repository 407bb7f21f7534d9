"""What REST remembers of the log beside the live state: operations, and who had a part in recent contacts. Pure."""

from __future__ import annotations

from collections import OrderedDict
from enum import StrEnum

import msgspec

from center.state import State
from messages import events
from messages.events import Entry
from messages.ids import AgentId, ContactId, OperationId, UserId

KEPT = 20_000
"""Contacts and operations remembered, each."""


class Progress(StrEnum):
    """How far an operation is."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """Something Asterisk was asked to carry out; `why` says what went wrong."""

    id: str
    state: Progress
    by: str | None
    why: str = ""


class Recall:
    """Bounded: the oldest are forgotten first."""

    def __init__(self) -> None:
        self._operations: OrderedDict[OperationId, Operation] = OrderedDict()
        self._parts: OrderedDict[ContactId, set[AgentId]] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Recall: {len(self._operations)} operations, {len(self._parts)} contacts>"

    def begin(self, state: State) -> None:
        """Take over what is live."""
        for call in state.calls.values():
            self._parts[call.contact] = {leg.agent for leg in call.legs.values() if leg.agent}
        for session in state.listening.values():
            if session.operation:
                self._note(session.operation, Progress.DONE if session.started_at else Progress.PENDING, session.by)

    def take(self, entries: list[Entry]) -> None:
        """Take journalled entries in; the mirror's listener."""
        for entry in entries:
            match entry.event:
                case events.ContactArrived(contact=contact):
                    self._part(contact, None)
                case events.CallOffered(contact=contact, agent=agent):
                    self._part(contact, agent)
                case events.ListeningRequested(operation=operation, by=by):
                    self._note(operation, Progress.PENDING, by)
                case events.OperationDone(operation=operation, by=by):
                    self._note(operation, Progress.DONE, by)
                case events.OperationFailed(operation=operation, by=by, why=why):
                    self._note(operation, Progress.FAILED, by, why)

    def operation(self, operation: str) -> Operation | None:
        """Return an operation, None if it is unknown or long over."""
        return self._operations.get(OperationId(operation))

    def agents_of(self, contact: ContactId) -> set[AgentId] | None:
        """Return who was offered a recent contact, None if the contact is not remembered."""
        return self._parts.get(contact)

    def _part(self, contact: ContactId, agent: AgentId | None) -> None:
        agents = self._parts.setdefault(contact, set())
        if agent is not None:
            agents.add(agent)
        if len(self._parts) > KEPT:
            self._parts.popitem(last=False)

    def _note(self, operation: OperationId, state: Progress, by: UserId | None, why: str = "") -> None:
        self._operations[operation] = Operation(id=operation, state=state, by=by, why=why)
        if len(self._operations) > KEPT:
            self._operations.popitem(last=False)
