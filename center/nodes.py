"""Nodes: an Asterisk is heard, not heard, or was restarted; what was believed is compared with what is."""

from calls.transitions import LegState
from center import backfill, hearing, offers, recordings, seats, talks
from center.turn import Turn
from messages import commands, events, facts
from messages.values import AgentState, ContactOutcome, LegEnd


def up(turn: Turn, fact: facts.NodeUp) -> None:
    """The resync is done: end what is no longer there, bring waiting callers back, mirror the agents."""
    state = turn.state
    if not state.nodes.get(fact.node, False):
        turn.record(events.NodeUp(node=fact.node, occurred=fact.occurred))
    repairs = fact.repairs + _end_missing(turn, fact)
    if repairs:
        turn.record(events.ResyncRepaired(node=fact.node, repairs=repairs))
    for call in state.calls.values():
        if call.node == fact.node and call.by_asterisk and call.queued_at and not (call.vanished or call.alive_legs()):
            turn.command(commands.BringBack, call.node, call=call.id)
    recordings.complete_left_open(turn, fact.node)
    for agent in state.roster.by_id.values():
        if agent.state is not AgentState.LOGGED_OUT:
            seats.mirror_agent(turn, fact.node, agent.id, agent.phone, agent.state)


def _end_missing(turn: Turn, fact: facts.NodeUp) -> int:
    calls, legs, count = frozenset(fact.calls), frozenset(fact.legs), 0
    for call in list(turn.state.calls.values()):
        if call.node != fact.node:
            continue
        if call.id not in calls:
            count += backfill.vanish(turn, call, fact.occurred)
            continue
        for leg in call.alive_legs():
            if leg.id in legs or leg.state is LegState.OFFERED:  # an offer may be on its way to the phone
                continue
            count += 1
            if leg.talks:
                talks.finish(turn, call, leg, LegEnd.LOST, fact.occurred)
            else:
                offers.come_to_nothing(turn, call, leg, LegEnd.WITHDRAWN)
    hearing.end_on(turn, fact.node, fact.occurred, frozenset(fact.spies), frozenset(fact.listeners))
    return count


def down(turn: Turn, fact: facts.NodeDown) -> None:
    """AMI is away; the calls go on."""
    if turn.state.nodes.get(fact.node, False):
        turn.record(events.NodeDown(node=fact.node, occurred=fact.occurred, reason=fact.reason))


def calls_lost(turn: Turn, fact: facts.CallsLost) -> None:
    """Asterisk was restarted: its calls ended, each recorded as lost with the moment."""
    for call in list(turn.state.calls.values()):
        if call.node == fact.node:
            outcome = call.outcome() if call.answered else ContactOutcome.LOST
            talks.end(turn, call, fact.occurred, outcome, by_citizen=False, lost=True)
    hearing.end_on(turn, fact.node, fact.occurred, frozenset(), frozenset())
