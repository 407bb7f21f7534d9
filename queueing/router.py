"""Which waiting call goes to which free agent."""

from collections.abc import Iterable

import msgspec

from messages.ids import AgentId, CallId
from queueing.line import Line


class Match(msgspec.Struct, frozen=True):
    """A call and the agent it should be offered to."""

    call: CallId
    agent: AgentId


def assign(lines: Iterable[Line]) -> Match | None:
    """Return the next match, or None when no line has both a caller and an agent.

    Oldest caller across all queues first, served by the queue's longest-idle agent. Work-conserving: called
    again until it returns None, it leaves no caller waiting beside an agent who could serve.
    """
    oldest: Line | None = None
    for line in lines:
        if line.waiting and line.free and (oldest is None or line.waiting[0] < oldest.waiting[0]):
            oldest = line
    return Match(oldest.waiting[0][1], oldest.free[0][1]) if oldest else None
