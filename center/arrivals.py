"""Arrivals: a citizen reaches us, joins a queue, leaves it, or is no longer held."""

from calls.transitions import CallState
from center import offers
from center.turn import Turn
from messages import commands, events, facts, requests
from messages.errors import NotFound
from messages.values import ContactOutcome, LegEnd


def arrived(turn: Turn, fact: facts.CallArrived) -> None:
    """A citizen's channel carries its contact; known or ended ones change nothing."""
    if fact.call in turn.state.calls or fact.call in turn.state.ended:
        return
    turn.record(
        events.ContactArrived(
            contact=fact.contact,
            call=fact.call,
            node=fact.node,
            number=fact.number,
            did=fact.did,
            occurred=fact.occurred,
            linkedid=fact.linkedid,
        )
    )


def queued(turn: Turn, fact: facts.CallQueued) -> None:
    """The call waits: with us, or in Asterisk's own queue. Said twice, it changes nothing."""
    state = turn.state
    if fact.call in state.ended:
        return
    call = state.calls.get(fact.call)
    if call is None:
        turn.record(
            events.ContactArrived(
                contact=fact.call,  # type: ignore[arg-type]  # the dialplan mints the one from the other
                call=fact.call,
                node=fact.node,
                number=fact.number,
                did=fact.did,
                occurred=fact.occurred,
                linkedid=fact.linkedid,
            )
        )
        call = state.calls[fact.call]
    if call.state in (CallState.WAITING, CallState.OFFERED):
        if call.by_asterisk == fact.by_asterisk and not call.detached:
            return
        for leg in call.alive_legs():
            offers.come_to_nothing(turn, call, leg, LegEnd.WITHDRAWN)
    elif call.state is CallState.TALKING:
        return
    queue = fact.queue if fact.by_asterisk or fact.queue in state.queues else state.settings.queues[0].id
    turn.record(
        events.CallQueued(
            contact=call.contact,
            call=call.id,
            queue=queue,
            occurred=fact.occurred,
            noticed=fact.noticed,
            by_asterisk=fact.by_asterisk,
        )
    )


def left_queue(turn: Turn, fact: facts.CallLeftQueue) -> None:
    """The call left Asterisk's own queue without an agent."""
    call = turn.call(fact.call)
    if call is not None and call.by_asterisk:
        leave(turn, fact.call, fact.outcome)


def leave(turn: Turn, call_id: str, outcome: ContactOutcome) -> None:
    """Take a waiting call out of its queue with an outcome; offers of it are withdrawn."""
    call = turn.state.calls[call_id]  # type: ignore[index]
    if call.state not in (CallState.WAITING, CallState.OFFERED) or call.queued_at is None:
        return
    for leg in call.alive_legs():
        offers.come_to_nothing(turn, call, leg, LegEnd.WITHDRAWN)
    turn.record_call(events.CallLeftQueue, call, turn.now, outcome=outcome)


def missing(turn: Turn, fact: facts.CallMissing) -> None:
    """Our session lost the call: gone, moved, or on its way to the fallback queue. Offer it to nobody meanwhile."""
    call = turn.call(fact.call)
    if call is None or call.detached or call.by_asterisk:
        return
    if call.state in (CallState.WAITING, CallState.OFFERED):
        turn.record_call(events.CallDetached, call, fact.occurred)


def hang_up(turn: Turn, request: requests.HangUpCall) -> None:
    """End a live call; one that still waits counts as withdrawn. Raises NotFound."""
    call = turn.call(request.call)
    if call is None:
        raise NotFound(f"no live call {request.call}")
    leave(turn, call.id, ContactOutcome.WITHDRAWN)
    turn.command(commands.HangUp, call.node, call=call.id)
