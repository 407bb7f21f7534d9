"""Every way from one state of a call, and of a leg, to another, on one page."""

from enum import StrEnum

from messages import events
from messages.errors import IllegalTransition


class CallState(StrEnum):
    """Where a citizen's call is."""

    ARRIVED = "arrived"
    """In the flow, or held by Asterisk without a queue."""
    WAITING = "waiting"
    OFFERED = "offered"
    TALKING = "talking"
    SERVED = "served"
    """The talk is over, the citizen still there: survey, transfer, or on the way out."""
    LEFT = "left"
    """Left the queue without an agent, or was not taken: an announcement or a message follows."""
    PARKED = "parked"
    """Held without a queue, to be picked up."""
    ENDED = "ended"


class LegState(StrEnum):
    """Where an agent's leg is."""

    OFFERED = "offered"
    RINGING = "ringing"
    CONSULTED = "consulted"
    """Talks with the agent who asked for it, not with the citizen."""
    TALKING = "talking"
    HELD = "held"
    ENDED = "ended"


C = CallState
_Ways = dict[type[events.Event], CallState]
_END: _Ways = {events.ContactEnded: C.ENDED}
_TALK: _Ways = {events.CallOffered: C.OFFERED, events.CallAnswered: C.TALKING}

CALL: dict[CallState, _Ways] = {
    C.ARRIVED: {events.CallQueued: C.WAITING, events.ContactBlocked: C.LEFT, **_TALK, **_END},
    C.WAITING: {
        events.CallQueued: C.WAITING,
        events.CallRelaxed: C.WAITING,
        events.CallDetached: C.WAITING,
        events.CallLeftQueue: C.LEFT,
        **_TALK,
        **_END,
    },
    # LegEnded leads back only when no other leg is alive.
    C.OFFERED: {
        events.CallQueued: C.OFFERED,
        events.CallDetached: C.OFFERED,
        events.CallRinging: C.OFFERED,
        events.LegEnded: C.WAITING,
        events.CallLeftQueue: C.LEFT,
        **_TALK,
        **_END,
    },
    C.TALKING: {
        events.CallOffered: C.TALKING,
        events.CallRinging: C.TALKING,
        events.CallConsulted: C.TALKING,
        events.CallAnswered: C.TALKING,
        events.CallHeld: C.TALKING,
        events.CallResumed: C.TALKING,
        events.LegEnded: C.SERVED,
        **_END,
    },
    C.SERVED: {
        events.CallQueued: C.WAITING,
        events.CallParked: C.PARKED,
        events.ContactBlocked: C.LEFT,
        **_TALK,
        **_END,
    },
    C.LEFT: {events.CallQueued: C.WAITING, events.ContactBlocked: C.LEFT, **_TALK, **_END},
    C.PARKED: {events.CallQueued: C.WAITING, **_TALK, **_END},
    C.ENDED: {},
}

L = LegState

LEG: dict[LegState, dict[type[events.Event], LegState]] = {
    L.OFFERED: {
        events.CallRinging: L.RINGING,
        events.CallConsulted: L.CONSULTED,
        events.CallAnswered: L.TALKING,
        events.LegEnded: L.ENDED,
    },
    L.RINGING: {
        events.CallConsulted: L.CONSULTED,
        events.CallAnswered: L.TALKING,
        events.LegEnded: L.ENDED,
    },
    L.CONSULTED: {events.CallAnswered: L.TALKING, events.LegEnded: L.ENDED},
    L.TALKING: {events.CallHeld: L.HELD, events.CallTransferred: L.TALKING, events.LegEnded: L.ENDED},
    L.HELD: {events.CallResumed: L.TALKING, events.CallTransferred: L.HELD, events.LegEnded: L.ENDED},
    L.ENDED: {events.CallTransferred: L.ENDED},
}


def call_after(state: CallState, event: type[events.Event]) -> CallState:
    """Return the call's next state. Raises IllegalTransition."""
    try:
        return CALL[state][event]
    except KeyError:
        raise IllegalTransition(state, event.__name__) from None


def leg_after(state: LegState, event: type[events.Event]) -> LegState:
    """Return the leg's next state. Raises IllegalTransition."""
    try:
        return LEG[state][event]
    except KeyError:
        raise IllegalTransition(state, event.__name__) from None
