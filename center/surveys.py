"""Surveys: what the citizen is asked when the agent has hung up, and answers by key."""

from calls.call import Call
from center import operations
from center.owed import SYSTEM
from center.turn import Turn
from messages import events, facts
from messages.ids import AgentId, CallbackId
from messages.values import CallbackKind


def asked(turn: Turn, fact: facts.SurveyAsked) -> None:
    """A question is put to the citizen, once in a call."""
    call = turn.call(fact.call)
    if call is not None and fact.question not in call.surveyed:
        about = {"agent": _about(call), "revisit": _revisit(turn, call)}
        turn.record_call(events.SurveyAsked, call, fact.occurred, question=fact.question, **about)


def answered(turn: Turn, fact: facts.SurveyAnswered) -> None:
    """The citizen has pressed a key; the first one counts."""
    call = turn.call(fact.call)
    put = call.surveyed.get(fact.question) if call else None
    if call is None or put is None or put.key:
        return
    turn.record_call(
        events.SurveyAnswered,
        call,
        fact.occurred,
        question=fact.question,
        key=fact.key,
        satisfied=fact.satisfied,
        asked_at=put.asked_at,
        agent=_about(call),
        revisit=_revisit(turn, call),
    )


def conclude(turn: Turn, call: Call) -> None:
    """A call is over: what its citizen keyed about a case is the revisit's result."""
    callback = turn.state.attempt(call.operation)
    if callback is None or callback.kind is not CallbackKind.REVISIT or call.satisfied is None:
        return
    turn.record(
        events.RevisitAnswered(
            revisit=callback.id,
            case_no=callback.case_no,
            satisfied=call.satisfied,
            by=SYSTEM,
            contact=call.contact,
            keyed=tuple(f"{question}={one.key}" for question, one in call.surveyed.items() if one.key),
        )
    )
    if call.operation in turn.state.operations:
        operations.done(turn, turn.state.operations[call.operation])


def _revisit(turn: Turn, call: Call) -> CallbackId | None:
    """Return the revisit that a call is made for without an agent."""
    callback = turn.state.attempt(call.operation)
    return callback.id if callback and callback.kind is CallbackKind.REVISIT else None


def _about(call: Call) -> AgentId | None:
    """Return the agent who talked with the citizen last."""
    talked = [leg for leg in call.legs.values() if leg.answered_at and leg.agent]
    return max(talked, key=lambda leg: leg.answered_at).agent if talked else None  # type: ignore[arg-type,return-value]
