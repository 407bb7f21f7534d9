"""Queues: opened and closed by hand, and what follows when the last agent of one leaves."""

from center import limits, transfers
from center.turn import Turn
from messages import events, requests
from messages.errors import Invalid, NotFound
from messages.values import AgentState

MAX_REASON = 500


def open_queue(turn: Turn, request: requests.OpenQueue) -> None:
    """Open or close a queue; who waits in it stays. Raises NotFound, Invalid."""
    if request.queue not in turn.state.queues:
        raise NotFound(f"no queue {request.queue}")
    if len(request.reason) > MAX_REASON:
        raise Invalid(f"reason: at most {MAX_REASON} characters")
    if (request.queue not in turn.state.closed) is not request.open:
        turn.record(events.QueueChanged(queue=request.queue, open=request.open, by=request.by, reason=request.reason))


def follow_up(turn: Turn) -> None:
    """Queue calls again whose outside number did not answer; see to those whose queue has lost its last agent."""
    for entry in list(turn.entries):
        match entry.event:
            case events.LegEnded() as ended:
                transfers.requeue(turn, ended)
            case events.AgentStateChanged(after=AgentState.LOGGED_OUT, agent=name):
                agent = turn.state.roster.by_id.get(name)
                for queue in agent.queues if agent else ():
                    limits.emptied(turn, queue)
