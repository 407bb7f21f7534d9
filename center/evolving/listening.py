"""What events make of listening sessions."""

from datetime import datetime

from center.evolving.step import Steps
from center.state import State
from messages import events
from messages.events import Entry
from messages.ids import NodeId, SessionId
from messages.values import ListeningMode, ListeningScope
from supervision.listening import Listening


def _requested(state: State, entry: Entry, event: events.ListeningRequested) -> None:
    call = state.calls.get(event.call) if event.call else None
    one_call = event.scope is ListeningScope.CALL
    state.listening[event.session] = Listening(
        id=event.session,
        by=event.by,
        operation=event.operation,
        node=call.node if call else NodeId(""),
        contact=event.contact,
        call=event.call,
        leg=event.leg,
        agent=event.agent,
        queue=event.queue,
        mode=event.mode,
        purpose=event.purpose,
        scope=event.scope,
        target=event.target,
        phone=event.phone,
        roles=event.roles,
        tenant=event.tenant,
        approval=event.approval,
        limit_s=event.limit_s,
        told=event.told,
        requested_at=entry.at,
        rung=one_call and not event.approval,
        awaits=not one_call,
    )
    _ends_at(state, event.session, event.until)


def _decided(state: State, entry: Entry, event: events.ListeningDecided) -> None:
    if event.approved:
        state.listening[event.session].approved_by = event.approver
    _ends_at(state, event.session, event.until)


def _ringing(state: State, entry: Entry, event: events.ListeningRinging) -> None:
    session = _about(state, event)
    session.leg, session.rung, session.awaits = event.leg, True, False
    _ends_at(state, event.session, session.limit())


def _started(state: State, entry: Entry, event: events.ListeningStarted) -> None:
    if event.session not in state.listening:
        state.listening[event.session] = Listening(
            id=event.session,
            by=None,
            operation=None,
            node=event.node,
            contact=event.contact,
            call=event.call,
            leg=None,
            agent=event.agent,
            queue=event.queue,
            mode=event.mode,
            purpose="",
            rung=True,
        )
    session = _about(state, event)
    session.awaits, session.rung, session.node = False, True, event.node or session.node
    session.mode, session.hearing = event.mode, event.hearing
    session.heard_since = event.occurred
    session.started_at = session.started_at or event.occurred
    if session.ending is None:
        _ends_at(state, event.session, event.until)


def _about(state: State, event: events.ListeningEvent) -> Listening:
    """Return the session, about the call that the event is about."""
    session = state.listening[event.session]
    call = state.calls.get(event.call) if event.call else None
    if event.call != session.call:
        session.leg = None
    session.node = call.node if call else session.node
    session.contact, session.call = event.contact, event.call
    session.agent, session.queue = event.agent, event.queue
    if call and session.leg is None:
        session.leg = next((leg.id for leg in call.legs.values() if leg.agent == event.agent), None)
    return session


def _mode_changed(state: State, entry: Entry, event: events.ListeningModeChanged) -> None:
    state.listening[event.session].mode = event.mode


def _waiting(state: State, entry: Entry, event: events.ListeningWaiting) -> None:
    session = state.listening[event.session]
    session.heard_since, session.awaits = None, True
    session.mode = ListeningMode.LISTEN
    _ends_at(state, event.session, event.until)


def _stopping(state: State, entry: Entry, event: events.ListeningStopping) -> None:
    state.listening[event.session].ending = event.end
    _ends_at(state, event.session, event.until)


def _ended(state: State, entry: Entry, event: events.ListeningEnded) -> None:
    _ends_at(state, event.session, None)
    state.listening.pop(event.session, None)


def _ends_at(state: State, session: SessionId, until: datetime | None) -> None:
    state.listening[session].until = until
    if until is None:
        state.deadlines.clear(("listening", session))
    else:
        state.deadlines.set(("listening", session), until)


STEPS: Steps = {
    events.ListeningRequested: _requested,
    events.ListeningDecided: _decided,
    events.ListeningRinging: _ringing,
    events.ListeningStarted: _started,
    events.ListeningModeChanged: _mode_changed,
    events.ListeningWaiting: _waiting,
    events.ListeningStopping: _stopping,
    events.ListeningEnded: _ended,
}
