"""Talks: citizen and agent are connected, on hold, transferred, and hang up."""

from datetime import datetime

from agents.transitions import Cause, may
from calls.call import Call, Leg
from calls.transitions import LegState
from center import offers, owed, recordings, surveys
from center.turn import Turn
from messages import commands, events, facts
from messages.values import AgentState, ContactOutcome, LegEnd, LegKind, Reason, Source, Target, Verb

_DIAL_STATUS = {
    "NOANSWER": LegEnd.NO_ANSWER,
    "BUSY": LegEnd.BUSY,
    "CONGESTION": LegEnd.UNAVAILABLE,
    "CHANUNAVAIL": LegEnd.UNAVAILABLE,
    "CANCEL": LegEnd.CITIZEN_GONE,
    "WITHDRAWN": LegEnd.WITHDRAWN,
}
"""Asterisk's DIALSTATUS, and WITHDRAWN of our own for a leg that was not dialled after all."""


def answered(turn: Turn, fact: facts.LegAnswered) -> None:
    """Agent and citizen are in one bridge."""
    call = turn.call(fact.call)
    if call is None:
        return
    leg = offers.find_or_open(turn, call, fact)
    if leg.alive and not leg.talks:
        answer(turn, call, leg, fact.occurred)


def answer(turn: Turn, call: Call, leg: Leg, occurred: datetime) -> None:
    """Record that a live leg talks, and start its recording where that is wanted."""
    noticed = leg.role is LegKind.OUTBOUND and turn.state.settings.outbound_notice
    record = turn.state.queue_of(call).records
    waited_s = call.waited_s(occurred)
    turn.record_leg(events.CallAnswered, call, leg, occurred, waited_s=waited_s, noticed=noticed, record=record)
    offers.lose_others(turn, call, leg)
    agent = turn.state.roster.by_id.get(leg.agent) if leg.agent else None
    if agent:
        offers.withdraw_other(turn, agent, leg)
    if agent and may(agent.state, Cause.ANSWER):
        turn.move(agent, Cause.ANSWER, call=call.id, leg=leg.id)
    recordings.begin(turn, call, leg)
    if leg.role is LegKind.TAKE_OVER:
        _take_over(turn, call, leg, occurred)


def _take_over(turn: Turn, call: Call, taker: Leg, occurred: datetime) -> None:
    """The supervisor is in the call: the agents leave it."""
    for leg in call.talking_legs():
        if leg is not taker and leg.agent is not None:
            turn.command(commands.DropLeg, call.node, call=call.id, leg=leg.id)
            finish(turn, call, leg, LegEnd.TAKEN_OVER, occurred)


def consulted(turn: Turn, fact: facts.LegConsulted) -> None:
    """Whom the agent consults has answered."""
    call = turn.call(fact.call)
    leg = call.legs.get(fact.leg) if call else None
    if call is None or leg is None or leg.state not in (LegState.OFFERED, LegState.RINGING):
        return
    if leg.role is not LegKind.CONSULT:
        return
    turn.record_leg(events.CallConsulted, call, leg, fact.occurred)
    if (agent := turn.leg_agent(leg)) and may(agent.state, Cause.ANSWER):
        turn.move(agent, Cause.ANSWER, call=call.id, leg=leg.id)


def held(turn: Turn, fact: facts.LegHeld) -> None:
    """The agent put the citizen on hold."""
    call = turn.call(fact.call)
    leg = call.legs.get(fact.leg) if call else None
    if call is None or leg is None or leg.state is not LegState.TALKING:
        return
    turn.record_leg(events.CallHeld, call, leg, fact.occurred)
    if (agent := turn.leg_agent(leg)) and may(agent.state, Cause.HOLD):
        turn.move(agent, Cause.HOLD, call=call.id, leg=leg.id)


def resumed(turn: Turn, fact: facts.LegResumed) -> None:
    """The agent took the citizen back."""
    call = turn.call(fact.call)
    leg = call.legs.get(fact.leg) if call else None
    if call is None or leg is None or leg.state is not LegState.HELD:
        return
    turn.record_leg(events.CallResumed, call, leg, fact.occurred)
    if (agent := turn.leg_agent(leg)) and may(agent.state, Cause.RESUME):
        turn.move(agent, Cause.RESUME, call=call.id, leg=leg.id)


def transferred(turn: Turn, fact: facts.LegTransferred) -> None:
    """The agent passed the citizen on; the leg ends with that, whether AGI told first or not."""
    call = turn.call(fact.call)
    leg = call.legs.get(fact.leg) if call else None
    if call is not None and leg is not None:
        pass_on(turn, call, leg, fact.to, fact.occurred, attended=fact.attended)


def pass_on(turn: Turn, call: Call, leg: Leg, to: str, occurred: datetime, *, attended: bool = False) -> None:
    """Record that a leg passed the citizen on: to whom its operation says, else to what the phone dialled."""
    if leg.answered_at is None or leg.transferred_to:
        return
    target, parks = _asked_of(turn, leg)
    if target is not None or parks:
        turn.record_call(events.CallRouted, call, occurred, target=target, parked=parks)
    label = str(target) if target is not None else Verb.PARK if parks else to
    turn.record_leg(events.CallTransferred, call, leg, occurred, to=label, attended=attended)
    if leg.talks:
        finish(turn, call, leg, LegEnd.TRANSFERRED, occurred)


def _asked_of(turn: Turn, leg: Leg) -> tuple[Target | None, bool]:
    """Return where a leg's pending operation passes the call, and whether it parks it."""
    for operation in turn.state.operations.values():
        if operation.leg == leg.id and operation.verb in (Verb.TRANSFER, Verb.PARK):
            return operation.target, operation.verb is Verb.PARK
    return None, False


def ended(turn: Turn, fact: facts.LegEnded) -> None:
    """A leg is over, unanswered or after its talk."""
    call = turn.call(fact.call)
    leg = call.legs.get(fact.leg) if call else None
    if call is None or leg is None or not leg.alive:
        return
    if not leg.talks:
        offers.fail(turn, call, leg, fact.why)
        return
    why = _why(turn, call, fact)
    finish(turn, call, leg, why, fact.occurred)
    agent = turn.leg_agent(leg)
    if why is LegEnd.PHONE_DIED and agent and agent.state is AgentState.WRAP_UP and not agent.planned:
        turn.record(events.AgentPlanned(agent=agent.id, reason=Reason.DEAF_PHONE))


def _why(turn: Turn, call: Call, fact: facts.LegEnded) -> LegEnd:
    """Return why a talk is over: who leaves others behind left; a call that we end is not the citizen's doing."""
    if fact.why is LegEnd.AGENT_HUNG_UP and len(call.talking_legs()) > 1:
        return LegEnd.LEFT
    ours = any(op.call == call.id and op.verb is Verb.HANG_UP for op in turn.state.operations.values())
    return LegEnd.AGENT_HUNG_UP if ours and fact.why is LegEnd.CITIZEN_HUNG_UP else fact.why


def dial_returned(turn: Turn, fact: facts.DialReturned) -> None:
    """Our Dial came back: an unanswered offer has ended, whatever AMI says later; a talk is AMI's to end."""
    call = turn.call(fact.call)
    leg = call.legs.get(fact.leg) if call else None
    if call is None or leg is None or not leg.alive:
        return
    if fact.status != "ANSWER":
        if not leg.talks:
            offers.fail(turn, call, leg, _DIAL_STATUS.get(fact.status, LegEnd.UNAVAILABLE))
    elif not turn.state.nodes.get(call.node, False):  # AMI is away: nobody else will tell
        if not leg.talks:
            answer(turn, call, leg, fact.occurred)
        finish(turn, call, leg, LegEnd.AGENT_HUNG_UP, fact.occurred)


def finish(
    turn: Turn, call: Call, leg: Leg, why: LegEnd, occurred: datetime, wraps_up_since: datetime | None = None
) -> None:
    """End a talking leg; its agent wraps up, from now on or since an instant at which we were away."""
    agent = turn.leg_agent(leg)
    wraps_up = agent is not None and may(agent.state, Cause.FINISH)
    turn.record_leg(events.LegEnded, call, leg, occurred, why=why, talked=True, wraps_up=wraps_up, role=leg.role)
    if leg.recording in turn.state.recordings:
        turn.command(commands.StopRecording, call.node, recording=leg.recording, call=call.id)
    if agent and wraps_up:
        turn.move(agent, Cause.FINISH, call=call.id, leg=leg.id, until=offers.wrap_up_until(turn, call, wraps_up_since))


def wrap_up_over(turn: Turn, agent_id: str) -> None:
    """The wrap-up's time is up: ready, or not ready as planned or because the seat is deaf."""
    agent = turn.state.roster.by_id[agent_id]  # type: ignore[index]
    reason = agent.planned or turn.state.deaf_reason(agent) or ""
    turn.move(agent, Cause.GO_NOT_READY if reason else Cause.GO_READY, reason=reason)


def hung_up(turn: Turn, fact: facts.CallHungUp) -> None:
    """The citizen's channel is gone."""
    call = turn.call(fact.call)
    if call is not None:
        outcome = ContactOutcome.LOST if fact.lost and not call.answered else call.outcome()
        end(turn, call, fact.occurred, outcome, by_citizen=fact.by_citizen, cause=fact.cause, lost=fact.lost)


def drop_consulted(turn: Turn, call: Call) -> None:
    """Hang up who consult each other: the two would talk on without the citizen."""
    if (consulted := call.consulted()) is not None:
        for leg in (consulted, *call.talking_legs()):
            turn.command(commands.DropLeg, call.node, call=call.id, leg=leg.id)


def end(
    turn: Turn,
    call: Call,
    occurred: datetime,
    outcome: ContactOutcome,
    *,
    by_citizen: bool = True,
    cause: int = 0,
    lost: bool = False,
    source: Source = Source.LIVE,
) -> None:
    """End a call: its live legs first, then the contact with its one outcome."""
    agent = next((leg.agent for leg in call.legs.values() if leg.answered_at), None)
    if not lost:
        drop_consulted(turn, call)
    for leg in call.alive_legs():
        if leg.talks:
            why = LegEnd.CITIZEN_HUNG_UP if by_citizen else LegEnd.AGENT_HUNG_UP
            finish(turn, call, leg, LegEnd.LOST if lost else why, occurred)
        else:
            offers.come_to_nothing(turn, call, leg, LegEnd.LOST if lost else LegEnd.CITIZEN_GONE)
    if call.recording:
        turn.command(commands.StopRecording, call.node, recording=call.recording, call=call.id)
    if outcome is ContactOutcome.ABANDONED:
        turn.record_call(events.CallAbandoned, call, occurred, waited_s=call.waited_s(occurred))
    turn.record_call(events.CallEnded, call, occurred, cause=cause, by_citizen=by_citizen)
    turn.record(
        events.ContactEnded(
            contact=call.contact,
            call=call.id,
            outcome=outcome,
            occurred=occurred,
            by_citizen=by_citizen,
            queue=call.queue,
            agent=agent,
            source=source,
        )
    )
    surveys.conclude(turn, call)
    owed.missed(turn, call, outcome)
