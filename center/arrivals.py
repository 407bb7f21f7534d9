"""Arrivals: a citizen reaches us, asks for a queue, leaves it, or is no longer held."""

import msgspec

from calls.call import Call
from calls.transitions import CallState
from center import labels, limits, offers, transfers
from center.turn import Turn
from messages import events, facts
from messages.ids import CallId
from messages.values import ContactOutcome, Direction, LegEnd
from queueing.routes import route_for
from queueing.surge import key_of


def arrived(turn: Turn, fact: facts.CallArrived) -> None:
    """A citizen's channel carries its contact; known or ended ones change nothing."""
    if fact.call in turn.state.calls or fact.call in turn.state.ended:
        return
    outbound = turn.state.outbound.get(fact.outbound)
    alone = outbound.operation if outbound and outbound.agent is None else None
    tenant = _tenant(turn, fact, outbound)
    turn.record(
        events.ContactArrived(
            contact=fact.contact,
            call=fact.call,
            node=fact.node,
            number=outbound.number if outbound else fact.number,
            did=fact.did,
            occurred=fact.occurred,
            linkedid=fact.linkedid,
            tenant=tenant,
            direction=Direction.OUT if fact.outbound else Direction.IN,
            about=outbound.about if outbound else None,
            unit=outbound.unit if outbound else "",
            confidential=outbound is not None and (outbound.confidential or turn.state.is_confidential(outbound.about)),
            label=None if fact.outbound else labels.label_of(turn, tenant, fact.number),
            operation=alone,
        )
    )
    if outbound and outbound.case_no:
        turn.record(events.ContactLinked(contact=fact.contact, case_no=outbound.case_no, by=outbound.by))
    if alone:
        return
    if fact.outbound:
        offers.dialled(turn, turn.state.calls[fact.call], fact, outbound)
    else:
        _watch_for_bursts(turn, fact)


def _tenant(turn: Turn, fact: facts.CallArrived, outbound: events.DialledOut | None) -> str:
    """Return whose contact it is: the dialled number's, or the dialling agent's; without one, its call back's."""
    if outbound and outbound.agent is None:
        callback = turn.state.attempt(outbound.operation)
        return callback.tenant if callback else ""
    if fact.outbound:
        agent = turn.state.roster.by_id.get(outbound.agent) if outbound and outbound.agent else None
        return agent.tenant if agent else ""
    route = route_for(turn.state.settings.routes, fact.did, fact.number)
    return (route.tenant or turn.state.tenant_of(route.queue)) if route else ""


def reached(turn: Turn, fact: facts.CitizenReached) -> None:
    """A citizen whom we rang without an agent has picked up."""
    call = turn.call(fact.call)
    if call is not None and call.operation and not call.reached:
        turn.record_call(events.CallReached, call, fact.occurred)


def _watch_for_bursts(turn: Turn, fact: facts.CallArrived | facts.CallQueued) -> None:
    """Begin the surges that this arrival completes."""
    for surge in turn.state.settings.surges:
        key = key_of(surge, fact.did, fact.number)
        burst = turn.state.bursts.get((surge.id, key)) if key is not None else None
        if key is not None and burst is not None and not burst.active and burst.bursts(surge):
            turn.record(events.SurgeStarted(surge=surge.id, key=key, calls=len(burst.arrivals)))


def queued(turn: Turn, fact: facts.CallQueued) -> None:
    """A held call asks for a queue, or Asterisk's own took it. Said twice, it changes nothing."""
    state = turn.state
    if fact.call in state.ended:
        return
    if fact.call not in state.calls:
        arrived(
            turn,
            facts.CallArrived(
                occurred=fact.occurred,
                node=fact.node,
                call=fact.call,
                contact=fact.call,  # type: ignore[arg-type]  # the dialplan mints the one from the other
                number=fact.number,
                did=fact.did,
                linkedid=fact.linkedid,
            ),
        )
    call = state.calls[fact.call]
    if not fact.queue and not fact.by_asterisk:
        transfers.held_again(turn, call, fact)
        return
    if call.state is CallState.TALKING or not _is_news(turn, call, fact):
        return
    if fact.by_asterisk:
        limits.join(
            turn, call, fact.queue, limits.Asked(occurred=fact.occurred, noticed=fact.noticed, by_asterisk=True)
        )
    else:
        _ask(turn, call, fact)


def _is_news(turn: Turn, call: Call, fact: facts.CallQueued) -> bool:
    if call.state in (CallState.WAITING, CallState.OFFERED):
        if call.by_asterisk == fact.by_asterisk and not call.detached:
            return False
        for leg in call.alive_legs():
            offers.come_to_nothing(turn, call, leg, LegEnd.WITHDRAWN)
    return True


def _ask(turn: Turn, call: Call, fact: facts.CallQueued) -> None:
    """Let a call into the queue it had; a new one, into what its numbers lead to, else what the flow says.

    What the flow said of needs and priority is added to the route's. A labelled caller who pressed the key for
    emergencies asks anew. Whom we call back comes to the queue and the place that were kept.
    """
    pressed = labels.pressed(turn, call, fact.keyed)
    asked = limits.Asked(
        occurred=fact.occurred,
        noticed=fact.noticed,
        needs=fact.needs,
        priority=fact.priority,
        confidential=fact.confidential,
        path=fact.path,
        menu_s=fact.menu_s,
    )
    callback = turn.state.attempt(call.operation)
    if callback is not None and call.joined_at is None:  # no limit turns them away: they have been asked to come
        limits.join(turn, call, callback.queue, msgspec.structs.replace(asked, place=callback.place))
        return
    has_place = call.queue in turn.state.queues and call.joined_at is not None and not pressed
    if has_place and call.queue is not None:
        asked = msgspec.structs.replace(asked, needs=call.needs, priority=call.priority)
        limits.join(turn, call, call.queue, asked)
        return
    route = route_for(turn.state.settings.routes, call.did, call.number)
    queue = fact.queue if fact.queue in turn.state.queues else None
    if route and route.queue in turn.state.queues:
        needs = (*fact.needs, *(need for need in route.needs if need not in fact.needs))
        asked = msgspec.structs.replace(asked, needs=needs, priority=fact.priority + route.priority)
        queue = queue if fact.path else route.queue  # what the citizen chose by key is not overruled
    limits.admit(turn, call, queue or turn.state.settings.queues[0].id, asked)


def left_queue(turn: Turn, fact: facts.CallLeftQueue) -> None:
    """The call left Asterisk's own queue without an agent."""
    call = turn.call(fact.call)
    if call is not None and call.by_asterisk:
        leave(turn, fact.call, fact.outcome)


def leave(turn: Turn, call_id: CallId, outcome: ContactOutcome) -> None:
    """Take a waiting call out of its queue with an outcome; offers of it are withdrawn."""
    call = turn.state.calls[call_id]
    if call.state not in (CallState.WAITING, CallState.OFFERED) or call.joined_at is None:
        return
    for leg in call.alive_legs():
        offers.withdraw(turn, call, leg, LegEnd.WITHDRAWN)
    if call.state is CallState.WAITING:
        turn.record_call(events.CallLeftQueue, call, turn.now, outcome=outcome)


def missing(turn: Turn, fact: facts.CallMissing) -> None:
    """Our session lost the call: gone, moved, or on its way to the fallback queue. Offer it to nobody meanwhile."""
    call = turn.call(fact.call)
    if call is None or call.detached or call.by_asterisk:
        return
    if call.state in (CallState.WAITING, CallState.OFFERED):
        turn.record_call(events.CallDetached, call, fact.occurred)


def flow_ended(turn: Turn, fact: facts.FlowEnded) -> None:
    """What the citizen keyed is kept although they never came to a queue."""
    call = turn.call(fact.call)
    if call is not None:
        turn.record_call(
            events.FlowEnded,
            call,
            fact.occurred,
            path=fact.path,
            menu_s=fact.menu_s,
            confidential=fact.confidential,
        )


def park_over(turn: Turn, call_id: str) -> None:
    """Nobody picked the parked call up: it queues again."""
    limits.again(turn, turn.state.calls[CallId(call_id)], turn.now)


def surge_over(turn: Turn, surge: str, key: str) -> None:
    """A burst has been over for long enough."""
    burst = turn.state.bursts.get((surge, key))
    turn.record(events.SurgeEnded(surge=surge, key=key, deflected=burst.deflected if burst else 0))
