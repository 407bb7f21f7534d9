"""Listening sessions: asked for, approved or refused, begun, switched, stopped; by the rules of `supervision`."""

from datetime import datetime, timedelta
from typing import Any

from calls.call import Call, Leg
from calls.operation import Operation
from center import operations
from center.connecting import connect, ring, take_present_call
from center.leave import may_hear, rule_for_request
from center.turn import Turn
from messages import commands, events, requests
from messages.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from messages.ids import ContactId, OperationId, SessionId
from messages.values import ListeningEnd, ListeningMode, ListeningScope, Verb
from supervision.listening import Listening, ListeningStage, check_note, check_purpose

MAX_REASON = 500
AGAIN_S = 60.0
"""Seconds after which Asterisk is told once more to hang a listener up."""


def start(turn: Turn, request: requests.StartListening) -> None:
    """Ring the listener's phone to hear a call, now or when there is one, or once somebody approves.

    Raises NotFound, Refused, Invalid, Forbidden, Conflict.
    """
    purpose = check_purpose(request.purpose)
    if not request.phone:
        raise Invalid("phone: say which phone of yours to ring")
    scope, target = _target(turn, request)
    call = turn.call(request.call) if request.call else None
    leg = _leg_to_hear(call, request) if call else None
    rule = rule_for_request(turn.state, request, leg)
    if rule is None:
        raise Forbidden("no rule lets you listen to that, or in that way")
    _check_once(turn, request, scope, target)
    session, operation = SessionId(turn.new_id("l")), OperationId(turn.new_id("o"))
    turn.record(
        events.ListeningRequested(
            session=session,
            operation=operation,
            by=request.by,
            phone=request.phone,
            contact=call.contact if call else None,
            call=call.id if call else None,
            leg=leg.id if leg else None,
            agent=leg.agent if leg else request.agent,
            mode=request.mode,
            purpose=purpose,
            queue=call.queue if call else request.queue,
            scope=scope,
            target=target,
            roles=request.roles,
            tenant=request.tenant,
            approval=rule.approval,
            until=_patience(turn, scope, approval=rule.approval),
            limit_s=rule.limit_s,
            told=rule.tell_agent,
        )
    )
    turn.id, turn.operation = session, operation
    found = turn.state.listening[session]
    if found.stage is ListeningStage.RINGING:
        ring(turn, found)
    elif found.stage is ListeningStage.WAITING:
        take_present_call(turn, found)


def _target(turn: Turn, request: requests.StartListening) -> tuple[ListeningScope, str]:
    named = [one for one in (request.call, request.agent, request.queue) if one]
    if len(named) != 1:
        raise Invalid("call, agent, queue: name one of them")
    if request.call:
        if turn.call(request.call) is None:
            raise NotFound(f"no live call {request.call}")
        return ListeningScope.CALL, ""
    if request.mode is not ListeningMode.LISTEN:
        raise Invalid("mode: a session that waits for a call begins by listening")
    known = request.agent in turn.state.roster.by_id if request.agent else request.queue in turn.state.queues
    if not known:
        raise NotFound(f"no {'agent' if request.agent else 'queue'} {named[0]}")
    return (ListeningScope.AGENT if request.agent else ListeningScope.QUEUE), named[0]


def _leg_to_hear(call: Call, request: requests.StartListening) -> Leg:
    leg = call.talking_leg()
    if leg is None:
        raise Refused("nobody talks on this call yet")
    if leg.phone == request.phone:
        raise Invalid("phone: that one is in the call")
    return leg


def _check_once(turn: Turn, request: requests.StartListening, scope: ListeningScope, target: str) -> None:
    """Raise Conflict where the same user's session with the same phone or for the same is under way."""
    for other in turn.state.listening.values():
        same = (other.scope, other.target, other.call if scope is ListeningScope.CALL else None) == (
            scope,
            target,
            request.call,
        )
        if other.by == request.by and same:
            raise Conflict(f"session {other.id} of yours is for the same; it is {other.stage}")
        if other.phone == request.phone and other.stage is not ListeningStage.ASKED:
            raise Conflict(f"phone: session {other.id} uses that one")


def _patience(turn: Turn, scope: ListeningScope, *, approval: bool) -> datetime | None:
    settings = turn.state.settings.supervision
    if approval:
        return turn.now + timedelta(seconds=settings.approval_s)
    return None if scope is ListeningScope.CALL else turn.now + timedelta(seconds=settings.wait_s)


def decide(turn: Turn, request: requests.DecideListening) -> None:
    """Approve a session that somebody else asked for, or refuse it. Raises NotFound, Conflict, Forbidden, Invalid."""
    session = _session(turn, request.session)
    if session.stage is not ListeningStage.ASKED:
        raise Conflict("nobody needs to approve that session, or somebody has")
    if session.by == request.by:
        raise Forbidden("somebody else than who asked approves or refuses it")
    reason = request.reason.strip()
    if len(reason) > MAX_REASON or not (reason or request.approved):
        raise Invalid(f"reason: give one, of at most {MAX_REASON} characters")
    until = _patience(turn, session.scope, approval=False) if request.approved else None
    record(
        turn,
        events.ListeningDecided,
        session,
        turn.now,
        approver=request.by,
        approved=request.approved,
        reason=reason,
        until=until,
    )
    turn.id = session.id
    if not request.approved:
        end(turn, session, turn.now, ListeningEnd.REFUSED, f"refused: {reason}")
    elif session.scope is ListeningScope.CALL:
        _hear_what_was_asked(turn, session)
    else:
        take_present_call(turn, session)


def _hear_what_was_asked(turn: Turn, session: Listening) -> None:
    call = turn.call(session.call) if session.call else None
    leg = call.talking_leg() if call else None
    if call is None or leg is None:
        end(turn, session, turn.now, ListeningEnd.OVER, "the call was over")
    elif may_hear(turn.state, session, call, leg):
        connect(turn, session, call, leg)
    else:
        end(turn, session, turn.now, ListeningEnd.CONFIDENTIAL, "the call is not for you any more")


def switch(turn: Turn, request: requests.SwitchListening) -> None:
    """Let a session that is heard go on in another mode. Raises NotFound, Conflict, Forbidden."""
    session = _session(turn, request.session)
    if session.stage is not ListeningStage.HEARING or not session.node:
        raise Conflict("the listener hears nobody now")
    if switching(turn, session.id):
        raise Conflict("the mode is being changed")
    if session.mode is request.mode:
        raise Conflict(f"the mode is {session.mode} already")
    call = turn.call(session.call) if session.call else None
    leg = call.legs.get(session.leg) if call and session.leg else None
    if call is None or leg is None or not may_hear(turn.state, session, call, leg, request.mode):
        raise Forbidden(f"mode: no rule lets you {request.mode} there")
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


def switching(turn: Turn, session: SessionId) -> Operation | None:
    """Return the operation that changes a session's mode, if one is under way."""
    ones = turn.state.operations.values()
    return next((one for one in ones if one.session == session and one.verb is Verb.LISTENING_MODE), None)


def stop(turn: Turn, request: requests.StopListening) -> None:
    """End a session. Raises NotFound."""
    session = _session(turn, request.session)
    turn.id = session.id
    halt(turn, session, ListeningEnd.STOPPED)


def halt(turn: Turn, session: Listening, why: ListeningEnd) -> None:
    """Hang the listener up; one whose phone has not been rung needs nothing more to end."""
    if not session.rung or not session.node:
        never = {ListeningEnd.STOPPED: "taken back", ListeningEnd.LAPSED: "in vain"}
        end(turn, session, turn.now, why, never.get(why, str(why)))
        return
    again = turn.now + timedelta(seconds=AGAIN_S if session.ending else turn.state.settings.operation_s)
    record(turn, events.ListeningStopping, session, turn.now, end=session.ending or why, until=again)
    turn.command(commands.StopSpy, session.node, session=session.id)


def due(turn: Turn, name: str) -> None:
    """A session's time is up: to be approved, to wait, to listen, or to be hung up."""
    session = turn.state.listening[SessionId(name)]
    waited = session.stage in (ListeningStage.ASKED, ListeningStage.WAITING)
    limit = session.limit()
    at_limit = limit is not None and turn.now >= limit
    halt(turn, session, ListeningEnd.LAPSED if waited and not at_limit else ListeningEnd.LIMIT)


def confide(turn: Turn, contact: ContactId) -> None:
    """End what is heard of a contact that is confidential now, where the listener may not hear such."""
    for session in list(turn.state.listening.values()):
        call = turn.call(session.call) if session.call else None
        hears = session.stage in (ListeningStage.HEARING, ListeningStage.RINGING)
        if not hears or session.contact != contact or session.by is None or call is None:
            continue
        leg = call.legs.get(session.leg) if session.leg else None
        if leg and not may_hear(turn.state, session, call, leg):
            halt(turn, session, ListeningEnd.CONFIDENTIAL)


def note(turn: Turn, request: requests.WriteListeningNote) -> None:
    """Keep what the listener noted. Raises Invalid, Forbidden."""
    session = turn.state.listening.get(request.session)
    if session is not None and session.by != request.by:
        raise Forbidden("that session is somebody else's")
    turn.record(events.ListeningNoted(session=request.session, by=request.by, note=check_note(request.note)))


def end(turn: Turn, session: Listening, at: datetime, why: ListeningEnd, failed: str = "") -> None:
    """Close a session's record, and its operation if that never came to anything."""
    heard = session.started_at is not None
    record(turn, events.ListeningEnded, session, at, failed="" if heard else failed, end=session.ending or why)
    if operation := switching(turn, session.id):
        operations.fail(turn, operation, "the session has ended")
    if not heard and session.operation:
        why_not = failed or "ended early"
        turn.record(events.OperationFailed(operation=session.operation, why=why_not, by=session.by))


def record(turn: Turn, kind: type[events.ListeningEvent], session: Listening, at: datetime, **more: Any) -> None:
    """Record an event about a session and what it hears."""
    turn.record(
        kind(
            session=session.id,
            contact=session.contact,
            call=session.call,
            agent=session.agent,
            by=session.by,
            queue=session.queue,
            occurred=at,
            told=session.told and session.started_at is not None,
            **more,
        )
    )


def _session(turn: Turn, name: SessionId) -> Listening:
    session = turn.state.listening.get(name)
    if session is None:
        raise NotFound(f"no listening session {name}")
    return session
