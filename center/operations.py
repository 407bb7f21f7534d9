"""Operations: which event, or what Asterisk reports, tells that something asked for was done, or will not be."""

from agents.transitions import IN_OFFER
from calls.operation import Operation, has_failed, is_done
from center import offers
from center.turn import Turn
from messages import commands, events, facts
from messages.ids import LegId, OperationId
from messages.values import ContactOutcome, LegEnd, Verb

_CAUSES = {17: LegEnd.BUSY, 18: LegEnd.NO_ANSWER, 19: LegEnd.NO_ANSWER, 21: LegEnd.BUSY}
"""What ISUP's causes (Q.850) of a hang-up say of a citizen's phone: 21 is that the call was rejected."""
_PARTY = frozenset({Verb.CONSULT, Verb.THREE_WAY, Verb.EMERGENCY, Verb.TAKE_OVER})


def settle(turn: Turn) -> None:
    """Close the operations that this turn's events have done, or made impossible."""
    if not turn.state.operations:
        return
    cause = 0
    for entry in list(turn.entries):
        event = entry.event
        if isinstance(event, events.CallLegEvent):
            _by_leg(turn, event)
        elif isinstance(event, events.CallEnded):
            cause = event.cause
        elif isinstance(event, events.ContactEnded):
            _by_end(turn, event, cause)


def _by_leg(turn: Turn, event: events.CallLegEvent) -> None:
    call = turn.call(event.call)
    alone = turn.state.operations.get(call.operation) if call and call.operation else None
    if alone and isinstance(event, events.CallAnswered):  # whom we rang without an agent has one
        done(turn, alone)
    for operation in _of(turn, event):
        if is_done(operation, event):
            done(turn, operation)
        elif has_failed(operation, event):
            fail(turn, operation, f"the other side: {event.why}" if isinstance(event, events.LegEnded) else "")


def _by_end(turn: Turn, event: events.ContactEnded, cause: int) -> None:
    for operation in [op for op in turn.state.operations.values() if op.call == event.call]:
        if operation.verb is Verb.HANG_UP:
            done(turn, operation)
        elif operation.verb is Verb.DIAL_OUT:
            unreached = event.outcome is ContactOutcome.NOT_REACHED
            why = _CAUSES.get(cause, LegEnd.UNAVAILABLE) if unreached else event.outcome
            fail(turn, operation, f"the other side: {why}")
        else:
            fail(turn, operation, "the call has ended")


def _of(turn: Turn, event: events.CallLegEvent) -> list[Operation]:
    return [op for op in turn.state.operations.values() if event.leg in (op.leg, op.party)]


def done(turn: Turn, operation: Operation) -> None:
    """Record that Asterisk did it."""
    turn.record(events.OperationDone(operation=operation.operation, by=operation.by))


def fail(turn: Turn, operation: Operation, why: str) -> None:
    """Record that Asterisk did not do it."""
    turn.record(events.OperationFailed(operation=operation.operation, why=why, by=operation.by))


def reported(turn: Turn, fact: facts.OperationReported) -> None:
    """Asterisk, or what carries commands out, says how an operation went; whoever it was to call in is not coming."""
    operation = turn.state.operations.get(fact.operation)
    if operation is None or (operation.verb is Verb.DIAL_OUT and not fact.failed):  # done once somebody answers
        return
    if not fact.failed:
        done(turn, operation)
        return
    _give_up(turn, operation, fact.failed)


def too_late(turn: Turn, name: str) -> None:
    """Nothing was heard of an operation for too long."""
    operation = turn.state.operations[OperationId(name)]
    _give_up(turn, operation, "Asterisk told nothing of it in time")


def _give_up(turn: Turn, operation: Operation, why: str) -> None:
    """End what an operation had begun, and the operation."""
    if operation.verb is Verb.DIAL_OUT and operation.party is not None:
        dial_over(turn, operation.party, why)
    call = turn.call(operation.call) if operation.call else None
    leg = call.legs.get(operation.party) if call and operation.party else None
    if call and leg and leg.alive and not leg.talks and operation.verb in _PARTY:
        offers.withdraw(turn, call, leg, LegEnd.UNAVAILABLE)
    if operation.verb is Verb.PAUSE_RECORDING and call:  # nobody knows whether Asterisk did: it is to record
        turn.command(commands.PauseRecordings, call.node, call=call.id, paused=False)
    if operation.operation in turn.state.operations:
        fail(turn, operation, why)


def dial_over(turn: Turn, leg: LegId, why: str) -> None:
    """An outbound call ends before there is a citizen's channel; its agent is free again."""
    outbound = turn.state.outbound.get(leg)
    if outbound is None:
        return
    turn.record(events.DialOutEnded(operation=outbound.operation, leg=leg, agent=outbound.agent, why=why))
    turn.command(commands.CancelDialOut, outbound.node, leg=leg)
    agent = turn.state.roster.by_id.get(outbound.agent) if outbound.agent else None
    if agent is not None and agent.leg == leg and agent.state in IN_OFFER:
        offers.give_back(turn, agent)
    if operation := turn.state.operations.get(outbound.operation):
        fail(turn, operation, why)


def dial_deadline(turn: Turn, leg: str) -> None:
    """The agent did not answer their own phone in time, or Asterisk tells nothing."""
    dial_over(turn, LegId(leg), "not answered")
