"""What events make of leaders' duties."""

from collections.abc import Callable, Iterable

from center.evolving.step import Steps, prefer_no_more
from center.state import State
from messages import events
from messages.events import Entry
from messages.ids import AgentId
from messages.values import AgentState
from supervision.duty import Duty


def _planned(state: State, entry: Entry, event: events.DutyPlanned) -> None:
    duty = state.duties.get(event.duty)
    if duty is None:
        duty = state.duties[event.duty] = Duty(
            id=event.duty, plan=event.plan, planned_by=event.by, planned_at=entry.at, every=event.every
        )
    elif duty.started_at is None:
        duty.plan = event.plan
    else:
        before = duty.people
        duty.plan = event.plan
        _sit(state, duty, before)
    state.deadlines.set(("duty", event.duty), duty.next_change)


def _started(state: State, entry: Entry, event: events.DutyStarted) -> None:
    duty = state.duties[event.duty]
    duty.started_at = entry.at
    _sit(state, duty, ())
    state.deadlines.set(("duty", event.duty), duty.next_change)


def _ended(state: State, entry: Entry, event: events.DutyEnded) -> None:
    duty = state.duties.pop(event.duty)
    state.deadlines.clear(("duty", event.duty))
    if duty.started_at is None:
        return
    for call in state.calls.values():
        if call.duty == duty.id:
            prefer_no_more(state, call, duty.plan.leader)
    _change(state, duty.people, lambda agent: state.on_duty.pop(agent, None))


def _called(state: State, entry: Entry, event: events.DutyCalled) -> None:
    state.calls[event.call].duty = event.duty


def _sit(state: State, duty: Duty, before: Iterable[AgentId]) -> None:
    """Put a duty's people on duty, and take off those who no longer are."""
    _change(state, set(before) - duty.people, lambda agent: state.on_duty.pop(agent, None))
    _change(state, duty.people, lambda agent: state.on_duty.update({agent: duty.id}))


def _change(state: State, agents: Iterable[AgentId], change: Callable[[AgentId], object]) -> None:
    """Change who is on duty, keeping the lines of those who are free in step."""
    for name in sorted(agents):
        agent = state.roster.by_id.get(name)
        free = agent is not None and agent.state is AgentState.READY
        if agent and free:
            state.remove_free(agent)
        change(name)
        if agent and free:
            state.add_free(agent)


STEPS: Steps = {
    events.DutyPlanned: _planned,
    events.DutyStarted: _started,
    events.DutyEnded: _ended,
    events.DutyCalled: _called,
}
