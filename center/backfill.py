"""What happened while we were away: Asterisk's logs tell of contacts that have ended, in the words of the live ones.

A call that is gone when we come back is not ended at once: it vanishes, and the logs may say how it went. What they
cannot say within a time is presumed. A contact that the journal has ended is never touched again.
"""

from datetime import datetime, timedelta

from agents.agent import Agent
from agents.transitions import Cause, may
from calls.call import Call, Leg
from calls.transitions import CallState
from center import offers, talks
from center.turn import Turn
from messages import events, facts, requests
from messages.errors import Conflict
from messages.ids import CallId, LegId
from messages.requests import PastLeg, PastVisit
from messages.values import ContactOutcome, Direction, LegEnd, LegKind, Source
from queueing.routes import route_for

_SAME = timedelta(seconds=5)
"""An offer of ours and the channel that Asterisk dialled for it begin within this time of one another."""
_STAYED = frozenset({ContactOutcome.ANSWERED, ContactOutcome.ABANDONED, ContactOutcome.LOST})
"""Outcomes of a visit with which the call itself ends, or goes on as a talk."""


def vanish(turn: Turn, call: Call, occurred: datetime) -> bool:
    """Take note that Asterisk no longer has a call; tell whether that is news."""
    logs_s = turn.state.settings.logs_s
    if call.vanished is None and logs_s > 0:
        talks.drop_consulted(turn, call)
        turn.record_call(events.CallVanished, call, occurred, until=turn.now + timedelta(seconds=logs_s))
        return True
    if call.vanished is None:
        talks.end(turn, call, occurred, call.outcome(), source=Source.PRESUMED)
        return True
    return False


def unexplained(turn: Turn, call_id: str) -> None:
    """Presume how a vanished call ended: no log has told of it in time."""
    call = turn.state.calls[CallId(call_id)]
    talks.end(turn, call, call.vanished or turn.now, call.outcome(), source=Source.PRESUMED)


def logs_read(turn: Turn, fact: facts.LogsRead) -> None:
    """The logs had nothing to say of the calls that had vanished by then."""
    for call in list(turn.state.calls.values()):
        if call.node == fact.node and call.vanished is not None and call.vanished <= fact.occurred:
            unexplained(turn, call.id)


def take(turn: Turn, request: requests.TakeBackfill) -> None:
    """Record what we missed of a contact; one that has ended is the journal's alone. Raises Conflict for a live one."""
    state = turn.state
    if request.call in state.ended:
        return
    call = state.calls.get(request.call)
    if call is None:
        known, call = False, _arrived(turn, request)
    elif call.vanished is None:
        raise Conflict(f"{call.id} is not known to be gone: Asterisk itself may still tell how it ended")
    else:
        known = True
    turn.id = request.contact
    ours = {leg.id for leg in call.legs.values()}
    steps = [(visit.asked, 0, visit) for visit in request.visits] + [(leg.offered, 1, leg) for leg in request.legs]
    leaving: PastVisit | None = None
    for _, _, step in sorted(steps, key=lambda step: step[:2]):
        if isinstance(step, PastVisit):
            _leave(turn, call, leaving)
            leaving = step
            _join(turn, call, step)
        else:
            _go_through(turn, call, step, ours)
    for leg in call.alive_legs():
        _end(turn, call, leg, LegEnd.LOST if leg.talks else LegEnd.WITHDRAWN, request.ended)
    _leave(turn, call, leaving)
    _over(turn, call, request, known)


def _arrived(turn: Turn, request: requests.TakeBackfill) -> Call:
    route = route_for(turn.state.settings.routes, request.did, request.number)
    turn.record(
        events.ContactArrived(
            contact=request.contact,
            call=request.call,
            node=request.node,
            number=request.number,
            did=request.did,
            occurred=request.arrived,
            linkedid=request.linkedid,
            tenant=(route.tenant or turn.state.tenant_of(route.queue)) if route else "",
            direction=request.direction,
            source=Source.BACKFILL,
        )
    )
    return turn.state.calls[request.call]


def _join(turn: Turn, call: Call, visit: PastVisit) -> None:
    """Record that Asterisk's own queue held the call: a stay with us goes on there."""
    if call.state is CallState.TALKING:
        return
    queue = call.queue or visit.queue
    turn.record(
        events.CallQueued(
            contact=call.contact, call=call.id, queue=queue, occurred=visit.asked, noticed=True, by_asterisk=True
        )
    )


def _leave(turn: Turn, call: Call, visit: PastVisit | None) -> None:
    if visit is not None and visit.outcome not in _STAYED and call.state is CallState.WAITING:
        turn.record_call(events.CallLeftQueue, call, visit.left, outcome=visit.outcome)


def _go_through(turn: Turn, call: Call, past: PastLeg, ours: set[LegId]) -> None:
    """Record a phone's part as far as it is new."""
    leg = _find(call, past, ours)
    if leg is None:
        leg = _open(turn, call, past)
    ours.discard(leg.id)
    if not leg.alive:
        return
    if past.answered is not None and not leg.talks:
        waited_s = call.waited_s(past.answered)
        turn.record_leg(events.CallAnswered, call, leg, past.answered, waited_s=waited_s, source=Source.BACKFILL)
        if (agent := turn.leg_agent(leg)) and may(agent.state, Cause.ANSWER):
            turn.move(agent, Cause.ANSWER, call=call.id, leg=leg.id)
    if past.transferred_to and not leg.transferred_to and leg.talks:
        turn.record_leg(events.CallTransferred, call, leg, past.ended, to=past.transferred_to)
    _end(turn, call, leg, past.why, past.ended)


def _find(call: Call, past: PastLeg, ours: set[LegId]) -> Leg | None:
    """Return the leg of the journal that Asterisk's channel was dialled for: of that phone, at that time."""
    if known := call.legs.get(past.leg):
        return known
    near = [
        leg
        for leg in call.legs.values()
        if leg.id in ours
        and leg.phone == past.phone
        and (leg.alive or leg.answered_at or past.answered is None)  # what came to nothing was not the talk
        and (call.direction is Direction.OUT or abs(leg.offered_at - past.offered) <= _SAME)
    ]
    return min(near, key=lambda leg: (abs(leg.offered_at - past.offered), leg.id), default=None)


def _open(turn: Turn, call: Call, past: PastLeg) -> Leg:
    agent = _agent(turn, past)
    turn.record_call(
        events.CallOffered,
        call,
        past.offered,
        leg=past.leg,
        phone=past.phone,
        agent=agent.id if agent else None,
        waited_s=call.waited_s(past.offered),
        role=LegKind.OUTBOUND if call.direction is Direction.OUT else LegKind.AGENT,
        source=Source.BACKFILL,
    )
    return call.legs[past.leg]


def _agent(turn: Turn, past: PastLeg) -> Agent | None:
    """Return who sat there: as the queue said, else who sits at the phone now, else whose phone it usually is."""
    roster = turn.state.roster
    named = roster.by_id.get(past.agent) if past.agent else None
    usual = (agent for agent in roster.by_id.values() if agent.usual_phone == past.phone)
    return named or roster.at(past.phone) or next(usual, None)


def _end(turn: Turn, call: Call, leg: Leg, why: LegEnd, occurred: datetime) -> None:
    """End a leg at its instant; an agent who is still believed to be in it wraps up, or is given back."""
    if leg.talks and turn.leg_agent(leg):
        talks.finish(turn, call, leg, why, occurred, wraps_up_since=occurred)
    elif turn.leg_agent(leg):
        offers.come_to_nothing(turn, call, leg, why, occurred)
    else:
        turn.record_leg(events.LegEnded, call, leg, occurred, why=why, talked=leg.talks, role=leg.role)


def _over(turn: Turn, call: Call, request: requests.TakeBackfill, known: bool) -> None:
    lost = request.outcome is ContactOutcome.LOST and not call.answered
    # Of a caller whom we held ourselves CEL does not say that they waited: the journal does.
    outcome = call.outcome() if known and not lost else request.outcome
    by_citizen = outcome is ContactOutcome.ABANDONED if request.by_citizen is None else request.by_citizen
    talks.end(turn, call, request.ended, outcome, by_citizen=by_citizen, lost=lost, source=Source.BACKFILL)
