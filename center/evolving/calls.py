"""What events make of calls, and of bursts of them."""

from datetime import timedelta

import msgspec

from calendars.hours import Spell
from calls.call import Call, Surveyed
from calls.operation import Operation
from calls.transitions import CallState, call_after
from center.evolving.step import Steps, settle, step
from center.state import State
from messages import events
from messages.events import Entry
from messages.ids import ContactId, LegId
from messages.values import ContactOutcome, Refusal, Source
from queueing.router import insisted, place_in_line
from queueing.surge import Burst, key_of

BURSTS_REMEMBERED = 2000


def _contact_arrived(state: State, entry: Entry, event: events.ContactArrived) -> None:
    state.calls[event.call] = Call(
        id=event.call,
        contact=event.contact,
        node=event.node,
        number=event.number,
        did=event.did,
        arrived_at=event.occurred,
        direction=event.direction,
        tenant=event.tenant,
        about=event.about,
        confidential=event.confidential,
        label=event.label,
        operation=event.operation,
    )
    if event.operation in state.operations:
        _dialled(state, event, state.operations[event.operation])
    if event.confidential:
        _keep_confidence(state, event.contact)
    if event.direction == "in" and event.source is Source.LIVE:
        _count_arrival(state, entry, event)


def _dialled(state: State, event: events.ContactArrived, operation: Operation) -> None:
    """A citizen's phone rings without an agent: from here on the call tells what becomes of the operation."""
    name, leg = operation.operation, operation.party or LegId("")
    state.operations[name] = msgspec.structs.replace(operation, call=event.call)
    state.outbound.pop(leg, None)
    state.deadlines.clear(("dial", leg))
    state.deadlines.clear(("operation", name))
    if name in state.attempts:
        state.callbacks[state.attempts[name]].dialled = True


def _call_reached(state: State, entry: Entry, event: events.CallReached) -> None:
    state.calls[event.call].reached = True


def _keep_confidence(state: State, contact: ContactId) -> None:
    state.confidential[contact] = None
    if len(state.confidential) > state.settings.remembered_confidential:
        state.confidential.popitem(last=False)


def _contact_confidential(state: State, entry: Entry, event: events.ContactConfidential) -> None:
    _keep_confidence(state, event.contact)
    if event.call in state.calls:
        state.calls[event.call].confidential = True


def _count_arrival(state: State, entry: Entry, event: events.ContactArrived) -> None:
    for surge in state.surge_settings.values():
        key = key_of(surge, event.did, event.number)
        if key is None:
            continue
        burst = state.bursts.get((surge.id, key))
        if burst is None:
            burst = state.bursts[surge.id, key] = Burst()
        burst.arrived(surge, entry.at)
        if burst.active and burst.over_at:
            state.deadlines.set(("surge", surge.id, key), burst.over_at)
    if len(state.bursts) > BURSTS_REMEMBERED:
        _forget_stale(state, entry)


def _forget_stale(state: State, entry: Entry) -> None:
    for (name, key), burst in list(state.bursts.items()):
        surge = state.surge_settings.get(name)
        if surge is None or burst.stale(surge, entry.at):
            del state.bursts[name, key]


def _surge_started(state: State, entry: Entry, event: events.SurgeStarted) -> None:
    burst = state.bursts.setdefault((event.surge, event.key), Burst())
    burst.active, burst.deflected = True, 0
    burst.over_at = burst.over_at or entry.at
    state.deadlines.set(("surge", event.surge, event.key), burst.over_at)


def _surge_ended(state: State, entry: Entry, event: events.SurgeEnded) -> None:
    state.bursts.pop((event.surge, event.key), None)
    state.deadlines.clear(("surge", event.surge, event.key))


def _call_queued(state: State, entry: Entry, event: events.CallQueued) -> None:
    call = state.calls[event.call]
    if call.in_line:
        state.leave_line(call)
    waits = call.state in (CallState.WAITING, CallState.OFFERED) and not event.transferred
    goes_on = waits and (call.queue == event.queue or event.by_asterisk)
    call.state = call_after(call.state, events.CallQueued)
    if not goes_on or call.joined_at is None:
        call.joined_at = event.occurred if call.joined_at is None else entry.at
        call.needs, call.priority = event.needs, event.priority
        call.estimated_s = event.estimated_s
        call.announce_at, call.announced, call.told_position = None, 0, 0
    if not (event.by_asterisk and call.queue):
        call.queue = event.queue
    call.queued_at = call.queued_at or event.occurred
    call.kept = event.place or call.kept
    call.place = call.kept or place_in_line(call.queued_at, call.priority, state.settings.head_start_s)
    call.asks = insisted(call.needs, (entry.at - call.joined_at).total_seconds())
    call.noticed = call.noticed or event.noticed
    call.confidential = call.confidential or event.confidential
    if event.confidential:
        _keep_confidence(state, call.contact)
    call.path = event.path or call.path
    call.by_asterisk = event.by_asterisk
    call.detached = call.parking = call.aside = False
    call.left = call.routed = None
    state.deadlines.clear(("park", call.id))
    settle(state, call, False)


def _call_announced(state: State, entry: Entry, event: events.CallAnnounced) -> None:
    call = state.calls[event.call]
    call.announced += 1
    call.told_position = event.position or call.told_position
    announcements = state.queue_of(call).announcements
    if announcements is None:
        state.deadlines.clear(("announce", call.id))
        return
    call.announce_at = entry.at + timedelta(seconds=announcements.every_s)
    state.deadlines.set(("announce", call.id), call.announce_at)


def _survey_asked(state: State, entry: Entry, event: events.SurveyAsked) -> None:
    state.calls[event.call].surveyed[event.question] = Surveyed(event.occurred)


def _survey_answered(state: State, entry: Entry, event: events.SurveyAnswered) -> None:
    state.calls[event.call].surveyed[event.question] = Surveyed(event.asked_at, event.key, event.satisfied)


def _flow_ended(state: State, entry: Entry, event: events.FlowEnded) -> None:
    call = state.calls[event.call]
    call.path = event.path or call.path
    call.confidential = call.confidential or event.confidential


def _message_left(state: State, entry: Entry, event: events.MessageLeft) -> None:
    if event.call is not None and event.call in state.calls:
        state.calls[event.call].message = True


def _call_relaxed(state: State, entry: Entry, event: events.CallRelaxed) -> None:
    call = state.calls[event.call]
    state.leave_line(call)
    call.asks = tuple((need.skill, need.level) for need in event.needs)
    step(state, call, event)
    state.enter_line(call)


def _call_left_queue(state: State, entry: Entry, event: events.CallLeftQueue) -> None:
    call = state.calls[event.call]
    step(state, call, event)
    call.left = event.outcome


def _contact_blocked(state: State, entry: Entry, event: events.ContactBlocked) -> None:
    call = state.calls[event.call]
    step(state, call, event)
    call.left = event.outcome


def _call_deflected(state: State, entry: Entry, event: events.CallDeflected) -> None:
    call = state.calls[event.call]
    call.deflected = (*call.deflected, event.surge or event.why)
    if event.why is not Refusal.NUISANCE:  # who hangs up then was not refused
        call.left = call.left or ContactOutcome.BLOCKED
    surge = state.surge_settings.get(event.surge)
    key = key_of(surge, call.did, call.number) if surge else None
    if burst := state.bursts.get((event.surge, key or "")):
        burst.deflected += 1


def _callback_requested(state: State, entry: Entry, event: events.CallbackRequested) -> None:
    state.calls[event.call].left = ContactOutcome.CALLBACK


def _call_routed(state: State, entry: Entry, event: events.CallRouted) -> None:
    call = state.calls[event.call]
    call.routed, call.parking = event.target, event.parked


def _call_parked(state: State, entry: Entry, event: events.CallParked) -> None:
    call = state.calls[event.call]
    step(state, call, event)
    call.parking = False
    state.deadlines.set(("park", call.id), event.until)


def _call_detached(state: State, entry: Entry, event: events.CallDetached) -> None:
    call = state.calls[event.call]
    was = call.in_line
    call.state = call_after(call.state, events.CallDetached)
    call.detached = True
    settle(state, call, was)


def _call_vanished(state: State, entry: Entry, event: events.CallVanished) -> None:
    call = state.calls[event.call]
    was = call.in_line
    call.vanished = entry.at
    settle(state, call, was)
    state.deadlines.set(("vanished", call.id), event.until)


def _contact_ended(state: State, entry: Entry, event: events.ContactEnded) -> None:
    call = state.calls[event.call]
    step(state, call, event)
    for leg in call.legs:
        state.legs.pop(leg, None)
        state.deadlines.clear(("ring", call.id, leg))
    state.deadlines.clear(("park", call.id))
    state.deadlines.clear(("vanished", call.id))
    state.deadlines.clear(("pause", call.id))
    del state.calls[event.call]
    state.ended[event.call] = None
    if len(state.ended) > state.settings.remembered_calls:
        state.ended.popitem(last=False)


def _queue_changed(state: State, entry: Entry, event: events.QueueChanged) -> None:
    (state.closed.discard if event.open else state.closed.add)(event.queue)
    if not event.calendar:  # by hand: the calendar's next change stays
        return
    state.hours[event.queue] = Spell(event.open, event.until)
    if event.until is not None:
        state.deadlines.set(("hours", event.queue), event.until)
    else:
        state.deadlines.clear(("hours", event.queue))


STEPS: Steps = {
    events.ContactArrived: _contact_arrived,
    events.ContactConfidential: _contact_confidential,
    events.SurgeStarted: _surge_started,
    events.SurgeEnded: _surge_ended,
    events.CallReached: _call_reached,
    events.CallQueued: _call_queued,
    events.CallRelaxed: _call_relaxed,
    events.CallAnnounced: _call_announced,
    events.SurveyAsked: _survey_asked,
    events.SurveyAnswered: _survey_answered,
    events.FlowEnded: _flow_ended,
    events.MessageLeft: _message_left,
    events.CallLeftQueue: _call_left_queue,
    events.ContactBlocked: _contact_blocked,
    events.CallDeflected: _call_deflected,
    events.CallbackRequested: _callback_requested,
    events.CallRouted: _call_routed,
    events.CallParked: _call_parked,
    events.CallDetached: _call_detached,
    events.CallVanished: _call_vanished,
    events.ContactEnded: _contact_ended,
    events.QueueChanged: _queue_changed,
}
