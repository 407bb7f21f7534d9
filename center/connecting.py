"""Lets a listener hear a call: the phone is rung, or whoever waits is connected; never to what they may not hear."""

from calls.call import Call, Leg
from center.leave import may_hear
from center.turn import Turn
from messages import commands, events
from messages.ids import AgentId
from messages.values import ListeningScope
from supervision.listening import Listening


def take_present_call(turn: Turn, session: Listening, but: str = "") -> None:
    """Let a session that follows an agent hear the call they are on, unless it is the leg `but`."""
    if session.scope is not ListeningScope.AGENT:
        return
    agent = turn.state.roster.by_id.get(AgentId(session.target))
    call = turn.state.calls.get(turn.state.legs[agent.leg]) if agent and agent.leg in turn.state.legs else None
    leg = call.legs.get(agent.leg) if call and agent and agent.leg else None
    if call and leg and leg.talks and leg.id != but:
        take_call(turn, session, call, leg)


def take_call(turn: Turn, session: Listening, call: Call, leg: Leg) -> None:
    """Let a session that waits hear a call, if its listener may; else it waits on."""
    if leg.phone != session.phone and may_hear(turn.state, session, call, leg):
        connect(turn, session, call, leg)


def connect(turn: Turn, session: Listening, call: Call, leg: Leg) -> None:
    """Ring the listener's phone for a call, or connect the listener who waits."""
    rings = not session.rung
    turn.record(
        events.ListeningRinging(
            session=session.id,
            contact=call.contact,
            call=call.id,
            agent=leg.agent,
            by=session.by,
            occurred=turn.now,
            queue=call.queue,
            leg=leg.id,
        )
    )
    ring(turn, session, rings=rings)


def ring(turn: Turn, session: Listening, *, rings: bool = True) -> None:
    """Command that the listener hears the session's leg."""
    if session.node:
        turn.command(
            commands.StartSpy,
            session.node,
            session=session.id,
            leg=session.leg,
            phone=session.phone,
            mode=session.mode,
            follows=session.scope is ListeningScope.AGENT,
            rings=rings,
        )
