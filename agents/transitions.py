"""Every way from one agent state to another, on one page. What is not here raises IllegalTransition."""

from enum import StrEnum

from messages.errors import IllegalTransition
from messages.values import AgentState

S = AgentState


class Cause(StrEnum):
    """Why an agent's state changes."""

    LOG_IN = "log in"
    LOG_OUT = "log out"
    GO_READY = "go ready"
    GO_NOT_READY = "go not ready"
    OFFER = "be offered a call"
    RING = "ring"
    ANSWER = "answer"
    HOLD = "hold"
    RESUME = "resume"
    RELEASE = "be released"
    MISS = "miss a call"
    ENGAGE = "take a call of one's own accord"
    KEEP = "dial what was shown"
    FINISH = "finish a call"


TRANSITIONS: dict[AgentState, dict[Cause, AgentState]] = {
    S.LOGGED_OUT: {
        Cause.LOG_IN: S.NOT_READY,
    },
    S.NOT_READY: {
        Cause.GO_READY: S.READY,
        Cause.GO_NOT_READY: S.NOT_READY,
        Cause.LOG_OUT: S.LOGGED_OUT,
        Cause.ANSWER: S.TALKING,
        Cause.ENGAGE: S.RESERVED,
    },
    S.READY: {
        Cause.ENGAGE: S.RESERVED,
        Cause.OFFER: S.RESERVED,
        Cause.RING: S.RINGING,
        Cause.ANSWER: S.TALKING,
        Cause.GO_NOT_READY: S.NOT_READY,
        Cause.LOG_OUT: S.LOGGED_OUT,
    },
    S.RESERVED: {
        Cause.KEEP: S.RESERVED,
        Cause.RING: S.RINGING,
        Cause.ANSWER: S.TALKING,
        Cause.RELEASE: S.READY,
        Cause.MISS: S.NOT_READY,
    },
    S.RINGING: {
        Cause.ANSWER: S.TALKING,
        Cause.RELEASE: S.READY,
        Cause.MISS: S.NOT_READY,
    },
    S.TALKING: {
        Cause.HOLD: S.HOLDING,
        Cause.FINISH: S.WRAP_UP,
    },
    S.HOLDING: {
        Cause.RESUME: S.TALKING,
        Cause.FINISH: S.WRAP_UP,
    },
    S.WRAP_UP: {
        Cause.GO_READY: S.READY,
        Cause.GO_NOT_READY: S.NOT_READY,
        Cause.LOG_OUT: S.LOGGED_OUT,
        Cause.ANSWER: S.TALKING,
        Cause.ENGAGE: S.RESERVED,
    },
}


def after(state: AgentState, cause: Cause) -> AgentState:
    """Return the state that follows. Raises IllegalTransition."""
    try:
        return TRANSITIONS[state][cause]
    except KeyError:
        raise IllegalTransition(state, cause) from None


def may(state: AgentState, cause: Cause) -> bool:
    """Tell whether there is a way."""
    return cause in TRANSITIONS[state]


IN_OFFER = frozenset({S.RESERVED, S.RINGING})
IN_CALL = frozenset({S.TALKING, S.HOLDING})
