"""How a call moves by its table, keeping its place in line in step."""

from collections.abc import Callable
from typing import Any

from calls.call import Call
from calls.transitions import call_after
from center.state import State
from messages.events import Entry, Event
from messages.ids import AgentId
from queueing.line import PERSONAL

Steps = dict[type[Event], Callable[[State, Entry, Any], None]]


def step(state: State, call: Call, event: Event) -> None:
    """Move a call. Raises IllegalTransition."""
    was = call.in_line
    call.state = call_after(call.state, type(event))
    settle(state, call, was)


def settle(state: State, call: Call, was_in_line: bool) -> None:
    """Put a call into its line, or take it out, where that has changed."""
    if call.in_line != was_in_line:
        state.enter_line(call) if call.in_line else state.leave_line(call)


def prefer_no_more(state: State, call: Call, agent: AgentId) -> None:
    """Let a call that would rather have had one agent go to anybody, at the place it has."""
    kept = tuple(need for need in call.needs if need.skill != f"{PERSONAL}{agent}" or need.wait_s != 0.0)
    if kept == call.needs:
        return
    if call.in_line:
        state.leave_line(call)
    call.needs = kept
    if call.in_line:
        state.enter_line(call)
