"""What the ledger keeps of agents' states, and of the wrap-up of their legs."""

from center.ledger.book import Book, Steps
from center.records import AgentStateRecord, Record
from messages import events
from messages.events import Entry
from messages.values import AgentState


def _agent_state(ledger: Book, entry: Entry, event: events.AgentStateChanged) -> list[Record]:
    touched: list[Record] = []
    if last := ledger.agent_states.pop(event.agent, None):
        last.ended_at = entry.at
        touched.append(last)
    touched += _wrap_up(ledger, entry, event)
    if event.after is not AgentState.LOGGED_OUT:
        now = AgentStateRecord(
            agent=event.agent,
            state=event.after,
            reason=event.reason,
            phone=event.phone,
            call=event.call,
            started_at=entry.at,
            epoch=entry.epoch,
            seq=entry.seq,
            by=event.by,
            forced=event.forced,
        )
        ledger.agent_states[event.agent] = now
        touched.append(now)
    return touched


def _wrap_up(ledger: Book, entry: Entry, event: events.AgentStateChanged) -> list[Record]:
    """Mark the leg's wrap-up as begun, or as ended and the leg as complete."""
    if event.after is AgentState.WRAP_UP and event.leg and (leg := ledger.legs.get(event.leg)):
        leg.wrap_up_until = event.until
        ledger.wrapping[event.agent] = leg
        return [leg]
    if event.before is AgentState.WRAP_UP and (leg := ledger.wrapping.pop(event.agent, None)) and leg.ended_at:
        leg.wrap_up_s = (entry.at - leg.ended_at).total_seconds()
        del ledger.legs[leg.leg]
        return [leg]
    return []


def _wrap_up_extended(ledger: Book, entry: Entry, event: events.WrapUpExtended) -> list[Record]:
    leg = ledger.wrapping.get(event.agent)
    if leg is None:
        return []
    leg.wrap_up_until = event.until
    return [leg]


STEPS: Steps = {
    events.AgentStateChanged: _agent_state,
    events.WrapUpExtended: _wrap_up_extended,
}
