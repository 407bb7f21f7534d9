"""An operation: something a person asked Asterisk to do with a call, and what tells that it was done."""

from datetime import datetime

import msgspec

from messages import events
from messages.ids import AgentId, CallId, LegId, OperationId, QueueId, UserId
from messages.values import Target, Verb


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """Asked for, neither done nor failed. `leg`: whose act; `party`: who is called in; `until`: then it has failed."""

    id: OperationId
    verb: Verb
    by: UserId
    until: datetime
    call: CallId | None = None
    leg: LegId | None = None
    party: LegId | None = None
    agent: AgentId | None = None
    queue: QueueId | None = None
    target: Target | None = None


class Outbound(msgspec.Struct, frozen=True, kw_only=True):
    """A number that is to be dialled once the agent's phone is answered; there is no call yet."""

    operation: OperationId
    agent: AgentId
    node: str
    number: str
    ring_until: datetime
    about: str | None = None


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """A number that an agent is shown and may dial."""

    operation: OperationId
    by: UserId
    number: str
    until: datetime
    purpose: str = ""
    about: str | None = None


_LEG_DONE: dict[type[events.Event], frozenset[Verb]] = {
    events.CallHeld: frozenset({Verb.HOLD}),
    events.CallResumed: frozenset({Verb.RESUME, Verb.CANCEL}),
    events.CallTransferred: frozenset({Verb.TRANSFER, Verb.PARK, Verb.COMPLETE}),
    events.LegEnded: frozenset({Verb.LEAVE}),
}
_PARTY_DONE: dict[type[events.Event], frozenset[Verb]] = {
    events.CallConsulted: frozenset({Verb.CONSULT}),
    events.CallAnswered: frozenset({Verb.THREE_WAY, Verb.EMERGENCY, Verb.TAKE_OVER, Verb.PICK_UP, Verb.DIAL_OUT}),
}


def is_done(operation: Operation, event: events.CallLegEvent) -> bool:
    """Tell whether an event about a leg is what the operation asked for."""
    if event.leg == operation.party:
        return operation.verb in _PARTY_DONE.get(type(event), ())
    return event.leg == operation.leg and operation.verb in _LEG_DONE.get(type(event), ())


def has_failed(operation: Operation, event: events.CallLegEvent) -> bool:
    """Tell whether an event about a leg means that the operation can no longer be done."""
    return isinstance(event, events.LegEnded) and event.leg in (operation.leg, operation.party)
