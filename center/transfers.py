"""Transfers: a call that was passed on is held by us again, and goes to whom it was passed to."""

from datetime import timedelta

from agents.agent import Agent
from calls.call import Call
from calls.transitions import CallState
from center import limits, offers, talks
from center.turn import Turn
from messages import commands, events, facts
from messages.ids import AgentId, Phone, QueueId
from messages.values import LegEnd, LegKind, Need, Target, TargetKind
from queueing.line import PERSONAL


def held_again(turn: Turn, call: Call, fact: facts.CallQueued) -> None:
    """Our session holds a call that was talking: AMI's news of the transfer came before this, or comes after."""
    for leg in call.talking_legs():
        talks.pass_on(turn, call, leg, fact.asked, fact.occurred)
    if call.state in (CallState.WAITING, CallState.OFFERED) and not call.detached and not call.by_asterisk:
        return
    for leg in call.alive_legs():
        offers.come_to_nothing(turn, call, leg, LegEnd.WITHDRAWN)
    target = call.routed or resolve(turn, fact.asked)
    if call.parking:
        _park(turn, call, fact)
    elif target is not None:
        go_to(turn, call, target, fact)
    else:
        limits.again(turn, call, fact.occurred, noticed=fact.noticed)


def resolve(turn: Turn, asked: str) -> Target | None:
    """Return whom an extension means that an agent's phone transferred to, None where it means nobody."""
    if not asked:
        return None
    usual = (agent for agent in turn.state.roster.by_id.values() if agent.usual_phone == asked)
    if agent := turn.state.roster.at(Phone(asked)) or next(usual, None):
        return Target(TargetKind.AGENT, agent.id)
    if QueueId(asked) in turn.state.queues:
        return Target(TargetKind.QUEUE, asked)
    return Target(TargetKind.NUMBER, asked) if is_outside(turn, asked) else None


def is_outside(turn: Turn, number: str) -> bool:
    """Tell whether a number may be dialled through the trunk."""
    settings = turn.state.settings
    digits = number.removeprefix("+")
    plain = digits.isascii() and digits.isdecimal() and len(digits) <= 20
    return plain and (number in settings.emergency or len(digits) >= settings.outside_digits)


def requeue(turn: Turn, event: events.LegEnded) -> None:
    """Queue a held call whose number, or whoever picked it up from parking, did not answer."""
    call = turn.call(event.call)
    if call is None or event.talked or call.state is not CallState.ARRIVED or call.detached:
        return
    if event.role is LegKind.AGENT and call.legs[event.leg].ring_until is not None:
        limits.again(turn, call, turn.now)


def go_to(turn: Turn, call: Call, target: Target, fact: facts.CallQueued) -> None:
    """Let a held call go to whom it was passed to."""
    match target.kind:
        case TargetKind.QUEUE if QueueId(target.to) in turn.state.queues:
            asked = limits.Asked(occurred=fact.occurred, noticed=fact.noticed, transferred=True)
            limits.admit(turn, call, QueueId(target.to), asked)
        case TargetKind.AGENT if AgentId(target.to) in turn.state.roster.by_id:
            _to_agent(turn, call, turn.state.roster.by_id[AgentId(target.to)], fact)
        case TargetKind.NUMBER:
            _to_number(turn, call, target.to)
        case _:
            limits.again(turn, call, fact.occurred, noticed=fact.noticed)


def _to_agent(turn: Turn, call: Call, agent: Agent, fact: facts.CallQueued) -> None:
    """Wait for one agent alone for a while, then for anyone of the queue."""
    served = [queue for queue in agent.queues if queue in turn.state.queues]
    if not served and agent.id in turn.state.on_duty:
        served = [call.queue or turn.state.settings.queues[0].id]
    if not served:
        limits.again(turn, call, fact.occurred, noticed=fact.noticed)
        return
    queue = call.queue if call.queue in served else served[0]
    need = Need(f"{PERSONAL}{agent.id}", 1, turn.state.settings.personal_s)
    asked = limits.Asked(occurred=fact.occurred, noticed=fact.noticed, needs=(need,), transferred=True)
    limits.join(turn, call, queue, asked)


def _park(turn: Turn, call: Call, fact: facts.CallQueued) -> None:
    until = turn.now + timedelta(seconds=turn.state.settings.park_s)
    turn.record_call(events.CallParked, call, fact.occurred, until=until)


def _to_number(turn: Turn, call: Call, number: str) -> None:
    """Dial an outside number for a held call."""
    ring_s = turn.state.settings.party_ring_s
    leg = offers.open_leg(turn, call, Phone(number), None, LegKind.AGENT, ring_s)
    turn.command(
        commands.OfferCall,
        call.node,
        within_s=turn.state.settings.offer_deadline_s,
        call=call.id,
        legs=(commands.Ringing(leg, Phone(number)),),
        ring_s=ring_s,
        outside=True,
        caller_id=offers.caller_id(turn, call.tenant),
    )
