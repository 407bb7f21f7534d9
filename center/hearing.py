"""What Asterisk reports of those who listen, and what follows: whoever waits for a call hears the next."""

from datetime import datetime, timedelta

from calls.call import Call, Leg
from center import connecting, operations, spying
from center.turn import Turn
from messages import events, facts
from messages.ids import CallId, LegId, NodeId, SessionId
from messages.masking import masked_channel
from messages.values import ListeningEnd, ListeningMode, ListeningScope
from supervision.listening import Listening, ListeningStage


def started(turn: Turn, fact: facts.SpyStarted) -> None:
    """Asterisk reports a ChanSpy; one that nobody asked us for, or on somebody else, is recorded as foreign."""
    session = turn.state.listening.get(fact.session)
    if session is None:
        _record_started(turn, fact, None, *_heard(turn, fact))
        return
    call, leg = _heard(turn, fact)
    if session.heard_since is not None:
        if call is None or not _is_another(session, call, fact.spied):
            return
        spying.record(turn, events.ListeningWaiting, session, fact.occurred)  # what ended it was not told
    if call is None and session.call:
        call = turn.call(session.call)
        leg = call.legs.get(session.leg) if call and session.leg else None
    _record_started(turn, fact, session, call, leg)
    if session.operation and session.hearing == 1:
        turn.record(events.OperationDone(operation=session.operation, by=session.by))


def _is_another(session: Listening, call: Call, spied: str) -> bool:
    """Tell whether Asterisk names a call, or a leg of it, that the session does not hear as far as we know."""
    return call.id != session.call or (LegId(spied) in call.legs and spied != session.leg)


def _heard(turn: Turn, fact: facts.SpyStarted) -> tuple[Call | None, Leg | None]:
    """Return what Asterisk says is heard; on a citizen's own channel, with whoever talks to them."""
    call = turn.call(turn.state.legs.get(LegId(fact.spied), CallId(fact.spied)))
    return call, (call.legs.get(LegId(fact.spied)) or call.talking_leg()) if call else None


def _record_started(
    turn: Turn, fact: facts.SpyStarted, session: Listening | None, call: Call | None, leg: Leg | None
) -> None:
    ours = session is not None and session.by is not None and session.rung
    if ours and session and call:
        ours = call.id == session.call and (leg is None or leg.id == session.leg)
    turn.record(
        events.ListeningStarted(
            session=fact.session,
            contact=call.contact if call else session.contact if session else None,
            call=call.id if call else session.call if session else None,
            agent=leg.agent if leg else session.agent if session else None,
            by=session.by if session else None,
            queue=call.queue if call else session.queue if session else None,
            occurred=fact.occurred,
            told=session.told if session else False,
            mode=session.mode if session else ListeningMode.LISTEN,
            foreign=not ours,
            hearing=session.hearing + 1 if session else 1,
            until=session.limit(fact.occurred) if session else None,
            node=fact.node,
            spyer=masked_channel(fact.spyer),
        )
    )


def switched(turn: Turn, fact: facts.SpySwitched) -> None:
    """Asterisk began the session's next mode."""
    session = turn.state.listening.get(fact.session)
    if session is None or session.heard_since is None or session.mode is fact.mode:
        return
    spying.record(turn, events.ListeningModeChanged, session, fact.occurred, mode=fact.mode, before=session.mode)
    if operation := spying.switching(turn, session.id):
        operations.done(turn, operation)


def stopped(turn: Turn, fact: facts.SpyStopped) -> None:
    """Asterisk reports the end of a ChanSpy, or that it never began; who follows an agent waits on, and so may who is
    foreign: a ChanSpy of others may go from channel to channel."""
    session = turn.state.listening.get(fact.session)
    if session is None:
        return
    follows = session.scope is ListeningScope.AGENT or session.by is None
    stays = follows and not (fact.gone or fact.failed or session.ending)
    if stays and session.heard_since is None:
        return
    if stays and session.by is None:
        spying.record(turn, events.ListeningWaiting, session, fact.occurred)
    elif stays:
        wait_on(turn, session, fact.occurred)
    else:
        _over(turn, session, fact)


def _over(turn: Turn, session: Listening, fact: facts.SpyStopped) -> None:
    why = ListeningEnd.FAILED if fact.failed else ListeningEnd.OVER
    spying.end(turn, session, fact.occurred, why, fact.failed)


def wait_on(turn: Turn, session: Listening, at: datetime) -> None:
    """A session that follows an agent hears nobody now; it takes the call they are on, if that is another."""
    until = turn.now + timedelta(seconds=turn.state.settings.supervision.wait_s)
    until = min(until, session.limit() or until)
    heard = session.leg or ""
    spying.record(turn, events.ListeningWaiting, session, at, until=until)
    if operation := spying.switching(turn, session.id):
        operations.fail(turn, operation, "the call is over")
    connecting.take_present_call(turn, session, but=heard)


def follow_up(turn: Turn) -> None:
    """Let what this turn has answered be heard by who waits for it, and end what it has ended or made confidential."""
    if not turn.state.listening:
        return
    for entry in list(turn.entries):
        match entry.event:
            case events.CallAnswered() as answered:
                _answered(turn, answered)
            case events.LegEnded() as ended:
                _leg_ended(turn, ended)
            case events.ContactConfidential(contact=contact):
                spying.confide(turn, contact)


def _answered(turn: Turn, event: events.CallAnswered) -> None:
    call = turn.call(event.call)
    leg = call.legs.get(event.leg) if call else None
    if call is None or leg is None or not leg.talks:
        return
    for session in list(turn.state.listening.values()):
        if session.awaits_call_of(event.agent, call.queue):
            connecting.take_call(turn, session, call, leg)


def _leg_ended(turn: Turn, event: events.LegEnded) -> None:
    """End what was asked about a call that is over; who is being connected to it waits on, or is let go."""
    for session in list(turn.state.listening.values()):
        if session.stage is ListeningStage.ASKED and session.call == event.call:
            call = turn.call(event.call)
            if call is None or call.talking_leg() is None:
                spying.end(turn, session, turn.now, ListeningEnd.OVER, "the call was over before anybody approved")
        elif session.stage is ListeningStage.RINGING and session.leg == event.leg:
            if session.scope is ListeningScope.AGENT:
                wait_on(turn, session, turn.now)
            elif session.scope is ListeningScope.QUEUE:
                spying.halt(turn, session, ListeningEnd.OVER)


def end_on(turn: Turn, node: NodeId, at: datetime, spies: frozenset[SessionId], waiting: frozenset[SessionId]) -> None:
    """Compare the sessions on a node with the `spies` that are there, and the listeners who wait there."""
    for session in list(turn.state.listening.values()):
        if session.node != node or not session.rung or session.id in spies:
            continue
        if session.id in waiting and session.scope is ListeningScope.AGENT and not session.ending:
            if session.heard_since is not None:
                wait_on(turn, session, at)
        elif session.started_at or session.id not in waiting:
            spying.end(turn, session, at, ListeningEnd.LOST, "lost")
