"""Offers: a waiting call meets free agents, rings, and is answered or comes to nothing."""

from collections.abc import Callable
from datetime import datetime, timedelta

from agents.agent import Agent
from agents.transitions import IN_OFFER, Cause, may
from calls.call import Call, Leg
from calls.transitions import LegState
from center import duties
from center.turn import Turn
from messages import commands, events, facts
from messages.ids import AgentId, LegId, OperationId, Phone, QueueId
from messages.values import AgentState, LegEnd, LegKind, Reason
from queueing.router import agents_for, call_for

_MISSED = {
    LegEnd.NO_ANSWER: Reason.RONA,
    LegEnd.BUSY: Reason.PHONE_UNAVAILABLE,
    LegEnd.UNAVAILABLE: Reason.PHONE_UNAVAILABLE,
}
_ANSWERABLE = frozenset({LegKind.AGENT, LegKind.CONSULT, LegKind.THREE_WAY})
"""Roles in which not answering is the agent's own miss."""


Takes = Callable[[Turn, Agent, datetime | None], bool]


def match(turn: Turn, takes: Takes = lambda turn, agent, place: False) -> None:
    """Ask those who have become free, then the calls that have joined, until nobody is left to ask.

    `takes`: gives a freed agent something that comes before the place of the first call they could serve, if there is.
    """
    state = turn.state
    while state.fresh_agents or state.fresh_calls:
        for agent_id in list(state.fresh_agents):
            agent = state.roster.by_id[agent_id]
            if agent_id not in state.fresh_agents:  # taken meanwhile
                continue
            del state.fresh_agents[agent_id]
            # The first call may suit another agent better; then this one is asked for the next.
            while agent.state is AgentState.READY:
                call = call_for(state.lines_of(agent), agent.id, agent.skills)
                if takes(turn, agent, state.calls[call].place if call else None) or call is None:
                    break
                _offer_best(turn, state.calls[call])
        for call_id in sorted(state.fresh_calls, key=lambda name: (state.calls[name].place, name)):
            if call_id in state.fresh_calls:
                del state.fresh_calls[call_id]
                _offer_best(turn, state.calls[call_id])


def _offer_best(turn: Turn, call: Call) -> None:
    if call.queue is None:
        return
    agents = agents_for(turn.state.line_of(call.queue), call.needs, call.asks)
    if agents:
        offer(turn, call, [turn.state.roster.by_id[agent] for agent in agents])


def offer(
    turn: Turn, call: Call, agents: list[Agent], cause: Cause = Cause.OFFER, operation: OperationId | None = None
) -> list[LegId]:
    """Reserve agents for a held call, pop their screens and ring their phones; the first to answer wins."""
    callback = turn.state.attempt(call.operation)
    ring_s, waited_s = duties.ring_s(turn, call, agents), call.waited_s(turn.now)
    legs = [open_leg(turn, call, agent.phone, agent.id, LegKind.AGENT, ring_s, operation) for agent in agents]
    for leg, agent in zip(legs, agents, strict=True):
        if cause is Cause.ENGAGE:
            engage(turn, agent, call, leg)
        else:
            turn.move(agent, cause, call=call.id, leg=leg)
        turn.record(
            events.ScreenPop(
                contact=call.contact,
                call=call.id,
                leg=leg,
                agent=agent.id,
                queue=call.queue or turn.state.settings.queues[0].id,
                number=call.number,
                did=call.did,
                waited_s=waited_s,
                expires_at=turn.now + timedelta(seconds=ring_s),
                path=call.path,
                confidential=call.confidential,
                malicious=call.label is not None,
                priority=call.priority,
                purpose=callback.purpose if callback else "",
                about=call.about,
            )
        )
    turn.command(
        commands.OfferCall,
        call.node,
        within_s=turn.state.settings.offer_deadline_s,
        call=call.id,
        legs=tuple(commands.Ringing(leg, agent.phone) for leg, agent in zip(legs, agents, strict=True)),
        ring_s=ring_s,
    )
    return legs


def engage(turn: Turn, agent: Agent, call: Call | None, leg: LegId | None) -> None:
    """Let an agent take a call of their own accord; whoever was not ready is so again after it."""
    reason = agent.reason if agent.state is AgentState.NOT_READY else ""
    turn.move(agent, Cause.ENGAGE, call=call.id if call else None, leg=leg)
    if reason:
        turn.record(events.AgentPlanned(agent=agent.id, reason=reason))


def open_leg(
    turn: Turn,
    call: Call,
    phone: Phone,
    agent: AgentId | None,
    role: LegKind,
    ring_s: float,
    operation: OperationId | None = None,
    leg: LegId | None = None,
    queue: QueueId | None = None,
) -> LegId:
    """Record that somebody is to be rung for a call, and return the new leg's id."""
    leg = leg or call.next_leg()
    turn.record(
        events.CallOffered(
            contact=call.contact,
            call=call.id,
            queue=queue or call.queue,
            occurred=turn.now,
            leg=leg,
            phone=phone,
            agent=agent,
            waited_s=call.waited_s(turn.now),
            ring_until=turn.now + timedelta(seconds=ring_s),
            role=role,
            operation=operation,
        )
    )
    return leg


def dialled(turn: Turn, call: Call, fact: facts.CallArrived, outbound: events.DialledOut | None) -> None:
    """The agent has picked up and the number is being dialled: from here it is a call with a leg."""
    agent = turn.state.roster.by_id.get(outbound.agent) if outbound and outbound.agent else None
    if outbound is None or agent is None:  # given up meanwhile
        turn.command(commands.HangUp, call.node, call=call.id)
        return
    leg = open_leg(
        turn,
        call,
        agent.phone,
        agent.id,
        LegKind.OUTBOUND,
        turn.state.settings.party_ring_s,
        outbound.operation,
        fact.outbound,
        agent.queues[0] if agent.queues else None,
    )
    if agent.leg == leg and may(agent.state, Cause.RING):
        turn.move(agent, Cause.RING, call=call.id, leg=leg)


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


def come_to_nothing(turn: Turn, call: Call, leg: Leg, why: LegEnd, occurred: datetime | None = None) -> None:
    """End a leg that never talked to the citizen; the call keeps its place, the agent who missed it is not ready."""
    agent = turn.leg_agent(leg)
    wraps_up = agent is not None and may(agent.state, Cause.FINISH)  # was consulted
    ended = occurred or turn.now
    turn.record_leg(events.LegEnded, call, leg, ended, why=why, talked=False, wraps_up=wraps_up, role=leg.role)
    if leg.agent and leg.role is LegKind.AGENT:
        turn.record(events.ScreenPopWithdrawn(contact=call.contact, call=call.id, leg=leg.id, agent=leg.agent, why=why))
    if agent is not None:
        _release(turn, agent, call, leg, why)


def _release(turn: Turn, agent: Agent, call: Call, leg: Leg, why: LegEnd) -> None:
    """Give an agent back whose part came to nothing."""
    if may(agent.state, Cause.FINISH):
        turn.move(agent, Cause.FINISH, call=call.id, leg=leg.id, until=wrap_up_until(turn, call))
        return
    give_back(turn, agent, _MISSED.get(why, "") if leg.role in _ANSWERABLE else "")


def give_back(turn: Turn, agent: Agent, missed: str = "") -> None:
    """Let a reserved agent be ready again; or not ready, where they missed a call, cannot hear us, or planned to be."""
    reason = turn.state.deaf_reason(agent) or missed or agent.planned
    turn.move(agent, Cause.MISS if reason else Cause.RELEASE, reason=reason)


def wrap_up_until(turn: Turn, call: Call, since: datetime | None = None) -> datetime:
    """Return when the wrap-up of a call's queue ends that begins now, or began while we were away."""
    until = (since or turn.now) + timedelta(seconds=turn.state.queue_of(call).wrap_up_s)
    return max(turn.now, until)


def withdraw(turn: Turn, call: Call, leg: Leg, why: LegEnd) -> None:
    """Stop ringing, or consulting, somebody."""
    turn.command(commands.WithdrawOffer, call.node, call=call.id, leg=leg.id)
    come_to_nothing(turn, call, leg, why)


def lose_others(turn: Turn, call: Call, winner: Leg) -> None:
    """One of those who were offered the call has answered: release the others, in the same turn."""
    for leg in call.alive_legs():
        if leg is not winner and leg.role is LegKind.AGENT and not leg.talks:
            come_to_nothing(turn, call, leg, LegEnd.ANSWERED_ELSEWHERE)


def withdraw_other(turn: Turn, agent: Agent, answered: Leg) -> None:
    """The agent answered another call than the one we offer them: offer that one to somebody else."""
    if agent.state not in IN_OFFER or agent.leg in (None, answered.id) or agent.call is None:
        return
    call = turn.state.calls[agent.call]
    if call.vanished is not None:  # it may have been answered: the logs will say
        give_back(turn, agent)
        return
    withdraw(turn, call, call.legs[agent.leg], LegEnd.WITHDRAWN)


def ring_deadline(turn: Turn, call: Call, leg: Leg) -> None:
    """Asterisk should have ended this offer by now: end it ourselves."""
    withdraw(turn, call, leg, LegEnd.NO_ANSWER)


def caller_id(turn: Turn, tenant: str) -> str:
    """Return what outbound calls of a tenant show."""
    found = turn.state.tenants.get(tenant)
    return (found.caller_id if found else "") or turn.state.settings.caller_id
