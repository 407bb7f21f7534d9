"""Surveys: what the citizen is asked when the agent has hung up, and answers by key."""

from calls.call import Call
from center.turn import Turn
from messages import events, facts
from messages.ids import AgentId


def asked(turn: Turn, fact: facts.SurveyAsked) -> None:
    """A question is put to the citizen, once in a call."""
    call = turn.call(fact.call)
    if call is not None and fact.question not in call.surveyed:
        turn.record_call(events.SurveyAsked, call, fact.occurred, question=fact.question, agent=_about(call))


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
    )


def _about(call: Call) -> AgentId | None:
    """Return the agent who talked with the citizen last."""
    talked = [leg for leg in call.legs.values() if leg.answered_at and leg.agent]
    return max(talked, key=lambda leg: leg.answered_at).agent if talked else None  # type: ignore[arg-type,return-value]
