"""What REST remembers of the log beside the live state: operations, and who had a part in recent contacts. Pure."""

from __future__ import annotations

from collections import OrderedDict
from enum import StrEnum
from typing import NamedTuple

import msgspec

from api.rights import Scope
from calls import operation as calls
from messages import events
from messages.events import Entry
from messages.ids import AgentId, ContactId, OperationId
from messages.values import Target
from supervision.listening import Listening

KEPT = 20_000
"""Contacts and operations remembered, each."""

LISTEN = "listen"


class Progress(StrEnum):
    """How far an operation is."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """Something Asterisk was asked to carry out; `why` says what went wrong, `verb` is `listen` for listening."""

    id: str
    state: Progress
    by: str | None
    verb: str = ""
    call: str | None = None
    agent: str | None = None
    target: Target | None = None
    reason: str = ""
    why: str = ""


class Noted(NamedTuple):
    """An operation, and the tenants that it is of."""

    operation: Operation
    tenants: frozenset[str]
    contact: ContactId | None = None
    confidential: bool = False


class Recall:
    """Bounded: the oldest are forgotten first."""

    def __init__(self) -> None:
        self._operations: OrderedDict[OperationId, Noted] = OrderedDict()
        self._parts: OrderedDict[ContactId, set[AgentId]] = OrderedDict()
        self._scope: Scope | None = None

    def __repr__(self) -> str:
        return f"<Recall: {len(self._operations)} operations, {len(self._parts)} contacts>"

    def begin(self, scope: Scope) -> None:
        """Take over what is live; `scope` says whose it is."""
        self._scope, state = scope, scope.state
        for call in state.calls.values():
            self._parts[call.contact] = {leg.agent for leg in call.legs.values() if leg.agent}
        for operation in state.operations.values():
            self._keep(_pending(operation), self._tenants_of(operation), operation.contact, operation.confidential)
        for session in state.listening.values():
            if session.operation:
                heard = state.calls.get(session.call) if session.call else None
                self._keep(_listening(session), scope.of_call(heard) if heard else frozenset())

    def _tenants_of(self, operation: calls.Operation) -> frozenset[str]:
        if self._scope is None:
            return frozenset()
        state = self._scope.state
        found = {state.tenant_of(operation.queue)} if operation.queue else set()
        if agent := state.roster.by_id.get(operation.agent) if operation.agent else None:
            found.add(agent.tenant)
        live = state.calls.get(operation.call) if operation.call else None
        return frozenset(found) | (self._scope.of_call(live) if live else frozenset())

    def take(self, entries: list[Entry]) -> None:
        """Take journalled entries in; the mirror's listener."""
        for entry in entries:
            if self._scope is not None:
                self._scope.note(entry.event)
            match entry.event:
                case events.ContactArrived(contact=contact):
                    self._part(contact, None)
                case events.CallOffered(contact=contact, agent=agent):
                    self._part(contact, agent)
                case events.OperationStarted() as started:
                    self._begun(started, started.verb, started.reason, started.target)
                case events.ListeningRequested() as requested:
                    self._begun(requested, LISTEN, requested.purpose)
                case events.OperationDone(operation=operation):
                    self._over(operation, Progress.DONE)
                case events.OperationFailed(operation=operation, why=why):
                    self._over(operation, Progress.FAILED, why)

    def operation(self, operation: str) -> Noted | None:
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

    def _begun(
        self,
        event: events.OperationStarted | events.ListeningRequested,
        verb: str,
        reason: str,
        target: Target | None = None,
    ) -> None:
        operation = Operation(
            id=event.operation,
            state=Progress.PENDING,
            by=event.by,
            verb=verb,
            call=event.call,
            agent=event.agent,
            target=target,
            reason=reason,
        )
        tenants = self._scope.tenants(event) if self._scope else frozenset()
        self._keep(operation, tenants, event.contact, getattr(event, "confidential", False))

    def _over(self, name: OperationId, state: Progress, why: str = "") -> None:
        if noted := self._operations.get(name):
            operation = msgspec.structs.replace(noted.operation, state=state, why=why)
            self._operations[name] = noted._replace(operation=operation)

    def _keep(
        self,
        operation: Operation,
        tenants: frozenset[str],
        contact: ContactId | None = None,
        confidential: bool = False,
    ) -> None:
        self._operations[OperationId(operation.id)] = Noted(operation, tenants, contact, confidential)
        if len(self._operations) > KEPT:
            self._operations.popitem(last=False)


def _pending(operation: calls.Operation) -> Operation:
    return Operation(
        id=operation.operation,
        state=Progress.PENDING,
        by=operation.by,
        verb=operation.verb,
        call=operation.call,
        agent=operation.agent,
        target=operation.target,
    )


def _listening(session: Listening) -> Operation:
    return Operation(
        id=session.operation or "",
        state=Progress.DONE if session.started_at else Progress.PENDING,
        by=session.by,
        verb=LISTEN,
        call=session.call,
        agent=session.agent,
        reason=session.purpose,
    )
