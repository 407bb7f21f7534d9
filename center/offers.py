"""Offers: a waiting call meets a free agent, rings, and is answered or comes to nothing."""

from datetime import timedelta

from agents.agent import Agent
from agents.transitions import IN_OFFER, Cause, may
from calls.call import Call, Leg
from calls.transitions import LegState
from center.turn import Turn
from messages import commands, events, facts
from messages.ids import AgentId
from messages.values import LegEnd, Reason
from queueing.router import assign

_MISSED = {
    LegEnd.NO_ANSWER: Reason.RONA,
    LegEnd.BUSY: Reason.PHONE_UNAVAILABLE,
    LegEnd.UNAVAILABLE: Reason.PHONE_UNAVAILABLE,
}


def match(turn: Turn) -> None:
    """Offer waiting calls to free agents until no pair is left."""
    while found := assign(turn.state.lines.values()):
        _offer(turn, turn.state.calls[found.call], found.agent)


def _offer(turn: Turn, call: Call, agent_id: AgentId) -> None:
    agent = turn.state.roster.get(agent_id)
    queue = turn.state.queue_of(call)
    leg, ring_until = call.next_leg(), turn.now + timedelta(seconds=queue.ring_s)
    waited_s = call.waited_s(turn.now)
    turn.record(
        events.CallOffered(
            contact=call.contact,
            call=call.id,
            queue=call.queue,
            occurred=turn.now,
            leg=leg,
            phone=agent.phone,
            agent=agent.id,
            waited_s=waited_s,
            ring_until=ring_until,
        )
    )
    turn.move(agent, Cause.OFFER, call=call.id, leg=leg)
    turn.record(
        events.ScreenPop(
            contact=call.contact,
            call=call.id,
            leg=leg,
            agent=agent.id,
            queue=queue.id,
            number=call.number,
            did=call.did,
            waited_s=waited_s,
            expires_at=ring_until,
        )
    )
    turn.command(
        commands.OfferCall,
        call.node,
        within_s=turn.state.settings.offer_deadline_s,
        call=call.id,
        leg=leg,
        agent=agent.id,
        phone=agent.phone,
        ring_s=queue.ring_s,
    )


def find_or_open(turn: Turn, call: Call, fact: facts.LegFact) -> Leg:
    """Return the fact's leg; one that Asterisk opened (the fallback queue's) is recorded first."""
    if leg := call.legs.get(fact.leg):
        return leg
    agent = turn.state.roster.at(fact.phone)
    turn.record_call(
        events.CallOffered,
        call,
        fact.occurred,
        leg=fact.leg,
        phone=fact.phone,
        agent=agent.id if agent else None,
        waited_s=call.waited_s(fact.occurred),
    )
    return call.legs[fact.leg]


def ringing(turn: Turn, fact: facts.LegRinging) -> None:
    """The agent's phone rings."""
    call = turn.call(fact.call)
    if call is None:
        return
    leg = find_or_open(turn, call, fact)
    if leg.state is not LegState.OFFERED:
        return
    turn.record_leg(events.CallRinging, call, leg, fact.occurred)
    agent = turn.state.roster.by_id.get(leg.agent) if leg.agent else None
    if agent and (agent.leg == leg.id or agent.leg is None) and may(agent.state, Cause.RING):
        turn.move(agent, Cause.RING, call=call.id, leg=leg.id)


def fail(turn: Turn, call: Call, leg: Leg, why: LegEnd) -> None:
    """End an unanswered leg that Asterisk ended; a citizen who is on the way out is offered to nobody else."""
    come_to_nothing(turn, call, leg, why)
    if why is LegEnd.CITIZEN_GONE and call.in_line:
        turn.record_call(events.CallDetached, call, turn.now)


def come_to_nothing(turn: Turn, call: Call, leg: Leg, why: LegEnd) -> None:
    """End an unanswered leg; the call keeps its place, the agent who missed it is not ready."""
    agent = turn.leg_agent(leg)
    turn.record_leg(events.LegEnded, call, leg, turn.now, why=why, talked=False)
    if leg.agent:
        turn.record(events.ScreenPopWithdrawn(contact=call.contact, call=call.id, leg=leg.id, agent=leg.agent, why=why))
    if agent is None:
        return
    reason = _MISSED.get(why, "")
    if reason:
        turn.move(agent, Cause.MISS, reason=reason)
    elif agent.planned:
        turn.move(agent, Cause.MISS, reason=agent.planned)
    else:
        turn.move(agent, Cause.RELEASE)


def withdraw_other(turn: Turn, agent: Agent, answered: Leg) -> None:
    """The agent answered another call than the one we offer them: offer that one to somebody else."""
    if agent.state not in IN_OFFER or agent.leg in (None, answered.id) or agent.call is None:
        return
    call = turn.state.calls[agent.call]
    leg = call.legs[agent.leg]
    turn.command(commands.WithdrawOffer, call.node, call=call.id, leg=leg.id)
    come_to_nothing(turn, call, leg, LegEnd.WITHDRAWN)


def ring_deadline(turn: Turn, call: Call, leg: Leg) -> None:
    """Asterisk should have ended this offer by now: end it ourselves."""
    turn.command(commands.WithdrawOffer, call.node, call=call.id, leg=leg.id)
    come_to_nothing(turn, call, leg, LegEnd.NO_ANSWER)
