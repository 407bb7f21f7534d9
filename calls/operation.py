"""Operations: what tells that something a person asked Asterisk to do with a call was done, or will not be.

An operation under way is its own `operation.started` event; so are an outbound call that has no citizen's channel yet
(`call.dialled_out`) and a preview (`preview.shown`).
"""

from messages import events
from messages.values import Verb

Operation = events.OperationStarted

_LEG_DONE: dict[type[events.Event], frozenset[Verb]] = {
    events.CallHeld: frozenset({Verb.HOLD}),
    events.CallResumed: frozenset({Verb.RESUME, Verb.CANCEL}),
    events.CallTransferred: frozenset({Verb.TRANSFER, Verb.PARK, Verb.COMPLETE}),
    events.LegEnded: frozenset({Verb.LEAVE, Verb.HANG_UP}),
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
