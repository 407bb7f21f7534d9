"""Call control: what people do with live calls. Each verb is checked, recorded as an operation, and commanded."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from agents.agent import Agent
from agents.transitions import Cause, may
from calls.call import Call, Leg
from calls.transitions import CallState, LegState
from center import arrivals, offers, recordings, transfers
from center.turn import Turn
from messages import commands, requests
from messages.errors import Conflict, Invalid, NotFound, Refused
from messages.ids import AgentId, OperationId, Phone, QueueId
from messages.values import AgentState, ContactOutcome, LegKind, Reason, Target, TargetKind, Verb

Ask = requests.ControlCall

MAX_DIGITS = 32
MAX_REASON = 500
_DIGITS = frozenset("0123456789*#ABCD")
_ASIDE = recordings.VERBS | {Verb.DTMF, Verb.MUTE, Verb.UNMUTE}
"""Verbs that stand in no other's way."""


def control(turn: Turn, request: Ask) -> None:
    """Do what a verb asks of a live call. Raises NotFound, Refused, Conflict, Invalid."""
    if len(request.reason) > MAX_REASON:
        raise Invalid(f"reason: at most {MAX_REASON} characters")
    if request.verb not in _DO:
        raise Invalid(f"verb: {request.verb} is not of a live call")
    _DO[request.verb](turn, request, turn.live_call(request.call))


def leg_of(turn: Turn, request: Ask, call: Call) -> Leg:
    """Return the talking leg a request is about. Raises Refused where nobody talks, or the agent does not."""
    legs = [leg for leg in call.talking_legs() if request.agent in (None, leg.agent)]
    if not legs:
        raise Refused("nobody talks on this call" if request.agent is None else "you do not talk on this call")
    return legs[0]


def _busy_free(turn: Turn, leg: Leg) -> Leg:
    """Return a leg nothing else is being done with. Raises Conflict."""
    for operation in turn.state.operations.values():
        if operation.leg == leg.id and operation.verb not in _ASIDE:
            raise Conflict(f"{operation.verb} is still under way")
    return leg


def _start(
    turn: Turn, request: Ask, call: Call, leg: Leg | None, ring_s: float | None = None, **more: object
) -> OperationId:
    until = None
    if ring_s is not None:
        until = turn.now + timedelta(seconds=ring_s + turn.state.settings.operation_s)
    return turn.start(
        request.verb,
        request.by,
        until=until,
        contact=call.contact,
        call=call.id,
        leg=leg.id if leg else None,
        agent=leg.agent if leg else request.agent,
        queue=call.queue,
        reason=request.reason,
        **more,
    )


def _act(turn: Turn, request: Ask, call: Call, leg: Leg, operation: OperationId, **more: Any) -> None:
    turn.command(
        commands.ActOnLeg,
        call.node,
        operation=operation,
        call=call.id,
        leg=leg.id,
        verb=request.verb,
        **more,
    )


def _hold(turn: Turn, request: Ask, call: Call) -> None:
    leg = _busy_free(turn, leg_of(turn, request, call))
    if leg.state is not LegState.TALKING:
        raise Refused("the citizen is on hold already")
    _act(turn, request, call, leg, _start(turn, request, call, leg))


def _resume(turn: Turn, request: Ask, call: Call) -> None:
    leg = _busy_free(turn, leg_of(turn, request, call))
    if leg.state is not LegState.HELD:
        raise Refused("the citizen is not on hold")
    if call.consulted() is not None:
        raise Refused("a consultation is under way: complete or cancel it")
    _act(turn, request, call, leg, _start(turn, request, call, leg))


def _simple(turn: Turn, request: Ask, call: Call) -> None:
    leg = leg_of(turn, request, call)
    _act(turn, request, call, leg, _start(turn, request, call, leg))


def _recording(turn: Turn, request: Ask, call: Call) -> None:
    leg = leg_of(turn, request, call)
    recordings.check(turn, request.verb, call)
    recordings.control(turn, request, call, _start(turn, request, call, leg))


def _dtmf(turn: Turn, request: Ask, call: Call) -> None:
    if not request.digits or len(request.digits) > MAX_DIGITS or not _DIGITS.issuperset(request.digits):
        raise Invalid(f"digits: 1 to {MAX_DIGITS} of 0-9, *, #, A-D")
    leg = leg_of(turn, request, call)
    _act(turn, request, call, leg, _start(turn, request, call, leg), digits=request.digits)


def _transfer(turn: Turn, request: Ask, call: Call) -> None:
    leg = _busy_free(turn, leg_of(turn, request, call))
    target = check_target(turn, request.target)
    if target == Target(TargetKind.AGENT, leg.agent or ""):
        raise Invalid("target: that is who talks now")
    _alone(call, leg)
    _act(turn, request, call, leg, _start(turn, request, call, leg, target=target))


def _park(turn: Turn, request: Ask, call: Call) -> None:
    leg = _busy_free(turn, leg_of(turn, request, call))
    _alone(call, leg)
    _act(turn, request, call, leg, _start(turn, request, call, leg))


def _alone(call: Call, leg: Leg) -> None:
    if call.consulted() is not None:
        raise Refused("a consultation is under way: complete or cancel it")
    if len(call.talking_legs()) > 1:
        raise Refused("others are in the call: leave it instead")


def _pick_up(turn: Turn, request: Ask, call: Call) -> None:
    if request.agent is None:
        raise Invalid("agent: say who picks the call up")
    if call.state is not CallState.PARKED:
        raise Refused("the call is not parked")
    agent = turn.state.roster.get(request.agent)
    _engageable(turn, agent)
    leg = call.next_leg()
    operation = _start(turn, request, call, None, turn.state.queue_of(call).ring_s, party=leg)
    offers.offer(turn, call, [agent], Cause.ENGAGE, operation)


def _engageable(turn: Turn, agent: Agent) -> None:
    """Raise Refused unless the agent may take a call of their own accord."""
    if not may(agent.state, Cause.ENGAGE):
        raise Refused(f"agent {agent.id} is {agent.state}")
    if turn.state.deaf_reason(agent) is Reason.DEAF_PHONE:
        raise Refused(f"phone {agent.phone} does not answer; see that it is registered")


def _consult(turn: Turn, request: Ask, call: Call) -> None:
    leg = _busy_free(turn, leg_of(turn, request, call))
    if leg.state is not LegState.TALKING:
        raise Refused("take the citizen back first")
    target = check_target(turn, request.target)
    _alone(call, leg)
    ring_s = turn.state.settings.party_ring_s
    party, operation = _call_in(turn, request, call, leg, target, LegKind.CONSULT)
    _act(
        turn,
        request,
        call,
        leg,
        operation,
        party=party.id,
        phone=party.phone if party.agent else Phone(""),
        number="" if party.agent else party.phone,
        caller_id=offers.caller_id(turn, call.tenant),
        ring_s=ring_s,
    )


def _call_in(
    turn: Turn, request: Ask, call: Call, leg: Leg | None, target: Target, role: LegKind
) -> tuple[Leg, OperationId]:
    """Open the leg of somebody who is called into a call: an agent who is ready, or an outside number."""
    ring_s, name = turn.state.settings.party_ring_s, call.next_leg()
    agent: Agent | None = None
    if target.kind is TargetKind.QUEUE:
        raise Invalid("target: an agent or a number")
    if target.kind is TargetKind.AGENT:
        agent = turn.state.roster.get(AgentId(target.to))
        if agent.state is not AgentState.READY:
            raise Refused(f"agent {agent.id} is {agent.state}")
    operation = _start(turn, request, call, leg, ring_s, party=name, target=target)
    phone = agent.phone if agent else Phone(target.to)
    offers.open_leg(turn, call, phone, agent.id if agent else None, role, ring_s, operation)
    if agent:
        turn.move(agent, Cause.OFFER, call=call.id, leg=name)
    return call.legs[name], operation


def _consulting(turn: Turn, request: Ask, call: Call) -> None:
    leg, party = leg_of(turn, request, call), call.consulted()
    if party is None:
        raise Refused("no consultation is under way")
    if request.verb is not Verb.CANCEL:
        if party.state is not LegState.CONSULTED:
            raise Refused("whom you consult has not answered yet")
        _busy_free(turn, leg)
    _act(turn, request, call, leg, _start(turn, request, call, leg), party=party.id)


def _three_way(turn: Turn, request: Ask, call: Call) -> None:
    leg = leg_of(turn, request, call)
    if call.consulted() is not None:
        raise Refused("a consultation is under way: complete or cancel it")
    kind = LegKind.EMERGENCY if request.verb is Verb.EMERGENCY else LegKind.THREE_WAY
    party, operation = _call_in(turn, request, call, leg, _party(turn, request), kind)
    call_party(turn, call, party, operation, outside=party.agent is None)


def _party(turn: Turn, request: Ask) -> Target:
    if request.verb is not Verb.EMERGENCY:
        return check_target(turn, request.target)
    services = turn.state.settings.emergency
    if request.digits not in services:
        raise Invalid(f"digits: one of {', '.join(services)}")
    return Target(TargetKind.NUMBER, request.digits)


def call_party(turn: Turn, call: Call, party: Leg, operation: OperationId, *, outside: bool) -> None:
    """Ring somebody and let them into the talk."""
    turn.command(
        commands.CallParty,
        call.node,
        operation=operation,
        contact=call.contact,
        call=call.id,
        leg=party.id,
        kind=party.role,
        phone=Phone("") if outside else party.phone,
        number=party.phone if outside else "",
        caller_id=offers.caller_id(turn, call.tenant),
        ring_s=turn.state.settings.party_ring_s,
    )


def _take_over(turn: Turn, request: Ask, call: Call) -> None:
    leg = leg_of(turn, request, call)
    taker = turn.state.roster.at(request.phone)
    if not request.phone:
        raise Invalid("phone: say which phone of yours to ring")
    if any(other.phone == request.phone for other in call.alive_legs()):
        raise Invalid("phone: that one is in the call")
    if taker is not None:
        _engageable(turn, taker)
    ring_s, name = turn.state.settings.party_ring_s, call.next_leg()
    operation = _start(turn, request, call, leg, ring_s, party=name)
    offers.open_leg(turn, call, request.phone, taker.id if taker else None, LegKind.TAKE_OVER, ring_s, operation)
    if taker is not None:
        offers.engage(turn, taker, call, name)
    call_party(turn, call, call.legs[name], operation, outside=False)


def _leave(turn: Turn, request: Ask, call: Call) -> None:
    leg = leg_of(turn, request, call)
    if len(call.talking_legs()) < 2:
        raise Refused("you are alone with the citizen: transfer or hang up")
    _act(turn, request, call, leg, _start(turn, request, call, leg))


def _hang_up(turn: Turn, request: Ask, call: Call) -> None:
    """End a call; one that still waits counts as withdrawn. The one agent of a call leaves it to its last words."""
    talking = call.talking_legs()
    if request.agent is not None and [leg.agent for leg in talking] == [request.agent] and call.direction == "in":
        _start(turn, request, call, talking[0])
        turn.command(commands.DropLeg, call.node, call=call.id, leg=talking[0].id)
        return
    _start(turn, request, call, None)
    arrivals.leave(turn, call.id, ContactOutcome.WITHDRAWN)
    turn.command(commands.HangUp, call.node, call=call.id)


def check_target(turn: Turn, target: Target | None) -> Target:
    """Return a target that exists and may be called. Raises Invalid, NotFound."""
    if target is None:
        raise Invalid("target: say to whom")
    match target.kind:
        case TargetKind.AGENT:
            turn.state.roster.get(AgentId(target.to))
        case TargetKind.QUEUE if QueueId(target.to) not in turn.state.queues:
            raise NotFound(f"no queue {target.to}")
        case TargetKind.NUMBER if not transfers.is_outside(turn, target.to):
            least = turn.state.settings.outside_digits
            raise Invalid(f"target: an outside number has {least} to 20 digits, or is an emergency service's")
    return target


_DO: dict[Verb, Callable[[Turn, Ask, Call], None]] = {
    Verb.HOLD: _hold,
    Verb.RESUME: _resume,
    Verb.MUTE: _simple,
    Verb.UNMUTE: _simple,
    Verb.DTMF: _dtmf,
    **dict.fromkeys(recordings.VERBS, _recording),
    Verb.TRANSFER: _transfer,
    Verb.PARK: _park,
    Verb.PICK_UP: _pick_up,
    Verb.CONSULT: _consult,
    Verb.COMPLETE: _consulting,
    Verb.CANCEL: _consulting,
    Verb.SWAP: _consulting,
    Verb.THREE_WAY: _three_way,
    Verb.EMERGENCY: _three_way,
    Verb.TAKE_OVER: _take_over,
    Verb.LEAVE: _leave,
    Verb.HANG_UP: _hang_up,
}
