"""Listening sessions: asked for, started and ended as Asterisk reports."""

from datetime import datetime, timedelta
from typing import Any

from calls.operation import Operation
from center import operations
from center.turn import Turn
from messages import commands, events, facts, requests
from messages.errors import Conflict, Invalid, NotFound, Refused
from messages.ids import CallId, LegId, NodeId, OperationId, SessionId
from messages.values import ListeningMode, Verb
from supervision.listening import Listening, check_purpose


def start(turn: Turn, request: requests.StartListening) -> None:
    """Ring the supervisor's phone to hear a talking call. Raises NotFound, Refused, Invalid."""
    purpose = check_purpose(request.purpose)
    if not request.phone:
        raise Invalid("phone: say which phone of yours to ring")
    call = turn.call(request.call)
    if call is None:
        raise NotFound(f"no live call {request.call}")
    leg = call.talking_leg()
    if leg is None:
        raise Refused("nobody talks on this call yet")
    if leg.phone == request.phone:
        raise Invalid("phone: that one is in the call")
    session = SessionId(turn.new_id("l"))
    operation = OperationId(turn.new_id("o"))
    turn.record(
        events.ListeningRequested(
            session=session,
            operation=operation,
            by=request.by,
            phone=request.phone,
            contact=call.contact,
            call=call.id,
            leg=leg.id,
            agent=leg.agent,
            mode=request.mode,
            purpose=purpose,
            queue=call.queue,
        )
    )
    turn.command(commands.StartSpy, call.node, session=session, leg=leg.id, phone=request.phone, mode=request.mode)
    turn.id, turn.operation = session, operation


def switch(turn: Turn, request: requests.SwitchListening) -> None:
    """Let a session that is heard go on in another mode. Raises NotFound, Conflict."""
    session = turn.state.listening.get(request.session)
    if session is None:
        raise NotFound(f"no listening session {request.session}")
    if session.started_at is None:
        raise Conflict("the listener's phone has not been answered yet")
    if _switching(turn, session.id):
        raise Conflict("the mode is being changed")
    if session.mode is request.mode:
        raise Conflict(f"the mode is {session.mode} already")
    operation = turn.start(
        Verb.LISTENING_MODE,
        request.by,
        until=turn.now + timedelta(seconds=turn.state.settings.operation_s),
        contact=session.contact,
        call=session.call,
        leg=session.leg,
        session=session.id,
        reason=request.mode,
    )
    turn.command(commands.SwitchSpy, session.node, operation=operation, session=session.id, mode=request.mode)
    turn.id = session.id


def _switching(turn: Turn, session: SessionId) -> Operation | None:
    operations = turn.state.operations.values()
    return next((one for one in operations if one.session == session and one.verb is Verb.LISTENING_MODE), None)


def switched(turn: Turn, fact: facts.SpySwitched) -> None:
    """Asterisk began the session's next mode."""
    session = turn.state.listening.get(fact.session)
    if session is None or session.mode is fact.mode:
        return
    _record(turn, events.ListeningModeChanged, session, fact.occurred, mode=fact.mode, before=session.mode)
    if operation := _switching(turn, session.id):
        operations.done(turn, operation)


def stop(turn: Turn, request: requests.StopListening) -> None:
    """End a session. Raises NotFound."""
    session = turn.state.listening.get(request.session)
    if session is None:
        raise NotFound(f"no listening session {request.session}")
    turn.command(commands.StopSpy, session.node, session=session.id)
    turn.id = session.id


def started(turn: Turn, fact: facts.SpyStarted) -> None:
    """Asterisk reports a ChanSpy; one that nobody asked us for is recorded as foreign."""
    session = turn.state.listening.get(fact.session)
    if session is None:
        _foreign(turn, fact)
        return
    if session.started_at is not None:
        return
    _record(turn, events.ListeningStarted, session, fact.occurred, mode=session.mode)
    if session.operation:
        turn.record(events.OperationDone(operation=session.operation, by=session.by))


def _record(turn: Turn, kind: type[events.ListeningEvent], session: Listening, occurred: datetime, **more: Any) -> None:
    """Record an event about a session."""
    turn.record(
        kind(
            session=session.id,
            contact=session.contact,
            call=session.call,
            agent=session.agent,
            by=session.by,
            queue=session.queue,
            occurred=occurred,
            **more,
        )
    )


def _foreign(turn: Turn, fact: facts.SpyStarted) -> None:
    call = turn.call(turn.state.legs.get(LegId(fact.spied), CallId(fact.spied)))
    if call is None:
        return
    leg = call.legs.get(LegId(fact.spied)) or call.talking_leg()
    turn.record(
        events.ListeningStarted(
            session=fact.session,
            contact=call.contact,
            call=call.id,
            agent=leg.agent if leg else None,
            by=None,
            queue=call.queue,
            occurred=fact.occurred,
            mode=ListeningMode.LISTEN,
            foreign=True,
        )
    )


def stopped(turn: Turn, fact: facts.SpyStopped) -> None:
    """Asterisk reports the end of a ChanSpy, or that it never began."""
    if session := turn.state.listening.get(fact.session):
        end(turn, session, fact)


def end(turn: Turn, session: Listening, fact: facts.Fact, failed: str = "") -> None:
    """Close a session's record, and its operation if that never came to anything."""
    failed = failed or (fact.failed if isinstance(fact, facts.SpyStopped) else "")
    _record(turn, events.ListeningEnded, session, fact.occurred, failed=failed)
    if operation := _switching(turn, session.id):
        operations.fail(turn, operation, "the session has ended")
    if session.started_at is None and session.operation:
        turn.record(events.OperationFailed(operation=session.operation, why=failed or "ended early", by=session.by))


def end_on(turn: Turn, node: NodeId, fact: facts.Fact, still: frozenset[SessionId] = frozenset()) -> None:
    """Close every session on a node that is no longer there."""
    for session in list(turn.state.listening.values()):
        if session.node == node and session.id not in still:
            end(turn, session, fact, "" if session.started_at else "lost")
